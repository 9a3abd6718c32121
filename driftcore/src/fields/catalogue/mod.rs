//! Every field that rules may use, by family.

mod account;
mod all;
mod container;
mod descriptor;
mod drift;
mod event;
mod process;

pub use all::CATALOGUE;
