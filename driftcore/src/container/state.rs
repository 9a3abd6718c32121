//! Bounded reading below a state directory.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::io::Errno;
use serde::de::DeserializeOwned;

use super::roots::StateRoots;

/// Most that is read of one state file, in bytes.
pub(super) const FILE_LIMIT: u64 = 8 << 20;
/// Most entries of one directory that are looked at.
const ENTRY_LIMIT: usize = 4096;

/// A state directory, held open. What is read below it is a regular file reached without a
/// symbolic link, so that nothing in it leads elsewhere.
pub(super) struct StateDir {
    fd: OwnedFd,
    path: PathBuf,
}

impl StateDir {
    /// Opens a directory named as the host names it. `None` when there is none.
    ///
    /// # Errors
    ///
    /// Text that names the path, when it is there but cannot be opened.
    pub(super) fn open(roots: &StateRoots, path: &Path) -> Result<Option<Self>, String> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let relative = match path.strip_prefix("/") {
            Ok(rest) if !rest.as_os_str().is_empty() => rest,
            _ => Path::new("."),
        };
        // The root may be a link that is absolute in the host's view.
        let opened = rustix::fs::open(&roots.host, flags, Mode::empty()).and_then(|host| {
            rustix::fs::openat2(host, relative, flags, Mode::empty(), ResolveFlags::IN_ROOT)
        });
        match opened {
            Ok(fd) => Ok(Some(Self { fd, path: roots.seen(path) })),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(format!("{}: {error}", roots.seen(path).display())),
        }
    }

    /// The path of an entry as we see it, for messages.
    pub(super) fn name(&self, relative: &str) -> String {
        self.path.join(relative).display().to_string()
    }

    /// Opens a regular file. `None` when there is none.
    ///
    /// # Errors
    ///
    /// Text that names the path: a symbolic link on the way, not a regular file, no permission.
    pub(super) fn file(&self, relative: &str) -> Result<Option<File>, String> {
        let problem = |error: &str| format!("{}: {error}", self.name(relative));
        // O_NONBLOCK: opening a FIFO must not wait for its writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = match self.open_at(relative, flags) {
            Ok(fd) => fd,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(error) => return Err(problem(&error.to_string())),
        };
        let stat = rustix::fs::fstat(&fd).map_err(|error| problem(&error.to_string()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(problem("not a regular file"));
        }
        Ok(Some(File::from(fd)))
    }

    /// Reads a file of at most `limit` bytes. `None` when there is none.
    ///
    /// # Errors
    ///
    /// Those of [`StateDir::file`], and a file larger than the limit.
    pub(super) fn read(&self, relative: &str, limit: u64) -> Result<Option<Vec<u8>>, String> {
        let Some(file) = self.file(relative)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("{}: {error}", self.name(relative)))?;
        if bytes.len() as u64 > limit {
            return Err(format!("{}: larger than {limit} bytes", self.name(relative)));
        }
        Ok(Some(bytes))
    }

    /// Reads a JSON file. `None` when there is none.
    ///
    /// # Errors
    ///
    /// Those of [`StateDir::read`], and what is wrong with the JSON and where.
    pub(super) fn json<T: DeserializeOwned>(&self, relative: &str) -> Result<Option<T>, String> {
        let Some(bytes) = self.read(relative, FILE_LIMIT)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| format!("{}: {error}", self.name(relative)))
    }

    /// Whether something of that name is there.
    pub(super) fn has(&self, relative: &str) -> bool {
        self.open_at(relative, OFlags::PATH | OFlags::CLOEXEC).is_ok()
    }

    /// The text of a symbolic link.
    pub(super) fn link(&self, relative: &str) -> Option<PathBuf> {
        let (parent, name) = relative.rsplit_once('/')?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = self.open_at(parent, flags).ok()?;
        let target = rustix::fs::readlinkat(parent, name, Vec::new()).ok()?;
        Some(PathBuf::from(target.to_string_lossy().into_owned()))
    }

    /// The names in a directory that are UTF-8; empty when it cannot be read.
    pub(super) fn entries(&self, relative: &str) -> Vec<String> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(fd) = self.open_at(relative, flags) else {
            return Vec::new();
        };
        let Ok(directory) = rustix::fs::Dir::read_from(fd) else {
            return Vec::new();
        };
        directory
            .take(ENTRY_LIMIT)
            .map_while(Result::ok)
            .filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned))
            .filter(|name| name != "." && name != "..")
            .collect()
    }

    fn open_at(&self, relative: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        rustix::fs::openat2(&self.fd, relative, flags, Mode::empty(), resolve)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_small_regular_files_reached_without_links_are_read() {
        let host = tempfile::tempdir().unwrap();
        let root = host.path().join("state");
        std::fs::create_dir_all(root.join("dir")).unwrap();
        std::fs::write(root.join("dir/good"), b"{}").unwrap();
        std::fs::write(root.join("bad"), b"{\"half\": ").unwrap();
        symlink("dir/good", root.join("link")).unwrap();
        symlink("dir", root.join("dirlink")).unwrap();
        let roots = StateRoots { host: host.path().to_owned(), ..StateRoots::default() };
        let dir = StateDir::open(&roots, Path::new("/state")).unwrap().unwrap();

        assert_eq!(dir.read("dir/good", 2).unwrap().unwrap(), b"{}");
        assert!(dir.read("dir/good", 1).unwrap_err().contains("larger than 1"));
        assert!(dir.read("absent", 9).unwrap().is_none());
        assert!(dir.read("link", 9).is_err());
        assert!(dir.read("dirlink/good", 9).is_err());
        assert!(dir.read("../state/bad", 99).is_err());
        assert!(dir.read("dir", 9).unwrap_err().contains("not a regular file"));
        assert!(dir.json::<serde_json::Value>("bad").unwrap_err().contains("EOF"));
        assert_eq!(dir.link("./link").unwrap(), Path::new("dir/good"));
        assert_eq!(dir.entries("dir"), ["good"]);
        assert!(StateDir::open(&roots, Path::new("/absent")).unwrap().is_none());
    }

    #[test]
    fn an_absolute_link_as_root_stays_in_the_host() {
        let host = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(host.path().join("data/docker")).unwrap();
        std::fs::write(host.path().join("data/docker/x"), b"1").unwrap();
        symlink("/data/docker", host.path().join("docker")).unwrap();
        let roots = StateRoots { host: host.path().to_owned(), ..StateRoots::default() };
        let dir = StateDir::open(&roots, Path::new("/docker")).unwrap().unwrap();
        assert_eq!(dir.read("x", 9).unwrap().unwrap(), b"1");
    }
}
