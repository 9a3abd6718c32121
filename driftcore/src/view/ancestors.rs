//! The ancestors of a process, the parent first.

use crate::enrich::Program;
use crate::fields::Value;
use crate::fields::Values;

/// Longest chain that is looked at.
pub(super) const DEPTH: usize = 16;

/// One ancestor.
#[derive(Clone, Copy, Debug)]
pub struct Relative<'a> {
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// What it runs.
    pub program: &'a Program,
}

/// The ancestors of a process, the parent first; at most 16.
#[derive(Clone, Copy, Debug)]
pub struct Ancestors<'a> {
    chain: [Option<Relative<'a>>; DEPTH],
    len: usize,
}

impl Default for Ancestors<'_> {
    fn default() -> Self {
        NONE
    }
}

/// Of a process that is not known.
pub(super) const NONE: Ancestors<'static> = Ancestors { chain: [None; DEPTH], len: 0 };

impl<'a> Ancestors<'a> {
    /// The first of these.
    pub fn new(relatives: impl IntoIterator<Item = Relative<'a>>) -> Self {
        let mut ancestors = Self::default();
        for (place, relative) in ancestors.chain.iter_mut().zip(relatives) {
            *place = Some(relative);
            ancestors.len += 1;
        }
        ancestors
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True when there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The ancestor at `index`, 0 for the parent.
    pub fn get(&self, index: usize) -> Option<Relative<'a>> {
        self.chain.get(index).copied().flatten()
    }
}

/// One property of all ancestors, as a list-valued field gives it.
pub(super) struct Property<'a> {
    ancestors: &'a Ancestors<'a>,
    of: fn(Relative<'a>) -> Value<'a>,
}

impl<'a> Property<'a> {
    pub(super) const fn new(
        ancestors: &'a Ancestors<'a>,
        of: fn(Relative<'a>) -> Value<'a>,
    ) -> Self {
        Self { ancestors, of }
    }

    pub(super) fn one(&self, relative: Relative<'a>) -> Value<'a> {
        (self.of)(relative)
    }
}

impl Values for Property<'_> {
    fn len(&self) -> usize {
        self.ancestors.len()
    }

    fn get(&self, index: usize) -> Value<'_> {
        self.ancestors.get(index).map_or(Value::Missing, self.of)
    }
}
