//! What an engine did, in numbers.

use driftcore::engine::Counters;
use driftcore::event::LossReason;

use crate::sized::sized;

/// Counts since the engine was made. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct driftcore_counters {
    /// `sizeof(driftcore_counters)`, set by the caller.
    pub size: usize,
    /// Execs in containers that were seen live.
    pub execs: u64,
    /// Running processes of containers that were found.
    pub found_running: u64,
    /// Events of containers that were drift. (What the sensor reports of itself is not counted.)
    pub drift: u64,
    /// Alerts, whether or not a callback wants them.
    pub alerts: u64,
    /// Content proofs that were begun.
    pub proofs: u64,
    /// Verdicts that came from the cache of proofs.
    pub proofs_cached: u64,
    /// Content proofs that were not begun because too many were waiting; their verdict is unknown.
    pub proofs_refused: u64,
    /// Everything that was lost, whatever the reason.
    pub lost: u64,
    /// Lost: the exec ring was full. What still runs is found and reported as `recovered`.
    pub lost_exec_ring: u64,
    /// Lost: forks and exits that made room for execs; ancestors may be incomplete.
    pub lost_life_ring: u64,
    /// Lost: the kernel's table of container processes was full.
    pub lost_task_table: u64,
    /// Lost: the kernel's table of containers was full.
    pub lost_container_table: u64,
    /// Lost: the kernel did not run a probe that was already running on that processor.
    pub lost_recursion: u64,
    /// Lost: bytes that are no record.
    pub lost_malformed: u64,
    /// Operations on files that were seen.
    pub files: u64,
    /// Operations on sockets that were seen.
    pub sockets: u64,
    /// Other system calls that were seen.
    pub calls: u64,
    /// What the budgets of containers kept back; among what was lost.
    pub suppressed: u64,
    /// Lost: the ring of files, sockets and other calls was full.
    pub lost_bulk_ring: u64,
    /// Lost: a probe found another one at work on its memory.
    pub lost_scratch: u64,
    /// Times that a package database was not compared, or not in full: too many were waiting, it could
    /// not be read, or more packages changed at once than are told.
    pub packages_refused: u64,
    /// Times that a container's configuration was not compared: too many messages were waiting, or what it
    /// was declared to be was not found.
    pub configurations_refused: u64,
}

sized!(driftcore_counters {
    execs: u64,
    found_running: u64,
    drift: u64,
    alerts: u64,
    proofs: u64,
    proofs_cached: u64,
    proofs_refused: u64,
    lost: u64,
    lost_exec_ring: u64,
    lost_life_ring: u64,
    lost_task_table: u64,
    lost_container_table: u64,
    lost_recursion: u64,
    lost_malformed: u64,
    files: u64,
    sockets: u64,
    calls: u64,
    suppressed: u64,
    lost_bulk_ring: u64,
    lost_scratch: u64,
    packages_refused: u64,
    configurations_refused: u64,
} first: 120);

impl From<&Counters> for driftcore_counters {
    fn from(counters: &Counters) -> Self {
        let lost = |reason| counters.lost.get(&reason).copied().unwrap_or(0);
        Self {
            size: 0,
            execs: counters.execs,
            found_running: counters.found_running,
            drift: counters.drift,
            alerts: counters.alerts,
            proofs: counters.proofs,
            proofs_cached: counters.proofs_cached,
            proofs_refused: counters.proofs_refused,
            lost: counters.lost.values().sum(),
            lost_exec_ring: lost(LossReason::ExecRing),
            lost_life_ring: lost(LossReason::LifeRing),
            lost_task_table: lost(LossReason::TaskTable),
            lost_container_table: lost(LossReason::ContainerTable),
            lost_recursion: lost(LossReason::Recursion),
            lost_malformed: lost(LossReason::Malformed),
            files: counters.files,
            sockets: counters.sockets,
            calls: counters.calls,
            suppressed: lost(LossReason::FileBudget)
                + lost(LossReason::NetworkBudget)
                + lost(LossReason::CallBudget),
            lost_bulk_ring: lost(LossReason::BulkRing),
            lost_scratch: lost(LossReason::Scratch),
            packages_refused: counters.packages_refused,
            configurations_refused: counters.configurations_refused,
        }
    }
}
