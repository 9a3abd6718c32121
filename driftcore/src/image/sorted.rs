//! All names of a directory in order, however many there are, in bounded memory.

use rustix::io::Errno;

use crate::provenance::Dir;

/// How many bytes of names are held of one directory.
const BATCH: usize = 8 << 20;
/// How many when directories above hold many names already.
const SMALL_BATCH: usize = 256 << 10;
/// How many bytes of names all open directories together hold before batches become small.
const HELD: usize = 32 << 20;

/// The names of a directory, or of several that are merged: each once, in the order of their bytes.
///
/// A directory with more names than are held is read again for each batch.
#[derive(Debug, Default)]
pub(super) struct SortedNames {
    bytes: Vec<u8>,
    /// Start and length in `bytes`, sorted by name.
    index: Vec<(u32, u16)>,
    next: usize,
    /// The last name of the batches so far.
    last: Vec<u8>,
    /// Whether there are no names behind this batch.
    whole: bool,
}

impl SortedNames {
    /// Bytes that it holds.
    pub(super) const fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the next name has to be read.
    pub(super) const fn needs_batch(&self) -> bool {
        self.next == self.index.len() && !self.whole
    }

    /// Reads a batch; `held` is what all directories hold together. After an error there are only
    /// the names that were read before it.
    pub(super) fn read_batch<'d>(
        &mut self,
        directories: impl Iterator<Item = &'d Dir>,
        held: usize,
    ) -> Result<(), Errno> {
        let most = if held > HELD { SMALL_BATCH } else { BATCH };
        self.read(directories, most)
    }

    fn read<'d>(
        &mut self,
        directories: impl Iterator<Item = &'d Dir>,
        most: usize,
    ) -> Result<(), Errno> {
        self.bytes.clear();
        self.index.clear();
        self.next = 0;
        self.whole = true;
        let mut failure = None;
        for directory in directories {
            if let Err(errno) = self.read_one(directory, most) {
                failure = Some(errno);
            }
        }
        self.sort(usize::MAX);
        if let Some(&last) = self.index.last() {
            self.last = name_in(&self.bytes, last).to_vec();
        }
        match failure {
            Some(errno) => {
                self.whole = true;
                Err(errno)
            }
            None => Ok(()),
        }
    }

    fn read_one(&mut self, directory: &Dir, most: usize) -> Result<(), Errno> {
        // The largest name of those that are held, once there are too many.
        let mut cut: Option<Vec<u8>> = None;
        for entry in directory.entries()? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            let told = !self.last.is_empty() && name <= self.last.as_slice();
            if matches!(name, b"." | b"..") || told {
                continue;
            }
            if cut.as_ref().is_some_and(|cut| name > cut.as_slice()) {
                self.whole = false;
                continue;
            }
            // A batch has far less than 4 GiB, a name at most 255 bytes.
            let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
            self.bytes.extend_from_slice(name);
            self.index.push((start, u16::try_from(name.len()).unwrap_or(u16::MAX)));
            if self.bytes.len() > 2 * most {
                self.sort(most);
                let last = self.index.last().map(|&last| name_in(&self.bytes, last).to_vec());
                cut = last.or(cut);
            }
        }
        Ok(())
    }

    /// Sorts, and keeps the first names up to so many bytes.
    fn sort(&mut self, most: usize) {
        let Self { bytes, index, .. } = self;
        index.sort_unstable_by(|a, b| name_in(bytes, *a).cmp(name_in(bytes, *b)));
        index.dedup_by(|a, b| name_in(bytes, *a) == name_in(bytes, *b));
        if most == usize::MAX {
            return;
        }
        let mut kept = Vec::with_capacity(most);
        let mut count = 0;
        for place in index.iter_mut() {
            let name = name_in(bytes, *place);
            if kept.len() + name.len() > most && count > 0 {
                break;
            }
            place.0 = u32::try_from(kept.len()).unwrap_or(u32::MAX);
            kept.extend_from_slice(name);
            count += 1;
        }
        if count < index.len() {
            self.whole = false;
        }
        index.truncate(count);
        *bytes = kept;
    }

    /// The next name of the batch.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        let place = *self.index.get(self.next)?;
        self.next += 1;
        Some(name_in(&self.bytes, place))
    }
}

fn name_in(bytes: &[u8], (start, length): (u32, u16)) -> &[u8] {
    let start = start as usize;
    bytes.get(start..start + usize::from(length)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn all(directories: &[&Path], most: usize) -> (Vec<String>, usize) {
        let directories: Vec<Dir> = directories.iter().map(|it| Dir::open(it).unwrap()).collect();
        let mut names = SortedNames::default();
        let (mut all, mut batches) = (Vec::new(), 0);
        loop {
            if names.needs_batch() {
                names.read(directories.iter(), most).unwrap();
                batches += 1;
                assert!(names.held() <= 2 * most + 255, "{}", names.held());
                continue;
            }
            let Some(name) = names.next() else { break };
            all.push(String::from_utf8(name.to_vec()).unwrap());
        }
        (all, batches)
    }

    #[test]
    fn names_of_all_directories_come_once_and_in_order_in_any_number_of_batches() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut expected = Vec::new();
        for number in 0..500 {
            let name = format!("{:0>width$}", number * 7 % 500, width = 3 + number % 5);
            let directory = if number % 3 == 0 { &one } else { &two };
            std::fs::write(directory.path().join(&name), "").unwrap();
            if number % 2 == 0 {
                std::fs::write(one.path().join(&name), "").unwrap();
            }
            expected.push(name);
        }
        expected.sort();
        expected.dedup();
        let both = [one.path(), two.path()];
        assert_eq!(all(&both, 1 << 20), (expected.clone(), 1));
        for most in [1, 100, 1000] {
            let (names, batches) = all(&both, most);
            assert_eq!(names, expected);
            assert!(batches > 1);
        }
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(all(&[empty.path()], 100), (Vec::new(), 1));
        assert_eq!(all(&[], 100), (Vec::new(), 1));
    }
}
