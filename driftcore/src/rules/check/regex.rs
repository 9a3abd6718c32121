//! Regular expressions, tried out when rules are loaded.

use regex_automata::meta;
use regex_automata::util::syntax;

/// Bytes of a pattern.
const LONGEST: usize = 16 << 10;

/// Bytes of a compiled pattern.
const LARGEST: usize = 2 << 20;

/// Levels of nesting in a pattern.
const DEEPEST: u32 = 100;

/// What is wrong with a pattern, if anything is: its text, or its size when compiled.
pub(super) fn fault(pattern: &[u8]) -> Option<String> {
    let Ok(pattern) = std::str::from_utf8(pattern) else {
        return Some("a pattern must be UTF-8".to_owned());
    };
    if pattern.len() > LONGEST {
        return Some(format!("a pattern may have {LONGEST} bytes, this one has {}", pattern.len()));
    }
    let config = meta::Config::new()
        .nfa_size_limit(Some(LARGEST))
        // Only what is always built is tried out: the rest gives up by itself where it is too large.
        .hybrid(false)
        .dfa(false)
        .onepass(false)
        .auto_prefilter(false);
    // As the matcher sets it: a pattern matches characters, never single bytes of one.
    let syntax = syntax::Config::new().nest_limit(DEEPEST);
    let mut builder = meta::Builder::new();
    builder.configure(config).syntax(syntax);
    // By itself first: `a)(b` must not become right by the parentheses that are put around it.
    for pattern in [pattern, &format!("\\A(?:{pattern})\\z")] {
        if let Err(error) = builder.build(pattern) {
            return Some(match (error.size_limit(), error.syntax_error()) {
                (Some(limit), _) => {
                    format!("the pattern is larger than {limit} bytes when compiled")
                }
                (_, Some(error)) => last_line(&error.to_string()),
                _ => last_line(&error.to_string()),
            });
        }
    }
    None
}

/// The parser draws a picture of the pattern above its message; the diagnostic draws its own.
fn last_line(message: &str) -> String {
    let line = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(message);
    line.trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_patterns_have_no_fault() {
        for pattern in ["", "a|ab", "(?i)ssh[dk]?", ".*", r"\d{1,3}(\.\d{1,3}){3}"] {
            assert_eq!(fault(pattern.as_bytes()), None, "{pattern}");
        }
    }

    #[test]
    fn faults_are_named_in_one_line() {
        for pattern in ["(", "a)(b", "[z-a]", "*", r"\8", "(?=a)", r"(?-u:\xff)", "x{5000}{5000}"] {
            let fault = fault(pattern.as_bytes()).expect(pattern);
            assert!(!fault.contains('\n') && fault.len() > 5, "{fault}");
        }
        assert!(fault(b"\xff").is_some());
        assert!(fault("a".repeat(20_000).as_bytes()).is_some());
        assert!(fault("(".repeat(5000).as_bytes()).is_some());
    }

    #[test]
    fn bombs_are_refused_at_once() {
        let start = std::time::Instant::now();
        for pattern in ["((a{100}){100}){100}", r"(\w{200}){200}", "(((.{50}){50}){50}){50}"] {
            assert!(fault(pattern.as_bytes()).is_some(), "{pattern}");
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(5));
    }
}
