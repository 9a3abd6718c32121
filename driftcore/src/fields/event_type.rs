//! The kinds of events, by Falco's names.

/// Index of an event's name in [`EVENT_TYPES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventType(u16);

/// Names of all kinds of events, sorted.
pub const EVENT_TYPES: &[&str] = &["execve", "execveat", "openat"];

impl EventType {
    /// The event type of this exact name.
    pub fn of(name: &str) -> Option<Self> {
        let index = EVENT_TYPES.binary_search(&name).ok()?;
        u16::try_from(index).ok().map(Self)
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        EVENT_TYPES[self.0 as usize]
    }

    /// The index itself.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..u16::try_from(EVENT_TYPES.len()).unwrap_or(u16::MAX)).map(Self)
    }
}
