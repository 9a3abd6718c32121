//! What is wrong with a rule file, and where.

use std::borrow::Cow;

use serde::Serialize;

use super::SHIPPED_NAME;
use super::Sources;
use super::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It loads.
    Warning,
    /// It does not load.
    Error,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable name of the kind of problem, e.g. `unknown-field`. Warnings can be silenced by it.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where; with what to write at the mark (what was expected, say).
    pub primary: (Span, Cow<'static, str>),
    /// Other places that belong to it (`first defined here`).
    pub secondary: Vec<(Span, Cow<'static, str>)>,
    /// What to do, or the nearest known name.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error with nothing but a message and a place.
    pub fn error(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            primary: (span, Cow::Borrowed("")),
            secondary: Vec::new(),
            help: None,
        }
    }

    /// A warning with nothing but a message and a place.
    pub fn warning(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message, span) }
    }

    /// Whether a user of rules should hear of it. Warnings about the shipped rules tell one who
    /// replaces a macro of theirs nothing.
    pub fn concerns_users(&self, sources: &Sources) -> bool {
        let file = sources.get(self.primary.0.source).map(|source| source.name.as_str());
        self.severity == Severity::Error || file != Some(SHIPPED_NAME)
    }

    /// Says what to write at the mark.
    #[must_use]
    pub fn label(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.primary.1 = label.into();
        self
    }

    /// Names another place.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<Cow<'static, str>>) -> Self {
        self.secondary.push((span, label.into()));
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
