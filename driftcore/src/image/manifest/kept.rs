//! The contents of a few files, kept while the layers are read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::fs::OFlags;

use crate::image::TreeFile;
use crate::image::side::Content;

/// How many bytes of the beginning of a file are shown before it is kept.
pub(super) const HEAD: usize = 64;

/// Which files have their content kept while archives are read, for [`Image::tree`](super::Image::tree). It is
/// kept in a temporary file that has no name.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Whether the content of a file may be wanted: by its path, absolute, and its first 64 bytes or all
    /// that it has.
    pub may: fn(path: &[u8], head: &[u8]) -> bool,
    /// Whether it is, now that all of it can be read.
    pub is: fn(path: &[u8], content: &mut TreeFile) -> bool,
}

/// Keeps contents; by default none.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    keep: Option<Keep>,
    /// Most bytes that it keeps.
    limit: u64,
    file: Option<Arc<File>>,
    end: u64,
    /// Why something was not kept.
    failure: Option<String>,
}

/// Where a content is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    at: u64,
    size: u64,
}

impl Keeper {
    pub(super) const fn new(keep: Option<Keep>, limit: u64) -> Self {
        Self { keep, limit, file: None, end: 0, failure: None }
    }

    /// Begins to keep a file, if it may be wanted: the bytes of it that are kept.
    pub(super) fn begin(&mut self, path: impl Fn() -> Vec<u8>, head: &[u8]) -> Option<u64> {
        let head = head.get(..HEAD).unwrap_or(head);
        let wanted = (self.keep?.may)(&path(), head);
        (wanted && self.has_file()).then_some(0)
    }

    /// Keeps more of the file that was begun. `None` when there is no room.
    pub(super) fn add(&mut self, size: u64, piece: &[u8]) -> Option<u64> {
        let grown = size.checked_add(piece.len() as u64)?;
        if self.end.checked_add(grown).is_none_or(|end| end > self.limit) {
            let reason = format!("all that is kept may have {} bytes", self.limit);
            self.failure.get_or_insert(reason);
            return None;
        }
        let file = self.file.as_ref()?;
        match file.write_all_at(piece, self.end + size) {
            Ok(()) => Some(grown),
            Err(error) => {
                self.failure.get_or_insert_with(|| error.to_string());
                None
            }
        }
    }

    /// Ends the file that was begun. `None` where it is not wanted after all: its room is used again.
    pub(super) fn end(&mut self, path: &[u8], size: u64) -> Option<Kept> {
        let kept = Kept { at: self.end, size };
        let content = self.open(Some(kept), 0).ok()?;
        let mut content = TreeFile::new(content, path.to_vec()).ok()?;
        if !(self.keep?.is)(path, &mut content) {
            return None;
        }
        self.end += size;
        Some(kept)
    }

    /// Why something that was wanted was not kept, if that was so.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    fn has_file(&mut self) -> bool {
        if self.file.is_none() && self.failure.is_none() {
            let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
            let directory = std::env::temp_dir();
            match rustix::fs::open(&directory, flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => self.file = Some(Arc::new(file.into())),
                Err(errno) => self.failure = Some(format!("{}: {errno}", directory.display())),
            }
        }
        self.file.is_some()
    }

    /// Opens a content; `None` is that of a file that was not kept.
    pub(super) fn open(&self, kept: Option<Kept>, mode: u32) -> io::Result<Content> {
        match (kept, &self.file) {
            (Some(Kept { at, size }), Some(file)) => {
                let file = Arc::clone(file);
                Ok(Content { file, start: at, length: Some(size), mode, changed_ns: 0 })
            }
            _ => {
                let reason = self.failure.as_deref().unwrap_or("nobody asked for it");
                Err(io::Error::other(format!("its content was not kept: {reason}")))
            }
        }
    }
}
