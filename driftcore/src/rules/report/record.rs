//! Diagnostics for programs.

use serde::Serialize;

use crate::rules::Severity;

/// A diagnostic with its places in lines and columns, both from 1; columns are characters. The ends
/// are behind the last character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiagnosticRecord<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Stable name of the kind of problem.
    pub code: &'a str,
    /// What is wrong.
    pub message: &'a str,
    /// Where.
    #[serde(flatten)]
    pub place: PlaceRecord<'a>,
    /// What to do.
    pub help: Option<&'a str>,
    /// Other places that belong to it.
    pub secondary: Vec<PlaceRecord<'a>>,
}

/// A place with what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct PlaceRecord<'a> {
    pub file: &'a str,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    /// May be empty.
    pub label: &'a str,
}
