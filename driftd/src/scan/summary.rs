//! What a scan found, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use driftcore::image::Entry;
use driftcore::image::Progress;
use serde::Serialize;

use super::ignored::Pattern;

/// The counts of a report. Ignored entries and noise are in none of the kinds.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    /// Entries that are drift.
    pub(super) drift: u64,
    /// Of them those that are programs, libraries or scripts.
    pub(super) code: u64,
    /// Entries by kind, `copied_up` too.
    pub(super) kinds: BTreeMap<&'static str, u64>,
    /// Made by the runtime.
    pub(super) noise: u64,
    /// Taken out by the ignore file.
    pub(super) ignored: u64,
    pub(super) ignored_by: Vec<Pattern>,
    /// Entries that make the scan fail.
    pub(super) failed: u64,
    /// Paths that could not be read or compared.
    pub(super) unseen: u64,
    /// Parts of package databases that could not be read.
    pub(super) faults: u64,
    /// Paths that went while the scan ran.
    pub(super) vanished: u64,
    /// Names that were looked at.
    pub(super) names: u64,
    /// Bytes of files that were read.
    pub(super) bytes: u64,
    /// Mount points in a root directory, under which nothing was looked at.
    pub(super) mount_points: u64,
    pub(super) milliseconds: u64,
}

impl Summary {
    pub(super) fn count(&mut self, entry: &Entry) {
        if entry.noise {
            self.noise += 1;
            return;
        }
        *self.kinds.entry(entry.kind.as_str()).or_default() += 1;
        if entry.is_drift() {
            self.drift += 1;
            self.code += u64::from(super::group::is_code(entry));
        }
    }

    pub(super) fn took(&mut self, progress: Progress, time: Duration) {
        self.names = progress.names;
        self.bytes = progress.bytes;
        self.mount_points = progress.mount_points;
        self.milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    }
}
