//! Account files, found and read where a hostile container may have put anything.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::StatxFlags;
use rustix::io::Errno;
use rustix::path::DecInt;

use super::super::mounts::RootMount;

/// Most that is read of one file, in bytes.
pub(super) const LIMIT: u64 = 1 << 20;

/// Links are followed within the root only, never onto another mount: what stands there may be
/// a filesystem that the container serves itself and that never answers.
const RESOLVE: ResolveFlags =
    ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS).union(ResolveFlags::NO_XDEV);

/// Tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: (u32, u32),
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds. The change time too, which nobody can set.
    modified: (i64, u32),
    changed: (i64, u32),
}

/// A regular file that is held, but not open for reading.
#[derive(Debug)]
pub(super) struct Located {
    fd: OwnedFd,
    pub(super) stamp: Stamp,
}

/// The host's root directory.
pub(super) fn host_root(path: &Path) -> Option<OwnedFd> {
    rustix::fs::open(path, DIRECTORY, Mode::empty()).ok()
}

/// The root directory of a container: the runtime's own mount of it, else as a process that is
/// still in its mount namespace sees it. `None` when neither leads to the filesystem that
/// `mount` describes, or when that is served by a process, for which nobody may wait.
pub(super) fn container_root(
    proc: &Path,
    mount: &RootMount,
    pid: u32,
    mnt_namespace: u32,
) -> Option<OwnedFd> {
    if mount.fs_type.starts_with("fuse") {
        return None;
    }
    let is_it = |fd: &OwnedFd| {
        // Subvolumes have device numbers of their own in stat.
        matches!(mount.fs_type.as_str(), "btrfs" | "bcachefs") || device(fd) == Some(mount.device)
    };
    let own_mount = (!mount.mount_point.starts_with(proc))
        .then(|| rustix::fs::open(&mount.mount_point, DIRECTORY, Mode::empty()).ok())
        .flatten()
        .filter(is_it);
    own_mount.or_else(|| process_root(proc, pid, mnt_namespace).filter(is_it))
}

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The pid may be another process's by now. The directory in proc stays with the process that it
/// was opened for; that one counts only while it is in the container's mount namespace.
fn process_root(proc: &Path, pid: u32, mnt_namespace: u32) -> Option<OwnedFd> {
    let proc = rustix::fs::open(proc, DIRECTORY, Mode::empty()).ok()?;
    let process = rustix::fs::openat(&proc, DecInt::new(pid), DIRECTORY, Mode::empty()).ok()?;
    let same = || {
        let link = rustix::fs::readlinkat(&process, c"ns/mnt", Vec::new()).ok();
        let number = link.as_ref().and_then(|link| {
            let number = link.as_bytes().strip_prefix(b"mnt:[")?.strip_suffix(b"]")?;
            std::str::from_utf8(number).ok()?.parse::<u32>().ok()
        });
        number == Some(mnt_namespace)
    };
    if !same() {
        return None;
    }
    let root = rustix::fs::openat(&process, c"root", DIRECTORY, Mode::empty()).ok()?;
    same().then_some(root)
}

/// Device of a file. Asks no filesystem that would have to ask a process.
fn device(fd: impl AsFd) -> Option<(u32, u32)> {
    let facts = statx(fd.as_fd())?;
    Some((facts.stx_dev_major, facts.stx_dev_minor))
}

fn statx(fd: BorrowedFd<'_>) -> Option<rustix::fs::Statx> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    rustix::fs::statx(fd, c"", flags, StatxFlags::BASIC_STATS).ok()
}

/// Takes hold of the regular file that a path leads to below a root. Nothing is opened that
/// opening would have an effect on: no FIFO, no device.
pub(super) fn locate(root: &OwnedFd, path: &Path) -> Option<Located> {
    let mut attempts = 0;
    let fd = loop {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        match rustix::fs::openat2(root, path, flags, Mode::empty(), RESOLVE) {
            // A rename anywhere raced with the look-up.
            Err(Errno::AGAIN | Errno::INTR) if attempts < 16 => attempts += 1,
            result => break result.ok()?,
        }
    };
    let stamp = stamp(&fd)?;
    Some(Located { fd, stamp })
}

/// `None` for anything but a regular file.
fn stamp(fd: &impl AsFd) -> Option<Stamp> {
    let facts = statx(fd.as_fd())?;
    if FileType::from_raw_mode(facts.stx_mode.into()) != FileType::RegularFile {
        return None;
    }
    Some(Stamp {
        device: (facts.stx_dev_major, facts.stx_dev_minor),
        inode: facts.stx_ino,
        size: facts.stx_size,
        modified: (facts.stx_mtime.tv_sec, facts.stx_mtime.tv_nsec),
        changed: (facts.stx_ctime.tv_sec, facts.stx_ctime.tv_nsec),
    })
}

impl Located {
    /// The beginning of the file, up to the last whole line where it is longer than the limit.
    pub(super) fn read(&self) -> Option<Vec<u8>> {
        // The link in /proc leads to the held inode, whatever its name is by now. NONBLOCK: a
        // lease on the file gives EAGAIN instead of a wait.
        let link = format!("/proc/self/fd/{}", self.fd.as_raw_fd());
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(link, flags, Mode::empty()).ok()?);
        let opened = stamp(&file)?;
        if (opened.device, opened.inode) != (self.stamp.device, self.stamp.inode) {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(LIMIT).read_to_end(&mut bytes).ok()?;
        if bytes.len() as u64 == LIMIT {
            let whole = bytes.iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
            bytes.truncate(whole);
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn read(root: &Path) -> Option<Vec<u8>> {
        locate(&host_root(root)?, Path::new("etc/passwd"))?.read()
    }

    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        root
    }

    #[test]
    fn links_resolve_within_the_root() {
        let root = root();
        let passwd = root.path().join("etc/passwd");
        let other = |path: &str| root.path().join(path);
        symlink("/etc/passwd.real", &passwd).unwrap();
        assert_eq!(read(root.path()), None);
        std::fs::write(other("etc/passwd.real"), "own").unwrap();
        assert_eq!(read(root.path()).unwrap(), b"own");
        for leaving in ["../../../../../../etc/passwd.real", "/../../etc/passwd.real"] {
            std::fs::remove_file(&passwd).unwrap();
            symlink(leaving, &passwd).unwrap();
            assert_eq!(read(root.path()).unwrap(), b"own", "{leaving}");
        }
        // The directory itself may be one.
        std::fs::rename(other("etc"), other("real")).unwrap();
        symlink("/real", other("etc")).unwrap();
        std::fs::remove_file(other("real/passwd")).unwrap();
        std::fs::write(other("real/passwd"), "moved").unwrap();
        assert_eq!(read(root.path()).unwrap(), b"moved");
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let root = root();
        let passwd = root.path().join("etc/passwd");
        symlink("/etc/passwd", &passwd).unwrap();
        assert_eq!(read(root.path()), None, "a link to itself");
        std::fs::remove_file(&passwd).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &passwd, FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(read(root.path()), None, "a FIFO, which would make its opener wait");
        std::fs::remove_file(&passwd).unwrap();
        std::fs::create_dir(&passwd).unwrap();
        assert_eq!(read(root.path()), None, "a directory");
        // Another mount, as seen from the root that everything is on.
        let shared = host_root(Path::new("/")).unwrap();
        assert!(locate(&shared, Path::new("proc/self/status")).is_none());
    }

    #[test]
    fn much_is_read_in_part() {
        let root = root();
        let passwd = root.path().join("etc/passwd");
        let file = File::create(&passwd).unwrap();
        file.set_len(8 << 30).unwrap();
        assert_eq!(read(root.path()).unwrap(), b"", "one line without an end");
        std::fs::write(&passwd, "a:x:1:\n".repeat(300_000)).unwrap();
        let bytes = read(root.path()).unwrap();
        assert!(bytes.len() as u64 <= LIMIT && bytes.ends_with(b"a:x:1:"));
    }

    #[test]
    fn a_root_counts_only_on_its_own_device_and_in_its_own_namespace() {
        let dir = root();
        let dev = device(host_root(dir.path()).unwrap()).unwrap();
        let mount = |device, fs_type: &str| RootMount {
            device,
            mount_point: dir.path().to_owned(),
            fs_type: fs_type.to_owned(),
            layers: None,
        };
        let proc = Path::new("/proc");
        let open = |mount: &RootMount, namespace| {
            container_root(proc, mount, std::process::id(), namespace).is_some()
        };
        assert!(open(&mount(dev, "overlay"), 0));
        assert!(!open(&mount((4095, 1), "overlay"), 0), "something else is mounted there");
        assert!(!open(&mount(dev, "fuse.fuse-overlayfs"), 0));

        let own = std::fs::read_link("/proc/self/ns/mnt").unwrap();
        let own = own.to_str().unwrap().strip_prefix("mnt:[").unwrap().strip_suffix(']').unwrap();
        let own: u32 = own.parse().unwrap();
        let root_device = device(host_root(Path::new("/")).unwrap()).unwrap();
        let gone = RootMount { mount_point: "/absent".into(), ..mount(root_device, "ext4") };
        assert!(open(&gone, own));
        assert!(!open(&gone, own + 1), "the pid is another's by now");
    }
}
