//! What differs between a file and the image's.

use std::fmt;

use serde::Serialize;
use serde::Serializer;

/// Something in which a file may differ from the image's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Change {
    /// The content of a regular file.
    Content,
    /// The target of a symbolic link.
    Target,
    /// The numbers of a device.
    Device,
    /// Permission bits, setuid, setgid and sticky among them.
    Mode,
    /// User or group.
    Owner,
    /// An extended attribute that is no file capability, access control lists among them.
    Xattr,
    /// A file capability.
    Capability,
    /// The time of the last modification; looked at only where asked for.
    Times,
}

impl Change {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::Content,
        Self::Target,
        Self::Device,
        Self::Mode,
        Self::Owner,
        Self::Xattr,
        Self::Capability,
        Self::Times,
    ];

    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Target => "target",
            Self::Device => "device",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Xattr => "xattr",
            Self::Capability => "capability",
            Self::Times => "times",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of changes. As JSON: a list of names.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes(u8);

impl Changes {
    /// No change.
    pub const NONE: Self = Self(0);

    /// True when there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this one is among them.
    pub const fn contains(self, change: Change) -> bool {
        self.0 & change.bit() != 0
    }

    /// Adds one.
    pub const fn insert(&mut self, change: Change) {
        self.0 |= change.bit();
    }

    /// Whether what the file is made of changed: content, target or device numbers.
    pub const fn in_substance(self) -> bool {
        self.0 & (Change::Content.bit() | Change::Target.bit() | Change::Device.bit()) != 0
    }

    /// The changes, in the order of [`Change::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Change> {
        Change::ALL.into_iter().filter(move |&change| self.contains(change))
    }
}

impl FromIterator<Change> for Changes {
    fn from_iter<T: IntoIterator<Item = Change>>(changes: T) -> Self {
        let mut set = Self::NONE;
        for change in changes {
            set.insert(change);
        }
        set
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{change}")?;
        }
        Ok(())
    }
}

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Change::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_tells_what_was_put_in_and_nothing_else() {
        for change in Change::ALL {
            let set = Changes::from_iter([change]);
            assert_eq!(set.iter().collect::<Vec<_>>(), [change]);
            let substance = matches!(change, Change::Content | Change::Target | Change::Device);
            assert_eq!(set.in_substance(), substance);
        }
        let all = Changes::from_iter(Change::ALL);
        assert!(all.iter().eq(Change::ALL));
        assert!(Changes::NONE.is_empty() && !all.is_empty());
        let some = Changes::from_iter([Change::Owner, Change::Mode]);
        assert_eq!(some.to_string(), "mode, owner");
    }
}
