//! Container drift detection: what a container runs that its image did not bring, found as it
//! happens and proved by content.
//!
//! # Map
//!
//! Data runs one way:
//!
//! ```text
//! sensor ─→ wire ─→ decode ─→ enrich ─→ provenance ─→ matcher ─→ sink
//! ```
//!
//! - [`event`]: the vocabulary. [`event::DriftEvent`] is what comes out.
//! - [`sensor`]: loads the BPF probes and reads their rings (feature `sensor`).
//! - [`wire`], [`decode`]: from hostile bytes to typed, borrowed events.
//! - [`enrich`]: who the ancestors are. [`container`]: what the container is to its runtime.
//! - [`provenance`]: where a file came from, and on what evidence. [`inspect`]: the same about any
//!   file of a running container, from user space.
//! - [`image`]: what a container has become, against its image. [`package`]: which packages it has,
//!   against those of its image.
//! - [`fields`]: the names by which rules speak of events. [`rules`]: Falco's rule language, from
//!   files to typed conditions.
//! - [`config`]: whether a container is set up as its runtime wrote down. [`posture`]: what would have
//!   made drift impossible, by the Pod Security Standards of Kubernetes.
//! - [`network`]: whether a socket is what was declared. [`digest`]: whether images that run are those
//!   that were approved (feature `digest`). [`baseline`]: what containers normally do.
//! - [`matcher`]: rules over events. [`sink`]: where results go.
//! - [`engine`]: all of it together (feature `sensor`).
//!
//! # Example
//!
//! Prints what drifts on this node until the process is interrupted:
//!
//! ```no_run
//! # #[cfg(feature = "sensor")]
//! use driftcore::engine::EngineBuilder;
//! # #[cfg(feature = "sensor")]
//! use driftcore::event::DriftEvent;
//!
//! # #[cfg(feature = "sensor")]
//! fn main() -> Result<(), driftcore::engine::EngineError> {
//!     let mut engine = EngineBuilder::new().build(|event: &DriftEvent| {
//!         if let (Some(provenance), Some(file)) = (&event.provenance, &event.file) {
//!             println!("{}: {} ({})", file.path, provenance.verdict, provenance.reason);
//!         }
//!     })?;
//!     engine.run()
//! }
//! # #[cfg(not(feature = "sensor"))]
//! # fn main() {}
//! ```
//!
//! A caller with an event loop of its own watches the engine's descriptor
//! ([`AsFd`](std::os::fd::AsFd)) and calls [`engine::Engine::poll`] when it is readable. One with
//! a sensor of its own takes [`provenance::classify`] alone: `default-features = false` needs no
//! C compiler and no libbpf.
//!
//! # Features
//!
//! - `sensor` (default): [`sensor`] and [`engine`]. Needs clang, libelf and zlib headers to build,
//!   and Linux 5.10 with BTF, `CAP_SYS_ADMIN` and the host's pid namespace to run.
//! - `digest`: [`digest`], with a YAML reader for Kubernetes manifests.
//! - `manifest`: [`image::manifest`] and [`image::RootScan`]. Decompresses in Rust: no C compiler either.
//! - None: everything else, the rule language, the matcher and the classifier among it. No C compiler,
//!   no libbpf, no privilege.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The map above names modules that are not there without the sensor.
#![cfg_attr(
    not(all(feature = "manifest", feature = "sensor")),
    allow(rustdoc::broken_intra_doc_links)
)]

pub mod baseline;
pub mod config;
pub mod container;
pub mod decode;
#[cfg(feature = "digest")]
pub mod digest;
#[cfg(feature = "sensor")]
pub mod engine;
pub mod enrich;
pub mod event;
pub mod fields;
pub mod image;
pub mod inspect;
pub mod matcher;
pub mod network;
pub mod package;
mod pods;
pub mod posture;
pub mod provenance;
pub mod rules;
#[cfg(feature = "sensor")]
pub mod sensor;
pub mod sink;
pub mod view;
pub mod wire;

/// The example in the crate's README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
