//! The bytes of a database file, wherever in it one looks.

use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;

use super::At;
use super::Fault;

/// A file that is read in pieces. Every failure names it and the place.
pub(super) struct Source<R> {
    path: Vec<u8>,
    reader: R,
    size: u64,
}

impl<R: Read + Seek> Source<R> {
    /// A file, with its path for faults.
    ///
    /// # Errors
    ///
    /// When its size cannot be told, or it has more than `most` bytes.
    pub(super) fn new(path: Vec<u8>, mut reader: R, most: u64) -> Result<Self, Fault> {
        let end = reader.seek(SeekFrom::End(0));
        let size = end.map_err(|error| Fault::unread(&path, &error))?;
        if size > most {
            let reason = format!("is not read: its {size} bytes are more than {most}");
            return Err(Fault::new(&path, At::File, reason));
        }
        Ok(Self { path, reader, size })
    }

    /// Its path.
    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }

    /// Its size when it was opened.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Its size now.
    pub(super) fn size_now(&mut self) -> Result<u64, Fault> {
        self.reader.seek(SeekFrom::End(0)).map_err(|error| Fault::unread(&self.path, &error))
    }

    /// Exactly these bytes. The caller bounds `length`; no more than the file has is allocated.
    pub(super) fn read(&mut self, at: u64, length: usize) -> Result<Vec<u8>, Fault> {
        if at.checked_add(length as u64).is_none_or(|end| end > self.size) {
            let reason = format!("the file ends before {length} bytes of it");
            return Err(self.fault(at.min(self.size), reason));
        }
        let mut bytes = vec![0; length];
        let read = self.reader.seek(SeekFrom::Start(at));
        match read.and_then(|_| self.reader.read_exact(&mut bytes)) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(self.fault(at, format!("cannot be read: {error}"))),
        }
    }

    /// What is wrong at a place in it. What leads beyond its end is wrong there.
    pub(super) fn fault(&self, at: u64, reason: impl Into<String>) -> Fault {
        Fault::new(&self.path, At::Byte(at.min(self.size)), reason)
    }
}

/// Which pages were read: of all pages of a sound database each has one use, so one that is met
/// twice means damage, and nothing can be read without end.
pub(super) struct Seen(Vec<u64>);

impl Seen {
    /// For pages below a number.
    pub(super) fn new(pages: u32) -> Self {
        Self(vec![0; pages as usize / 64 + 1])
    }

    /// Whether the page is met for the first time. False for one that does not exist.
    pub(super) fn first(&mut self, page: u32) -> bool {
        let Some(word) = self.0.get_mut(page as usize / 64) else { return false };
        let bit = 1 << (page % 64);
        let first = *word & bit == 0;
        *word |= bit;
        first
    }
}

/// The numbers in a slice, in either order of bytes. `None` beyond its end.
pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

pub(super) fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

pub(super) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}
