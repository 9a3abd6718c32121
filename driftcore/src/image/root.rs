//! Comparing a root directory as a whole with what an image brings.

use std::path::Path;
use std::path::PathBuf;

use rustix::io::Errno;

use super::Change;
use super::Changes;
use super::EntryKind;
use super::Progress;
use super::ScanError;
use super::Users;
use super::Visitor;
use super::attributes;
use super::content::Content;
use super::content::Reader;
use super::entry::Entry;
use super::entry::FileType;
use super::manifest::Node;
use super::manifest::NodeKind;
use super::manifest::Nodes;
use super::manifest::is_within;
use super::manifest::walk_order;
use super::marks::Marks;
use super::names::as_path;
use super::noise::Noise;
use super::place::Route;
use super::reading::Queue;
use super::scan::LARGEST;
use super::scan::Out;
use super::sorted::SortedNames;
use super::walk::DEPTH;
use super::walk::TOO_DEEP;
use crate::provenance::Dir;
use crate::provenance::FileKind;
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
    times: bool,
    largest: u64,
    mount_points: Vec<Vec<u8>>,
    users: Users,
}

impl RootScan {
    /// A scan of this directory.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            times: false,
            largest: LARGEST,
            mount_points: Vec::new(),
            users: Users::default(),
        }
    }

    /// Whether a file whose time of modification alone differs counts as changed. No, by default.
    pub const fn times(&mut self, times: bool) -> &mut Self {
        self.times = times;
        self
    }

    /// Largest file whose content is read, in bytes: 4 GiB by default. A larger one whose size
    /// differs from the image's is `modified` without SHA-256, one of equal size is a
    /// [`Problem`](super::Problem).
    pub const fn largest(&mut self, bytes: u64) -> &mut Self {
        self.largest = bytes;
        self
    }

    /// The paths in the container at which something is mounted: what the runtime makes there is
    /// [noise](Entry::noise).
    pub fn mount_points<P: AsRef<[u8]>>(
        &mut self,
        paths: impl IntoIterator<Item = P>,
    ) -> &mut Self {
        self.mount_points = paths.into_iter().map(|path| path.as_ref().to_vec()).collect();
        self
    }

    /// The processes that use files of the container: entries [tell](Entry::processes) of them.
    pub fn users(&mut self, users: Users) -> &mut Self {
        self.users = users;
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
        let noise = Noise::new(self.mount_points.iter().map(Vec::as_slice));
        let reader = Reader::new(self.largest);
        // Nothing is read ahead.
        let out = Out::new(visitor, noise, &self.users, reader, Queue::new(0));
        let more = image.advance()?;
        let mut walk = Walk {
            image: Cursor { nodes: image, more },
            out,
            marks: Marks::new(false),
            times: self.times,
            route: Route::default(),
        };
        walk.run(root)?;
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
                self.compare(&located, b"")?;
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
        if self.image.node().is_some_and(|node| node.path == path) {
            self.compare(&located, name)?;
            self.image.advance()?;
        } else {
            let content = self.content(&located, name)?;
            self.tell(EntryKind::Added, None, &located, content)?;
        }
        Ok((FileType::of(&located.facts) == FileType::Directory).then_some(located))
    }

    /// Compares a file with the image's, at which the cursor is.
    fn compare(&mut self, ours: &Located, name: &[u8]) -> Result<(), ScanError> {
        let Some(node) = self.image.node() else { return Ok(()) };
        if node.file_type() != FileType::of(&ours.facts) {
            let before = node.state();
            let content = self.content(ours, name)?;
            return self.tell(EntryKind::Type, Some(before), ours, content);
        }
        let mut changed = match changes(node, ours, self.marks, self.times) {
            Ok(changed) => changed,
            Err(errno) => return self.unread_alone(errno),
        };
        let mut before = node.state();
        let mut content = None;
        if let NodeKind::File { size, sha256 } = node.kind {
            content = self.content(ours, name)?;
            let equal = match &content {
                Some(content) => content.after.map(|after| after == sha256),
                // It could not be read, as was said.
                None if size == ours.facts.size => return Ok(()),
                None => Some(false),
            };
            let now = content.as_ref().map_or(ours.facts.size, |content| content.facts.size);
            match equal {
                Some(true) => {}
                None if size == now => {
                    let reason = format!("is not compared: its {size} bytes are too many");
                    return self.out.problem(self.route.path(), reason);
                }
                _ => {
                    changed.insert(Change::Content);
                    before.sha256 = Some(sha256);
                }
            }
        }
        let kind = if changed.contains(Change::Content) {
            EntryKind::Modified
        } else if changed.in_substance() {
            EntryKind::Replaced
        } else if changed.is_empty() {
            return Ok(());
        } else {
            EntryKind::Attributes
        };
        let mut entry = Entry::new(self.route.path(), kind);
        entry.changed = changed;
        let mut after = attributes::state(ours);
        if let Some(content) = content {
            after.size = content.facts.size;
            after.code = content.code;
            after.sha256 = content.after.filter(|_| before.sha256.is_some());
        }
        entry.before = Some(before);
        entry.after = Some(after);
        self.out.entry(entry)
    }

    fn tell(
        &mut self,
        kind: EntryKind,
        before: Option<super::State>,
        after: &Located,
        content: Option<Content>,
    ) -> Result<(), ScanError> {
        let mut entry = Entry::new(self.route.path(), kind);
        entry.before = before;
        let mut state = attributes::state(after);
        if let Some(content) = content {
            state.size = content.facts.size;
            state.sha256 = content.after;
            state.code = content.code;
        }
        entry.after = Some(state);
        self.out.entry(entry)
    }

    /// Reads a regular file. `None` for any other one, and when it could not be read, which is
    /// said.
    fn content(&mut self, ours: &Located, name: &[u8]) -> Result<Option<Content>, ScanError> {
        if FileType::of(&ours.facts) != FileType::File || ours.facts.kind != FileKind::Regular {
            return Ok(None);
        }
        match self.out.reader.contents(ours, name, None) {
            Ok(content) => Ok(Some(content)),
            Err(unread) => {
                self.out.problem(self.route.path(), unread.to_string())?;
                Ok(None)
            }
        }
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
