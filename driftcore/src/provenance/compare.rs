//! Comparing two files and hashing one, within bounds.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use sha2::Digest;
use sha2::Sha256;

/// How much is read between two looks at the clock.
const BUFFER: usize = 64 * 1024;
/// A file of other content is hashed to its end only up to this size.
const HASH_WHOLE_BELOW: u64 = 16 << 20;

/// How much a proof about one file may cost before it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Largest file that is compared, in bytes. Larger ones are given up before anything is
    /// read.
    pub bytes: u64,
    /// Longest time for one file. It is looked at between reads, so one read of a filesystem
    /// that hangs is not cut short.
    pub time: Duration,
    /// Drifted files are read for their SHA-256 even where their verdict takes no comparison: new ones, ones
    /// of another size than the image's, large ones. Within the same bounds; the verdict waits for it.
    pub digests: bool,
}

impl Default for Bounds {
    /// 256 MiB, 2 seconds, no digests beside those that a comparison gives.
    fn default() -> Self {
        Self { bytes: 256 << 20, time: Duration::from_secs(2), digests: false }
    }
}

/// When to give up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits<'a> {
    pub(super) bounds: Bounds,
    pub(super) deadline: Option<Instant>,
    pub(super) stop: &'a AtomicBool,
}

impl Limits<'_> {
    /// Why to give up now, if so.
    pub(super) fn exceeded(&self) -> Option<Cow<'static, str>> {
        if self.stop.load(Ordering::Relaxed) {
            return Some("the proof was stopped".into());
        }
        // A deadline beyond what the clock can hold is none.
        let over = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        over.then(|| format!("not proved within {} ms", self.bounds.time.as_millis()).into())
    }

    /// Why a file of this size is not compared, if so.
    pub(super) fn too_large(&self, size: u64) -> Option<Cow<'static, str>> {
        let bound = self.bounds.bytes;
        (size > bound)
            .then(|| format!("its {size} bytes are more than the {bound} that are compared").into())
    }
}

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) equal: bool,
    /// Of the upper file.
    pub(super) sha256: Option<[u8; 32]>,
}

/// Room for two pieces of file, used again for each proof.
#[derive(Debug)]
pub(super) struct Buffers {
    upper: Box<[u8]>,
    lower: Box<[u8]>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self { upper: vec![0; BUFFER].into(), lower: vec![0; BUFFER].into() }
    }
}

/// Compares the first `size` bytes of two files of that size. Errs with the reason when a file
/// ends early, cannot be read, or a limit is reached.
pub(super) fn compare(
    upper: &File,
    lower: &File,
    size: u64,
    limits: &Limits<'_>,
    buffers: &mut Buffers,
) -> Result<Comparison, Cow<'static, str>> {
    let mut hash = Sha256::new();
    let mut equal = true;
    let mut offset = 0;
    while offset < size {
        if let Some(reason) = limits.exceeded() {
            return Err(reason);
        }
        let left = usize::try_from(size - offset).unwrap_or(BUFFER).min(BUFFER);
        let ours = &mut buffers.upper[..left];
        upper.read_exact_at(ours, offset).map_err(|error| unreadable("file", &error))?;
        if equal {
            let theirs = &mut buffers.lower[..left];
            lower
                .read_exact_at(theirs, offset)
                .map_err(|error| unreadable("image file", &error))?;
            equal = ours == theirs;
            if !equal && size > HASH_WHOLE_BELOW {
                return Ok(Comparison { equal, sha256: None });
            }
        }
        hash.update(ours);
        offset += left as u64;
    }
    Ok(Comparison { equal, sha256: Some(hash.finalize().into()) })
}

/// SHA-256 of the first `size` bytes of a file of that size. Errs as [`compare`].
pub(super) fn digest(
    file: &File,
    size: u64,
    limits: &Limits<'_>,
    buffers: &mut Buffers,
) -> Result<[u8; 32], Cow<'static, str>> {
    let mut hash = Sha256::new();
    let mut offset = 0;
    while offset < size {
        if let Some(reason) = limits.exceeded() {
            return Err(reason);
        }
        let left = usize::try_from(size - offset).unwrap_or(BUFFER).min(BUFFER);
        let piece = &mut buffers.upper[..left];
        file.read_exact_at(piece, offset).map_err(|error| unreadable("file", &error))?;
        hash.update(piece);
        offset += left as u64;
    }
    Ok(hash.finalize().into())
}

fn unreadable(which: &str, error: &io::Error) -> Cow<'static, str> {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return format!("the {which} changed while it was read").into();
    }
    format!("the {which} could not be read: {error}").into()
}
