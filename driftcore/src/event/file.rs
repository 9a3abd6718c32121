//! The file that an event is about.

use serde::Deserialize;
use serde::Serialize;

use super::Process;
use super::Text;
use super::Timestamp;

/// A file, by its path and its identity. Where the kernel side had no object to look at, `inode` and
/// `size` are 0 and `device` and `mode` empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The path as the container sees it.
    pub path: Text,
    /// Of a rename its former path; of a link its target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<Text>,
    /// Inode number on its filesystem (for overlay: of the overlay inode).
    pub inode: u64,
    /// Device of the filesystem as `major:minor`.
    pub device: String,
    /// Permission bits with setuid, setgid and sticky, in octal, e.g. `4755`.
    pub mode: String,
    /// Who owns it, in the initial user namespace.
    pub owner: Owner,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the content in hexadecimal, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Which attributes were changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Changed>,
    /// Whether content was really written; `None` where that is not known or not the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<bool>,
    /// The descriptor that an open returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<i64>,
    /// Who created, wrote or renamed it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<Box<Writer>>,
}

/// An attribute of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Changed {
    /// Permission bits.
    Mode,
    /// Owner or group.
    Owner,
    /// An extended attribute that is no file capability.
    Xattr,
    /// A file capability.
    Capability,
    /// The size.
    Size,
    /// A bit that lets it run was set. Beside `mode`.
    Executable,
    /// A setuid or setgid bit was set. Beside `mode`.
    Setuid,
}

impl Changed {
    /// The name in events and rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Xattr => "xattr",
            Self::Capability => "capability",
            Self::Size => "size",
            Self::Executable => "executable",
            Self::Setuid => "setuid",
        }
    }
}

/// Who created, wrote, renamed or linked a file last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// The process; `None` when nobody saw it.
    #[serde(flatten)]
    pub process: Option<Process>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// From where.
    pub origin: WriterOrigin,
}

/// From where a file was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WriterOrigin {
    /// By a process of the container.
    Inside,
    /// By a process outside, as `docker cp` and `kubectl cp` do.
    Outside,
    /// Nobody saw it: before the sensor started, straight in the upper directory, or forgotten.
    #[default]
    Unknown,
}

impl WriterOrigin {
    /// The name in events and rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Outside => "outside",
            Self::Unknown => "unknown",
        }
    }
}

/// Owner of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}
