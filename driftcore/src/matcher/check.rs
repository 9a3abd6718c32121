//! The compiled form of a test.

use crate::fields::Argument;
use crate::fields::Multiplicity;
use crate::fields::Value;

use super::condition::Constant;
use super::condition::Operand;
use super::condition::Order;
use super::condition::Relation;
use super::networks::Networks;
use super::paths::Paths;
use super::radix::Radix;
use super::substrings::Substrings;
use super::values::Kind;
use super::values::ValueIds;

/// What tests look at: a field or something computed, once for all rules.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) operand: Operand,
    pub(super) multiplicity: Multiplicity,
}

impl Input {
    pub(super) fn new(operand: &Operand) -> Self {
        Self { operand: operand.clone(), multiplicity: multiplicity(operand) }
    }
}

fn multiplicity(operand: &Operand) -> Multiplicity {
    match operand {
        Operand::Field(field) => match (field.id.field().multiplicity, &field.argument) {
            // An index picks one of the values.
            (Multiplicity::Ancestors | Multiplicity::List, Some(Argument::Index(_))) => {
                Multiplicity::One
            }
            (multiplicity, _) => multiplicity,
        },
        Operand::List(_) | Operand::Transformed { .. } => Multiplicity::List,
        Operand::Text(_) | Operand::Number(_) => Multiplicity::One,
    }
}

/// Finds, in one pass over an input, which of many constants it meets.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) input: u32,
    pub(super) finder: Finder,
}

#[derive(Debug)]
pub(super) enum Finder {
    Values(ValueIds),
    Prefixes(Radix<false>),
    Suffixes(Radix<true>),
    Substrings(Substrings),
    Paths(Paths),
}

/// One test, equal for all rules that have it.
#[derive(Debug)]
pub(super) enum Check {
    Exists {
        input: u32,
    },
    /// The value has this number.
    Equal {
        machine: u32,
        id: u32,
        quantifier: Quantifier,
    },
    /// The value is of this type and has another number.
    NotEqual {
        machine: u32,
        id: u32,
        kind: Kind,
        quantifier: Quantifier,
    },
    /// The value has one of these numbers (sorted).
    Among {
        machine: u32,
        ids: Box<[u32]>,
        quantifier: Quantifier,
    },
    Networks {
        input: u32,
        networks: Networks,
        negated: bool,
        quantifier: Quantifier,
    },
    Order {
        input: u32,
        order: Order,
        constant: Constant,
        quantifier: Quantifier,
    },
    /// The machine found this atom.
    Found {
        machine: u32,
        atom: u32,
    },
    /// Looked at only when the machine found the atom, a literal of the pattern.
    Glob {
        input: u32,
        gate: Option<(u32, u32)>,
        pattern: Box<[u8]>,
        fold: bool,
        quantifier: Quantifier,
    },
    Regex {
        set: u32,
        pattern: u32,
    },
    With {
        input: u32,
        relation: Relation,
        right: Operand,
        quantifier: Quantifier,
    },
}

impl Check {
    /// Rank by cost: of tests that must all hold, the cheaper ones are asked first.
    pub(super) const fn cost(&self) -> u8 {
        match self {
            Check::Exists { .. } => 0,
            Check::Equal { .. } | Check::NotEqual { .. } | Check::Among { .. } => 1,
            Check::Order { .. } | Check::Networks { .. } => 2,
            Check::Found { .. } => 3,
            Check::Glob { .. } => 4,
            Check::With { .. } => 5,
            Check::Regex { .. } => 6,
        }
    }
}

/// How the answers for several values become one. A value that does not fit the test is as if it
/// was not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// True for at least one.
    Any,
    /// True for every one, and when there is none. One that does not fit makes it false.
    All,
    /// True for every one that fits, and there is such a one.
    Every,
    /// The test does not take lists.
    Never,
}

/// Kinds of comparisons that differ in what they mean for several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    NotEqual,
    In,
    Intersects,
    Other,
}

impl Quantifier {
    pub(super) const fn of(multiplicity: Multiplicity, way: Way) -> Self {
        match (multiplicity, way) {
            (Multiplicity::Ends, Way::NotEqual) => Self::Every,
            (Multiplicity::Ancestors | Multiplicity::Ends, _)
            | (Multiplicity::List, Way::Intersects) => Self::Any,
            (Multiplicity::List, Way::In) => Self::All,
            _ => Self::Never,
        }
    }

    /// Joins the answers; `None` stands for a value that does not fit.
    pub(super) fn join(self, mut answers: impl Iterator<Item = Option<bool>>) -> bool {
        match self {
            Self::Any => answers.any(|answer| answer == Some(true)),
            Self::All => answers.all(|answer| answer == Some(true)),
            Self::Every => {
                let mut some = false;
                for answer in answers {
                    match answer {
                        Some(false) => return false,
                        Some(true) => some = true,
                        None => {}
                    }
                }
                some
            }
            Self::Never => false,
        }
    }

    /// Asks of the value, or of each value of a list.
    pub(super) fn ask(
        self,
        value: Value<'_>,
        mut ask: impl FnMut(Value<'_>) -> Option<bool>,
    ) -> bool {
        match value {
            Value::Missing => false,
            Value::List(values) => self.join((0..values.len()).map(|index| ask(values.get(index)))),
            value => ask(value) == Some(true),
        }
    }
}
