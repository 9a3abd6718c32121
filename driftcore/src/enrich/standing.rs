//! Which process, and where it stands among others.

use crate::event::Actor;
use crate::event::Capabilities;
use crate::event::Exec;
use crate::event::NamespaceIds;
use crate::event::TaskFacts;

/// A process by what tells it from any other, and who made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// When it started, in nanoseconds of `CLOCK_BOOTTIME`.
    pub start_ns: u64,
    /// Its parent's process id.
    pub ppid: u32,
    /// When the parent started.
    pub parent_start_ns: u64,
}

impl From<&TaskFacts<'_>> for Identity {
    fn from(task: &TaskFacts<'_>) -> Self {
        let TaskFacts { pid, start_ns, ppid, parent_start_ns, .. } = *task;
        Self { pid, start_ns, ppid, parent_start_ns }
    }
}

impl From<&Actor<'_>> for Identity {
    fn from(actor: &Actor<'_>) -> Self {
        let Actor { pid, start_ns, ppid, parent_start_ns, .. } = *actor;
        Self { pid, start_ns, ppid, parent_start_ns }
    }
}

/// What an exec told of its process that later events of it do not repeat. May have changed since:
/// nobody tells of a `setsid` or a `chdir`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Working directory at the exec, as the container sees it.
    pub cwd: Vec<u8>,
    /// Path of the cgroup.
    pub cgroup: Vec<u8>,
    /// Controlling terminal; 0 without one.
    pub tty: u32,
    /// Parent's process id in the parent's own pid namespace.
    pub parent_container_pid: u32,
    /// Session id in its own pid namespace; 0 when the session comes from outside.
    pub container_sid: u32,
    /// Process group id in its own pid namespace; 0 when the group comes from outside.
    pub container_pgid: u32,
    /// Process group id in the initial pid namespace.
    pub pgid: u32,
    /// Its capabilities.
    pub capabilities: Capabilities,
    /// Its namespaces.
    pub namespaces: NamespaceIds,
    /// When the first process of its pid namespace started; 0 when that is not known.
    pub pid_namespace_start_ns: u64,
}

impl Standing {
    pub(super) fn of(exec: &Exec<'_>) -> Self {
        let task = &exec.task;
        let mut standing = Self {
            cwd: Vec::new(),
            cgroup: Vec::new(),
            tty: task.tty,
            parent_container_pid: task.parent_container_pid,
            container_sid: task.container_sid,
            container_pgid: task.container_pgid,
            pgid: task.pgid,
            capabilities: task.capabilities,
            namespaces: task.namespaces,
            pid_namespace_start_ns: task.pid_namespace_start_ns,
        };
        task.cwd.write_to(&mut standing.cwd);
        task.cgroup.write_to(&mut standing.cgroup);
        standing
    }
}
