//! What it takes to load rules from their text, and to match events with Falco's own stable file
//! where that is beside the workspace.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::hint::black_box;
use std::path::Path;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use driftcore::matcher::Policy;
use driftcore::matcher::Scratch;
use driftcore::rules::Limits;
use driftcore::rules::RuleSet;
use driftcore::rules::SHIPPED_RULES;
use driftcore::rules::SetOptions;
use driftcore::rules::Sources;
use driftcore::rules::load;
use driftcore_benches::Expected;
use driftcore_benches::drift_events;
use driftcore_benches::falco_events;
use driftcore_benches::synthetic_text;

const SIZES: [usize; 3] = [100, 1_000, 10_000];

fn set(text: &str, policy: Policy) -> RuleSet {
    let mut sources = Sources::default();
    sources.add("rules.yaml", text);
    let loaded = load(&sources, &Limits::default());
    let options = SetOptions { policy, ..SetOptions::default() };
    let (set, diagnostics) = RuleSet::new(loaded, &options);
    set.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

/// Parsing, checking and compiling, as at a start or a reload.
fn loading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rules/load");
    group.sample_size(10);
    for size in SIZES {
        let text = synthetic_text(size);
        assert_eq!(set(&text, Policy::First).rules().len(), size);
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(size.to_string(), |bencher| {
            bencher.iter(|| set(black_box(&text), Policy::First));
        });
    }
    group.finish();
}

fn falco(criterion: &mut Criterion) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/falco-rules");
    let file = file.join("falco_rules.yaml");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("matcher/falco: skipped, there is no {}", file.display());
        return;
    };
    matching(criterion, "matcher/falco", &text, falco_events());
}

fn drift(criterion: &mut Criterion) {
    matching(criterion, "matcher/drift", SHIPPED_RULES, drift_events());
}

/// Each event against the rules of `text`; the rules that match are asserted.
fn matching(criterion: &mut Criterion, group: &str, text: &str, events: Vec<Expected>) {
    let set = set(text, Policy::All);
    let mut scratch = Scratch::default();
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(1));
    for (name, event, expected) in events {
        let mut matched = Vec::new();
        set.matches(&event, &mut scratch, |rule| matched.extend(set.rule(rule)));
        let matched: Vec<&str> = matched.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(matched, expected, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                set.matches(black_box(&event), &mut scratch, |rule| {
                    black_box(rule);
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, loading, falco, drift);
criterion_main!(benches);
