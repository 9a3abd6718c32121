//! RPM's database in SQLite, `rpmdb.sqlite`: the rows of one table, read from the pages themselves.
//!
//! # Why not by SQLite
//!
//! The file is the container's to write, and so are those beside it. SQLite opens databases by
//! path, looks for journals beside them by name, and rolls them back or recovers them into the
//! file; what it is given here is a file that is already open, of a layer that nobody may write
//! to. It could read a copy in memory, at the price of a C compiler, more than a megabyte of code
//! and all of SQL in every program that embeds this crate, to list one table that has no index we
//! need. Readers in Rust alone exist (as of 2026: prototypes, none that takes anything but a
//! path). What remains to be read is small and frozen by promise until 2050: table b-trees,
//! overflow pages, and the write-ahead log, which RPM leaves behind when it is killed. The format
//! is that of <https://www.sqlite.org/fileformat2.html>.

use std::io::Read;
use std::io::Seek;
use std::ops::ControlFlow;

use super::blobs::Blob;
use super::blobs::Blobs;
use super::blobs::LARGEST;
use super::wal::Wal;
use crate::package::Fault;
use crate::package::source::Seen;
use crate::package::source::Source;
use crate::package::source::be16;
use crate::package::source::be32;

const MAGIC: &[u8] = b"SQLite format 3\0";
/// Length of the database's header, which is at the start of its first page.
const HEADER: usize = 100;
/// Where in it a number is that changes with the database.
const COUNTER: usize = 24;
/// The least that a page may hold.
const USABLE: usize = 480;
/// Kinds of pages.
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;
/// SQLite's own limit is 20.
const DEPTH: u32 = 20;
/// Most bytes of a row of the schema.
const SCHEMA_ROW: usize = 64 << 10;
/// The table, and which of its columns has the header.
const TABLE: &[u8] = b"Packages";
const COLUMN: usize = 1;

/// Hands on each header of a database, with what is in its write-ahead log.
pub(super) fn read<R: Read + Seek>(
    db: Source<R>,
    log: Option<Source<R>>,
    to: &mut dyn Blobs,
) -> ControlFlow<()> {
    let wal = match log.map(Wal::new).transpose() {
        Ok(wal) => wal.flatten(),
        Err(fault) => {
            to.fault(fault)?;
            None
        }
    };
    let mut pager = match Pager::new(db, wal) {
        Ok(Some(pager)) => pager,
        Ok(None) => return ControlFlow::Continue(()),
        Err(fault) => return to.fault(fault),
    };
    let mut root = None;
    pager.rows(1, SCHEMA_ROW, &mut |row| match row {
        Ok(row) => {
            root = root.or(packages_root(row.bytes));
            ControlFlow::Continue(())
        }
        Err(fault) => to.fault(fault),
    })?;
    match root {
        Some(root) => pager.rows(root, LARGEST, &mut |row| match row {
            Ok(row) => match column(row.bytes, COLUMN) {
                Some(Value::Blob(bytes)) => to.blob(Blob { bytes, ..row }),
                _ => to.fault(row.fault(0, "a package without a header")),
            },
            Err(fault) => to.fault(fault),
        })?,
        None => to.fault(pager.db.fault(0, "has no table of packages"))?,
    }
    match pager.changed() {
        Ok(false) => ControlFlow::Continue(()),
        Ok(true) => to.fault(pager.db.fault(0, "changed while it was read")),
        Err(fault) => to.fault(fault),
    }
}

/// A database and its log.
struct Pager<R> {
    db: Source<R>,
    wal: Option<Wal<R>>,
    header: Vec<u8>,
    page_size: usize,
    /// The page without what extensions keep at its end.
    usable: usize,
    pages: u32,
    seen: Seen,
}

/// A page, and where it was read.
struct Page {
    bytes: Vec<u8>,
    spot: Spot,
}

/// A place in the database's file or in the log's.
#[derive(Clone, Copy, Default)]
struct Spot {
    in_log: bool,
    at: u64,
}

impl Spot {
    const fn plus(self, at: usize) -> Self {
        Self { at: self.at + at as u64, ..self }
    }
}

impl<R: Read + Seek> Pager<R> {
    /// `None` for an empty database, which is one without tables.
    fn new(mut db: Source<R>, mut wal: Option<Wal<R>>) -> Result<Option<Self>, Fault> {
        let header = match db.size() {
            0 => Vec::new(),
            _ => db.read(0, HEADER)?,
        };
        // The log may have the first page too, and then it has the newer header.
        let newest = match &mut wal {
            Some(wal) => wal.page(1)?.map(|(_, bytes)| bytes),
            None if header.is_empty() => return Ok(None),
            None => None,
        };
        let newest = newest.as_ref().unwrap_or(&header);
        if !newest.starts_with(MAGIC) {
            return Err(db.fault(0, "is no SQLite database"));
        }
        let page_size = match be16(newest, 16).unwrap_or(0) {
            1 => 1 << 16,
            size => usize::from(size),
        };
        let reserved = newest.get(20).copied().map_or(0, usize::from);
        let usable = page_size.saturating_sub(reserved);
        if !page_size.is_power_of_two() || usable < USABLE {
            return Err(db.fault(16, "a size of pages that cannot be"));
        }
        let pages = match &wal {
            Some(wal) if wal.page_size() != page_size => {
                return Err(wal.fault(8, "its pages are not as large as those of its database"));
            }
            Some(wal) => wal.pages(),
            None => {
                let pages = db.size().div_ceil(page_size as u64);
                u32::try_from(pages).map_err(|_| db.fault(0, "more pages than can be"))?
            }
        };
        // So many that the log alone claims would take memory without end.
        let most = db.size().div_ceil(page_size as u64) + wal.as_ref().map_or(0, Wal::frames);
        if u64::from(pages) > most {
            return Err(db.fault(28, format!("the file ends before the {pages} pages of it")));
        }
        let seen = Seen::new(pages.saturating_add(1));
        Ok(Some(Self { db, wal, header, page_size, usable, pages, seen }))
    }

    /// Whether somebody wrote since.
    fn changed(&mut self) -> Result<bool, Fault> {
        if self.db.size_now()? != self.db.size() {
            return Ok(true);
        }
        if let Some(wal) = &mut self.wal
            && wal.changed()?
        {
            return Ok(true);
        }
        let now = match self.header.len() {
            0 => Vec::new(),
            length => self.db.read(0, length)?,
        };
        Ok(now.get(COUNTER..) != self.header.get(COUNTER..))
    }

    fn fault(&self, spot: Spot, reason: impl Into<String>) -> Fault {
        match &self.wal {
            Some(wal) if spot.in_log => wal.fault(spot.at, reason),
            _ => self.db.fault(spot.at, reason),
        }
    }

    fn path(&self, spot: Spot) -> &[u8] {
        match &self.wal {
            Some(wal) if spot.in_log => wal.path(),
            _ => self.db.path(),
        }
    }

    /// A page that was not read before; `from` is what led to it.
    fn page(&mut self, number: u32, from: Spot) -> Result<Page, Fault> {
        if number == 0 || number > self.pages {
            let reason = format!("leads to page {number}, which does not exist");
            return Err(self.fault(from, reason));
        }
        if !self.seen.first(number) {
            let reason = format!("leads to page {number}, which has another use");
            return Err(self.fault(from, reason));
        }
        if let Some(wal) = &mut self.wal
            && let Some((at, bytes)) = wal.page(number)?
        {
            return Ok(Page { bytes, spot: Spot { in_log: true, at } });
        }
        let at = u64::from(number - 1) * self.page_size as u64;
        let bytes = self.db.read(at, self.page_size)?;
        Ok(Page { bytes, spot: Spot { in_log: false, at } })
    }

    /// Hands each row of a table to `each`, in their order; what cannot be read is a fault among
    /// them.
    fn rows(
        &mut self,
        root: u32,
        most: usize,
        each: &mut dyn FnMut(Result<Blob<'_>, Fault>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut open = vec![(root, 0, Spot::default())];
        while let Some((number, depth, from)) = open.pop() {
            let page = match self.page(number, from) {
                Ok(page) => page,
                Err(fault) => {
                    each(Err(fault))?;
                    continue;
                }
            };
            let start = if number == 1 { HEADER } else { 0 };
            let kind = page.bytes.get(start).copied();
            let count = be16(&page.bytes, start + 3).map_or(0, usize::from);
            match kind {
                Some(INTERIOR) if depth < DEPTH => {
                    let children = self.children(&page, start, count);
                    // The first is to be the next that is looked at.
                    open.extend(children.iter().rev().map(|&child| (child, depth + 1, page.spot)));
                }
                Some(LEAF) => {
                    for cell in 0..count {
                        let at = be16(&page.bytes, start + 8 + 2 * cell).map_or(0, usize::from);
                        match self.payload(&page, at, most) {
                            Ok(row) => {
                                let spot = page.spot.plus(at);
                                let path = self.path(spot);
                                each(Ok(Blob { path, at: spot.at, bytes: &row }))?;
                            }
                            Err(fault) => each(Err(fault))?,
                        }
                    }
                }
                Some(INTERIOR) => each(Err(self.fault(page.spot, "a tree that is too deep")))?,
                _ => each(Err(self.fault(page.spot.plus(start), "a page that is not a table's")))?,
            }
        }
        ControlFlow::Continue(())
    }

    fn children(&self, page: &Page, start: usize, count: usize) -> Vec<u32> {
        let cells = (0..count).map(|cell| {
            let at = be16(&page.bytes, start + 12 + 2 * cell).map_or(0, usize::from);
            be32(&page.bytes, at)
        });
        let last = be32(&page.bytes, start + 8);
        // A cell beyond the page leads to page 0, which does not exist.
        cells.chain([last]).map(Option::unwrap_or_default).collect()
    }

    /// What a cell holds, with its overflow pages.
    fn payload(&mut self, page: &Page, at: usize, most: usize) -> Result<Vec<u8>, Fault> {
        let cell = page.bytes.get(at..self.usable).unwrap_or_default();
        let spot = page.spot.plus(at.min(self.usable));
        let cut = |pager: &Self| pager.fault(spot, "a row that is cut off");
        let (length, rest) = varint(cell).ok_or_else(|| cut(self))?;
        let (_, rest) = varint(rest).ok_or_else(|| cut(self))?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > most {
            let reason = format!("a row of {length} bytes, which are more than {most}");
            return Err(self.fault(spot, reason));
        }
        let local = self.local(length);
        let mut row = rest.get(..local).ok_or_else(|| cut(self))?.to_vec();
        let mut next = be32(rest, local);
        let mut from = spot;
        while row.len() < length {
            let number = next.ok_or_else(|| cut(self))?;
            let page = self.page(number, from)?;
            let content = page.bytes.get(4..self.usable).unwrap_or_default();
            let wanted = length - row.len();
            row.extend_from_slice(content.get(..wanted).unwrap_or(content));
            next = be32(&page.bytes, 0);
            from = page.spot;
        }
        Ok(row)
    }

    /// How much of a row of this length is in the leaf itself.
    const fn local(&self, length: usize) -> usize {
        let most = self.usable - 35;
        if length <= most {
            return length;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let local = least + (length - least) % (self.usable - 4);
        if local <= most { local } else { least }
    }
}

/// The root page of the table of packages, if this row of the schema is about it.
fn packages_root(row: &[u8]) -> Option<u32> {
    let (Value::Text(kind), Value::Text(name)) = (column(row, 0)?, column(row, 1)?) else {
        return None;
    };
    let Value::Number(root) = column(row, 3)? else { return None };
    let ours = kind == b"table" && name.eq_ignore_ascii_case(TABLE);
    u32::try_from(root).ok().filter(|_| ours)
}

/// A value of a row, as far as we need them.
#[derive(Debug, PartialEq, Eq)]
enum Value<'a> {
    Number(u64),
    Blob(&'a [u8]),
    Text(&'a [u8]),
    Other,
}

/// A column of a row. `None` when the row does not have it, or is cut off.
fn column(row: &[u8], index: usize) -> Option<Value<'_>> {
    let (length, kinds) = varint(row)?;
    let length = usize::try_from(length).ok()?;
    let mut data = row.get(length..)?;
    let mut kinds = kinds.get(..length.checked_sub(row.len() - kinds.len())?)?;
    for _ in 0..index {
        let (kind, rest) = varint(kinds)?;
        kinds = rest;
        data = data.get(size_of_kind(kind)?..)?;
    }
    let (kind, _) = varint(kinds)?;
    let data = data.get(..size_of_kind(kind)?)?;
    Some(match kind {
        1..=6 => Value::Number(data.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))),
        8 | 9 => Value::Number(kind - 8),
        12.. if kind % 2 == 0 => Value::Blob(data),
        13.. => Value::Text(data),
        _ => Value::Other,
    })
}

/// How many bytes a value of this kind has.
fn size_of_kind(kind: u64) -> Option<usize> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(kind).ok(),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => usize::try_from((kind - 12) / 2).ok(),
    }
}

/// A number of one to nine bytes, and what is behind it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (index, &byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some((number << 8 | u64::from(byte), bytes.get(9..)?));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((number, bytes.get(index + 1..)?));
        }
    }
    None
}
