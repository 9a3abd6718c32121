//! SQLite's write-ahead log: pages that are newer than those of the database.
//!
//! ```text
//! header: 32 bytes │ frames
//! frame: { page, pages after a commit or 0, 2 × salt, 2 × checksum } │ the page
//! ```
//! What is behind the last frame that a transaction ended with does not count, nor does what is
//! left of an earlier round through the file: its salts or checksums differ.

use std::io::Read;
use std::io::Seek;

use rustc_hash::FxHashMap;

use crate::package::Fault;
use crate::package::source::Source;
use crate::package::source::be32;
use crate::package::source::le32;

const HEADER: usize = 32;
const FRAME: usize = 24;
/// With its last bit set where the checksums are made of big-endian numbers.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;

/// A log with at least one transaction.
pub(super) struct Wal<R> {
    source: Source<R>,
    header: Vec<u8>,
    page_size: usize,
    pages: u32,
    /// Where the newest content of a page is.
    newest: FxHashMap<u32, u64>,
}

impl<R: Read + Seek> Wal<R> {
    /// Reads and checks the log. `None` when it has nothing that counts.
    ///
    /// # Errors
    ///
    /// A file that is no log: SQLite would pass it over.
    pub(super) fn new(mut source: Source<R>) -> Result<Option<Self>, Fault> {
        if source.size() == 0 {
            return Ok(None);
        }
        let header = source.read(0, HEADER)?;
        let number = |at| be32(&header, at).unwrap_or(0);
        let (magic, page_size) = (number(0), number(8) as usize);
        let mut sum = Sum { big_endian: magic & 1 != 0, first: 0, second: 0 };
        sum.add(header.get(..24).unwrap_or_default());
        let sound = magic & !1 == MAGIC && number(4) == VERSION && sum.is(number(24), number(28));
        if !sound || !page_size.is_power_of_two() || !(512..=1 << 16).contains(&page_size) {
            return Err(source.fault(0, "is no write-ahead log, or a damaged one"));
        }
        let mut wal = Self { source, header, page_size, pages: 0, newest: FxHashMap::default() };
        wal.replay(sum)?;
        Ok((wal.pages > 0).then_some(wal))
    }

    fn replay(&mut self, mut sum: Sum) -> Result<(), Fault> {
        let length = FRAME + self.page_size;
        let mut pending = Vec::new();
        for index in 0..self.frames() {
            let at = HEADER as u64 + index * length as u64;
            let frame = self.source.read(at, length)?;
            let number = |at| be32(&frame, at).unwrap_or(0);
            sum.add(frame.get(..8).unwrap_or_default());
            sum.add(frame.get(FRAME..).unwrap_or_default());
            let salted = frame.get(8..16) == self.header.get(16..24);
            if number(0) == 0 || !salted || !sum.is(number(16), number(20)) {
                break;
            }
            pending.push((number(0), at + FRAME as u64));
            if number(4) > 0 {
                self.pages = number(4);
                self.newest.extend(pending.drain(..));
            }
        }
        Ok(())
    }

    /// How many frames it has room for.
    pub(super) fn frames(&self) -> u64 {
        self.source.size().saturating_sub(HEADER as u64) / (FRAME + self.page_size) as u64
    }

    /// Size of a page.
    pub(super) const fn page_size(&self) -> usize {
        self.page_size
    }

    /// How many pages the database has after the last transaction.
    pub(super) const fn pages(&self) -> u32 {
        self.pages
    }

    /// The newest content of a page, if it has one, and where.
    pub(super) fn page(&mut self, number: u32) -> Result<Option<(u64, Vec<u8>)>, Fault> {
        match self.newest.get(&number).copied() {
            Some(at) => Ok(Some((at, self.source.read(at, self.page_size)?))),
            None => Ok(None),
        }
    }

    /// Whether somebody wrote since.
    pub(super) fn changed(&mut self) -> Result<bool, Fault> {
        let header = self.source.read(0, HEADER)?;
        Ok(header != self.header || self.source.size_now()? != self.source.size())
    }

    /// What is wrong at a place in it.
    pub(super) fn fault(&self, at: u64, reason: impl Into<String>) -> Fault {
        self.source.fault(at, reason)
    }

    /// Its path.
    pub(super) fn path(&self) -> &[u8] {
        self.source.path()
    }
}

/// The checksum, which goes on from frame to frame.
struct Sum {
    big_endian: bool,
    first: u32,
    second: u32,
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let number = if self.big_endian { be32 } else { le32 };
        for pair in bytes.chunks_exact(8) {
            let [one, two] = [0, 4].map(|at| number(pair, at).unwrap_or(0));
            self.first = self.first.wrapping_add(one).wrapping_add(self.second);
            self.second = self.second.wrapping_add(two).wrapping_add(self.first);
        }
    }

    const fn is(&self, first: u32, second: u32) -> bool {
        self.first == first && self.second == second
    }
}
