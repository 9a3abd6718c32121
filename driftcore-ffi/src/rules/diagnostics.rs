//! What is wrong with rules.

use driftcore::rules::Diagnostic;
use driftcore::rules::Renderer;
use driftcore::rules::Severity;
use driftcore::rules::Sources;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::status::driftcore_status;
use crate::text::driftcore_text;

/// What was said about rules when they were loaded. Never changes. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_diagnostics {
    records: Vec<Record>,
}

/// How bad a diagnostic is. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_severity {
    /// The rules load.
    DRIFTCORE_SEVERITY_WARNING = 0,
    /// They do not.
    DRIFTCORE_SEVERITY_ERROR = 1,
}

/// One diagnostic. Lines and columns count from 1, columns in characters; the ends are behind the
/// last character. Texts are borrowed from the list. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_diagnostic {
    /// `sizeof(driftcore_diagnostic)`, set by the caller.
    pub size: usize,
    /// Stable name of the kind of problem, such as `unknown-field`.
    pub code: driftcore_text,
    /// What is wrong.
    pub message: driftcore_text,
    /// The file.
    pub file: driftcore_text,
    /// What is to be said at the place; may be empty.
    pub label: driftcore_text,
    /// What to do; may be absent.
    pub help: driftcore_text,
    /// All of it with the lines of the file, as compilers print it.
    pub rendered: driftcore_text,
    /// A `driftcore_severity`.
    pub severity: u32,
    /// Where it begins: the line.
    pub line: u32,
    /// Where it begins: the column.
    pub column: u32,
    /// Where it ends: the line.
    pub end_line: u32,
    /// Where it ends: the column.
    pub end_column: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_diagnostic {
    code: driftcore_text,
    message: driftcore_text,
    file: driftcore_text,
    label: driftcore_text,
    help: driftcore_text,
    rendered: driftcore_text,
    severity: u32,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    reserved: u32,
} first: 128);

/// A diagnostic that needs its sources no more.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) severity: Severity,
    code: &'static str,
    message: String,
    file: String,
    label: String,
    help: Option<String>,
    rendered: String,
    start: (u32, u32),
    end: (u32, u32),
}

impl Record {
    pub(super) fn new(sources: &Sources, diagnostic: &Diagnostic) -> Self {
        let renderer = Renderer::new(sources);
        let record = renderer.record(diagnostic);
        let place = record.place;
        let number = |value| u32::try_from(value).unwrap_or(u32::MAX);
        Self {
            severity: record.severity,
            code: diagnostic.code,
            message: record.message.to_owned(),
            file: place.file.to_owned(),
            label: place.label.to_owned(),
            help: record.help.map(str::to_owned),
            rendered: renderer.render(diagnostic),
            start: (number(place.line), number(place.column)),
            end: (number(place.end_line), number(place.end_column)),
        }
    }

    /// The failure of a load that ended with it.
    pub(super) fn failure(&self) -> Failure {
        Failure::new(driftcore_status::DRIFTCORE_STATUS_RULES, self.message.clone()).at(
            self.file.clone(),
            self.start.0,
            self.start.1,
        )
    }
}

impl driftcore_diagnostics {
    pub(super) fn new(records: Vec<Record>) -> Self {
        Self { records }
    }
}

/// How many there are. NULL: 0. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_diagnostics_count(
    diagnostics: *const driftcore_diagnostics,
) -> usize {
    quiet(0, || Some(handle::lend!(diagnostics)?.records.len()))
}

/// Fills a record, whose size is set, with the diagnostic of that index. NULL anywhere but in
/// `error`, or no such index: refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_diagnostics_get(
    diagnostics: *const driftcore_diagnostics,
    index: usize,
    diagnostic: *mut driftcore_diagnostic,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let records = &handle::borrow!(diagnostics)?.records;
        let record = records.get(index).ok_or_else(|| {
            Failure::argument(format!("there is no diagnostic {index} of {}", records.len()))
        })?;
        let severity = match record.severity {
            Severity::Warning => driftcore_severity::DRIFTCORE_SEVERITY_WARNING,
            Severity::Error => driftcore_severity::DRIFTCORE_SEVERITY_ERROR,
        };
        let filled = driftcore_diagnostic {
            size: 0,
            code: record.code.into(),
            message: (&*record.message).into(),
            file: (&*record.file).into(),
            label: (&*record.label).into(),
            help: record.help.as_deref().into(),
            rendered: (&*record.rendered).into(),
            severity: severity as u32,
            line: record.start.0,
            column: record.start.1,
            end_line: record.end.0,
            end_column: record.end.1,
            reserved: 0,
        };
        sized::write("diagnostic", diagnostic, &filled)
    })
}

/// Frees diagnostics and sets the pointer to them to NULL. NULL, or a pointer to NULL: nothing. Any
/// thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_diagnostics_free(diagnostics: *mut *mut driftcore_diagnostics) {
    handle::free!(diagnostics);
}
