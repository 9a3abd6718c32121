//! Following a path as a process would, and never out of its root.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::io::Errno;

use super::InspectError;
use super::facts::Facts;
use super::process::Process;

/// Within the root; links of proc lead out of it and are refused.
const WITHIN: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);

/// Takes hold of the file at a path of a process. Nothing is opened for reading: a pipe or a
/// device is not touched.
pub(super) fn open(process: &Process, path: &Path) -> Result<OwnedFd, InspectError> {
    let namespace = process.mount_namespace()?;
    let root = process.root()?;
    let absolute = if path.is_absolute() {
        path.to_owned()
    } else {
        working_directory(process, &root, path)?.join(path)
    };
    let opened = match beneath(&root, &absolute, ResolveFlags::empty()) {
        Ok(fd) => Ok(fd),
        Err(Errno::NOENT | Errno::NOTDIR) => {
            Err(InspectError::NoSuchFile { pid: process.pid, path: path.to_owned() })
        }
        Err(Errno::AGAIN) => Err(InspectError::Changed(path.to_owned())),
        Err(errno) => Err(InspectError::io(
            format!("follow {} of process {}", path.display(), process.pid),
            errno,
        )),
    };
    // The process may have gone elsewhere meanwhile, or have ended.
    if process.mount_namespace()? != namespace {
        return Err(InspectError::Changed(path.to_owned()));
    }
    opened
}

/// Takes hold of what a path leads to beneath a root.
pub(super) fn beneath(root: impl AsFd, path: &Path, also: ResolveFlags) -> Result<OwnedFd, Errno> {
    // A look-up fails with EAGAIN when a rename anywhere races with it.
    let mut attempts = 0;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    loop {
        match rustix::fs::openat2(root.as_fd(), path, flags, Mode::empty(), WITHIN | also) {
            Err(Errno::AGAIN | Errno::INTR) if attempts < 64 => attempts += 1,
            result => return result,
        }
    }
}

/// Takes hold of what a path leads to beneath a root without following links, if that is known
/// from the kernel's cache of names alone: no filesystem is asked. Fails with `EAGAIN` where it
/// would have to be, and with `EINVAL` on Linux before 5.12.
pub(super) fn cached(root: impl AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    beneath(root, path, ResolveFlags::NO_SYMLINKS | ResolveFlags::CACHED)
}

/// The working directory, as a path beneath the root. It is known by its name alone, so what
/// the name leads to must be the directory.
fn working_directory(
    process: &Process,
    root: &OwnedFd,
    asked: &Path,
) -> Result<PathBuf, InspectError> {
    let directory = process.working_directory()?;
    let path = process.working_path()?;
    let inside = strip(&path, &process.root_path()?).map(|inside| {
        let inside = Path::new("/").join(Path::new(OsStr::from_bytes(inside)));
        (beneath(root, &inside, ResolveFlags::NO_SYMLINKS), inside)
    });
    let is_it = |found: &OwnedFd| {
        let facts = (Facts::of(found), Facts::of(&directory));
        matches!(facts, (Ok(found), Ok(wanted)) if found.is(&wanted))
    };
    match inside {
        Some((Ok(found), inside)) if is_it(&found) => Ok(inside),
        // It was removed, or lies outside of the root.
        Some((Ok(_) | Err(Errno::NOENT | Errno::NOTDIR), _)) | None => {
            Err(InspectError::NoSuchFile { pid: process.pid, path: asked.to_owned() })
        }
        Some((Err(errno), _)) => Err(InspectError::io(
            format!("follow the working directory of process {}", process.pid),
            errno,
        )),
    }
}

/// What of a path is below a directory, without a leading slash. `None` when it is elsewhere.
pub(super) fn strip<'a>(path: &'a [u8], directory: &[u8]) -> Option<&'a [u8]> {
    let rest = path.strip_prefix(directory.strip_suffix(b"/").unwrap_or(directory))?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b"/") }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_is_below_a_directory_only_at_a_slash() {
        assert_eq!(strip(b"/a/b", b"/"), Some(&b"a/b"[..]));
        assert_eq!(strip(b"/a/b", b"/a"), Some(&b"b"[..]));
        assert_eq!(strip(b"/a/b", b"/a/"), Some(&b"b"[..]));
        assert_eq!(strip(b"/a", b"/a"), Some(&b""[..]));
        assert_eq!(strip(b"/ab", b"/a"), None);
        assert_eq!(strip(b"/", b"/"), Some(&b""[..]));
    }

    #[test]
    fn links_are_followed_within_the_root() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("etc")).unwrap();
        fs::write(path("etc/passwd"), "inside").unwrap();
        symlink("/etc/passwd", path("absolute")).unwrap();
        symlink("../../../../etc/passwd", path("etc/upwards")).unwrap();
        symlink("absolute", path("chain")).unwrap();
        symlink("loop", path("loop")).unwrap();
        let root = fs::File::open(directory.path()).unwrap();
        let found = |name: &str| {
            beneath(&root, Path::new(name), ResolveFlags::empty()).map(|fd| Facts::of(&fd).unwrap())
        };
        let inside = found("/etc/passwd").unwrap();
        for name in ["absolute", "/etc/upwards", "chain", "../../etc/passwd"] {
            assert!(found(name).unwrap().is(&inside), "{name}");
        }
        assert_eq!(found("loop").unwrap_err(), Errno::LOOP);
        assert_eq!(found("absent").unwrap_err(), Errno::NOENT);
    }

    #[test]
    fn links_of_proc_are_refused() {
        let root = fs::File::open("/").unwrap();
        let found = beneath(&root, Path::new("/proc/self/exe"), ResolveFlags::empty());
        assert_eq!(found.unwrap_err(), Errno::LOOP);
    }

    #[test]
    fn a_relative_path_begins_at_the_working_directory() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path().canonicalize().unwrap();
        fs::write(at.join("file"), "content").unwrap();
        let mut child =
            std::process::Command::new("sleep").arg("100").current_dir(&at).spawn().unwrap();
        let proc = fs::File::open("/proc").unwrap().into();
        let process = Process::open(&proc, child.id()).unwrap();
        let inode = |path: &str| open(&process, Path::new(path)).map(|fd| Facts::of(&fd).unwrap());
        let file = fs::File::open(at.join("file")).unwrap();
        let found = inode("file").unwrap();
        let absolute = inode(at.join("file").to_str().unwrap()).unwrap();
        assert!(found.is_inode(&Facts::of(&file).unwrap()) && absolute.is(&found));
        assert!(matches!(inode("absent"), Err(InspectError::NoSuchFile { .. })));
        fs::remove_file(at.join("file")).unwrap();
        fs::remove_dir(&at).unwrap();
        assert!(matches!(inode("file"), Err(InspectError::NoSuchFile { .. })));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(matches!(inode("file"), Err(InspectError::NoSuchProcess(_))));
    }
}
