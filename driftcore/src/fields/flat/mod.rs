//! Events as flat objects of fields: how a rule is tested by hand, and how an embedder with a
//! sensor of its own feeds a matcher.

mod check;
mod derive;
mod error;
mod event;
mod json;
mod memory;
mod slot;
#[cfg(test)]
mod tests;

pub use error::FlatEventError;
pub use event::FlatEvent;
