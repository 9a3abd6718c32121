//! What was said to be normal of an event.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// Why an event is drift, or none, other than by its own nature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ruling {
    /// It would be drift, and a baseline expects it.
    Baseline,
    /// It would be drift, and an approved exception takes it.
    Exception,
    /// It would be drift, and the container has only just started: its own first program prepares files.
    Grace,
    /// It is drift because the baseline of its container does not expect it.
    Departs,
}

impl Ruling {
    /// The name in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Exception => "exception",
            Self::Grace => "grace",
            Self::Departs => "departs",
        }
    }

    /// Whether what it is said of is drift.
    pub const fn is_drift(self) -> bool {
        matches!(self, Self::Departs)
    }
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
