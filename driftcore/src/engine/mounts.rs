//! Which of a container's mounts are watched.

use std::fmt;

use crate::container::PlaceMount;
use crate::event::EvidenceFlags;
use crate::event::FileEvidence;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MountKind {
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
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Root, Self::Tmpfs, Self::Volume, Self::Kernel];

    /// The name in configurations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Tmpfs => "tmpfs",
            Self::Volume => "volume",
            Self::Kernel => "kernel",
        }
    }

    /// The kind of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

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
            PlaceMount::Other => Self::Volume,
        }
    }
}

impl fmt::Display for MountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of [`MountKind`]s. By default the container's own root alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mounts(u8);

impl Mounts {
    /// None.
    pub const NONE: Self = Self(0);
    /// The container's own root.
    pub const ROOT: Self = Self::NONE.with(MountKind::Root);

    /// And this kind.
    #[must_use]
    pub const fn with(self, kind: MountKind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// Whether this kind is in the set.
    pub const fn contains(self, kind: MountKind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }

    /// Whether anything but the root is.
    pub const fn beyond_root(self) -> bool {
        self.0 & !Self::ROOT.0 != 0
    }
}

impl Default for Mounts {
    fn default() -> Self {
        Self::ROOT
    }
}

impl FromIterator<MountKind> for Mounts {
    fn from_iter<I: IntoIterator<Item = MountKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Mounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = MountKind::ALL.into_iter().filter(|&kind| self.contains(kind));
        f.debug_set().entries(kinds).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_their_names() {
        for kind in MountKind::ALL {
            assert_eq!(MountKind::of(kind.as_str()), Some(kind));
        }
        assert_eq!(MountKind::of("Root"), None);
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let set: Mounts = [MountKind::Root, MountKind::Volume].into_iter().collect();
        assert!(set.contains(MountKind::Volume) && !set.contains(MountKind::Tmpfs));
        assert!(set.beyond_root() && !Mounts::default().beyond_root());
        assert_eq!(format!("{set:?}"), "{Root, Volume}");
    }

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
