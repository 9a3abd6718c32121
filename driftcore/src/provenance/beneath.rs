//! Opening files beneath a directory, where a hostile container may swap any name at any time.
//!
//! A file is first opened by `O_PATH`, which touches nothing but the name (no device is
//! opened, no FIFO waited for), then examined, and only a regular file is opened for reading,
//! through the descriptor that is already held.

use std::ffi::CStr;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::io::Errno;

use crate::event::Inode;

/// `BTRFS_SUPER_MAGIC` of `linux/magic.h`.
const BTRFS_MAGIC: u64 = 0x9123_683e;
/// `BCACHEFS_SUPER_MAGIC` of `linux/magic.h`.
const BCACHEFS_MAGIC: u64 = 0xca45_1a4e;

/// Never out of the directory, never through a symbolic link or onto another mount.
const RESOLVE: ResolveFlags = ResolveFlags::IN_ROOT
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir(OwnedFd);

impl Dir {
    /// Opens a directory of the host's; links in `path` are followed, as runtimes use them.
    pub(crate) fn open(path: &Path) -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(path, flags, Mode::empty()).map(Self)
    }

    /// Opens a directory of the host's as its filesystem has it, without what is mounted on or beneath
    /// it. Needs `CAP_SYS_ADMIN`, and a mount of our own mount namespace.
    pub(crate) fn open_bare(path: &Path) -> Result<Self, Errno> {
        use rustix::mount::OpenTreeFlags;

        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let tree = rustix::mount::open_tree(rustix::fs::CWD, path, flags)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(tree, ".", flags, Mode::empty()).map(Self)
    }

    /// Opens a directory beneath this one. `ENOTDIR` or `ELOOP` when something else is there.
    pub(crate) fn subdirectory(&self, relative: &Path) -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat2(&self.0, relative, flags).map(Self)
    }

    /// Takes hold of whatever stands at a path beneath this directory.
    pub(crate) fn locate(&self, relative: &Path) -> Result<Located, Errno> {
        let fd = openat2(&self.0, relative, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC)?;
        Located::new(fd)
    }

    /// Reads the directory.
    pub(crate) fn entries(&self) -> Result<rustix::fs::Dir, Errno> {
        rustix::fs::Dir::read_from(&self.0)
    }

    /// The value of `{trusted,user}.overlay.opaque`: `y` hides the layers below, `x` says that
    /// whiteouts may be extended attributes.
    pub(super) fn opaque(&self) -> Option<u8> {
        let mut value = [0; 2];
        [c"trusted.overlay.opaque", c"user.overlay.opaque"].into_iter().find_map(|name| {
            let length = rustix::fs::fgetxattr(&self.0, name, &mut value[..]).ok()?;
            (length == 1).then_some(value[0])
        })
    }

    /// True when the directory was renamed by an overlay: what is below it in other layers
    /// stands under another name there.
    pub(super) fn redirected(&self) -> bool {
        [c"trusted.overlay.redirect", c"user.overlay.redirect"]
            .into_iter()
            .any(|name| has_xattr(&self.0, name))
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn openat2(dir: &OwnedFd, relative: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    // RESOLVE_* lookups fail with EAGAIN when a rename anywhere races with them.
    let mut attempts = 0;
    loop {
        match rustix::fs::openat2(dir, relative, flags, Mode::empty(), RESOLVE) {
            Err(Errno::AGAIN | Errno::INTR) if attempts < 16 => attempts += 1,
            result => return result,
        }
    }
}

fn has_xattr(fd: &OwnedFd, name: &CStr) -> bool {
    let mut value = [0; 0];
    matches!(rustix::fs::fgetxattr(fd, name, &mut value[..]), Ok(_) | Err(Errno::RANGE))
}

/// The value of an extended attribute, if the file has it and it is not longer than `most`.
pub(super) fn xattr(file: &File, name: &CStr, most: usize) -> Option<Vec<u8>> {
    let mut value = vec![0; most];
    let length = rustix::fs::fgetxattr(file, name, value.as_mut_slice()).ok()?;
    value.truncate(length);
    Some(value)
}

/// The magic number of the filesystem that a file is on.
pub(crate) fn filesystem_magic(fd: impl AsFd) -> Result<u64, Errno> {
    let magic = rustix::fs::fstatfs(fd)?.f_type;
    // The type differs between architectures; magic numbers are 32 bits wide.
    #[allow(clippy::cast_sign_loss, clippy::cast_lossless, clippy::unnecessary_cast)]
    Ok(magic as u64 & 0xffff_ffff)
}

/// The path beneath a root that an absolute path names; `None` when it is not a plain one, as
/// the kernel's walk from a file to its root gives it.
pub(crate) fn below_root(path: &[u8]) -> Option<&Path> {
    let relative = path.strip_prefix(b"/")?;
    let plain = |component: &[u8]| !matches!(component, b"" | b"." | b"..");
    let acceptable = relative.split(|&byte| byte == b'/').all(plain) && !relative.contains(&0);
    acceptable.then(|| Path::new(OsStr::from_bytes(relative)))
}

/// A file that is held, but not open for reading.
#[derive(Debug)]
pub(crate) struct Located {
    fd: OwnedFd,
    pub(crate) facts: Facts,
}

impl Located {
    fn new(fd: OwnedFd) -> Result<Self, Errno> {
        let file = File::from(fd);
        let facts = Facts::of(&file).map_err(errno)?;
        Ok(Self { fd: file.into(), facts })
    }

    /// Opens the directory that is held.
    pub(crate) fn directory(&self) -> Result<Dir, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.fd, ".", flags, Mode::empty()).map(Dir)
    }

    /// Opens it for reading. Only for a regular file: opening others has effects.
    pub(crate) fn open(&self) -> Result<File, Errno> {
        if self.facts.kind != FileKind::Regular {
            return Err(Errno::INVAL);
        }
        // The link in /proc leads to the held inode, whatever its name is by now. NONBLOCK: a
        // lease on the file gives EAGAIN instead of a wait.
        let link = format!("/proc/self/fd/{}", self.fd.as_raw_fd());
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(link, flags, Mode::empty())?);
        let opened = Facts::of(&file).map_err(errno)?;
        if (opened.device, opened.number) != (self.facts.device, self.facts.number) {
            return Err(Errno::STALE);
        }
        Ok(file)
    }

    /// Whether this is the inode that the kernel saw, unchanged; and whether the devices
    /// could be compared. `None` when it is another one or was changed.
    pub(super) fn is(&self, inode: &Inode) -> Option<DeviceCheck> {
        if !self.facts.same_but_device(inode) {
            return None;
        }
        if self.facts.device == inode.major_minor() {
            return Some(DeviceCheck::Equal);
        }
        // Their subvolumes have device numbers of their own in stat, the superblock another.
        matches!(filesystem_magic(&self.fd).ok()?, BTRFS_MAGIC | BCACHEFS_MAGIC)
            .then_some(DeviceCheck::NotComparable)
    }

    /// True for a file that marks a name as deleted by an extended attribute.
    pub(super) fn is_xattr_whiteout(&self) -> bool {
        self.facts.kind == FileKind::Regular
            && self.facts.size == 0
            && self.open().is_ok_and(|file| {
                let fd = OwnedFd::from(file);
                [c"trusted.overlay.whiteout", c"user.overlay.whiteout"]
                    .into_iter()
                    .any(|name| has_xattr(&fd, name))
            })
    }
}

impl AsFd for Located {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// How an inode's device compared with the kernel's evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeviceCheck {
    /// They are equal.
    Equal,
    /// The filesystem shows other device numbers to user space than the kernel uses.
    NotComparable,
}

/// What stat says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) device: (u32, u32),
    pub(crate) number: u64,
    pub(crate) size: u64,
    pub(crate) mtime_ns: i64,
    pub(crate) ctime_ns: i64,
    pub(crate) kind: FileKind,
    /// Type and permission bits.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) links: u64,
    /// Major and minor number of the device that a device file is.
    pub(crate) is_device: (u32, u32),
}

/// The kinds of file that a proof tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Regular,
    /// A character device 0:0, overlay's mark for a deleted name.
    Whiteout,
    Other,
}

impl Facts {
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let split = |device| (rustix::fs::major(device), rustix::fs::minor(device));
        // Wraps as the kernel side's sum does, so that far dates compare equal too.
        let nanos =
            |seconds: i64, nanos: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos);
        let kind = if metadata.is_file() {
            FileKind::Regular
        } else if metadata.file_type().is_char_device() && metadata.rdev() == 0 {
            FileKind::Whiteout
        } else {
            FileKind::Other
        };
        Ok(Self {
            device: split(metadata.dev()),
            number: metadata.ino(),
            size: metadata.size(),
            mtime_ns: nanos(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanos(metadata.ctime(), metadata.ctime_nsec()),
            kind,
            mode: metadata.mode(),
            uid: metadata.uid(),
            gid: metadata.gid(),
            links: metadata.nlink(),
            is_device: split(metadata.rdev()),
        })
    }

    /// The inode as an event has it.
    pub(super) fn inode(&self) -> Inode {
        let (major, minor) = self.device;
        Inode {
            device: major << 20 | minor & 0xf_ffff,
            number: self.number,
            generation: 0,
            size: self.size,
            mtime_ns: self.mtime_ns,
            ctime_ns: self.ctime_ns,
        }
    }

    fn same_but_device(&self, inode: &Inode) -> bool {
        // Stat does not tell the generation; the change time stands in for it, since an inode
        // number that is used again begins with a new one.
        let Inode { device: _, number, generation: _, size, mtime_ns, ctime_ns } = *inode;
        (self.number, self.size, self.mtime_ns, self.ctime_ns) == (number, size, mtime_ns, ctime_ns)
    }
}

/// The error number of an I/O error.
pub(super) fn errno(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}
