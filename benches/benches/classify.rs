//! From evidence to a verdict: by the kernel alone, from the cache, and the first time. Files are
//! in the page cache.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use driftcore::event::FileEvidence;
use driftcore::event::Verdict;
use driftcore::provenance::Bounds;
use driftcore::provenance::Judgement;
use driftcore::provenance::LayerLookup;
use driftcore::provenance::Layers;
use driftcore::provenance::ProofCache;
use driftcore::provenance::classify;
use driftcore::provenance::judge;
use driftcore_benches::Container;
use driftcore_benches::Sample;

fn by_kernel(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("classify/kernel");
    group.throughput(Throughput::Elements(1));
    for (name, sample, verdict) in [
        ("image", Sample::image(), Verdict::Image),
        ("modified", Sample::other_size(), Verdict::Modified),
        ("memfd", Sample::memfd(), Verdict::Memfd),
    ] {
        let Judgement::Proved(provenance) = judge(&sample.file) else { panic!("{name}") };
        assert_eq!(provenance.verdict, verdict);
        group.bench_function(name, |bencher| bencher.iter(|| judge(black_box(&sample.file))));
    }
}

/// A case for the layers: what it is called, the file, its path, and what comes out.
struct Case {
    name: &'static str,
    evidence: FileEvidence,
    path: &'static str,
    verdict: Verdict,
}

impl Case {
    fn classify(&self, layers: &Layers) -> driftcore::provenance::Classified {
        let mut lookup = LayerLookup::new(layers, Bounds::default());
        classify(black_box(&self.evidence), self.path.as_bytes(), &mut lookup)
    }
}

fn cases(container: &Container) -> [Case; 3] {
    let copied = |path: &str, size: usize| {
        let content = vec![7; size];
        let upper = container.file("upper", path, &content);
        let lower = container.file("lower", path, &content);
        Sample::on_overlay(Some(upper), Some(lower)).file
    };
    let added = container.file("upper", "usr/bin/added", &vec![7; 16 << 10]);
    let added = Sample::on_overlay(Some(added), None).file;
    let (small, large) = (copied("usr/bin/small", 16 << 10), copied("usr/bin/large", 1 << 20));
    [
        Case { name: "added", evidence: added, path: "/usr/bin/added", verdict: Verdict::Added },
        Case {
            name: "copied_up_16k",
            evidence: small,
            path: "/usr/bin/small",
            verdict: Verdict::CopiedUp,
        },
        Case {
            name: "copied_up_1m",
            evidence: large,
            path: "/usr/bin/large",
            verdict: Verdict::CopiedUp,
        },
    ]
}

fn by_layers(criterion: &mut Criterion) {
    let container = Container::new();
    let cases = cases(&container);
    let layers = container.layers();
    container.settle();

    let mut group = criterion.benchmark_group("classify/first");
    for case in &cases {
        assert_eq!(case.classify(&layers).provenance.verdict, case.verdict);
        let size = case.evidence.upper.unwrap().size;
        group.throughput(Throughput::Bytes(size));
        group.bench_function(case.name, |bencher| bencher.iter(|| case.classify(&layers)));
    }
    group.finish();

    let mut group = criterion.benchmark_group("classify/cached");
    group.throughput(Throughput::Elements(1));
    for case in &cases[..2] {
        let mut cache = ProofCache::default();
        let path = case.path.as_bytes();
        cache.insert(&case.evidence, path, layers.id(), &case.classify(&layers));
        assert_eq!(cache.len(), 1);
        group.bench_function(case.name, |bencher| {
            bencher.iter(|| {
                assert!(cache.get(black_box(&case.evidence), path, layers.id()).is_some());
            });
        });
    }
}

criterion_group!(group, by_kernel, by_layers);
criterion_main!(group);
