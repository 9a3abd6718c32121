//! The order of the versions of gems.

use std::cmp::Ordering;

use crate::package::number::Number;

/// Compares two versions as RubyGems does. Those that are none are equal to all: nothing can be
/// said.
pub(super) fn order(one: &[u8], two: &[u8]) -> Ordering {
    let (Some(one), Some(two)) = (segments(one), segments(two)) else {
        return Ordering::Equal;
    };
    let none = Segment::Number(Number::ZERO);
    let length = one.len().max(two.len());
    let pairs = (0..length).map(|at| (one.get(at).unwrap_or(&none), two.get(at).unwrap_or(&none)));
    pairs.map(|(one, two)| one.cmp(two)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Letters are before numbers, a number of fewer digits before one of more.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Letters(&'a [u8]),
    Number(Number<'a>),
}

impl Segment<'_> {
    fn is_zero(&self) -> bool {
        matches!(self, Self::Number(number) if number.is_zero())
    }
}

/// The runs of digits and letters, without the zeros before the first letters and at the end.
/// `None` when it is no version.
fn segments(text: &[u8]) -> Option<Vec<Segment<'_>>> {
    let mut all: Vec<Segment<'_>> = Vec::new();
    let mut letters = false;
    let mut rest = text.trim_ascii();
    while let Some(&first) = rest.first() {
        let digits = first.is_ascii_digit();
        let kind = if digits { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
        let end = rest.iter().position(|byte| !kind(byte)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        match first {
            b'.' => rest = after.get(1..)?,
            // What is behind a hyphen comes before the version.
            b'-' => {
                drop_zeros(&mut all, letters);
                letters = true;
                all.push(Segment::Letters(b"pre"));
                rest = after.get(1..)?;
            }
            _ if run.is_empty() => return None,
            _ => {
                if !digits {
                    drop_zeros(&mut all, letters);
                    letters = true;
                }
                all.push(if digits {
                    Segment::Number(Number::of(run))
                } else {
                    Segment::Letters(run)
                });
                rest = after;
            }
        }
    }
    drop_zeros(&mut all, false);
    Some(all)
}

/// Drops zeros at the end, unless letters came already.
fn drop_zeros(segments: &mut Vec<Segment<'_>>, letters: bool) {
    while !letters && segments.last().is_some_and(Segment::is_zero) {
        segments.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_are_in_the_order_that_rubygems_says() {
        let table = include_str!("../../../testdata/packages/languages/gem.tsv");
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

    proptest! {
        #[test]
        fn any_text_gets_an_answer(one in "[0-9a-c.-]{0,8}", two in "[0-9a-c.-]{0,8}|.{0,4}") {
            let (one, two) = (one.as_bytes(), two.as_bytes());
            prop_assert_eq!(order(one, two), order(two, one).reverse());
        }
    }
}
