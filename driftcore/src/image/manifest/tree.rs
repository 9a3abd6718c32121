//! The layers of an image, put over one another.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::io;

use super::Fault;
use super::Limits;
use super::ManifestError;
use super::Node;
use super::NodeKind;
use super::Nodes;
use super::kept::Keeper;
use super::kept::Kept;
use super::node::Xattrs;
use crate::event::Owner;
use crate::event::Text;
use crate::event::Timestamp;
use crate::image::side::Content;
use crate::image::side::no_regular_file;

/// Number of the root directory.
pub(super) const ROOT: u32 = 0;
/// What unpacking gives directories that no entry describes.
const IMPLIED_MODE: u32 = 0o755;

/// What a file is besides its name. Names of one file share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inode {
    pub(super) kind: NodeKind,
    pub(super) mode: u32,
    pub(super) owner: Owner,
    pub(super) modified: i64,
    pub(super) xattrs: Option<Box<Xattrs>>,
    /// How many names it has; 0 for a place that is free.
    pub(super) names: u32,
}

impl Inode {
    const fn implied() -> Self {
        let owner = Owner { uid: 0, gid: 0 };
        let (kind, mode) = (NodeKind::Directory, IMPLIED_MODE);
        Self { kind, mode, owner, modified: 0, xattrs: None, names: 1 }
    }

    fn held(&self) -> u64 {
        let target = match &self.kind {
            NodeKind::Symlink(target) => target.len(),
            _ => 0,
        };
        let xattrs = self.xattrs.iter().flat_map(|xattrs| xattrs.iter());
        let xattrs: usize = xattrs.map(|(name, value)| name.len() + value.len()).sum();
        (target + xattrs) as u64
    }
}

/// Number of the directory and name.
type Key = (u32, Box<[u8]>);

/// A name in a directory.
#[derive(Clone, Copy, Debug)]
struct Name {
    inode: u32,
    /// The number of the directory that it is; [`ROOT`], which has no name, for all else.
    directory: u32,
    /// The last layer that has it or something beneath it.
    layer: u32,
}

/// A tree of files to which layers are applied, lowest first.
///
/// It shows what an overlay of the unpacked layers shows, as the image specification has it:
/// whiteouts hide what lower layers have, wherever in the archive they stand, and of two entries
/// of one layer with the same path the later one counts.
pub(super) struct Tree {
    names: BTreeMap<Key, Name>,
    inodes: Vec<Inode>,
    free: Vec<u32>,
    /// Once an entry describes it.
    root: Option<Inode>,
    directories: u32,
    layer: u32,
    held: u64,
    /// The contents that are kept, by inode: those of a few files.
    kept: HashMap<u32, Kept>,
    pub(super) keeper: Keeper,
}

/// A name that was looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) inode: u32,
    /// The number of the directory that it is.
    pub(super) directory: Option<u32>,
}

impl Tree {
    pub(super) fn new(keeper: Keeper) -> Self {
        Self {
            names: BTreeMap::new(),
            inodes: Vec::new(),
            free: Vec::new(),
            root: None,
            directories: ROOT,
            layer: 0,
            held: 0,
            kept: HashMap::new(),
            keeper,
        }
    }

    /// What a directory has under a name.
    pub(super) fn child(&self, directory: u32, name: &[u8]) -> Option<Found> {
        let Name { inode, directory, layer: _ } = *self.names.get(&(directory, name.into()))?;
        Some(Found { inode, directory: (directory != ROOT).then_some(directory) })
    }

    /// The names in a directory, with what they are.
    pub(super) fn list(&self, directory: u32) -> impl Iterator<Item = (&[u8], &Inode)> {
        self.children(directory).filter_map(|((_, name), found)| {
            Some((&**name, self.inodes.get(found.inode as usize)?))
        })
    }

    pub(super) fn kind(&self, inode: u32) -> Option<&NodeKind> {
        self.inodes.get(inode as usize).map(|inode| &inode.kind)
    }

    /// Opens the content of a regular file, if it was kept.
    pub(super) fn open(&self, inode: u32) -> io::Result<Content> {
        let Some(Inode { kind: NodeKind::File { .. }, mode, .. }) = self.inodes.get(inode as usize)
        else {
            return Err(no_regular_file());
        };
        self.keeper.open(self.kept.get(&inode).copied(), *mode)
    }

    /// What follows is of the next layer.
    pub(super) const fn next_layer(&mut self) {
        self.layer += 1;
    }

    /// Bytes of names, targets and attributes that it holds.
    pub(super) const fn held(&self) -> u64 {
        self.held
    }

    /// Puts a file at a path, in the place of what is there; a directory over one that is there
    /// takes over what is in it. `kept` is where the content of a regular file is kept.
    pub(super) fn insert(
        &mut self,
        path: &[u8],
        inode: Inode,
        kept: Option<Kept>,
    ) -> Result<(), Fault> {
        let is_directory = inode.kind == NodeKind::Directory;
        let Some((parent, name)) = self.parent(path)? else {
            if !is_directory {
                return Err(Fault::Root);
            }
            self.root = Some(inode);
            return Ok(());
        };
        let layer = self.layer;
        if is_directory
            && let Some(found) = self.names.get_mut(&(parent, name.into()))
            && found.directory != ROOT
        {
            found.layer = layer;
            let index = found.inode as usize;
            self.held += inode.held();
            if let Some(old) = self.inodes.get_mut(index) {
                self.held -= old.held();
                *old = inode;
            }
            return Ok(());
        }
        self.remove(parent, name);
        let directory = if is_directory { self.new_directory() } else { ROOT };
        let inode = self.add_inode(inode);
        if let Some(kept) = kept {
            self.kept.insert(inode, kept);
        }
        self.add_name(parent, name, Name { inode, directory, layer });
        Ok(())
    }

    /// Puts another name of a file at a path. What the link's own entry says of the file counts
    /// for all of its names, as it does where it is unpacked.
    pub(super) fn link(&mut self, path: &[u8], target: &[u8], entry: Inode) -> Result<(), Fault> {
        let missing = || Fault::LinkMissing(Text::from(target));
        let found = self.find(target).ok_or_else(missing)?;
        if found.directory != ROOT {
            return Err(Fault::LinkDirectory(Text::from(target)));
        }
        // The path is emptied before the link is made.
        if super::node::is_within(target, path) {
            return Err(missing());
        }
        let Some((parent, name)) = self.parent(path)? else { return Err(Fault::Root) };
        let inode = self.inodes.get_mut(found.inode as usize).ok_or_else(missing)?;
        inode.names = inode.names.saturating_add(1);
        if !matches!(inode.kind, NodeKind::Symlink(_)) {
            inode.mode = entry.mode;
        }
        inode.owner = entry.owner;
        inode.modified = entry.modified;
        if let Some(xattrs) = entry.xattrs {
            self.held -= inode.held();
            let own = inode.xattrs.get_or_insert_default();
            for (name, value) in *xattrs {
                match own.binary_search_by(|(own, _)| own.cmp(&name)) {
                    Ok(at) => own[at].1 = value,
                    Err(at) => own.insert(at, (name, value)),
                }
            }
            self.held += inode.held();
        }
        self.remove(parent, name);
        self.add_name(parent, name, Name { layer: self.layer, ..found });
        Ok(())
    }

    /// Hides what lower layers have under a name.
    pub(super) fn whiteout(&mut self, parent: &[u8], name: &[u8]) -> Result<(), Fault> {
        let parent = self.directory(parent)?;
        match self.names.get(&(parent, name.into())).copied() {
            Some(found) if found.layer < self.layer => self.remove(parent, name),
            Some(found) if found.directory != ROOT => self.remove_lower(found.directory),
            _ => {}
        }
        Ok(())
    }

    /// Hides what lower layers have in a directory.
    pub(super) fn opaque(&mut self, directory: &[u8]) -> Result<(), Fault> {
        let directory = self.directory(directory)?;
        self.remove_lower(directory);
        Ok(())
    }

    /// The directory that a path lies in, and its name there; `None` for the root.
    fn parent<'p>(&mut self, path: &'p [u8]) -> Result<Option<(u32, &'p [u8])>, Fault> {
        if path.is_empty() {
            return Ok(None);
        }
        let (parent, name) = match memchr::memrchr(b'/', path) {
            Some(at) => path.split_at(at),
            None => (&path[..0], path),
        };
        let name = name.strip_prefix(b"/").unwrap_or(name);
        Ok(Some((self.directory(parent)?, name)))
    }

    /// The directory at a path, which the current layer has something in. Where there is none it is
    /// made, as unpacking makes it: also in the place of what is no directory in a lower layer.
    fn directory(&mut self, path: &[u8]) -> Result<u32, Fault> {
        let layer = self.layer;
        let mut at = ROOT;
        let mut length = 0;
        for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            length += name.len() + usize::from(length > 0);
            match self.names.get_mut(&(at, name.into())) {
                Some(found) if found.directory != ROOT => {
                    found.layer = layer;
                    at = found.directory;
                    continue;
                }
                Some(found) if found.layer == layer => {
                    return Err(Fault::Beneath(Text::from(path.get(..length).unwrap_or(path))));
                }
                Some(_) => self.remove(at, name),
                None => {}
            }
            let directory = self.new_directory();
            let inode = self.add_inode(Inode::implied());
            self.add_name(at, name, Name { inode, directory, layer });
            at = directory;
        }
        Ok(at)
    }

    fn find(&self, path: &[u8]) -> Option<Name> {
        let mut found = None;
        let mut at = ROOT;
        for name in path.split(|&byte| byte == b'/') {
            // Beneath a file there is nothing.
            if found.is_some_and(|found: Name| found.directory == ROOT) {
                return None;
            }
            let next = *self.names.get(&(at, name.into()))?;
            at = next.directory;
            found = Some(next);
        }
        found
    }

    const fn new_directory(&mut self) -> u32 {
        // Far fewer entries are allowed than there are numbers.
        self.directories += 1;
        self.directories
    }

    fn add_inode(&mut self, inode: Inode) -> u32 {
        self.held += inode.held();
        if let Some(index) = self.free.pop()
            && let Some(place) = self.inodes.get_mut(index as usize)
        {
            *place = inode;
            return index;
        }
        self.inodes.push(inode);
        u32::try_from(self.inodes.len() - 1).unwrap_or(u32::MAX)
    }

    fn add_name(&mut self, parent: u32, name: &[u8], entry: Name) {
        self.held += name.len() as u64;
        self.names.insert((parent, name.into()), entry);
    }

    /// Removes a name and all beneath it.
    fn remove(&mut self, parent: u32, name: &[u8]) {
        let Some(removed) = self.names.remove(&(parent, name.into())) else { return };
        self.forget(name.len(), removed.inode);
        let mut pending = vec![removed.directory];
        while let Some(directory) = pending.pop().filter(|&directory| directory != ROOT) {
            // Those of a directory lie side by side.
            while let Some((key, below)) = self.first(directory) {
                self.names.remove(&key);
                self.forget(key.1.len(), below.inode);
                if below.directory != ROOT {
                    pending.push(below.directory);
                }
            }
        }
    }

    /// Removes all in a directory that the current layer has nothing of.
    fn remove_lower(&mut self, directory: u32) {
        let mut pending = vec![directory];
        while let Some(directory) = pending.pop() {
            let mut lower = Vec::new();
            for (key, found) in self.children(directory) {
                if found.layer < self.layer {
                    lower.push(key.1.clone());
                } else if found.directory != ROOT {
                    pending.push(found.directory);
                }
            }
            for name in lower {
                self.remove(directory, &name);
            }
        }
    }

    fn first(&self, directory: u32) -> Option<(Key, Name)> {
        self.children(directory).next().map(|(key, name)| (key.clone(), *name))
    }

    fn children(&self, directory: u32) -> Children<'_> {
        self.names.range((directory, Box::default())..(directory + 1, Box::default()))
    }

    fn forget(&mut self, name: usize, inode: u32) {
        self.held -= name as u64;
        let Some(entry) = self.inodes.get_mut(inode as usize) else { return };
        entry.names = entry.names.saturating_sub(1);
        if entry.names == 0 {
            self.held -= entry.held();
            entry.xattrs = None;
            entry.kind = NodeKind::Fifo;
            self.kept.remove(&inode);
            self.free.push(inode);
        }
    }

    /// Its files in order.
    pub(super) fn nodes(&self) -> TreeNodes<'_> {
        TreeNodes { tree: self, stack: Vec::new(), node: Node::empty(), started: false }
    }
}

type Children<'a> = std::collections::btree_map::Range<'a, Key, Name>;

/// The files of a tree.
pub(super) struct TreeNodes<'a> {
    tree: &'a Tree,
    /// The directories on the way down: what of each is still to come, and the length of its path.
    stack: Vec<(Children<'a>, usize)>,
    node: Node,
    started: bool,
}

impl TreeNodes<'_> {
    fn take(&mut self, inode: &Inode, group: u32) {
        let Inode { kind, mode, owner, modified, xattrs, names } = inode;
        self.node.kind = kind.clone();
        self.node.mode = *mode;
        self.node.owner = *owner;
        self.node.modified = Timestamp::from_nanos(*modified);
        self.node.xattrs = xattrs.as_deref().cloned().unwrap_or_default();
        self.node.links = u64::from(*names);
        self.node.group = (*names > 1).then_some(u64::from(group));
    }
}

impl Nodes for TreeNodes<'_> {
    fn advance(&mut self) -> Result<bool, ManifestError> {
        let tree = self.tree;
        if !self.started {
            self.started = true;
            self.stack.push((tree.children(ROOT), 0));
            if let Some(root) = &tree.root {
                self.take(root, 0);
                return Ok(true);
            }
        }
        while let Some((children, length)) = self.stack.last_mut() {
            self.node.path.truncate(*length);
            let Some(((_, name), found)) = children.next() else {
                self.stack.pop();
                continue;
            };
            if *length > 0 {
                self.node.path.push(b'/');
            }
            self.node.path.extend_from_slice(name);
            if found.directory != ROOT {
                self.stack.push((tree.children(found.directory), self.node.path.len()));
            }
            if let Some(inode) = tree.inodes.get(found.inode as usize) {
                self.take(inode, found.inode);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn node(&self) -> &Node {
        &self.node
    }
}

/// Holds a tree against what it may hold.
pub(super) const fn check_held(tree: &Tree, limits: &Limits) -> Result<(), Fault> {
    let limit = limits.held;
    if tree.held() > limit {
        return Err(Fault::Limit { what: "bytes of names, targets and attributes", limit });
    }
    Ok(())
}
