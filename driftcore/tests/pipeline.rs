//! From the bytes of a ring to what the sink gets, without a kernel and without privileges.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "sensor")]

mod record;

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use driftcore::container::StateRoots;
use driftcore::engine::Pipeline;
use driftcore::engine::Scope;
use driftcore::event::DriftEvent;
use driftcore::event::Event;
use driftcore::event::EvidenceFlags;
use driftcore::event::FileEvidence;
use driftcore::event::Inode;
use driftcore::event::KernelPath;
use driftcore::event::LossReason;
use driftcore::event::Verdict;
use driftcore::provenance::Bounds;
use driftcore::rules::RuleSet;
use driftcore::rules::SetOptions;
use driftcore::rules::load_shipped;
use tempfile::TempDir;

use crate::record::record;
use crate::record::usual_exec;

/// A pipeline on a host without runtimes, and the events that come out of it.
struct Bench {
    pipeline: Pipeline,
    events: Arc<Mutex<Vec<DriftEvent>>>,
    host: TempDir,
}

impl Bench {
    fn new(scope: Scope) -> Self {
        let host = TempDir::new().unwrap();
        let roots = StateRoots {
            host: host.path().to_owned(),
            proc: host.path().join("proc"),
            ..StateRoots::default()
        };
        let events = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&events);
        let sink = move |event: &DriftEvent| keep.lock().unwrap().push(event.clone());
        let (_, loaded) = load_shipped();
        let (rules, diagnostics) = RuleSet::new(loaded, &SetOptions::default());
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let pipeline =
            Pipeline::new(roots, scope, Bounds::default(), rules.map(Arc::new), sink).unwrap();
        Self { pipeline, events, host }
    }

    fn events(&self) -> Vec<DriftEvent> {
        std::mem::take(&mut self.events.lock().unwrap())
    }
}

fn memfd() -> FileEvidence {
    FileEvidence { flags: EvidenceFlags::ANONYMOUS, ..FileEvidence::default() }
}

fn image() -> FileEvidence {
    FileEvidence {
        inode: Inode { device: 39, ..Inode::default() },
        nlink: 1,
        flags: EvidenceFlags::OVERLAY.union(EvidenceFlags::LAYERS_KNOWN),
        lower: Some(Inode::default()),
        ..FileEvidence::default()
    }
}

#[test]
fn an_anonymous_memory_file_is_reported_before_record_returns() {
    let mut bench = Bench::new(Scope::default());
    bench.pipeline.record(&record(&Event::Exec(usual_exec(memfd()))));
    let events = bench.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].provenance.as_ref().unwrap().verdict, Verdict::Memfd);
    assert!(events[0].drift && !events[0].before_start);
    assert_eq!(events[0].container.as_ref().unwrap().id, "mnt-77");
    let process = events[0].process.as_ref().unwrap();
    assert_eq!(process.exe.as_str(), Some("/usr/bin/payload"));
    assert_eq!(process.cmdline.len(), 3);
    let counters = bench.pipeline.counters();
    assert_eq!((counters.execs, counters.drift, counters.alerts), (1, 1, 1));
}

#[test]
fn an_image_file_is_reported_only_to_who_asks_for_all_events() {
    for all_events in [false, true] {
        let mut bench = Bench::new(Scope { all_events, ..Scope::default() });
        bench.pipeline.record(&record(&Event::Exec(usual_exec(image()))));
        let verdicts: Vec<_> = bench.events().into_iter().map(|event| event.provenance).collect();
        assert_eq!(verdicts.len(), usize::from(all_events));
        for provenance in verdicts {
            assert_eq!(provenance.unwrap().verdict, Verdict::Image);
        }
        assert_eq!(bench.pipeline.counters().alerts, 0);
    }
}

#[test]
fn a_process_that_already_ran_is_marked() {
    let mut bench = Bench::new(Scope::default());
    let mut exec = usual_exec(memfd());
    exec.found_running = true;
    bench.pipeline.record(&record(&Event::Exec(exec)));
    assert!(bench.events()[0].before_start);
    assert_eq!(bench.pipeline.counters().found_running, 1);
}

#[test]
fn the_same_exec_is_reported_once() {
    let mut bench = Bench::new(Scope::default());
    let bytes = record(&Event::Exec(usual_exec(memfd())));
    bench.pipeline.record(&bytes);
    bench.pipeline.record(&bytes);
    assert_eq!(bench.events().len(), 1);
}

#[test]
fn malformed_records_are_counted_and_stop_nothing() {
    let mut bench = Bench::new(Scope::default());
    let bytes = record(&Event::Exec(usual_exec(memfd())));
    bench.pipeline.record(&bytes[..100]);
    bench.pipeline.record(b"");
    bench.pipeline.record(&bytes);
    bench.pipeline.finish(Duration::ZERO);
    assert_eq!(bench.events().len(), 1);
    assert_eq!(bench.pipeline.counters().lost[&LossReason::Malformed], 2);
}

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// An exec in a container whose cgroup says that Docker has it.
fn exec_in_docker(cgroup: &[u8]) -> Vec<u8> {
    let mut exec = usual_exec(memfd());
    exec.task.cgroup = KernelPath { components: cgroup, truncated: false };
    record(&Event::Exec(exec))
}

#[test]
fn an_event_waits_for_what_the_runtime_is_about_to_write() {
    let mut bench = Bench::new(Scope::default());
    let cgroup = [ID.as_bytes(), b"docker", b""].join(&0);
    bench.pipeline.record(&exec_in_docker(&cgroup));
    bench.pipeline.answers();
    assert!(bench.events().is_empty(), "decided before the image was known");

    let docker = bench.host.path().join("var/lib/docker");
    let directory = docker.join("containers").join(ID);
    std::fs::create_dir_all(&directory).unwrap();
    let config = format!(
        r#"{{"ID":"{ID}","Name":"/web","State":{{"Running":true}},"Config":{{"Image":"shop:1"}}}}"#
    );
    std::fs::write(directory.join("config.v2.json"), config).unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    let mut events = Vec::new();
    while events.is_empty() && std::time::Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
        bench.pipeline.answers();
        events = bench.events();
    }
    let container = events[0].container.as_ref().unwrap();
    assert_eq!(container.image.as_deref(), Some("shop:1"));
    assert!(events[0].truncated.is_empty());
    assert_eq!(bench.pipeline.counters().alerts, 1);
}

#[test]
fn what_was_decided_without_the_runtime_says_so() {
    let mut bench = Bench::new(Scope::default());
    let cgroup = [ID.as_bytes(), b"docker", b""].join(&0);
    bench.pipeline.record(&exec_in_docker(&cgroup));
    assert!(bench.events().is_empty());
    bench.pipeline.finish(Duration::ZERO);
    let events = bench.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].truncated, ["container"]);
    assert_eq!(bench.pipeline.counters().alerts, 1);
}
