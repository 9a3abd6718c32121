//! From bytes to a typed event.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use driftcore::decode::decode;
use driftcore::event::Event;
use driftcore::wire::RawEvent;
use driftcore_benches::Sample;
use driftcore_benches::exit;
use driftcore_benches::fork;

type IsRight = fn(&Event<'_>) -> bool;

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(1));
    let exec = Sample::image().record(2, 1);
    let cases: [(_, _, IsRight); 3] = [
        ("exec", exec, |event| matches!(event, Event::Exec(exec) if exec.task.comm == b"payload")),
        ("fork", fork(2, 1), |event| matches!(event, Event::Fork(fork) if fork.pid == 2)),
        ("exit", exit(2, 1), |event| matches!(event, Event::Exit(exit) if exit.pid == 2)),
    ];
    for (name, bytes, is_right) in cases {
        assert!(is_right(&decode(&RawEvent::new(&bytes).unwrap())));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let raw = RawEvent::new(black_box(&bytes)).unwrap();
                black_box(decode(&raw));
            });
        });
    }
}

criterion_group!(group, benches);
criterion_main!(group);
