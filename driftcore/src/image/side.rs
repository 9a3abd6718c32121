//! Where a [`Tree`](super::Tree) looks its files up: in layers, or in what was kept of archives.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use rustix::io::Errno;

use super::entry::FileType;
use super::lower::Found;
use super::lower::Image;
use super::lower::Merged;
#[cfg(feature = "manifest")]
use super::manifest::Archive;
use super::names::Names;
use super::names::as_path;
use crate::provenance::FileKind;
use crate::provenance::Located;

/// Takes a name with its type and permission bits, and breaks where it wants no more.
pub(crate) type Each<'a> = dyn FnMut(&[u8], FileType, u32) -> ControlFlow<()> + 'a;

/// One side of a comparison.
#[derive(Debug)]
pub(super) enum Side {
    /// Directories that are merged as overlay does it; one alone is a root directory.
    Layers(Image),
    /// The layers of an image that was read from archives.
    #[cfg(feature = "manifest")]
    Archive(Archive),
}

/// A directory of a side.
#[derive(Clone, Debug)]
pub(super) enum Directory {
    Layers(Merged),
    #[cfg(feature = "manifest")]
    Archive(u32),
}

/// What a directory has under a name.
pub(super) enum Child {
    Directory(Directory),
    /// The target of a symbolic link.
    Symlink(Vec<u8>),
    Leaf(Leaf),
}

/// Neither directory nor symbolic link.
pub(super) enum Leaf {
    Layers {
        located: Located,
        /// The file with the content, where a layer has the attributes alone.
        data: Option<Located>,
    },
    /// The number of an inode.
    #[cfg(feature = "manifest")]
    Archive(u32),
}

/// The content of a regular file.
pub(super) struct Content {
    pub(super) file: Arc<File>,
    /// Where in the file it begins, and how long it is; to the file's end if that is not said.
    pub(super) start: u64,
    pub(super) length: Option<u64>,
    pub(super) mode: u32,
    /// When the inode was changed last, in nanoseconds since the epoch; 0 where nothing tells.
    pub(super) changed_ns: i64,
}

impl Side {
    pub(super) fn root(&self) -> Directory {
        match self {
            Self::Layers(image) => Directory::Layers(image.root().clone()),
            #[cfg(feature = "manifest")]
            Self::Archive(_) => Directory::Archive(Archive::ROOT),
        }
    }

    /// What a directory has under a name. `None` for nothing, and for a directory of another side.
    pub(super) fn child(&self, parent: &Directory, name: &[u8]) -> io::Result<Option<Child>> {
        match (self, parent) {
            (Self::Layers(image), Directory::Layers(merged)) => {
                let found = match image.child(merged, as_path(name)) {
                    Ok(Some(found)) => found,
                    Ok(None) | Err(Errno::NAMETOOLONG) => return Ok(None),
                    Err(errno) => return Err(errno.into()),
                };
                Ok(Some(match found {
                    Found::Directory { merged, .. } => Child::Directory(Directory::Layers(merged)),
                    Found::Other { located, .. }
                        if FileType::of(&located.facts) == FileType::Symlink =>
                    {
                        let target = rustix::fs::readlinkat(&located, "", Vec::new())?;
                        Child::Symlink(target.into_bytes())
                    }
                    Found::Other { located, data } => Child::Leaf(Leaf::Layers { located, data }),
                }))
            }
            #[cfg(feature = "manifest")]
            (Self::Archive(archive), Directory::Archive(directory)) => {
                Ok(archive.child(*directory, name))
            }
            #[cfg(feature = "manifest")]
            _ => Ok(None),
        }
    }

    /// Hands each name in a directory to `each`, with its type and permission bits, until it breaks.
    pub(super) fn list(&self, directory: &Directory, each: &mut Each<'_>) -> io::Result<()> {
        match (self, directory) {
            (Self::Layers(image), Directory::Layers(merged)) => list(image, merged, each),
            #[cfg(feature = "manifest")]
            (Self::Archive(archive), Directory::Archive(directory)) => {
                let _ =
                    archive.list(*directory).try_for_each(|(name, is, mode)| each(name, is, mode));
                Ok(())
            }
            #[cfg(feature = "manifest")]
            _ => Ok(()),
        }
    }

    /// Opens a regular file; what is none is not opened.
    pub(super) fn open(&self, leaf: Leaf) -> io::Result<Content> {
        match (self, leaf) {
            (Self::Layers(_), Leaf::Layers { located, data }) => {
                if located.facts.kind != FileKind::Regular {
                    return Err(no_regular_file());
                }
                let (mode, changed_ns) = (located.facts.mode & 0o7777, located.facts.ctime_ns);
                let file = Arc::new(data.unwrap_or(located).open()?);
                Ok(Content { file, start: 0, length: None, mode, changed_ns })
            }
            #[cfg(feature = "manifest")]
            (Self::Archive(archive), Leaf::Archive(inode)) => archive.open(inode),
            #[cfg(feature = "manifest")]
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

pub(super) fn no_regular_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "is no regular file")
}

/// The names of merged directories: of each layer's in order, the topmost first.
fn list(image: &Image, merged: &Merged, each: &mut Each<'_>) -> io::Result<()> {
    for (part, directory) in merged.directories().enumerate() {
        let mut names = Names::of(directory)?;
        loop {
            if names.needs_batch() {
                names.read_batch(0)?;
                continue;
            }
            let Some(name) = names.next() else { break };
            if part > 0 && merged.has_above(part, name.as_path()) {
                continue;
            }
            // A whiteout is no name.
            let Some(found) = image.child(merged, name.as_path())? else { continue };
            let facts = found.located().facts;
            if each(name.bytes, FileType::of(&facts), facts.mode & 0o7777).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}
