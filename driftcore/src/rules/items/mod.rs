//! The items of rule files: what each says by itself, before it meets the others.

mod exception;
mod file;
mod item;
mod keys;
mod list;
mod requirement;
mod rule;

pub(super) use file::read_items;
pub(super) use item::Change;
pub(super) use item::ExceptionItem;
pub(super) use item::ExceptionValue;
pub(super) use item::Item;
pub(super) use item::Kind;
pub(super) use item::ListItem;
pub(super) use item::MacroItem;
pub(super) use item::OneOrMany;
pub(super) use item::Parts;
pub(super) use item::RuleChange;
pub(super) use item::RuleItem;
pub(super) use item::RuleKey;
