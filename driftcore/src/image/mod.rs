//! What has this container become, against the image it came from?
//!
//! ```text
//! OverlayScan ─→ walk of the upper directory ─┬─→ Entry ─→ Visitor
//!                (image side looked up by     └─→ Problem
//!                 name, layer by layer)
//! ```
//! An overlay keeps all that a container did to its root filesystem in one upper directory. So
//! [`OverlayScan`] reads that directory alone and looks the image up only at the paths that it
//! finds there: the time grows with what changed and not with the image. Entries are handed to a
//! [`Visitor`] as they are found, and nothing is kept of them.
//!
//! Nothing in the layers is trusted: each name is opened beneath the directory that is held,
//! through no symbolic link and onto no other mount, devices are never opened, and what vanishes
//! or cannot be read is a [`Problem`] of its own beside the entries.
//!
//! # Example
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use driftcore::container::Layers;
//! use driftcore::image::Entry;
//! use driftcore::image::OverlayScan;
//! use driftcore::image::Problem;
//! use driftcore::image::Visitor;
//!
//! struct Print;
//!
//! impl Visitor for Print {
//!     fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
//!         println!("{} {}", entry.kind, entry.path);
//!         ControlFlow::Continue(())
//!     }
//!
//!     fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
//!         eprintln!("{problem}");
//!         ControlFlow::Continue(())
//!     }
//! }
//!
//! # fn main() -> Result<(), driftcore::image::ScanError> {
//! let layers = Layers {
//!     upper: "/var/lib/docker/overlay2/a/diff".into(),
//!     lowers: vec!["/var/lib/docker/overlay2/b/diff".into()],
//!     user_xattrs: false,
//! };
//! OverlayScan::new(&layers).run(&mut Print)?;
//! # Ok(())
//! # }
//! ```

mod attributes;
mod change;
mod code;
mod content;
mod entry;
mod error;
mod hidden;
mod lower;
#[cfg(feature = "manifest")]
pub mod manifest;
mod marks;
mod moves;
mod names;
mod noise;
mod options;
mod place;
mod reading;
#[cfg(feature = "manifest")]
mod root;
mod scan;
mod side;
#[cfg(feature = "manifest")]
mod sorted;
mod strays;
mod tree;
mod users;
mod walk;

pub use change::Change;
pub use change::Changes;
pub use code::Code;
pub use entry::Entry;
pub use entry::EntryKind;
pub use entry::FileType;
pub use entry::Problem;
pub use entry::State;
pub use error::ScanError;
pub use options::ScanOptions;
#[cfg(feature = "manifest")]
pub use root::RootScan;
pub use scan::OverlayScan;
pub use scan::Progress;
pub use scan::Visitor;
pub use tree::Tree;
pub use tree::TreeFile;
pub use users::Use;
pub use users::User;
pub use users::Users;
