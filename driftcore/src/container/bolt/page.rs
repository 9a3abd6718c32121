//! Pages of a bbolt file. All numbers are little endian: a database that a big-endian machine
//! wrote fails by its magic number.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::DEPTH_LIMIT;
use super::Error;

/// Length of a page's header, and of an element of a branch or a leaf.
const HEADER: u64 = 16;
/// Length of a bucket's header in its value.
const BUCKET_HEADER: usize = 16;
const BRANCH: u16 = 1;
const LEAF: u16 = 2;
const META: u16 = 4;
const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;
/// Length of what the checksum of a meta page covers, behind the header.
const META_LENGTH: usize = 56;
const PAGE_SIZES: Range<u32> = 9..17;
/// Most bytes of one value that are read.
const VALUE_LIMIT: u64 = 1 << 20;
/// Most bytes that one look-up reads and lists, each read counting as 4 KiB at least.
const READ_LIMIT: u64 = 32 << 20;

/// What a look-up needs of a meta page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Meta {
    /// Number of the committed transaction.
    pub(super) transaction: u64,
    /// Page of the root bucket.
    pub(super) root: u64,
    page_size: u64,
    /// The first page that is not in use.
    end: u64,
}

impl Meta {
    /// The newer one of the valid meta pages.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or without a valid meta page.
    pub(super) fn newest(file: &File) -> Result<Self, Error> {
        let first = Self::at(file, 0)?;
        let mut second = None;
        if let Some(first) = first {
            second = Self::at(file, first.page_size)?;
        } else {
            // Torn: the second one says itself whether it is where it should be.
            for size in PAGE_SIZES.map(|power| 1 << power) {
                second = second.or(Self::at(file, size)?.filter(|meta| meta.page_size == size));
            }
        }
        first.into_iter().chain(second).max_by_key(|meta| meta.transaction).ok_or(Error::NoMeta)
    }

    fn at(file: &File, offset: u64) -> Result<Option<Self>, Error> {
        let mut bytes = [0; HEADER as usize + META_LENGTH + 8];
        match file.read_exact_at(&mut bytes, offset) {
            Ok(()) => Ok(Self::parse(&bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
            Err(source) => Err(Error::Read { offset, length: bytes.len(), source }),
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let meta = bytes.get(HEADER as usize..)?;
        let flags = u16_at(bytes, 8)?;
        let whole = fnv64a(meta.get(..META_LENGTH)?) == u64_at(meta, META_LENGTH)?;
        let ours = u32_at(meta, 0)? == MAGIC && u32_at(meta, 4)? == VERSION;
        let page_size = u32_at(meta, 8)?;
        let sized = page_size.is_power_of_two() && PAGE_SIZES.contains(&page_size.ilog2());
        (flags & META != 0 && whole && ours && sized).then_some(())?;
        Some(Self {
            transaction: u64_at(meta, 48)?,
            root: u64_at(meta, 16)?,
            page_size: u64::from(page_size),
            end: u64_at(meta, 40)?,
        })
    }
}

/// The pages of one committed state, and how much of them was read.
pub(super) struct Pages<'a> {
    file: &'a File,
    page_size: u64,
    end: u64,
    read: Cell<u64>,
}

impl<'a> Pages<'a> {
    /// The pages that a meta page leads to.
    pub(super) fn new(file: &'a File, meta: &Meta) -> Self {
        Self { file, page_size: meta.page_size, end: meta.end, read: Cell::new(0) }
    }

    /// Reads the head of a branch or leaf page.
    ///
    /// # Errors
    ///
    /// No such page, not a branch or leaf, or too much was read.
    pub(super) fn page(&self, id: u64) -> Result<Page, Error> {
        let damaged = |what| Error::Damaged { page: id, what };
        if id < 2 || id >= self.end {
            return Err(damaged("not a page of the tree"));
        }
        let offset = id.checked_mul(self.page_size).ok_or(damaged("beyond any file"))?;
        let head = self.read(offset, self.page_size)?;
        let (page, overflow) = Page::parse(id, Some(offset), head)?;
        if page.id != id {
            return Err(damaged("has the number of another page"));
        }
        if overflow >= self.end - id {
            return Err(damaged("ends beyond the database"));
        }
        let span = (overflow + 1).checked_mul(self.page_size).ok_or(damaged("too long"))?;
        Ok(Page { span, ..page })
    }

    /// Whether one may go deeper than this page.
    ///
    /// # Errors
    ///
    /// A tree that is too deep, as one with a cycle is.
    pub(super) fn check_depth(&self, page: u64, depth: u32) -> Result<(), Error> {
        if depth < DEPTH_LIMIT {
            return Ok(());
        }
        Err(Error::Damaged { page, what: "too deep in the tree, which may be a cycle" })
    }

    /// Counts bytes that are read or kept.
    ///
    /// # Errors
    ///
    /// More than one look-up may take.
    pub(super) fn charge(&self, length: u64) -> Result<(), Error> {
        let read = self.read.get().saturating_add(length);
        if read > READ_LIMIT {
            return Err(Error::Limit { limit: READ_LIMIT, what: "bytes in one look-up" });
        }
        self.read.set(read);
        Ok(())
    }

    fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        self.charge(length.max(4096))?;
        // Lengths are at most a page's or a value's.
        let mut bytes = vec![0; length as usize];
        match self.file.read_exact_at(&mut bytes, offset) {
            Ok(()) => Ok(bytes),
            Err(source) => Err(Error::Read { offset, length: bytes.len(), source }),
        }
    }
}

/// Bytes of a page, counted from its start.
#[derive(Clone, Debug)]
pub(super) struct Span {
    start: u64,
    length: u64,
}

/// An element of a branch.
pub(super) struct Branch {
    /// The first key below.
    pub(super) key: Span,
    /// The page below.
    pub(super) child: u64,
}

/// An element of a leaf.
pub(super) struct Leaf {
    /// Whether the value is a bucket.
    pub(super) is_bucket: bool,
    /// The key.
    pub(super) key: Span,
    /// The value.
    pub(super) value: Span,
}

/// A branch or a leaf. Of one with overflow pages only the first is held: values that nobody
/// asks for may be large.
pub(super) struct Page {
    id: u64,
    flags: u16,
    count: u16,
    head: Vec<u8>,
    /// Of all its pages together, in bytes.
    span: u64,
    /// In the file; `None` inside a value.
    offset: Option<u64>,
}

impl Page {
    /// The leaf in the value of an inline bucket.
    ///
    /// # Errors
    ///
    /// A value that holds none.
    pub(super) fn inline(mut value: Vec<u8>) -> Result<Self, Error> {
        let head = value.split_off(BUCKET_HEADER.min(value.len()));
        let (page, _) = Self::parse(0, None, head)?;
        if !page.is_leaf() {
            return Err(Error::Damaged { page: 0, what: "an inline bucket is not a leaf" });
        }
        Ok(page)
    }

    /// The page of a header, and its number of overflow pages.
    fn parse(wanted: u64, offset: Option<u64>, head: Vec<u8>) -> Result<(Self, u64), Error> {
        let damaged = |what| Error::Damaged { page: wanted, what };
        let header = (u64_at(&head, 0), u16_at(&head, 8), u16_at(&head, 10), u32_at(&head, 12));
        let (Some(id), Some(flags), Some(count), Some(overflow)) = header else {
            return Err(damaged("cut off in its header"));
        };
        match flags {
            LEAF => {}
            BRANCH if count > 0 => {}
            BRANCH => return Err(damaged("a branch without children")),
            _ => return Err(damaged("neither branch nor leaf")),
        }
        let span = head.len() as u64;
        Ok((Self { id, flags, count, head, span, offset }, u64::from(overflow)))
    }

    /// Whether it is a leaf; else it is a branch with children.
    pub(super) fn is_leaf(&self) -> bool {
        self.flags == LEAF
    }

    /// Number of elements.
    pub(super) fn count(&self) -> u16 {
        self.count
    }

    /// An element of a branch.
    ///
    /// # Errors
    ///
    /// One that lies outside the page.
    pub(super) fn branch(&self, pages: &Pages<'_>, index: u16) -> Result<Branch, Error> {
        let (start, element) = self.element(pages, index)?;
        let [position, length] = [0, 4].map(|at| u32_at(&element, at).map_or(0, u64::from));
        let key = Span { start: start + position, length };
        Ok(Branch { key, child: u64_at(&element, 8).unwrap_or(0) })
    }

    /// An element of a leaf.
    ///
    /// # Errors
    ///
    /// One that lies outside the page.
    pub(super) fn leaf(&self, pages: &Pages<'_>, index: u16) -> Result<Leaf, Error> {
        let (start, element) = self.element(pages, index)?;
        let [flags, position, key, value] =
            [0, 4, 8, 12].map(|at| u32_at(&element, at).map_or(0, u64::from));
        let start = start + position;
        Ok(Leaf {
            is_bucket: flags & 1 != 0,
            key: Span { start, length: key },
            value: Span { start: start + key, length: value },
        })
    }

    /// Where an element starts, and its 16 bytes.
    fn element(&self, pages: &Pages<'_>, index: u16) -> Result<(u64, Cow<'_, [u8]>), Error> {
        let start = HEADER + u64::from(index) * 16;
        Ok((start, self.bytes(pages, &Span { start, length: 16 })?))
    }

    /// Bytes of a key or value.
    ///
    /// # Errors
    ///
    /// Bytes that lie outside the page, or more than 1 MiB of them.
    pub(super) fn bytes(&self, pages: &Pages<'_>, span: &Span) -> Result<Cow<'_, [u8]>, Error> {
        // All positions come from 32 bits each: their sums do not overflow.
        let end = span.start + span.length;
        if end > self.span {
            return Err(Error::Damaged { page: self.id, what: "an element lies outside it" });
        }
        if let Some(bytes) = self.head.get(span.start as usize..end as usize) {
            return Ok(Cow::Borrowed(bytes));
        }
        if span.length > VALUE_LIMIT {
            return Err(Error::Limit { limit: VALUE_LIMIT, what: "bytes in a value" });
        }
        let offset = self.offset.and_then(|offset| offset.checked_add(span.start));
        let offset = offset.ok_or(Error::Damaged { page: self.id, what: "beyond any file" })?;
        pages.read(offset, span.length).map(Cow::Owned)
    }
}

/// The root page in the value of a bucket; 0 for an inline bucket.
///
/// # Errors
///
/// A value that is too short.
pub(super) fn bucket_root(value: &[u8]) -> Result<u64, Error> {
    let whole = value.len() >= BUCKET_HEADER;
    let root = u64_at(value, 0).filter(|_| whole);
    root.ok_or(Error::Damaged { page: 0, what: "a bucket is cut off in its header" })
}

/// 64-bit FNV-1a.
pub(super) fn fnv64a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}
