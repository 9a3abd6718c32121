//! The files of an image that was read from archives, by path.

use std::fmt;
use std::io;
use std::rc::Rc;

use super::NodeKind;
use super::tree::Tree;
use crate::image::FileType;
use crate::image::side::Child;
use crate::image::side::Content;
use crate::image::side::Directory;
use crate::image::side::Leaf;

/// The tree of an image, with the contents that were kept of it.
#[derive(Clone)]
pub(in crate::image) struct Archive {
    tree: Rc<Tree>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").finish_non_exhaustive()
    }
}

impl Archive {
    /// The number of its root directory.
    pub(in crate::image) const ROOT: u32 = super::tree::ROOT;

    pub(super) const fn new(tree: Rc<Tree>) -> Self {
        Self { tree }
    }

    /// What a directory has under a name.
    pub(in crate::image) fn child(&self, directory: u32, name: &[u8]) -> Option<Child> {
        let found = self.tree.child(directory, name)?;
        if let Some(directory) = found.directory {
            return Some(Child::Directory(Directory::Archive(directory)));
        }
        Some(match self.tree.kind(found.inode)? {
            NodeKind::Symlink(target) => Child::Symlink(target.to_vec()),
            _ => Child::Leaf(Leaf::Archive(found.inode)),
        })
    }

    /// The names in a directory, in the order of their bytes, with types and permission bits.
    pub(in crate::image) fn list(
        &self,
        directory: u32,
    ) -> impl Iterator<Item = (&[u8], FileType, u32)> {
        let names = self.tree.list(directory);
        names.map(|(name, inode)| (name, inode.kind.file_type(), inode.mode))
    }

    /// Why a content that was wanted was not kept, if that was so.
    pub(in crate::image) fn unkept(&self) -> Option<&str> {
        self.tree.keeper.failure()
    }

    /// The content of a regular file.
    pub(in crate::image) fn open(&self, inode: u32) -> io::Result<Content> {
        self.tree.open(inode)
    }
}
