//! Redefinition, `append`, `override`.

use super::*;
use crate::matcher::Priority;

#[test]
fn a_redefinition_keeps_the_position() {
    let text = rule("a", "evt.type = x") + &rule("b", "evt.type = y") + &rule("a", "evt.type = z");
    let definitions = definitions(&text);
    let names: Vec<&str> = definitions.iter().map(|rule| rule.name.text.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(definitions[0].condition.to_string(), "evt.type = z");
    assert_eq!(definitions[0].span.start, 2, "where it was first defined");
}

#[test]
fn conditions_are_appended_as_text() {
    let text = rule("a", "evt.type = x and proc.name = y")
        + "- rule: a\n  condition: or proc.name = z\n  append: true\n";
    assert_eq!(condition(&text), "evt.type = x and proc.name = y or proc.name = z");
    let text = "- macro: m\n  condition: a.b = c\n".to_owned()
        + &rule("r", "m")
        + "- macro: m\n  condition: and a.b = d\n  override: {condition: append}\n";
    assert_eq!(condition(&text), "a.b = c and a.b = d");
}

#[test]
fn spans_of_appended_text_point_into_its_file() {
    let first = rule("a", "evt.type = open");
    let second = "- rule: a\n  condition: and proc.name\n  append: true\n";
    let sources = sources(&[&first, second]);
    let loaded = load(&sources, &Limits::default());
    let (span, _) = &loaded.diagnostics[0].primary;
    assert_eq!(sources.get(span.source).unwrap().name, "1.yaml");
    assert_eq!(span.start as usize, second.find("proc.name").unwrap() + 9);
}

#[test]
fn the_old_append_takes_condition_and_exceptions_only() {
    let rule_text = rule("a", "evt.type = x");
    let text = rule_text.clone()
        + "- rule: a\n  condition: and b.c = d\n  output: more\n  desc: more\n  tags: [z, y]\n  append: true\n";
    let sources = sources(&[&text]);
    let loaded = load(&sources, &Limits::default());
    let codes: Vec<_> = loaded.diagnostics.iter().map(|it| it.code).collect();
    assert_eq!(codes, ["ignored-key"; 3]);
    let [rule] = &loaded.definitions[..] else { panic!("{loaded:?}") };
    assert_eq!(rule.condition.to_string(), "evt.type = x and b.c = d");
    assert_eq!((rule.output.text.as_str(), rule.description.as_str()), ("o", "d"));
    assert!(rule.tags.is_empty());
    // Falco takes an item that appends nothing, too.
    let nothing = rule_text + "- rule: a\n  tags: [z]\n  append: true\n";
    assert_eq!(definitions(&nothing).len(), 1);
}

#[test]
fn override_changes_each_key_as_it_says() {
    let text = rule("a", "evt.type = x")
        + "  tags: [b, a]\n"
        + "- rule: a\n  condition: evt.type = y\n  output: p\n  desc: e\n  tags: [c]\n  \
           priority: error\n  enabled: false\n  warn_evttypes: false\n  \
           skip-if-unknown-filter: yes\n  capture: true\n  capture_duration: 5\n  override:\n    \
           condition: replace\n    output: append\n    desc: replace\n    tags: append\n    \
           priority: replace\n    enabled: replace\n    warn_evttypes: replace\n    \
           skip-if-unknown-filter: replace\n    capture: replace\n    capture_duration: replace\n";
    let rule = definitions(&text).remove(0);
    assert_eq!(rule.condition.to_string(), "evt.type = y");
    assert_eq!(rule.output.text, "o p");
    assert_eq!(rule.description, "e");
    assert_eq!(rule.tags, ["a", "b", "c"]);
    assert_eq!(rule.priority, Priority::Error);
    assert!(!rule.enabled);
    assert!(!rule.warn_event_types);
    assert!(rule.skip_if_unknown_filter);
}

#[test]
fn lists_are_appended_and_replaced() {
    let lists = "- list: l\n  items: [a]\n- list: l\n  items: [b]\n  append: true\n\
                 - list: l\n  items: [c]\n  override: {items: append}\n";
    let text = lists.to_owned() + &rule("r", "proc.name in (l)");
    assert_eq!(condition(&text), "proc.name in (a, b, c)");
    let replaced = "- list: l\n  items: [d]\n  override: {items: replace}\n";
    assert_eq!(condition(&(text + replaced)), "proc.name in (d)");
}

#[test]
fn enabled_alone_switches() {
    let text = rule("a", "evt.type = x") + "- rule: a\n  enabled: false\n";
    assert!(!definitions(&text)[0].enabled);
    let text = text + "- rule: a\n  enabled: Yes\n";
    assert!(definitions(&text)[0].enabled);
}

#[test]
fn changes_of_what_could_not_be_read_are_no_further_errors() {
    let text = "- rule: a\n  desc: d\n- rule: a\n  enabled: false\n- macro: m\n\
                - macro: m\n  condition: and x\n  append: true\n"
        .to_owned()
        + &rule("b", "m");
    assert_eq!(errors(&text), ["missing-key", "missing-key"]);
}

#[test]
fn a_tab_before_a_value_is_a_blank() {
    let text = rule("a", "evt.type = x").replace(": ", ":\t").replace("- ", "-\t");
    assert_eq!(condition(&text), "evt.type = x");
}

#[test]
fn priorities_are_words() {
    for (word, priority) in [
        ("EMERGENCY", Priority::Emergency),
        ("info", Priority::Informational),
        ("InFormational", Priority::Informational),
        ("debug", Priority::Debug),
    ] {
        let text = rule("a", "b.c = d").replace("INFO", word);
        assert_eq!(definitions(&text)[0].priority, priority);
    }
    assert_eq!(errors(&rule("a", "evt.type = open").replace("INFO", "6")), ["unknown-priority"]);
}

#[test]
fn other_sources_are_listed() {
    let text = rule("a", "ka.verb in (l) and m and")
        + "  source: k8s_audit\n- list: l\n  items: [x]\n- macro: m\n  condition: ka.x = y\n"
        + &rule("b", "evt.type = x")
        + "  source: syscall\n";
    let loaded = loaded(&text);
    assert!(!loaded.has_errors());
    assert_eq!(loaded.definitions.len(), 1);
    assert_eq!(loaded.not_applicable[0].name.text, "a");
    assert_eq!(loaded.not_applicable[0].source, "k8s_audit");
}

#[test]
fn only_a_redefinition_looks_at_the_source() {
    let first = rule("a", "evt.type = x") + "  source: k8s_audit\n";
    assert_eq!(errors(&(first.clone() + &rule("a", "evt.type = y"))), ["source-changed"]);
    let append = "- rule: a\n  source: other\n  condition: and b.c = d\n  append: true\n";
    assert!(errors(&(first + append)).is_empty());
}

#[test]
fn items_without_anything_are_nothing() {
    assert!(loaded("-\n- ~\n---\n").diagnostics.is_empty());
}

#[test]
fn outputs_are_trimmed_and_know_their_places() {
    let text = rule("a", "b.c = d").replace("output: o", "output: >\n    one %x.y\n    two\n");
    let rule = definitions(&text).remove(0);
    assert_eq!(rule.output.text, "one %x.y two");
    let span = rule.output.span(4, 8);
    assert_eq!(&text[span.start as usize..span.end as usize], "%x.y");
}

#[test]
fn requirements_are_checked_or_accepted() {
    let fine = "- required_engine_version: 62\n- required_engine_version: 0.57.0\n\
                - required_plugin_versions:\n  - name: container\n    version: 0.4.0\n    \
                alternatives: [{name: k8s, version: 1.0.0}]\n";
    assert!(loaded(fine).diagnostics.is_empty());
    assert_eq!(errors("- required_engine_version: 64\n"), ["engine-version"]);
}
