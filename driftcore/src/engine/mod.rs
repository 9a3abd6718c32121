//! The engine: every stage in its place, from the rings to the sink. The one type that most
//! embedders use.
//!
//! It runs on the caller's thread: [`Engine::run`] until stopped, or [`Engine::poll`] whenever
//! [`Engine::as_fd`](std::os::fd::AsFd::as_fd) is readable in a loop of the caller's own. Only the
//! comparison of file contents has threads of its own.

mod acting;
mod asked;
mod assemble;
mod builder;
mod calls;
mod choice;
mod clock;
mod code;
mod configuration;
mod containers;
mod core;
mod counters;
#[cfg(feature = "digest")]
mod digests;
mod error;
mod expectations;
mod files;
mod found;
mod held;
mod images;
mod matching;
mod mounts;
mod names;
mod namespaces;
mod normality;
mod packages;
mod pipeline;
mod ports;
mod proofs;
mod run;
mod selftest;
mod sockets;
mod survey;
mod wake;
mod writers;

pub use builder::EngineBuilder;
pub use builder::Scope;
pub use choice::HookChoice;
pub use code::CodeOptions;
pub use configuration::ConfigurationCalls;
pub use configuration::ConfigurationOptions;
pub use counters::Counters;
#[cfg(feature = "digest")]
pub use digests::ApprovalsHandle;
pub use error::EngineError;
pub use expectations::ExpectationsHandle;
pub use images::ImagesHandle;
pub use matching::RulesHandle;
pub use normality::NormalityHandle;
pub use pipeline::Pipeline;
pub use run::Engine;
pub use selftest::SelfTest;
pub use selftest::self_test;
pub use survey::RunningContainer;
pub use survey::survey;
pub use wake::Stopper;
