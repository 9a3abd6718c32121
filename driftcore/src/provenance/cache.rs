//! Proofs that still hold, by the state of the file they are about.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sha2::Digest;
use sha2::Sha256;

use super::Classified;
use crate::event::EvidenceFlags;
use crate::event::FileEvidence;
use crate::event::Inode;

/// How many proofs a cache keeps unless told otherwise.
const DEFAULT_CAPACITY: usize = 16_384;
/// How many proofs about one upper inode are kept: it may have several names.
const PER_INODE: usize = 4;

/// What a cache has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Questions that were answered.
    pub hits: u64,
    /// Questions that were not.
    pub misses: u64,
    /// Proofs that made room for others.
    pub evicted: u64,
}

/// Remembers what was proved about files, as long as they cannot have changed.
///
/// A proof is found again only for the same state of the upper inode, on a root without layers of
/// the inode itself (device, number, generation, size, change and modification time) and the same
/// other side: the state of the lower inode, or the path that was looked up in the same
/// [`ImageSource`]. A new state
/// of an inode drops what was proved about its old ones.
///
/// Bounded, owned by one thread; a full cache lets go of the proof that was made first. All
/// operations take constant time.
///
/// [`ImageSource`]: super::ImageSource
#[derive(Debug)]
pub struct ProofCache {
    /// A ring: the place after the newest proof holds the oldest one.
    slots: Vec<Option<Slot>>,
    next: usize,
    capacity: usize,
    by_inode: HashMap<InodeId, Vec<usize>>,
    held: usize,
    stats: CacheStats,
}

/// Device and number of an upper inode.
type InodeId = (u32, u64);

#[derive(Debug)]
struct Slot {
    upper: Inode,
    against: Against,
    classified: Classified,
}

/// What a file was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Against {
    Lower(Inode),
    /// SHA-256 of a path, so that long ones cost no more room than short ones, and the layers.
    Path {
        source: u64,
        path: [u8; 32],
    },
}

impl Default for ProofCache {
    /// A cache for 16,384 proofs.
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

impl ProofCache {
    /// A cache for so many proofs, at least one. Memory is taken as proofs come.
    pub fn new(capacity: usize) -> Self {
        Self {
            slots: Vec::new(),
            next: 0,
            capacity: capacity.max(1),
            by_inode: HashMap::new(),
            held: 0,
            stats: CacheStats::default(),
        }
    }

    /// What was proved about the file in its present state, if it was. `path` is the path of
    /// the file in the container, `source` the [`id`](super::ImageSource::id) of what it is compared with.
    ///
    /// Never answers while somebody may write the file: its times may then lag behind.
    /// Allocates nothing.
    pub fn get(
        &mut self,
        evidence: &FileEvidence,
        path: &[u8],
        source: u64,
    ) -> Option<&Classified> {
        let found = self.find(evidence, path, source);
        match found {
            Some(_) => self.stats.hits += 1,
            None => self.stats.misses += 1,
        }
        let slot = self.slots.get(found?)?.as_ref()?;
        Some(&slot.classified)
    }

    fn find(&self, evidence: &FileEvidence, path: &[u8], source: u64) -> Option<usize> {
        let upper = subject(evidence)?;
        if evidence.flags.contains(EvidenceFlags::WRITERS) {
            return None;
        }
        let places = self.by_inode.get(&id(&upper))?;
        let against = against(evidence, path, source);
        places.iter().copied().find(|&place| {
            let slot = self.slots.get(place).and_then(Option::as_ref);
            slot.is_some_and(|slot| slot.upper == upper && slot.against == against)
        })
    }

    /// Keeps a proof about the file in this state, if it is
    /// [`cacheable`](Classified::cacheable).
    pub fn insert(
        &mut self,
        evidence: &FileEvidence,
        path: &[u8],
        source: u64,
        classified: &Classified,
    ) {
        let Some(upper) = subject(evidence) else { return };
        if !classified.cacheable || evidence.flags.contains(EvidenceFlags::WRITERS) {
            return;
        }
        let slot = Slot {
            upper,
            against: against(evidence, path, source),
            classified: classified.clone(),
        };
        if let Some(place) = self.replaceable(&slot) {
            self.slots[place] = Some(slot);
            return;
        }
        let place = self.free_place();
        self.by_inode.entry(id(&upper)).or_default().push(place);
        self.slots[place] = Some(slot);
        self.held += 1;
    }

    /// The place of a proof about the same inode that this one takes over, if any.
    fn replaceable(&mut self, new: &Slot) -> Option<usize> {
        let places = self.by_inode.get(&id(&new.upper))?;
        let held = |place: &usize| self.slots.get(*place).and_then(Option::as_ref);
        if places.iter().filter_map(held).any(|slot| slot.upper != new.upper) {
            self.forget(new.upper.device, new.upper.number);
            return None;
        }
        let same = |place: &&usize| held(place).is_some_and(|slot| slot.against == new.against);
        let place = places.iter().find(same).copied();
        let full = places.len() >= PER_INODE;
        place.or_else(|| {
            let places = self.by_inode.get_mut(&id(&new.upper)).filter(|_| full)?;
            places.rotate_left(1);
            self.stats.evicted += 1;
            places.last().copied()
        })
    }

    /// Makes room for one proof and says where.
    fn free_place(&mut self) -> usize {
        if self.slots.len() < self.capacity {
            self.slots.push(None);
            return self.slots.len() - 1;
        }
        let place = self.next;
        self.next = (place + 1) % self.capacity;
        if let Some(old) = self.slots[place].take() {
            self.stats.evicted += 1;
            self.held -= 1;
            if let Entry::Occupied(mut entry) = self.by_inode.entry(id(&old.upper)) {
                entry.get_mut().retain(|&other| other != place);
                if entry.get().is_empty() {
                    entry.remove();
                }
            }
        }
        place
    }

    /// Drops what was proved about an upper inode, of whatever state: it was written,
    /// truncated or mapped for writing. The device is in the kernel's encoding.
    pub fn forget(&mut self, device: u32, number: u64) {
        for place in self.by_inode.remove(&(device, number)).unwrap_or_default() {
            if let Some(slot) = self.slots.get_mut(place) {
                *slot = None;
                self.held -= 1;
            }
        }
    }

    /// How many proofs are held now.
    pub const fn len(&self) -> usize {
        self.held
    }

    /// True when nothing is held.
    pub const fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// What the cache has done so far.
    pub const fn stats(&self) -> CacheStats {
        self.stats
    }
}

/// The inode that a proof is about: where the container's root is no overlay, the file's own.
pub(crate) const fn subject(evidence: &FileEvidence) -> Option<Inode> {
    match evidence.upper {
        None if !evidence.flags.contains(EvidenceFlags::OVERLAY) => Some(evidence.inode),
        upper => upper,
    }
}

const fn id(inode: &Inode) -> InodeId {
    (inode.device, inode.number)
}

fn against(evidence: &FileEvidence, path: &[u8], source: u64) -> Against {
    match evidence.lower {
        Some(lower) => Against::Lower(lower),
        None => Against::Path { source, path: Sha256::digest(path).into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Evidence;
    use crate::event::Provenance;
    use crate::event::Verdict;

    fn inode(number: u64, ctime_ns: i64) -> Inode {
        Inode { device: 1, number, ctime_ns, ..Inode::default() }
    }

    fn copied_up(number: u64, ctime_ns: i64) -> FileEvidence {
        FileEvidence {
            upper: Some(inode(number, ctime_ns)),
            lower: Some(inode(1, 0)),
            ..FileEvidence::default()
        }
    }

    fn new_file(number: u64) -> FileEvidence {
        FileEvidence { upper: Some(inode(number, 0)), ..FileEvidence::default() }
    }

    fn proof(verdict: Verdict) -> Classified {
        Classified {
            provenance: Provenance::new(verdict, Evidence::Content, "test"),
            sha256: None,
            cacheable: true,
        }
    }

    fn verdict(
        cache: &mut ProofCache,
        file: &FileEvidence,
        path: &[u8],
        id: u64,
    ) -> Option<Verdict> {
        cache.get(file, path, id).map(|classified| classified.provenance.verdict)
    }

    #[test]
    fn a_proof_is_found_for_the_same_state_and_counted() {
        let mut cache = ProofCache::default();
        let file = copied_up(7, 0);
        assert_eq!(verdict(&mut cache, &file, b"/a", 1), None);
        cache.insert(&file, b"/a", 1, &proof(Verdict::CopiedUp));
        // The origin decides, not the name.
        assert_eq!(verdict(&mut cache, &file, b"/b", 1), Some(Verdict::CopiedUp));
        assert_eq!(cache.stats(), CacheStats { hits: 1, misses: 1, evicted: 0 });
    }

    #[test]
    fn each_part_of_the_state_counts() {
        let mut cache = ProofCache::default();
        let file = copied_up(7, 0);
        cache.insert(&file, b"/a", 1, &proof(Verdict::CopiedUp));
        let changes: [fn(&mut Inode); 6] = [
            |inode| inode.device += 1,
            |inode| inode.number += 1,
            |inode| inode.generation += 1,
            |inode| inode.size += 1,
            |inode| inode.mtime_ns += 1,
            |inode| inode.ctime_ns += 1,
        ];
        for change in changes {
            let mut other = file;
            other.upper.iter_mut().for_each(change);
            assert_eq!(verdict(&mut cache, &other, b"/a", 1), None);
            let mut other = file;
            other.lower.iter_mut().for_each(change);
            assert_eq!(verdict(&mut cache, &other, b"/a", 1), None);
        }
        assert_eq!(verdict(&mut cache, &file, b"/a", 1), Some(Verdict::CopiedUp));
    }

    #[test]
    fn answers_by_path_are_not_shared_between_paths_or_containers() {
        let mut cache = ProofCache::default();
        let file = new_file(7);
        cache.insert(&file, b"/a", 1, &proof(Verdict::Added));
        cache.insert(&file, b"/b", 1, &proof(Verdict::Replaced));
        assert_eq!(verdict(&mut cache, &file, b"/a", 1), Some(Verdict::Added));
        assert_eq!(verdict(&mut cache, &file, b"/b", 1), Some(Verdict::Replaced));
        assert_eq!(verdict(&mut cache, &file, b"/a", 2), None);
    }

    #[test]
    fn nothing_is_kept_or_answered_while_the_file_has_writers() {
        let mut cache = ProofCache::default();
        let file = copied_up(7, 0);
        let written = FileEvidence { flags: EvidenceFlags::WRITERS, ..file };
        cache.insert(&written, b"/a", 1, &proof(Verdict::CopiedUp));
        assert!(cache.is_empty());
        cache.insert(&file, b"/a", 1, &proof(Verdict::CopiedUp));
        assert_eq!(verdict(&mut cache, &written, b"/a", 1), None);
        cache.insert(
            &copied_up(8, 0),
            b"/a",
            1,
            &Classified { cacheable: false, ..proof(Verdict::CopiedUp) },
        );
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn a_full_cache_lets_the_oldest_go() {
        let mut cache = ProofCache::new(3);
        for number in 0..5 {
            cache.insert(&copied_up(number, 0), b"/a", 1, &proof(Verdict::CopiedUp));
        }
        assert_eq!(cache.len(), 3);
        assert_eq!(cache.stats().evicted, 2);
        assert_eq!(verdict(&mut cache, &copied_up(1, 0), b"/a", 1), None);
        assert_eq!(verdict(&mut cache, &copied_up(2, 0), b"/a", 1), Some(Verdict::CopiedUp));
    }

    #[test]
    fn one_file_with_many_names_takes_four_places() {
        let mut cache = ProofCache::new(100);
        for name in 0..50_u8 {
            cache.insert(&new_file(7), &[b'/', name], 1, &proof(Verdict::Added));
        }
        assert_eq!(cache.len(), 4);
        assert_eq!(verdict(&mut cache, &new_file(7), &[b'/', 46], 1), Some(Verdict::Added));
        assert_eq!(verdict(&mut cache, &new_file(7), &[b'/', 45], 1), None);
    }

    #[test]
    fn a_new_state_and_a_write_drop_the_old_proofs() {
        let mut cache = ProofCache::default();
        cache.insert(&copied_up(7, 0), b"/a", 1, &proof(Verdict::CopiedUp));
        cache.insert(&copied_up(7, 1), b"/a", 1, &proof(Verdict::Modified));
        assert_eq!(cache.len(), 1);
        cache.forget(1, 7);
        assert!(cache.is_empty());
        assert_eq!(verdict(&mut cache, &copied_up(7, 1), b"/a", 1), None);
    }

    #[test]
    fn the_bound_holds_whatever_comes() {
        let mut cache = ProofCache::new(8);
        for step in 0..10_000_u64 {
            let file = copied_up(step * 7 % 23, i64::try_from(step % 3).unwrap());
            cache.insert(&file, b"/a", 1, &proof(Verdict::CopiedUp));
            cache.insert(
                &new_file(step % 5),
                &[b'/', (step % 11) as u8],
                1,
                &proof(Verdict::Added),
            );
            if step % 4 == 0 {
                cache.forget(1, step % 23);
            }
            assert!(cache.len() <= 8);
        }
    }
}
