//! Items brought together: redefined, appended to, overridden, in Falco's order.

mod collection;
mod rule;

pub(super) use collection::Collection;
pub(super) use rule::Exception;
pub(super) use rule::Rule;
