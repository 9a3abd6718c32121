//! The whole path: from the bytes of a ring to a line that could be printed. The container is
//! known and its proofs are in the cache, as from a program's second start on.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use criterion::BatchSize;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use driftcore::engine::Pipeline;
use driftcore::engine::Scope;
use driftcore::event::DriftEvent;
use driftcore::provenance::Bounds;
use driftcore::rules::RuleSet;
use driftcore::rules::SetOptions;
use driftcore::rules::load_shipped;
use driftcore_benches::Container;
use driftcore_benches::Counting;
use driftcore_benches::Counts;
use driftcore_benches::Form;
use driftcore_benches::ID;
use driftcore_benches::Sample;
use driftcore_benches::exit;
use driftcore_benches::fork;

const PID: u32 = 2;

/// The shipped rules.
fn rules() -> Option<Arc<RuleSet>> {
    RuleSet::new(load_shipped().1, &SetOptions::default()).0.map(Arc::new)
}

/// A pipeline that has seen the container's first process and one exec of `sample`.
fn warm(container: &Container, sample: &Sample, form: Form) -> (Pipeline, Arc<Counts>) {
    let (sink, counts) = Counting::new(form);
    let scope = Scope { all_events: form == Form::Events, ..Scope::default() };
    let mut pipeline =
        Pipeline::new(container.roots(), scope, Bounds::default(), rules(), sink).unwrap();
    pipeline.record(&Sample::image().first());
    pipeline.record(&sample.record(PID, 1));
    pipeline.finish(Duration::from_secs(5));
    assert_eq!(pipeline.counters().execs, 2);
    (pipeline, counts)
}

fn execs(criterion: &mut Criterion) {
    let container = Container::new();
    let added = container.file("upper", "usr/bin/payload", &[7; 4096]);
    container.settle();
    let added = Sample::on_overlay(Some(added), None);
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(1));
    for (name, sample, form, (events, alerts)) in [
        ("image", Sample::image(), Form::Text, (0, 0)),
        ("image_event_json", Sample::image(), Form::Events, (1, 0)),
        ("memfd_text", Sample::memfd(), Form::Text, (1, 1)),
        ("added_text", added.clone(), Form::Text, (1, 1)),
        ("added_json", added, Form::Json, (1, 1)),
    ] {
        let (mut pipeline, counts) = warm(&container, &sample, form);
        let before = (counts.get(), pipeline.counters().clone());
        let mut done = 0;
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    done += 1;
                    sample.record(PID, done + 1)
                },
                |record| {
                    pipeline.record(&record);
                    record
                },
                BatchSize::SmallInput,
            );
        });
        let (after, counters) = (counts.get(), pipeline.counters());
        assert_eq!(counters.execs - before.1.execs, done, "{name}");
        assert_eq!(counters.alerts - before.1.alerts, done * alerts, "{name}");
        assert_eq!(after.0 - before.0.0, done * events, "{name}");
        assert_eq!(after.1 - before.0.1, done * alerts, "{name}");
        assert_eq!(after.2 - before.0.2, done * events.max(alerts), "{name}");
        let cached = if sample.file.upper.is_some() { done } else { 0 };
        assert_eq!(counters.proofs_cached - before.1.proofs_cached, cached, "{name}");
        assert!(counters.lost.is_empty(), "{name}");
    }
}

/// The life of a process that runs an image file.
fn lives(criterion: &mut Criterion) {
    let container = Container::new();
    let sample = Sample::image();
    let (mut pipeline, counts) = warm(&container, &sample, Form::Text);
    let mut done = 0_u64;
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(3));
    group.bench_function("fork_exec_exit", |bencher| {
        bencher.iter_batched(
            || {
                done += 1;
                let pid = 100 + u32::try_from(done % 30_000).unwrap();
                (done, [fork(pid, done), sample.record(pid, done), exit(pid, done)])
            },
            |(number, records)| {
                for record in &records {
                    pipeline.record(record);
                }
                if number % 1024 == 0 {
                    pipeline.expire();
                }
                records
            },
            BatchSize::SmallInput,
        );
    });
    assert_eq!(pipeline.counters().execs, 2 + done);
    assert_eq!(counts.get(), (0, 0, 0));
    assert!(pipeline.counters().lost.is_empty());
}

/// Writing an event alone.
fn json(criterion: &mut Criterion) {
    let container = Container::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let keep = move |event: &DriftEvent| sender.send(event.clone()).unwrap();
    let mut pipeline =
        Pipeline::new(container.roots(), Scope::default(), Bounds::default(), rules(), keep)
            .unwrap();
    pipeline.record(&Sample::image().first());
    pipeline.record(&Sample::memfd().record(PID, 1));
    let event = receiver.try_recv().unwrap();
    assert_eq!(event.container.as_ref().unwrap().id, ID);
    assert_eq!(event.process.as_ref().unwrap().ancestors.len(), 1);
    let mut line = Vec::new();
    criterion.bench_function("event/json", |bencher| {
        bencher.iter(|| {
            line.clear();
            serde_json::to_writer(&mut line, &event).unwrap();
        });
    });
    assert_eq!(serde_json::from_slice::<DriftEvent>(&line).unwrap(), event);
}

criterion_group!(group, execs, lives, json);
criterion_main!(group);
