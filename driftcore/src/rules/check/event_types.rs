//! Which kinds of events a condition can be true for.

use crate::fields::Argument;
use crate::fields::EventType;
use crate::fields::EventTypes;
use crate::fields::FieldRef;
use crate::matcher::Comparison;
use crate::matcher::Condition;
use crate::matcher::Constant;
use crate::matcher::Operand;
use crate::matcher::Test;

/// The event types for which the condition may be true; for others it is certainly false.
///
/// Decided by `evt.type` (`=`, `!=`, `in`), `evt.type.is` and `evt.num = 0`, which no event has;
/// every other test may be true of any event.
pub fn event_types(condition: &Condition) -> EventTypes {
    possible(condition, true)
}

/// The types for which the condition may be as `wanted`.
fn possible(condition: &Condition, wanted: bool) -> EventTypes {
    match (condition, wanted) {
        (Condition::All(parts), true) | (Condition::Any(parts), false) => parts
            .iter()
            .fold(EventTypes::ALL, |types, part| types.intersection(possible(part, wanted))),
        (Condition::Any(parts), true) | (Condition::All(parts), false) => {
            parts.iter().fold(EventTypes::EMPTY, |types, part| types.union(possible(part, wanted)))
        }
        (Condition::One(parts), true) => {
            parts.iter().fold(EventTypes::EMPTY, |types, part| types.union(possible(part, true)))
        }
        // None of them or more than one: nothing is certain.
        (Condition::One(_), false) => EventTypes::ALL,
        (Condition::Not(part), wanted) => possible(part, !wanted),
        (Condition::Test(test), wanted) => match of_test(test) {
            None => EventTypes::ALL,
            Some(types) if wanted => types,
            Some(types) => types.complement(),
        },
    }
}

/// The types for which a test is true, when nothing else decides it.
pub(super) fn of_test(test: &Test) -> Option<EventTypes> {
    let Operand::Field(FieldRef { id, argument }) = &test.left else { return None };
    match (id.field().name, &test.comparison) {
        ("evt.type", Comparison::Equal(constant)) => Some(named(std::slice::from_ref(constant))),
        ("evt.type", Comparison::NotEqual(constant)) => {
            Some(named(std::slice::from_ref(constant)).complement())
        }
        ("evt.type", Comparison::In(constants) | Comparison::Intersects(constants)) => {
            Some(named(constants))
        }
        ("evt.type", Comparison::Exists) => Some(EventTypes::ALL),
        ("evt.type.is", Comparison::Equal(Constant::Unsigned(value))) => {
            let Some(Argument::Key(key)) = argument else { return None };
            let types = EventTypes::EMPTY.with(EventType::of(key)?);
            match value {
                1 => Some(types),
                0 => Some(types.complement()),
                _ => Some(EventTypes::EMPTY),
            }
        }
        ("evt.num", Comparison::Equal(Constant::Unsigned(0))) => Some(EventTypes::EMPTY),
        _ => None,
    }
}

fn named(constants: &[Constant]) -> EventTypes {
    constants
        .iter()
        .filter_map(|constant| match constant {
            Constant::Text(name) => EventType::of(std::str::from_utf8(name).ok()?),
            _ => None,
        })
        .collect()
}
