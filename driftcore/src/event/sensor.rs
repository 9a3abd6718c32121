//! What the sensor says about itself.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// Why something that happened was not reported as an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LossReason {
    /// The exec ring was full: an exec was lost. The sweep that follows repairs what still runs.
    ExecRing,
    /// A fork or exit was left out to keep room for execs. Ancestors may be incomplete.
    LifeRing,
    /// The kernel's table of container processes was full.
    TaskTable,
    /// The kernel's table of containers was full.
    ContainerTable,
    /// The ring of files, sockets and other calls was full.
    BulkRing,
    /// A probe found another one at work on its memory.
    Scratch,
    /// The kernel did not run the probe because it was already running on that processor.
    Recursion,
    /// Bytes from the ring that are no event of this schema.
    Malformed,
    /// Its container had not been seen before, and its process was gone when it was looked for.
    UnknownContainer,
    /// Kept back by the container's budget: of files.
    FileBudget,
    /// Kept back by the container's budget: of sockets.
    NetworkBudget,
    /// Kept back by the container's budget: of other calls.
    CallBudget,
    /// Kept back by the container's budget for code: files mapped executable or read by interpreters.
    CodeBudget,
}

impl LossReason {
    /// The name in events and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExecRing => "exec_ring",
            Self::LifeRing => "life_ring",
            Self::TaskTable => "task_table",
            Self::ContainerTable => "container_table",
            Self::BulkRing => "bulk_ring",
            Self::Scratch => "scratch",
            Self::Recursion => "recursion",
            Self::Malformed => "malformed",
            Self::UnknownContainer => "unknown_container",
            Self::FileBudget => "file_budget",
            Self::NetworkBudget => "network_budget",
            Self::CallBudget => "call_budget",
            Self::CodeBudget => "code_budget",
        }
    }
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
