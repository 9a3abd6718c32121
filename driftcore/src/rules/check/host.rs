//! Conditions that ask for the host: the sensor sees containers only.

use crate::fields::FieldRef;
use crate::matcher::Comparison;
use crate::matcher::Condition;
use crate::matcher::Constant;
use crate::matcher::Operand;
use crate::matcher::Test;

/// Whether the condition can be true of nothing that happens in a container, as far as tests of
/// `container.id` against `host` say.
pub(super) fn only_on_host(condition: &Condition) -> bool {
    !possible(condition, true)
}

/// Whether the condition may be as `wanted` in a container.
fn possible(condition: &Condition, wanted: bool) -> bool {
    match (condition, wanted) {
        (Condition::All(parts), true) | (Condition::Any(parts), false) => {
            parts.iter().all(|part| possible(part, wanted))
        }
        (Condition::Any(parts), true) | (Condition::All(parts), false) => {
            parts.iter().any(|part| possible(part, wanted))
        }
        (Condition::One(parts), true) => parts.iter().any(|part| possible(part, true)),
        (Condition::One(_), false) => true,
        (Condition::Not(part), wanted) => possible(part, !wanted),
        (Condition::Test(test), wanted) => known(test).is_none_or(|known| known == wanted),
    }
}

/// What a test is in a container, where that is certain.
fn known(test: &Test) -> Option<bool> {
    let host = |constant: &Constant| matches!(constant, Constant::Text(text) if **text == *b"host");
    match test {
        Test { left: Operand::Field(FieldRef { id, argument: None }), comparison }
            if id.field().name == "container.id" =>
        {
            match comparison {
                Comparison::Equal(constant) if host(constant) => Some(false),
                Comparison::NotEqual(constant) if host(constant) => Some(true),
                Comparison::In(constants) if constants.iter().all(host) => Some(false),
                _ => None,
            }
        }
        _ => None,
    }
}
