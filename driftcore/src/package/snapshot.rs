//! The packages of a database at one time.

use std::collections::HashSet;

use super::Fault;
use super::Package;
use super::PackageChange;
use super::Place;
use super::change::changes;
use super::inventory::Inventory;
use super::inventory::Listed;
#[cfg(feature = "sensor")]
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

    /// Takes in the packages that were there before and are missing now: where a database is broken, what
    /// could not be read of it counts as still there.
    pub fn keep(&mut self, before: &Self) {
        let packages = &mut self.inventory.packages;
        let here: HashSet<_> = packages
            .iter()
            .map(|it| (it.package.name.clone(), it.package.architecture.clone()))
            .collect();
        let is_missing = |it: &&Listed| {
            !here.contains(&(it.package.name.clone(), it.package.architecture.clone()))
        };
        packages.extend(before.inventory.packages.iter().filter(is_missing).cloned());
    }

    /// What became of the packages until a later time, by name.
    pub fn changes(&self, later: &Self) -> Vec<PackageChange> {
        changes(&self.inventory.packages, &later.inventory.packages)
    }
}

/// Whether a file of the database was written to last at a time or later, and before another, as the
/// filesystem's clock has it, which is some milliseconds late.
#[cfg(feature = "sensor")]
pub(crate) fn written_within(
    tree: &Tree,
    place: &Place,
    from: Timestamp,
    until: Option<Timestamp>,
) -> bool {
    const FILES: [&str; 6] =
        ["status", "installed", "rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages.db", "Packages"];
    const LATE: i64 = 20_000_000;
    FILES.iter().any(|name| {
        let path = [place.path.as_bytes(), b"/", name.as_bytes()].concat();
        let file = tree.open(&path).ok().flatten();
        file.map(|file| file.changed_ns()).is_some_and(|changed| {
            changed >= from.as_nanos().saturating_sub(LATE)
                && until.is_none_or(|until| changed < until.as_nanos())
        })
    })
}
