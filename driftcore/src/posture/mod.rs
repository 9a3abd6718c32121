//! What would have made drift impossible: how far what a container was specified to be confines it.
//!
//! ```text
//! pods as kubectl prints them ───→ read_pods ────┬─→ Posture ─→ what a pod and its containers fail
//! what a runtime wrote down here ─→ of_container ─┘
//! events, entries of a scan ──────→ Behaviour ──────→ Suggestion: what would have allowed just that
//! ```
//! The measure is the Pod Security Standards of Kubernetes in the version that [`STANDARD`] names: each
//! [`Control`] has the standard's own name, each [`Failure`] names the field that fails it. What the standard
//! does not ask for and drift depends on, the read-only root above all, is among the [`Measure`]s.
//!
//! # Example
//!
//! ```
//! use std::path::Path;
//!
//! use driftcore::posture::Level;
//! use driftcore::posture::read_pods;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pods = r#"{"kind": "Pod", "metadata": {"name": "web"}, "spec": {
//!     "hostNetwork": true, "containers": [{"name": "app", "image": "nginx"}]}}"#;
//! let mut found = Vec::new();
//! read_pods(Path::new("pods.json"), pods.as_bytes(), |posture| found.push(posture))?;
//! assert_eq!(found[0].level, Level::Privileged);
//! assert_eq!(found[0].failures[0].control.name(), "Host Namespaces");
//! assert_eq!(found[0].failures[0].path, "spec.hostNetwork");
//! # Ok(())
//! # }
//! ```

mod control;
mod error;
mod findings;
mod level;
mod measure;
mod pod;
mod report;
mod runtime;
mod standard;
mod suggest;

pub use control::Control;
pub use error::PostureError;
pub use level::Level;
pub use measure::Measure;
pub use measure::MeasureKind;
pub use pod::read_pods;
pub use report::ContainerPosture;
pub use report::Failure;
pub use report::Posture;
pub use report::Source;
pub use runtime::of_container;
pub use standard::VERSION as STANDARD;
pub use suggest::Behaviour;
pub use suggest::Needed;
pub use suggest::Suggestion;
pub use suggest::WrittenDirectory;

pub use crate::pods::Count;
pub use crate::pods::Role;
