//! A read-only view of a bbolt database, the file format of containerd's metadata.
//!
//! The format is that of <https://github.com/etcd-io/bbolt/blob/v1.3.10/page.go> and `bucket.go`
//! beside it: a B+tree of pages, found from the newer one of two meta pages. The file may be
//! anything and may be written while it is read: every offset is checked, a look-up reads a
//! bounded number of bytes, and one that a writer overtook is done again.

mod page;

use std::fs::File;

use page::Meta;
use page::Page;
use page::Pages;

/// Deepest tree of pages that is followed; a tree of 32 levels holds more than a disk.
const DEPTH_LIMIT: u32 = 32;
/// Most values that are listed of one bucket.
const ENTRY_LIMIT: usize = 4096;
/// How often a look-up is tried before a busy writer wins.
const ATTEMPTS: u32 = 8;

/// Why a database could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The file ended or the disk failed.
    #[error("cannot read {length} bytes at {offset}: {source}")]
    Read {
        /// Where in the file.
        offset: u64,
        /// How many bytes.
        length: usize,
        /// What the system said.
        source: std::io::Error,
    },
    /// Neither meta page is a valid one.
    #[error("no valid meta page: not a bbolt database of version 2, or damaged")]
    NoMeta,
    /// A page says what cannot be.
    #[error("page {page}: {what}")]
    Damaged {
        /// Number of the page; 0 for one inside a value.
        page: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// More than is read of one value, bucket or database.
    #[error("more than {limit} {what}")]
    Limit {
        /// The limit.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// A writer overtook every attempt.
    #[error("changed under each of {ATTEMPTS} attempts to read it")]
    Changed,
}

/// A database, held open.
pub(super) struct Database {
    file: File,
}

impl Database {
    /// A database in an open file; nothing is read yet.
    pub(super) fn new(file: File) -> Self {
        Self { file }
    }

    /// Runs a look-up, from the root bucket, on one committed state of the database.
    ///
    /// Pages of a state are not written over before a later state is committed, so a look-up is
    /// good if no commit came before its end; else it is run again.
    ///
    /// # Errors
    ///
    /// Those of the look-up, and a database without a valid meta page or with a busy writer.
    pub(super) fn view<T>(
        &self,
        mut look_up: impl FnMut(&Bucket<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        for _ in 0..ATTEMPTS {
            let meta = Meta::newest(&self.file)?;
            let pages = Pages::new(&self.file, &meta);
            let result = look_up(&Bucket { pages: &pages, root: Root::Page(meta.root) });
            if Meta::newest(&self.file)?.transaction == meta.transaction {
                return result;
            }
        }
        Err(Error::Changed)
    }
}

/// Where the tree of a bucket starts.
enum Root {
    Page(u64),
    /// A small bucket is one leaf inside the value.
    Inline(Page),
}

/// A key and its value.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// A bucket: sorted keys, each with a value or a bucket.
pub(super) struct Bucket<'a> {
    pages: &'a Pages<'a>,
    root: Root,
}

impl<'a> Bucket<'a> {
    /// The bucket at the end of a path of keys. `None` when there is none.
    ///
    /// # Errors
    ///
    /// A database that is damaged, or larger on the way than what is read.
    pub(super) fn bucket(&self, path: &[&str]) -> Result<Option<Bucket<'a>>, Error> {
        let Some((first, rest)) = path.split_first() else {
            return Ok(None);
        };
        let mut found = self.child(first)?;
        for key in rest {
            let Some(bucket) = found else { break };
            found = bucket.child(key)?;
        }
        Ok(found)
    }

    /// The value of a key. `None` when there is none.
    ///
    /// # Errors
    ///
    /// Those of [`Bucket::bucket`].
    pub(super) fn value(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.find(key.as_bytes(), false)
    }

    /// All keys with a value, in their order.
    ///
    /// # Errors
    ///
    /// Those of [`Bucket::bucket`], and more than 4096 values.
    pub(super) fn values(&self) -> Result<Vec<Entry>, Error> {
        self.entries(false)
    }

    /// The keys of all buckets in this one, in their order.
    ///
    /// # Errors
    ///
    /// Those of [`Bucket::values`].
    pub(super) fn buckets(&self) -> Result<Vec<Vec<u8>>, Error> {
        Ok(self.entries(true)?.into_iter().map(|(key, _)| key).collect())
    }

    fn entries(&self, buckets: bool) -> Result<Vec<Entry>, Error> {
        let mut values = Vec::new();
        let start = match &self.root {
            Root::Inline(page) => {
                self.list(page, buckets, &mut values)?;
                return Ok(values);
            }
            Root::Page(start) => *start,
        };
        let mut open = vec![(start, 0)];
        while let Some((id, depth)) = open.pop() {
            let page = self.pages.page(id)?;
            if page.is_leaf() {
                self.list(&page, buckets, &mut values)?;
                continue;
            }
            self.pages.check_depth(id, depth)?;
            // The first child is to be the next one that is looked at.
            for index in (0..page.count()).rev() {
                open.push((page.branch(self.pages, index)?.child, depth + 1));
            }
        }
        Ok(values)
    }

    fn list(&self, page: &Page, buckets: bool, values: &mut Vec<Entry>) -> Result<(), Error> {
        for index in 0..page.count() {
            let leaf = page.leaf(self.pages, index)?;
            if leaf.is_bucket != buckets {
                continue;
            }
            if values.len() == ENTRY_LIMIT {
                return Err(Error::Limit { limit: ENTRY_LIMIT as u64, what: "keys in a bucket" });
            }
            let key = page.bytes(self.pages, &leaf.key)?;
            let value = page.bytes(self.pages, &leaf.value)?;
            // Elements that lie over one another are more than what was read for them.
            self.pages.charge((key.len() + value.len()) as u64)?;
            values.push((key.into_owned(), value.into_owned()));
        }
        Ok(())
    }

    fn child(&self, key: &str) -> Result<Option<Bucket<'a>>, Error> {
        let Some(value) = self.find(key.as_bytes(), true)? else {
            return Ok(None);
        };
        let root = match page::bucket_root(&value)? {
            0 => Root::Inline(Page::inline(value)?),
            id => Root::Page(id),
        };
        Ok(Some(Bucket { pages: self.pages, root }))
    }

    /// The value of a key if it is of the wanted kind.
    fn find(&self, key: &[u8], bucket: bool) -> Result<Option<Vec<u8>>, Error> {
        let mut id = match &self.root {
            Root::Inline(page) => return self.find_in_leaf(page, key, bucket),
            Root::Page(id) => *id,
        };
        for depth in 0.. {
            let page = self.pages.page(id)?;
            if page.is_leaf() {
                return self.find_in_leaf(&page, key, bucket);
            }
            self.pages.check_depth(id, depth)?;
            // The child whose first key is the last one that is not behind ours.
            let (mut low, mut high) = (0, page.count());
            while low < high {
                let middle = low.midpoint(high);
                let branch = page.branch(self.pages, middle)?;
                if *page.bytes(self.pages, &branch.key)? <= *key {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            id = page.branch(self.pages, low.saturating_sub(1))?.child;
        }
        Ok(None)
    }

    fn find_in_leaf(
        &self,
        page: &Page,
        key: &[u8],
        bucket: bool,
    ) -> Result<Option<Vec<u8>>, Error> {
        let (mut low, mut high) = (0, page.count());
        while low < high {
            let middle = low.midpoint(high);
            let leaf = page.leaf(self.pages, middle)?;
            match (*page.bytes(self.pages, &leaf.key)?).cmp(key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal if leaf.is_bucket != bucket => return Ok(None),
                std::cmp::Ordering::Equal => {
                    return Ok(Some(page.bytes(self.pages, &leaf.value)?.into_owned()));
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
pub(super) mod tests;
