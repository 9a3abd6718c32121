//! Rules.

use super::exception::read_exceptions;
use super::item::Item;
use super::item::Parts;
use super::item::RuleChange;
use super::item::RuleItem;
use super::item::RuleKey;
use super::keys::Keys;
use super::keys::is_append;
use super::keys::wrong_member;
use super::keys::wrong_type;
use crate::matcher::Priority;
use crate::rules::Diagnostic;
use crate::rules::MappedText;
use crate::rules::ast::Name;
use crate::rules::nearest::nearest;
use crate::rules::sink::Sink;

const KEYS: [&str; 15] = [
    "rule",
    "condition",
    "output",
    "desc",
    "priority",
    "source",
    "enabled",
    "tags",
    "exceptions",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "capture",
    "capture_duration",
    "override",
    "append",
];

/// The keys that a new rule must have.
const REQUIRED_KEYS: [&str; 4] = ["condition", "output", "desc", "priority"];

/// The keys that `override` may name, and whether what is in them can be appended to.
const OVERRIDABLE: [(&str, RuleKey, bool); 11] = [
    ("condition", RuleKey::Condition, true),
    ("output", RuleKey::Output, true),
    ("desc", RuleKey::Description, true),
    ("tags", RuleKey::Tags, true),
    ("exceptions", RuleKey::Exceptions, true),
    ("priority", RuleKey::Priority, false),
    ("enabled", RuleKey::Enabled, false),
    ("warn_evttypes", RuleKey::WarnEventTypes, false),
    ("skip-if-unknown-filter", RuleKey::SkipIfUnknownFilter, false),
    ("capture", RuleKey::Capture, false),
    ("capture_duration", RuleKey::CaptureDuration, false),
];

/// Reads a rule. The errors of all its keys are said; with one of them it is no rule, and what can
/// still be checked of it is returned.
pub(super) fn read_rule(keys: Keys<'_>, name: Name, sink: &mut Sink) -> Result<Item, Box<Parts>> {
    keys.warn_unknown("rule", &KEYS, sink);
    let change = change(keys, &name, sink);
    let change = sink.ok(change);
    let capture = sink.ok(check_capture(keys));
    let text = |key: &str| keys.text(key).map(|text| text.map(|(text, _)| text.clone()));
    let condition = sink.ok(text("condition"));
    let output = sink.ok(text("output")).map(|text| text.as_ref().map(MappedText::trim));
    let description = sink.ok(text("desc"));
    let priority = sink.ok(priority(keys));
    let source = keys.has("source").then(|| keys.name("source")).transpose();
    let source = sink.ok(source);
    let enabled = sink.ok(keys.flag("enabled"));
    let tags = sink.ok(tags(keys));
    let exceptions = read_exceptions(keys, sink);
    let exceptions = sink.ok(exceptions);
    let warn_event_types = sink.ok(keys.flag("warn_evttypes"));
    let skip_if_unknown_filter = sink.ok(keys.flag("skip-if-unknown-filter"));

    let defines = !keys.has("append") && !keys.has("override");
    let here = source
        .as_ref()
        .is_some_and(|source| source.as_ref().is_none_or(|source| source.text == "syscall"));
    let parts = Parts {
        condition: condition.clone().flatten().filter(|_| defines && here),
        output: output.clone().flatten().filter(|_| defines && here),
        forgiving: skip_if_unknown_filter.flatten().unwrap_or(false),
    };
    let rule = || {
        capture?;
        Some(RuleItem {
            span: keys.span,
            condition: condition?,
            output: output?,
            description: description?,
            priority: priority?,
            source: source?,
            enabled: enabled?,
            tags: tags?,
            exceptions: exceptions?,
            warn_event_types: warn_event_types?,
            skip_if_unknown_filter: skip_if_unknown_filter?,
            change: change?,
            name,
        })
    };
    rule().map(|rule| Item::Rule(Box::new(rule))).ok_or_else(|| Box::new(parts))
}

fn tags(keys: Keys<'_>) -> Result<Vec<String>, Box<Diagnostic>> {
    let mut tags = Vec::new();
    for node in keys.sequence("tags")?.unwrap_or(&[]) {
        let Some(tag) = node.scalar() else {
            return Err(wrong_member("tags", "a text", node));
        };
        tags.push(tag.text.text.clone());
    }
    Ok(tags)
}

/// What the item does, by the keys that it has.
fn change(keys: Keys<'_>, name: &Name, sink: &mut Sink) -> Result<RuleChange, Box<Diagnostic>> {
    let append = keys.flag("append")?.unwrap_or(false);
    if let Some(node) = keys.get("override") {
        if append {
            return Err(keys.append_and_override());
        }
        let Some(overrides) = Keys::of(node) else {
            return Err(wrong_type("override", "a mapping", node));
        };
        if !overrides.pairs.is_empty() {
            return overridden(keys, overrides).map(RuleChange::Override);
        }
    }
    if append {
        if !keys.has("condition") && !keys.has("exceptions") {
            let message = format!("nothing is appended to the rule `{}`", name.text);
            sink.push(
                Diagnostic::warning("missing-key", message, name.span)
                    .label("`condition` or `exceptions` expected in this item"),
            );
        }
        let others = [
            "output",
            "desc",
            "tags",
            "priority",
            "enabled",
            "warn_evttypes",
            "skip-if-unknown-filter",
        ];
        warn_ignored(keys, &others, "`append: true` does not change it", sink);
        return Ok(RuleChange::Append);
    }
    let missing: Vec<String> =
        REQUIRED_KEYS.iter().filter(|key| !keys.has(key)).map(|key| format!("`{key}`")).collect();
    if missing.len() == REQUIRED_KEYS.len() && keys.has("enabled") {
        let others = ["tags", "exceptions", "warn_evttypes", "skip-if-unknown-filter"];
        warn_ignored(keys, &others, "an item with `enabled` alone only switches the rule", sink);
        return Ok(RuleChange::Toggle);
    }
    if missing.is_empty() {
        return Ok(RuleChange::Define);
    }
    let message = format!("the rule `{}` has no {}", name.text, missing.join(" and no "));
    Err(Box::new(
        Diagnostic::error("missing-key", message, name.span)
            .label("`condition`, `output`, `desc` and `priority` are needed")
            .help("to change a rule that is defined before, add `override`"),
    ))
}

fn warn_ignored(keys: Keys<'_>, ignored: &[&str], why: &'static str, sink: &mut Sink) {
    for key in ignored.iter().filter(|key| keys.has(key)) {
        let message = format!("`{key}` is ignored here");
        sink.push(
            Diagnostic::warning("ignored-key", message, keys.key_span(key))
                .label(why)
                .help("name it in `override`"),
        );
    }
}

fn overridden(
    keys: Keys<'_>,
    overrides: Keys<'_>,
) -> Result<Vec<(RuleKey, bool)>, Box<Diagnostic>> {
    let mut changes = Vec::new();
    for (key, value) in overrides.pairs {
        let name = key.scalar().map_or("", |scalar| scalar.text.text.as_str());
        let Some((_, known, appendable)) = OVERRIDABLE.iter().find(|(known, ..)| *known == name)
        else {
            let message = format!("`{name}` cannot be overridden");
            let mut fault = Diagnostic::error("bad-override", message, key.span);
            if let Some(near) = nearest(name, OVERRIDABLE.iter().map(|(name, ..)| *name)) {
                fault = fault.help(format!("a key with a similar name: `{near}`"));
            }
            return Err(Box::new(fault));
        };
        let append = is_append(name, value)?;
        if append && !appendable {
            let message = format!("`{name}` cannot be appended to");
            return Err(Box::new(
                Diagnostic::error("bad-override", message, value.span)
                    .label("only `replace` goes here"),
            ));
        }
        if !keys.has(name) {
            let message = format!("`override` names `{name}`, which is not in the item");
            return Err(Box::new(
                Diagnostic::error("bad-override", message, key.span)
                    .label(format!("no `{name}` in this item")),
            ));
        }
        changes.push((*known, append));
    }
    let unnamed = OVERRIDABLE.iter().find(|(name, ..)| keys.has(name) && !overrides.has(name));
    if let Some((name, ..)) = unnamed {
        let message = format!("`{name}` is not named in `override`");
        return Err(Box::new(
            Diagnostic::error("bad-override", message, keys.key_span(name))
                .label("neither appended nor replaced")
                .also(overrides.span, "the keys that are"),
        ));
    }
    Ok(changes)
}

/// Captures are accepted and not made.
fn check_capture(keys: Keys<'_>) -> Result<(), Box<Diagnostic>> {
    keys.flag("capture")?;
    let Some(node) = keys.get("capture_duration") else { return Ok(()) };
    match node.scalar().map(|scalar| scalar.text.text.parse::<u64>()) {
        Some(Ok(_)) => Ok(()),
        _ => Err(wrong_type("capture_duration", "a number of milliseconds", node)),
    }
}

fn priority(keys: Keys<'_>) -> Result<Option<Priority>, Box<Diagnostic>> {
    let Some((text, span)) = keys.text("priority")? else { return Ok(None) };
    let word = text.text.as_str();
    let known = Priority::of(word);
    if known.is_some() {
        return Ok(known);
    }
    let message = format!("`{word}` is not a priority");
    let words: Vec<&str> = Priority::ALL.iter().map(|known| known.as_str()).collect();
    let fault = Diagnostic::error("unknown-priority", message, span).label("a priority expected");
    let help = match nearest(word, words.iter().copied()) {
        Some(near) => format!("a priority with a similar name: `{near}`"),
        None => format!("one of {}", words.join(", ")),
    };
    Err(Box::new(fault.help(help)))
}
