//! A whole tree as a mount shows it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use driftcore::image::Change;
use driftcore::image::Changes;

/// All of a tree, by absolute path.
pub(crate) type Tree = BTreeMap<Vec<u8>, Node>;

/// A file as a mount shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) kind: u32,
    /// Of a file that was copied up the one of the image's, where the kernel keeps its origin.
    pub(crate) number: u64,
    mode: u32,
    owner: (u32, u32),
    pub(crate) links: u64,
    device: u64,
    /// Of a regular file its bytes, of a link its target.
    pub(crate) content: Vec<u8>,
    xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

const FILE: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

impl Node {
    fn read(path: &Path) -> Self {
        let metadata = fs::symlink_metadata(path).unwrap();
        let content = if metadata.is_file() {
            fs::read(path).unwrap()
        } else if metadata.is_symlink() {
            fs::read_link(path).unwrap().as_os_str().as_bytes().to_vec()
        } else {
            Vec::new()
        };
        Self {
            kind: metadata.mode() & 0o170_000,
            number: metadata.ino(),
            mode: metadata.mode() & 0o7777,
            owner: (metadata.uid(), metadata.gid()),
            links: metadata.nlink(),
            device: metadata.rdev(),
            content,
            xattrs: xattrs(path),
        }
    }

    pub(crate) const fn is_file(&self) -> bool {
        self.kind == FILE
    }

    pub(crate) const fn is_directory(&self) -> bool {
        self.kind == DIRECTORY
    }

    /// In what it differs from the image's file of the same type.
    pub(crate) fn changes(&self, before: &Self) -> Changes {
        let mut changes = Changes::NONE;
        let mut differ = |differs: bool, change| {
            if differs {
                changes.insert(change);
            }
        };
        let substance = if self.kind == LINK { Change::Target } else { Change::Content };
        differ(self.content != before.content, substance);
        differ(self.device != before.device, Change::Device);
        differ(self.mode != before.mode, Change::Mode);
        differ(self.owner != before.owner, Change::Owner);
        let capability = b"security.capability".to_vec();
        differ(self.xattrs.get(&capability) != before.xattrs.get(&capability), Change::Capability);
        let others = |node: &Self| {
            let mut xattrs = node.xattrs.clone();
            xattrs.remove(&capability);
            xattrs
        };
        differ(others(self) != others(before), Change::Xattr);
        changes
    }
}

pub(crate) fn xattrs(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut list = vec![0; 65536];
    let length = rustix::fs::llistxattr(path, list.as_mut_slice()).unwrap_or(0);
    let names = list[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty());
    let value = |name: &[u8]| {
        let mut value = vec![0; 65536];
        let length = rustix::fs::lgetxattr(path, name, value.as_mut_slice()).unwrap();
        value.truncate(length);
        value
    };
    names.map(|name| (name.to_vec(), value(name))).collect()
}

/// Reads a tree whole.
pub(crate) fn read(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut pending = vec![(root.to_owned(), Vec::new())];
    while let Some((path, name)) = pending.pop() {
        let node = Node::read(&path);
        if node.is_directory() {
            for entry in fs::read_dir(&path).unwrap() {
                let entry = entry.unwrap();
                let below = [name.as_slice(), b"/", entry.file_name().as_bytes()].concat();
                pending.push((entry.path(), below));
            }
        }
        tree.insert(if name.is_empty() { b"/".to_vec() } else { name }, node);
    }
    tree
}
