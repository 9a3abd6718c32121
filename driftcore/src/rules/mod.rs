//! Falco's rule language, at load time: from files to typed conditions, with diagnostics.
//!
//! ```text
//! files ─→ YAML with places ─→ items ─→ rules (append, override, exceptions) ─→ syntax tree
//!       ─→ expansion of macros and lists ─→ types ─→ matcher::Condition
//! ```
//!
//! What files say is in the end a list of [`Definition`]s; what is wrong with them is a list of
//! [`Diagnostic`]s, which a [`Renderer`] shows as rustc does:
//!
//! ```
//! use driftcore::rules::Limits;
//! use driftcore::rules::Renderer;
//! use driftcore::rules::Sources;
//!
//! let mut sources = Sources::default();
//! sources.add(
//!     "shell.yaml",
//!     "
//! - list: shells
//!   items: [bash, sh]
//! - rule: Shell
//!   desc: A shell starts
//!   condition: evt.type = execve and proc.name in (shells)
//!   output: shell (command=%proc.cmdline)
//!   priority: NOTICE
//! ",
//! );
//! let loaded = driftcore::rules::load(&sources, &Limits::default());
//! let renderer = Renderer::new(&sources);
//! for diagnostic in &loaded.diagnostics {
//!     eprintln!("{}", renderer.render(diagnostic));
//! }
//! assert!(!loaded.has_errors());
//! let condition = loaded.definitions[0].condition.to_string();
//! assert_eq!(condition, "evt.type = execve and proc.name in (bash, sh)");
//! ```

pub mod ast;
mod check;
mod collect;
mod condition;
mod definition;
mod diagnostic;
mod expand;
mod items;
mod limits;
mod lint;
mod listing;
mod load;
mod matched;
mod nearest;
mod output;
mod report;
mod set;
mod shipped;
mod sink;
mod source;
mod yaml;

pub use check::Asked;
pub use check::CheckOptions;
pub use check::CheckedRule;
pub use check::Outcome;
pub use check::check_condition;
pub use check::check_rule;
pub use check::check_rules;
pub use check::event_types;
pub use condition::parse_condition;
pub use definition::Definition;
pub use diagnostic::Diagnostic;
pub use diagnostic::Severity;
pub use limits::Limits;
pub use lint::lint_rules;
pub use listing::Listing;
pub use listing::Status;
pub use load::Loaded;
pub use load::NotApplicable;
pub use load::load;
pub use load::load_paths;
pub use load::read_paths;
pub use matched::Matched;
pub use matched::SetScratch;
pub use output::SUGGESTED_FIELDS;
pub use output::append_suggested;
pub use output::compile_output;
pub use report::DiagnosticRecord;
pub use report::PlaceRecord;
pub use report::Renderer;
pub use set::ActiveRule;
pub use set::RuleSet;
pub use set::SetOptions;
pub use shipped::SHIPPED_NAME;
pub use shipped::SHIPPED_RULES;
pub use shipped::load_shipped;
pub use source::MappedText;
pub use source::Source;
pub use source::SourceId;
pub use source::Sources;
pub use source::Span;
