//! What is right by its types and yet cannot be meant: warnings about checked rules.

use std::collections::HashMap;
use std::hash::Hash;
use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::CheckedRule;
use super::Definition;
use super::Diagnostic;
use crate::fields::EventTypes;
use crate::matcher::Condition;

/// A rule that may be true for more kinds of events than this is bound to none, as in Falco.
const MANY_EVENT_TYPES: usize = 100;

/// So many conditions with one fingerprint are compared: a file may be made to have many.
const ALIKE: usize = 16;

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
        match alike.iter().take(ALIKE).find(|(_, condition)| **condition == rule.condition) {
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
    fn feed(condition: &Condition, hasher: &mut FxHasher) {
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

    let mut hasher = FxHasher::default();
    feed(condition, &mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::CheckOptions;
    use super::super::Limits;
    use super::super::Outcome;
    use super::super::Sources;
    use super::super::check_rules;
    use super::super::load;
    use super::*;
    use crate::fields::EventType;

    fn check(yaml: &str, options: &CheckOptions) -> (Vec<Outcome>, Vec<Diagnostic>) {
        let mut sources = Sources::default();
        sources.add("rules.yaml", yaml);
        let loaded = load(&sources, &Limits::default());
        assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
        let mut diagnostics = Vec::new();
        let outcomes = check_rules(&loaded.definitions, options, &mut diagnostics);
        (outcomes, diagnostics)
    }

    fn rule(name: &str, condition: &str, more: &str) -> String {
        format!(
            "- rule: {name}\n  desc: d\n  condition: {condition}\n  output: o %proc.name\n  \
             priority: INFO\n{more}"
        )
    }

    fn codes(yaml: &str) -> Vec<&'static str> {
        let (_, diagnostics) = check(yaml, &CheckOptions::default());
        diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    }

    #[test]
    fn a_rule_that_can_never_fire_is_named() {
        assert_eq!(codes(&rule("a", "evt.type = open and evt.type = execve", "")), ["never-true"]);
        assert_eq!(codes(&rule("a", "evt.type = open and evt.num = 0", "")), ["never-true"]);
        let disabled = rule("a", "evt.type = open and evt.num = 0", "  enabled: false\n");
        assert!(codes(&disabled).is_empty());
        let hook = "- macro: never_true\n  condition: (evt.num = 0)\n- macro: user_known\n  condition: (never_true)\n";
        let uses = rule("a", "evt.type = open and not user_known", "");
        assert!(codes(&format!("{hook}{uses}")).is_empty(), "a hook is not to be warned of");
    }

    #[test]
    fn a_rule_bound_to_no_event_type_is_named_unless_silenced() {
        assert_eq!(codes(&rule("a", "proc.name = a", "")), ["no-event-type"]);
        assert_eq!(codes(&rule("a", "not evt.type in (open, openat)", "")), ["no-event-type"]);
        assert!(codes(&rule("a", "proc.name = a", "  warn_evttypes: false\n")).is_empty());
        assert!(codes(&rule("a", "evt.type = open and proc.name = a", "")).is_empty());
    }

    #[test]
    fn a_rule_behind_an_equal_one_is_named_under_first_match_only() {
        let yaml = rule("first", "evt.type = open and proc.name = a", "")
            + &rule("off", "evt.type = open and proc.name = b", "  enabled: false\n")
            + &rule("second", "evt.type = open and (proc.name = a)", "")
            + &rule("third", "evt.type = open and proc.name = b", "");
        let (_, diagnostics) = check(&yaml, &CheckOptions::default());
        assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
        assert_eq!(diagnostics[0].code, "shadowed-rule");
        assert!(diagnostics[0].message.contains("`second`"));
        let all = CheckOptions { first_match: false, ..CheckOptions::default() };
        assert!(check(&yaml, &all).1.is_empty());
    }

    #[test]
    fn skip_if_unknown_filter_leaves_a_rule_out_with_a_warning() {
        let skip = "  skip-if-unknown-filter: true\n";
        for condition in ["ka.verb = get", "evt.type = nosuchcall", "evt.arg.nosuch = 1"] {
            let (outcomes, diagnostics) =
                check(&rule("a", condition, skip), &CheckOptions::default());
            assert_eq!(outcomes, [Outcome::Skipped], "{condition}");
            assert_eq!(diagnostics.len(), 1, "{condition}");
            assert_eq!(diagnostics[0].code, "skipped-rule");
            let (outcomes, _) = check(&rule("a", condition, ""), &CheckOptions::default());
            assert_eq!(outcomes, [Outcome::Failed], "{condition}");
        }
        // A wrong value is not what is forgiven.
        let condition = "proc.pid = abc and ka.verb = get";
        let (outcomes, diagnostics) = check(&rule("a", condition, skip), &CheckOptions::default());
        assert_eq!((outcomes, diagnostics.len()), (vec![Outcome::Failed], 2));
        // An unknown field of the output is.
        let output = rule("a", "evt.type = open", skip).replace("%proc.name", "%ka.verb");
        assert_eq!(check(&output, &CheckOptions::default()).0, [Outcome::Skipped]);
    }

    #[test]
    fn a_rule_knows_what_the_running_sensor_does_not_give() {
        let yaml = rule("a", "evt.type in (execve, brk) and evt.cpu = 1 and proc.name = b", "");
        let (outcomes, _) = check(&yaml, &CheckOptions::default());
        let [Outcome::Checked(rule)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
        assert!(rule.can_fire());
        let types = rule.missing_event_types();
        assert_eq!(types.iter().map(EventType::name).collect::<Vec<_>>(), ["brk"]);
        let missing: Vec<_> = rule.missing_fields().iter().map(ToString::to_string).collect();
        assert_eq!(missing, ["evt.cpu"]);
        assert_eq!(rule.missing_condition_fields().count(), 1);
    }

    #[test]
    fn rules_about_the_host_are_known() {
        for (condition, expected) in [
            ("evt.type = execve and container.id = host", true),
            ("evt.type = execve and not container.id != host", true),
            ("evt.type = execve and container.id in (host)", true),
            ("evt.type = execve and container.id != host", false),
            ("evt.type = execve and (container.id = host or proc.name = a)", false),
            ("evt.type = execve", false),
        ] {
            let (outcomes, _) = check(&rule("a", condition, ""), &CheckOptions::default());
            let [Outcome::Checked(rule)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
            assert_eq!(rule.only_on_host(), expected, "{condition}");
        }
    }
}
