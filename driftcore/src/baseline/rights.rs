//! What may be done to the files of a directory.

use std::fmt;

/// What may be done to the files of a directory; a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rights(u8);

impl Rights {
    /// Made, written, renamed, linked, removed; attributes changed that give no rights.
    pub(crate) const WRITE: Self = Self(1);
    /// A bit that lets a file run set on one that was there.
    pub(crate) const EXECUTABLE: Self = Self(2);
    /// A setuid or setgid bit set, or a file capability.
    pub(crate) const SETUID: Self = Self(4);

    const NAMED: [(&'static str, Self); 3] =
        [("write", Self::WRITE), ("executable", Self::EXECUTABLE), ("setuid", Self::SETUID)];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(own, _)| *own == name).map(|&(_, rights)| rights)
    }

    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED.iter().filter(move |(_, one)| self.contains(*one)).map(|&(name, _)| name)
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.names().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}
