//! The readers of all managers.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::Manager;
use super::Place;
use super::Sink;
use super::apk;
use super::cargo;
use super::dpkg;
use super::gem;
use super::go;
use super::npm;
use super::pip;
use super::rpm;
use crate::image::Code;
use crate::image::Tree;

/// All of them.
pub(super) const READERS: &[Reader] = &[
    dpkg::READER,
    apk::READER,
    rpm::READER,
    pip::READER,
    npm::READER,
    gem::READER,
    cargo::READER,
    go::READER,
];

/// How the databases of one manager are found and read.
pub(super) struct Reader {
    pub(super) manager: Manager,
    /// The paths at which a system has its one database; empty for managers whose databases may
    /// be anywhere.
    pub(super) of_system: &'static [&'static str],
    /// The path of the database that a file is part of: a prefix of the file's path, which is
    /// absolute and without links. Asked of every path that changed, so it looks at the bytes alone.
    pub(super) place_of: fn(&[u8], Option<Code>) -> Option<&[u8]>,
    /// Reads the database at a path.
    pub(super) read: fn(&Tree, &[u8], &mut dyn Sink) -> ControlFlow<()>,
    /// Which of two versions is the later one, by the manager's own rules.
    pub(super) order: fn(&[u8], &[u8]) -> Ordering,
}

/// Hands all packages of a database to a sink. A database that is not there has none.
///
/// Reads the database's own files of the tree, each within a bound; what is larger, broken or
/// unreadable is a [`Fault`](super::Fault). Breaks when the sink does.
pub fn read(tree: &Tree, place: &Place, sink: &mut dyn Sink) -> ControlFlow<()> {
    match READERS.iter().find(|reader| reader.manager == place.manager) {
        Some(reader) => (reader.read)(tree, place.path.as_bytes(), sink),
        None => ControlFlow::Continue(()),
    }
}
