//! Reading a manifest, which may be anybody's, in bounded memory.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use flate2::bufread::GzDecoder;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use sha2::Digest;
use sha2::Sha256;

use super::Head;
use super::ManifestError;
use super::Node;
use super::NodeKind;
use super::Nodes;
use super::Section;
use super::blob::Piece;
use super::format;
use super::format::number;
use super::format::signed;
use super::limits::NAME_MAX;
use super::limits::PATH_MAX;
use super::node::walk_order;
use crate::event::Owner;
use crate::event::Timestamp;

/// Most bytes of a head, of all extended attributes of a file, and of a link's target.
const HEAD_MAX: u64 = 1 << 20;
const XATTRS_MAX: u64 = 1 << 20;
const TARGET_MAX: u64 = 1 << 20;

/// A manifest in a file, proved to be whole.
#[derive(Debug)]
pub struct ManifestFile {
    file: File,
    path: PathBuf,
    head: Head,
    count: u64,
    sections: Vec<Section>,
}

impl ManifestFile {
    /// Opens a manifest and reads it once, so that what comes of it later was whole.
    ///
    /// # Errors
    ///
    /// [`ManifestError::File`] when it cannot be read, [`ManifestError::Manifest`] when it is none, is
    /// damaged or is of a version to come.
    pub fn open(path: &Path) -> Result<Self, ManifestError> {
        let error = |source| ManifestError::file(path, source);
        // O_NONBLOCK: opening a FIFO must not wait for its writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|it| error(it.into()))?;
        let file = File::from(file);
        if !file.metadata().map_err(error)?.is_file() {
            return Err(error(io::Error::other("it is no regular file")));
        }
        let mut reader = Reader::new(Piece::whole(&file).map_err(error)?, path)?;
        reader.keeps_sections = true;
        let mut count = 0;
        while reader.advance()? {
            count += 1;
        }
        let (head, sections) = (reader.head.clone(), std::mem::take(&mut reader.sections));
        Ok(Self { file, path: path.to_owned(), head, count, sections })
    }

    /// What it keeps under a name beside the files, if it does.
    pub fn section(&self, name: &str) -> Option<&[u8]> {
        let section = self.sections.iter().find(|section| section.name == name)?;
        Some(&section.bytes)
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is of.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// How many files it tells of.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The files, read from the beginning.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), where the file changed meanwhile.
    pub fn nodes(&self) -> Result<impl Nodes + '_, ManifestError> {
        let piece = Piece::whole(&self.file);
        let piece = piece.map_err(|error| ManifestError::file(&self.path, error))?;
        Reader::new(piece, &self.path)
    }
}

/// Reads a manifest from bytes, to its end. Returns what it is of and how many files it has.
///
/// # Errors
///
/// Those of [`ManifestFile::open`].
pub fn check(bytes: &[u8]) -> Result<(Head, u64), ManifestError> {
    let mut reader = Reader::new(bytes, Path::new("manifest"))?;
    let mut count = 0;
    while reader.advance()? {
        count += 1;
    }
    Ok((reader.head, count))
}

/// A manifest as it is read.
struct Reader<R: Read> {
    source: Hashing<BufReader<GzDecoder<BufReader<R>>>>,
    file: PathBuf,
    head: Head,
    node: Node,
    path: Vec<u8>,
    /// Lengths of the paths of the directories that the current file is in, or is itself.
    directories: Vec<usize>,
    started: bool,
    ended: bool,
    count: u64,
    /// Of its version are sections.
    has_sections: bool,
    /// One was read: no file follows.
    has_section: bool,
    keeps_sections: bool,
    sections: Vec<Section>,
    /// How many bytes sections may still have.
    sections_left: u64,
}

impl<R: Read> Reader<R> {
    fn new(mut source: R, file: &Path) -> Result<Self, ManifestError> {
        let broken = |reason: &str| ManifestError::Manifest {
            file: file.to_owned(),
            offset: 0,
            reason: reason.to_owned(),
        };
        let mut start = [0; format::MAGIC.len() + 1];
        if let Err(error) = source.read_exact(&mut start) {
            return Err(match error.kind() {
                io::ErrorKind::UnexpectedEof => broken("it is no manifest"),
                _ => ManifestError::file(file, error),
            });
        }
        let has_sections = match start.split_last() {
            Some((&format::VERSION, magic)) if magic == format::MAGIC => true,
            Some((&format::WITHOUT_SECTIONS, magic)) if magic == format::MAGIC => false,
            Some((version, magic)) if magic == format::MAGIC => {
                let known = format::VERSION;
                return Err(broken(&format!("it is of version {version}, and {known} is known")));
            }
            _ => return Err(broken("it is no manifest")),
        };
        let decoder = GzDecoder::new(BufReader::with_capacity(64 << 10, source));
        let source = BufReader::with_capacity(64 << 10, decoder);
        let mut source = Hashing { source, hash: Sha256::new(), at: 0 };
        source.hash.update(start);
        let mut reader = Self {
            source,
            file: file.to_owned(),
            head: Head::default(),
            node: Node::empty(),
            path: Vec::new(),
            directories: Vec::new(),
            started: false,
            ended: false,
            count: 0,
            has_sections,
            has_section: false,
            keeps_sections: false,
            sections: Vec::new(),
            sections_left: format::SECTIONS_MAX,
        };
        let head = reader.bytes(HEAD_MAX, "its head")?;
        let head = serde_json::from_slice(&head);
        reader.head = head.map_err(|error| reader.broken(format!("its head: {error}")))?;
        Ok(reader)
    }

    fn broken(&self, reason: impl Into<String>) -> ManifestError {
        let (file, offset) = (self.file.clone(), self.source.at);
        ManifestError::Manifest { file, offset, reason: reason.into() }
    }

    fn io(&self, error: &io::Error) -> ManifestError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.broken("it ends too early"),
            _ => self.broken(format!("it cannot be read: {error}")),
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), ManifestError> {
        self.source.read_exact(buffer).map_err(|error| self.io(&error))
    }

    fn number(&mut self, most: u64, what: &str) -> Result<u64, ManifestError> {
        match number(&mut self.source) {
            Ok(Some(number)) if number <= most => Ok(number),
            Ok(_) => Err(self.broken(format!("{what} is no number that can be"))),
            Err(error) => Err(self.io(&error)),
        }
    }

    fn small(&mut self, what: &str) -> Result<u32, ManifestError> {
        let number = self.number(u64::from(u32::MAX), what)?;
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// Bytes with their number before them.
    fn bytes(&mut self, most: u64, what: &str) -> Result<Vec<u8>, ManifestError> {
        let length = self.number(most, what)?;
        // The limits are far below what memory holds.
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads a section, which may be anybody's: no more is allocated than was read.
    fn section(&mut self) -> Result<(), ManifestError> {
        self.has_section = true;
        let name = self.bytes(NAME_MAX as u64, "the name of a section")?;
        // Empty ones take room as well.
        let most = self.sections_left.checked_sub(format::SECTION_HEAD);
        let most = most.ok_or_else(|| self.broken("its sections are too many"))?;
        let length = self.number(most, "the size of sections")?;
        self.sections_left = most - length;
        let mut bytes = Vec::new();
        let mut left = length;
        let mut piece = vec![0; 64 << 10];
        while left > 0 {
            let next = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            let piece = piece.get_mut(..next).unwrap_or_default();
            self.fill(piece)?;
            if self.keeps_sections {
                bytes.extend_from_slice(piece);
            }
            left -= next as u64;
        }
        if self.keeps_sections {
            let Ok(name) = String::from_utf8(name) else {
                return Err(self.broken("the name of a section is no text"));
            };
            self.sections.push(Section { name, bytes });
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), ManifestError> {
        self.ended = true;
        let count = self.number(u64::MAX, "the number of files")?;
        if count != self.count {
            return Err(self.broken(format!("it should have {count} files, not {}", self.count)));
        }
        let expected: [u8; 32] = self.source.hash.clone().finalize().into();
        let mut found = [0; 32];
        self.fill(&mut found)?;
        if found != expected {
            return Err(self.broken("its checksum is wrong"));
        }
        let mut more = [0];
        match self.source.read(&mut more) {
            Ok(0) => {}
            Ok(_) => return Err(self.broken("something follows its end")),
            Err(error) => return Err(self.io(&error)),
        }
        match self.source.source.get_mut().get_mut().read(&mut more) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.broken("something follows its end")),
            Err(error) => Err(self.io(&error)),
        }
    }

    /// Reads the path of the next file and holds it against the one before.
    fn next_path(&mut self) -> Result<(), ManifestError> {
        let before = self.node.path.len();
        let shared = self.number(before as u64, "what a path shares with the one before")?;
        let shared = usize::try_from(shared).unwrap_or(before).min(before);
        let rest = self.bytes((PATH_MAX - shared.min(PATH_MAX)) as u64, "the length of a path")?;
        self.path.clear();
        self.path.extend_from_slice(self.node.path.get(..shared).unwrap_or_default());
        self.path.extend_from_slice(&rest);
        let is_sound = |name: &[u8]| {
            !matches!(name, b"" | b"." | b"..") && name.len() <= NAME_MAX && !name.contains(&0)
        };
        let is_root = self.path.is_empty() && !self.started;
        if !is_root && !self.path.split(|&byte| byte == b'/').all(is_sound) {
            return Err(self.broken("a path is none"));
        }
        if self.started && walk_order(&self.path, &self.node.path).is_le() {
            return Err(self.broken("the paths are not in order"));
        }
        while let Some(&length) = self.directories.last() {
            let above = self.node.path.get(..length).unwrap_or_default();
            let rest = self.path.strip_prefix(above);
            if rest.is_some_and(|rest| length == 0 || rest.starts_with(b"/")) {
                break;
            }
            self.directories.pop();
        }
        let parent = memchr::memrchr(b'/', &self.path).unwrap_or(0);
        if parent != self.directories.last().copied().unwrap_or(0) {
            return Err(self.broken("a path lies in no directory"));
        }
        std::mem::swap(&mut self.node.path, &mut self.path);
        self.started = true;
        Ok(())
    }

    fn xattrs(&mut self) -> Result<(), ManifestError> {
        let what = "the number of extended attributes";
        let count = self.number(XATTRS_MAX, what)?;
        let mut left = XATTRS_MAX;
        for _ in 0..count {
            let name = self.bytes(NAME_MAX as u64, "the name of an extended attribute")?;
            let value = self.bytes(left, "the size of extended attributes")?;
            left = left.saturating_sub((name.len() + value.len()) as u64 + 1);
            if self.node.xattrs.last().is_some_and(|(last, _)| *last >= name) {
                return Err(self.broken("extended attributes are not in order"));
            }
            self.node.xattrs.push((name, value));
        }
        Ok(())
    }
}

impl<R: Read> Nodes for Reader<R> {
    fn advance(&mut self) -> Result<bool, ManifestError> {
        if self.ended {
            return Ok(false);
        }
        let mut tag = [0];
        self.fill(&mut tag)?;
        while tag == [format::SECTION] && self.has_sections {
            self.section()?;
            self.fill(&mut tag)?;
        }
        let [tag] = tag;
        if tag == format::END {
            self.end()?;
            return Ok(false);
        }
        if self.has_section {
            return Err(self.broken("a file follows what is behind the last one"));
        }
        self.next_path()?;
        self.node.mode = self.small("a mode")?;
        if self.node.mode > 0o7777 {
            return Err(self.broken("a mode is none"));
        }
        self.node.owner = Owner { uid: self.small("a user")?, gid: self.small("a group")? };
        let time = signed(self.number(u64::MAX, "a time")?);
        let unit = if tag & format::SECONDS == 0 { 1 } else { 1_000_000_000 };
        self.node.modified = Timestamp::from_nanos(time.saturating_mul(unit));
        (self.node.group, self.node.links) = (None, 1);
        if tag & format::LINKED != 0 {
            self.node.group = Some(self.number(u64::MAX, "the number of a linked file")?);
            self.node.links = self.number(u64::MAX, "the number of names")?;
        }
        self.node.xattrs.clear();
        if tag & format::XATTRS != 0 {
            self.xattrs()?;
        }
        self.node.kind = match tag & format::TYPE {
            format::FILE => {
                let size = self.number(u64::MAX, "a size")?;
                let mut sha256 = [0; 32];
                self.fill(&mut sha256)?;
                NodeKind::File { size, sha256 }
            }
            format::DIRECTORY => NodeKind::Directory,
            format::SYMLINK => {
                NodeKind::Symlink(self.bytes(TARGET_MAX, "the length of a target")?.into())
            }
            format::CHAR_DEVICE => {
                NodeKind::CharDevice(self.small("a device")?, self.small("a device")?)
            }
            format::BLOCK_DEVICE => {
                NodeKind::BlockDevice(self.small("a device")?, self.small("a device")?)
            }
            format::FIFO => NodeKind::Fifo,
            format::SOCKET => NodeKind::Socket,
            _ => return Err(self.broken("a file is of no type")),
        };
        if self.node.kind == NodeKind::Directory {
            self.directories.push(self.node.path.len());
        } else if self.node.path.is_empty() {
            return Err(self.broken("the root is no directory"));
        }
        self.count += 1;
        Ok(true)
    }

    fn node(&self) -> &Node {
        &self.node
    }
}

/// Hashes and counts what is read through it.
struct Hashing<R> {
    source: R,
    hash: Sha256,
    at: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        self.hash.update(buffer.get(..length).unwrap_or_default());
        self.at += length as u64;
        Ok(length)
    }
}
