//! What containers normally do: learned from events, written down, and held against events.
//!
//! ```text
//! events ─→ Learner ─→ Baseline ⇄ document (YAML)
//! events ─→ Baseline::check ─→ Standing
//! ```
//! A baseline speaks of kinds of containers, by their image or by a label ([`Selector`]). For each it holds
//! what may run and with what content, in which directories files are changed, on which ports is waited, who
//! is reached, and which Unix sockets outside. Whatever a baseline was learned from is expected by it.
//!
//! Code that the image did not bring is learned only where that is accepted, and then by its digest: never by
//! its path alone.
//!
//! # What is left open
//!
//! - Of directories, the parts of their names that differ each time, such as numbers and what `mktemp` makes; and
//!   below a directory in which something was done in more than 64 directories, all of it.
//! - More than 64 unprivileged ports of a protocol are all of them.
//! - More than 8 addresses of a network of 24 bits (IPv6: 64) are the network; more than 64 such networks are all
//!   addresses.
//!
//! None of that depends on the order: [`Baseline::merge`] is commutative and associative.
//!
//! # Example
//!
//! ```
//! use std::path::Path;
//!
//! use driftcore::baseline::Baseline;
//! use driftcore::baseline::LearnOptions;
//! use driftcore::baseline::Learner;
//! use driftcore::baseline::Standing;
//! use driftcore::event::Action;
//! use driftcore::event::Container;
//! use driftcore::event::DriftEvent;
//! use driftcore::event::File;
//! use driftcore::event::Kind;
//! use driftcore::event::Text;
//! use driftcore::event::Timestamp;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let writes = |path: &str| {
//!     let mut event = DriftEvent::new(Timestamp::now(), Kind::File, Action::Create);
//!     event.file = Some(File { path: Text::from(path), ..File::default() });
//!     event.container = Some(Container {
//!         image_digest: Some(format!("sha256:{}", "ab".repeat(32))),
//!         ..Container::default()
//!     });
//!     event
//! };
//! let mut learner = Learner::new(LearnOptions::default());
//! learner.learn(&writes("/var/cache/app/one"));
//! let (baseline, learned) = learner.finish();
//! assert_eq!(learned.learned, 1);
//!
//! let document = baseline.to_string();
//! let baseline = Baseline::parse(Path::new("baseline.yaml"), &document)?;
//! assert_eq!(baseline.check(&writes("/var/cache/app/two")), Standing::Expected);
//! assert_eq!(baseline.check(&writes("/etc/passwd")), Standing::Departs);
//! # Ok(())
//! # }
//! ```

mod conduct;
mod document;
mod error;
mod exception;
mod exceptions;
mod judge;
mod learn;
#[cfg(feature = "sensor")]
mod normality;
mod origin;
mod path;
mod ports;
mod read;
mod remotes;
mod rights;
mod selector;
mod subject;
mod suggest;
mod suggested;
mod summary;
#[cfg(test)]
mod tests;
mod tree;
mod workload;
mod write;
mod yaml;

#[cfg(feature = "sensor")]
pub(crate) use conduct::Conduct;
pub use document::Baseline;
pub use document::Standing;
pub use document::describe;
pub use error::BaselineError;
pub use exception::Exception;
pub use exceptions::Exceptions;
pub use judge::Judge;
pub use judge::Judged;
pub use learn::LearnOptions;
pub use learn::Learned;
pub use learn::Learner;
pub use learn::Refused;
#[cfg(feature = "sensor")]
pub use normality::Grace;
#[cfg(feature = "sensor")]
pub use normality::Normality;
pub use selector::Selector;
pub use selector::SelectorError;
#[cfg(feature = "sensor")]
pub(crate) use subject::Lineage;
#[cfg(feature = "sensor")]
pub(crate) use subject::Subject;
pub use suggest::Suggester;
pub use suggest::Suggestion;
pub use suggest::Suggestions;
pub use workload::Workload;
