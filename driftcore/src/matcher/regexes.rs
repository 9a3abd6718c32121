//! All regular expressions of one input in one automaton.

use regex_automata::Input;
use regex_automata::MatchKind;
use regex_automata::PatternID;
use regex_automata::PatternSet;
use regex_automata::meta;
use regex_automata::meta::BuildError;
use regex_automata::meta::Cache;
use regex_automata::meta::Config;
use regex_automata::meta::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;
use regex_syntax::hir::Look;

use super::limits::CompileError;
use super::limits::Limits;

/// Expressions that are matched together, each against the whole text, in linear time.
#[derive(Debug)]
pub(super) struct Regexes {
    pub(super) input: u32,
    /// As they were written.
    pub(super) patterns: Vec<Box<str>>,
    regex: Regex,
}

/// What one thread needs to match them.
#[derive(Debug)]
pub(super) struct RegexState {
    pub(super) epoch: u32,
    cache: Cache,
    matched: PatternSet,
}

/// The expression as it stands, to be matched from the text's start to its end.
fn parse(pattern: &str) -> Result<Hir, String> {
    let hir = ParserBuilder::new().build().parse(pattern).map_err(|error| error.to_string())?;
    Ok(Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]))
}

fn refused(pattern: &[u8], reason: String) -> CompileError {
    let mut shown = String::from_utf8_lossy(pattern).into_owned();
    if let Some((end, _)) = shown.char_indices().nth(80) {
        shown.truncate(end);
        shown.push_str("...");
    }
    CompileError::Regex { pattern: shown, reason }
}

fn build(parsed: &[Hir], limits: &Limits) -> Result<Regex, Box<BuildError>> {
    let config =
        Config::new().match_kind(MatchKind::All).nfa_size_limit(Some(limits.regex)).onepass(false);
    meta::Builder::new().configure(config).build_many_from_hir(parsed).map_err(Box::new)
}

/// Names the first expression that does not fit beside those before it.
fn too_large(
    error: &BuildError,
    patterns: &[Box<[u8]>],
    parsed: &[Hir],
    limits: &Limits,
) -> CompileError {
    let (mut fits, mut fails) = (0, parsed.len());
    while fits + 1 < fails {
        let middle = fits.midpoint(fails);
        if parsed.get(..middle).is_some_and(|some| build(some, limits).is_ok()) {
            fits = middle;
        } else {
            fails = middle;
        }
    }
    let reason = match error.size_limit() {
        Some(size) => format!("the automaton of this field's expressions exceeds {size} bytes"),
        None => error.to_string(),
    };
    refused(patterns.get(fits).map_or(&[][..], |pattern| pattern), reason)
}

impl Regexes {
    pub(super) fn new(
        input: u32,
        patterns: &[Box<[u8]>],
        limits: &Limits,
    ) -> Result<Self, CompileError> {
        let mut parsed = Vec::with_capacity(patterns.len());
        let mut texts = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let text = str::from_utf8(pattern)
                .map_err(|_| refused(pattern, "is not valid UTF-8".to_owned()))?;
            texts.push(text.into());
            parsed.push(parse(text).map_err(|reason| refused(pattern, reason))?);
        }
        match build(&parsed, limits) {
            Ok(regex) => Ok(Self { input, patterns: texts, regex }),
            Err(error) => Err(too_large(&error, patterns, &parsed, limits)),
        }
    }

    pub(super) fn state(&self) -> RegexState {
        RegexState {
            epoch: 0,
            cache: self.regex.create_cache(),
            matched: PatternSet::new(self.regex.pattern_len()),
        }
    }

    /// Adds the expressions that match this text. What is not UTF-8 in it counts as U+FFFD;
    /// `clean` is room for such a copy.
    pub(super) fn search(&self, text: &[u8], state: &mut RegexState, clean: &mut Vec<u8>) {
        let text = if str::from_utf8(text).is_ok() {
            text
        } else {
            clean.clear();
            for chunk in text.utf8_chunks() {
                clean.extend_from_slice(chunk.valid().as_bytes());
                if !chunk.invalid().is_empty() {
                    clean.extend_from_slice("\u{fffd}".as_bytes());
                }
            }
            &clean[..]
        };
        let input = Input::new(text);
        // With the thread's own cache: no pool, no lock.
        self.regex.which_overlapping_matches_with(&mut state.cache, &input, &mut state.matched);
    }
}

impl RegexState {
    /// Begins a new event.
    pub(super) fn begin(&mut self, epoch: u32) {
        self.epoch = epoch;
        self.matched.clear();
    }

    pub(super) fn matched(&self, pattern: u32) -> bool {
        PatternID::new(pattern as usize).is_ok_and(|pattern| self.matched.contains(pattern))
    }
}
