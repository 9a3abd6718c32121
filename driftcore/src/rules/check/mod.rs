//! The type checker: from the tree that the parser made to a condition whose types are settled,
//! with a diagnostic for everything that cannot mean what it says.

mod asked;
mod checker;
mod comparison;
mod constant;
mod event_types;
mod field;
mod host;
mod number;
mod operand;
mod regex;
mod rule;
mod service;
mod set;
mod shown;
#[cfg(test)]
mod tests;
mod transformer;

pub use asked::Asked;
pub use checker::check_condition;
pub use event_types::event_types;
pub(super) use field::field_error;
pub(super) use operand::operand_in_output;
pub use rule::CheckedRule;
pub use rule::Outcome;
pub(super) use rule::check_parts;
pub use rule::check_rule;
pub use set::CheckOptions;
pub use set::check_rules;
pub(super) use shown::shown;
