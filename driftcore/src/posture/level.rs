//! The levels of the standard.

use std::fmt;

use serde::Serialize;
use serde::Serializer;

/// A level of the Pod Security Standards. The more a level allows, the less it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is restricted.
    Privileged,
    /// Known escalations of privileges are prevented.
    Baseline,
    /// Hardened.
    Restricted,
}

impl Level {
    /// `privileged`, `baseline` or `restricted`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }

    /// The level that is met where this one is failed.
    pub(super) const fn below(self) -> Self {
        match self {
            Self::Privileged | Self::Baseline => Self::Privileged,
            Self::Restricted => Self::Baseline,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
