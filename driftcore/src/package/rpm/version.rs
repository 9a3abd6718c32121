//! The order of RPM's versions.

use std::cmp::Ordering;

use crate::package::number::Number;

/// Compares two texts `[epoch:]version[-release]` as RPM does: no epoch is 0, and no release is
/// before any.
pub(super) fn order(one: &[u8], two: &[u8]) -> Ordering {
    let (one, two) = (Parts::of(one), Parts::of(two));
    let release = || match (one.release, two.release) {
        (Some(one), Some(two)) => segments(one, two),
        (one, two) => one.is_some().cmp(&two.is_some()),
    };
    Number::of(one.epoch)
        .cmp(&Number::of(two.epoch))
        .then_with(|| segments(one.version, two.version))
        .then_with(release)
}

struct Parts<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a [u8]) -> Self {
        let colon = text.iter().position(|byte| !byte.is_ascii_digit());
        let (epoch, text) = match colon.map(|at| text.split_at(at)) {
            Some((epoch, [b':', rest @ ..])) => (epoch, rest),
            _ => (&b""[..], text),
        };
        let (version, release) = match memchr::memrchr(b'-', text).map(|at| text.split_at(at)) {
            Some((version, [_, release @ ..])) => (version, Some(release)),
            _ => (text, None),
        };
        Self { epoch, version, release }
    }
}

/// Runs of digits and of letters are compared one after the other. What is neither parts them, but
/// for `~`, which is before even the end, and `^`, which is behind the end and before all else.
fn segments(mut one: &[u8], mut two: &[u8]) -> Ordering {
    loop {
        (one, two) = (skip(one), skip(two));
        let heads = (one.first().copied(), two.first().copied());
        match heads {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => {
                (one, two) = (one.get(1..).unwrap_or_default(), two.get(1..).unwrap_or_default());
                continue;
            }
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), _) => return Ordering::Less,
            (_, Some(b'^')) => return Ordering::Greater,
            (None, None) => return Ordering::Equal,
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            (Some(head), Some(other)) => {
                let digits = head.is_ascii_digit();
                if digits != other.is_ascii_digit() {
                    // Numbers are later than letters.
                    return if digits { Ordering::Greater } else { Ordering::Less };
                }
                let kind = if digits { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
                let (ours, rest) = run(one, kind);
                let (theirs, other_rest) = run(two, kind);
                let order = if digits {
                    Number::of(ours).cmp(&Number::of(theirs))
                } else {
                    ours.cmp(theirs)
                };
                if order != Ordering::Equal {
                    return order;
                }
                (one, two) = (rest, other_rest);
            }
        }
    }
}

fn skip(text: &[u8]) -> &[u8] {
    let kept = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'^');
    text.iter().position(kept).and_then(|at| text.get(at..)).unwrap_or_default()
}

fn run(text: &[u8], kind: fn(&u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !kind(byte)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_the_order_that_rpm_says() {
        let table = include_str!("../../../testdata/packages/rpm/versions.tsv");
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
    fn epochs_come_first_and_releases_last() {
        for (one, two, expected) in [
            ("1:1.0-1", "2.0-1", Ordering::Greater),
            ("0:1.0-1", "1.0-1", Ordering::Equal),
            ("1.0-2", "1.0", Ordering::Greater),
            ("1.0-2", "1.0-10", Ordering::Less),
            ("1.0~rc1-1", "1.0-1", Ordering::Less),
            ("1.0^git1-1", "1.0-1", Ordering::Greater),
        ] {
            assert_eq!(order(one.as_bytes(), two.as_bytes()), expected, "{one} {two}");
            assert_eq!(order(two.as_bytes(), one.as_bytes()), expected.reverse(), "{one} {two}");
        }
    }
}
