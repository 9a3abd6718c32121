//! RPM, under whatever front end.
//!
//! ```text
//! rpmdb.sqlite ─→ sqlite ┐ (with its write-ahead log)
//! Packages.db  ─→ ndb    ├─→ header ─→ Package, its files
//! Packages     ─→ bdb    ┘
//! ```
//! All kinds of databases have the same headers, one a package; the other files beside them are
//! indexes over these, and not read.

mod bdb;
mod blobs;
mod header;
mod ndb;
mod sqlite;
mod version;
mod wal;

use std::io;
use std::io::Read;
use std::io::Seek;
use std::ops::ControlFlow;

use super::source::Source;
use blobs::Blob;
use blobs::Blobs;
use header::Broken;
use header::Header;

use super::At;
use super::Fault;
use super::Manager;
use super::Package;
use super::PackageFile;
use super::Sink;
use super::reader::Reader;
use crate::image::Code;
use crate::image::Tree;

pub(super) const READER: Reader =
    Reader { manager: Manager::Rpm, of_system: PLACES, place_of, read, order: version::order };

/// Where distributions have the database; the second is that of SUSE, and of Fedora since 36.
const PLACES: &[&str] = &["/var/lib/rpm", "/usr/lib/sysimage/rpm"];
/// The kinds of databases, with that which RPM prefers first.
const KINDS: [(Kind, &str); 3] =
    [(Kind::Sqlite, "rpmdb.sqlite"), (Kind::Ndb, "Packages.db"), (Kind::Bdb, "Packages")];
const LOG: &str = "rpmdb.sqlite-wal";
const JOURNAL: &str = "rpmdb.sqlite-journal";
/// Most bytes of a database. That of a whole desktop has 200 MB.
const LARGEST: u64 = 1 << 30;
/// How much of a database may be broken before the rest is left alone.
const FAULTS: u32 = 32;

/// What a database is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Ndb,
    Bdb,
}

fn place_of(path: &[u8], _: Option<Code>) -> Option<&[u8]> {
    let place = PLACES.iter().find(|place| path.starts_with(place.as_bytes()))?;
    let (place, name) = path.split_at_checked(place.len())?;
    let name = name.strip_prefix(b"/")?;
    let ours = |(_, file): &(Kind, &str)| name == file.as_bytes();
    let beside = name == LOG.as_bytes() || name == JOURNAL.as_bytes();
    (beside || KINDS.iter().any(ours)).then_some(place)
}

fn read(tree: &Tree, place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let path = |name: &str| [place, b"/", name.as_bytes()].concat();
    let mut found = None;
    for (kind, name) in KINDS {
        let path = path(name);
        match tree.open(&path) {
            Ok(None) => {}
            Ok(Some(_)) if found.is_some() => {
                let reason = "is not read: beside it is a database of a newer kind";
                sink.fault(Fault::new(&path, At::File, reason))?;
            }
            Ok(Some(file)) => found = Some((kind, path, file)),
            Err(error) => sink.fault(Fault::unread(&path, &error))?,
        }
    }
    let Some((kind, db, file)) = found else { return ControlFlow::Continue(()) };
    let log = match kind {
        Kind::Sqlite => {
            unfinished(tree, &path(JOURNAL), sink)?;
            match tree.open(&path(LOG)) {
                Ok(log) => log,
                Err(error) => {
                    sink.fault(Fault::unread(&path(LOG), &error))?;
                    None
                }
            }
        }
        Kind::Ndb | Kind::Bdb => None,
    };
    let log = log.map(|log| (path(LOG), log));
    read_database(kind, place, (db, file), log, sink)
}

/// A journal with something in it: a transaction was given up midway, and its pages are in the
/// database until SQLite next opens it.
fn unfinished(tree: &Tree, path: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let mut first = [0];
    let begun = |file: Option<_>| -> io::Result<bool> {
        let Some(mut file): Option<crate::image::TreeFile> = file else { return Ok(false) };
        Ok(file.size() > 0 && file.read_exact(&mut first).is_ok() && first != [0])
    };
    match tree.open(path).and_then(begun) {
        Ok(false) => ControlFlow::Continue(()),
        Ok(true) => {
            let reason = "a transaction was not ended: the database may be half written";
            sink.fault(Fault::new(path, At::File, reason))
        }
        Err(error) => sink.fault(Fault::unread(path, &error)),
    }
}

/// Reads a database of this kind from any file.
fn read_database<R: Read + Seek>(
    kind: Kind,
    place: &[u8],
    (path, file): (Vec<u8>, R),
    log: Option<(Vec<u8>, R)>,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let files = sink.wants_files();
    let mut to = Packages { place, sink, files, faults: 0, ended: false };
    let db = match Source::new(path, file, LARGEST) {
        Ok(db) => db,
        Err(fault) => return to.fault(fault),
    };
    let log = match log.map(|(path, file)| Source::new(path, file, LARGEST)).transpose() {
        Ok(log) => log,
        Err(fault) => {
            to.fault(fault)?;
            None
        }
    };
    let read = match kind {
        Kind::Sqlite => sqlite::read(db, log, &mut to),
        Kind::Ndb => ndb::read(db, &mut to),
        Kind::Bdb => bdb::read(db, &mut to),
    };
    // That this database is left alone does not end the reading of others.
    if to.ended { ControlFlow::Continue(()) } else { read }
}

/// Turns headers into packages.
struct Packages<'a> {
    place: &'a [u8],
    sink: &'a mut dyn Sink,
    files: bool,
    faults: u32,
    /// Whether it is too broken to be read further.
    ended: bool,
}

impl Blobs for Packages<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> ControlFlow<()> {
        let package = |Broken { at, what }| blob.fault(at, what);
        let header = match self.package(blob.bytes) {
            Ok((header, package)) => {
                self.sink.package(package)?;
                header
            }
            Err(broken) => return self.fault(package(broken)),
        };
        if !self.files {
            return ControlFlow::Continue(());
        }
        let (mut path, mut flow) = (Vec::new(), ControlFlow::Continue(()));
        let result = header.files(&mut |file| {
            path.clear();
            path.extend_from_slice(file.directory);
            path.extend_from_slice(file.name);
            let mut claimed = PackageFile::new(&path);
            claimed.digest = file.digest;
            claimed.config = file.config;
            flow = self.sink.file(claimed);
            flow.is_continue()
        });
        flow?;
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(broken) => self.fault(package(broken)),
        }
    }

    fn fault(&mut self, fault: Fault) -> ControlFlow<()> {
        self.faults += 1;
        if self.faults < FAULTS {
            return self.sink.fault(fault);
        }
        self.ended = true;
        let reason = format!("{}; the rest is not read: too much is broken", fault.reason);
        self.sink.fault(Fault { reason, ..fault })?;
        ControlFlow::Break(())
    }
}

impl Packages<'_> {
    fn package<'h>(&self, bytes: &'h [u8]) -> Result<(Header<'h>, Package), Broken> {
        let header = Header::new(bytes)?;
        let (name, version) = (header.name()?, header.version()?);
        let record = header.record();
        let mut package = Package::new(Manager::Rpm, self.place, name, &version, &record);
        package.architecture = header.architecture()?.map(Into::into);
        Ok((header, package))
    }
}

#[cfg(test)]
mod tests;
