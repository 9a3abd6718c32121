//! The files of one side of a comparison, by path.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;

use super::ScanError;
use super::entry::FileType;
use super::lower::Image;
#[cfg(feature = "manifest")]
use super::manifest::Archive;
use super::marks::Marks;
use super::side::Child;
use super::side::Content;
use super::side::Directory;
use super::side::Each;
use super::side::Leaf;
use super::side::Side;
use crate::container::Layers;

/// How many symbolic links one path may lead over, as in the kernel.
const LINKS: u32 = 40;
/// Most bytes of a link's target, as in the kernel.
const TARGET: usize = 4096;

/// The files of a container, of its image, or of a root directory, looked up by path.
///
/// Paths are those that a process in the container would use: absolute, and symbolic links in them
/// are followed, **within this tree**: an absolute target and `..` lead no further than to its root.
/// Layers are merged as the overlay does it; nothing needs to be mounted, and nothing is read but
/// what is asked for. Other mounts (volumes) are not entered.
///
/// A tree belongs to the thread that made it; another thread opens one of its own.
#[derive(Debug)]
pub struct Tree {
    side: Side,
}

/// A regular file of a [`Tree`], open for reading.
#[derive(Debug)]
pub struct TreeFile {
    file: Arc<File>,
    /// Where in the file its content begins.
    start: u64,
    /// How long that is, where it does not go to the file's end.
    length: Option<u64>,
    at: u64,
    path: Vec<u8>,
    size: u64,
    mode: u32,
    changed_ns: i64,
}

/// What a path leads to.
struct Resolved {
    /// The path without links, absolute.
    path: Vec<u8>,
    is: Is,
}

enum Is {
    Directory(Directory),
    Leaf(Leaf),
}

impl Tree {
    /// The image of a container: the lower layers of its overlay.
    ///
    /// # Errors
    ///
    /// [`ScanError::Layer`] when a layer's directory cannot be opened.
    pub fn image(layers: &Layers) -> Result<Self, ScanError> {
        let marks = Marks::new(layers.user_xattrs);
        Ok(Self { side: Side::Layers(Image::open(&layers.lowers, marks)?) })
    }

    /// What the container has: the upper layer over the lower ones.
    ///
    /// # Errors
    ///
    /// [`ScanError::Layer`] when a layer's directory cannot be opened.
    pub fn container(layers: &Layers) -> Result<Self, ScanError> {
        let mut all = vec![layers.upper.clone()];
        all.extend(layers.lowers.iter().cloned());
        let image = Image::open(&all, Marks::new(layers.user_xattrs))?;
        Ok(Self { side: Side::Layers(image) })
    }

    /// A root directory that is no overlay's layer, e.g. `/proc/PID/root`. Where that is allowed it is
    /// looked at without what is mounted in it.
    ///
    /// # Errors
    ///
    /// [`ScanError::Layer`] when it cannot be opened.
    pub fn root(directory: &Path) -> Result<Self, ScanError> {
        Ok(Self { side: Side::Layers(Image::root_directory(directory, Marks::new(false))?) })
    }

    /// Layers that are open already.
    #[cfg(feature = "manifest")]
    pub(super) const fn of_layers(image: Image) -> Self {
        Self { side: Side::Layers(image) }
    }

    /// What was kept of the archives of an image.
    #[cfg(feature = "manifest")]
    pub(super) const fn of_archive(archive: Archive) -> Self {
        Self { side: Side::Archive(archive) }
    }

    /// Why contents of an image in archives were not kept though they were wanted, if that was so.
    #[cfg(feature = "manifest")]
    pub(crate) fn unkept(&self) -> Option<&str> {
        match &self.side {
            Side::Layers(_) => None,
            Side::Archive(archive) => archive.unkept(),
        }
    }

    /// Opens a regular file. `None` when nothing is there.
    ///
    /// # Errors
    ///
    /// When what is there is no regular file (it is not opened then), cannot be read, or the path
    /// leads over more than 40 links.
    pub fn open(&self, path: &[u8]) -> io::Result<Option<TreeFile>> {
        let Some(resolved) = self.resolve(path)? else { return Ok(None) };
        let Is::Leaf(leaf) = resolved.is else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        TreeFile::new(self.side.open(leaf)?, resolved.path).map(Some)
    }

    /// The whole content of a regular file of at most `most` bytes. `None` when nothing is there.
    ///
    /// # Errors
    ///
    /// As [`Tree::open`], and [`FileTooLarge`](io::ErrorKind::FileTooLarge) for a larger file.
    pub fn read(&self, path: &[u8], most: u64) -> io::Result<Option<Vec<u8>>> {
        self.open(path)?.map(|file| file.read_all(most)).transpose()
    }

    /// Hands each name in a directory to `each`, with its type (a symbolic link is one): in the
    /// order of their bytes within each layer, the topmost layer first. The rest is left out once
    /// `each` breaks. False when there is no directory at the path.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read, or the path leads over more than 40 links.
    pub fn list(
        &self,
        path: &[u8],
        each: &mut dyn FnMut(&[u8], FileType) -> ControlFlow<()>,
    ) -> io::Result<bool> {
        self.list_modes(path, &mut |name, file_type, _| each(name, file_type))
    }

    /// As [`Tree::list`], with the permission bits.
    pub(crate) fn list_modes(&self, path: &[u8], each: &mut Each<'_>) -> io::Result<bool> {
        let Some(Resolved { is: Is::Directory(directory), .. }) = self.resolve(path)? else {
            return Ok(false);
        };
        self.side.list(&directory, each)?;
        Ok(true)
    }

    /// The path without links of what a path leads to: where a container's processes, and an
    /// [`Entry`](super::Entry), have it. `None` when nothing is there.
    ///
    /// # Errors
    ///
    /// When a directory on the way cannot be read, or it leads over more than 40 links.
    pub fn real_path(&self, path: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(self.resolve(path)?.map(|resolved| resolved.path))
    }

    /// Follows a path, and links in it, within the tree.
    fn resolve(&self, path: &[u8]) -> io::Result<Option<Resolved>> {
        let mut links = 0;
        // Names that are still to be followed, the next one last.
        let mut rest = Vec::new();
        push_names(&mut rest, path);
        let root = self.side.root();
        // Where it is, with the directories above, for `..`.
        let mut above: Vec<(Vec<u8>, Directory)> = Vec::new();
        let mut here = root.clone();
        while let Some(name) = rest.pop() {
            if name == b".." {
                if let Some((_, parent)) = above.pop() {
                    here = parent;
                }
                continue;
            }
            let Some(child) = self.side.child(&here, &name)? else { return Ok(None) };
            match child {
                Child::Directory(directory) => {
                    above.push((name, std::mem::replace(&mut here, directory)));
                }
                Child::Symlink(target) => {
                    links += 1;
                    if links > LINKS || target.len() > TARGET {
                        return Err(Errno::LOOP.into());
                    }
                    if target.starts_with(b"/") {
                        above.clear();
                        here = root.clone();
                    }
                    push_names(&mut rest, &target);
                }
                // Nothing is below a file.
                Child::Leaf(_) if !rest.is_empty() => return Ok(None),
                Child::Leaf(leaf) => {
                    let path = joined(&above, Some(&name));
                    return Ok(Some(Resolved { path, is: Is::Leaf(leaf) }));
                }
            }
        }
        Ok(Some(Resolved { path: joined(&above, None), is: Is::Directory(here) }))
    }
}

fn push_names(rest: &mut Vec<Vec<u8>>, path: &[u8]) {
    let names = path.split(|&byte| byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    rest.extend(names.rev().map(<[u8]>::to_vec));
}

fn joined(above: &[(Vec<u8>, Directory)], last: Option<&Vec<u8>>) -> Vec<u8> {
    let mut path = Vec::new();
    for name in above.iter().map(|(name, _)| name).chain(last) {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if path.is_empty() {
        path.push(b'/');
    }
    path
}

impl TreeFile {
    pub(super) fn new(content: Content, path: Vec<u8>) -> io::Result<Self> {
        let Content { file, start, length, mode, changed_ns } = content;
        let size = match length {
            Some(length) => length,
            None => file.metadata()?.len(),
        };
        Ok(Self { file, start, length, at: 0, path, size, mode, changed_ns })
    }

    /// Its path without links.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// Its size when it was opened.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Its permission bits.
    pub const fn mode(&self) -> u32 {
        self.mode
    }

    /// When its inode was changed last, in nanoseconds since the epoch.
    pub const fn changed_ns(&self) -> i64 {
        self.changed_ns
    }

    /// The rest of its content, of at most `most` bytes.
    ///
    /// # Errors
    ///
    /// When it cannot be read; [`FileTooLarge`](io::ErrorKind::FileTooLarge) when there is more.
    pub fn read_all(mut self, most: u64) -> io::Result<Vec<u8>> {
        if self.size > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut content = Vec::new();
        // It may grow while it is read.
        (&mut self).take(most.saturating_add(1)).read_to_end(&mut content)?;
        if content.len() as u64 > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(content)
    }
}

impl Read for TreeFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.map_or(u64::MAX, |length| length.saturating_sub(self.at));
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let place = self.start.saturating_add(self.at);
        let length = self.file.read_at(buffer.get_mut(..most).unwrap_or_default(), place)?;
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for TreeFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let at = match position {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
            // A file on disk may have grown since.
            SeekFrom::End(offset) => {
                let end =
                    self.length.map_or_else(|| self.file.metadata().map(|it| it.len()), Ok)?;
                end.checked_add_signed(offset)
            }
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree(lower: &Path, upper: &Path) -> (Tree, Tree) {
        let layers =
            Layers { upper: upper.to_owned(), lowers: vec![lower.to_owned()], user_xattrs: false };
        (Tree::image(&layers).unwrap(), Tree::container(&layers).unwrap())
    }

    fn text(tree: &Tree, path: &str) -> Option<String> {
        let content = tree.read(path.as_bytes(), 64).unwrap();
        content.map(|content| String::from_utf8(content).unwrap())
    }

    #[test]
    fn each_side_shows_its_own_content_and_links_stay_within_the_root() {
        let scratch = tempfile::tempdir().unwrap();
        let (lower, upper) = (scratch.path().join("lower"), scratch.path().join("upper"));
        fs::create_dir_all(lower.join("usr/lib/db")).unwrap();
        fs::create_dir_all(upper.join("usr/lib/db")).unwrap();
        fs::create_dir_all(lower.join("var/lib")).unwrap();
        fs::write(scratch.path().join("secret"), "outside").unwrap();
        fs::write(lower.join("usr/lib/db/status"), "image").unwrap();
        fs::write(lower.join("usr/lib/db/old"), "both").unwrap();
        fs::write(upper.join("usr/lib/db/status"), "container").unwrap();
        fs::write(upper.join("usr/lib/db/new"), "new").unwrap();
        symlink("../../usr/lib/db", lower.join("var/lib/db")).unwrap();
        symlink("/../../../usr/lib/db", lower.join("abs")).unwrap();
        symlink("../secret", lower.join("out")).unwrap();
        symlink(scratch.path().join("secret"), lower.join("out2")).unwrap();
        symlink("loop", lower.join("loop")).unwrap();
        let (image, live) = tree(&lower, &upper);
        for (path, ours, theirs) in [
            ("/var/lib/db/status", Some("container"), Some("image")),
            ("/abs/status", Some("container"), Some("image")),
            ("/abs/../db/new", Some("new"), None),
            ("/var/lib/db/old", Some("both"), Some("both")),
            ("/out", None, None),
            ("/out2", None, None),
            ("/usr/lib/db/status/below", None, None),
        ] {
            assert_eq!(text(&live, path).as_deref(), ours, "{path}");
            assert_eq!(text(&image, path).as_deref(), theirs, "{path}");
        }
        assert!(image.open(b"/loop").is_err());
        assert!(image.open(b"/usr").is_err());
        let real = live.real_path(b"/var/lib/db/new").unwrap().unwrap();
        assert_eq!(real, b"/usr/lib/db/new");
        let error = live.read(b"/usr/lib/db/status", 8).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let mut names = Vec::new();
        let listed = live.list(b"/var/lib/db", &mut |name, file_type| {
            names.push((String::from_utf8(name.to_vec()).unwrap(), file_type));
            ControlFlow::Continue(())
        });
        assert!(listed.unwrap());
        let expected = ["new", "status", "old"].map(|name| (name.to_owned(), FileType::File));
        assert_eq!(names, expected);
        assert!(!live.list(b"/none", &mut |_, _| ControlFlow::Continue(())).unwrap());
    }
}
