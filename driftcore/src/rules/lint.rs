//! What is right by its types and yet cannot be meant: warnings about checked rules.

use std::collections::HashMap;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use super::CheckedRule;
use super::Definition;
use super::Diagnostic;
use crate::fields::EventTypes;
use crate::matcher::Condition;

/// A rule that may be true for more kinds of events than this is bound to none, as in Falco.
const MANY_EVENT_TYPES: usize = 100;

/// Warnings about enabled rules, given in the order of their definition: those that can never fire
/// (`never-true`), those bound to no event type (`no-event-type`; `warn_evttypes: false` silences
/// it), and, where only the first match of an event counts, those whose condition an earlier rule
/// has (`shadowed-rule`).
pub fn lint_rules(rules: &[(&Definition, &CheckedRule)], first_match: bool) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let mut seen: HashMap<u64, Vec<(&Definition, &Condition)>> = HashMap::new();
    for &(definition, rule) in rules.iter().filter(|(definition, _)| definition.enabled) {
        let (name, span) = (&definition.name.text, definition.name.span);
        if rule.event_types == EventTypes::EMPTY {
            warnings.push(
                Diagnostic::warning("never-true", format!("rule `{name}` can never fire"), span)
                    .also(definition.condition.span, "no event satisfies this")
                    .help("disable the rule with `enabled: false`, or override its condition"),
            );
            continue;
        }
        if rule.event_types.len() > MANY_EVENT_TYPES && definition.warn_event_types {
            warnings.push(
                Diagnostic::warning(
                    "no-event-type",
                    format!("rule `{name}` is bound to no event type"),
                    span,
                )
                .also(definition.condition.span, "this is tried for every event")
                .help(
                    "add `evt.type = ...` to the condition, or `warn_evttypes: false` to the rule",
                ),
            );
        }
        if !first_match {
            continue;
        }
        let alike = seen.entry(fingerprint(&rule.condition)).or_default();
        match alike.iter().find(|(_, condition)| **condition == rule.condition) {
            Some((earlier, _)) => warnings.push(
                Diagnostic::warning(
                    "shadowed-rule",
                    format!(
                        "rule `{name}` never fires: `{}` has the same condition and comes first",
                        earlier.name.text
                    ),
                    span,
                )
                .also(earlier.name.span, "this one fires instead")
                .help("match all rules of an event instead of the first, or remove one of the two"),
            ),
            None => alike.push((definition, &rule.condition)),
        }
    }
    warnings
}

fn fingerprint(condition: &Condition) -> u64 {
    fn feed(condition: &Condition, hasher: &mut DefaultHasher) {
        std::mem::discriminant(condition).hash(hasher);
        match condition {
            Condition::All(parts) | Condition::Any(parts) | Condition::One(parts) => {
                parts.len().hash(hasher);
                for part in parts {
                    feed(part, hasher);
                }
            }
            Condition::Not(part) => feed(part, hasher),
            Condition::Test(test) => test.hash(hasher),
        }
    }

    let mut hasher = DefaultHasher::new();
    feed(condition, &mut hasher);
    hasher.finish()
}
