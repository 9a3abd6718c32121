//! Do the images that run have the digests that were approved?
//!
//! ```text
//! manifests, lists ─→ Approved ─┐
//!                               ├─→ Verifier ─→ Check
//! containers, pods ─→ Running ──┘
//! ```
//! What was approved is read from Kubernetes manifests or from plain lists ([`Approved`]); what runs comes
//! from this node's runtimes ([`Running`] from a [`Container`](crate::event::Container)) or from pods
//! ([`read_pods`]). A digest may be of an image index, of the manifest for one platform, or of the
//! configuration that a manifest names; where the content is at hand ([`Blobs`]), each is told from the others.
//!
//! # Example
//!
//! ```
//! use std::path::Path;
//!
//! use driftcore::digest::Approval;
//! use driftcore::digest::Approved;
//! use driftcore::digest::Blobs;
//! use driftcore::digest::ImageId;
//! use driftcore::digest::Running;
//! use driftcore::digest::Verifier;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let digest = format!("sha256:{}", "ab".repeat(32));
//! let mut approved = Approved::new();
//! approved.add(Path::new("approved.txt"), &format!("nginx@{digest}\n"))?;
//! let running = Running {
//!     name: "web".to_owned(),
//!     image: "nginx:1.27".to_owned(),
//!     image_id: ImageId::parse(&format!("docker.io/library/nginx@{digest}")),
//!     ..Running::default()
//! };
//! let check = Verifier::new(approved, Blobs::default()).check(&running);
//! assert_eq!(check.approval, Approval::Approved);
//! # Ok(())
//! # }
//! ```

mod approved;
mod blobs;
mod error;
mod pods;
mod reference;
mod running;
mod value;
mod verify;

pub use approved::Approved;
pub use blobs::Blobs;
pub use error::VerifyError;
pub use pods::read_pods;
pub use reference::Reference;
pub use reference::ReferenceError;
pub use running::ImageId;
pub use running::Running;
pub use value::Digest;
pub use value::DigestError;
pub use verify::Approval;
pub use verify::Check;
pub use verify::Verifier;

pub use crate::pods::Count;
pub use crate::pods::Role;
