//! All rules of a load.

use super::rule::Outcome;
use super::rule::check_rule;
use crate::rules::Definition;
use crate::rules::Diagnostic;
use crate::rules::lint_rules;

/// Diagnostics that are kept, as the loader keeps them.
const MOST_DIAGNOSTICS: usize = 1000;

/// How rules are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckOptions {
    /// Appends the [suggested fields](crate::rules::SUGGESTED_FIELDS) to every output, as Falco
    /// does by default.
    pub suggested_fields: bool,
    /// Of the rules that match an event only the first counts, as in Falco by default: one that
    /// an earlier rule shadows is worth a warning.
    pub first_match: bool,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { suggested_fields: true, first_match: true }
    }
}

/// Checks rules, in the order of their definition, and what they are to one another. One outcome
/// for each of them; errors and warnings are appended to `diagnostics`,
/// which holds 1,000 at most when it held fewer before. A rule that has errors has
/// [`Outcome::Failed`] whether or not they are kept.
pub fn check_rules(
    definitions: &[Definition],
    options: &CheckOptions,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Outcome> {
    let before = diagnostics.len();
    let outcomes: Vec<Outcome> = definitions
        .iter()
        .map(|definition| {
            let outcome = check_rule(definition, options.suggested_fields, diagnostics);
            diagnostics.truncate(MOST_DIAGNOSTICS.max(before));
            outcome
        })
        .collect();
    let sound: Vec<_> = definitions
        .iter()
        .zip(&outcomes)
        .filter_map(|(definition, outcome)| match outcome {
            Outcome::Checked(rule) => Some((definition, &**rule)),
            Outcome::Skipped | Outcome::NotApplicable | Outcome::Failed => None,
        })
        .collect();
    diagnostics.extend(lint_rules(&sound, options.first_match));
    outcomes
}
