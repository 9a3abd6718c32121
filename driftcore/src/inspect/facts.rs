//! What can be told of a file by its descriptor alone.

use std::ffi::CString;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;

use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::MemfdFlags;
use rustix::fs::StatxAttributes;
use rustix::fs::StatxFlags;
use rustix::fs::StatxTimestamp;
use rustix::io::Errno;

use crate::event::Inode;

/// What statx says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// The device that stat shows; a filesystem of several parts may show others than its own.
    pub(super) device: (u32, u32),
    pub(super) number: u64,
    /// The mount that it was reached by. A descriptor keeps the mount, and so the id, alive.
    pub(super) mount: u64,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) nlink: u32,
    pub(super) size: u64,
    mtime_ns: i64,
    ctime_ns: i64,
    pub(super) immutable: bool,
}

impl Facts {
    /// Asks the kernel, and no filesystem that would have to ask a process.
    pub(super) fn of(fd: &impl AsFd) -> Result<Self, Errno> {
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        let mask = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
        let facts = rustix::fs::statx(fd, c"", flags, mask)?;
        if facts.stx_mask & StatxFlags::MNT_ID.bits() == 0 {
            return Err(Errno::NOSYS);
        }
        Ok(Self {
            device: (facts.stx_dev_major, facts.stx_dev_minor),
            number: facts.stx_ino,
            mount: facts.stx_mnt_id,
            mode: facts.stx_mode.into(),
            owner: (facts.stx_uid, facts.stx_gid),
            nlink: facts.stx_nlink,
            size: facts.stx_size,
            mtime_ns: nanos(facts.stx_mtime),
            ctime_ns: nanos(facts.stx_ctime),
            immutable: facts.stx_attributes.contains(StatxAttributes::IMMUTABLE),
        })
    }

    pub(super) fn is_regular(&self) -> bool {
        FileType::from_raw_mode(self.mode) == FileType::RegularFile
    }

    /// True when both are one inode, reached by the same mount.
    pub(super) fn is(&self, other: &Self) -> bool {
        let identity = |facts: &Self| (facts.device, facts.number, facts.mount);
        identity(self) == identity(other)
    }

    /// True when both are one inode.
    pub(super) fn is_inode(&self, other: &Self) -> bool {
        (self.device, self.number) == (other.device, other.number)
    }

    /// The inode as an event has it, on the filesystem `device`.
    pub(super) fn inode(&self, (major, minor): (u32, u32)) -> Inode {
        Inode {
            device: major << 20 | minor & 0xf_ffff,
            number: self.number,
            generation: 0,
            size: self.size,
            mtime_ns: self.mtime_ns,
            ctime_ns: self.ctime_ns,
        }
    }
}

fn nanos(time: StatxTimestamp) -> i64 {
    // Wraps as the kernel side's sum does, so that far dates compare equal too.
    time.tv_sec.wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec.into())
}

/// The path of an open file: from our root on, or, in another mount namespace, from its root.
/// ` (deleted)` behind it may be part of the name.
pub(super) fn path_of(fd: &impl AsFd) -> Result<Vec<u8>, Errno> {
    let link = format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd());
    rustix::fs::readlink(link, Vec::new()).map(CString::into_bytes)
}

/// The device of the kernel's own tmpfs, on which memfds and shared memory lie.
pub(super) fn shared_memory() -> Result<(u32, u32), Errno> {
    let memfd = rustix::fs::memfd_create(c"driftcore", MemfdFlags::CLOEXEC)?;
    Ok(Facts::of(&memfd)?.device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_memfd_lies_on_the_kernels_own_tmpfs() {
        let memfd = rustix::fs::memfd_create(c"other", MemfdFlags::CLOEXEC).unwrap();
        let facts = Facts::of(&memfd).unwrap();
        assert_eq!(facts.device, shared_memory().unwrap());
        assert!(facts.is_regular());
        assert_eq!(path_of(&memfd).unwrap(), b"/memfd:other (deleted)");
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_ne!(Facts::of(file.as_file()).unwrap().device, shared_memory().unwrap());
    }

    #[test]
    fn a_file_is_told_from_another_and_from_its_other_state() {
        let (one, other) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let before = Facts::of(&one).unwrap();
        assert!(!before.is(&Facts::of(&other).unwrap()));
        one.set_len(5).unwrap();
        let after = Facts::of(&one).unwrap();
        assert!(before.is(&after) && before.is_inode(&after) && before != after);
        assert_eq!(after.inode((8, 1)).major_minor(), (8, 1));
        assert_eq!(after.inode((8, 1)).size, 5);
    }
}
