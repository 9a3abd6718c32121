//! The files of an image whose layers are unpacked, as overlay shows them.

use std::collections::HashMap;

use super::ManifestError;
use super::Node;
use super::NodeKind;
use super::Nodes;
use crate::event::Owner;
use crate::event::Timestamp;
use crate::image::FileType;
use crate::image::attributes;
use crate::image::content::Reader;
use crate::image::lower::Found;
use crate::image::lower::Image;
use crate::image::lower::Merged;
use crate::image::marks::Marks;
use crate::image::names::as_path;
use crate::image::sorted::SortedNames;
use crate::provenance::Located;

/// A walk over merged layers, which reads the content of each file.
pub(super) struct LayerNodes<'a> {
    image: &'a Image,
    marks: Marks,
    reader: Reader,
    stack: Vec<Frame>,
    node: Node,
    /// What is known of files with several names, by device and inode number.
    linked: HashMap<Number, (u64, [u8; 32])>,
    started: bool,
}

/// Device and inode number.
type Number = ((u32, u32), u64);

struct Frame {
    merged: Merged,
    names: SortedNames,
    /// Of its path.
    length: usize,
}

impl<'a> LayerNodes<'a> {
    /// `largest` is how many bytes a file may have.
    pub(super) fn new(image: &'a Image, marks: Marks, largest: u64) -> Self {
        Self {
            image,
            marks,
            reader: Reader::new(largest),
            stack: Vec::new(),
            node: Node::empty(),
            linked: HashMap::new(),
            started: false,
        }
    }

    fn enter(&mut self, merged: Merged) {
        let (names, length) = (SortedNames::default(), self.node.path.len());
        self.stack.push(Frame { merged, names, length });
    }

    fn error(&self, reason: impl ToString) -> ManifestError {
        ManifestError::Layers { path: self.node.absolute(), reason: reason.to_string() }
    }

    /// Takes what a file is; `data` has the content of one that has only attributes.
    fn take(&mut self, file: &Located, data: Option<&Located>) -> Result<(), ManifestError> {
        let facts = file.facts;
        self.node.mode = facts.mode & 0o7777;
        self.node.owner = Owner { uid: facts.uid, gid: facts.gid };
        self.node.modified = Timestamp::from_nanos(facts.mtime_ns);
        let xattrs = attributes::xattrs(self.marks, file);
        self.node.xattrs = xattrs.map_err(|errno| self.error(errno))?;
        (self.node.links, self.node.group) = (1, None);
        let (major, minor) = facts.is_device;
        self.node.kind = match FileType::of(&facts) {
            FileType::Directory => NodeKind::Directory,
            FileType::File => self.content(file, data)?,
            FileType::Symlink => {
                let target = attributes::target(file).map_err(|errno| self.error(errno))?;
                NodeKind::Symlink(target.into())
            }
            FileType::CharDevice => NodeKind::CharDevice(major, minor),
            FileType::BlockDevice => NodeKind::BlockDevice(major, minor),
            FileType::Fifo => NodeKind::Fifo,
            FileType::Socket => NodeKind::Socket,
            FileType::Unknown => return Err(self.error("its type is unknown")),
        };
        Ok(())
    }

    fn content(
        &mut self,
        file: &Located,
        data: Option<&Located>,
    ) -> Result<NodeKind, ManifestError> {
        let facts = file.facts;
        let key = (facts.device, facts.number);
        if facts.links > 1 {
            self.node.links = facts.links;
            if let Some(&(group, sha256)) = self.linked.get(&key) {
                self.node.group = Some(group);
                return Ok(NodeKind::File { size: facts.size, sha256 });
            }
        }
        let read = self.reader.contents(data.unwrap_or(file), b"", None);
        let content = read.map_err(|unread| self.error(unread))?;
        let Some(sha256) = content.after else {
            return Err(self.error("it is larger than what is read"));
        };
        if facts.links > 1 {
            let group = self.linked.len() as u64;
            self.node.group = Some(group);
            self.linked.insert(key, (group, sha256));
        }
        Ok(NodeKind::File { size: content.facts.size, sha256 })
    }

    fn start(&mut self) -> Result<bool, ManifestError> {
        self.started = true;
        let root = self.image.root().clone();
        let top = root.directories().next().map(|it| it.locate(as_path(b".")));
        self.enter(root);
        match top {
            Some(Ok(located)) => self.take(&located, None).map(|()| true),
            Some(Err(errno)) => Err(self.error(errno)),
            None => Ok(false),
        }
    }
}

impl Nodes for LayerNodes<'_> {
    fn advance(&mut self) -> Result<bool, ManifestError> {
        if !self.started && self.start()? {
            return Ok(true);
        }
        loop {
            let held = self.stack.iter().map(|frame| frame.names.held()).sum();
            let Some(frame) = self.stack.last_mut() else { return Ok(false) };
            self.node.path.truncate(frame.length);
            if frame.names.needs_batch() {
                let read = frame.names.read_batch(frame.merged.directories(), held);
                read.map_err(|errno| self.error(errno))?;
                continue;
            }
            let Some(name) = frame.names.next() else {
                self.stack.pop();
                continue;
            };
            if frame.length > 0 {
                self.node.path.push(b'/');
            }
            self.node.path.extend_from_slice(name);
            let found = self.image.child(&frame.merged, as_path(name));
            match found.map_err(|errno| self.error(errno))? {
                // A whiteout.
                None => {}
                Some(Found::Directory { located, merged }) => {
                    self.enter(merged);
                    return self.take(&located, None).map(|()| true);
                }
                Some(Found::Other { located, data }) => {
                    return self.take(&located, data.as_ref()).map(|()| true);
                }
            }
        }
    }

    fn node(&self) -> &Node {
        &self.node
    }
}
