//! The packages of a database at one time.

use super::Fault;
use super::Package;
use super::PackageChange;
use super::Place;
use super::change::changes;
use super::inventory::Inventory;
use crate::event::Timestamp;
use crate::image::Tree;

/// The packages of one database, as they were when it was read; without their files.
#[derive(Debug, Default)]
pub struct Snapshot {
    inventory: Inventory,
}

impl Snapshot {
    /// Reads a database. One that is not there has no packages.
    pub fn read(tree: &Tree, place: &Place) -> Self {
        Self { inventory: Inventory::read_without_files(tree, place) }
    }

    /// The packages, in the order of the database.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.inventory.packages.iter().map(|listed| &listed.package)
    }

    /// What could not be read of it.
    pub fn faults(&self) -> &[Fault] {
        &self.inventory.faults
    }

    /// What became of the packages until a later time, by name.
    pub fn changes(&self, later: &Self) -> Vec<PackageChange> {
        changes(&self.inventory.packages, &later.inventory.packages)
    }
}

/// Whether a file of the database was written to at a time or later, as the filesystem's clock has it,
/// which is some milliseconds late.
pub(crate) fn written_since(tree: &Tree, place: &Place, time: Timestamp) -> bool {
    const FILES: [&str; 6] =
        ["status", "installed", "rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages.db", "Packages"];
    const LATE: i64 = 20_000_000;
    FILES.iter().any(|name| {
        let path = [place.path.as_bytes(), b"/", name.as_bytes()].concat();
        let file = tree.open(&path).ok().flatten();
        file.is_some_and(|file| file.changed_ns() >= time.as_nanos().saturating_sub(LATE))
    })
}
