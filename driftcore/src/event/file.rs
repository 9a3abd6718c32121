//! The file that an event is about.

use serde::Deserialize;
use serde::Serialize;

use super::Text;

/// A file, by its path and its identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The path as the container sees it.
    pub path: Text,
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
}

/// Owner of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}
