//! The literal of a glob that every text it matches must hold.

use super::glob;

/// What is known of every text that a glob matches.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// It begins with this; `whole` when that is all that the glob asks.
    Prefix { text: Vec<u8>, whole: bool },
    /// It ends with this.
    Suffix { text: Vec<u8>, whole: bool },
    /// It holds this.
    Inner { text: Vec<u8>, whole: bool },
    /// Nothing useful.
    None,
}

/// A run of literal bytes.
struct Run {
    text: Vec<u8>,
    at_start: bool,
    at_end: bool,
}

/// The best literal of a glob.
pub(super) fn of(pattern: &[u8], fold: bool) -> Literal {
    let Some((runs, only_stars)) = runs(pattern) else { return Literal::None };
    let whole = only_stars && runs.len() == 1 && !fold && !pattern.contains(&b'\\');
    let stars = |begins: bool, ends: bool| {
        whole && pattern.starts_with(b"*") == begins && pattern.ends_with(b"*") == ends
    };
    let best = |minimum: usize, wanted: &dyn Fn(&Run) -> bool| {
        let fitting = runs.iter().filter(|run| wanted(run) && run.text.len() >= minimum);
        fitting.max_by_key(|run| run.text.len()).map(|run| run.text.clone())
    };
    if fold {
        return best(1, &|_| true)
            .map_or(Literal::None, |text| Literal::Inner { text, whole: false });
    }
    for minimum in [4, 1] {
        if let Some(text) = best(minimum, &|run| run.at_start) {
            return Literal::Prefix { text, whole: stars(false, true) };
        }
        if let Some(text) = best(minimum, &|run| run.at_end) {
            return Literal::Suffix { text, whole: stars(true, false) };
        }
        if let Some(text) = best(minimum, &|run| !run.at_start && !run.at_end) {
            return Literal::Inner { text, whole: stars(true, true) };
        }
    }
    Literal::None
}

/// The literal runs, and whether nothing but stars is between them; `None` when the pattern
/// matches nothing.
fn runs(pattern: &[u8]) -> Option<(Vec<Run>, bool)> {
    let mut runs = Vec::new();
    let mut text = Vec::new();
    let mut at_start = true;
    let mut only_stars = true;
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        let literal = match byte {
            b'*' | b'?' => {
                only_stars &= byte == b'*';
                None
            }
            b'\\' => {
                at += 1;
                Some(*pattern.get(at)?)
            }
            b'[' => match glob::bracket_end(pattern, at + 1)? {
                0 => Some(byte),
                end => {
                    only_stars = false;
                    at = end - 1;
                    None
                }
            },
            byte => Some(byte),
        };
        at += 1;
        match literal {
            Some(byte) => text.push(byte),
            None => {
                if !text.is_empty() {
                    let text = std::mem::take(&mut text);
                    runs.push(Run { text, at_start, at_end: false });
                }
                at_start = false;
            }
        }
    }
    if !text.is_empty() {
        runs.push(Run { text, at_start, at_end: true });
    }
    Some((runs, only_stars))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str, whole: bool) -> Literal {
        Literal::Prefix { text: text.into(), whole }
    }

    #[test]
    fn the_best_literal_is_found() {
        assert_eq!(of(b"/var/log/*", false), prefix("/var/log/", true));
        assert_eq!(of(b"/var/log/**", false), prefix("/var/log/", true));
        assert_eq!(of(b"/var/?", false), prefix("/var/", false));
        assert_eq!(of(b"/var", false), prefix("/var", false));
        assert_eq!(of(b"a*bcdef", false), Literal::Suffix { text: "bcdef".into(), whole: false });
        assert_eq!(of(b"*.so", false), Literal::Suffix { text: ".so".into(), whole: true });
        assert_eq!(of(b"*/ssh/*", false), Literal::Inner { text: "/ssh/".into(), whole: true });
        assert_eq!(of(b"*[*]*a?", false), Literal::Inner { text: "a".into(), whole: false });
        assert_eq!(of(b"\\*a[", false), prefix("*a[", false));
        assert_eq!(of(b"a\\*", false), prefix("a*", false));
        assert_eq!(of(b"*", false), Literal::None);
        assert_eq!(of(b"a*BCD", true), Literal::Inner { text: "BCD".into(), whole: false });
        assert_eq!(of(b"abc\\", false), Literal::None);
    }
}
