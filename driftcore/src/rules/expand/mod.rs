//! Conditions with their exceptions, and macros and lists in them replaced by what they mean: on
//! the tree, never in the text.

mod cost;
mod exceptions;
mod lists;
mod macros;
mod references;
mod scope;

pub(super) use exceptions::with_exceptions;
pub(super) use scope::Scope;
pub(super) use scope::without_names;
