//! Files of the upper layer that the kernel copied up from another path of the image.
//!
//! Without `metacopy` an overlay leaves no redirect on a file that is renamed: a whiteout at the old
//! path, and at the new one a file that has as its origin the inode of the image's. Where both are
//! found, they are one rename.

use std::collections::HashMap;

/// How many bytes of paths are kept.
const BYTES: usize = 24 << 20;

/// What is looked for among the deleted files of the image, by inode number.
#[derive(Debug, Default)]
pub(super) struct Strays {
    files: HashMap<u64, Stray>,
    bytes: usize,
    /// How many were left out because their paths take too much room.
    pub(super) left_out: u64,
}

#[derive(Debug)]
struct Stray {
    path: Box<[u8]>,
    /// Where the image has it.
    old: Option<Box<[u8]>>,
}

impl Strays {
    /// Keeps a file of the upper layer that came from the inode of this number, and stands where the
    /// image has nothing. Of several names of one inode the first counts.
    pub(super) fn add(&mut self, number: u64, path: &[u8]) {
        if self.files.contains_key(&number) {
            return;
        }
        if self.bytes + path.len() > BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes += path.len();
        self.files.insert(number, Stray { path: path.into(), old: None });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// A deleted file of the image. The first path of an inode counts here too.
    pub(super) fn gone(&mut self, number: u64, path: &[u8]) {
        if let Some(stray) = self.files.get_mut(&number) {
            stray.old.get_or_insert_with(|| path.into());
        }
    }

    /// Those that were found: the old and the new path.
    pub(super) fn found(self) -> impl Iterator<Item = (Box<[u8]>, Box<[u8]>)> {
        self.files.into_values().filter_map(|stray| Some((stray.old?, stray.path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_each_side_makes_the_pair() {
        let mut strays = Strays::default();
        assert!(strays.is_empty());
        strays.add(7, b"/new");
        strays.add(7, b"/second");
        strays.add(8, b"/never/deleted");
        strays.gone(7, b"/old");
        strays.gone(7, b"/other");
        strays.gone(9, b"/nowhere");
        let found: Vec<_> = strays.found().collect();
        assert_eq!(found, [(b"/old".as_slice().into(), b"/new".as_slice().into())]);
    }

    #[test]
    fn what_is_too_much_is_left_out_and_counted() {
        let mut strays = Strays::default();
        let path = vec![b'x'; BYTES / 4];
        (0..6).for_each(|number| strays.add(number, &path));
        assert_eq!((strays.files.len(), strays.left_out), (4, 2));
    }
}
