//! What conditions mean, written for clarity: a walk over the tree for each rule and event. Shares
//! nothing with the program but the contract types. The fuzz target has it too.
// Each of those that include it uses a part.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod agree;
pub mod event;
pub mod generate;
mod text;
mod transform;

use std::cmp::Ordering;

use driftcore::fields::Argument;
use driftcore::fields::Multiplicity;
use driftcore::matcher::Comparison;
use driftcore::matcher::Condition;
use driftcore::matcher::Constant;
use driftcore::matcher::Operand;
use driftcore::matcher::Order;
use driftcore::matcher::Relation;
use driftcore::matcher::Test;

use event::List;
use event::Owned;
use event::PlainEvent;

/// Whether the condition is true for the event.
pub fn holds(condition: &Condition, event: &PlainEvent) -> bool {
    match condition {
        Condition::All(inner) => inner.iter().all(|inner| holds(inner, event)),
        Condition::Any(inner) => inner.iter().any(|inner| holds(inner, event)),
        Condition::One(inner) => inner.iter().filter(|inner| holds(inner, event)).count() == 1,
        Condition::Not(inner) => !holds(inner, event),
        Condition::Test(test) => test_holds(test, event),
    }
}

fn test_holds(test: &Test, event: &PlainEvent) -> bool {
    let left = transform::value(&test.left, event);
    // A missing value makes every test false.
    if left == Owned::Missing {
        return false;
    }
    let comparison = &test.comparison;
    if *comparison == Comparison::Exists {
        return true;
    }
    let right = match comparison {
        Comparison::With(_, operand) => transform::value(operand, event),
        _ => Owned::Missing,
    };
    let Owned::List(List(values)) = left else {
        return one_holds(&left, comparison, &right) == Some(true);
    };
    let results = values.iter().map(|value| one_holds(value, comparison, &right));
    let is_not_equal =
        matches!(comparison, Comparison::NotEqual(_) | Comparison::With(Relation::NotEqual, _));
    let is_in = matches!(comparison, Comparison::In(_) | Comparison::With(Relation::In, _));
    let is_intersects =
        matches!(comparison, Comparison::Intersects(_) | Comparison::With(Relation::Intersects, _));
    match multiplicity(&test.left) {
        // Any ancestor, for every operator.
        Multiplicity::Ancestors => results.into_iter().any(|result| result == Some(true)),
        // Both ends must differ; for the rest one end is enough.
        Multiplicity::Ends if is_not_equal => {
            let known: Vec<bool> = results.flatten().collect();
            !known.is_empty() && known.iter().all(|result| *result)
        }
        Multiplicity::Ends => results.into_iter().any(|result| result == Some(true)),
        // With nothing to compare with, a test is false even for an empty list.
        Multiplicity::List if is_in => {
            let compares = !matches!(comparison, Comparison::With(..)) || right != Owned::Missing;
            compares && results.into_iter().all(|result| result == Some(true))
        }
        Multiplicity::List if is_intersects => {
            results.into_iter().any(|result| result == Some(true))
        }
        _ => false,
    }
}

fn multiplicity(operand: &Operand) -> Multiplicity {
    match operand {
        Operand::Field(field) => {
            let multiplicity = field.id.field().multiplicity;
            let indexed = matches!(field.argument, Some(Argument::Index(_)));
            match multiplicity {
                Multiplicity::List | Multiplicity::Ancestors if indexed => Multiplicity::One,
                multiplicity => multiplicity,
            }
        }
        Operand::List(_) | Operand::Transformed { .. } => Multiplicity::List,
        _ => Multiplicity::One,
    }
}

/// One value against the right side; `None` when it is of another type.
fn one_holds(value: &Owned, comparison: &Comparison, right: &Owned) -> Option<bool> {
    match comparison {
        Comparison::Exists => Some(true),
        Comparison::Equal(constant) => equals_constant(value, constant),
        Comparison::NotEqual(constant) => Some(!equals_constant(value, constant)?),
        Comparison::Order(order, constant) => {
            Some(in_order(compare(value, &Owned::of(constant)?)?, *order))
        }
        Comparison::Text(test, needle) => Some(text::holds(*test, bytes(value)?, needle)),
        Comparison::In(constants) | Comparison::Intersects(constants) => {
            Some(constants.iter().any(|constant| equals_constant(value, constant) == Some(true)))
        }
        Comparison::PathMatch(paths) => {
            let value = bytes(value)?;
            Some(paths.iter().any(|path| text::path_matches(path, value)))
        }
        Comparison::With(relation, _) => related(value, *relation, right),
        _ => panic!("a comparison that is not known here"),
    }
}

fn related(left: &Owned, relation: Relation, right: &Owned) -> Option<bool> {
    if *right == Owned::Missing {
        return None;
    }
    match relation {
        Relation::Equal => equals(left, right),
        Relation::NotEqual => Some(!equals(left, right)?),
        Relation::Order(order) => Some(in_order(compare(left, right)?, order)),
        Relation::Text(test) => Some(text::holds(test, bytes(left)?, bytes(right)?)),
        Relation::In | Relation::Intersects => Some(match right {
            Owned::List(List(values)) => {
                values.iter().any(|right| equals(left, right) == Some(true))
            }
            right => equals(left, right) == Some(true),
        }),
        _ => panic!("a relation that is not known here"),
    }
}

fn bytes(value: &Owned) -> Option<&[u8]> {
    match value {
        Owned::Text(bytes) | Owned::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

fn equals_constant(value: &Owned, constant: &Constant) -> Option<bool> {
    match (value, constant) {
        (Owned::Address(address), Constant::Network(network)) => Some(network.contains(*address)),
        (_, Constant::Network(_)) => None,
        (value, constant) => equals(value, &Owned::of(constant)?),
    }
}

fn equals(left: &Owned, right: &Owned) -> Option<bool> {
    let same_type = std::mem::discriminant(left) == std::mem::discriminant(right);
    let is_one = !matches!(left, Owned::Missing | Owned::List(_));
    (same_type && is_one).then(|| left == right)
}

fn compare(left: &Owned, right: &Owned) -> Option<Ordering> {
    match (left, right) {
        (Owned::Signed(left), Owned::Signed(right)) => Some(left.cmp(right)),
        (Owned::Unsigned(left), Owned::Unsigned(right)) => Some(left.cmp(right)),
        (Owned::Text(left), Owned::Text(right)) => Some(left.cmp(right)),
        (Owned::Bytes(left), Owned::Bytes(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn in_order(ordering: Ordering, order: Order) -> bool {
    match order {
        Order::Less => ordering == Ordering::Less,
        Order::LessOrEqual => ordering != Ordering::Greater,
        Order::Greater => ordering == Ordering::Greater,
        Order::GreaterOrEqual => ordering != Ordering::Less,
    }
}
