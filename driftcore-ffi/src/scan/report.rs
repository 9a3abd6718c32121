//! Where a scan reports to.

use std::ffi::c_void;
use std::ops::ControlFlow;

use driftcore::image::Entry;
use driftcore::image::EntryKind;
use driftcore::image::Problem;
use driftcore::image::Progress;
use driftcore::image::Visitor;
use driftcore::package::PackageScan;

use super::driftcore_changed_package;
use super::driftcore_changed_package_function;
use super::driftcore_entry;
use super::driftcore_package_database;
use super::driftcore_package_database_function;
use crate::sized::sized;
use crate::text::driftcore_text;

/// Something that a scan could not read or compare. The library's, for as long as the callback that
/// gets it. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_problem {
    /// Its size as the library has it: what lies beyond is not there.
    pub size: usize,
    /// The path from the container's root on: any bytes.
    pub path: driftcore_text,
    /// What happened, for people.
    pub reason: driftcore_text,
    /// 1: the file went meanwhile, there was nothing to miss. 0: something is there that was not
    /// seen or not compared.
    pub vanished: u32,
    /// Zero.
    pub reserved: u32,
}

/// Receives an entry, on the thread that runs the scan; it is there until this returns. 0: go on;
/// anything else ends the scan. It must return: no C++ exception and no longjmp may leave it.
/// Since 0.1.0.
pub type driftcore_entry_function =
    Option<unsafe extern "C" fn(context: *mut c_void, entry: *const driftcore_entry) -> u32>;

/// Receives a problem; the rest is as for entries. Since 0.1.0.
pub type driftcore_problem_function =
    Option<unsafe extern "C" fn(context: *mut c_void, problem: *const driftcore_problem) -> u32>;

/// Is told now and then how many names were looked at and how many bytes were read; the rest is as
/// for entries. Since 0.1.0.
pub type driftcore_progress_function =
    Option<unsafe extern "C" fn(context: *mut c_void, names: u64, bytes: u64) -> u32>;

/// Where a scan reports to. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_scan_callbacks {
    /// `sizeof(driftcore_scan_callbacks)`, set by the caller.
    pub size: usize,
    /// Handed to each callback; never looked at.
    pub context: *mut c_void,
    /// Receives entries. NULL: they are counted.
    pub entry: driftcore_entry_function,
    /// Receives problems. NULL: they are counted.
    pub problem: driftcore_problem_function,
    /// Is told of the progress. NULL: not wanted.
    pub progress: driftcore_progress_function,
    /// Receives packages that are not as in the image. NULL: they are counted.
    pub package: driftcore_changed_package_function,
    /// Receives package databases that were written to, or whose managers ran. NULL: not wanted.
    pub database: driftcore_package_database_function,
}

sized!(driftcore_scan_callbacks {
    context: *mut c_void,
    entry: driftcore_entry_function,
    problem: driftcore_problem_function,
    progress: driftcore_progress_function,
    package: driftcore_changed_package_function,
    database: driftcore_package_database_function,
} first: 40);

/// What a scan found, in numbers. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct driftcore_scan_summary {
    /// `sizeof(driftcore_scan_summary)`, set by the caller.
    pub size: usize,
    /// All entries.
    pub entries: u64,
    /// Those that are drift.
    pub drift: u64,
    /// Those that the runtime made.
    pub noise: u64,
    /// Those that are as in the image.
    pub copied_up: u64,
    /// What could not be read or compared.
    pub problems: u64,
    /// What went while the scan ran.
    pub vanished: u64,
    /// Names that were looked at.
    pub names: u64,
    /// Bytes of files that were read.
    pub bytes: u64,
    /// 1 when a callback ended the scan: the numbers are those up to there.
    pub stopped: u32,
    /// Zero.
    pub reserved: u32,
    /// Packages that are not as in the image.
    pub packages: u64,
    /// Parts of package databases that could not be read: told as problems, and not among their number.
    pub faults: u64,
}

sized!(driftcore_scan_summary {
    entries: u64,
    drift: u64,
    noise: u64,
    copied_up: u64,
    problems: u64,
    vanished: u64,
    names: u64,
    bytes: u64,
    stopped: u32,
    reserved: u32,
    packages: u64,
    faults: u64,
} first: 80);

/// Counts, and calls back.
pub(super) struct Report {
    callbacks: driftcore_scan_callbacks,
    packages: Option<PackageScan>,
    pub(super) summary: driftcore_scan_summary,
}

impl Report {
    /// # Safety
    ///
    /// The functions may be called with the context for as long as the report is there.
    pub(super) unsafe fn new(
        callbacks: driftcore_scan_callbacks,
        packages: Option<PackageScan>,
    ) -> Self {
        Self { callbacks, packages, summary: driftcore_scan_summary::default() }
    }

    /// Tells of packages, after the last entry.
    pub(super) fn finish(&mut self) -> ControlFlow<()> {
        let Some(packages) = self.packages.take() else { return ControlFlow::Continue(()) };
        let report = packages.finish();
        self.summary.packages = report.changes.len() as u64;
        self.summary.faults = report.faults.len() as u64 + report.left_out;
        let context = self.callbacks.context;
        for changed in &report.changes {
            let Some(function) = self.callbacks.package else { break };
            let record = driftcore_changed_package::from(changed);
            // SAFETY: the caller's function, called as its type says; the texts are there until it returns.
            flow(unsafe { function(context, &raw const record) })?;
        }
        for database in &report.databases {
            let Some(function) = self.callbacks.database else { break };
            let record = driftcore_package_database::from(database);
            // SAFETY: as above.
            flow(unsafe { function(context, &raw const record) })?;
        }
        report.faults.into_iter().try_for_each(|fault| self.tell(&fault.into()))
    }

    fn tell(&self, problem: &Problem) -> ControlFlow<()> {
        let Some(function) = self.callbacks.problem else { return ControlFlow::Continue(()) };
        let record = driftcore_problem {
            size: size_of::<driftcore_problem>(),
            path: (&problem.path).into(),
            reason: problem.reason.as_str().into(),
            vanished: problem.vanished.into(),
            reserved: 0,
        };
        // SAFETY: the caller's function, called as its type says; what the texts point to is there until
        // it returns.
        flow(unsafe { function(self.callbacks.context, &raw const record) })
    }

    pub(super) const fn took(&mut self, progress: Progress) {
        self.summary.names = progress.names;
        self.summary.bytes = progress.bytes;
    }
}

const fn flow(answer: u32) -> ControlFlow<()> {
    if answer == 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

impl Visitor for Report {
    fn upcoming(&mut self, path: &[u8]) {
        if let Some(packages) = &mut self.packages {
            packages.upcoming(path);
        }
    }

    fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
        self.summary.entries += 1;
        self.summary.drift += u64::from(entry.is_drift());
        self.summary.noise += u64::from(entry.noise);
        self.summary.copied_up += u64::from(entry.kind == EntryKind::CopiedUp);
        let owner = self.packages.as_mut().and_then(|packages| packages.owner(&entry));
        let Some(function) = self.callbacks.entry else { return ControlFlow::Continue(()) };
        let entry = driftcore_entry::new(entry, owner);
        // SAFETY: the caller's function, called as its type says.
        flow(unsafe { function(self.callbacks.context, &raw const entry) })
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        if problem.vanished {
            self.summary.vanished += 1;
        } else {
            self.summary.problems += 1;
        }
        self.tell(&problem)
    }

    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        self.took(progress);
        let Some(function) = self.callbacks.progress else { return ControlFlow::Continue(()) };
        // SAFETY: as above.
        flow(unsafe { function(self.callbacks.context, progress.names, progress.bytes) })
    }
}
