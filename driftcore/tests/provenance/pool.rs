//! Proofs on the pool's threads.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use driftcore::event::EvidenceFlags;
use driftcore::event::FileEvidence;
use driftcore::event::Verdict;
use driftcore::provenance::Bounds;
use driftcore::provenance::PoolOptions;
use driftcore::provenance::ProofPool;
use driftcore::provenance::ProofRequest;
use driftcore::provenance::ProofResult;
use driftcore::provenance::Wake;

use crate::fixture::Container;
use crate::fixture::write;

/// A small file and a large one, each equal to its origin; bounds that let the large one run.
struct Files {
    container: Container,
    small: FileEvidence,
    large: FileEvidence,
}

const PATIENT: Bounds = Bounds { bytes: 4 << 30, time: Duration::from_secs(600), digests: false };

fn files(large: u64) -> Files {
    let container = Container::new(1, &[(0, "small", b"tool"), (0, "large", b"")]);
    write(&container.upper("small"), b"tool");
    for path in [container.upper("large"), container.lower(0, "large")] {
        File::create(path).unwrap().set_len(large).unwrap();
    }
    let small = container.upper_evidence("small", Some((0, "small")));
    let large = container.upper_evidence("large", Some((0, "large")));
    Files { container, small, large }
}

impl Files {
    fn request(&self, token: u32, path: &str, evidence: FileEvidence) -> ProofRequest<u32> {
        let path = format!("/{path}").into_bytes();
        ProofRequest { token, evidence, path, source: Arc::clone(&self.container.layers).into() }
    }
}

fn silent() -> Wake {
    Arc::new(|| {})
}

fn next(pool: &ProofPool<u32>) -> ProofResult<u32> {
    let start = Instant::now();
    loop {
        if let Some(result) = pool.try_recv() {
            return result;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "no result");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn results_carry_the_request_and_wake_the_caller() {
    let files = files(0);
    let woken = Arc::new(AtomicUsize::new(0));
    let wake: Wake = Arc::new({
        let woken = Arc::clone(&woken);
        move || {
            woken.fetch_add(1, Ordering::SeqCst);
        }
    });
    let pool = ProofPool::new(PoolOptions::default(), wake).unwrap();
    for token in 0..10 {
        pool.submit(files.request(token, "small", files.small)).unwrap();
    }
    for token in 0..10 {
        let result = next(&pool);
        assert_eq!(result.request.token, token);
        assert_eq!(result.request.evidence, files.small);
        assert_eq!(result.classified.provenance.verdict, Verdict::CopiedUp);
    }
    drop(pool);
    assert_eq!(woken.load(Ordering::SeqCst), 10);
}

#[test]
fn a_huge_file_does_not_hold_up_small_ones() {
    let files = files(2 << 30);
    let options = PoolOptions { bounds: PATIENT, ..PoolOptions::default() };
    let pool = ProofPool::new(options, silent()).unwrap();
    for token in 0..4 {
        pool.submit(files.request(token, "large", files.large)).unwrap();
    }
    for token in 100..200 {
        pool.submit(files.request(token, "small", files.small)).unwrap();
        assert_eq!(next(&pool).request.token, token);
    }
    let start = Instant::now();
    drop(pool);
    assert!(start.elapsed() < Duration::from_secs(1), "running proofs are interrupted");
}

#[test]
fn a_full_lane_gives_the_request_back() {
    let files = files(2 << 30);
    let options = PoolOptions { queue: 1, bounds: PATIENT, ..PoolOptions::default() };
    let pool = ProofPool::new(options, silent()).unwrap();
    let refused = (0..3)
        .filter_map(|token| pool.submit(files.request(token, "large", files.large)).err())
        .map(|request| request.token);
    // One runs at most and one waits.
    let refused: Vec<_> = refused.collect();
    assert!(refused.contains(&2), "{refused:?}");
    assert!(pool.waiting() <= 1);
    pool.submit(files.request(9, "small", files.small)).unwrap();
    assert_eq!(next(&pool).request.token, 9);
}

#[test]
fn a_small_file_under_a_new_name_is_found_by_search() {
    let files = files(0);
    std::fs::rename(files.container.upper("small"), files.container.upper("new")).unwrap();
    let evidence = files.container.upper_evidence("new", Some((0, "small")));
    let pool = ProofPool::new(PoolOptions::default(), silent()).unwrap();
    pool.submit(files.request(1, "new", evidence)).unwrap();
    let classified = next(&pool).classified;
    assert_eq!(classified.provenance.verdict, Verdict::CopiedUp, "{classified:?}");
}

#[test]
fn a_pool_whose_results_nobody_takes_still_ends() {
    let files = files(0);
    let options = PoolOptions { queue: 2, ..PoolOptions::default() };
    let pool = ProofPool::new(options, silent()).unwrap();
    let start = Instant::now();
    let mut refused = 0;
    while refused < 10 && start.elapsed() < Duration::from_secs(10) {
        refused += usize::from(pool.submit(files.request(1, "small", files.small)).is_err());
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(refused >= 10, "the queue is bounded");
    drop(pool);
}

#[test]
fn drifted_files_have_their_digest_where_that_is_asked_for() {
    let container = Container::new(1, &[(0, "grown", b"tool")]);
    write(&container.upper("new"), b"new");
    write(&container.upper("grown"), b"grown");
    let new = container.upper_evidence("new", None);
    let grown = container.upper_evidence("grown", Some((0, "grown")));
    let written = FileEvidence { flags: new.flags.union(EvidenceFlags::WRITERS), ..new };
    let files = Files { container, small: new, large: grown };
    for digests in [true, false] {
        let bounds = Bounds { digests, ..Bounds::default() };
        let pool = ProofPool::new(PoolOptions { bounds, ..PoolOptions::default() }, silent());
        let pool = pool.unwrap();
        for (path, evidence, verdict, sha256) in [
            (
                "new",
                new,
                Verdict::Added,
                "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437",
            ),
            (
                "grown",
                grown,
                Verdict::Modified,
                "599c4643aacf6ea004f1705b82886c50f55bb88970dbb7a0bbb7dad40777a628",
            ),
        ] {
            pool.submit(files.request(0, path, evidence)).unwrap();
            let classified = next(&pool).classified;
            assert_eq!(classified.provenance.verdict, verdict, "{path}");
            assert_eq!(classified.sha256_text(), digests.then(|| sha256.to_owned()), "{path}");
        }
        // What is read while somebody may write it is nobody's digest.
        pool.submit(files.request(0, "new", written)).unwrap();
        assert_eq!(next(&pool).classified.sha256, None);
    }
}
