//! RPM's database until 2020, `Packages`: a hash table of Berkeley DB.
//!
//! A key is the number of a package, the value its header; the key 0 has the greatest number that
//! was given. The pages of a bucket are a chain, and a value that does not fit into a quarter of a
//! page is in a chain of overflow pages. Every database is in the order of bytes of the machine
//! that made it. The layout is that of `src/dbinc/db_page.h` in Berkeley DB, from 4.x on.

use std::io::Read;
use std::io::Seek;
use std::ops::ControlFlow;

use super::blobs::Blob;
use super::blobs::Blobs;
use super::blobs::LARGEST;
use crate::package::Fault;
use crate::package::source::Seen;
use crate::package::source::Source;
use crate::package::source::be16;
use crate::package::source::be32;
use crate::package::source::le16;
use crate::package::source::le32;

/// Length of the description of a table, in its first page.
const META: usize = 512;
const MAGIC: u32 = 0x0006_1561;
/// Versions of the hash format: Berkeley DB 3.1 to 4.1, 4.2 to 4.5, and later.
const VERSIONS: std::ops::RangeInclusive<u32> = 7..=10;
/// `DBMETA_CHKSUM` and the algorithm of encryption: never RPM's.
const CHECKSUM: u8 = 1;
/// Length of a page's header.
const HEADER: usize = 26;
/// Kinds of pages.
const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH_META: u8 = 8;
const HASH: u8 = 13;
/// Kinds of items.
const KEY_DATA: u8 = 1;
const OFF_PAGE: u8 = 3;
const OFF_PAGE_LENGTH: usize = 12;
/// How many times a table can double.
const SPARES: usize = 32;

/// Hands on each header of a database.
pub(super) fn read<R: Read + Seek>(mut db: Source<R>, to: &mut dyn Blobs) -> ControlFlow<()> {
    if db.size() == 0 {
        return ControlFlow::Continue(());
    }
    let meta = match Meta::new(&mut db) {
        Ok(meta) => meta,
        Err(fault) => return to.fault(fault),
    };
    if meta.missing > 0 {
        let reason = format!("the file ends before {} pages of it", meta.missing);
        to.fault(db.fault(db.size(), reason))?;
    }
    let seen = Seen::new(meta.last_page.saturating_add(1));
    let mut table = Table { db, meta, seen };
    for bucket in 0..=table.meta.last_bucket {
        let Some(first) = table.meta.page_of(bucket) else { break };
        if first > table.meta.last_page {
            to.fault(table.db.fault(0, format!("bucket {bucket} of it is on no page")))?;
            break;
        }
        table.bucket(first, to)?;
    }
    match Meta::new(&mut table.db) {
        Ok(now) if now == table.meta => ControlFlow::Continue(()),
        Ok(_) => to.fault(table.db.fault(0, "changed while it was read")),
        Err(fault) => to.fault(fault),
    }
}

/// What the first page says of the table.
#[derive(PartialEq, Eq)]
struct Meta {
    bytes: Vec<u8>,
    big_endian: bool,
    page_size: usize,
    last_page: u32,
    last_bucket: u32,
    /// How many pages the file lacks.
    missing: u32,
}

impl Meta {
    fn new<R: Read + Seek>(db: &mut Source<R>) -> Result<Self, Fault> {
        let bytes = db.read(0, META)?;
        let big_endian = match (le32(&bytes, 12), be32(&bytes, 12)) {
            (Some(MAGIC), _) => false,
            (_, Some(MAGIC)) => true,
            _ => return Err(db.fault(12, "is no hash table of Berkeley DB")),
        };
        let mut meta =
            Self { bytes, big_endian, page_size: 0, last_page: 0, last_bucket: 0, missing: 0 };
        let byte = |at: usize| meta.bytes.get(at).copied().unwrap_or(0);
        if !VERSIONS.contains(&meta.number(16)) || byte(25) != HASH_META {
            return Err(db.fault(16, "is of a version that is not known"));
        }
        if byte(24) != 0 || byte(26) & CHECKSUM != 0 {
            return Err(db.fault(24, "is encrypted or has checksums, as none of RPM's has"));
        }
        meta.page_size = meta.number(20) as usize;
        if !meta.page_size.is_power_of_two() || !(512..=1 << 16).contains(&meta.page_size) {
            return Err(db.fault(20, "a size of pages that cannot be"));
        }
        meta.last_page = meta.number(32);
        meta.last_bucket = meta.number(72);
        let pages = u32::try_from(db.size() / meta.page_size as u64).unwrap_or(u32::MAX);
        meta.missing = meta.last_page.saturating_add(1).saturating_sub(pages);
        meta.last_page = meta.last_page.min(pages.saturating_sub(1));
        Ok(meta)
    }

    fn number(&self, at: usize) -> u32 {
        self.number_in(&self.bytes, at).unwrap_or(0)
    }

    fn number_in(&self, bytes: &[u8], at: usize) -> Option<u32> {
        if self.big_endian { be32(bytes, at) } else { le32(bytes, at) }
    }

    fn half_in(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let half = if self.big_endian { be16(bytes, at) } else { le16(bytes, at) };
        half.map(usize::from)
    }

    /// The first page of a bucket: buckets were laid out each time the table doubled.
    fn page_of(&self, bucket: u32) -> Option<u32> {
        let doubled = (u32::BITS - bucket.leading_zeros()) as usize;
        (doubled < SPARES).then(|| self.number(96 + 4 * doubled).checked_add(bucket))?
    }
}

struct Table<R> {
    db: Source<R>,
    meta: Meta,
    seen: Seen,
}

impl<R: Read + Seek> Table<R> {
    fn at(&self, page: u32) -> u64 {
        u64::from(page) * self.meta.page_size as u64
    }

    /// A page that was not read before; `from` is the one that led to it.
    fn page(&mut self, number: u32, from: u32) -> Result<Vec<u8>, Fault> {
        if number == 0 || number > self.meta.last_page || !self.seen.first(number) {
            let reason = format!("leads to page {number}, which is none or has another use");
            return Err(self.db.fault(self.at(from), reason));
        }
        let page = self.db.read(self.at(number), self.meta.page_size)?;
        if self.meta.number_in(&page, 8) != Some(number) && page.iter().any(|&byte| byte != 0) {
            return Err(self.db.fault(self.at(number) + 8, "has the number of another page"));
        }
        Ok(page)
    }

    /// The pages of one bucket.
    fn bucket(&mut self, first: u32, to: &mut dyn Blobs) -> ControlFlow<()> {
        let (mut number, mut from) = (first, 0);
        while number != 0 {
            let page = match self.page(number, from) {
                Ok(page) => page,
                Err(fault) => return to.fault(fault),
            };
            match page.get(25) {
                // A bucket that nothing was ever put into is a page of zeros.
                Some(0) => return ControlFlow::Continue(()),
                Some(&(HASH | HASH_UNSORTED)) => {}
                _ => {
                    let at = self.at(number) + 25;
                    return to.fault(self.db.fault(at, "a page that is no bucket's"));
                }
            }
            for pair in 0..self.meta.half_in(&page, 20).unwrap_or(0) / 2 {
                match self.pair(number, &page, pair) {
                    Ok(None) => {}
                    Ok(Some((at, bytes))) => {
                        to.blob(Blob { path: self.db.path(), at, bytes: &bytes })?;
                    }
                    Err(fault) => to.fault(fault)?,
                }
            }
            from = number;
            number = self.meta.number_in(&page, 16).unwrap_or(0);
        }
        ControlFlow::Continue(())
    }

    /// The value of a pair and where it begins. `None` for the key 0.
    fn pair(
        &mut self,
        number: u32,
        page: &[u8],
        pair: usize,
    ) -> Result<Option<(u64, Vec<u8>)>, Fault> {
        let place = HEADER + 4 * pair;
        let cut = |table: &Self| {
            table.db.fault(table.at(number) + place as u64, "an item that is not within its page")
        };
        let (_, key) = self.item(page, 2 * pair).ok_or_else(|| cut(self))?;
        let (start, value) = self.item(page, 2 * pair + 1).ok_or_else(|| cut(self))?;
        let at = self.at(number) + start as u64;
        match key.split_first() {
            Some((&KEY_DATA, [0, 0, 0, 0])) => return Ok(None),
            Some((&KEY_DATA, [_, _, _, _])) => {}
            _ => return Err(self.db.fault(at, "a key that is no package's number")),
        }
        match value.split_first() {
            Some((&KEY_DATA, bytes)) => Ok(Some((at + 1, bytes.to_vec()))),
            Some((&OFF_PAGE, _)) if value.len() == OFF_PAGE_LENGTH => {
                let [first, length] =
                    [4, 8].map(|place| self.meta.number_in(value, place).unwrap_or(0));
                self.overflow(number, at, first, length as usize).map(Some)
            }
            _ => Err(self.db.fault(at, "an item of a kind that no package is")),
        }
    }

    /// An item of a page, and where in the page it begins. Items are laid from the end on.
    fn item<'a>(&self, page: &'a [u8], index: usize) -> Option<(usize, &'a [u8])> {
        let place = |index: usize| self.meta.half_in(page, HEADER + 2 * index);
        let end = match index.checked_sub(1) {
            Some(before) => place(before)?,
            None => page.len(),
        };
        let start = place(index)?;
        Some((start, page.get(start..end)?))
    }

    /// A value in pages of its own.
    fn overflow(
        &mut self,
        from: u32,
        at: u64,
        first: u32,
        length: usize,
    ) -> Result<(u64, Vec<u8>), Fault> {
        if length > LARGEST {
            let reason = format!("a header of {length} bytes, which are more than {LARGEST}");
            return Err(self.db.fault(at, reason));
        }
        let mut bytes = Vec::new();
        let (mut number, mut from) = (first, from);
        while bytes.len() < length {
            let page = self.page(number, from)?;
            let here = self.meta.half_in(&page, 22).unwrap_or(0);
            let content = page.get(HEADER..HEADER + here);
            let content = content.filter(|content| {
                page.get(25) == Some(&OVERFLOW)
                    && (1..=length - bytes.len()).contains(&content.len())
            });
            let at = self.at(number);
            let content = content.ok_or_else(|| self.db.fault(at, "is no page of a value"))?;
            bytes.extend_from_slice(content);
            from = number;
            number = self.meta.number_in(&page, 16).unwrap_or(0);
        }
        Ok((self.at(first) + HEADER as u64, bytes))
    }
}
