//! Trees of YAML, and places in its scalars.

use proptest::prelude::*;

use super::node::Scalar;
use super::*;
use crate::rules::Limits;
use crate::rules::SourceId;

fn tree(text: &str) -> Tree {
    read(SourceId(0), text, &Limits::default())
}

/// The scalar that is the value of the first key of the first item.
fn scalar(text: &str) -> Scalar {
    let tree = tree(text);
    assert!(tree.diagnostics.is_empty(), "{:?}", tree.diagnostics);
    let NodeKind::Sequence(items) = &tree.documents[0].kind else { panic!("no sequence") };
    let NodeKind::Mapping(pairs) = &items[0].kind else { panic!("no mapping") };
    pairs[0].1.scalar().unwrap().clone()
}

/// Every word of the decoded scalar must be found at its place in the file.
#[track_caller]
fn assert_words(text: &str, decoded: &str) {
    let scalar = scalar(text);
    assert_eq!(scalar.text.text, decoded, "{text}");
    let mut at = 0;
    for word in decoded.split([' ', '\n']) {
        if !word.is_empty() {
            let span = scalar.text.span(at, at + word.len());
            assert_eq!(&text[span.start as usize..span.end as usize], word, "{text}");
        }
        at += word.len() + 1;
    }
}

#[test]
fn plain_scalars_know_their_places() {
    assert_words("- a: one two\n", "one two");
    assert_words("- a:   one two  \n     three  # comment\n", "one two three");
    assert_words("- a:\n    one\n    two\n\n    three\n", "one two\nthree");
    assert_words("# é€\n- a: é one\n    ü two\n", "é one ü two");
    assert_words("- a: one\r\n    two\r\n", "one two");
    assert_words("\u{feff}- a: one\n", "one");
}

#[test]
fn quoted_scalars_know_their_places() {
    assert_words("- a: 'one two'\n", "one two");
    assert_words("- a: 'one\n    two\n\n    three'\n", "one two\nthree");
    assert_words("- a: \"one  two\\\n     \\ three\n     four\"\n", "one  two three four");
}

#[test]
fn escapes_cover_what_they_are_written_with() {
    let text = "- a: 'it''s x'\n";
    let single = scalar(text);
    assert_eq!(single.text.text, "it's x");
    let at = |scalar: &Scalar, from, to| {
        let span = scalar.text.span(from, to);
        &text[span.start as usize..span.end as usize]
    };
    assert_eq!(at(&single, 3, 4), "s");
    assert_eq!(at(&single, 5, 6), "x");

    let text = "- a: \"\\x41 \\\"q\\\" \\u00e9 \\n end\"\n";
    let double = scalar(text);
    assert_eq!(double.text.text, "A \"q\" é \n end");
    let at = |word: &str| {
        let from = double.text.text.find(word).unwrap();
        let span = double.text.span(from, from + word.len());
        &text[span.start as usize..]
    };
    assert!(at("A").starts_with("\\x41"));
    assert!(at("q").starts_with("q\\\""));
    assert!(at("é").starts_with("\\u00e9"));
    assert!(at("end").starts_with("end\""));
}

#[test]
fn block_scalars_know_their_places() {
    for (header, end) in [("|", "\n"), ("|-", ""), ("|+", "\n\n")] {
        let text = format!("- a: {header}\n    one two\n      three\n\n    four\n\n");
        assert_words(&text, &format!("one two\n  three\n\nfour{end}"));
    }
    for (header, end) in [(">", "\n"), (">-", ""), (">+  # comment", "\n\n")] {
        let text = format!("- a: {header}\n    one two\n    three\n\n    four\n      more\n\n");
        assert_words(&text, &format!("one two three\nfour\n  more{end}"));
    }
    assert_words("- a: |2\n      one\n    two\n", "  one\ntwo\n");
    assert_words("- a: >-\n    é one\n    ü\n  b: c\n", "é one ü");
}

#[test]
fn documents_follow_one_another() {
    let tree = tree("- a: b\n---\n- c: d\n...\n---\n# nothing\n");
    assert!(tree.diagnostics.is_empty());
    assert_eq!(tree.documents.len(), 3);
    assert!(tree.documents[2].is_null());
}

#[test]
fn brackets_may_be_indented_less() {
    let text = "- a: [\n'é x', # c\n  y\n]\n- b: c\n";
    let tree = tree(text);
    assert!(tree.diagnostics.is_empty(), "{:?}", tree.diagnostics);
    let NodeKind::Sequence(items) = &tree.documents[0].kind else { panic!("no sequence") };
    assert_eq!(items.len(), 2);
    let NodeKind::Mapping(pairs) = &items[0].kind else { panic!("no mapping") };
    let NodeKind::Sequence(values) = &pairs[0].1.kind else { panic!("no sequence") };
    let span = values[0].scalar().unwrap().text.span(3, 4);
    assert_eq!(&text[span.start as usize..span.end as usize], "x");
    assert_eq!(&text[values[1].span.start as usize..values[1].span.end as usize], "y");
}

#[test]
fn keys_that_stand_twice_are_named_with_both_places() {
    let tree = tree("- a: 1\n  b: 2\n  a: 3\n");
    assert_eq!(tree.diagnostics[0].code, "duplicate-key");
    assert_eq!(tree.diagnostics[0].primary.0.start, 16);
    assert_eq!(tree.diagnostics[0].secondary[0].0.start, 2);
}

#[test]
fn aliases_are_copies_and_bounded() {
    let copied = tree("- a: &x [b, c]\n  d: *x\n");
    assert!(copied.diagnostics.is_empty());
    let mut bomb = "- a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let previous = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("- a{level}: &a{level} [{previous}]\n"));
    }
    assert_eq!(tree(&bomb).diagnostics[0].code, "alias-bomb");
    assert_eq!(tree("- &a [*a]\n").diagnostics[0].code, "yaml");
    assert_eq!(tree("- *nobody\n").diagnostics[0].code, "yaml");
    // Many anchors in one another keep many copies.
    let nested = format!("- {}", "&a [".repeat(60));
    assert!(!tree(&nested).diagnostics.is_empty());
}

#[test]
fn what_is_before_an_error_is_kept() {
    let tree = tree("- a: b\n- c: [d\n- e: f\n");
    assert_eq!(tree.diagnostics[0].code, "yaml");
    let NodeKind::Sequence(items) = &tree.documents[0].kind else { panic!("no sequence") };
    assert_eq!(items.len(), 1);
}

#[test]
fn deep_nesting_is_an_error() {
    for open in ["[", "{a: ", "- ", "? ", "[{a: "] {
        let tree = tree(&open.repeat(50_000));
        assert_eq!(tree.diagnostics.len(), 1, "{open}");
    }
}

proptest! {
    #[test]
    fn anything_is_read_or_refused(
        words in proptest::collection::vec(
            prop_oneof![
                Just("- "), Just("a: "), Just("\n"), Just("  "), Just("\""), Just("'"), Just("|"),
                Just(">"), Just("["), Just("]"), Just("{"), Just("}"), Just(","), Just("&x "),
                Just("*x"), Just("#"), Just("---\n"), Just("...\n"), Just("é"), Just("\\"),
                Just("\t"), Just("\r\n"), Just("!"), Just("%"), Just("? "), Just(":"), Just("\0"),
                Just("\u{feff}"), Just("word"), Just("-"), Just("+"), Just("2"),
            ],
            0..40,
        )
    ) {
        tree(&words.concat());
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        tree(&text);
    }
}
