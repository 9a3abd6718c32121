//! Scans of a container by the layers of its overlay, for images of two sizes: what they take must
//! not depend on the size. Files are in the page cache, and few are read.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use driftcore::container::Layers;
use driftcore::image::Entry;
use driftcore::image::EntryKind;
use driftcore::image::OverlayScan;
use driftcore::image::Problem;
use driftcore::image::Visitor;

const LAYERS: usize = 3;
const FILES_IN_A_DIRECTORY: usize = 100;
/// How many files the changed container changed.
const CHANGED: usize = 100;

struct Counting {
    modified: usize,
}

impl Visitor for Counting {
    fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
        assert_eq!(entry.kind, EntryKind::Replaced);
        self.modified += 1;
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        panic!("{problem}");
    }
}

/// The path of a file of the image.
fn path(root: &Path, number: usize) -> std::path::PathBuf {
    root.join(format!("usr/lib/d{}/file-{number}", number / FILES_IN_A_DIRECTORY))
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// An image of so many files in three layers.
fn image(root: &Path, files: usize) -> Layers {
    let lowers: Vec<_> = (0..LAYERS).map(|layer| root.join(format!("l{layer}"))).collect();
    for number in 0..files {
        write(&path(&lowers[number % LAYERS], number), format!("content {number}").as_bytes());
    }
    fs::create_dir(root.join("upper")).unwrap();
    Layers { upper: root.join("upper"), lowers, user_xattrs: false }
}

fn scan(layers: &Layers) -> usize {
    let mut counting = Counting { modified: 0 };
    OverlayScan::new(layers).run(&mut counting).unwrap();
    counting.modified
}

fn scans(criterion: &mut Criterion) {
    // `cargo test` runs it once, for what it asserts: a small image will do.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let sizes: &[usize] = if measured { &[10_000, 100_000] } else { &[1_000] };
    let mut group = criterion.benchmark_group("scan");
    for &files in sizes {
        let directory = tempfile::tempdir().unwrap();
        let layers = image(directory.path(), files);
        assert_eq!(scan(&layers), 0);
        group.bench_function(BenchmarkId::new("unchanged", files), |bencher| {
            bencher.iter(|| scan(&layers));
        });
        for number in 0..CHANGED {
            let other = format!("CONTENT {number}");
            write(&path(&layers.upper, number * files / CHANGED), other.as_bytes());
        }
        group.bench_function(BenchmarkId::new("hundred_changed", files), |bencher| {
            bencher.iter(|| assert_eq!(scan(&layers), CHANGED));
        });
    }
    group.finish();
}

criterion_group!(benches, scans);
criterion_main!(benches);
