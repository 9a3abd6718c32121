//! The kinds of events, by Falco's names, and sets of them.

mod availability;
mod families;
mod kind;
mod names;
mod numbers;
mod operations;
mod set;

pub use kind::EventType;
pub(super) use kind::same;
pub use names::EVENT_TYPES;
pub use set::EventTypes;
