//! From what a scan finds to what is printed.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use driftcore::image::Entry;
use driftcore::image::Problem;
use driftcore::image::Progress;
use driftcore::image::ScanError;
use driftcore::image::Visitor;
use driftcore::package::Owner;
use driftcore::package::PackageReport;
use driftcore::package::PackageScan;
use serde_json::Value;

use super::ignored::Ignored;
use super::progress::ProgressLine;
use super::summary::Summary;

/// How many problems are kept; the rest is counted.
const PROBLEMS: usize = 10_000;

/// How a report is printed. Entries come one by one, so that a million of them takes no memory.
pub(super) trait Form {
    fn entry(&mut self, entry: &Entry) -> io::Result<()>;

    /// An entry that a package claims.
    fn entry_of(&mut self, entry: &Entry, owner: &Owner) -> io::Result<()> {
        let _ = owner;
        self.entry(entry)
    }

    /// What the report says of packages, before it is finished. `None` where they were not compared.
    fn package_report(&mut self, report: Option<&PackageReport>) {
        let _ = report;
    }

    /// `packages`: what changed of them, as in the JSON report.
    fn finish(
        &mut self,
        summary: &Summary,
        packages: &[Value],
        problems: &[Problem],
    ) -> io::Result<()>;
}

/// Counts, leaves out what is ignored, and hands the rest on.
pub(super) struct Report<'a, F> {
    form: F,
    ignored: Ignored,
    fail_on: &'a [String],
    summary: Summary,
    packages: Option<PackageScan>,
    problems: Vec<Problem>,
    progress: ProgressLine,
    failure: Option<io::Error>,
}

impl<'a, F: Form> Report<'a, F> {
    pub(super) fn new(form: F, ignored: Ignored, fail_on: &'a [String]) -> Self {
        Self {
            form,
            ignored,
            fail_on,
            summary: Summary::default(),
            packages: None,
            problems: Vec::new(),
            progress: ProgressLine::new(),
            failure: None,
        }
    }

    /// Says of packages too what became of them.
    pub(super) fn packages(&mut self, packages: PackageScan) {
        self.packages = Some(packages);
    }

    /// Prints the rest.
    pub(super) fn finish(
        mut self,
        result: Result<Progress, ScanError>,
        time: Duration,
    ) -> anyhow::Result<Summary> {
        self.progress.clear();
        if let Some(failure) = self.failure {
            return Err(failure.into());
        }
        let progress = result?;
        let packages = self.packages.map(PackageScan::finish);
        self.form.package_report(packages.as_ref());
        let mut packages = packages.unwrap_or_default();
        for fault in std::mem::take(&mut packages.faults) {
            self.summary.faults += 1;
            if self.problems.len() < PROBLEMS {
                self.problems.push(fault.into());
            }
        }
        self.summary.faults += packages.left_out;
        self.summary.took(progress, time);
        self.summary.ignored_by = self.ignored.used();
        let changes = packages.changes.iter().map(serde_json::to_value);
        let changes = changes.collect::<Result<Vec<Value>, _>>()?;
        self.form.finish(&self.summary, &changes, &self.problems)?;
        Ok(self.summary)
    }

    fn fails(&self, entry: &Entry) -> bool {
        if self.fail_on.is_empty() {
            return entry.is_drift();
        }
        !entry.noise && self.fail_on.iter().any(|kind| kind == entry.kind.as_str())
    }
}

impl<F: Form> Visitor for Report<'_, F> {
    fn upcoming(&mut self, path: &[u8]) {
        if let Some(packages) = &mut self.packages {
            packages.upcoming(path);
        }
    }

    fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
        if self.ignored.takes(&entry) {
            self.summary.ignored += 1;
            return ControlFlow::Continue(());
        }
        self.summary.count(&entry);
        self.summary.failed += u64::from(self.fails(&entry));
        let owner = self.packages.as_mut().and_then(|packages| packages.owner(&entry));
        let written = match &owner {
            Some(owner) => self.form.entry_of(&entry, owner),
            None => self.form.entry(&entry),
        };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        if problem.vanished {
            self.summary.vanished += 1;
        } else {
            self.summary.unseen += 1;
        }
        if self.problems.len() < PROBLEMS {
            self.problems.push(problem);
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        self.progress.show(progress);
        ControlFlow::Continue(())
    }
}
