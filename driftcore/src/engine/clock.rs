//! From the kernel's clock to the wall clock.

use rustix::time::ClockId;
use rustix::time::clock_gettime;

use crate::event::Timestamp;

/// What `CLOCK_REALTIME` is ahead of `CLOCK_BOOTTIME`, in nanoseconds. Taken anew now and then,
/// because the wall clock may be set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    ahead_ns: i64,
}

impl Clock {
    pub(super) fn now() -> Self {
        Self { ahead_ns: read(ClockId::Realtime) - read(ClockId::Boottime) }
    }

    pub(super) fn wall(self, boot_ns: u64) -> Timestamp {
        let boot_ns = i64::try_from(boot_ns).unwrap_or(i64::MAX);
        Timestamp::from_nanos(self.ahead_ns.saturating_add(boot_ns))
    }
}

/// `CLOCK_BOOTTIME` now, in nanoseconds.
pub(super) fn boot_now_ns() -> u64 {
    read(ClockId::Boottime).unsigned_abs()
}

fn read(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_is_now() {
        let converted = Clock::now().wall(boot_now_ns()).as_nanos();
        let wall = Timestamp::now().as_nanos();
        assert!((wall - converted).abs() < 1_000_000_000, "{wall} {converted}");
    }
}
