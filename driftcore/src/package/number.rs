//! Numbers in versions, which may have any number of digits.

use std::cmp::Ordering;

/// A number by its digits, without zeros before it: of two, the longer one is larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number<'a>(&'a [u8]);

impl<'a> Number<'a> {
    /// Zero; also of no digits.
    pub(super) const ZERO: Self = Self(b"");

    pub(super) fn of(digits: &'a [u8]) -> Self {
        let zeros = digits.iter().position(|&byte| byte != b'0').unwrap_or(digits.len());
        Self(digits.get(zeros..).unwrap_or_default())
    }

    pub(super) const fn is_zero(self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
