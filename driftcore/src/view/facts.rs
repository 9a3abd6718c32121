//! What is known of an event, borrowed from whoever knows it.

use super::AccountNames;
use super::Ancestors;
use crate::enrich::Program;
use crate::event::Action;
use crate::event::Capabilities;
use crate::event::Changed;
use crate::event::ConfigItem;
use crate::event::Container;
use crate::event::ContainerDetails;
use crate::event::Digests;
use crate::event::KernelPath;
use crate::event::Kind;
use crate::event::Package;
use crate::event::Protocol;
use crate::event::Provenance;
use crate::event::SocketEnd;
use crate::event::Timestamp;
use crate::event::Writer;
use crate::fields::EventType;

/// What is known of an event.
#[derive(Clone, Copy, Debug)]
pub struct ObservedFacts<'a> {
    /// When it happened.
    pub time: Timestamp,
    /// Its number, from 1 on.
    pub number: u64,
    /// What kind of thing.
    pub kind: Kind,
    /// What happened to it.
    pub action: Action,
    /// The system call that it came by, or that stands for it: Falco's rules ask for it.
    pub event_type: EventType,
    /// What that call returned; 0 where nothing is known of it.
    pub result: i64,
    /// Whether it is drift.
    pub drift: bool,
    /// The process was running, or the socket waiting, already when the sensor started.
    pub before_start: bool,
    /// The event itself was lost; a sweep found its effect.
    pub recovered: bool,
    /// In which container; `None` on the host.
    pub container: Option<&'a Container>,
    /// How that container is set up.
    pub details: Option<&'a ContainerDetails>,
    /// Names of its users and groups; without them only root has one.
    pub accounts: Option<&'a dyn AccountNames>,
    /// By which process.
    pub process: Option<ProcessFacts<'a>>,
    /// To which file.
    pub file: Option<FileFacts<'a>>,
    /// With which socket.
    pub network: Option<NetworkFacts<'a>>,
    /// To which part of how the container is set up.
    pub config: Option<&'a ConfigItem>,
    /// To which package.
    pub package: Option<&'a Package>,
    /// About which image.
    pub digest: Option<&'a Digests>,
    /// The arguments of the system call, of kind [`Kind::Syscall`].
    pub call: Option<CallFacts<'a>>,
    /// The process runs drifted code, or was started by what did.
    pub tainted: bool,
    /// Names were read from the caller's memory and are not confirmed.
    pub unproved: bool,
    /// Where the file came from.
    pub provenance: Option<&'a Provenance>,
    /// The node's name.
    pub hostname: &'a str,
}

/// What is known of the acting process.
#[derive(Clone, Copy, Debug)]
pub struct ProcessFacts<'a> {
    /// What it runs.
    pub program: &'a Program,
    /// Its ancestors.
    pub ancestors: &'a Ancestors<'a>,
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// Thread id in the initial pid namespace.
    pub tid: u32,
    /// Parent's process id in the initial pid namespace.
    pub ppid: u32,
    /// Process id in its own pid namespace.
    pub container_pid: u32,
    /// Real user id.
    pub uid: u32,
    /// Real group id.
    pub gid: u32,
    /// Audit login uid.
    pub loginuid: Option<u32>,
    /// Controlling terminal; 0 without one.
    pub tty: u32,
    /// Working directory.
    pub cwd: PathText<'a>,
    /// The path as it was given to execve, where that is known.
    pub filename: Option<&'a [u8]>,
    /// When it started and its parent did.
    pub started: Option<Timestamp>,
    /// When its parent started.
    pub parent_started: Option<Timestamp>,
    /// When the first process of its pid namespace started.
    pub pid_namespace_started: Option<Timestamp>,
    /// Its ids beyond those above.
    pub ids: Option<ProcessIds>,
    /// What the leader of its session runs, where that is known.
    pub session_leader: Option<&'a Program>,
    /// What the leader of its process group runs, where that is known.
    pub group_leader: Option<&'a Program>,
    /// Its capabilities.
    pub capabilities: Option<Capabilities>,
}

/// Ids that tell a process's place among others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessIds {
    /// Thread id in its own pid namespace.
    pub container_tid: u32,
    /// Parent's process id in the parent's own pid namespace.
    pub parent_container_pid: u32,
    /// Session id in its own pid namespace; 0 when the session comes from outside.
    pub container_sid: u32,
    /// Process group id in its own pid namespace; 0 when the group comes from outside.
    pub container_pgid: u32,
    /// Process group id in the initial pid namespace.
    pub pgid: u32,
}

/// What is known of the file.
#[derive(Clone, Copy, Debug)]
pub struct FileFacts<'a> {
    /// Its path as the container sees it.
    pub path: &'a [u8],
    /// Of a rename its former path; of a link its target.
    pub old_path: Option<&'a [u8]>,
    /// The name as the caller gave it, where that is known.
    pub raw_name: Option<&'a [u8]>,
    /// The old name as the caller gave it, where that is known.
    pub raw_old_name: Option<&'a [u8]>,
    /// Flags of the open (`open(2)`), or the value that was asked for; see
    /// [`FileEvent::value`](crate::event::FileEvent::value).
    pub value: u64,
    /// Name of the extended attribute.
    pub attribute: Option<&'a [u8]>,
    /// The descriptor that the call returned or was given.
    pub descriptor: Option<i64>,
    /// Whether it is a directory.
    pub is_directory: bool,
    /// Which attributes were changed.
    pub changed_attributes: &'a [Changed],
    /// Whether content was really written.
    pub written: Option<bool>,
    /// Who wrote it last.
    pub writer: Option<&'a Writer>,
    /// Inode number.
    pub inode: u64,
    /// Device: major and minor number.
    pub device: (u32, u32),
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner's user id.
    pub uid: u32,
    /// Owner's group id.
    pub gid: u32,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of its content in hexadecimal, where it is known.
    pub sha256: Option<&'a str>,
    /// Whether it lies in the upper layer of the container's overlay; unknown off overlays.
    pub upper_layer: Option<bool>,
    /// Whether the process could write it; see [`may_write`](crate::enrich::may_write).
    pub writable: Option<bool>,
    /// Last status change.
    pub changed: Option<Timestamp>,
    /// Last modification.
    pub modified: Option<Timestamp>,
}

/// What is known of the socket.
#[derive(Clone, Copy, Debug)]
pub struct NetworkFacts<'a> {
    /// What it speaks.
    pub protocol: Protocol,
    /// `AF_INET`, `AF_INET6`, `AF_UNIX`.
    pub family: u16,
    /// The local end.
    pub local: SocketEnd<'a>,
    /// The remote end, where there is one.
    pub remote: Option<SocketEnd<'a>>,
    /// True where the container's end is the server's.
    pub is_server: bool,
}

/// What is known of a system call.
#[derive(Clone, Copy, Debug)]
pub struct CallFacts<'a> {
    /// The arguments by Falco's names, in Falco's order, as text.
    pub args: &'a [(&'a str, &'a [u8])],
}

/// A path: as text, or as the kernel walks it.
#[derive(Clone, Copy, Debug)]
pub enum PathText<'a> {
    /// As text.
    Text(&'a [u8]),
    /// As the kernel walks it.
    Kernel(KernelPath<'a>),
}
