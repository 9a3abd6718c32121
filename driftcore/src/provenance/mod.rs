//! Where did this file come from? The verdict about a file that was executed.
//!
//! ```text
//! FileEvidence ─→ judge ─┬─→ Proved: what the kernel alone proves
//!                        └─→ Ask ─→ ProofCache ─→ Lookup (in a ProofPool) ─→ Classified
//! ```
//! - [`judge()`] is a pure, total function over what the kernel saw at the moment of exec. It
//!   answers most files at once and names the [`Question`] that remains for the others.
//! - [`classify`] asks that question of a [`Lookup`]. [`LayerLookup`] answers it from the
//!   container's layer directories by comparing contents, [`ManifestLookup`] where the root has no
//!   layers, by what a manifest says of the image's files; embedders and tests may bring one of
//!   their own.
//! - [`ProofPool`] does this on threads of its own, so that no file stalls the events.
//! - [`ProofCache`] remembers proofs for as long as the file cannot have changed.
//!
//! The rows of the verdict are tried from the top, and the first that applies wins; what
//! cannot be proved is `unknown` and never passes for `image`.
//!
//! ```
//! use driftcore::event::EvidenceFlags;
//! use driftcore::event::FileEvidence;
//! use driftcore::event::Verdict;
//! use driftcore::provenance::NoLayerDirectories;
//! use driftcore::provenance::classify;
//!
//! let memfd = FileEvidence { flags: EvidenceFlags::ANONYMOUS, ..FileEvidence::default() };
//! let mut lookup = NoLayerDirectories { container_start: None };
//! let classified = classify(&memfd, b"/memfd:payload", &mut lookup);
//! assert_eq!(classified.provenance.verdict, Verdict::Memfd);
//! ```

mod bare;
mod beneath;
mod cache;
mod classify;
mod compare;
mod judge;
mod layers;
mod origin;
mod overlay;
mod pool;
mod proof;
mod search;
mod source;

pub use bare::BareRoot;
pub use bare::ImageFile;
pub use bare::ImageFiles;
pub use bare::KnownImages;
pub use bare::ManifestLookup;
pub(crate) use beneath::Dir;
pub(crate) use beneath::Facts;
pub(crate) use beneath::FileKind;
pub(crate) use beneath::Located;
pub(crate) use beneath::below_root;
pub(crate) use beneath::filesystem_magic;
pub use cache::CacheStats;
pub use cache::ProofCache;
#[cfg(feature = "sensor")]
pub(crate) use cache::subject;
pub use classify::Classified;
pub use classify::Finding;
pub use classify::Lookup;
pub use classify::NoLayerDirectories;
pub use classify::Proof;
pub use classify::classify;
pub use compare::Bounds;
pub use judge::Judgement;
pub use judge::Question;
pub use judge::judge;
#[cfg(feature = "sensor")]
pub(crate) use layers::ImageHas;
pub use layers::Layers;
pub(crate) use origin::ORIGIN_MAX;
pub(crate) use origin::Origin;
pub(crate) use origin::parse as parse_origin;
pub(crate) use overlay::Effort;
pub(crate) use overlay::InLayers;
pub(crate) use overlay::in_layers;
pub(crate) use overlay::same_number;
pub use pool::PoolOptions;
pub use pool::ProofPool;
pub use pool::ProofRequest;
pub use pool::ProofResult;
pub use pool::Wake;
pub use proof::LayerLookup;
pub use source::ImageSource;
