//! Where diagnostics are gathered.

use super::Diagnostic;
use super::Severity;

/// The diagnostics of one load, as many as are kept.
#[derive(Debug)]
pub(super) struct Sink {
    kept: Vec<Diagnostic>,
    limit: usize,
    failed: bool,
}

impl Sink {
    pub(super) fn new(limit: usize) -> Self {
        Self { kept: Vec::new(), limit, failed: false }
    }

    /// Takes one. The first error is kept even where the warnings before it fill the list.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let first_error = diagnostic.severity == Severity::Error && !self.failed;
        if first_error || self.kept.len() < self.limit {
            self.kept.push(diagnostic);
        }
        self.failed |= first_error;
    }

    /// Whether there was an error.
    pub(super) fn failed(&self) -> bool {
        self.failed
    }

    /// Takes the value, or the diagnostic that is in its place.
    pub(super) fn ok<T>(&mut self, result: Result<T, Box<Diagnostic>>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(diagnostic) => {
                self.push(*diagnostic);
                None
            }
        }
    }

    pub(super) fn into_vec(self) -> Vec<Diagnostic> {
        self.kept
    }
}
