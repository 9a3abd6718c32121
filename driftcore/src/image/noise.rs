//! What runtimes make in a container's root themselves.

use std::collections::HashSet;

use super::Entry;
use super::EntryKind;
use super::FileType;

/// Files that runtimes make, or make so that they can mount over them.
const FILES: [&[u8]; 6] = [
    b"/.dockerenv",
    b"/run/.containerenv",
    b"/etc/hosts",
    b"/etc/hostname",
    b"/etc/resolv.conf",
    b"/dev/console",
];
/// Directories that they make to mount on them.
const DIRECTORIES: [&[u8]; 6] =
    [b"/proc", b"/sys", b"/dev", b"/dev/pts", b"/dev/shm", b"/dev/mqueue"];

/// Knows what a runtime makes: what is there by custom, and the targets of one container's mounts
/// with the directories above them.
#[derive(Debug)]
pub(super) struct Noise {
    files: HashSet<Vec<u8>>,
    directories: HashSet<Vec<u8>>,
}

impl Noise {
    /// For a container with these mounts, as absolute paths in it.
    pub(super) fn new<'a>(mount_points: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut noise = Self { files: HashSet::new(), directories: HashSet::new() };
        for path in FILES.into_iter().chain(DIRECTORIES).chain(mount_points) {
            noise.files.insert(path.to_vec());
            noise.directories.insert(path.to_vec());
            for (at, _) in path.iter().enumerate().skip(1).filter(|&(_, &byte)| byte == b'/') {
                noise.directories.insert(path[..at].to_vec());
            }
        }
        noise
    }

    /// Whether an entry is of the runtime's making. It is only if it has nothing in it: a file
    /// with content at such a place is somebody else's.
    pub(super) fn made(&self, entry: &Entry) -> bool {
        let Some(after) = entry.after.as_ref().filter(|_| entry.kind == EntryKind::Added) else {
            return false;
        };
        let path = entry.path.as_bytes();
        match after.file_type {
            FileType::File => {
                // Docker gives its own the right to be executed.
                let allowed = if FILES.contains(&path) { 0o7000 } else { 0o7111 };
                after.size == 0 && after.mode & allowed == 0 && self.files.contains(path)
            }
            FileType::Directory => self.directories.contains(path),
            FileType::Symlink => {
                let target = after.target.as_ref().map(crate::event::Text::as_bytes);
                path == b"/etc/mtab" && target == Some(b"/proc/mounts")
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Text;
    use crate::image::State;
    use crate::provenance::Facts;

    fn entry(path: &str, mode: u32, size: u64) -> Entry {
        let file = tempfile::tempfile().unwrap();
        let facts = Facts { mode, size, ..Facts::of(&file).unwrap() };
        let mut entry = Entry::new(path.as_bytes(), EntryKind::Added);
        entry.after = Some(State::of(&facts));
        entry
    }

    const FILE: u32 = 0o100_644;
    const DIRECTORY: u32 = 0o040_755;

    #[test]
    fn empty_targets_of_mounts_and_what_leads_to_them_are_noise() {
        let noise = Noise::new([&b"/data/deep/x"[..]].into_iter());
        for (path, mode) in [
            ("/etc/hosts", FILE),
            ("/etc", DIRECTORY),
            ("/.dockerenv", 0o100_755),
            ("/etc/hosts", 0o100_755),
            ("/dev/console", 0o100_755),
            ("/proc", DIRECTORY),
            ("/data", DIRECTORY),
            ("/data/deep", DIRECTORY),
            ("/data/deep/x", DIRECTORY),
            ("/data/deep/x", FILE),
        ] {
            assert!(noise.made(&entry(path, mode, 0)), "{path}");
        }
    }

    #[test]
    fn what_has_content_or_stands_elsewhere_is_not() {
        let noise = Noise::new([&b"/data/deep/x"[..]].into_iter());
        for (path, mode, size) in [
            ("/etc/hosts", FILE, 1),
            ("/etc/hosts", 0o104_755, 0),
            ("/data/deep/x", 0o100_755, 0),
            ("/.dockerenv", FILE, 9),
            ("/etc/passwd", FILE, 0),
            ("/data/deep/y", DIRECTORY, 0),
            ("/data/deep/x/y", DIRECTORY, 0),
            ("/data", FILE, 0),
            ("/etc/hosts", 0o020_644, 0),
        ] {
            assert!(!noise.made(&entry(path, mode, size)), "{path}");
        }
        let mut modified = entry("/etc/hosts", FILE, 0);
        modified.kind = EntryKind::Modified;
        assert!(!noise.made(&modified));
    }

    #[test]
    fn the_link_to_the_mounts_is_noise_and_another_one_is_not() {
        let noise = Noise::new(std::iter::empty());
        let mut link = entry("/etc/mtab", 0o120_777, 12);
        for (target, expected) in [("/proc/mounts", true), ("/tmp/x", false)] {
            link.after.as_mut().unwrap().target = Some(Text::from(target));
            assert_eq!(noise.made(&link), expected);
        }
    }
}
