//! A scan's report, held.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use driftcore::container::Layers;
use driftcore::image::Entry;
use driftcore::image::EntryKind;
use driftcore::image::OverlayScan;
use driftcore::image::Problem;
use driftcore::image::ScanOptions;
use driftcore::image::Visitor;

/// All that a scan said.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) entries: Vec<Entry>,
    pub(crate) problems: Vec<Problem>,
}

impl Visitor for Report {
    fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
        self.entries.push(entry);
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        self.problems.push(problem);
        ControlFlow::Continue(())
    }
}

impl Report {
    pub(crate) fn of(layers: &Layers) -> Self {
        Self::with(layers, |_| {})
    }

    pub(crate) fn with(layers: &Layers, set: impl FnOnce(&mut ScanOptions)) -> Self {
        let mut options = ScanOptions::default();
        set(&mut options);
        Self::of_scan(OverlayScan::new(layers).options(options))
    }

    pub(crate) fn of_scan(scan: &OverlayScan) -> Self {
        let mut report = Self::default();
        scan.run(&mut report).unwrap();
        report
    }

    /// What is there, and what is gone, by path: what a renamed directory brought may stand where
    /// something else of the image did. Two entries of one path are a fault otherwise.
    pub(crate) fn by_path(&self) -> [BTreeMap<Vec<u8>, &Entry>; 2] {
        let mut maps = [BTreeMap::new(), BTreeMap::new()];
        for entry in &self.entries {
            let map = &mut maps[usize::from(entry.kind == EntryKind::Deleted)];
            let before = map.insert(entry.path.as_bytes().to_vec(), entry);
            assert!(before.is_none(), "two entries of {}: {before:?}, {entry:?}", entry.path);
        }
        maps
    }

    /// The entries in short, sorted: `kind path`, with the old path and what changed.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |entry: &Entry| {
            let mut line = format!("{} {}", entry.kind, entry.path);
            if let Some(old) = &entry.old_path {
                line.push_str(&format!(" from {old}"));
            }
            if !entry.changed.is_empty() {
                line.push_str(&format!(" ({})", entry.changed));
            }
            if entry.noise {
                line.push_str(" noise");
            }
            line
        };
        let mut lines: Vec<String> = self.entries.iter().map(line).collect();
        lines.sort();
        lines
    }

    pub(crate) fn of_kind(&self, kind: EntryKind) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.kind == kind)
    }
}
