//! Comparisons of two values where no machine helps.

use std::cmp::Ordering;

use memchr::memmem;

use crate::fields::Value;

use super::check::Quantifier;
use super::condition::Comparison;
use super::condition::Constant;
use super::condition::Order;
use super::condition::Relation;
use super::condition::TextTest;
use super::glob;

/// Text or bytes.
pub(super) const fn bytes_of<'a>(value: &Value<'a>) -> Option<&'a [u8]> {
    match value {
        Value::Text(bytes) | Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

const fn holds(order: Order, ordering: Ordering) -> bool {
    match order {
        Order::Less => ordering.is_lt(),
        Order::LessOrEqual => ordering.is_le(),
        Order::Greater => ordering.is_gt(),
        Order::GreaterOrEqual => ordering.is_ge(),
    }
}

/// The value of a constant; none for a network.
fn value_of(constant: &Constant) -> Value<'_> {
    match constant {
        Constant::Bool(value) => Value::Bool(*value),
        Constant::Signed(value) => Value::Signed(*value),
        Constant::Unsigned(value) => Value::Unsigned(*value),
        Constant::Text(text) => Value::Text(text),
        Constant::Bytes(bytes) => Value::Bytes(bytes),
        Constant::Address(address) => Value::Address(*address),
        Constant::Network(_) => Value::Missing,
    }
}

/// `None` when the types differ or have no order.
fn compare(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Signed(left), Value::Signed(right)) => Some(left.cmp(right)),
        (Value::Unsigned(left), Value::Unsigned(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) | (Value::Bytes(left), Value::Bytes(right)) => {
            Some(left.cmp(right))
        }
        _ => None,
    }
}

/// `None` when the types differ.
fn equal(left: &Value<'_>, right: &Value<'_>) -> Option<bool> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left == right),
        (Value::Address(left), Value::Address(right)) => Some(left == right),
        _ => compare(left, right).map(Ordering::is_eq),
    }
}

/// A value against a constant.
pub(super) fn ordered(value: &Value<'_>, order: Order, constant: &Constant) -> Option<bool> {
    compare(value, &value_of(constant)).map(|ordering| holds(order, ordering))
}

fn text(test: TextTest, text: &[u8], needle: &[u8]) -> bool {
    match test {
        TextTest::Contains => memmem::find(text, needle).is_some(),
        TextTest::ContainsIgnoringCase => {
            needle.is_empty()
                || text.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
        }
        TextTest::StartsWith => text.starts_with(needle),
        TextTest::EndsWith => text.ends_with(needle),
        TextTest::Glob => glob::matches(needle, text, false),
        TextTest::GlobIgnoringCase => glob::matches(needle, text, true),
        // The type checker refuses an expression that comes from the event.
        TextTest::Regex => false,
    }
}

/// A value of an event against another one of it.
pub(super) fn related(
    left: Value<'_>,
    relation: Relation,
    right: Value<'_>,
    quantifier: Quantifier,
) -> bool {
    if !right.exists() {
        return false;
    }
    quantifier.ask(left, |left| match relation {
        Relation::Equal => equal(&left, &right),
        Relation::NotEqual => equal(&left, &right).map(|equal| !equal),
        Relation::Order(order) => compare(&left, &right).map(|ordering| holds(order, ordering)),
        Relation::Text(test) => Some(text(test, bytes_of(&left)?, bytes_of(&right)?)),
        Relation::In | Relation::Intersects => Some(match right {
            Value::List(values) => {
                (0..values.len()).any(|index| equal(&left, &values.get(index)) == Some(true))
            }
            right => equal(&left, &right) == Some(true),
        }),
    })
}

/// What a test of the event's type says; `None` when it is not known before the event.
pub(super) fn of_known_text(name: &[u8], comparison: &Comparison) -> Option<bool> {
    let is = |constant: &Constant| equal(&Value::Text(name), &value_of(constant));
    Some(match comparison {
        Comparison::Exists => true,
        Comparison::Equal(constant) => is(constant) == Some(true),
        Comparison::NotEqual(constant) => is(constant) == Some(false),
        Comparison::Order(order, constant) => {
            ordered(&Value::Text(name), *order, constant) == Some(true)
        }
        Comparison::Text(TextTest::Regex, _) | Comparison::PathMatch(_) | Comparison::With(..) => {
            return None;
        }
        Comparison::Text(test, needle) => text(*test, name, needle),
        Comparison::In(constants) | Comparison::Intersects(constants) => {
            constants.iter().any(|constant| is(constant) == Some(true))
        }
    })
}
