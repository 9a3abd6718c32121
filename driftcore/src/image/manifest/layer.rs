//! Putting the archive of a layer onto the tree of those below it.

use std::cell::Cell;
use std::cell::RefCell;
use std::io;
use std::io::Read;
use std::rc::Rc;

use sha2::Digest;
use sha2::Sha256;

use super::Fault;
use super::Limits;
use super::ManifestError;
use super::NodeKind;
use super::blob::Blob;
use super::compression::Bounded;
use super::compression::decompress;
use super::digest::digest_text;
use super::kept::Keeper;
use super::kept::Kept;
use super::limits::NAME_MAX;
use super::limits::PATH_MAX;
use super::tar::Cause;
use super::tar::Entry;
use super::tar::Failure;
use super::tar::Kind;
use super::tar::Tar;
use super::tree::Inode;
use super::tree::Tree;
use super::tree::check_held;
use crate::event::Owner;
use crate::event::Text;

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// What AUFS keeps for itself; nothing is hidden by it.
const META: &[u8] = b".wh..wh.";
/// How much of a file is read at a time.
const BUFFER: usize = 64 << 10;

/// What the image says of a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    /// Digest of the blob as it is; `None` where nothing tells it.
    pub(super) blob: Option<&'a str>,
    /// Digest of the archive, decompressed.
    pub(super) content: &'a str,
}

/// Reads a layer's archive, puts it on the tree, and holds it against both of its digests. `entries`
/// is how many entries may still come. After an error the tree is of no use.
pub(super) fn apply(
    tree: &mut Tree,
    blob: Blob<'_>,
    expected: Expected<'_>,
    limits: &Limits,
    entries: &mut u64,
) -> Result<(), ManifestError> {
    let Blob { name, reader } = blob;
    let blob = Hashed::new(reader);
    let compressed = blob.count();
    let blob = Rc::new(RefCell::new(blob));
    let result = put(tree, Shared(Rc::clone(&blob)), compressed, limits, entries);
    let mut blob = blob.borrow_mut();
    // Where the bytes are not the image's, nothing else that is wrong with them matters.
    let rest = io::copy(&mut *blob, &mut io::sink());
    if let (Some(expected), Ok(_)) = (expected.blob, rest) {
        check(&name, expected, blob.digest())?;
    }
    let content = result.map_err(|failure| explain(&name, failure))?;
    check(&name, expected.content, content)
}

/// As [`apply`], of an archive that nothing is known about.
pub(super) fn apply_unproved(
    tree: &mut Tree,
    blob: Blob<'_>,
    limits: &Limits,
    entries: &mut u64,
) -> Result<(), ManifestError> {
    let Blob { name, reader } = blob;
    let blob = Hashed::new(reader);
    let compressed = blob.count();
    let result = put(tree, blob, compressed, limits, entries);
    result.map(|_| ()).map_err(|failure| explain(&name, failure))
}

fn check(blob: &str, expected: &str, found: [u8; 32]) -> Result<(), ManifestError> {
    let found = digest_text(found);
    if found == expected {
        return Ok(());
    }
    Err(ManifestError::Digest { blob: blob.to_owned(), expected: expected.to_owned(), found })
}

pub(super) fn explain(archive: &str, failure: Failure) -> ManifestError {
    let Failure { offset, entry, cause } = failure;
    let fault = match cause {
        Cause::Fault(fault) => fault,
        Cause::Io(error) => match error.get_ref().and_then(|it| it.downcast_ref::<Fault>()) {
            Some(fault) => fault.clone(),
            None => Fault::Compression(error.to_string()),
        },
    };
    let entry = entry.map(Text::from);
    ManifestError::Archive { archive: archive.to_owned(), entry, offset, fault }
}

/// Puts the entries of an archive on the tree. Returns the digest of the archive.
fn put<'a>(
    tree: &mut Tree,
    blob: impl Read + 'a,
    compressed: Rc<Cell<u64>>,
    limits: &'a Limits,
    entries: &mut u64,
) -> Result<[u8; 32], Failure> {
    let start = |error| Failure { offset: 0, entry: None, cause: Cause::Io(error) };
    let content = decompress(blob).map_err(start)?;
    let mut content = Hashed::new(Bounded::new(content, limits, compressed));
    let mut tar = Tar::new(&mut content, limits);
    let mut buffer = vec![0; BUFFER];
    tree.next_layer();
    while let Some(entry) = tar.next()? {
        let fail = |entry: &Entry, fault: Fault| Failure {
            offset: entry.offset,
            entry: Some(entry.path.clone()),
            cause: fault.into(),
        };
        *entries = entries.checked_sub(1).ok_or_else(|| {
            fail(&entry, Fault::Limit { what: "entries of all layers", limit: limits.entries })
        })?;
        let path = plain(&entry.path, Fault::Upwards).map_err(|fault| fail(&entry, fault))?;
        let (hash, kept) = match entry.kind {
            Kind::File => digest(&mut tar, &mut buffer, &path, &mut tree.keeper)?,
            _ => ([0; 32], None),
        };
        put_entry(tree, &path, &entry, hash, kept).map_err(|fault| fail(&entry, fault))?;
        check_held(tree, limits).map_err(|fault| fail(&entry, fault))?;
    }
    // What follows the end of the archive counts for its digest.
    io::copy(&mut content, &mut io::sink()).map_err(|error| Failure {
        offset: content.count().get(),
        entry: None,
        cause: Cause::Io(error),
    })?;
    Ok(content.digest())
}

/// Reads a file to its end: its digest, and where its content is kept.
fn digest<R: Read>(
    tar: &mut Tar<'_, R>,
    buffer: &mut [u8],
    path: &[u8],
    keeper: &mut Keeper,
) -> Result<([u8; 32], Option<Kept>), Failure> {
    let mut hash = Sha256::new();
    let mut first = true;
    let mut keeping = None;
    let absolute = || [b"/", path].concat();
    loop {
        let mut length = 0;
        while length < buffer.len() {
            match tar.read(buffer.get_mut(length..).unwrap_or_default())? {
                0 => break,
                more => length += more,
            }
        }
        let piece = buffer.get(..length).unwrap_or_default();
        if std::mem::take(&mut first) {
            keeping = keeper.begin(absolute, piece);
        }
        if piece.is_empty() {
            let kept = keeping.and_then(|size| keeper.end(&absolute(), size));
            return Ok((hash.finalize().into(), kept));
        }
        hash.update(piece);
        keeping = keeping.and_then(|size| keeper.add(size, piece));
    }
}

fn put_entry(
    tree: &mut Tree,
    path: &[u8],
    entry: &Entry,
    sha256: [u8; 32],
    kept: Option<Kept>,
) -> Result<(), Fault> {
    let (parent, name) = match memchr::memrchr(b'/', path) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (&path[..0], path),
    };
    if name == OPAQUE {
        return tree.opaque(parent);
    }
    if name.starts_with(META) {
        return Ok(());
    }
    if let Some(hidden) = name.strip_prefix(WHITEOUT) {
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(Fault::Whiteout);
        }
        return tree.whiteout(parent, hidden);
    }
    let (major, minor) = entry.device;
    let kind = match entry.kind {
        Kind::File => NodeKind::File { size: entry.size, sha256 },
        Kind::Directory => NodeKind::Directory,
        Kind::Symlink => NodeKind::Symlink(entry.target.as_slice().into()),
        Kind::CharDevice => NodeKind::CharDevice(major, minor),
        Kind::BlockDevice => NodeKind::BlockDevice(major, minor),
        // Of a hard link the kind is that of its target.
        Kind::Fifo | Kind::HardLink => NodeKind::Fifo,
    };
    let xattrs = (!entry.xattrs.is_empty()).then(|| Box::new(entry.xattrs.clone()));
    let owner = Owner { uid: entry.uid, gid: entry.gid };
    // Linux gives a link all rights.
    let mode = if entry.kind == Kind::Symlink { 0o777 } else { entry.mode };
    let inode = Inode { kind, mode, owner, modified: entry.modified, xattrs, names: 1 };
    if entry.kind == Kind::HardLink {
        let target = plain(&entry.target, Fault::LinkUpwards)?;
        if path.is_empty() {
            return Err(Fault::Root);
        }
        return tree.link(path, &target, inode);
    }
    tree.insert(path, inode, kept)
}

/// A path without what names nothing: slashes at its ends or twice, and `.`.
pub(super) fn plain(path: &[u8], upwards: Fault) -> Result<Vec<u8>, Fault> {
    let mut plain = Vec::with_capacity(path.len());
    for name in path.split(|&byte| byte == b'/') {
        match name {
            b"" | b"." => continue,
            b".." => return Err(upwards),
            _ => {}
        }
        if name.len() > NAME_MAX {
            return Err(Fault::Long(name.len()));
        }
        if !plain.is_empty() {
            plain.push(b'/');
        }
        plain.extend_from_slice(name);
    }
    if plain.len() > PATH_MAX {
        return Err(Fault::Long(plain.len()));
    }
    Ok(plain)
}

/// Hashes and counts what is read through it.
pub(super) struct Hashed<R> {
    source: R,
    hash: Sha256,
    count: Rc<Cell<u64>>,
}

impl<R> Hashed<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, hash: Sha256::new(), count: Rc::default() }
    }

    pub(super) fn count(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.count)
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        self.hash.update(buffer.get(..length).unwrap_or_default());
        self.count.set(self.count.get() + length as u64);
        Ok(length)
    }
}

/// A reader that is still there when what reads through it has failed.
struct Shared<R>(Rc<RefCell<R>>);

impl<R: Read> Read for Shared<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

#[cfg(test)]
mod tests;
