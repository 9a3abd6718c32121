//! Alpine's order of versions, as `apk-package(5)` has it:
//! `number{.number}[letter]{_suffix[number]}[~commit][-r number]`.

use std::cmp::Ordering;

use crate::package::number::Number;

/// Suffixes before the version that they are appended to, and behind it, each in their order.
const BEFORE: [&[u8]; 4] = [b"alpha", b"beta", b"pre", b"rc"];
const BEHIND: [&[u8]; 5] = [b"cvs", b"svn", b"git", b"hg", b"p"];

/// What a version is made of. Where two versions differ in what comes next, the one whose part is
/// greater in this order is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    /// `_alpha`, `_rc`: an earlier version than without it.
    Before(usize),
    End,
    /// What no version may have. It comes after the end, so that all versions have an order.
    Other(&'a [u8]),
    Revision(Number<'a>),
    Commit(&'a [u8]),
    Behind(usize),
    /// The number of a suffix.
    Suffix(Number<'a>),
    Letter(u8),
    /// Behind a dot, and with a zero in front: as the digits of a fraction are.
    Fraction(&'a [u8]),
    Number(Number<'a>),
}

/// Which of two versions is the later one.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (Parts::of(a), Parts::of(b));
    loop {
        let (ours, theirs) = (a.next(), b.next());
        let order = ours.cmp(&theirs);
        if order.is_ne() || ours == Part::End {
            return order;
        }
    }
}

/// Takes a version apart.
struct Parts<'a> {
    rest: &'a [u8],
    at: At,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Numbers,
    Suffix,
    Behind,
}

impl<'a> Parts<'a> {
    fn of(version: &'a [u8]) -> Self {
        Self { rest: version.trim_ascii(), at: At::Start }
    }

    fn next(&mut self) -> Part<'a> {
        let Some((&first, behind)) = self.rest.split_first() else { return Part::End };
        if first.is_ascii_digit() {
            match self.at {
                At::Start => {
                    self.at = At::Numbers;
                    return Part::Number(Number::of(self.digits()));
                }
                At::Suffix => {
                    self.at = At::Behind;
                    return Part::Suffix(Number::of(self.digits()));
                }
                At::Numbers | At::Behind => {}
            }
        }
        match first {
            b'.' if self.at == At::Numbers && starts_with_digit(behind) => {
                self.rest = behind;
                let digits = self.digits();
                if digits.len() > 1 && digits.starts_with(b"0") {
                    Part::Fraction(digits)
                } else {
                    Part::Number(Number::of(digits))
                }
            }
            b'a'..=b'z' if self.at == At::Numbers => {
                self.rest = behind;
                self.at = At::Behind;
                Part::Letter(first)
            }
            b'_' if self.at != At::Start => match suffix(behind) {
                Some((part, rest)) => {
                    self.rest = rest;
                    self.at = At::Suffix;
                    part
                }
                None => self.other(),
            },
            b'~' if self.at != At::Start => {
                let length = behind.iter().position(|byte| !byte.is_ascii_hexdigit());
                let (commit, rest) = behind.split_at(length.unwrap_or(behind.len()));
                self.rest = rest;
                self.at = At::Behind;
                Part::Commit(commit)
            }
            b'-' if self.at != At::Start
                && behind.strip_prefix(b"r").is_some_and(starts_with_digit) =>
            {
                self.rest = behind.get(1..).unwrap_or_default();
                let revision = Number::of(self.digits());
                self.at = At::Behind;
                Part::Revision(revision)
            }
            _ => self.other(),
        }
    }

    fn digits(&mut self) -> &'a [u8] {
        let length = self.rest.iter().position(|byte| !byte.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(length.unwrap_or(self.rest.len()));
        self.rest = rest;
        digits
    }

    fn other(&mut self) -> Part<'a> {
        Part::Other(std::mem::take(&mut self.rest))
    }
}

fn starts_with_digit(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

fn suffix(text: &[u8]) -> Option<(Part<'_>, &[u8])> {
    let length = text.iter().position(|byte| !byte.is_ascii_lowercase());
    let (name, rest) = text.split_at(length.unwrap_or(text.len()));
    let before = BEFORE.iter().position(|&suffix| suffix == name).map(Part::Before);
    let behind = || BEHIND.iter().position(|&suffix| suffix == name).map(Part::Behind);
    Some((before.or_else(behind)?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_have_alpines_order() {
        let ascending = [
            "0.9",
            "1_alpha",
            "1_alpha2",
            "1_alpha10",
            "1_beta",
            "1_pre",
            "1_rc1",
            "1_rc1-r1",
            "1",
            "1-r0",
            "1-r1",
            "1-r10",
            "1~ab12",
            "1_git20200101",
            "1_p1",
            "1_p2",
            "1a",
            "1b",
            "1.01",
            "1.010",
            "1.02",
            "1.0",
            "1.1",
            "1.2-r9",
            "1.10",
            "1.10.1",
            "2",
            "10",
            "20240101",
        ];
        for (index, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(compare(a.as_bytes(), b.as_bytes()), index.cmp(&other), "{a} {b}");
            }
        }
        assert_eq!(compare(b"01", b"1"), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_order(
            a in "[0-9.a_lphrc~-]{0,12}",
            b in "[0-9.a_lphrc~-]{0,12}",
            c in "[0-9.a_lphrc~-]{0,12}",
            junk: Vec<u8>,
        ) {
            let compare = |a: &str, b: &str| compare(a.as_bytes(), b.as_bytes());
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
            super::compare(&junk, a.as_bytes());
        }
    }
}
