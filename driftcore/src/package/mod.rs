//! Which packages does a container have, and which did its image bring?
//!
//! ```text
//!           ┌ dpkg ┐
//! Tree  ─→  │ apk  │ ─→ Sink: Package, its PackageFiles, the next Package, ...
//! Place ─→  └ ...  ┘          Fault: what of the database could not be read
//! ```
//! - A [`Place`] is one database: a [`Manager`] and a path, e.g. dpkg's `/var/lib/dpkg`.
//!   [`Place::of`] tells from the path of a file that was changed whether it is part of one; nobody
//!   has to look for databases in an image, for only those that were changed can differ.
//! - [`read`] hands all packages of a place, on one side, to a [`Sink`]. A side is a
//!   [`Tree`](crate::image::Tree): the image, the container, or a root directory.
//! - [`PackageScan`] compares the databases that a container has changed with those of its image,
//!   and tells which package each entry of a scan belongs to.
//! - `Packages` (feature `manifest`) has all packages of an image: read where the image is, kept in its
//!   manifest, and compared with those of a root directory.
//!
//! # Readers
//!
//! Each manager has a file (or a directory) of its own with one `pub(super) const READER: Reader`,
//! named in the table of `reader.rs`. A reader
//!
//! - opens files by the tree alone, with a bound for the size of each, and keeps no more in memory
//!   than one package and one file of the database (or a bounded piece of it) at a time;
//! - hands on each package as it finds it, then its files, if [`Sink::wants_files`];
//! - takes all that it reads for hostile: what is broken is a [`Fault`] that names the file and
//!   where in it, and everything else is still handed on. A database that is not there is no
//!   fault: there are no packages;
//! - has its parser apart from the opening of files, as a function over bytes, for property tests and
//!   the fuzz targets (`fuzz/`);
//! - returns as soon as the sink breaks.
//!
//! No path in a database is trusted: it is a name to compare, and never opened as it stands.

mod apk;
mod below;
mod cargo;
mod change;
mod digest;
mod dpkg;
mod fault;
#[cfg(test)]
mod gathered;
mod gem;
mod go;
mod hash;
mod inventory;
mod lines;
mod manager;
mod npm;
mod number;
#[cfg(feature = "manifest")]
mod packages;
mod pip;
mod place;
mod reader;
mod rpm;
mod scan;
#[cfg(feature = "manifest")]
mod section;
mod sink;
mod snapshot;
mod source;
#[cfg(test)]
mod testing;
mod traces;

pub use change::ChangeKind;
pub use change::PackageChange;
pub use digest::Algorithm;
pub use digest::Digest;
pub use fault::At;
pub use fault::Fault;
pub use manager::Manager;
#[cfg(feature = "manifest")]
pub use packages::Packages;
pub use place::Place;
pub use reader::read;
pub use scan::Changed;
pub use scan::Database;
pub use scan::Owner;
pub use scan::PackageReport;
pub use scan::PackageScan;
pub use sink::Package;
pub use sink::PackageFile;
pub use sink::Sink;
pub use snapshot::Snapshot;
#[cfg(feature = "sensor")]
pub(crate) use snapshot::written_within;
