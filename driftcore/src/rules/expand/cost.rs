//! What an expanded condition would cost, before it is made.

/// Size and depth of an expanded condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// Checks, values and names that are walked over.
    pub(super) size: u64,
    /// Levels of the tree; each name of a macro is one.
    pub(super) depth: u64,
}

impl Cost {
    pub(super) const fn of_size(size: u64) -> Self {
        Self { size, depth: 1 }
    }

    /// Side by side with another.
    pub(super) fn beside(self, other: Self) -> Self {
        Self { size: self.size.saturating_add(other.size), depth: self.depth.max(other.depth) }
    }

    /// One level above.
    pub(super) fn above(self) -> Self {
        Self { size: self.size.saturating_add(1), depth: self.depth.saturating_add(1) }
    }
}
