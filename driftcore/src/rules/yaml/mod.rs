//! YAML as a tree in which every node knows its place, and every scalar the place of each of its
//! bytes.

mod index;
mod lenient;
mod node;
mod scalar;
#[cfg(test)]
mod tests;
mod tree;

pub(super) use node::Node;
pub(super) use node::NodeKind;
pub(super) use tree::Tree;
pub(super) use tree::read;
