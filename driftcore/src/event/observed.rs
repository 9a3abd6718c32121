//! What the kernel side saw, decoded and borrowed from the ring: no allocation, no lookup.

use super::Call;
use super::FileEvent;
use super::SocketEvent;
use super::WriterFacts;

/// One event of the sensor, borrowed from the bytes it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A program was executed in a container.
    Exec(Exec<'a>),
    /// A process of a container was made.
    Fork(Fork),
    /// A process of a container ended.
    Exit(Exit),
    /// Something was done to a file of a container.
    File(FileEvent<'a>),
    /// Something was done with a socket of a container.
    Socket(SocketEvent<'a>),
    /// Another system call of a container's process.
    Call(Call<'a>),
}

/// A successful execve or execveat, or (from the task iterator) a process that already runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exec<'a> {
    /// Nanoseconds of `CLOCK_BOOTTIME`.
    pub boot_ns: u64,
    /// True when the task iterator found it running; arguments are then not filled in.
    pub found_running: bool,
    /// The acting task.
    pub task: TaskFacts<'a>,
    /// The file that was executed (of a script: its interpreter).
    pub file: FileEvidence,
    /// Its path as the container sees it.
    pub exe: KernelPath<'a>,
    /// The path as it was given to execve; of a script, the script's.
    pub filename: &'a [u8],
    /// The interpreter as the script names it; equals `filename` for a binary.
    pub interp: &'a [u8],
    /// The arguments, each ended by a NUL byte.
    pub args: &'a [u8],
    /// True when the arguments were longer than what is here.
    pub args_truncated: bool,
    /// Who wrote the file last.
    pub writer: Option<WriterFacts<'a>>,
    /// Where the parent is of no container: it, its parent and so on, as far as the kernel tells.
    pub host_ancestors: [Option<HostAncestor<'a>>; HOST_ANCESTORS],
    /// True when the new program runs with more privileges than its caller (`AT_SECURE`).
    pub secure: bool,
}

/// Most [`Exec::host_ancestors`].
pub const HOST_ANCESTORS: usize = 3;

/// A process of no container that one of a container comes from. It may have ended since: a runtime
/// leaves what it lets into a container at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostAncestor<'a> {
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// When it started, in nanoseconds of `CLOCK_BOOTTIME`.
    pub start_ns: u64,
    /// `comm`.
    pub comm: &'a [u8],
}

/// A process of a container made another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fork {
    /// Nanoseconds of `CLOCK_BOOTTIME`.
    pub boot_ns: u64,
    /// The container.
    pub container: u64,
    /// The new process.
    pub pid: u32,
    /// When the new process started, in nanoseconds of `CLOCK_BOOTTIME`.
    pub start_ns: u64,
    /// The process that called fork.
    pub parent_pid: u32,
    /// When that process started.
    pub parent_start_ns: u64,
}

/// A process of a container ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Nanoseconds of `CLOCK_BOOTTIME`.
    pub boot_ns: u64,
    /// The container.
    pub container: u64,
    /// The process.
    pub pid: u32,
    /// When it started.
    pub start_ns: u64,
}

/// A task and its credentials, namespaces and place in the process tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskFacts<'a> {
    /// The container: the identity of the mount namespace in which it was first seen, which
    /// no other namespace gets until the next boot.
    pub container: u64,
    /// Device of the container's root filesystem, as the kernel encodes it.
    pub root_device: u32,
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// Thread id in the initial pid namespace.
    pub tid: u32,
    /// Parent's process id in the initial pid namespace.
    pub ppid: u32,
    /// Process id in the process's own pid namespace.
    pub container_pid: u32,
    /// Thread id in that namespace.
    pub container_tid: u32,
    /// Session id in that namespace; 0 when the session comes from outside.
    pub container_sid: u32,
    /// Process group id in that namespace; 0 when the group comes from outside.
    pub container_pgid: u32,
    /// Parent's process id in the parent's own pid namespace.
    pub parent_container_pid: u32,
    /// When the process started, in nanoseconds of `CLOCK_BOOTTIME`.
    pub start_ns: u64,
    /// When the parent started.
    pub parent_start_ns: u64,
    /// Counts the execs of this process and its forebears; tells one program of a process from
    /// the next.
    pub exec_id: u64,
    /// Real user id.
    pub uid: u32,
    /// Real group id.
    pub gid: u32,
    /// Effective user id.
    pub euid: u32,
    /// Effective group id.
    pub egid: u32,
    /// Audit login uid; `u32::MAX` when unset.
    pub loginuid: u32,
    /// Audit session id; `u32::MAX` when unset.
    pub audit_session: u32,
    /// Session id in the initial pid namespace.
    pub sid: u32,
    /// Process group id in the initial pid namespace.
    pub pgid: u32,
    /// When the session's leader started; 0 when it has ended.
    pub session_start_ns: u64,
    /// When the process group's leader started; 0 when it has ended.
    pub group_start_ns: u64,
    /// When the first process of the pid namespace started.
    pub pid_namespace_start_ns: u64,
    /// Controlling terminal as the kernel encodes a device; 0 without one.
    pub tty: u32,
    /// Its capabilities.
    pub capabilities: Capabilities,
    /// Id of the cgroup that `cgroup` names.
    pub cgroup_id: u64,
    /// Namespace inode numbers.
    pub namespaces: NamespaceIds,
    /// `comm`.
    pub comm: &'a [u8],
    /// Working directory as the container sees it.
    pub cwd: KernelPath<'a>,
    /// Path of the cgroup.
    pub cgroup: KernelPath<'a>,
}

/// Sets of capabilities, one bit each (`capabilities(7)`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Those that are in force.
    pub effective: u64,
    /// Those that it may put in force.
    pub permitted: u64,
    /// Those that it may pass on through an exec.
    pub inheritable: u64,
}

/// Inode numbers of a task's namespaces, as `/proc/PID/ns` shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamespaceIds {
    /// Mount namespace.
    pub mnt: u32,
    /// Pid namespace.
    pub pid: u32,
    /// Network namespace.
    pub net: u32,
    /// User namespace.
    pub user: u32,
    /// UTS namespace.
    pub uts: u32,
    /// IPC namespace.
    pub ipc: u32,
    /// Cgroup namespace.
    pub cgroup: u32,
}

/// A path as the kernel walks it: the last component first, each ended by a NUL byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelPath<'a> {
    /// The components.
    pub components: &'a [u8],
    /// True when the walk ended before it reached the root: leading components are missing.
    pub truncated: bool,
}

impl KernelPath<'_> {
    /// Writes the path the usual way round into `out`, which is cleared first.
    ///
    /// A truncated path begins with `...` instead of `/`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.clear();
        if self.truncated {
            out.extend_from_slice(b"...");
        }
        let components = self.components.strip_suffix(b"\0").unwrap_or(self.components);
        if !components.is_empty() {
            for component in components.rsplit(|&byte| byte == 0) {
                out.push(b'/');
                out.extend_from_slice(component);
            }
        }
        if out.is_empty() {
            out.push(b'/');
        }
    }
}

/// What the kernel knows about a file that was executed: enough to judge most of them without
/// touching the filesystem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileEvidence {
    /// The file itself (on overlay: the overlay inode).
    pub inode: Inode,
    /// File type and permission bits.
    pub mode: u32,
    /// Owner, in the initial user namespace.
    pub uid: u32,
    /// Group, in the initial user namespace.
    pub gid: u32,
    /// Number of names.
    pub nlink: u32,
    /// Magic number of the filesystem (`statfs(2)`).
    pub fs_magic: u64,
    /// What is known beyond that.
    pub flags: EvidenceFlags,
    /// On overlay: the inode in the upper layer.
    pub upper: Option<Inode>,
    /// On overlay: the topmost inode in the lower (image) layers.
    pub lower: Option<Inode>,
}

/// An inode's identity and the attributes that change with its content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Inode {
    /// Device as the kernel encodes it: major in the upper 12 bits, minor in the lower 20.
    pub device: u32,
    /// Inode number.
    pub number: u64,
    /// Generation: tells two uses of one inode number apart.
    pub generation: u32,
    /// Size in bytes.
    pub size: u64,
    /// Modification time, nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// Status change time, nanoseconds since the epoch.
    pub ctime_ns: i64,
}

impl Inode {
    /// Major and minor number of the device.
    pub const fn major_minor(&self) -> (u32, u32) {
        (self.device >> 20, self.device & 0xf_ffff)
    }
}

/// Facts about a file that are either so or not so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EvidenceFlags(pub u32);

impl EvidenceFlags {
    /// The file is on the superblock of the container's root filesystem.
    pub const ON_ROOT_SUPERBLOCK: Self = Self(1 << 0);
    /// The file was reached through the container's root mount (or a bind mount of its root).
    pub const ON_ROOT_MOUNT: Self = Self(1 << 1);
    /// The filesystem is OverlayFS.
    pub const OVERLAY: Self = Self(1 << 2);
    /// Overlay: the data are in the upper layer, not only the attributes (no metacopy).
    pub const UPPER_DATA: Self = Self(1 << 3);
    /// Overlay: the layers of the inode could be read.
    pub const LAYERS_KNOWN: Self = Self(1 << 4);
    /// An anonymous memory file: memfd, SysV or `/dev/zero` shared memory.
    pub const ANONYMOUS: Self = Self(1 << 5);
    /// The name by which the file was reached is gone.
    pub const UNHASHED: Self = Self(1 << 6);
    /// Somebody may write the upper file: open for writing, or mapped shared and writable.
    pub const WRITERS: Self = Self(1 << 7);
    /// The process is in no container.
    pub const HOST: Self = Self(1 << 8);
    /// The filesystem is mounted read-only as a whole.
    pub const READ_ONLY: Self = Self(1 << 9);
    /// The file has the attribute `immutable` (`chattr +i`).
    pub const IMMUTABLE: Self = Self(1 << 10);

    /// True when all flags of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without those of `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(components: &[u8], truncated: bool) -> String {
        let mut out = b"left over".to_vec();
        KernelPath { components, truncated }.write_to(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn paths_are_turned_round() {
        assert_eq!(path(b"ls\0bin\0usr\0", false), "/usr/bin/ls");
        assert_eq!(path(b"", false), "/");
        assert_eq!(path(b"x\0dir\0", true), ".../dir/x");
    }

    #[test]
    fn a_path_without_its_last_nul_is_still_a_path() {
        assert_eq!(path(b"ls\0bin", false), "/bin/ls");
    }
}
