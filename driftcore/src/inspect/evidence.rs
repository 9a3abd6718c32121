//! From a held file to its evidence and verdict.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::Instant;

use rustix::io::Errno;

use super::InspectError;
use super::Inspected;
use super::facts::Facts;
use super::facts::path_of;
use super::open::strip;
use super::owner::Belongs;
use super::owner::Found;
use super::owner::Owner;
use super::owner::Root;
use super::view::name;
use crate::event::EvidenceFlags;
use crate::event::FileEvidence;
use crate::event::Text;
use crate::event::Verdict;
use crate::provenance::Bounds;
use crate::provenance::Classified;
use crate::provenance::Effort;
use crate::provenance::InLayers;
use crate::provenance::LayerLookup;
use crate::provenance::NoLayerDirectories;
use crate::provenance::classify;
use crate::provenance::filesystem_magic;
use crate::provenance::in_layers;

/// `OVERLAYFS_SUPER_MAGIC` of `linux/magic.h`.
pub(super) const OVERLAYFS_MAGIC: u64 = 0x794c_7630;
/// `HUGETLBFS_MAGIC` of `linux/magic.h`.
const HUGETLBFS_MAGIC: u64 = 0x9584_58f6;
/// `FUSE_SUPER_MAGIC` of `linux/magic.h`.
const FUSE_MAGIC: u64 = 0x6573_5546;
/// How often a file that changes, or is renamed, is looked at again.
const ATTEMPTS: u32 = 32;

/// A regular file that is held, and all that does not depend on its name.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) fd: BorrowedFd<'a>,
    pub(super) owner: Belongs,
    pub(super) found: Found,
    /// The kernel's own tmpfs.
    pub(super) shared_memory: (u32, u32),
    pub(super) bounds: Bounds,
}

/// How much an attempt to judge a file may take.
#[derive(Clone, Copy)]
struct Attempt {
    /// That of all attempts; `None` is never.
    deadline: Option<Instant>,
    /// After it, none is made.
    last: bool,
}

/// A file that was seen in one state under one name.
struct Sight {
    inspected: Inspected,
    /// Whether something did not fit because the file or its name had changed.
    changed: bool,
}

impl Subject<'_> {
    /// Judges the file. What was found counts only if the file was the same before and after.
    /// All attempts share the time of the bounds: who changes a file wins none.
    pub(super) fn judge(&self) -> Result<Inspected, InspectError> {
        // One beyond what the clock can hold is none.
        let deadline = Instant::now().checked_add(self.bounds.time);
        let mut last_path = PathBuf::new();
        for number in 1..=ATTEMPTS {
            let before = self.facts()?;
            let sight = self.look(&before, Attempt { deadline, last: number == ATTEMPTS })?;
            if !sight.changed && self.facts()? == before {
                return Ok(sight.inspected);
            }
            last_path = sight.inspected.path.as_path().to_owned();
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break;
            }
        }
        Err(InspectError::Changed(last_path))
    }

    fn facts(&self) -> Result<Facts, InspectError> {
        Facts::of(&self.fd).map_err(|errno| InspectError::io("look at the file", errno))
    }

    fn look(&self, facts: &Facts, attempt: Attempt) -> Result<Sight, InspectError> {
        let text = path_of(&self.fd)
            .map_err(|errno| InspectError::io("read the path of the file", errno))?;
        let (path, unhashed) = name(text, facts, self.found.view.as_ref());
        let mut evidence = self
            .evidence(facts, unhashed)
            .map_err(|errno| InspectError::io("look at the file's filesystem", errno))?;
        let (classified, changed) = match &self.owner {
            Belongs::Host => {
                (classify(&evidence, &path, &mut NoLayerDirectories::default()), false)
            }
            Belongs::Container(owner) => self.in_container(owner, &mut evidence, &path, attempt),
            Belongs::Unclear(reason) => (unclear(&evidence, reason), false),
        };
        let path = self.as_seen(path);
        let container = self.container().map(|owner| owner.container.clone());
        Ok(Sight { inspected: Inspected { container, path, evidence, classified }, changed })
    }

    fn container(&self) -> Option<&Owner> {
        match &self.owner {
            Belongs::Container(owner) => Some(owner),
            Belongs::Host | Belongs::Unclear(_) => None,
        }
    }

    fn root(&self) -> Option<&Root> {
        self.container()?.root.as_ref()
    }

    /// The evidence, but for the layers.
    fn evidence(&self, facts: &Facts, unhashed: bool) -> Result<FileEvidence, Errno> {
        let mount = self.found.mount.as_ref().map(|placed| &placed.mount);
        // A filesystem that a process serves is not asked: it may never answer.
        let served = mount.is_some_and(|mount| mount.fs_type.starts_with("fuse"));
        let fs_magic = if served { FUSE_MAGIC } else { filesystem_magic(self.fd)? };
        let device = mount.map_or(facts.device, |mount| mount.device);
        let root = self.root();
        let on_root = root.is_some_and(|root| root.device == device);
        let anonymous = facts.device == self.shared_memory
            // Each size of huge pages has a filesystem of its own, which nobody has mounted.
            || (fs_magic == HUGETLBFS_MAGIC && mount.is_none());
        let flags = [
            (EvidenceFlags::HOST, matches!(self.owner, Belongs::Host)),
            (EvidenceFlags::ANONYMOUS, anonymous),
            (EvidenceFlags::UNHASHED, unhashed),
            (EvidenceFlags::ON_ROOT_SUPERBLOCK, on_root),
            (
                EvidenceFlags::ON_ROOT_MOUNT,
                on_root && mount.map(|mount| &mount.root) == root.map(|root| &root.directory),
            ),
            (EvidenceFlags::OVERLAY, fs_magic == OVERLAYFS_MAGIC),
            (EvidenceFlags::READ_ONLY, mount.is_some_and(|mount| mount.has_option(b"ro"))),
            (EvidenceFlags::IMMUTABLE, facts.immutable),
        ];
        let flags = flags
            .into_iter()
            .filter(|(_, set)| *set)
            .fold(EvidenceFlags::default(), |all, (flag, _)| all.union(flag));
        let (uid, gid) = facts.owner;
        Ok(FileEvidence {
            inode: facts.inode(device),
            mode: facts.mode,
            uid,
            gid,
            nlink: facts.nlink,
            fs_magic,
            flags,
            upper: None,
            lower: None,
        })
    }

    /// The verdict about a container's file, and whether it is to be looked at again.
    fn in_container(
        &self,
        owner: &Owner,
        evidence: &mut FileEvidence,
        path: &[u8],
        Attempt { deadline, last }: Attempt,
    ) -> (Classified, bool) {
        let mut without = NoLayerDirectories { container_start: owner.started };
        let own_overlay = EvidenceFlags::ON_ROOT_SUPERBLOCK.union(EvidenceFlags::OVERLAY);
        let layers = owner.layers.as_ref().filter(|_| evidence.flags.contains(own_overlay));
        let Some(layers) = layers.filter(|_| evidence.nlink != 0) else {
            let classified = classify(evidence, path, &mut without);
            // Which mount the root is decides between these and all others.
            let needs_root =
                matches!(classified.provenance.verdict, Verdict::Tmpfs | Verdict::Volume);
            if needs_root && owner.root.is_none() {
                let reason = "no process of the container shows its root filesystem";
                return (Classified::unknown(reason), false);
            }
            return (classified, false);
        };
        let placed = self.found.mount.as_ref();
        let inside = placed.map_or_else(|| Some(path.to_vec()), |placed| placed.inside(path));
        let inside = inside.unwrap_or_default();
        let unhashed = evidence.flags.contains(EvidenceFlags::UNHASHED);
        let user_xattrs = placed.is_some_and(|placed| placed.mount.has_option(b"userxattr"));
        let effort = Effort { bounds: self.bounds, deadline, search: last, user_xattrs };
        match in_layers(layers, &inside, &evidence.inode, unhashed, effort) {
            InLayers::Changed => {
                let reason = "another file came to its path while it was looked at";
                (Classified::unknown(reason), true)
            }
            InLayers::Unknown(reason) => (Classified::unknown(reason), false),
            InLayers::Known { upper, lower, upper_data } => {
                let mut flags = evidence.flags.union(EvidenceFlags::LAYERS_KNOWN);
                if upper.is_some() {
                    // Who may write it cannot be seen from here.
                    flags = flags.union(EvidenceFlags::WRITERS);
                }
                if upper.is_some() && upper_data {
                    flags = flags.union(EvidenceFlags::UPPER_DATA);
                }
                let (upper, held) = upper.unzip();
                *evidence = FileEvidence { flags, upper, lower, ..*evidence };
                let mut lookup =
                    LayerLookup::new(layers, self.bounds).until(deadline).holding(held);
                (classify(evidence, &inside, &mut lookup), false)
            }
        }
    }

    /// The path as the container sees it.
    fn as_seen(&self, path: Vec<u8>) -> Text {
        let seen = if self.found.by_host {
            self.found.mount.as_ref().and_then(|placed| placed.inside(&path))
        } else {
            let inside = self.root().and_then(|root| strip(&path, &root.path));
            inside.map(|inside| [b"/", inside].concat())
        };
        Text::from(seen.unwrap_or(path))
    }
}

/// The verdict about a file of which it is not known whose it is.
fn unclear(evidence: &FileEvidence, reason: &'static str) -> Classified {
    let classified = classify(evidence, b"", &mut NoLayerDirectories::default());
    match classified.provenance.verdict {
        Verdict::Memfd | Verdict::Deleted => classified,
        // Of these rows it would have to be known whose root is meant.
        _ => Classified::unknown(reason),
    }
}
