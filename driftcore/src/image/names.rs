//! The names in a directory, in order and in bounded memory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::FileType;
use rustix::io::Errno;

use crate::provenance::Dir;

/// How many bytes of names are taken at a time.
const BATCH: usize = 4 << 20;
/// How many when directories above hold many names already.
const SMALL_BATCH: usize = 64 << 10;
/// How many bytes of names all open directories together hold before batches become small.
const HELD: usize = 32 << 20;

/// The names of one directory: in the order of their bytes, within each batch of 4 MiB.
#[derive(Debug)]
pub(super) struct Names {
    /// Gone once everything is read.
    stream: Option<rustix::fs::Dir>,
    bytes: Vec<u8>,
    /// Start and length in `bytes`, type, sorted by name.
    index: Vec<(u32, u16, FileType)>,
    next: usize,
}

/// A name in a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    pub(super) bytes: &'a [u8],
    /// As the directory tells it; some filesystems do not.
    pub(super) file_type: FileType,
}

impl<'a> Name<'a> {
    pub(super) fn as_path(self) -> &'a Path {
        as_path(self.bytes)
    }
}

/// A name as a path of one component.
pub(super) fn as_path(name: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(name))
}

impl Names {
    pub(super) fn of(directory: &Dir) -> Result<Self, Errno> {
        let stream = Some(directory.entries()?);
        Ok(Self { stream, bytes: Vec::new(), index: Vec::new(), next: 0 })
    }

    /// Bytes that it holds.
    pub(super) fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the next name has to be read.
    pub(super) fn needs_batch(&self) -> bool {
        self.next == self.index.len() && self.stream.is_some()
    }

    /// Reads a batch; `held` is what all directories hold together.
    pub(super) fn read_batch(&mut self, held: usize) -> Result<(), Errno> {
        let most = if held > HELD { SMALL_BATCH } else { BATCH };
        self.bytes.clear();
        self.index.clear();
        self.next = 0;
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let mut failure = None;
        loop {
            let entry = match stream.next() {
                Some(Ok(entry)) => entry,
                Some(Err(errno)) => {
                    failure = Some(errno);
                    self.stream = None;
                    break;
                }
                None => {
                    self.stream = None;
                    break;
                }
            };
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            // A batch has far less than 4 GiB, a name at most 255 bytes.
            let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
            let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
            self.bytes.extend_from_slice(name);
            self.index.push((start, length, entry.file_type()));
            if self.bytes.len() >= most {
                break;
            }
        }
        let Self { bytes, index, .. } = self;
        index.sort_unstable_by(|a, b| name_in(bytes, *a).cmp(name_in(bytes, *b)));
        failure.map_or(Ok(()), Err)
    }

    /// The next name of the batch.
    pub(super) fn next(&mut self) -> Option<Name<'_>> {
        let place = *self.index.get(self.next)?;
        self.next += 1;
        Some(Name { bytes: name_in(&self.bytes, place), file_type: place.2 })
    }
}

fn name_in(bytes: &[u8], (start, length, _): (u32, u16, FileType)) -> &[u8] {
    let start = start as usize;
    bytes.get(start..start + usize::from(length)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(directory: &Path, held: usize) -> (Vec<Vec<u8>>, usize) {
        let mut names = Names::of(&Dir::open(directory).unwrap()).unwrap();
        let (mut all, mut most) = (Vec::new(), 0);
        loop {
            if names.needs_batch() {
                names.read_batch(held).unwrap();
                most = most.max(names.held());
            }
            let Some(name) = names.next() else { break };
            all.push(name.bytes.to_vec());
        }
        (all, most)
    }

    #[test]
    fn names_come_sorted_and_all_of_them_also_in_small_batches() {
        let directory = tempfile::tempdir().unwrap();
        let mut expected: Vec<Vec<u8>> =
            (0..3000).map(|number| format!("{number:0>200}").into_bytes()).collect();
        expected.push(b"\xff\n".to_vec());
        for name in &expected {
            std::fs::write(directory.path().join(OsStr::from_bytes(name)), "").unwrap();
        }
        assert_eq!(all(directory.path(), 0).0, expected);
        let (mut names, held) = all(directory.path(), HELD + 1);
        assert!(held < SMALL_BATCH + 256, "{held}");
        names.sort();
        assert_eq!(names, expected);
    }
}
