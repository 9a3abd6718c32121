use std::time::Duration;
use std::time::Instant;

use super::matches;

/// Pattern, text, glibc's answer without flags and with `FNM_CASEFOLD`, in the C locale.
const TABLE: &str = include_str!("fnmatch.tsv");

#[test]
fn the_table_of_fnmatch_results_is_met() {
    let mut wrong = Vec::new();
    for line in TABLE.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [pattern, text, plain, folded] = columns[..] else { panic!("{line:?}") };
        for (fold, expected) in [(false, plain), (true, folded)] {
            if matches(pattern.as_bytes(), text.as_bytes(), fold) != (expected == "yes") {
                wrong.push(format!("{pattern} {text} fold {fold}: {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn bad_patterns_take_bounded_time() {
    let text = vec![b'a'; 4096];
    let start = Instant::now();
    for pattern in [
        "*a".repeat(500) + "b",
        "*[ab]".repeat(500) + "c",
        "*?a".repeat(500) + "b*c",
        "a*".repeat(2000) + "b",
    ] {
        assert!(!matches(pattern.as_bytes(), &text, false));
        assert!(!matches(pattern.as_bytes(), &text, true));
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}
