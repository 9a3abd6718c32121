//! Debian's order of versions, as `deb-version(7)` has it.

use std::cmp::Ordering;

use crate::package::number::Number;

/// Which of two versions `[epoch:]upstream[-revision]` is the later one.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (Version::of(a), Version::of(b));
    Number::of(a.epoch)
        .cmp(&Number::of(b.epoch))
        .then_with(|| compare_part(a.upstream, b.upstream))
        .then_with(|| compare_part(a.revision, b.revision))
}

struct Version<'a> {
    epoch: &'a [u8],
    upstream: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Version<'a> {
    fn of(text: &'a [u8]) -> Self {
        let text = text.trim_ascii();
        let (epoch, rest) = split_at(text, memchr::memchr(b':', text)).unwrap_or((b"", text));
        let (upstream, revision) =
            split_at(rest, memchr::memrchr(b'-', rest)).unwrap_or((rest, b""));
        Self { epoch, upstream, revision }
    }
}

/// What is before and what is after the byte at a place.
fn split_at(text: &[u8], at: Option<usize>) -> Option<(&[u8], &[u8])> {
    let (before, from) = text.split_at_checked(at?)?;
    Some((before, from.get(1..)?))
}

/// Runs of other characters and of digits are compared in turn.
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (words, numbers);
        (words, a) = take(a, |byte| !byte.is_ascii_digit());
        let (other_words, other_numbers);
        (other_words, b) = take(b, |byte| !byte.is_ascii_digit());
        (numbers, a) = take(a, |byte| byte.is_ascii_digit());
        (other_numbers, b) = take(b, |byte| byte.is_ascii_digit());
        let order = compare_words(words, other_words)
            .then_with(|| Number::of(numbers).cmp(&Number::of(other_numbers)));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn take(text: &[u8], of: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let length = text.iter().position(|&byte| !of(byte)).unwrap_or(text.len());
    text.split_at(length)
}

/// `~` comes before the end, letters before all else.
fn compare_words(a: &[u8], b: &[u8]) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(&byte) if byte.is_ascii_alphabetic() => i32::from(byte),
        Some(&byte) => i32::from(byte) + 256,
    };
    (0..a.len().max(b.len()))
        .map(|at| weight(a.get(at)).cmp(&weight(b.get(at))))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_have_debians_order() {
        let ascending = [
            "0~",
            "0",
            "0+b1",
            "1.0~rc1",
            "1.0~rc1+x",
            "1.0",
            "1.0-1~deb12u1",
            "1.0-1",
            "1.0-1+b1",
            "1.0-2",
            "1.0-10",
            "1.0a",
            "1.0+dfsg",
            "1.00001-3",
            "1.2",
            "1.10",
            "1:0.5",
            "1:1-1-1",
            "2:0~",
        ];
        for (index, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                // `1.00001-3` and `1.1` would be one; `1.00001-3` is after `1.0+...`.
                assert_eq!(compare(a.as_bytes(), b.as_bytes()), index.cmp(&other), "{a} {b}");
            }
        }
        assert_eq!(compare(b"0:1.0", b"1.0"), Ordering::Equal);
        assert_eq!(compare(b"1.0-0", b"1.0"), Ordering::Equal);
        assert_eq!(compare(b"1.01", b"1.1"), Ordering::Equal);
    }

    /// What dpkg itself says.
    fn dpkg(a: &str, b: &str) -> Option<Ordering> {
        let says = |operator: &str| {
            let arguments = ["--compare-versions", a, operator, b];
            Command::new("dpkg").args(arguments).status().ok().map(|status| status.success())
        };
        if says("lt")? {
            return Some(Ordering::Less);
        }
        Some(if says("eq")? { Ordering::Equal } else { Ordering::Greater })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
        #[test]
        fn dpkg_agrees(
            a in "([0-2]:)?[0-9]{1,2}([.+~a]{1,2}[0-9aZ~]{0,3}){0,3}(-[0-9a~+.]{1,3})?",
            b in "([0-2]:)?[0-9]{1,2}([.+~a]{1,2}[0-9aZ~]{0,3}){0,3}(-[0-9a~+.]{1,3})?",
        ) {
            // Where there is no dpkg nothing is compared with it.
            if let Some(expected) = dpkg(&a, &b) {
                prop_assert_eq!(compare(a.as_bytes(), b.as_bytes()), expected, "{} {}", a, b);
            }
        }

        #[test]
        fn any_bytes_have_an_order(a: Vec<u8>, b: Vec<u8>) {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
        }
    }
}
