//! Where diagnostics are gathered.

use super::Diagnostic;
use super::Severity;
use super::nearest::nearest;

/// The diagnostics of one load, as many as are kept.
#[derive(Debug)]
pub(super) struct Sink {
    kept: Vec<Diagnostic>,
    limit: usize,
    failed: bool,
    /// Names that may still be compared with unknown ones.
    comparisons: usize,
}

/// Names that are compared with unknown ones in one load: enough for real files, and no time for
/// files that were made to take much.
const COMPARISONS: usize = 50_000;

/// Characters that are kept of a message.
const MESSAGE: usize = 1000;

impl Sink {
    pub(super) fn new(limit: usize) -> Self {
        Self { kept: Vec::new(), limit, failed: false, comparisons: COMPARISONS }
    }

    /// Takes one. The first error is kept even where the warnings before it fill the list.
    pub(super) fn push(&mut self, mut diagnostic: Diagnostic) {
        let first_error = diagnostic.severity == Severity::Error && !self.failed;
        if first_error || self.kept.len() < self.limit {
            tidy(&mut diagnostic.message);
            diagnostic.help.iter_mut().for_each(tidy);
            self.kept.push(diagnostic);
        }
        self.failed |= first_error;
    }

    /// Whether no more warnings are kept.
    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= self.limit
    }

    /// The nearest of the names, while there have not been too many of them.
    pub(super) fn nearest<'a>(
        &mut self,
        name: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        let left = &mut self.comparisons;
        let names = names.into_iter().take_while(|_| {
            *left = left.saturating_sub(1);
            *left > 0
        });
        nearest(name, names)
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

    /// The diagnostics in the order of their places.
    pub(super) fn into_vec(mut self) -> Vec<Diagnostic> {
        self.kept.sort_by_key(|diagnostic| {
            let span = diagnostic.primary.0;
            (span.source, span.start)
        });
        self.kept
    }
}

/// Makes control characters visible, which come from the names in a file, and cuts what is long.
fn tidy(text: &mut String) {
    if let Some((cut, _)) = text.char_indices().nth(MESSAGE) {
        text.truncate(cut);
        text.push('…');
    }
    if text.contains(char::is_control) {
        let escape =
            |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
        *text = text.chars().map(escape).collect();
    }
}
