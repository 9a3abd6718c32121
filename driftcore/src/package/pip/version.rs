//! The order of Python's versions, by PEP 440.
//!
//! By hand: the crates for it bring the whole language of requirements, and take text alone.

use std::cmp::Ordering;

use crate::package::number::Number;

/// Compares two versions. Those that are none are equal to all: nothing can be said.
pub(super) fn order(one: &[u8], two: &[u8]) -> Ordering {
    match (Version::parse(one), Version::parse(two)) {
        (Some(one), Some(two)) => one.cmp(&two),
        _ => Ordering::Equal,
    }
}

/// `[epoch!]release[pre][.post][.dev][+local]`, its parts in the order in which they count.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version<'a> {
    epoch: Number<'a>,
    /// Without zeros at its end.
    release: Vec<Number<'a>>,
    pre: Pre<'a>,
    post: Option<Number<'a>>,
    dev: Dev<'a>,
    local: Vec<Local<'a>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pre<'a> {
    /// Of a `.dev` with neither pre nor post release: before all of them.
    BeforeAll,
    Alpha(Number<'a>),
    Beta(Number<'a>),
    Candidate(Number<'a>),
    None,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Dev<'a> {
    Of(Number<'a>),
    None,
}

/// A part of the local version; letters are before numbers.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Local<'a> {
    Letters(Vec<u8>),
    Number(Number<'a>),
}

impl<'a> Version<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let text = text.strip_prefix(b"v").or(text.strip_prefix(b"V")).unwrap_or(text);
        let (public, local) = match memchr::memchr(b'+', text) {
            Some(plus) => (text.get(..plus)?, Some(text.get(plus + 1..)?)),
            None => (text, None),
        };
        let mut rest = Rest(public);
        let mut first = rest.digits()?;
        let mut epoch = Number::of(b"0");
        if let Some(after) = rest.0.strip_prefix(b"!") {
            epoch = Number::of(first);
            rest = Rest(after);
            first = rest.digits()?;
        }
        let mut release = vec![Number::of(first)];
        while let Some([b'.', digit, ..]) = rest.0.first_chunk::<2>().map(|head| &head[..])
            && digit.is_ascii_digit()
        {
            rest.0 = rest.0.get(1..)?;
            release.push(Number::of(rest.digits()?));
        }
        while release.last().is_some_and(|last| last.is_zero()) {
            release.pop();
        }
        let pre = rest.part(&[
            (b"alpha", 0),
            (b"a", 0),
            (b"beta", 1),
            (b"b", 1),
            (b"preview", 2),
            (b"pre", 2),
            (b"rc", 2),
            (b"c", 2),
        ]);
        let post = match rest.0.strip_prefix(b"-") {
            // `1.0-1` is a post release too.
            Some(after) if after.first().is_some_and(u8::is_ascii_digit) => {
                rest.0 = after;
                Some(Number::of(rest.digits()?))
            }
            _ => rest.part(&[(b"post", 0), (b"rev", 0), (b"r", 0)]).map(|(_, number)| number),
        };
        let dev = rest.part(&[(b"dev", 0)]);
        if !rest.0.is_empty() {
            return None;
        }
        let pre = match pre {
            Some((0, number)) => Pre::Alpha(number),
            Some((1, number)) => Pre::Beta(number),
            Some((_, number)) => Pre::Candidate(number),
            None if post.is_none() && dev.is_some() => Pre::BeforeAll,
            None => Pre::None,
        };
        let dev = dev.map_or(Dev::None, |(_, number)| Dev::Of(number));
        let local = local.map_or(Some(Vec::new()), local_parts)?;
        Some(Self { epoch, release, pre, post, dev, local })
    }
}

fn local_parts(text: &[u8]) -> Option<Vec<Local<'_>>> {
    let parts = text.split(|byte| matches!(byte, b'.' | b'-' | b'_'));
    let part = |part: &'_ [u8]| -> Option<()> {
        (!part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric)).then_some(())
    };
    parts
        .map(|text| {
            part(text)?;
            Some(if text.iter().all(u8::is_ascii_digit) {
                Local::Number(Number::of(text))
            } else {
                Local::Letters(text.to_ascii_lowercase())
            })
        })
        .collect()
}

/// What of a version is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn digits(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        (!digits.is_empty()).then_some(digits)
    }

    /// `[separator]letters[separator][number]`, where the letters are one of these.
    fn part(&mut self, words: &[(&[u8], u8)]) -> Option<(u8, Number<'a>)> {
        let start = without_separator(self.0);
        let word = |(word, _): &&(&[u8], u8)| {
            start.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
        };
        let (word, meaning) = words.iter().find(word)?;
        let mut rest = Self(start.get(word.len()..)?);
        let mut after = Self(without_separator(rest.0));
        let digits = after.digits();
        if digits.is_some() {
            rest = after;
        }
        self.0 = rest.0;
        Some((*meaning, Number::of(digits.unwrap_or_default())))
    }
}

fn without_separator(text: &[u8]) -> &[u8] {
    match text {
        [b'.' | b'-' | b'_', rest @ ..] => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_are_in_the_order_that_packaging_says() {
        let table = include_str!("../../../testdata/packages/languages/pip.tsv");
        let mut cases = 0;
        for line in table.lines() {
            let [one, two, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let expected = expected.parse::<i32>().unwrap().cmp(&0);
            assert_eq!(order(one.as_bytes(), two.as_bytes()), expected, "{line}");
            cases += 1;
        }
        assert!(cases > 300, "{cases}");
    }

    #[test]
    fn what_is_no_version_has_no_order() {
        for none in ["", "one", "1.0x", "1..0", "1.0+", "1.0+a..b", "1!", "!1"] {
            assert_eq!(Version::parse(none.as_bytes()), None, "{none}");
            assert_eq!(order(none.as_bytes(), b"1.0"), Ordering::Equal);
        }
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(
            one in "[0-9a-z.+!_-]{0,12}",
            two in "[0-9]\\.[0-9](a|rc|dev|post|-|\\+)?[0-9]?",
        ) {
            prop_assert_eq!(
                order(one.as_bytes(), two.as_bytes()),
                order(two.as_bytes(), one.as_bytes()).reverse()
            );
        }
    }
}
