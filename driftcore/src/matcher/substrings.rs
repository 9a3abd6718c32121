//! All substrings that are sought in one input, found in one pass.

use aho_corasick::AhoCorasick;
use aho_corasick::AhoCorasickKind;
use aho_corasick::MatchKind;
use memchr::memmem::Finder;

use super::limits::CompileError;

/// Up to this many needles are sought one by one: vector instructions outrun the automaton.
const FEW: usize = 3;

/// Up to this many bytes of needles become a full table.
const SMALL: usize = 4096;

#[derive(Debug)]
pub(super) enum Substrings {
    Few(Vec<(Finder<'static>, u32)>),
    Many(Box<AhoCorasick>, Vec<u32>),
}

impl Substrings {
    /// Of needles with their numbers; the case of ASCII letters does not count with `fold`.
    pub(super) fn new(needles: &[(Box<[u8]>, u32)], fold: bool) -> Result<Self, CompileError> {
        if needles.len() <= FEW && !fold {
            let finder = |(needle, id): &(Box<[u8]>, u32)| (Finder::new(needle).into_owned(), *id);
            return Ok(Self::Few(needles.iter().map(finder).collect()));
        }
        // A full table is faster, and large for long needles.
        let small = needles.iter().map(|(needle, _)| needle.len()).sum::<usize>() <= SMALL;
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(fold)
            .kind(if small { None } else { Some(AhoCorasickKind::ContiguousNFA) })
            .build(needles.iter().map(|(needle, _)| needle));
        // Fails only when there are more states than fit 32 bits.
        let automaton = automaton
            .map_err(|_| CompileError::TooLarge { what: "bytes of needles", limit: 1 << 31 })?;
        Ok(Self::Many(Box::new(automaton), needles.iter().map(|(_, id)| *id).collect()))
    }

    /// Calls `found` with the number of each needle that the text holds, perhaps more than once.
    pub(super) fn search(&self, text: &[u8], mut found: impl FnMut(u32)) {
        match self {
            Self::Few(finders) => {
                for (finder, id) in finders {
                    if finder.find(text).is_some() {
                        found(*id);
                    }
                }
            }
            Self::Many(automaton, ids) => {
                for hit in automaton.find_overlapping_iter(text) {
                    if let Some(id) = ids.get(hit.pattern().as_usize()) {
                        found(*id);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(needles: &[&str], fold: bool, text: &str) -> Vec<u32> {
        let numbered: Vec<(Box<[u8]>, u32)> =
            needles.iter().zip(0..).map(|(needle, id)| (needle.as_bytes().into(), id)).collect();
        let mut found = Vec::new();
        Substrings::new(&numbered, fold).unwrap().search(text.as_bytes(), |id| found.push(id));
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn needles_inside_of_others_are_found_few_or_many() {
        let needles = ["abcd", "bc", "", "x", "cd", "d"];
        assert_eq!(found(&needles, false, "abcd"), [0, 1, 2, 4, 5]);
        assert_eq!(found(&needles[..3], false, "abcd"), [0, 1, 2]);
        assert_eq!(found(&needles, false, ""), [2]);
        assert_eq!(found(&["Bc", "D"], true, "aBCd"), [0, 1]);
    }
}
