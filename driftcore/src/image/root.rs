//! Comparing a root directory as a whole with what an image brings.

use std::path::Path;
use std::path::PathBuf;

use rustix::io::Errno;

use super::Change;
use super::Changes;
use super::EntryKind;
use super::Progress;
use super::ScanError;
use super::ScanOptions;
use super::State;
use super::Visitor;
use super::attributes;
use super::entry::Entry;
use super::entry::FileType;
use super::manifest::Node;
use super::manifest::NodeKind;
use super::manifest::Nodes;
use super::manifest::is_within;
use super::manifest::walk_order;
use super::marks::Marks;
use super::names::as_path;
use super::place::Route;
use super::reading::Then;
use super::reading::Unfinished;
use super::reading::differing;
use super::scan::Out;
use super::sorted::SortedNames;
use super::walk::DEPTH;
use super::walk::TOO_DEEP;
use crate::provenance::Dir;
use crate::provenance::Located;

/// A comparison of a root directory, on whatever filesystem, with the files of an image.
///
/// Everything beneath the directory is read, and both sides are gone through in one order, so that it
/// holds no more than the names of the directories that it is in. Beneath mount points nothing is
/// looked at: where that is allowed the directory is looked at without what is mounted in it,
/// and elsewhere the mount points are [counted](Progress::mount_points).
///
/// It needs the rights to read the files, and `/proc`. No file is `renamed`, `copied_up` or a regular
/// file that was `replaced` by another: only the layers of an overlay tell.
#[derive(Clone, Debug)]
pub struct RootScan {
    root: PathBuf,
    options: ScanOptions,
}

impl RootScan {
    /// A scan of this directory, with the default [options](ScanOptions).
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), options: ScanOptions::default() }
    }

    /// What is compared, and how.
    pub fn options(&mut self, options: ScanOptions) -> &mut Self {
        self.options = options;
        self
    }

    /// Scans. Returns what was done.
    ///
    /// # Errors
    ///
    /// [`ScanError::Root`] when the directory cannot be opened, [`ScanError::Manifest`] when the image's
    /// files cannot be read, [`ScanError::Stopped`] when the visitor said so.
    pub fn run(
        &self,
        image: &mut dyn Nodes,
        visitor: &mut dyn Visitor,
    ) -> Result<Progress, ScanError> {
        let root = Dir::open_bare(&self.root).or_else(|_| Dir::open(&self.root));
        let root = root.map_err(|errno| ScanError::root(&self.root, errno))?;
        let out = Out::new(visitor, &self.options);
        let more = image.advance()?;
        let mut walk = Walk {
            image: Cursor { nodes: image, more },
            out,
            marks: Marks::new(false),
            times: self.options.times,
            route: Route::default(),
        };
        walk.run(root)?;
        walk.out.settle(true)?;
        Ok(walk.out.progress())
    }
}

/// The image's files, at the next one that was not compared yet.
struct Cursor<'a> {
    nodes: &'a mut dyn Nodes,
    more: bool,
}

impl Cursor<'_> {
    fn node(&self) -> Option<&Node> {
        self.more.then(|| self.nodes.node())
    }

    fn advance(&mut self) -> Result<(), ScanError> {
        self.more = self.nodes.advance()?;
        Ok(())
    }

    /// Passes over what is at a path, and beneath it.
    fn pass(&mut self, path: &[u8]) -> Result<(), ScanError> {
        while self.node().is_some_and(|node| is_within(&node.path, path)) {
            self.advance()?;
        }
        Ok(())
    }
}

struct Walk<'a, 'v> {
    image: Cursor<'a>,
    out: Out<'v>,
    marks: Marks,
    times: bool,
    route: Route,
}

/// A directory, open.
struct Frame {
    directory: Dir,
    names: SortedNames,
    /// What the route goes back to.
    length: usize,
    /// Names in it may have been missed.
    unread: bool,
}

impl Walk<'_, '_> {
    fn run(&mut self, root: Dir) -> Result<(), ScanError> {
        let located = root.locate(Path::new("."));
        let is_told = self.image.node().is_some_and(|node| node.path.is_empty());
        match located {
            Ok(located) if is_told => {
                if let Some((entry, _)) = self.compare(&located)? {
                    self.out.entry(entry)?;
                }
                self.image.advance()?;
            }
            Ok(_) => {}
            Err(errno) => self.unread(errno)?,
        }
        let mut frames = vec![Frame::new(root, 0)];
        let mut name = Vec::new();
        while let Some(frame) = frames.last() {
            if frame.names.needs_batch() {
                let held = frames.iter().map(|frame| frame.names.held()).sum();
                let Some(frame) = frames.last_mut() else { break };
                let Frame { directory, names, unread, .. } = frame;
                if let Err(errno) = names.read_batch(std::iter::once(&*directory), held) {
                    *unread = true;
                    let reason = format!("the directory cannot be read to its end: {errno}");
                    self.out.problem(self.route.path(), reason)?;
                }
                continue;
            }
            let Some(frame) = frames.last_mut() else { break };
            let Some(next) = frame.names.next() else {
                if frame.unread {
                    self.image.pass(below(self.route.path()))?;
                }
                self.route.back_to(frame.length);
                frames.pop();
                continue;
            };
            name.clear();
            name.extend_from_slice(next);
            self.out.looked_at()?;
            let length = self.route.down(&name);
            self.tell_deleted_before(frame.unread)?;
            let located = self.visit(&frame.directory, &name)?;
            let deep = frames.len() >= DEPTH;
            let below = match located {
                Some(_) if deep => {
                    let reason = format!("not looked into: {TOO_DEEP}");
                    self.out.problem(self.route.path(), reason)?;
                    self.image.pass(below(self.route.path()))?;
                    None
                }
                Some(located) => match located.directory() {
                    Ok(directory) => Some(Frame::new(directory, length)),
                    Err(errno) => {
                        self.unread(errno)?;
                        None
                    }
                },
                None => None,
            };
            match below {
                Some(frame) => frames.push(frame),
                None => self.route.back_to(length),
            }
        }
        while self.image.more {
            self.tell_deleted()?;
        }
        Ok(())
    }

    /// Tells what the image has before the path that the walk is at: there was nothing of it. Where
    /// names were missed nothing is known of it.
    fn tell_deleted_before(&mut self, unread: bool) -> Result<(), ScanError> {
        loop {
            let path = below(self.route.path());
            match self.image.node() {
                Some(node) if walk_order(&node.path, path).is_lt() => match unread {
                    true => self.image.advance()?,
                    false => self.tell_deleted()?,
                },
                _ => return Ok(()),
            }
        }
    }

    fn tell_deleted(&mut self) -> Result<(), ScanError> {
        let Some(node) = self.image.node() else { return Ok(()) };
        let mut entry = Entry::new(node.absolute().as_bytes(), EntryKind::Deleted);
        entry.before = Some(node.state());
        self.out.looked_at()?;
        self.out.entry(entry)?;
        self.image.advance()
    }

    /// Looks at a name, and at the image's file of the same path. Returns what is to be gone down
    /// into, if it is a directory.
    fn visit(&mut self, directory: &Dir, name: &[u8]) -> Result<Option<Located>, ScanError> {
        let located = match directory.locate(as_path(name)) {
            Ok(located) => located,
            Err(Errno::XDEV) => {
                self.out.mount_points += 1;
                self.image.pass(below(self.route.path()))?;
                return Ok(None);
            }
            Err(errno) => {
                self.unread(errno)?;
                return Ok(None);
            }
        };
        let path = below(self.route.path());
        let found = if self.image.node().is_some_and(|node| node.path == path) {
            let found = self.compare(&located)?;
            self.image.advance()?;
            found
        } else {
            Some((self.entry(EntryKind::Added, None, &located), Then::Tell))
        };
        let is_directory = FileType::of(&located.facts) == FileType::Directory;
        let Some((entry, then)) = found else { return Ok(is_directory.then_some(located)) };
        if is_directory {
            self.out.entry(entry)?;
            return Ok(Some(located));
        }
        let name = name.into();
        self.out.read(Unfinished { entry, ours: located, theirs: None, name, then })?;
        Ok(None)
    }

    /// Compares a file with the image's, at which the cursor is, as far as that takes no content: what there
    /// is to tell, and what its content decides. `None` where there is nothing to tell, whatever it is.
    fn compare(&mut self, ours: &Located) -> Result<Option<(Entry, Then)>, ScanError> {
        let Some(node) = self.image.node() else { return Ok(None) };
        let before = Some(node.state());
        if node.file_type() != FileType::of(&ours.facts) {
            return Ok(Some((self.entry(EntryKind::Type, before, ours), Then::Tell)));
        }
        let changed = match changes(node, ours, self.marks, self.times) {
            Ok(changed) => changed,
            Err(errno) => {
                self.unread_alone(errno)?;
                return Ok(None);
            }
        };
        let expected = match node.kind {
            NodeKind::File { size, sha256 } => Some(Then::Prove { sha256, size }),
            _ => None,
        };
        let mut entry = self.entry(EntryKind::Modified, before, ours);
        entry.changed = changed;
        Ok(match expected {
            Some(prove) => Some((entry, prove)),
            None => differing(entry).map(|entry| (entry, Then::Tell)),
        })
    }

    fn entry(&self, kind: EntryKind, before: Option<State>, after: &Located) -> Entry {
        let mut entry = Entry::new(self.route.path(), kind);
        entry.before = before;
        entry.after = Some(attributes::state(after));
        entry
    }

    /// What could not be read, and is not deleted for that.
    fn unread(&mut self, errno: Errno) -> Result<(), ScanError> {
        self.unread_alone(errno)?;
        self.image.pass(below(self.route.path()))
    }

    fn unread_alone(&mut self, errno: Errno) -> Result<(), ScanError> {
        if errno == Errno::NOENT {
            return self.out.vanished(self.route.path());
        }
        self.out.problem(self.route.path(), format!("cannot be read: {errno}"))
    }
}

impl Frame {
    fn new(directory: Dir, length: usize) -> Self {
        Self { directory, names: SortedNames::default(), length, unread: false }
    }
}

/// A path as manifests have it.
fn below(path: &[u8]) -> &[u8] {
    path.strip_prefix(b"/").unwrap_or(path)
}

/// In what a file differs from the image's of the same type, the content of regular files left out.
fn changes(node: &Node, ours: &Located, marks: Marks, times: bool) -> Result<Changes, Errno> {
    let mut changes = Changes::NONE;
    let facts = &ours.facts;
    match &node.kind {
        NodeKind::Symlink(target) if **target != *attributes::target(ours)? => {
            changes.insert(Change::Target);
        }
        NodeKind::CharDevice(major, minor) | NodeKind::BlockDevice(major, minor)
            if (*major, *minor) != facts.is_device =>
        {
            changes.insert(Change::Device);
        }
        _ => {}
    }
    if facts.mode & 0o7777 != node.mode {
        changes.insert(Change::Mode);
    }
    if (facts.uid, facts.gid) != (node.owner.uid, node.owner.gid) {
        changes.insert(Change::Owner);
    }
    // A directory has a new time as soon as a name in it changes.
    let is_directory = node.kind == NodeKind::Directory;
    if times && !is_directory && facts.mtime_ns != node.modified.as_nanos() {
        changes.insert(Change::Times);
    }
    let own = attributes::xattrs(marks, ours)?;
    let image = node.xattrs.iter().filter(|(name, _)| attributes::is_own(marks, name));
    let image: Vec<_> = image.collect();
    let differs = |one: &&(Vec<u8>, Vec<u8>), others: &[&(Vec<u8>, Vec<u8>)]| !others.contains(one);
    let ours: Vec<_> = own.iter().collect();
    let one_side = ours.iter().filter(|it| differs(it, &image));
    for (name, _) in one_side.chain(image.iter().filter(|it| differs(it, &ours))) {
        let capability = name.starts_with(b"security.capability");
        changes.insert(if capability { Change::Capability } else { Change::Xattr });
    }
    Ok(changes)
}
