//! Tests of text, in the simplest way that is right.

use driftcore::matcher::TextTest;
use regex_automata::nfa::thompson::pikevm::PikeVM;

pub fn holds(test: TextTest, text: &[u8], needle: &[u8]) -> bool {
    match test {
        TextTest::Contains => contains(text, needle),
        TextTest::ContainsIgnoringCase => {
            contains(&text.to_ascii_lowercase(), &needle.to_ascii_lowercase())
        }
        TextTest::StartsWith => text.starts_with(needle),
        TextTest::EndsWith => text.ends_with(needle),
        TextTest::Glob => glob(needle, text, false),
        TextTest::GlobIgnoringCase => glob(needle, text, true),
        TextTest::Regex => regex(needle, text),
        _ => panic!("a test of text that is not known here"),
    }
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    (0..=text.len()).any(|start| text[start..].starts_with(needle))
}

fn regex(pattern: &[u8], text: &[u8]) -> bool {
    let pattern = std::str::from_utf8(pattern).expect("expressions are UTF-8");
    // The line break ends a comment of the expression (`(?x)`), and is one otherwise ignored.
    let whole = if pattern.contains("(?x)") {
        format!(r"\A(?:{pattern}\n)\z").replace(r"\n", "\n")
    } else {
        format!(r"\A(?:{pattern})\z")
    };
    let vm = PikeVM::new(&whole).expect("a regular expression");
    vm.is_match(&mut vm.create_cache(), String::from_utf8_lossy(text).as_bytes())
}

/// One path is the other or lies above it, component by component.
pub fn path_matches(path: &[u8], value: &[u8]) -> bool {
    let components = |path: &[u8]| -> Vec<Vec<u8>> {
        let all = path.split(|byte| *byte == b'/').map(<[u8]>::to_vec);
        all.filter(|component| !component.is_empty()).collect()
    };
    let (path, value) = (components(path), components(value));
    path.len() <= value.len()
        && path.iter().zip(&value).all(|(wanted, component)| {
            let special = wanted.iter().any(|byte| b"?*[".contains(byte));
            if special { glob(wanted, component, false) } else { wanted == component }
        })
}

fn fold(byte: u8, folds: bool) -> u8 {
    if folds { byte.to_ascii_lowercase() } else { byte }
}

/// Exponential, as the definition reads.
pub fn glob(pattern: &[u8], text: &[u8], folds: bool) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|skip| glob(rest, &text[skip..], folds)),
        [b'?', rest @ ..] => !text.is_empty() && glob(rest, &text[1..], folds),
        [b'\\'] => false,
        [b'\\', literal, rest @ ..] => one(*literal, rest, text, folds),
        [b'[', rest @ ..] => match set(rest) {
            Some((negated, ranges, rest)) => {
                let Some((first, others)) = text.split_first() else { return false };
                let first = fold(*first, folds);
                let inside = ranges
                    .iter()
                    .any(|(low, high)| (fold(*low, folds)..=fold(*high, folds)).contains(&first));
                inside != negated && glob(rest, others, folds)
            }
            // Not closed: a literal, unless a backslash is the pattern's last byte.
            None => !ends_in_escape(rest) && one(b'[', rest, text, folds),
        },
        [literal, rest @ ..] => one(*literal, rest, text, folds),
    }
}

fn one(literal: u8, rest: &[u8], text: &[u8], folds: bool) -> bool {
    let Some((first, others)) = text.split_first() else { return false };
    fold(*first, folds) == fold(literal, folds) && glob(rest, others, folds)
}

fn ends_in_escape(pattern: &[u8]) -> bool {
    pattern.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

type Set<'a> = (bool, Vec<(u8, u8)>, &'a [u8]);

/// What stands in brackets; classes (`[:alpha:]`) are not made by the generator.
fn set(mut rest: &[u8]) -> Option<Set<'_>> {
    let negated = matches!(rest.first(), Some(b'!' | b'^'));
    if negated {
        rest = &rest[1..];
    }
    let mut ranges = Vec::new();
    let mut first = true;
    loop {
        if rest.first()? == &b']' && !first {
            return Some((negated, ranges, &rest[1..]));
        }
        first = false;
        let low = member(&mut rest)?;
        let mut high = low;
        if rest.first() == Some(&b'-') && rest.get(1).is_some_and(|byte| *byte != b']') {
            rest = &rest[1..];
            high = member(&mut rest)?;
        }
        ranges.push((low, high));
    }
}

fn member(rest: &mut &[u8]) -> Option<u8> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    if *first != b'\\' {
        return Some(*first);
    }
    let (escaped, others) = rest.split_first()?;
    *rest = others;
    Some(*escaped)
}
