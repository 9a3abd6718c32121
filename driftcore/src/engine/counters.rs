//! What the engine did, in numbers.

use std::collections::BTreeMap;

use crate::event::LossReason;

/// Counts since the engine was built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Execs in containers that were seen live.
    pub execs: u64,
    /// Operations on files that were seen.
    pub files: u64,
    /// Operations on sockets that were seen.
    pub sockets: u64,
    /// Other system calls that were seen.
    pub calls: u64,
    /// Running processes of containers that a sweep found.
    pub found_running: u64,
    /// Events that were drift.
    pub drift: u64,
    /// Alerts handed to the sink.
    pub alerts: u64,
    /// Content proofs that were begun.
    pub proofs: u64,
    /// Verdicts that came from the cache of proofs.
    pub proofs_cached: u64,
    /// Content proofs that were not begun because too many were waiting; their verdict is
    /// `unknown`.
    pub proofs_refused: u64,
    /// Times that a package database was not compared, or not in full: too many were waiting, it could
    /// not be read, or more packages changed at once than are told.
    pub packages_refused: u64,
    /// Times that a container's configuration was not compared: too many messages were waiting, or what it
    /// was declared to be was not found.
    pub configurations_refused: u64,
    /// Events that were lost, by reason.
    pub lost: BTreeMap<LossReason, u64>,
}

impl Counters {
    /// Records that came through the rings, but for forks and exits.
    pub(super) fn seen(&self) -> u64 {
        self.execs + self.files + self.sockets + self.calls
    }
}
