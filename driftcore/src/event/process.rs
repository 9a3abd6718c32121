//! The process that acted.

use serde::Deserialize;
use serde::Serialize;

use super::Text;

/// A process as the sensor saw it at the event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Process id (thread group id) in the initial pid namespace.
    pub pid: u32,
    /// Thread id in the initial pid namespace.
    pub tid: u32,
    /// Parent's process id in the initial pid namespace.
    pub ppid: u32,
    /// Process id in the process's own pid namespace.
    pub container_pid: u32,
    /// `comm`, at most 15 bytes.
    pub name: Text,
    /// The executable's path as the container sees it.
    pub exe: Text,
    /// The arguments, the first one included.
    pub cmdline: Vec<Text>,
    /// The working directory as the container sees it.
    pub cwd: Text,
    /// Real user id in the initial user namespace.
    pub uid: u32,
    /// Real group id in the initial user namespace.
    pub gid: u32,
    /// Audit login uid; `None` when unset.
    pub loginuid: Option<u32>,
    /// Controlling terminal as the kernel encodes a device; 0 without one.
    pub tty: u32,
    /// Path of the cgroup, from the root of its hierarchy.
    pub cgroup: Text,
    /// Ancestors, the parent first.
    pub ancestors: Vec<Ancestor>,
}

/// One ancestor of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// `comm`.
    pub name: Text,
    /// The executable's path.
    pub exe: Text,
    /// The arguments.
    pub cmdline: Vec<Text>,
}
