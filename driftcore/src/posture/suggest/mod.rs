//! What a container could be confined to, by what it was seen to do.

mod behaviour;
mod container;
mod mounts;
mod suggestion;
#[cfg(test)]
mod tests;
mod yaml;

pub use behaviour::Behaviour;
pub use suggestion::Needed;
pub use suggestion::Suggestion;
pub use suggestion::WrittenDirectory;
