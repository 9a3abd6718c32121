//! Reading the archive of a layer, entry by entry.
//!
//! The `tar` crate reads the fields of a header. Its own iterator is not used: it holds extended
//! headers of any size, and splits the records of a PAX header at line ends, which the values of
//! extended attributes may have in them. What an entry means is taken from what Docker and
//! containerd, with Go's `archive/tar`, make of it, so that a manifest has what they unpack.

use std::io;
use std::io::Read;

use super::Fault;
use super::Limits;
use super::pax;

const BLOCK: usize = 512;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    HardLink,
    Symlink,
    CharDevice,
    BlockDevice,
    Directory,
    Fifo,
}

/// An entry of an archive. Paths are as the archive has them, and nothing is proved of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where its header begins.
    pub(super) offset: u64,
    pub(super) path: Vec<u8>,
    /// The target of a link.
    pub(super) target: Vec<u8>,
    pub(super) kind: Kind,
    /// Bytes of content; 0 for all but files.
    pub(super) size: u64,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Nanoseconds since 1970.
    pub(super) modified: i64,
    pub(super) device: (u32, u32),
    /// Sorted by name.
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Why reading ended before the end of an archive.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) offset: u64,
    pub(super) entry: Option<Vec<u8>>,
    pub(super) cause: Cause,
}

#[derive(Debug)]
pub(super) enum Cause {
    Fault(Fault),
    Io(io::Error),
}

impl From<Fault> for Cause {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// An archive that is read from its beginning to its end.
pub(super) struct Tar<'a, R> {
    source: R,
    limits: &'a Limits,
    /// How many bytes were read.
    at: u64,
    /// Content of the current entry that was not read yet, and what fills its last block.
    left: u64,
    padding: u64,
    /// The path and the place of the current entry, for errors.
    current: Option<(Vec<u8>, u64)>,
}

/// What extended headers say of the entry that follows them.
#[derive(Default)]
struct Extended {
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    pax: pax::Records,
}

impl<'a, R: Read> Tar<'a, R> {
    pub(super) const fn new(source: R, limits: &'a Limits) -> Self {
        Self::starting_at(source, limits, 0)
    }

    /// An archive of which the source begins at an entry, so many bytes from the beginning.
    pub(super) const fn starting_at(source: R, limits: &'a Limits, at: u64) -> Self {
        Self { source, limits, at, left: 0, padding: 0, current: None }
    }

    /// Where reading is: after [`next`](Self::next), at the content of the entry.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// The next entry; `None` at the end of the archive. What was not read of the content of
    /// the one before is skipped.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Failure> {
        self.skip()?;
        self.current = None;
        let mut extended = Extended::default();
        let mut start = None;
        loop {
            let offset = self.at;
            let Some(header) = self.header()? else {
                return match start {
                    None => Ok(None),
                    // An extended header with nothing that it is about.
                    Some(_) => Err(self.fault(offset, Fault::Truncated)),
                };
            };
            start.get_or_insert(offset);
            let fields = tar::Header::from_byte_slice(&header);
            match fields.as_old().linkflag[0] {
                b'x' => {
                    let bytes = self.extension(offset, fields)?;
                    let records = pax::parse(&bytes);
                    extended.pax = records.map_err(|fault| self.fault(offset, fault))?;
                }
                // Runtimes leave what is said of all entries alone.
                b'g' => _ = self.extension(offset, fields)?,
                b'L' => extended.long_name = Some(self.extension(offset, fields)?),
                b'K' => extended.long_link = Some(self.extension(offset, fields)?),
                _ => {
                    let start = start.unwrap_or(offset);
                    let entry = entry(fields, extended, start, self.limits);
                    let entry = entry.map_err(|(path, fault)| Failure {
                        offset: start,
                        entry: Some(path),
                        cause: fault.into(),
                    })?;
                    self.left = entry.size;
                    self.padding = padding(entry.size);
                    self.current = Some((entry.path.clone(), start));
                    return Ok(Some(entry));
                }
            }
        }
    }

    /// Reads content of the current entry; 0 at its end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let length = read_some(&mut self.source, buffer).map_err(|error| self.io(error))?;
        if length == 0 {
            return Err(self.fault(self.at, Fault::Truncated));
        }
        self.at += length as u64;
        self.left -= length as u64;
        Ok(length)
    }

    /// A header; `None` at the end.
    fn header(&mut self) -> Result<Option<[u8; BLOCK]>, Failure> {
        let offset = self.at;
        let mut header = [0; BLOCK];
        match self.fill(&mut header)? {
            0 => return Ok(None),
            BLOCK => {}
            _ => return Err(self.fault(offset, Fault::Truncated)),
        }
        // Two blocks of zeros are the end, and so is one with nothing behind it.
        if header == [0; BLOCK] {
            let second = self.fill(&mut header)?;
            if second == 0 || second == BLOCK && header == [0; BLOCK] {
                return Ok(None);
            }
            return Err(self.fault(offset, Fault::Checksum));
        }
        let fields = tar::Header::from_byte_slice(&header);
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        let own: u32 = fields.as_old().cksum.iter().map(|&byte| u32::from(byte)).sum();
        // The sum is one over the header with spaces in the place of the sum.
        let expected = sum - own + 8 * u32::from(b' ');
        if fields.cksum().ok() != Some(expected) {
            return Err(self.fault(offset, Fault::Checksum));
        }
        Ok(Some(header))
    }

    /// The content of an extended header.
    fn extension(&mut self, offset: u64, fields: &tar::Header) -> Result<Vec<u8>, Failure> {
        let size = fields.entry_size().map_err(|_| self.fault(offset, Fault::Number("size")))?;
        let limit = self.limits.header;
        if size > limit {
            return Err(
                self.fault(offset, Fault::Limit { what: "bytes of an extended header", limit })
            );
        }
        // The limit is far below what memory holds.
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        if self.fill(&mut bytes)? < bytes.len() {
            return Err(self.fault(offset, Fault::Truncated));
        }
        (self.left, self.padding) = (0, padding(size));
        self.skip()?;
        Ok(bytes)
    }

    fn skip(&mut self) -> Result<(), Failure> {
        let mut piece = [0; 8 * BLOCK];
        while self.left > 0 {
            self.read(&mut piece)?;
        }
        let padding = usize::try_from(self.padding).unwrap_or(0);
        let piece = piece.get_mut(..padding).unwrap_or_default();
        if self.fill(piece)? < padding {
            return Err(self.fault(self.at, Fault::Truncated));
        }
        self.padding = 0;
        Ok(())
    }

    /// Fills a buffer, as far as there is something.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match read_some(&mut self.source, rest).map_err(|error| self.io(error))? {
                0 => break,
                length => {
                    filled += length;
                    self.at += length as u64;
                }
            }
        }
        Ok(filled)
    }

    fn fault(&self, offset: u64, fault: Fault) -> Failure {
        self.failure(offset, fault.into())
    }

    fn io(&self, error: io::Error) -> Failure {
        self.failure(self.at, Cause::Io(error))
    }

    fn failure(&self, offset: u64, cause: Cause) -> Failure {
        match &self.current {
            Some((path, start)) => Failure { offset: *start, entry: Some(path.clone()), cause },
            None => Failure { offset, entry: None, cause },
        }
    }
}

fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// How many bytes follow content of this size up to the next header.
pub(super) const fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

/// Puts together what a header and the extended headers before it say.
fn entry(
    fields: &tar::Header,
    extended: Extended,
    offset: u64,
    limits: &Limits,
) -> Result<Entry, (Vec<u8>, Fault)> {
    let Extended { long_name, long_link, pax } = extended;
    // A long name of GNU's goes before a PAX header, and that before the header's own.
    let path = long_name.map(until_nul).or(pax.path).unwrap_or_else(|| fields.path_bytes().into());
    let fault = |fault| (path.clone(), fault);
    let old = fields.as_old();
    let number = |field: &[u8], result: io::Result<u64>, what| match result {
        Ok(number) => Ok(number),
        // What is not filled in is zero.
        Err(_) if field.iter().all(|byte| matches!(byte, 0 | b' ')) => Ok(0),
        Err(_) => Err((path.clone(), Fault::Number(what))),
    };
    let kind = match old.linkflag[0] {
        // Archives older than the type for directories have a slash.
        0 if path.ends_with(b"/") => Kind::Directory,
        0 | b'0' => Kind::File,
        b'1' => Kind::HardLink,
        b'2' => Kind::Symlink,
        b'3' => Kind::CharDevice,
        b'4' => Kind::BlockDevice,
        b'5' => Kind::Directory,
        b'6' => Kind::Fifo,
        b'S' => return Err(fault(Fault::Sparse)),
        other => return Err(fault(Fault::Type(char::from(other)))),
    };
    if pax.sparse {
        return Err(fault(Fault::Sparse));
    }
    let target = long_link.map(until_nul).or(pax.link_path);
    let target = target.or_else(|| fields.link_name_bytes().map(Into::into)).unwrap_or_default();
    if path.contains(&0) || target.contains(&0) {
        return Err(fault(Fault::Nul));
    }
    let mut size = match pax.size {
        Some(size) => size,
        None => number(&old.size, fields.entry_size(), "size")?,
    };
    // The others have no content, whatever their header says.
    if kind != Kind::File {
        size = 0;
    }
    if size > limits.file {
        return Err(fault(Fault::Limit { what: "bytes of a file", limit: limits.file }));
    }
    let id = |own: Option<u64>, field: &[u8], header: io::Result<u64>, what| {
        let id = own.map_or_else(|| number(field, header, what), Ok)?;
        u32::try_from(id).map_err(|_| (path.clone(), Fault::Number(what)))
    };
    let uid = id(pax.uid, &old.uid, fields.uid(), "user")?;
    let gid = id(pax.gid, &old.gid, fields.gid(), "group")?;
    let mode = number(&old.mode, fields.mode().map(u64::from), "mode")?;
    let mode = u32::try_from(mode & 0o7777).unwrap_or(0);
    let seconds = || {
        let seconds = fields.mtime().unwrap_or(0);
        i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000)
    };
    let modified = pax.modified.unwrap_or_else(seconds);
    let mut device = (0, 0);
    if matches!(kind, Kind::CharDevice | Kind::BlockDevice) {
        let part = |part: io::Result<Option<u32>>| match part {
            Ok(part) => Ok(part.unwrap_or(0)),
            Err(_) => Err(fault(Fault::Number("device"))),
        };
        device = (part(fields.device_major())?, part(fields.device_minor())?);
    }
    let xattrs = pax.xattrs;
    Ok(Entry { offset, path, target, kind, size, mode, uid, gid, modified, device, xattrs })
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = memchr::memchr(0, &bytes).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}
