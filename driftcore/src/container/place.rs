//! Where a path leads in a container, for calls that told no more than a name.
//!
//! The kernel follows the path, never out of the container's root. What is mounted inside may be
//! a filesystem that the container serves itself and that never answers, so nothing there is asked:
//! only the kernel's own cache of names tells where such a path ends.

use std::ffi::CStr;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::Statx;
use rustix::fs::StatxAttributes;
use rustix::fs::StatxFlags;
use rustix::io::Errno;
use rustix::path::DecInt;

use super::mounts;
use super::mounts::Mount;
use super::mounts::RootMount;

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Within the root; links of proc lead out of it and are refused.
const WITHIN: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);
/// How often a look-up that raced with a rename somewhere is begun again.
const ATTEMPTS: u32 = 64;
/// Filesystems that are asked without waiting for anybody else.
const DISKS: [&str; 6] = ["btrfs", "ext2", "ext3", "ext4", "f2fs", "xfs"];
/// Filesystems that hold nothing of anybody's.
const KERNEL: [&str; 13] = [
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "efivarfs",
    "mqueue",
    "proc",
    "pstore",
    "securityfs",
    "sysfs",
    "tracefs",
];

/// How a container's root is found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RootQuery<'a> {
    /// Where proc is mounted.
    pub(crate) proc: &'a Path,
    /// Processes that may still have that root, the likelier one first.
    pub(crate) pids: [u32; 2],
    /// Inode number of the container's mount namespace.
    pub(crate) mnt_namespace: u32,
    /// Device of its root filesystem.
    pub(crate) device: (u32, u32),
    /// The runtime's own mount of it.
    pub(crate) mount: Option<&'a RootMount>,
}

/// The root directory of a container.
#[derive(Debug)]
pub(crate) struct ContainerRoot {
    fd: OwnedFd,
    /// Its path, in whichever namespace it was found.
    path: Vec<u8>,
    device: (u32, u32),
    /// The mounts of the process that it is the root of; `None` for the runtime's own mount, where
    /// the container's other mounts do not show.
    mounts: Option<OwnedFd>,
}

/// What a path leads to.
#[derive(Debug)]
pub(crate) struct Place {
    fd: OwnedFd,
    /// Its path from the container's root on, without links.
    pub(crate) path: Vec<u8>,
    /// What it lies on.
    pub(crate) mount: PlaceMount,
}

/// What a path ends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceMount {
    /// The container's own root filesystem.
    Root,
    /// A tmpfs of the container.
    Tmpfs,
    /// A filesystem on a disk of the host, which answers by itself.
    Disk,
    /// A filesystem that the kernel fills itself.
    Kernel,
    /// Another one, which may wait for a network or for a process.
    Other,
}

/// Why it is not known where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Nothing is there, or it is no directory, or too many links are on the way.
    Absent,
    /// On another mount than the root's, and where exactly is not to be had without asking it; on
    /// which, where the path as it is written tells that.
    OtherMount(Option<PlaceMount>),
    /// The process that the root is of ended before its mounts were read.
    Ended,
}

/// What stat says of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) device: (u32, u32),
    pub(crate) inode: u64,
    /// Type and permission bits.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) links: u32,
    pub(crate) size: u64,
    /// Nanoseconds since the epoch.
    pub(crate) modified_ns: i64,
    pub(crate) changed_ns: i64,
}

impl ContainerRoot {
    /// Takes hold of it. `None` when no process of the container is left and the runtime's mount is
    /// gone, or when the root is served by a process, for which nobody may wait.
    pub(crate) fn open(query: &RootQuery<'_>) -> Option<Self> {
        if query.mount.is_some_and(|mount| mount.fs_type.starts_with("fuse")) {
            return None;
        }
        let of_process = query.pids.into_iter().find_map(|pid| Self::of_process(query, pid));
        of_process.or_else(|| {
            let mount = query.mount.filter(|it| !it.mount_point.starts_with(query.proc))?;
            let fd = rustix::fs::open(&mount.mount_point, DIRECTORY, Mode::empty()).ok()?;
            Self::new(query, fd, None)
        })
    }

    /// The pid may be another process's by now. The directory in proc stays with the process that
    /// it was opened for; that one counts only while it is in the container's mount namespace.
    fn of_process(query: &RootQuery<'_>, pid: u32) -> Option<Self> {
        let proc = rustix::fs::open(query.proc, DIRECTORY, Mode::empty()).ok()?;
        let process = rustix::fs::openat(&proc, DecInt::new(pid), DIRECTORY, Mode::empty()).ok()?;
        let same = || {
            let link = rustix::fs::readlinkat(&process, c"ns/mnt", Vec::new()).ok()?;
            let number = link.as_bytes().strip_prefix(b"mnt:[")?.strip_suffix(b"]")?;
            let number: u32 = std::str::from_utf8(number).ok()?.parse().ok()?;
            (number == query.mnt_namespace).then_some(())
        };
        same()?;
        let root = rustix::fs::openat(&process, c"root", DIRECTORY, Mode::empty()).ok()?;
        same()?;
        Self::new(query, root, Some(process))
    }

    /// Only the top of the root filesystem is the container's root: a process may have changed its
    /// own.
    fn new(query: &RootQuery<'_>, fd: OwnedFd, mounts: Option<OwnedFd>) -> Option<Self> {
        let facts = statx(&fd, c"", AtFlags::EMPTY_PATH)?;
        let device = (facts.stx_dev_major, facts.stx_dev_minor);
        // Subvolumes have device numbers of their own in stat.
        let subvolumes =
            query.mount.is_some_and(|it| matches!(it.fs_type.as_str(), "btrfs" | "bcachefs"));
        let mount_root = StatxAttributes::MOUNT_ROOT;
        let is_top = !facts.stx_attributes_mask.contains(mount_root)
            || facts.stx_attributes.contains(mount_root);
        if !(subvolumes || device == query.device) || !is_top {
            return None;
        }
        let path = link_of(&fd)?;
        Some(Self { fd, path, device, mounts })
    }

    /// Whether the container's other mounts show.
    pub(crate) fn shows_mounts(&self) -> bool {
        self.mounts.is_some()
    }

    /// Follows a path, its last component too only with `follow`.
    pub(crate) fn follow(&self, path: &[u8], follow: bool) -> Result<Place, Lost> {
        let no_follow = if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
        let flags = OFlags::PATH | OFlags::CLOEXEC | no_follow;
        match openat2(&self.fd, path, flags, WITHIN | ResolveFlags::NO_XDEV) {
            Ok(fd) => self.place(fd, PlaceMount::Root),
            Err(Errno::XDEV) => {
                // Before Linux 5.12 nothing is told from the cache alone.
                let cached = openat2(&self.fd, path, flags, WITHIN | ResolveFlags::CACHED).ok();
                let found = cached.and_then(|fd| self.on_other(fd));
                found.unwrap_or_else(|| {
                    Err(self.mount_at(path).map_or_else(|lost| lost, Lost::OtherMount))
                })
            }
            Err(_) => Err(Lost::Absent),
        }
    }

    /// A file that was reached over another mount than the root's. It may be removed by now: that it was
    /// there is known all the same.
    fn on_other(&self, fd: OwnedFd) -> Option<Result<Place, Lost>> {
        let facts = statx(&fd, c"", AtFlags::EMPTY_PATH)?;
        let mount = self.mount_of((facts.stx_dev_major, facts.stx_dev_minor));
        Some(self.place(fd, mount).map_err(|_| Lost::OtherMount(Some(mount))))
    }

    /// The mount, other than the root, below which a path stands as it is written. `None` where that
    /// tells nothing.
    fn mount_at(&self, path: &[u8]) -> Result<Option<PlaceMount>, Lost> {
        let below = |mount: &Mount| {
            let point = mount.mount_point.as_os_str().as_bytes();
            point.len() > 1
                && path.strip_prefix(point).is_some_and(|it| it.is_empty() || it.starts_with(b"/"))
        };
        let mounts = self.mounts(below).ok_or(Lost::Ended)?;
        let mount = mounts.iter().max_by_key(|mount| mount.mount_point.as_os_str().len());
        // From there, links lead anywhere, and nothing but links is changed by a name.
        let mount = mount.filter(|mount| mount.fs_type != "proc");
        Ok(mount.map(|mount| self.kind(mount.device, Some(mount))))
    }

    fn mounts(&self, keep: impl Fn(&Mount) -> bool) -> Option<Vec<Mount>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let process = self.mounts.as_ref()?;
        let file = rustix::fs::openat(process, c"mountinfo", flags, Mode::empty()).ok()?;
        mounts::read(File::from(file), keep).ok()
    }

    fn place(&self, fd: OwnedFd, mount: PlaceMount) -> Result<Place, Lost> {
        let path = link_of(&fd).ok_or(Lost::Absent)?;
        let inside = path
            .strip_prefix(self.path.strip_suffix(b"/").unwrap_or(&self.path))
            .filter(|rest| rest.is_empty() || rest.starts_with(b"/"))
            .ok_or(Lost::Absent)?;
        let path = if inside.is_empty() { b"/".to_vec() } else { inside.to_vec() };
        Ok(Place { fd, path, mount })
    }

    /// What kind of filesystem a device of the container holds.
    fn mount_of(&self, device: (u32, u32)) -> PlaceMount {
        if device == self.device {
            return PlaceMount::Root;
        }
        let mounts = self.mounts(|mount| mount.device == device);
        self.kind(device, mounts.as_ref().and_then(|mounts| mounts.first()))
    }

    fn kind(&self, device: (u32, u32), mount: Option<&Mount>) -> PlaceMount {
        match mount {
            _ if device == self.device => PlaceMount::Root,
            Some(mount) if matches!(mount.fs_type.as_str(), "tmpfs" | "ramfs") => PlaceMount::Tmpfs,
            Some(mount) if DISKS.contains(&mount.fs_type.as_str()) => PlaceMount::Disk,
            Some(mount) if KERNEL.contains(&mount.fs_type.as_str()) => PlaceMount::Kernel,
            _ => PlaceMount::Other,
        }
    }
}

impl Place {
    /// What stands at a name in this directory; a link itself. `None` for nothing, and where asking
    /// might wait for a process.
    pub(crate) fn entry(&self, name: &[u8]) -> Result<Stat, Errno> {
        if self.mount == PlaceMount::Other {
            return Err(Errno::XDEV);
        }
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
        let name = OsStr::from_bytes(name);
        rustix::fs::statx(&self.fd, name, flags, StatxFlags::BASIC_STATS).map(|it| Stat::from(&it))
    }

    /// The place itself.
    pub(crate) fn stat(&self) -> Option<Stat> {
        statx(&self.fd, c"", AtFlags::EMPTY_PATH).map(|it| Stat::from(&it))
    }

    /// The target of a symbolic link in this directory.
    pub(crate) fn link_target(&self, name: &[u8]) -> Option<Vec<u8>> {
        if self.mount == PlaceMount::Other {
            return None;
        }
        let name = OsStr::from_bytes(name);
        rustix::fs::readlinkat(&self.fd, name, Vec::new()).ok().map(std::ffi::CString::into_bytes)
    }

    /// Whether it has an extended attribute; `None` where that cannot be told.
    pub(crate) fn has_attribute(&self, name: &[u8]) -> Option<bool> {
        if self.mount == PlaceMount::Other {
            return None;
        }
        let name = std::ffi::CString::new(name).ok()?;
        let mut nothing = [0; 0];
        match rustix::fs::getxattr(magic_link(&self.fd), name.as_c_str(), &mut nothing[..]) {
            Ok(_) | Err(Errno::RANGE) => Some(true),
            Err(Errno::NODATA) => Some(false),
            Err(_) => None,
        }
    }
}

impl From<&Statx> for Stat {
    fn from(facts: &Statx) -> Self {
        let nanos = |time: &rustix::fs::StatxTimestamp| {
            time.tv_sec.wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec.into())
        };
        Self {
            device: (facts.stx_dev_major, facts.stx_dev_minor),
            inode: facts.stx_ino,
            mode: facts.stx_mode.into(),
            uid: facts.stx_uid,
            gid: facts.stx_gid,
            links: facts.stx_nlink,
            size: facts.stx_size,
            modified_ns: nanos(&facts.stx_mtime),
            changed_ns: nanos(&facts.stx_ctime),
        }
    }
}

fn openat2(
    root: &OwnedFd,
    path: &[u8],
    flags: OFlags,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let path = OsStr::from_bytes(path);
    let mut attempts = 0;
    loop {
        match rustix::fs::openat2(root, path, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN) if resolve.contains(ResolveFlags::CACHED) => {
                return Err(Errno::AGAIN);
            }
            Err(Errno::AGAIN | Errno::INTR) if attempts < ATTEMPTS => attempts += 1,
            result => return result,
        }
    }
}

fn statx(fd: impl AsFd, name: &CStr, flags: AtFlags) -> Option<Statx> {
    let flags = flags | AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
    rustix::fs::statx(fd, name, flags, StatxFlags::BASIC_STATS).ok()
}

fn magic_link(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// The path of an open file, as the kernel knows it. `None` for one that was removed.
fn link_of(fd: &OwnedFd) -> Option<Vec<u8>> {
    let link = rustix::fs::readlink(magic_link(fd), Vec::new()).ok()?.into_bytes();
    (link.starts_with(b"/") && !link.ends_with(b" (deleted)")).then_some(link)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    /// A root that nobody mounted stands for one here: no attribute is asked of it.
    fn root(directory: &Path) -> ContainerRoot {
        let device = fs::metadata(directory).unwrap().dev();
        let fd: OwnedFd = fs::File::open(directory).unwrap().into();
        ContainerRoot {
            path: link_of(&fd).unwrap(),
            fd,
            device: (rustix::fs::major(device), rustix::fs::minor(device)),
            mounts: None,
        }
    }

    fn directory() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root");
        fs::create_dir_all(path.join("usr/bin")).unwrap();
        fs::write(path.join("usr/bin/tool"), "tool").unwrap();
        fs::write(directory.path().join("outside"), "").unwrap();
        symlink("usr/bin", path.join("bin")).unwrap();
        symlink("/bin/tool", path.join("link")).unwrap();
        symlink("../../../../../../outside", path.join("out")).unwrap();
        symlink("loop", path.join("loop")).unwrap();
        (directory, path)
    }

    #[test]
    fn links_and_dots_are_followed_as_the_kernel_does_and_never_out() {
        let (_keep, path) = directory();
        let root = root(&path);
        let found = |path: &str, follow| root.follow(path.as_bytes(), follow).map(|it| it.path);
        assert_eq!(found("/bin", true), Ok(b"/usr/bin".to_vec()));
        assert_eq!(found("/bin", false), Ok(b"/bin".to_vec()));
        assert_eq!(found("/bin/../bin/tool", true), Ok(b"/usr/bin/tool".to_vec()));
        assert_eq!(found("/link", true), Ok(b"/usr/bin/tool".to_vec()));
        assert_eq!(found("/../../usr", true), Ok(b"/usr".to_vec()));
        assert_eq!(found("/", true), Ok(b"/".to_vec()));
        assert_eq!(found("/out", true), Err(Lost::Absent));
        assert_eq!(found("/loop", true), Err(Lost::Absent));
        assert_eq!(found("/usr/bin/tool/x", true), Err(Lost::Absent));
    }

    #[test]
    fn entries_are_told_without_following_them() {
        let (_keep, path) = directory();
        let root = root(&path);
        let top = root.follow(b"/", true).unwrap();
        assert_eq!(top.mount, PlaceMount::Root);
        assert_eq!(top.entry(b"link").unwrap().mode & 0o170_000, 0o120_000);
        assert_eq!(top.entry(b"absent"), Err(Errno::NOENT));
        assert_eq!(top.link_target(b"bin"), Some(b"usr/bin".to_vec()));
        let tool = root.follow(b"/link", true).unwrap();
        assert_eq!(tool.stat().unwrap().size, 4);
        assert_eq!(tool.has_attribute(b"security.capability"), Some(false));
    }

    #[test]
    fn another_mount_is_never_asked() {
        let root = root(Path::new("/"));
        let proc = root.follow(b"/proc/self", false);
        match proc {
            // Told from the cache of names.
            Ok(place) => {
                assert_eq!(place.mount, PlaceMount::Other);
                assert_eq!(place.entry(b"stat"), Err(Errno::XDEV));
                assert_eq!(place.link_target(b"exe"), None);
            }
            Err(lost) => assert_eq!(lost, Lost::Ended),
        }
    }

    #[test]
    fn a_directory_that_was_just_removed_was_on_its_mount() {
        let (_keep, path) = directory();
        let other = tempfile::tempdir_in("/dev/shm").unwrap();
        let open = || OwnedFd::from(fs::File::open(other.path()).unwrap());
        let (root, fd) = (root(&path), open());
        other.close().unwrap();
        let found = root.on_other(fd).unwrap();
        assert_eq!(found.unwrap_err(), Lost::OtherMount(Some(PlaceMount::Other)));
    }

    #[test]
    fn a_process_that_ended_tells_nothing_of_mounts_any_more() {
        let mut process = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let own = fs::metadata("/proc/self/ns/mnt").unwrap().ino();
        let device = fs::metadata("/").unwrap().dev();
        let query = RootQuery {
            proc: Path::new("/proc"),
            pids: [process.id(), 0],
            mnt_namespace: u32::try_from(own).unwrap(),
            device: (rustix::fs::major(device), rustix::fs::minor(device)),
            mount: None,
        };
        let root = ContainerRoot::open(&query).unwrap();
        let lost = || root.follow(b"/sys/kernel/never-there/x", true).unwrap_err();
        assert_eq!(lost(), Lost::OtherMount(Some(PlaceMount::Kernel)));
        process.kill().unwrap();
        process.wait().unwrap();
        assert_eq!(lost(), Lost::Ended);
    }

    #[test]
    fn a_process_in_another_namespace_lends_no_root() {
        let device = fs::metadata("/").unwrap().dev();
        let query = |mnt_namespace| RootQuery {
            proc: Path::new("/proc"),
            pids: [std::process::id(), 0],
            mnt_namespace,
            device: (rustix::fs::major(device), rustix::fs::minor(device)),
            mount: None,
        };
        let own = fs::metadata("/proc/self/ns/mnt").unwrap().ino();
        let own = u32::try_from(own).unwrap();
        assert!(ContainerRoot::open(&query(own)).unwrap().shows_mounts());
        assert!(ContainerRoot::open(&query(own ^ 1)).is_none());
    }
}
