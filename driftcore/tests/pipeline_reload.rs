//! Rules are replaced thousands of times while events flow through the pipeline: no alert is lost,
//! none comes twice, and the alerts of one event are of one set of rules, whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "sensor")]

mod record;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use driftcore::container::StateRoots;
use driftcore::engine::Pipeline;
use driftcore::engine::Scope;
use driftcore::event::DriftEvent;
use driftcore::event::Event;
use driftcore::event::EvidenceFlags;
use driftcore::event::FileEvidence;
use driftcore::matcher::Alert;
use driftcore::matcher::Policy;
use driftcore::provenance::Bounds;
use driftcore::rules::Limits;
use driftcore::rules::RuleSet;
use driftcore::rules::SetOptions;
use driftcore::rules::Sources;
use driftcore::rules::load;
use driftcore::sink::Sink;
use tempfile::TempDir;

use crate::record::record;
use crate::record::usual_exec;

const EVENTS: usize = 3_000;
/// Without optimisation, loading rules is what takes the time.
const RELOADS: usize = if cfg!(debug_assertions) { 1_000 } else { 5_000 };

/// Of generation n: some rules that match every exec, between others that match none, so that a mix
/// of two sets would be seen.
fn rules(generation: usize) -> RuleSet {
    let mut text = String::new();
    for number in 0..count(generation) {
        for (kind, test) in [("never", "proc.name = other"), ("always", "proc.name = payload")] {
            writeln!(
                text,
                "- rule: {kind}/{generation}/{number}\n  desc: d\n  condition: evt.type in (execve, \
                 execveat) and {test} and not proc.pname = none{generation}\n  output: \
                 generation={generation} name=%proc.name\n  priority: INFO"
            )
            .unwrap();
        }
    }
    let mut sources = Sources::default();
    sources.add("rules.yaml", text);
    let options = SetOptions { policy: Policy::All, ..SetOptions::default() };
    let (set, diagnostics) = RuleSet::new(load(&sources, &Limits::default()), &options);
    set.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

fn count(generation: usize) -> usize {
    1 + generation % 4
}

/// Rules and messages of one event's alerts.
type Group = Vec<(String, String)>;

/// Of each event, its alerts.
#[derive(Clone, Default)]
struct Groups(Arc<Mutex<Vec<Group>>>);

impl Sink for Groups {
    fn event(&mut self, _event: &DriftEvent) {
        self.0.lock().unwrap().push(Vec::new());
    }

    fn alert(&mut self, alert: &Alert<'_>) {
        let alert = (alert.rule.to_owned(), alert.message.to_owned());
        self.0.lock().unwrap().last_mut().expect("its event comes first").push(alert);
    }
}

#[test]
fn a_reload_while_events_flow_loses_doubles_and_mixes_nothing() {
    let host = TempDir::new().unwrap();
    let roots = StateRoots {
        host: host.path().to_owned(),
        proc: host.path().join("proc"),
        ..StateRoots::default()
    };
    let groups = Groups::default();
    let mut pipeline = Pipeline::new(
        roots,
        Scope::default(),
        Bounds::default(),
        Some(rules(0).into()),
        groups.clone(),
    )
    .unwrap();
    let handle = pipeline.rules();
    let reloads = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let mut sent = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for generation in 1.. {
                if generation > RELOADS && stop.load(Ordering::Relaxed) {
                    break;
                }
                handle.replace(rules(generation));
                reloads.store(generation, Ordering::Relaxed);
            }
        });
        while sent < EVENTS || reloads.load(Ordering::Relaxed) < RELOADS {
            sent += 1;
            let file = FileEvidence { flags: EvidenceFlags::ANONYMOUS, ..FileEvidence::default() };
            let mut exec = usual_exec(file);
            exec.task.exec_id = u64::try_from(sent).unwrap();
            pipeline.record(&record(&Event::Exec(exec)));
        }
        stop.store(true, Ordering::Relaxed);
    });

    let groups = groups.0.lock().unwrap();
    assert_eq!(groups.len(), sent, "each event once");
    let alerts: usize = groups.iter().map(Vec::len).sum();
    assert_eq!(pipeline.counters().alerts, alerts as u64);
    let (mut last, mut seen) = (0, 0);
    for group in groups.iter() {
        let (first, _) = group.first().expect("no event is without an alert");
        let generation: usize = first.split('/').nth(1).unwrap().parse().unwrap();
        let whole: Vec<String> =
            (0..count(generation)).map(|number| format!("always/{generation}/{number}")).collect();
        let names: Vec<&str> = group.iter().map(|(rule, _)| rule.as_str()).collect();
        assert_eq!(names, whole);
        let message = format!("generation={generation} name=payload");
        assert!(group.iter().all(|(_, said)| said.starts_with(&message)), "{group:?}");
        assert!(generation >= last, "older rules came back");
        seen += usize::from(generation != last);
        last = generation;
    }
    assert!(seen > 10, "hardly a reload was seen: {seen}");
}
