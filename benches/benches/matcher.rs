//! One event against 10 to 10,000 rules, and what it takes to compile them.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use driftcore::matcher::Condition;
use driftcore::matcher::Limits;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use driftcore_benches::events;
use driftcore_benches::synthetic;

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

fn program(conditions: &[Condition]) -> Program {
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    Program::compile(&rules, &Limits::default()).unwrap()
}

fn matching(criterion: &mut Criterion) {
    for size in SIZES {
        let program = program(&synthetic(size));
        let mut scratch = Scratch::new(&program);
        let mut group = criterion.benchmark_group(format!("matcher/{size}"));
        group.throughput(Throughput::Elements(1));
        for (name, event, matches) in events() {
            let count = program.matches(&event, &mut scratch, Policy::First, |_| {});
            // With few rules there may be none that matches.
            assert!(count == usize::from(matches) || size < 1_000, "{size} {name}: {count}");
            assert!(matches || count == 0, "{size} {name}: {count}");
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    program.matches(black_box(&event), &mut scratch, Policy::First, |rule| {
                        black_box(rule);
                    })
                });
            });
        }
        group.finish();
    }
}

fn compiling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matcher/compile");
    group.sample_size(10);
    for size in SIZES {
        let conditions = synthetic(size);
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(size.to_string(), |bencher| {
            bencher.iter(|| program(black_box(&conditions)));
        });
    }
    group.finish();
}

criterion_group!(benches, matching, compiling);
criterion_main!(benches);
