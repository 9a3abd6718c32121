//! Events as flat objects of field names: how a rule is tested by hand, and how an embedder feeds
//! a matcher by name.

mod convert;
mod derive;
mod error;
mod event;
#[cfg(test)]
mod tests;

pub use error::FlatEventError;
pub use event::FlatEvent;
