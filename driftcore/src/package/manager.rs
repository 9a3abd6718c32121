//! Who installs packages.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

use super::reader::READERS;

/// A package manager, or rather the kind of database that it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Manager {
    /// Debian's dpkg, under whatever front end.
    Dpkg,
    /// Alpine's apk.
    Apk,
    /// RPM, under whatever front end.
    Rpm,
    /// Python distributions.
    Pip,
    /// Node.js packages.
    Npm,
    /// Ruby gems.
    Gem,
    /// Programs that `cargo install` made.
    Cargo,
    /// Go modules that a program was built of.
    Go,
}

impl Manager {
    /// The name in reports and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Pip => "pip",
            Self::Npm => "npm",
            Self::Gem => "gem",
            Self::Cargo => "cargo",
            Self::Go => "go",
        }
    }

    /// Which of two versions is the later one, by the manager's own rules. Two versions may be
    /// equal though they are not written alike (`1.0` and `1.00`).
    pub fn compare_versions(self, a: &[u8], b: &[u8]) -> Ordering {
        match READERS.iter().find(|reader| reader.manager == self) {
            Some(reader) => (reader.order)(a, b),
            None => a.cmp(b),
        }
    }
}

impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
