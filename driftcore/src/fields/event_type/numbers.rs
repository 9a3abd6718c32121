//! The kinds of events that are system calls, by their numbers on this architecture.

use std::sync::LazyLock;

use super::EventType;
use crate::event::CALLS;
use crate::event::call_number;
use crate::event::call_numbers;

/// By the number on this architecture.
static BY_NUMBER: LazyLock<[Option<EventType>; CALLS]> = LazyLock::new(|| {
    let mut by_number = [None; CALLS];
    for (name, number) in call_numbers() {
        if let Some(place) = by_number.get_mut(usize::from(number)) {
            *place = EventType::of(name);
        }
    }
    by_number
});

impl EventType {
    /// The type of the system call with this number on this architecture; `None` for a number that
    /// it does not have.
    pub fn of_call(number: u16) -> Option<Self> {
        BY_NUMBER.get(usize::from(number)).copied().flatten()
    }

    /// The number of this system call on this architecture, where it has one.
    pub fn call_number(self) -> Option<u16> {
        call_number(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_a_type() {
        for (name, _) in call_numbers() {
            assert!(EventType::of(name).is_some(), "{name}");
        }
    }

    #[test]
    fn numbers_and_types_agree() {
        for kind in EventType::all() {
            if let Some(number) = kind.call_number() {
                assert_eq!(EventType::of_call(number), Some(kind), "{}", kind.name());
            }
        }
        for (name, x86_64, arm64) in [
            ("openat", 257, 56),
            ("openat2", 437, 437),
            ("renameat2", 316, 276),
            ("ptrace", 101, 117),
        ] {
            let number = if cfg!(target_arch = "aarch64") { arm64 } else { x86_64 };
            assert_eq!(EventType::of_call(number).unwrap().name(), name);
        }
        assert_eq!(EventType::of_call(u16::MAX), None);
        assert_eq!(EventType::of("page_fault").unwrap().call_number(), None);
    }

    /// Every call that the catalogue of events knows by a number, rules can name.
    #[test]
    fn every_call_of_a_file_or_network_event_has_a_number() {
        for name in "openat openat2 unlinkat renameat2 linkat symlinkat mkdirat mknodat fchmodat \
            fchmodat2 fchownat setxattr removexattr truncate ftruncate fallocate write pwrite writev \
            pwritev pwritev2 sendfile splice copy_file_range connect accept4 bind listen sendto mmap"
            .split_whitespace()
        {
            assert!(EventType::of(name).unwrap().call_number().is_some(), "{name}");
        }
    }
}
