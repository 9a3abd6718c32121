//! The hot path allocates nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod record;

use std::hint::black_box;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use allocation_counter::measure;
use driftcore::container::AccountCache;
use driftcore::container::AccountRoot;
use driftcore::container::RootMount;
use driftcore::decode::decode;
use driftcore::event::Event;
use driftcore::event::Evidence;
use driftcore::event::EvidenceFlags;
use driftcore::event::FileEvidence;
use driftcore::event::Inode;
use driftcore::event::Provenance;
use driftcore::event::Verdict;
use driftcore::provenance::Classified;
use driftcore::provenance::Judgement;
use driftcore::provenance::ProofCache;
use driftcore::provenance::judge;
use driftcore::wire::RawEvent;

const ROOT: EvidenceFlags = EvidenceFlags::ON_ROOT_SUPERBLOCK
    .union(EvidenceFlags::ON_ROOT_MOUNT)
    .union(EvidenceFlags::OVERLAY)
    .union(EvidenceFlags::LAYERS_KNOWN);

/// How often `work` allocates.
fn allocations(work: impl FnOnce()) -> u64 {
    measure(work).count_total
}

fn inode(number: u64) -> Option<Inode> {
    Some(Inode { number, size: 5, ..Inode::default() })
}

fn image() -> FileEvidence {
    FileEvidence { nlink: 1, flags: ROOT, lower: inode(1), ..FileEvidence::default() }
}

fn exec_record(file: FileEvidence) -> Vec<u8> {
    record::record(&Event::Exec(record::usual_exec(file)))
}

#[test]
fn the_count_counts() {
    assert_eq!(allocations(|| drop(black_box(Box::new(1_u8)))), 1);
}

#[test]
fn decoding_and_judging_an_image_exec_allocates_nothing() {
    let bytes = exec_record(image());
    let mut path = Vec::with_capacity(64);
    let count = allocations(|| {
        let Event::Exec(exec) = decode(&RawEvent::new(black_box(&bytes)).unwrap()) else {
            panic!("no exec");
        };
        exec.exe.write_to(&mut path);
        let Judgement::Proved(provenance) = judge(&exec.file) else { panic!("not proved") };
        assert_eq!(provenance.verdict, Verdict::Image);
    });
    assert_eq!(count, 0);
    assert_eq!(path, b"/usr/bin/payload");
}

#[test]
fn refusing_a_malformed_record_allocates_nothing() {
    let mut bytes = exec_record(image());
    bytes.truncate(100);
    assert_eq!(allocations(|| assert!(RawEvent::new(black_box(&bytes)).is_err())), 0);
}

#[test]
fn a_cached_proof_is_found_without_allocating() {
    // One by the lower inode, one by the path, which is hashed.
    for lower in [inode(2), None] {
        let flags = ROOT.union(EvidenceFlags::UPPER_DATA);
        let evidence = FileEvidence { flags, upper: inode(3), lower, ..image() };
        let classified = Classified {
            provenance: Provenance::new(Verdict::CopiedUp, Evidence::Content, "equal".to_owned()),
            sha256: Some([7; 32]),
            cacheable: true,
        };
        let mut cache = ProofCache::new(4);
        cache.insert(&evidence, b"/usr/bin/payload", 1, &classified);
        let mut found = None;
        let count = allocations(|| {
            let hit = cache.get(black_box(&evidence), b"/usr/bin/payload", 1);
            found = hit.map(|hit| hit.provenance.verdict);
        });
        assert_eq!(found, Some(Verdict::CopiedUp));
        assert_eq!(count, 0);
    }
}

#[test]
fn names_are_found_again_without_allocating() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("etc")).unwrap();
    std::fs::write(root.path().join("etc/passwd"), "bob:x:7:8::/home/bob:/bin/ash\n").unwrap();
    let device = std::fs::metadata(root.path()).unwrap().dev();
    let mount = RootMount {
        device: (rustix::fs::major(device), rustix::fs::minor(device)),
        mount_point: root.path().to_owned(),
        fs_type: "overlay".to_owned(),
        layers: None,
    };
    let cache = AccountCache::default();
    let at = AccountRoot { container: 1, mount: &mount, pid: 0, mnt_namespace: 0 };
    let look_up = || {
        let users = cache.users(black_box(&at)).unwrap();
        assert_eq!(users.get(7).unwrap().name, b"bob");
    };
    look_up();
    assert_eq!(allocations(look_up), 0);
    // Late enough for the file to be looked at again.
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(allocations(look_up), 0);
}
