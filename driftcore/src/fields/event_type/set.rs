//! Sets of kinds of events.

use std::fmt;

use super::EVENT_TYPES;
use super::EventType;
use super::availability::CALLS;
use super::availability::FILE;
use super::availability::NETWORK;
use super::availability::SOCKETS;

const WORDS: usize = EVENT_TYPES.len().div_ceil(64);

/// A set of event types: one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct EventTypes([u64; WORDS]);

impl EventTypes {
    /// None of them.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// All of them.
    pub const ALL: Self = Self::EMPTY.complement();

    /// System calls on other things than files and sockets, which the sensor gives where rules ask for
    /// them.
    pub const CALLS: Self = CALLS;

    /// What is done with sockets: of datagrams, the first to each remote.
    pub const SOCKETS: Self = SOCKETS;

    /// What the running sensor gives: programs that are executed, what is done to files and with sockets,
    /// and other calls.
    pub const PRODUCED: Self =
        FILE.union(CALLS).union(SOCKETS).with(EventType::EXECVE).with(EventType::EXECVEAT);

    /// What a running engine tells: that, and what it finds out by itself.
    pub(crate) const TOLD: Self = Self::PRODUCED.with(EventType::ASYNCEVENT);

    /// Calls on sockets that are, or may come to be, events.
    pub(crate) const NETWORK: Self = NETWORK;

    /// The set and this one.
    #[must_use]
    pub const fn with(mut self, kind: EventType) -> Self {
        self.0[kind.index() / 64] |= 1 << (kind.index() % 64);
        self
    }

    /// Whether it is in the set.
    pub const fn contains(&self, kind: EventType) -> bool {
        self.0[kind.index() / 64] & 1 << (kind.index() % 64) != 0
    }

    /// What is in either.
    #[must_use]
    pub const fn union(mut self, other: Self) -> Self {
        let mut word = 0;
        while word < WORDS {
            self.0[word] |= other.0[word];
            word += 1;
        }
        self
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(mut self, other: Self) -> Self {
        let mut word = 0;
        while word < WORDS {
            self.0[word] &= other.0[word];
            word += 1;
        }
        self
    }

    /// What is not in it.
    #[must_use]
    pub const fn complement(mut self) -> Self {
        let mut word = 0;
        while word < WORDS {
            self.0[word] = !self.0[word];
            word += 1;
        }
        // Bits that stand for nothing stay zero, so that sets can be compared.
        let spare = WORDS * 64 - EVENT_TYPES.len();
        self.0[WORDS - 1] &= u64::MAX >> spare;
        self
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        let (mut word, mut count) = (0, 0);
        while word < WORDS {
            count += self.0[word].count_ones() as usize;
            word += 1;
        }
        count
    }

    /// True when there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether everything in it is in the other.
    pub fn is_subset(&self, other: Self) -> bool {
        self.intersection(other) == *self
    }

    /// What is in it, by name.
    pub fn iter(&self) -> impl Iterator<Item = EventType> + use<'_> {
        EventType::all().filter(|&kind| self.contains(kind))
    }
}

impl FromIterator<EventType> for EventTypes {
    fn from_iter<I: IntoIterator<Item = EventType>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for EventTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("{all}");
        }
        f.debug_set().entries(self.iter().map(EventType::name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_do_what_sets_do() {
        let open = EventTypes::EMPTY.with(EventType::OPENAT);
        assert_eq!(EventTypes::ALL.len(), EVENT_TYPES.len());
        assert_eq!(EventTypes::ALL.complement(), EventTypes::EMPTY);
        assert_eq!(open.complement().complement(), open);
        assert_eq!(open.union(open.complement()), EventTypes::ALL);
        assert_eq!(open.intersection(EventTypes::PRODUCED), open);
        assert!(open.is_subset(EventTypes::ALL) && !EventTypes::ALL.is_subset(open));
        let both: EventTypes = [EventType::EXECVE, EventType::OPENAT].into_iter().collect();
        assert_eq!(both.iter().map(EventType::name).collect::<Vec<_>>(), ["execve", "openat"]);
        assert_eq!(format!("{both:?}"), r#"{"execve", "openat"}"#);
    }
}
