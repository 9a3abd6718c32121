//! What a reader hands on.

use std::ops::ControlFlow;

use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use super::Digest;
use super::Fault;
use super::Manager;
use crate::event::Text;

/// A package that is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Package {
    /// In whose database it is.
    pub manager: Manager,
    /// Its name.
    pub name: Text,
    /// Its version, as the manager writes it; of an RPM `[epoch:]version-release`.
    pub version: Text,
    /// The machine that it is for, where the database says so. Two packages of one name and of
    /// different machines are different packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<Text>,
    /// The database: the path of its [`Place`](super::Place).
    pub place: Text,
    /// A digest of all that the database says of the package: where it differs at the same
    /// version, the package is another build, or in another state.
    #[serde(skip)]
    pub record: [u8; 16],
}

impl Package {
    /// A package; `record` is what the database says of it.
    pub fn new(manager: Manager, place: &[u8], name: &[u8], version: &[u8], record: &[u8]) -> Self {
        let mut short = [0; 16];
        short.copy_from_slice(&Sha256::digest(record)[..16]);
        Self {
            manager,
            name: Text::from(name),
            version: Text::from(version),
            architecture: None,
            place: Text::from(place),
            record: short,
        }
    }
}

/// A file that a package claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackageFile<'a> {
    /// Its path, absolute, as the database has it: a directory in it may be a symbolic link of the
    /// tree.
    pub path: &'a [u8],
    /// The digest of its content that the database keeps.
    pub digest: Option<Digest>,
    /// True for a configuration file: administrators are meant to change it.
    pub config: bool,
}

impl<'a> PackageFile<'a> {
    /// A file without a digest.
    pub const fn new(path: &'a [u8]) -> Self {
        Self { path, digest: None, config: false }
    }
}

/// Takes the packages of a database one after the other. With [`ControlFlow::Break`] it ends the
/// reading.
pub trait Sink {
    /// A package. The files that come before the next package are its.
    fn package(&mut self, package: Package) -> ControlFlow<()>;

    /// A file of the package that came last. Directories may be among them, where the database does
    /// not tell them apart.
    fn file(&mut self, file: PackageFile<'_>) -> ControlFlow<()> {
        let _ = file;
        ControlFlow::Continue(())
    }

    /// Something that could not be read.
    fn fault(&mut self, fault: Fault) -> ControlFlow<()>;

    /// Whether it wants files: a reader does not read lists of files for a sink that does not.
    fn wants_files(&self) -> bool {
        false
    }
}
