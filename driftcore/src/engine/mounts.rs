//! What a file of a container lies on.

use crate::container::PlaceMount;
use crate::event::EvidenceFlags;
use crate::event::FileEvidence;
use crate::sensor::Wanted;

/// `TMPFS_MAGIC` and `RAMFS_MAGIC` of `linux/magic.h`.
const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
/// Filesystems that the kernel fills itself, where nothing is stored: proc, sysfs, cgroup (both),
/// devpts, pipes, sockets, anonymous inodes, debugfs, tracefs, securityfs, bpf, mqueue.
const KERNEL: [u64; 13] = [
    0x9fa0,
    0x6265_6572,
    0x27_e0eb,
    0x6367_7270,
    0x1cd1,
    0x5049_5045,
    0x534f_434b,
    0x0904_1934,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0xcafe_4a11,
    0x1980_0202,
];

/// What a file of a container lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MountKind {
    /// The container's own root filesystem.
    Root,
    /// A filesystem in memory: `/dev/shm`, `/run`, secrets.
    Tmpfs,
    /// A volume, a bind mount, or what was mounted inside.
    Volume,
    /// A filesystem that the kernel fills itself, such as proc.
    Kernel,
}

impl MountKind {
    /// By the kernel's evidence, whose superblock was compared with the container's.
    pub(super) fn of_evidence(evidence: &FileEvidence) -> Self {
        let has = |flags| evidence.flags.contains(flags);
        let magic = evidence.fs_magic;
        if has(EvidenceFlags::ANONYMOUS) {
            Self::Kernel
        } else if has(EvidenceFlags::ON_ROOT_SUPERBLOCK) {
            // Without layers a volume may be a directory of the root's own filesystem.
            let is_root = has(EvidenceFlags::OVERLAY) || has(EvidenceFlags::ON_ROOT_MOUNT);
            if is_root { Self::Root } else { Self::Volume }
        } else if MEMORY.contains(&magic) {
            Self::Tmpfs
        } else if KERNEL.contains(&magic) {
            Self::Kernel
        } else {
            Self::Volume
        }
    }

    pub(super) const fn of_place(mount: PlaceMount) -> Self {
        match mount {
            PlaceMount::Root => Self::Root,
            PlaceMount::Tmpfs => Self::Tmpfs,
            PlaceMount::Kernel => Self::Kernel,
            PlaceMount::Disk | PlaceMount::Other => Self::Volume,
        }
    }
}

/// On which mounts files count beside the container's root, which always does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mounts {
    pub(super) memory: bool,
    pub(super) volumes: bool,
}

impl Mounts {
    pub(super) const fn of(wanted: &Wanted) -> Self {
        Self { memory: wanted.has_memory(), volumes: wanted.has_volumes() }
    }

    pub(super) const fn count(self, mount: MountKind) -> bool {
        match mount {
            MountKind::Root => true,
            MountKind::Tmpfs => self.memory,
            MountKind::Volume => self.volumes,
            MountKind::Kernel => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_tells_the_kind() {
        let of = |flags, fs_magic| {
            MountKind::of_evidence(&FileEvidence { flags, fs_magic, ..FileEvidence::default() })
        };
        let none = EvidenceFlags::default();
        let on_root = EvidenceFlags::ON_ROOT_SUPERBLOCK;
        assert_eq!(of(on_root.union(EvidenceFlags::OVERLAY), 0x794c_7630), MountKind::Root);
        assert_eq!(of(on_root.union(EvidenceFlags::ON_ROOT_MOUNT), 0xef53), MountKind::Root);
        assert_eq!(of(on_root, 0xef53), MountKind::Volume);
        assert_eq!(of(none, 0x0102_1994), MountKind::Tmpfs);
        assert_eq!(of(none, 0x9fa0), MountKind::Kernel);
        assert_eq!(of(none, 0xef53), MountKind::Volume);
        assert_eq!(of(EvidenceFlags::ANONYMOUS, 0x0102_1994), MountKind::Kernel);
    }
}
