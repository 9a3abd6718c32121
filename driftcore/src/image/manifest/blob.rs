//! Where the documents and layers of an image are: a directory, or an archive of one.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use serde::de::DeserializeOwned;
use sha2::Digest;
use sha2::Sha256;

use super::Fault;
use super::Limits;
use super::ManifestError;
use super::compression::Bounded;
use super::compression::HEAD;
use super::compression::Kind;
use super::compression::decompress;
use super::compression::kind;
use super::digest::digest_text;
use super::digest::digits;
use super::layer::Hashed;
use super::layer::explain;
use super::layer::plain;
use super::tar::Cause;
use super::tar::Failure;
use super::tar::Kind as EntryKind;
use super::tar::Tar;
use super::tar::padding;
use crate::event::Text;
use crate::provenance::Dir;

/// Most entries of the archive of an image: a few for each layer.
const ARCHIVE_ENTRIES: usize = 100_000;
/// How many links from name to name are followed in an archive.
const LINKS: u32 = 8;
const BUFFER: usize = 128 << 10;

/// A document or layer, open at its beginning.
pub(super) struct Blob<'a> {
    /// Its place, for people.
    pub(super) name: String,
    pub(super) reader: Box<dyn Read + 'a>,
}

/// Where blobs are kept under their digests.
pub(super) struct Store {
    place: Place,
    shown: PathBuf,
    /// The directory of blobs that are named by SHA-256.
    blobs: &'static str,
}

enum Place {
    Directory(Dir),
    Archive { file: File, index: HashMap<Vec<u8>, Found> },
}

/// What an archive has under a name.
enum Found {
    /// Content: where it begins and its size.
    File(u64, u64),
    /// Another name.
    Link(Vec<u8>),
}

impl Store {
    /// The store in a directory; `blobs` is where in it they are.
    pub(super) fn directory(path: &Path, blobs: &'static str) -> Result<Self, ManifestError> {
        let directory = Dir::open(path).map_err(|errno| ManifestError::file(path, errno))?;
        Ok(Self { place: Place::Directory(directory), shown: path.to_owned(), blobs })
    }

    /// The archive of a layout, or of `docker save`. One that is compressed as a whole is unpacked
    /// into a temporary file that has no name.
    pub(super) fn archive(path: &Path, limits: &Limits) -> Result<Self, ManifestError> {
        let error = |source| ManifestError::file(path, source);
        // O_NONBLOCK: opening a FIFO must not wait for its writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|it| error(it.into()))?;
        let mut file = File::from(file);
        if !file.metadata().map_err(error)?.is_file() {
            return Err(error(io::Error::other("it is no regular file")));
        }
        let mut head = Vec::new();
        (&file).take(HEAD).read_to_end(&mut head).map_err(error)?;
        let name = path.display().to_string();
        let compressed = kind(&head).map_err(|fault| refuse(&name, None, 0, fault))?;
        if compressed != Kind::Plain {
            file = unpack(path, &file, limits)?;
        }
        let index = index(&file, limits).map_err(|failure| explain(&name, failure))?;
        let place = Place::Archive { file, index };
        Ok(Self { place, shown: path.to_owned(), blobs: "blobs/sha256" })
    }

    /// The place of something in the store, for people.
    pub(super) fn name(&self, relative: &str) -> String {
        self.shown.join(relative).display().to_string()
    }

    /// Opens a file by its path in the store. `None` when there is none.
    pub(super) fn open(&self, relative: &str) -> Result<Option<Blob<'_>>, ManifestError> {
        let name = self.name(relative);
        let error = |errno: Errno| ManifestError::file(Path::new(&name), errno);
        let reader: Box<dyn Read> = match &self.place {
            Place::Directory(directory) => {
                let located = match directory.locate(Path::new(relative)) {
                    Ok(located) => located,
                    Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
                    Err(errno) => return Err(error(errno)),
                };
                Box::new(located.open().map_err(error)?)
            }
            Place::Archive { file, index } => {
                let Some((at, size)) = look_up(index, relative.as_bytes()) else {
                    return Ok(None);
                };
                Box::new(Piece { file, at, left: size })
            }
        };
        Ok(Some(Blob { name, reader: Box::new(BufReader::with_capacity(BUFFER, reader)) }))
    }

    /// Opens a blob by its digest, which is not held against it yet.
    pub(super) fn blob(&self, digest: &str) -> Result<Blob<'_>, ManifestError> {
        let document = |reason: String| ManifestError::document(self.name(self.blobs), reason);
        let digits = digits(digest)
            .ok_or_else(|| document(format!("{digest:?} is not a SHA-256 digest")))?;
        let blob = self.open(&format!("{}/{digits}", self.blobs))?;
        blob.ok_or_else(|| document(format!("{digest} is not there")))
    }

    /// Whether a blob is there.
    pub(super) fn has(&self, digest: &str) -> bool {
        digits(digest).is_some_and(|digits| {
            self.open(&format!("{}/{digits}", self.blobs)).is_ok_and(|blob| blob.is_some())
        })
    }

    /// Reads a blob that is a JSON document and proves it by its digest.
    pub(super) fn document<T: DeserializeOwned>(
        &self,
        digest: &str,
        limits: &Limits,
    ) -> Result<T, ManifestError> {
        let blob = self.blob(digest)?;
        let name = blob.name.clone();
        let bytes = read(blob, limits)?;
        let found = digest_text(Sha256::digest(&bytes).into());
        if found != digest {
            let expected = digest.to_owned();
            return Err(ManifestError::Digest { blob: name, expected, found });
        }
        parse(name, &bytes)
    }
}

/// Reads a document whole.
pub(super) fn read(blob: Blob<'_>, limits: &Limits) -> Result<Vec<u8>, ManifestError> {
    let Blob { name, reader } = blob;
    let mut bytes = Vec::new();
    let read = reader.take(limits.document + 1).read_to_end(&mut bytes);
    read.map_err(|error| ManifestError::file(Path::new(&name), error))?;
    if bytes.len() as u64 > limits.document {
        let reason = format!("it is larger than {} bytes", limits.document);
        return Err(ManifestError::document(name, reason));
    }
    Ok(bytes)
}

/// Parses a document.
pub(super) fn parse<T: DeserializeOwned>(name: String, bytes: &[u8]) -> Result<T, ManifestError> {
    serde_json::from_slice(bytes).map_err(|error| ManifestError::document(name, error.to_string()))
}

fn refuse(archive: &str, entry: Option<&[u8]>, offset: u64, fault: Fault) -> ManifestError {
    let entry = entry.map(Text::from);
    ManifestError::Archive { archive: archive.to_owned(), entry, offset, fault }
}

/// Unpacks a file into one that has no name.
fn unpack(path: &Path, file: &File, limits: &Limits) -> Result<File, ManifestError> {
    let error = |source| ManifestError::file(path, source);
    let directory = std::env::temp_dir();
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let unnamed = rustix::fs::open(&directory, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|errno| ManifestError::file(&directory, errno))?;
    let mut unnamed = File::from(unnamed);
    let piece = Piece::whole(file).map_err(error)?;
    let source = Hashed::new(BufReader::with_capacity(BUFFER, piece));
    let count = source.count();
    let content = decompress(source).map_err(error)?;
    let copied = io::copy(&mut Bounded::new(content, limits, count), &mut unnamed);
    copied.map_err(|error| {
        let name = path.display().to_string();
        explain(&name, Failure { offset: 0, entry: None, cause: Cause::Io(error) })
    })?;
    Ok(unnamed)
}

/// The files in an archive, by name. Content is passed over.
fn index(file: &File, limits: &Limits) -> Result<HashMap<Vec<u8>, Found>, Failure> {
    let mut index = HashMap::new();
    let io = |error| Failure { offset: 0, entry: None, cause: Cause::Io(error) };
    let length = file.metadata().map_err(io)?.len();
    let mut at = 0;
    for count in 0.. {
        let piece = Piece { file, at, left: length.saturating_sub(at) };
        let mut tar = Tar::starting_at(piece, limits, at);
        let Some(entry) = tar.next()? else { break };
        let content = tar.at();
        let fail = |fault: Fault| Failure {
            offset: entry.offset,
            entry: Some(entry.path.clone()),
            cause: fault.into(),
        };
        if count == ARCHIVE_ENTRIES {
            let limit = ARCHIVE_ENTRIES as u64;
            return Err(fail(Fault::Limit { what: "entries of the archive of an image", limit }));
        }
        let end = content.checked_add(entry.size).filter(|&end| end <= length);
        let end = end.ok_or_else(|| fail(Fault::Truncated))?;
        at = end + padding(entry.size);
        let path = plain(&entry.path, Fault::Upwards).map_err(fail)?;
        let found = match entry.kind {
            EntryKind::File => Found::File(content, entry.size),
            // Older versions of Docker write a layer once and link to it.
            EntryKind::Symlink => Found::Link(beside(&path, &entry.target)),
            EntryKind::HardLink => {
                Found::Link(plain(&entry.target, Fault::LinkUpwards).map_err(fail)?)
            }
            _ => continue,
        };
        index.insert(path, found);
    }
    Ok(index)
}

/// Where a link leads that stands at a path; a path that no archive has when it leads out of it.
fn beside(path: &[u8], target: &[u8]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
    names.pop();
    for name in target.split(|&byte| byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => _ = names.pop(),
            name => names.push(name),
        }
    }
    names.join(&b'/')
}

fn look_up(index: &HashMap<Vec<u8>, Found>, path: &[u8]) -> Option<(u64, u64)> {
    let mut found = index.get(path)?;
    for _ in 0..LINKS {
        match found {
            Found::File(at, size) => return Some((*at, *size)),
            Found::Link(target) => found = index.get(target)?,
        }
    }
    None
}

/// A part of a file, read on its own.
pub(super) struct Piece<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl<'a> Piece<'a> {
    /// The file from its beginning to the end that it has now.
    pub(super) fn whole(file: &'a File) -> io::Result<Self> {
        Ok(Self { file, at: 0, left: file.metadata()?.len() })
    }
}

impl Read for Piece<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let length = self.file.read_at(buffer.get_mut(..most).unwrap_or_default(), self.at)?;
        self.at += length as u64;
        self.left -= length as u64;
        Ok(length)
    }
}
