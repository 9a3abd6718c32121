//! Digests of the files below a directory: bounded, and never outside of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use rustix::fs::AtFlags;
use rustix::fs::Dir;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::Stat;
use rustix::io::Errno;
use sha2::Digest;
use sha2::Sha256;

use super::layout::DATA;
use super::layout::Generation;
use super::layout::THROUGH;
use super::layout::is_generation;
use crate::config::secret;
use crate::event::Text;
use crate::event::Timestamp;

/// Most files of one volume. A secret or config map of Kubernetes has at most 1 MiB in all.
const FILES: usize = 1024;
/// Most names that are read of one directory.
const NAMES: usize = 4 * FILES;
/// Most bytes of one file, and of one volume.
const FILE_BYTES: u64 = 4 << 20;
const BYTES: u64 = 32 << 20;
/// How deep directories are followed.
const DEPTH: usize = 16;
/// How often a volume is read that is rotated meanwhile.
const ATTEMPTS: usize = 3;
/// How much is read at once.
const BLOCK: usize = 16 << 10;

/// Takes each directory that is read, and a file that is a volume; whether it is a directory.
pub(super) type Visit<'a> = &'a mut dyn FnMut(BorrowedFd<'_>, bool);

/// What is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// By the path below the volume, as its user sees it; empty where the volume is a file.
    pub(super) files: BTreeMap<Vec<u8>, Entry>,
    /// Of a volume of the kubelet's.
    pub(super) generation: Option<Generation>,
    /// There is more than was looked at.
    pub(super) is_cut: bool,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its digest, or what stands for it.
    pub(super) value: Text,
    pub(super) modified: Timestamp,
    /// Its name leads through `..data`.
    pub(super) is_published: bool,
    pub(super) is_regular: bool,
}

/// Reads what is at a place. Opens nothing but regular files and directories, leaves the mount by no symbolic
/// link and by no mount below it.
///
/// Each directory is shown to `visit` before it is read, and the file where the volume is one.
pub(super) fn read(root: &OwnedFd, visit: Visit<'_>) -> Result<Contents, Errno> {
    let mut contents = once(root, visit)?;
    for _ in 1..ATTEMPTS {
        if contents.generation == generation(root.as_fd()) {
            break;
        }
        // It was rotated meanwhile: what was read is of two generations.
        contents = once(root, visit)?;
    }
    Ok(contents)
}

fn once(root: &OwnedFd, visit: Visit<'_>) -> Result<Contents, Errno> {
    let stat = rustix::fs::fstat(root)?;
    let mut reader =
        Reader { root: root.as_fd(), contents: Contents::default(), bytes: BYTES, visit };
    if FileType::from_raw_mode(stat.st_mode).is_dir() {
        reader.contents.generation = generation(root.as_fd());
        if let Some(generation) = &reader.contents.generation {
            // Its files are reached by links, one by one.
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let name = generation.name.as_slice();
            if let Ok(opened) = rustix::fs::openat(root, name, flags, Mode::empty()) {
                (reader.visit)(opened.as_fd(), true);
            }
        }
        reader.directory(root.as_fd(), &mut Vec::new(), 0, false)?;
    } else {
        if FileType::from_raw_mode(stat.st_mode).is_file() {
            (reader.visit)(root.as_fd(), false);
        }
        reader.node(root.as_fd(), &stat, Vec::new(), false);
    }
    Ok(reader.contents)
}

/// Where `..data` leads, if it does as the kubelet's does.
fn generation(root: BorrowedFd<'_>) -> Option<Generation> {
    let stat = rustix::fs::statat(root, DATA, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let target = rustix::fs::readlinkat(root, DATA, Vec::new()).ok()?;
    let name = target.to_bytes().to_vec();
    is_generation(&name).then(|| Generation { name, made: modified(&stat) })
}

struct Reader<'a> {
    root: BorrowedFd<'a>,
    contents: Contents,
    /// How many more are read.
    bytes: u64,
    visit: Visit<'a>,
}

impl Reader<'_> {
    /// `path` is its path below the volume, and is left as it was.
    fn directory(
        &mut self,
        directory: BorrowedFd<'_>,
        path: &mut Vec<u8>,
        depth: usize,
        is_published: bool,
    ) -> Result<(), Errno> {
        (self.visit)(directory, true);
        let mut names = Vec::new();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        for entry in Dir::new(rustix::fs::openat(directory, ".", flags, Mode::empty())?)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if names.len() >= NAMES {
                self.contents.is_cut = true;
                break;
            }
            let is_kubelets = self.contents.generation.is_some() && path.is_empty();
            if !matches!(name.as_slice(), b"." | b"..")
                && !(is_kubelets && (is_generation(&name) || name.starts_with(DATA)))
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        for name in names {
            if self.contents.files.len() >= FILES {
                self.contents.is_cut = true;
                return Ok(());
            }
            let length = path.len();
            if length > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(&name);
            self.name(directory, &name, path, depth, is_published);
            path.truncate(length);
        }
        Ok(())
    }

    fn name(
        &mut self,
        directory: BorrowedFd<'_>,
        name: &[u8],
        path: &mut Vec<u8>,
        depth: usize,
        is_published: bool,
    ) {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_MAGICLINKS;
        let opened = rustix::fs::openat2(directory, name, flags, Mode::empty(), within);
        let opened = opened.and_then(|node| rustix::fs::fstat(&node).map(|stat| (node, stat)));
        let (node, stat) = match opened {
            Ok(opened) => opened,
            // It went meanwhile, or something else is mounted there.
            Err(Errno::NOENT | Errno::XDEV) => return,
            Err(errno) => return self.unreadable(path, errno),
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory if depth >= DEPTH => self.contents.is_cut = true,
            FileType::Directory => {
                if let Err(errno) = self.directory(node.as_fd(), path, depth + 1, is_published) {
                    self.unreadable(path, errno);
                }
            }
            FileType::Symlink => self.link(node.as_fd(), &stat, path, depth, is_published),
            _ => self.node(node.as_fd(), &stat, path.clone(), is_published),
        }
    }

    /// A link counts as what it leads to, where that is a file within; the kubelet's lead to directories, too.
    fn link(
        &mut self,
        link: BorrowedFd<'_>,
        stat: &Stat,
        path: &mut Vec<u8>,
        depth: usize,
        is_published: bool,
    ) {
        let target = rustix::fs::readlinkat(link, "", Vec::new());
        let target = target.map(|target| target.to_bytes().to_vec()).unwrap_or_default();
        let through = self.contents.generation.is_some() && target.starts_with(THROUGH);
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_MAGICLINKS;
        let opened = rustix::fs::openat2(self.root, path.as_slice(), flags, Mode::empty(), within);
        let opened = opened.and_then(|node| rustix::fs::fstat(&node).map(|stat| (node, stat)));
        if let Ok((node, stat)) = &opened {
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => {
                    return self.node(node.as_fd(), stat, path.clone(), through || is_published);
                }
                FileType::Directory if through && depth == 0 => {
                    return match self.directory(node.as_fd(), path, depth + 1, true) {
                        Ok(()) => {}
                        Err(errno) => self.unreadable(path, errno),
                    };
                }
                _ => {}
            }
        }
        let value = Text::from(format!("link {}", secret::digest(&target)).as_str());
        let entry = Entry { value, modified: modified(stat), is_published, is_regular: false };
        self.contents.files.insert(path.clone(), entry);
    }

    fn unreadable(&mut self, path: &[u8], errno: Errno) {
        let value = Text::from(format!("cannot be read: {errno}").as_str());
        let modified = Timestamp::from_nanos(0);
        let entry = Entry { value, modified, is_published: false, is_regular: false };
        self.contents.files.insert(path.to_vec(), entry);
    }

    /// A file that is no directory and no link.
    fn node(&mut self, node: BorrowedFd<'_>, stat: &Stat, path: Vec<u8>, is_published: bool) {
        let is_regular = FileType::from_raw_mode(stat.st_mode).is_file();
        let value = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => match self.digest(node, stat) {
                Ok(value) => value,
                Err(error) => return self.unreadable(&path, error),
            },
            FileType::Fifo => Text::from("a pipe"),
            FileType::Socket => Text::from("a socket"),
            _ => Text::from("a device"),
        };
        let entry = Entry { value, modified: modified(stat), is_published, is_regular };
        self.contents.files.insert(path, entry);
    }

    fn digest(&mut self, node: BorrowedFd<'_>, stat: &Stat) -> Result<Text, Errno> {
        let too_large = |size: u64| Text::from(format!("{size} bytes, not read").as_str());
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let limit = FILE_BYTES.min(self.bytes);
        if size > limit {
            self.contents.is_cut = true;
            return Ok(too_large(size));
        }
        // The very file that was looked at, and no other that has its name by now.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let path = format!("/proc/self/fd/{}", node.as_raw_fd());
        let file = rustix::fs::open(path, flags, Mode::empty())?;
        let mut file = File::from(file).take(limit + 1);
        let mut hasher = Sha256::new();
        let mut block = [0; BLOCK];
        let mut read = 0;
        loop {
            let count = file
                .read(&mut block)
                .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
            if count == 0 {
                break;
            }
            read += count as u64;
            hasher.update(&block[..count]);
        }
        self.bytes -= read.min(self.bytes);
        if read > limit {
            self.contents.is_cut = true;
            return Ok(too_large(read));
        }
        Ok(secret::text_of(&hasher.finalize()))
    }
}

/// Of which type it is depends on who makes the system calls.
fn number(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(0)
}

fn modified(stat: &Stat) -> Timestamp {
    let nanos = number(stat.st_mtime_nsec);
    Timestamp::from_nanos(stat.st_mtime.saturating_mul(1_000_000_000).saturating_add(nanos))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;

    fn open(path: &Path) -> OwnedFd {
        rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    fn at(path: &Path) -> Contents {
        read(&open(path), &mut |_, _| {}).unwrap()
    }

    fn values(contents: &Contents) -> Vec<(String, String, bool)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let files = contents.files.iter();
        files.map(|(path, it)| (text(path), it.value.to_string(), it.is_published)).collect()
    }

    fn sha(content: &str) -> String {
        secret::digest(content.as_bytes()).to_string()
    }

    #[test]
    fn a_volume_of_the_kubelets_is_seen_as_its_user_sees_it() {
        let volume = tempfile::tempdir().unwrap();
        let generation = volume.path().join("..2026_11_30_17_30_00.12");
        fs::create_dir_all(generation.join("deep/er")).unwrap();
        fs::write(generation.join("password"), "hunter2").unwrap();
        fs::write(generation.join("deep/er/key"), "k").unwrap();
        symlink("..2026_11_30_17_30_00.12", volume.path().join("..data")).unwrap();
        symlink("..data/password", volume.path().join("password")).unwrap();
        symlink("..data/deep", volume.path().join("deep")).unwrap();
        // The one before, which is being removed.
        fs::create_dir(volume.path().join("..2026_11_30_17_00_00.99")).unwrap();
        fs::write(volume.path().join("..2026_11_30_17_00_00.99/password"), "old").unwrap();
        fs::write(volume.path().join("put"), "by somebody").unwrap();
        let contents = at(volume.path());
        let expected = [
            ("deep/er/key".to_owned(), sha("k"), true),
            ("password".to_owned(), sha("hunter2"), true),
            ("put".to_owned(), sha("by somebody"), false),
        ];
        assert_eq!(values(&contents), expected);
        let found = contents.generation.clone().unwrap();
        assert_eq!(found.name, b"..2026_11_30_17_30_00.12");
        assert!(found.made >= contents.files[&b"password"[..]].modified);
        assert!(!contents.is_cut);
        assert!(!format!("{contents:?}").contains("hunter2"));
        let mut visited = 0;
        read(&open(volume.path()), &mut |_, is_directory| visited += usize::from(is_directory))
            .unwrap();
        assert_eq!(visited, 4, "the volume, the generation, deep and deep/er");
    }

    #[test]
    fn a_volume_that_is_rotated_while_it_is_read_is_of_one_generation() {
        let volume = tempfile::tempdir().unwrap();
        let path = |name: &str| volume.path().join(name);
        for (generation, content) in
            [("..2026_11_30_17_30_00.12", "old"), ("..2026_11_30_18_30_00.13", "new")]
        {
            fs::create_dir(path(generation)).unwrap();
            fs::write(path(generation).join("password"), content).unwrap();
        }
        symlink("..2026_11_30_17_30_00.12", path("..data")).unwrap();
        symlink("..data/password", path("password")).unwrap();
        let mut visits = 0;
        let contents = read(&open(volume.path()), &mut |_, _| {
            visits += 1;
            if visits == 1 {
                symlink("..2026_11_30_18_30_00.13", path("..data_tmp")).unwrap();
                fs::rename(path("..data_tmp"), path("..data")).unwrap();
            }
        });
        let contents = contents.unwrap();
        assert_eq!(contents.generation.clone().unwrap().name, b"..2026_11_30_18_30_00.13");
        assert_eq!(values(&contents), [("password".to_owned(), sha("new"), true)]);
    }

    #[test]
    fn nothing_outside_is_read_and_nothing_that_waits() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("shadow"), "root:x").unwrap();
        let volume = tempfile::tempdir().unwrap();
        let link = |target: &str, name: &str| symlink(target, volume.path().join(name)).unwrap();
        let shadow = outside.path().join("shadow").display().to_string();
        link(&shadow, "absolute");
        link("../../etc/passwd", "above");
        link("/proc/self/environ", "magic");
        link(".", "loop");
        link("nothing", "dangling");
        rustix::fs::mkfifoat(open(volume.path()), "pipe", Mode::RWXU).unwrap();
        let all = values(&at(volume.path()));
        let names: Vec<&str> = all.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["above", "absolute", "dangling", "loop", "magic", "pipe"]);
        for (name, value, _) in &all {
            let expected = name == "pipe" && value == "a pipe" || value.starts_with("link sha256:");
            assert!(expected, "{name}: {value}");
        }
        assert_eq!(all[1].1, format!("link {}", sha(&shadow)), "the target, not what is there");
    }

    #[test]
    fn a_plain_directory_and_a_single_file_are_read_too() {
        let volume = tempfile::tempdir().unwrap();
        fs::write(volume.path().join("..hidden"), "x").unwrap();
        fs::write(volume.path().join("token"), "y").unwrap();
        symlink("token", volume.path().join("link")).unwrap();
        let contents = at(volume.path());
        let names: Vec<_> =
            values(&contents).into_iter().map(|(name, value, _)| (name, value)).collect();
        let expected = [("..hidden", sha("x")), ("link", sha("y")), ("token", sha("y"))];
        assert_eq!(names, expected.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(contents.generation, None);
        let one = at(&volume.path().join("token"));
        assert_eq!(values(&one), [(String::new(), sha("y"), false)]);
    }

    #[test]
    fn bounds_are_kept_and_told() {
        let volume = tempfile::tempdir().unwrap();
        let large = fs::File::create(volume.path().join("large")).unwrap();
        large.set_len(FILE_BYTES + 1).unwrap();
        let contents = at(volume.path());
        assert!(contents.is_cut);
        assert_eq!(values(&contents)[0].1, format!("{} bytes, not read", FILE_BYTES + 1));
        let many = tempfile::tempdir().unwrap();
        for number in 0..=FILES {
            fs::write(many.path().join(format!("{number:05}")), "").unwrap();
        }
        let contents = at(many.path());
        assert!(contents.is_cut && contents.files.len() == FILES);
        let deep = tempfile::tempdir().unwrap();
        fs::create_dir_all(deep.path().join("a/".repeat(DEPTH + 1))).unwrap();
        assert!(at(deep.path()).is_cut);
        // A volume is read to a sum, in the order of names.
        let sum = tempfile::tempdir().unwrap();
        for number in 0..=BYTES / FILE_BYTES {
            let file = fs::File::create(sum.path().join(format!("{number:02}"))).unwrap();
            file.set_len(FILE_BYTES).unwrap();
        }
        let contents = at(sum.path());
        let last = values(&contents).pop().unwrap();
        assert!(contents.is_cut && last.1 == format!("{FILE_BYTES} bytes, not read"), "{last:?}");
    }
}
