//! Files that change, vanish, grow or turn into something else under the proof.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use driftcore::event::FileEvidence;
use driftcore::event::Verdict;
use driftcore::provenance::Bounds;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::makedev;

use crate::fixture::Container;
use crate::fixture::settle;
use crate::fixture::write;

const TOOL: &str = "bin/tool";

/// A copied-up file, equal to its origin, and the evidence of its exec.
fn copied_up() -> (Container, FileEvidence) {
    let container = Container::new(1, &[(0, TOOL, b"tool")]);
    write(&container.upper(TOOL), b"tool");
    let evidence = container.upper_evidence(TOOL, Some((0, TOOL)));
    settle();
    (container, evidence)
}

#[track_caller]
fn assert_unknown(container: &Container, evidence: &FileEvidence, reason: &str) {
    let start = Instant::now();
    let classified = container.classify(evidence, TOOL);
    assert_eq!(classified.provenance.verdict, Verdict::Unknown);
    assert!(classified.provenance.reason.contains(reason), "{}", classified.provenance.reason);
    assert!(!classified.cacheable);
    assert_eq!(classified.sha256, None);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_file_swapped_for_an_equal_one_is_not_believed() {
    let (container, evidence) = copied_up();
    write(&container.upper("other"), b"tool");
    fs::rename(container.upper("other"), container.upper(TOOL)).unwrap();
    assert_unknown(&container, &evidence, "changed since the exec");
}

#[test]
fn a_file_rewritten_in_place_is_not_believed() {
    let (container, evidence) = copied_up();
    write(&container.upper(TOOL), b"tool");
    assert_unknown(&container, &evidence, "changed since the exec");
}

#[test]
fn a_file_that_is_gone_is_unknown() {
    let (container, evidence) = copied_up();
    fs::remove_file(container.upper(TOOL)).unwrap();
    assert_unknown(&container, &evidence, "gone");
}

#[test]
fn a_fifo_at_the_path_is_not_waited_for_and_a_device_not_opened() {
    for (kind, device) in [
        (FileType::Fifo, 0),
        (FileType::Socket, 0),
        // A name that only root may make; elsewhere the FIFO stands for it.
        (FileType::CharacterDevice, makedev(10, 130)),
    ] {
        let (container, evidence) = copied_up();
        fs::remove_file(container.upper(TOOL)).unwrap();
        let path = container.upper(TOOL);
        match rustix::fs::mknodat(rustix::fs::CWD, path, kind, Mode::RWXU, device) {
            Err(rustix::io::Errno::PERM) => println!("skipped: {kind:?}: needs CAP_MKNOD"),
            result => {
                result.unwrap();
                assert_unknown(&container, &evidence, "no regular file");
            }
        }
    }
}

#[test]
fn a_link_at_the_path_is_not_followed() {
    let (container, evidence) = copied_up();
    fs::rename(container.upper(TOOL), container.upper("real")).unwrap();
    symlink("../real", container.upper(TOOL)).unwrap();
    assert_unknown(&container, &evidence, "no regular file");
}

#[test]
fn a_link_as_parent_directory_is_not_followed() {
    let (container, evidence) = copied_up();
    fs::rename(container.upper("bin"), container.upper("real")).unwrap();
    for target in ["real", "/bin", "../l0/bin"] {
        symlink(target, container.upper("bin")).unwrap();
        assert_unknown(&container, &evidence, "something else than directories");
        fs::remove_file(container.upper("bin")).unwrap();
    }
}

#[test]
fn a_path_that_is_not_a_plain_absolute_one_is_refused() {
    let (container, evidence) = copied_up();
    for path in ["../l0/bin/tool", "bin/./tool", "bin//tool", "", "bin/tool\0"] {
        let provenance = container.classify(&evidence, path).provenance;
        assert_eq!(provenance.verdict, Verdict::Unknown, "{path:?}");
        assert!(provenance.reason.contains("path"), "{}", provenance.reason);
    }
}

#[test]
fn a_file_that_grows_while_it_is_read_is_not_believed() {
    let container = Container::new(1, &[(0, TOOL, b"")]);
    write(&container.upper(TOOL), b"");
    let file = OpenOptions::new().append(true).open(container.upper(TOOL)).unwrap();
    for file in [&file, &File::create(container.lower(0, TOOL)).unwrap()] {
        file.set_len(100 << 20).unwrap();
    }
    let evidence = container.upper_evidence(TOOL, Some((0, TOOL)));
    let done = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let done = Arc::clone(&done);
        move || {
            // Waits for the read to begin, so that the look before it usually passes.
            std::thread::sleep(Duration::from_millis(20));
            while !done.load(Ordering::Relaxed) {
                (&file).write_all(b"more").unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let bounds = Bounds { time: Duration::from_secs(60), ..Bounds::default() };
    let classified = container.classify_within(&evidence, TOOL, bounds);
    done.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    assert_eq!(classified.provenance.verdict, Verdict::Unknown);
    assert!(classified.provenance.reason.contains("changed"), "{}", classified.provenance.reason);
}

#[test]
fn a_file_over_the_bound_is_given_up_at_once() {
    let container = Container::new(1, &[(0, TOOL, b"")]);
    write(&container.upper(TOOL), b"");
    for path in [container.upper(TOOL), container.lower(0, TOOL)] {
        File::create(path).unwrap().set_len(300 << 20).unwrap();
    }
    let start = Instant::now();
    for origin in [Some((0, TOOL)), None] {
        let evidence = container.upper_evidence(TOOL, origin);
        let provenance = container.classify(&evidence, TOOL).provenance;
        assert_eq!(provenance.verdict, Verdict::Unknown);
        assert!(provenance.reason.contains("314572800 bytes"), "{}", provenance.reason);
    }
    assert!(start.elapsed() < Duration::from_millis(200));
}

#[test]
fn a_proof_that_takes_too_long_is_given_up() {
    let (container, evidence) = copied_up();
    let bounds = Bounds { time: Duration::ZERO, ..Bounds::default() };
    let provenance = container.classify_within(&evidence, TOOL, bounds).provenance;
    assert_eq!(provenance.verdict, Verdict::Unknown);
    assert_eq!(provenance.reason, "not proved within 0 ms");
}

#[test]
fn a_large_file_of_other_content_is_modified_without_hash() {
    let container = Container::new(1, &[(0, TOOL, b"")]);
    write(&container.upper(TOOL), b"");
    for (path, first) in [(container.upper(TOOL), b"a"), (container.lower(0, TOOL), b"b")] {
        let mut file = File::create(path).unwrap();
        file.write_all(first).unwrap();
        file.set_len(17 << 20).unwrap();
    }
    let evidence = container.upper_evidence(TOOL, Some((0, TOOL)));
    let classified = container.classify(&evidence, TOOL);
    assert_eq!(classified.provenance.verdict, Verdict::Modified);
    assert_eq!(classified.sha256, None);
}

#[test]
fn a_proof_about_a_file_changed_a_moment_ago_is_not_cached() {
    let container = Container::new(1, &[(0, TOOL, b"tool")]);
    // On a busy machine the proof may come too late to be racy: such a round says nothing.
    let racy = (0..100).any(|_| {
        let start = Instant::now();
        write(&container.upper(TOOL), b"tool");
        let evidence = container.upper_evidence(TOOL, None);
        let classified = container.classify(&evidence, TOOL);
        assert_eq!(classified.provenance.verdict, Verdict::CopiedUp);
        let in_time = start.elapsed() < Duration::from_millis(10);
        assert!(!(in_time && classified.cacheable));
        in_time
    });
    assert!(racy, "no round was fast enough");
    let mut evidence = container.upper_evidence(TOOL, None);
    settle();
    assert!(container.classify(&evidence, TOOL).cacheable);
    fs::remove_file(container.lower(0, TOOL)).unwrap();
    evidence.upper.iter_mut().for_each(|upper| upper.ctime_ns += 3_600_000_000_000);
    let added = container.classify(&evidence, TOOL);
    assert_eq!(added.provenance.verdict, Verdict::Added);
    assert!(!added.cacheable);
}

#[test]
fn a_lower_file_that_is_not_the_one_of_the_evidence_is_not_compared() {
    let (container, mut evidence) = copied_up();
    evidence.lower.iter_mut().for_each(|lower| lower.number += 1_000_000);
    assert_unknown(&container, &evidence, "not found in the layers");
}
