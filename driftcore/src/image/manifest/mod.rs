//! What an image brings, file by file, from wherever the image is.
//!
//! ```text
//! OCI layout ─┐
//! archive    ─┼─→ layers, proved by ─→ tree ─┐
//! containerd ─┘   their digests              ├─→ Nodes ─→ manifest file ─→ Nodes ─→ RootScan
//! Docker     ───→ unpacked layers, merged ───┘
//! ```
//! An [`Image`] is read from an OCI layout, from an archive of one or of `docker save`, from
//! containerd's content store or from Docker's layer store. Its layers are put over one another as
//! an overlay of them would show, whiteouts and all; what they have is told in one fixed order.
//! [`write_file`] keeps that in a [`ManifestFile`], small and checked by a sum, for nodes where
//! the image is not; either is what a [`RootScan`](crate::image::RootScan) compares a root
//! directory with.
//!
//! Archives are hostile: no entry leads out of the root, and [`Limits`] bound what they may ask for.
//! Whatever is refused is a [`ManifestError`] with archive, entry and offset.
//!
//! # Example
//!
//! ```no_run
//! use std::path::Path;
//!
//! use driftcore::image::manifest::Image;
//! use driftcore::image::manifest::Options;
//! use driftcore::image::manifest::write_file;
//!
//! # fn main() -> Result<(), driftcore::image::manifest::ManifestError> {
//! let image = Image::open("nginx.tar", &Options::default())?;
//! write_file(Path::new("nginx.manifest"), image.head(), &mut *image.nodes(), &[])?;
//! # Ok(())
//! # }
//! ```

mod archive;
mod blob;
mod compression;
mod crc64;
mod deep;
mod digest;
mod error;
mod format;
mod index;
mod kept;
mod layer;
mod layers;
mod layout;
mod limits;
mod node;
mod pax;
mod platform;
mod read;
mod source;
mod split;
mod tar;
mod tree;
mod unpacked;
mod write;

pub(super) use archive::Archive;
pub use deep::LayerChecks;
pub use deep::LayerDifference;
pub use deep::LayerProof;
pub use deep::LayerReport;
pub use error::Fault;
pub use error::ManifestError;
pub(crate) use format::number;
pub(crate) use format::put_bytes;
pub(crate) use format::put_number;
pub use index::ManifestIndex;
pub use kept::Keep;
pub use limits::Limits;
pub use node::Head;
pub use node::Node;
pub use node::NodeKind;
pub use node::Nodes;
pub use node::Section;
pub use node::Xattrs;
pub(super) use node::is_within;
pub(super) use node::walk_order;
pub use platform::Platform;
pub use read::ManifestFile;
pub use read::check;
pub use source::Image;
pub use source::Options;
pub use source::read_layer;
pub use unpacked::LayerCheck;
pub use unpacked::check_layers;
pub use write::write;
pub use write::write_file;
