//! What was done, and by whom, beside execs: decoded and borrowed from the ring.

use super::Action;
use super::FileEvidence;
use super::KernelPath;

/// Who acted: what may have changed since the process's exec, or tells which process it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actor<'a> {
    /// Whose event it is: the actor's container, or that of the file or socket.
    pub container: u64,
    /// Device of that container's root filesystem, as the kernel encodes it.
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
    /// When the process started, in nanoseconds of `CLOCK_BOOTTIME`.
    pub start_ns: u64,
    /// When the parent started.
    pub parent_start_ns: u64,
    /// Tells one program of a process from the next.
    pub exec_id: u64,
    /// Effective capabilities, one bit each.
    pub cap_effective: u64,
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
    /// What else is known.
    pub flags: ActorFlags,
    /// `comm`.
    pub comm: &'a [u8],
}

/// Facts about an actor that are either so or not so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ActorFlags(pub u32);

impl ActorFlags {
    /// A process outside the container whose file or socket the event is about.
    pub const OUTSIDE: Self = Self(1 << 0);
    /// io_uring did it on the process's behalf.
    pub const IO_URING: Self = Self(1 << 1);
    /// It runs an interpreter.
    pub const INTERPRETER: Self = Self(1 << 2);
    /// It runs drifted code, or was started by what did.
    pub const TAINTED: Self = Self(1 << 3);
    /// In another mount namespace than its container's: names lead elsewhere there.
    pub const ELSEWHERE: Self = Self(1 << 4);

    /// Whether all flags of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What was done to a file, or through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileOperation {
    /// Opened for reading alone.
    Read,
    /// An existing file was opened for writing.
    Open,
    /// An open, or a link to an unnamed file, made it.
    Create,
    /// The first real write of an open file.
    Write,
    /// Its size was set.
    Truncate,
    /// Space was allocated or freed in it.
    Allocate,
    /// A name was removed.
    Unlink,
    /// A directory was removed.
    RemoveDirectory,
    /// It got another name.
    Rename,
    /// It and another file exchanged names.
    Exchange,
    /// It got one more name.
    Link,
    /// A symbolic link was made.
    Symlink,
    /// A directory was made.
    MakeDirectory,
    /// A device, pipe or socket was made.
    MakeNode,
    /// Its mode was set.
    Mode,
    /// Its owner was set.
    Owner,
    /// An extended attribute was set.
    SetAttribute,
    /// An extended attribute was removed.
    RemoveAttribute,
    /// It was mapped executable.
    Map,
    /// An interpreter opened it to read it, or has it as its standard input, and it is not plainly the
    /// image's.
    Script,
}

impl FileOperation {
    /// All of them, by their number in the wire format, from 1 on.
    pub const ALL: [Self; 20] = [
        Self::Read,
        Self::Open,
        Self::Create,
        Self::Write,
        Self::Truncate,
        Self::Allocate,
        Self::Unlink,
        Self::RemoveDirectory,
        Self::Rename,
        Self::Exchange,
        Self::Link,
        Self::Symlink,
        Self::MakeDirectory,
        Self::MakeNode,
        Self::Mode,
        Self::Owner,
        Self::SetAttribute,
        Self::RemoveAttribute,
        Self::Map,
        Self::Script,
    ];

    /// The operation of this number in the wire format.
    pub fn of(number: u16) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The number in the wire format.
    pub const fn number(self) -> u16 {
        self as u16 + 1
    }

    /// What an event about it says happened.
    pub const fn action(self) -> Action {
        match self {
            Self::Read => Action::Read,
            Self::Create | Self::MakeDirectory | Self::MakeNode => Action::Create,
            Self::Open | Self::Write | Self::Truncate | Self::Allocate => Action::Modify,
            Self::Unlink | Self::RemoveDirectory => Action::Delete,
            Self::Rename | Self::Exchange => Action::Rename,
            Self::Link | Self::Symlink => Action::Link,
            Self::Mode | Self::Owner | Self::SetAttribute | Self::RemoveAttribute => {
                Action::Attributes
            }
            Self::Map => Action::Library,
            Self::Script => Action::Script,
        }
    }
}

/// A file by a path from kernel objects and, where only a name was given, the name relative to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamedPath<'a> {
    /// The file itself, or the directory that `name` is relative to.
    pub base: KernelPath<'a>,
    /// The name as the caller gave it: relative, or absolute in the caller's root. Empty where
    /// `base` is the file's own path.
    pub name: &'a [u8],
    /// True when the name was longer than what is here.
    pub name_truncated: bool,
}

/// Something was done to a file of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileEvent<'a> {
    /// Nanoseconds of `CLOCK_BOOTTIME`.
    pub boot_ns: u64,
    /// What was done.
    pub operation: FileOperation,
    /// By whom.
    pub actor: Actor<'a>,
    /// To which file: of a rename or link, its new name.
    pub path: NamedPath<'a>,
    /// Of a rename, exchange or hard link: the other name.
    pub old_path: NamedPath<'a>,
    /// The file after the operation; of one that is gone, before it. `None` where the kernel side had
    /// no object to look at.
    pub file: Option<FileEvidence>,
    /// Of an open its flags, and 1 above bit 32 where a script is standard input; of [`FileOperation::Mode`] the mode; of [`FileOperation::Owner`] the
    /// user id above the group id; of a mapping its protection and, above bit 32, its flags; of
    /// a truncation the size.
    pub value: u64,
    /// The same before the operation.
    pub before: Option<u64>,
    /// What the call returned.
    pub result: i64,
    /// Number of the system call, where one is behind it.
    pub call: Option<u16>,
    /// Name of an extended attribute, target of a symbolic link.
    pub text: &'a [u8],
    /// True when that was longer than what is here.
    pub text_truncated: bool,
    /// Names were read from the caller's memory, and two readings differ or the result does not
    /// confirm them.
    pub unproved: bool,
    /// The file is a directory.
    pub is_directory: bool,
    /// Who wrote it last.
    pub writer: Option<WriterFacts<'a>>,
}

/// Who created, wrote or renamed a file last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterFacts<'a> {
    /// When, in nanoseconds of `CLOCK_BOOTTIME`.
    pub boot_ns: u64,
    /// How.
    pub operation: FileOperation,
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// When the process started.
    pub start_ns: u64,
    /// Which of its programs it was.
    pub exec_id: u64,
    /// Parent's process id.
    pub ppid: u32,
    /// When the parent started.
    pub parent_start_ns: u64,
    /// Process id in its own pid namespace.
    pub container_pid: u32,
    /// Real user id.
    pub uid: u32,
    /// Real group id.
    pub gid: u32,
    /// Audit login uid; `u32::MAX` when unset.
    pub loginuid: u32,
    /// What else is known.
    pub flags: ActorFlags,
    /// `comm`.
    pub comm: &'a [u8],
    /// `comm` of the parent.
    pub parent_comm: &'a [u8],
    /// The first bytes of its arguments, each ended by a NUL byte.
    pub args: &'a [u8],
}
