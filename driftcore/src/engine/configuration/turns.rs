//! When containers are compared: so that none waits too long, and no round takes a processor for itself.
//!
//! ```text
//! interval  |■■              |■■              |■           |     150 containers
//! touched                 |■|                                    one of them
//! ```

use std::time::Duration;
use std::time::Instant;

use rustix::time::ClockId;
use rustix::time::clock_gettime;

/// Most containers that are compared in one turn, which shares what is the node's.
pub(super) const CONTAINERS: usize = 64;
/// Of ten parts of the time, one at most is worked in: a turn is followed by a rest nine times as long.
const REST: u32 = 9;
/// Longest rest.
const REST_MAX: Duration = Duration::from_secs(60);

/// The time that this thread has worked.
pub(super) fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// When the next round begins, and until when nothing is done.
#[derive(Debug)]
pub(super) struct Turns {
    interval: Duration,
    round: Instant,
    rest: Instant,
    /// What chance there is.
    seed: u64,
}

impl Turns {
    pub(super) fn new(interval: Duration, now: Instant) -> Self {
        let seed = u64::from(std::process::id()) | 1;
        Self { interval, round: now + interval, rest: now, seed }
    }

    /// When there is something to do, of which the first is due then.
    pub(super) fn next(&self, due: Option<Instant>) -> Instant {
        due.map_or(self.round, |due| due.max(self.rest).min(self.round))
    }

    pub(super) fn begins_round(&self, now: Instant) -> bool {
        now >= self.round
    }

    pub(super) fn may_work(&self, now: Instant) -> bool {
        now >= self.rest
    }

    /// Rests after a turn that took so much processor time.
    pub(super) fn rest(&mut self, now: Instant, worked: Duration) {
        self.rest = now + worked.saturating_mul(REST).min(REST_MAX);
    }

    /// Begins a round: when each of so many containers is due. Those of one turn are due at the same
    /// time, the turns evenly over the interval.
    pub(super) fn round(
        &mut self,
        now: Instant,
        containers: usize,
    ) -> impl Iterator<Item = Instant> {
        let pause = self.pause();
        self.round = now + pause;
        let turns = u32::try_from(containers.div_ceil(CONTAINERS)).unwrap_or(u32::MAX).max(1);
        (0..containers).map(move |index| {
            let turn = u32::try_from(index / CONTAINERS).unwrap_or(u32::MAX);
            now + pause / turns * turn
        })
    }

    /// The interval, a tenth more or less: many nodes that started at once do not work at once.
    fn pause(&mut self) -> Duration {
        // xorshift64: any chance will do.
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        let thousandths = u32::try_from(900 + self.seed % 201).unwrap_or(1000);
        self.interval * thousandths / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ConfigurationOptions;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_round_is_spread_over_the_interval_in_turns() {
        let now = Instant::now();
        let mut turns = Turns::new(MINUTE, now);
        let dues: Vec<Instant> = turns.round(now, 150).collect();
        assert_eq!(dues.len(), 150);
        let at = |turn: usize| dues.iter().filter(|due| **due == dues[turn * CONTAINERS]).count();
        assert_eq!([at(0), at(1), at(2)], [64, 64, 22]);
        assert_eq!(dues[0], now);
        let pause = turns.next(None) - now;
        assert!(pause >= MINUTE * 9 / 10 && pause <= MINUTE * 11 / 10, "{pause:?}");
        assert_eq!(dues[64] - now, pause / 3);
        assert_eq!(dues[149] - now, pause / 3 * 2);
        assert_eq!(turns.round(now, 0).count(), 0);
    }

    #[test]
    fn a_tenth_of_the_time_is_worked_in_and_no_more() {
        let now = Instant::now();
        let mut turns = Turns::new(MINUTE, now);
        assert!(turns.may_work(now));
        turns.rest(now, Duration::from_millis(10));
        let later = now + Duration::from_millis(90);
        assert!(!turns.may_work(later - Duration::from_millis(1)) && turns.may_work(later));
        assert_eq!(turns.next(Some(now)), later, "what is due waits");
        assert_eq!(turns.next(Some(later + MINUTE / 2)), later + MINUTE / 2);
        turns.rest(now, MINUTE);
        assert!(turns.may_work(now + REST_MAX), "and no longer than that");
    }

    #[test]
    fn no_interval_is_beyond_what_clocks_add_up_to() {
        for seconds in [0, u64::MAX / 2, u64::MAX] {
            let options = ConfigurationOptions { interval: Duration::from_secs(seconds) };
            let mut turns = Turns::new(options.bounded().interval, Instant::now());
            assert!(turns.next(None) > Instant::now());
            assert_eq!(turns.round(Instant::now(), 3).count(), 3);
        }
    }
}
