//! Files that were made to hurt: an error in bounded time, or a load, and no panic.

use std::fmt::Write;
use std::time::Duration;
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::rules::Renderer;

/// Loads and renders; what takes longer, in an unoptimised build on a busy machine, grows faster
/// than its input.
#[track_caller]
fn bounded(text: &str) -> Vec<&'static str> {
    let start = Instant::now();
    let sources = sources(&[text]);
    let loaded = load(&sources, &Limits::default());
    let renderer = Renderer::new(&sources);
    for diagnostic in &loaded.diagnostics {
        assert!(renderer.render(diagnostic).len() < 20_000);
        renderer.record(diagnostic);
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let mut codes: Vec<&str> =
        loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.dedup();
    codes
}

#[test]
fn one_condition_of_ten_megabytes() {
    let text = rule("r", &"a.b = c or ".repeat(1_000_000));
    assert_eq!(bounded(&text), ["condition-size"]);
}

#[test]
fn many_conditions_of_ten_megabytes_together() {
    let condition = format!("{}a.b = c", "a.b = c and ".repeat(80_000));
    let mut text = String::new();
    for number in 0..10 {
        text.push_str(&rule(&format!("r{number}"), &condition));
    }
    assert!(text.len() > 9_000_000);
    assert!(bounded(&text).is_empty());
}

#[test]
fn a_hundred_thousand_errors() {
    // Of a type, and of a rule that fails elsewhere, too; of syntax.
    for condition in ["a.b = c or ", "a.b = in and ", "a.b = c ( or ", "proc.pid = x or (\"' "] {
        let condition = format!("{}a.b = c", condition.repeat(20_000));
        let mut text = String::new();
        for number in 0..5 {
            let rule = rule(&format!("r{number}"), &condition);
            text.push_str(&rule.replace("INFO", "LOUD"));
        }
        assert!(!bounded(&text).is_empty());
    }
}

#[test]
fn a_file_that_is_too_large() {
    assert_eq!(bounded(&"# x\n".repeat(5 << 20)), ["file-size"]);
}

#[test]
fn macros_that_double() {
    let mut text = "- macro: m0\n  condition: a.b = c\n".to_owned();
    for number in 1..100 {
        let before = number - 1;
        let _ = write!(text, "- macro: m{number}\n  condition: m{before} or m{before}\n");
    }
    assert_eq!(bounded(&(text + &rule("r", "m99") + &rule("s", "m99"))), ["expanded-size"]);
}

#[test]
fn lists_that_double() {
    let mut text = "- list: l0\n  items: [a]\n- list: e0\n  items: []\n".to_owned();
    for number in 1..100 {
        let before = number - 1;
        let _ = write!(text, "- list: l{number}\n  items: [l{before}, l{before}]\n");
        let _ = write!(text, "- list: e{number}\n  items: [e{before}, e{before}]\n");
    }
    let codes = bounded(&(text + &rule("r", "a.b in (l99, e99)")));
    assert_eq!(codes, ["list-size"]);
}

#[test]
fn long_chains() {
    let count = 20_000;
    let mut text = "- macro: m0\n  condition: a.b = c\n- list: l0\n  items: [a]\n".to_owned();
    for number in 1..count {
        let before = number - 1;
        let _ = write!(text, "- macro: m{number}\n  condition: m{before}\n");
        let _ = write!(text, "- list: l{number}\n  items: [l{before}]\n");
    }
    let last = count - 1;
    let used = rule("r", &format!("m{last}")) + &rule("s", &format!("a.b = l{last}"));
    assert_eq!(bounded(&(text + &used)), ["nesting"]);
    let mut circle = String::new();
    for number in 0..count {
        let next = (number + 1) % count;
        let _ = write!(circle, "- list: l{number}\n  items: [l{next}]\n");
    }
    assert_eq!(bounded(&circle), ["circle"]);
}

#[test]
fn thousands_of_unknown_names() {
    let mut text = String::new();
    for number in 0..3_000 {
        text.push_str(&format!("- macro: name_{number:040}\n  condition: nome_{number:040}\n"));
    }
    assert_eq!(bounded(&text), ["unknown-macro"]);
}

#[test]
fn macros_that_are_redefined_to_name_all_others() {
    let mut text = "- macro: all\n  condition: a.b = c\n".to_owned();
    let mut all = String::new();
    for number in 0..5_000 {
        let _ = write!(text, "- macro: m{number}\n  condition: a.b = c\n");
        let _ = write!(all, "m{number} or ");
    }
    let _ = write!(text, "- macro: all\n  condition: {all} a.b = d\n");
    assert!(bounded(&(text + &rule("r", "all"))).is_empty());
}

#[test]
fn thousands_of_wrong_keys_and_items() {
    assert_eq!(bounded(&"- what: x\n".repeat(20_000)), ["unknown-item"]);
    assert_eq!(bounded(&format!("- rule: x\n{}", "  a: b\n".repeat(20_000))).len(), 2);
    assert_eq!(bounded(&"- x\n".repeat(200_000)), ["not-items", "file-items"][..1]);
    let bad = rule("r", "a.b = c").replace("priority: INFO", "priority: x");
    bounded(&bad.repeat(3_000));
}

#[test]
fn deep_nesting() {
    assert_eq!(bounded(&rule("r", &"(".repeat(500_000))), ["nesting"]);
    assert_eq!(bounded(&rule("r", &"not ".repeat(200_000))), ["nesting"]);
    bounded(&"[".repeat(100_000));
    bounded(&"- ".repeat(50_000));
    bounded(&"{a: ".repeat(50_000));
    bounded(&format!("- rule: {}", "? ".repeat(50_000)));
    // As deep as conditions go, through all steps.
    let deep = format!("{}a.b = c{}", "(x.y = z or (x.z = y and ".repeat(99), "))".repeat(99));
    assert!(bounded(&rule("r", &deep)).is_empty());
    let mut text = "- macro: m0\n  condition: a.b = c\n".to_owned();
    for number in 1..900 {
        let _ = write!(text, "- macro: m{number}\n  condition: m{}\n", number - 1);
    }
    assert!(bounded(&(text.clone() + &rule("r", "m899"))).is_empty());
    let nots = "- macro: n\n  condition: ".to_owned() + &"not ".repeat(999) + "a.b = c\n";
    assert_eq!(bounded(&(nots + &rule("r", "not n"))), ["nesting"]);
}

#[test]
fn bytes_that_are_no_text() {
    let mut sources = Sources::default();
    sources.add_bytes("a", b"- list: \xff\n".to_vec());
    sources.add_bytes("b", vec![0; 1000]);
    sources.add_bytes("c", b"- list: a\0b\n  items: [\"\\0\"]\n".to_vec());
    sources.add_bytes("d", b"\xfe\xff\0-\0 ".to_vec());
    let loaded = load(&sources, &Limits::default());
    let invalid = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.code == "invalid-utf8");
    let places: Vec<u32> = invalid.map(|diagnostic| diagnostic.primary.0.start).collect();
    assert_eq!(places, [8, 0]);
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("- rule: r\n"),
        Just("- macro: m\n"),
        Just("- list: l\n"),
        Just("  condition: "),
        Just("  output: o\n"),
        Just("  desc: d\n"),
        Just("  priority: INFO\n"),
        Just("  items: [a, l, 'b c']\n"),
        Just("  append: true\n"),
        Just("  override: {condition: append}\n"),
        Just("  exceptions:\n  - name: x\n    fields: [proc.name, fd.name]\n"),
        Just("    values: [[a, b], [c]]\n"),
        Just("    comps: [=, in]\n"),
        Just("  source: other\n"),
        Just("  enabled: false\n"),
        Just("m and proc.name in (l)\n"),
        Just("proc.name = l or m\n"),
        Just("and m\n"),
        Just("|\n    m or\n    n\n"),
        Just("&x "),
        Just("*x\n"),
        Just("\"\\x41"),
        Just("\0"),
        Just("é"),
        Just("\n"),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_loaded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut sources = Sources::default();
        sources.add_bytes("a", bytes);
        load(&sources, &Limits::default());
    }

    #[test]
    fn pieces_of_rules_are_loaded_or_refused(text in pieces()) {
        bounded(&text);
    }
}
