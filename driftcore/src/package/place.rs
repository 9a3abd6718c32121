//! Where package databases are.

use serde::Serialize;

use super::Manager;
use super::reader::READERS;
use crate::event::Text;
use crate::image::Code;
use crate::image::Tree;

/// One package database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// Whose database it is.
    pub manager: Manager,
    /// Its directory or file, absolute in the tree.
    pub path: Text,
}

impl Place {
    /// A database of this manager at this path.
    pub fn new(manager: Manager, path: &[u8]) -> Self {
        Self { manager, path: Text::from(path) }
    }

    /// The database that a file is part of, if it is: when the file was changed, the packages in
    /// it may be others. `path` is the file's, absolute and without links; `code` what it is known to
    /// be, for managers whose database is in the programs themselves.
    ///
    /// Looks at the path alone, and allocates only where it is one.
    pub fn of(path: &[u8], code: Option<Code>) -> Option<Self> {
        READERS.iter().find_map(|reader| {
            let place = (reader.place_of)(path, code)?;
            Some(Self::new(reader.manager, place))
        })
    }

    /// The place at its path without links in a tree. `None` where nothing is there.
    pub(super) fn real(&self, tree: &Tree) -> Option<Self> {
        let real = tree.real_path(self.path.as_bytes()).ok().flatten()?;
        Some(Self::new(self.manager, &real))
    }

    /// The databases that a whole system has at most one of each: those that may claim any file.
    pub fn of_system() -> impl Iterator<Item = Self> {
        READERS.iter().flat_map(|reader| {
            reader.of_system.iter().map(|path| Self::new(reader.manager, path.as_bytes()))
        })
    }
}
