//! RPM's own database, `Packages.db` (ndb): a table of slots, and what they lead to.
//!
//! ```text
//! header │ slots × { "Slot", package, first block, blocks } │ blobs
//! blob: { "BlbS", package, generation, length } │ bytes │ padding │ { adler32, length, "BlbE" }
//! ```
//! All numbers are of 32 bits and little endian; a block has 16 bytes. The layout is that of
//! `lib/backend/ndb/rpmpkg.c` in RPM.

use std::io::Read;
use std::io::Seek;
use std::ops::ControlFlow;

use super::blobs::Blob;
use super::blobs::Blobs;
use super::blobs::LARGEST;
use crate::package::Fault;
use crate::package::source::Source;
use crate::package::source::le32;

const MAGIC: &[u8] = b"RpmP";
const VERSION: u32 = 0;
const HEADER: usize = 32;
const SLOT: usize = 16;
/// Slots come in pages.
const PAGE: usize = 4096;
/// The header takes the room of as many slots.
const FIRST: usize = HEADER / SLOT;
const BLOCK: u64 = 16;
const BLOB_HEAD: usize = 16;
const BLOB_TAIL: usize = 12;
/// What is in the heads of slots and blobs.
const SLOT_MAGIC: &[u8] = b"Slot";
const BLOB_START: &[u8] = b"BlbS";
const BLOB_END: &[u8] = b"BlbE";

/// Hands on each header of a database.
pub(super) fn read<R: Read + Seek>(mut db: Source<R>, to: &mut dyn Blobs) -> ControlFlow<()> {
    if db.size() == 0 {
        return ControlFlow::Continue(());
    }
    let header = match header(&mut db) {
        Ok(header) => header,
        Err(fault) => return to.fault(fault),
    };
    let pages = le32(&header, 12).unwrap_or(0);
    // Blobs do not lie over one another, so all together are no longer than the file.
    let mut left = db.size();
    for page in 0..u64::from(pages) {
        let start = page * PAGE as u64;
        let slots = match db.read(start, PAGE) {
            Ok(slots) => slots,
            Err(fault) => {
                to.fault(fault)?;
                break;
            }
        };
        let first = if page == 0 { FIRST } else { 0 };
        for (index, slot) in slots.chunks_exact(SLOT).enumerate().skip(first) {
            let at = start + (index * SLOT) as u64;
            match blob(&mut db, slot, at, &mut left) {
                Ok(None) => {}
                Ok(Some((at, bytes))) => to.blob(Blob { path: db.path(), at, bytes: &bytes })?,
                Err(fault) => to.fault(fault)?,
            }
        }
    }
    match self::header(&mut db) {
        Ok(now) if now == header => ControlFlow::Continue(()),
        Ok(_) => to.fault(db.fault(0, "changed while it was read")),
        Err(fault) => to.fault(fault),
    }
}

/// The header, in which a number changes with every transaction.
fn header<R: Read + Seek>(db: &mut Source<R>) -> Result<Vec<u8>, Fault> {
    let header = db.read(0, HEADER)?;
    if !header.starts_with(MAGIC) {
        return Err(db.fault(0, "is no database of RPM's own kind"));
    }
    if le32(&header, 4) != Some(VERSION) {
        return Err(db.fault(4, "is of a version that is not known"));
    }
    Ok(header)
}

/// What a slot leads to, and where its bytes begin. `None` for a free slot.
fn blob<R: Read + Seek>(
    db: &mut Source<R>,
    slot: &[u8],
    at: u64,
    left: &mut u64,
) -> Result<Option<(u64, Vec<u8>)>, Fault> {
    let number = |at| le32(slot, at).unwrap_or(0);
    if !slot.starts_with(SLOT_MAGIC) {
        return Err(db.fault(at, "should be a slot"));
    }
    let (package, block, blocks) = (number(4), u64::from(number(8)), u64::from(number(12)));
    if package == 0 {
        return Ok(None);
    }
    let (start, length) = (block * BLOCK, blocks * BLOCK);
    *left = left
        .checked_sub(length)
        .ok_or_else(|| db.fault(at, "the slots lead to more than the file has"))?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > LARGEST {
        let reason = format!("a header of {length} bytes, which are more than {LARGEST}");
        return Err(db.fault(at, reason));
    }
    let mut bytes = db.read(start, length)?;
    match content(&bytes, package) {
        Ok(length) => {
            bytes.truncate(BLOB_HEAD + length);
            bytes.drain(..BLOB_HEAD);
            Ok(Some((start + BLOB_HEAD as u64, bytes)))
        }
        Err(reason) => Err(db.fault(start, reason)),
    }
}

/// The length of what is in a blob, after all that is to be checked.
fn content(blob: &[u8], package: u32) -> Result<usize, &'static str> {
    let number = |at| le32(blob, at).unwrap_or(0);
    let tail = blob.len().checked_sub(BLOB_TAIL).filter(|&tail| tail >= BLOB_HEAD);
    let tail = tail.ok_or("too short for a header")?;
    let length = number(12);
    let fits = BLOB_HEAD.checked_add(length as usize).is_some_and(|end| end <= tail);
    let ended = blob.ends_with(BLOB_END) && number(tail + 4) == length;
    if !blob.starts_with(BLOB_START) || number(4) != package || !fits || !ended {
        return Err("is not what its slot says");
    }
    if adler32(blob.get(..tail).unwrap_or_default()) != number(tail) {
        return Err("a header whose checksum is wrong");
    }
    Ok(length as usize)
}

fn adler32(bytes: &[u8]) -> u32 {
    /// As many sums as do not overflow.
    const RUN: usize = 5552;
    const MODULUS: u32 = 65521;
    let (mut one, mut two) = (1, 0);
    for run in bytes.chunks(RUN) {
        for &byte in run {
            one += u32::from(byte);
            two += one;
        }
        one %= MODULUS;
        two %= MODULUS;
    }
    two << 16 | one
}
