//! Reading the contents of regular files.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use sha2::Digest;
use sha2::Sha256;

use super::code::Code;
use super::code::HEAD;
use crate::provenance::Facts;
use crate::provenance::Located;

/// How much is read at a time.
const BUFFER: usize = 128 << 10;
/// How often a file that changes under the reader is read.
const ATTEMPTS: u32 = 3;

/// What the contents of two files, or of one, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// Whether they are equal; false where there is nothing to compare with.
    pub(super) equal: bool,
    /// Of the container's file, unless it is equal or too large.
    pub(super) after: Option<[u8; 32]>,
    /// Of the image's.
    pub(super) before: Option<[u8; 32]>,
    /// What the container's file shows itself to be.
    pub(super) code: Option<Code>,
    /// What stat said of the container's file when it was read.
    pub(super) facts: Facts,
}

/// Why the contents could not be told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("cannot be read: {0}")]
    Ours(io::Error),
    #[error("the image's file cannot be read: {0}")]
    Theirs(io::Error),
    #[error("changes while it is read")]
    Changing,
    #[error("is not compared: its {size} bytes are more than {largest}")]
    TooLarge { size: u64, largest: u64 },
}

/// Reads files, with room that is used again.
#[derive(Debug)]
pub(super) struct Reader {
    ours: Box<[u8]>,
    theirs: Box<[u8]>,
    largest: u64,
    shared: Arc<Shared>,
}

/// What the readers of one scan share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Bytes that were read so far.
    read: AtomicU64,
    /// Nobody wants any more what is read.
    pub(super) stop: AtomicBool,
}

impl Shared {
    fn add(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Reader {
    /// A reader that leaves files of more than `largest` bytes alone.
    pub(super) fn new(largest: u64) -> Self {
        let buffer = || vec![0; BUFFER].into_boxed_slice();
        Self { ours: buffer(), theirs: buffer(), largest, shared: Arc::default() }
    }

    /// Another one of the same scan.
    pub(super) fn another(&self) -> Self {
        Self { shared: self.shared(), ..Self::new(self.largest) }
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Bytes that all of them have read so far.
    pub(super) fn read(&self) -> u64 {
        self.shared.read.load(Ordering::Relaxed)
    }

    fn is_stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    /// Reads a container's file, and the image's if there is one to compare it with.
    pub(super) fn contents(
        &mut self,
        ours: &Located,
        name: &[u8],
        theirs: Option<&Located>,
    ) -> Result<Content, Unread> {
        let file = ours.open().map_err(|errno| Unread::Ours(errno.into()))?;
        let theirs = match theirs {
            Some(theirs) => {
                let file = theirs.open().map_err(|errno| Unread::Theirs(errno.into()))?;
                Some((file, theirs.facts.size))
            }
            None => None,
        };
        for _ in 0..ATTEMPTS {
            let facts = Facts::of(&file).map_err(Unread::Ours)?;
            let result = self.once(&file, &facts, name, theirs.as_ref());
            // A read that fails because the file became shorter is no failure.
            if Facts::of(&file).is_ok_and(|now| now == facts) {
                return result;
            }
        }
        Err(Unread::Changing)
    }

    fn once(
        &mut self,
        file: &File,
        facts: &Facts,
        name: &[u8],
        theirs: Option<&(File, u64)>,
    ) -> Result<Content, Unread> {
        let size = facts.size;
        let equal = match theirs {
            Some((other, other_size)) if *other_size == size => {
                if size > self.largest {
                    return Err(Unread::TooLarge { size, largest: self.largest });
                }
                self.equal(file, other, size)?
            }
            _ => false,
        };
        let code = self.code(file, name, facts).map_err(Unread::Ours)?;
        let (mut after, mut before) = (None, None);
        if !equal {
            after = self.digest(file, size).map_err(Unread::Ours)?;
            if let Some((other, size)) = theirs {
                before = self.digest(other, *size).map_err(Unread::Theirs)?;
            }
        }
        Ok(Content { equal, after, before, code, facts: *facts })
    }

    /// What a regular file that is held shows itself to be.
    pub(super) fn code_of(&mut self, file: &Located, name: &[u8], mode: u32) -> Option<Code> {
        let open = file.open().ok()?;
        let facts = Facts { mode, ..file.facts };
        self.code(&open, name, &facts).ok()?
    }

    fn code(&mut self, file: &File, name: &[u8], facts: &Facts) -> io::Result<Option<Code>> {
        let head = &mut self.ours[..HEAD];
        let length = file.read_at(head, 0)?;
        self.shared.add(length);
        Ok(Code::of(&head[..length], name, facts.mode))
    }

    fn equal(&mut self, ours: &File, theirs: &File, size: u64) -> Result<bool, Unread> {
        let mut offset = 0;
        while offset < size && !self.is_stopped() {
            let length = usize::try_from(size - offset).unwrap_or(BUFFER).min(BUFFER);
            let (a, b) = (&mut self.ours[..length], &mut self.theirs[..length]);
            ours.read_exact_at(a, offset).map_err(Unread::Ours)?;
            theirs.read_exact_at(b, offset).map_err(Unread::Theirs)?;
            self.shared.add(2 * length);
            if a != b {
                return Ok(false);
            }
            offset += length as u64;
        }
        Ok(true)
    }

    fn digest(&mut self, file: &File, size: u64) -> io::Result<Option<[u8; 32]>> {
        if size > self.largest {
            return Ok(None);
        }
        let mut hash = Sha256::new();
        let mut offset = 0;
        while offset < size && !self.is_stopped() {
            let length = usize::try_from(size - offset).unwrap_or(BUFFER).min(BUFFER);
            let piece = &mut self.ours[..length];
            file.read_exact_at(piece, offset)?;
            hash.update(&*piece);
            self.shared.add(length);
            offset += length as u64;
        }
        Ok(Some(hash.finalize().into()))
    }
}
