//! A file as an image has it.

use std::cmp::Ordering;

use serde::Deserialize;
use serde::Serialize;

use crate::event::Owner;
use crate::event::Text;
use crate::event::Timestamp;
use crate::image::FileType;
use crate::image::State;

use super::ManifestError;

/// A file of an image: what the image says of it, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// The path from the image's root on, without a slash at its beginning; empty for the root
    /// itself. No part of it is empty, `.` or `..`.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Who owns it.
    pub owner: Owner,
    /// When its content was modified last.
    pub modified: Timestamp,
    /// What all names of one file with several names, and no other, have in common.
    pub group: Option<u64>,
    /// How many names it has in the image; of a directory: 1.
    pub links: u64,
    /// Extended attributes, sorted by name.
    pub xattrs: Xattrs,
}

/// Extended attributes: names with their values.
pub type Xattrs = Vec<(Vec<u8>, Vec<u8>)>;

/// What a file is, and what tells it from others of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeKind {
    /// A regular file.
    File {
        /// Size in bytes.
        size: u64,
        /// SHA-256 of the content.
        sha256: [u8; 32],
    },
    /// A directory.
    Directory,
    /// A symbolic link and its target.
    Symlink(Box<[u8]>),
    /// A character device: major and minor number.
    CharDevice(u32, u32),
    /// A block device: major and minor number.
    BlockDevice(u32, u32),
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
}

impl NodeKind {
    /// The type of the file.
    pub(super) const fn file_type(&self) -> FileType {
        match self {
            Self::File { .. } => FileType::File,
            Self::Directory => FileType::Directory,
            Self::Symlink(_) => FileType::Symlink,
            Self::CharDevice(..) => FileType::CharDevice,
            Self::BlockDevice(..) => FileType::BlockDevice,
            Self::Fifo => FileType::Fifo,
            Self::Socket => FileType::Socket,
        }
    }
}

/// What a manifest is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Head {
    /// What the image was called when the manifest was made.
    pub name: String,
    /// Digest of the image's own manifest; absent where there is none, as in archives of older
    /// Docker versions and in Docker's layer store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
    /// Digest of the image's configuration: the image's id.
    pub image_id: String,
    /// Operating system, architecture and variant, as in `linux/arm64/v8`.
    pub platform: String,
    /// The digests of the layers, uncompressed, lowest first.
    pub layers: Vec<String>,
    /// Whether the layers were proved by these digests. Directories of a layer store cannot be.
    pub verified: bool,
}

impl Head {
    /// The digests by which the image is told from others: of its configuration and of its manifest.
    pub fn digests(&self) -> impl Iterator<Item = &str> {
        let all = std::iter::once(&self.image_id).chain(&self.image_digest);
        all.map(String::as_str).filter(|digest| !digest.is_empty())
    }
}

/// Something else than files that is known of an image, kept in its manifest: what it says is between whoever
/// writes and whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Section {
    /// A section.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), bytes }
    }
}

/// Files of an image, one after the other: each directory before what is in it, names in the order
/// of their bytes.
pub trait Nodes {
    /// Goes on to the next file; at first, to the first one. False at the end.
    ///
    /// # Errors
    ///
    /// When what follows cannot be read or is not as it should be.
    fn advance(&mut self) -> Result<bool, ManifestError>;

    /// The file that was come to. Before the first [`advance`](Self::advance) and after the last
    /// one it is of no meaning.
    fn node(&self) -> &Node;
}

impl Node {
    pub(super) const fn empty() -> Self {
        Self {
            path: Vec::new(),
            kind: NodeKind::Directory,
            mode: 0,
            owner: Owner { uid: 0, gid: 0 },
            modified: Timestamp::from_nanos(0),
            group: None,
            links: 1,
            xattrs: Vec::new(),
        }
    }

    /// The type of the file.
    pub const fn file_type(&self) -> FileType {
        self.kind.file_type()
    }

    /// The path as a container sees it, with a slash at its beginning.
    pub fn absolute(&self) -> Text {
        Text::from([b"/", self.path.as_slice()].concat())
    }

    /// As the image's side of an entry. An image knows no time at which an inode was changed.
    pub(in crate::image) fn state(&self) -> State {
        let mut state = State {
            file_type: self.file_type(),
            mode: self.mode,
            owner: self.owner,
            size: 0,
            modified: self.modified,
            changed: self.modified,
            links: self.links,
            device: None,
            target: None,
            sha256: None,
            code: None,
        };
        match &self.kind {
            NodeKind::File { size, .. } => state.size = *size,
            NodeKind::Symlink(target) => {
                state.size = target.len() as u64;
                state.target = Some(Text::from(&**target));
            }
            NodeKind::CharDevice(major, minor) | NodeKind::BlockDevice(major, minor) => {
                state.device = Some((*major, *minor));
            }
            NodeKind::Directory | NodeKind::Fifo | NodeKind::Socket => {}
        }
        state
    }
}

/// The order of a walk that goes down into each directory as soon as it comes to it: that of the
/// bytes, a slash before all others.
pub(in crate::image) fn walk_order(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |&byte: &u8| if byte == b'/' { 0 } else { u16::from(byte) + 1 };
    a.iter().map(rank).cmp(b.iter().map(rank))
}

/// Whether a path is `parent` or lies beneath it.
pub(in crate::image) fn is_within(path: &[u8], parent: &[u8]) -> bool {
    match path.strip_prefix(parent) {
        Some(rest) => parent.is_empty() || rest.is_empty() || rest.starts_with(b"/"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_followed_by_what_is_in_it() {
        let mut paths: Vec<&[u8]> = vec![b"a.b", b"a/b", b"a", b"", b"a\x01", b"a/b/c", b"a/b.c"];
        paths.sort_by(|a, b| walk_order(a, b));
        let sorted: [&[u8]; 7] = [b"", b"a", b"a/b", b"a/b/c", b"a/b.c", b"a\x01", b"a.b"];
        assert_eq!(paths, sorted);
    }

    #[test]
    fn what_begins_with_the_same_bytes_is_not_within() {
        assert!(is_within(b"a/b", b"a") && is_within(b"a", b"a") && is_within(b"a", b""));
        assert!(!is_within(b"ab", b"a") && !is_within(b"a", b"a/b"));
    }
}
