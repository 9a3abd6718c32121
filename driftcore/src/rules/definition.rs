//! A rule as its files define it, all appends and overrides done, macros and lists expanded: what
//! the loader hands to the type checker.

use super::MappedText;
use super::Span;
use super::ast::Expr;
use super::ast::Name;
use crate::matcher::Priority;

/// One rule, not yet type-checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Its name.
    pub name: Name,
    /// The whole item that first defined it.
    pub span: Span,
    /// The condition, exceptions included: no macro is left in it and no name of a list.
    pub condition: Expr,
    /// The output's format, trimmed.
    pub output: MappedText,
    /// `desc`
    pub description: String,
    /// `priority`
    pub priority: Priority,
    /// `source`, by default `syscall`.
    pub source: String,
    /// `enabled`
    pub enabled: bool,
    /// `tags`, sorted, each once.
    pub tags: Vec<String>,
    /// `skip-if-unknown-filter`: left out, with a warning, when it uses what is not known.
    pub skip_if_unknown_filter: bool,
    /// `warn_evttypes`: whether to warn when it is not bound to event types.
    pub warn_event_types: bool,
}
