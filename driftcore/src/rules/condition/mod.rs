//! Text of a condition to its syntax tree, and back.

mod cursor;
mod literal;
mod operator;
mod parser;
mod parts;
mod print;
mod term;
#[cfg(test)]
mod tests;

pub(super) use operator::Operand;
pub(super) use parser::Parsed;
pub use parser::parse_condition;
pub(super) use parser::parse_with_faults;
pub(super) use parts::is_bare_value;
pub(super) use parts::item_value;
pub(super) use parts::parse_field;
pub(super) use parts::parse_operator;
pub(super) use parts::parse_right;
