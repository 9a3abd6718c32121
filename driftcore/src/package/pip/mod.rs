//! Python distributions, wherever they are.
//!
//! ```text
//! NAME-VERSION.dist-info/METADATA     name and version (pip, since 2013)
//!                       /RECORD       files, each with its digest
//! NAME-VERSION.egg-info/PKG-INFO      the same, by setuptools
//!                      /installed-files.txt
//! NAME-VERSION.egg-info               a file: PKG-INFO alone, by distutils
//! NAME-VERSION.egg/EGG-INFO/PKG-INFO  by easy_install
//! ```
//! A place is a directory that has some of these: a `site-packages` or `dist-packages`, of the
//! system or a virtual environment, or whatever `pip install --target` was told.

mod record;
mod version;

use std::io::BufReader;
use std::io::Read;
use std::ops::ControlFlow;

use super::At;
use super::Fault;
use super::Manager;
use super::Package;
use super::PackageFile;
use super::Sink;
use super::lines::Is;
use super::lines::Lines;
use super::reader::Reader;
use crate::image::Code;
use crate::image::FileType;
use crate::image::Tree;

pub(super) const READER: Reader =
    Reader { manager: Manager::Pip, of_system: &[], place_of, read, order: version::order };

/// Most bytes of fields that are read: the text about the distribution comes behind them.
const FIELDS: u64 = 1 << 20;
/// Largest list of files that is read.
const LIST: u64 = 32 << 20;
/// Most distributions in one directory.
const DISTRIBUTIONS: usize = 100_000;

/// How a distribution is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    DistInfo,
    EggInfo,
    Egg,
}

/// Which kind the name of a directory or file is of.
fn kind_of(name: &[u8]) -> Option<Kind> {
    let kinds: [(&[u8], Kind); 3] =
        [(b".dist-info", Kind::DistInfo), (b".egg-info", Kind::EggInfo), (b".egg", Kind::Egg)];
    // What pip is about to remove begins with `~`.
    let kind = kinds.iter().find(|(end, _)| name.len() > end.len() && name.ends_with(end));
    kind.map(|(_, kind)| *kind).filter(|_| !name.starts_with(b"~"))
}

fn place_of(path: &[u8], _: Option<Code>) -> Option<&[u8]> {
    let mut end = path.len();
    loop {
        let slash = memchr::memrchr(b'/', path.get(..end)?)?;
        let name = path.get(slash + 1..end)?;
        let below = path.get(end..)?;
        match kind_of(name) {
            // An egg has the code as well: only what is said of it counts.
            Some(Kind::Egg) if !below.is_empty() && !below.starts_with(b"/EGG-INFO") => {}
            Some(_) => return path.get(..slash.max(1)),
            None => {}
        }
        end = slash;
    }
}

fn read(tree: &Tree, place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let mut found = Vec::new();
    let listed = tree.list(place, &mut |name, file_type| {
        if let Some(kind) = kind_of(name) {
            found.push((name.to_vec(), kind, file_type));
        }
        if found.len() > DISTRIBUTIONS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Err(error) = listed {
        sink.fault(Fault::unread(place, &error))?;
    }
    if found.len() > DISTRIBUTIONS {
        let reason = format!("has more than {DISTRIBUTIONS} distributions: the rest is left out");
        sink.fault(Fault::new(place, At::File, reason))?;
    }
    found.sort_unstable_by(|one, two| one.0.cmp(&two.0));
    for (name, kind, file_type) in found {
        let base = if place == b"/" { &b""[..] } else { place };
        let path = [base, b"/", &name].concat();
        distribution(tree, place, &path, kind, file_type, sink)?;
    }
    ControlFlow::Continue(())
}

/// Reads what is said of one distribution.
fn distribution(
    tree: &Tree,
    place: &[u8],
    path: &[u8],
    kind: Kind,
    file_type: FileType,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let is_file = file_type == FileType::File;
    let below = |name: &str| [path, b"/", name.as_bytes()].concat();
    let (about, list) = match kind {
        Kind::DistInfo => (below("METADATA"), Some(below("RECORD"))),
        Kind::EggInfo if is_file => (path.to_vec(), None),
        Kind::EggInfo => (below("PKG-INFO"), Some(below("installed-files.txt"))),
        // Of one that is packed, the name has to do.
        Kind::Egg if is_file => return packed(place, path, sink),
        Kind::Egg => (below("EGG-INFO/PKG-INFO"), None),
    };
    let fields = match tree.open(&about) {
        Ok(Some(file)) => fields(BufReader::new(file.take(FIELDS)), &about),
        Ok(None) => Err(Fault::new(&about, At::File, "is not there, though its directory is")),
        Err(error) => Err(Fault::unread(&about, &error)),
    };
    let fields = match fields {
        Ok(fields) => fields,
        Err(fault) => return sink.fault(fault),
    };
    let content = match list.as_ref().map(|list| tree.read(list, LIST)).transpose() {
        Ok(content) => content.flatten(),
        Err(error) => {
            sink.fault(Fault::unread(list.as_deref().unwrap_or_default(), &error))?;
            None
        }
    };
    let content = content.unwrap_or_default();
    let said = [&fields.all, &b"\n"[..], &content].concat();
    sink.package(Package::new(Manager::Pip, place, &fields.name, &fields.version, &said))?;
    if !sink.wants_files() {
        return ControlFlow::Continue(());
    }
    let list = list.unwrap_or_default();
    match kind {
        Kind::DistInfo => record::files(&content, place, &list, sink),
        // Paths are relative to the directory of the list.
        Kind::EggInfo if !is_file => {
            sink.file(PackageFile::new(&about))?;
            record::plain_files(&content, path, sink)
        }
        _ => sink.file(PackageFile::new(&about)),
    }
}

/// `NAME-VERSION-py3.11.egg`, an archive.
fn packed(place: &[u8], path: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let start = memchr::memrchr(b'/', path).map_or(0, |slash| slash + 1);
    let name = path.get(start..).and_then(|name| name.strip_suffix(b".egg")).unwrap_or_default();
    let mut parts = name.split(|&byte| byte == b'-');
    let (first, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let name = if first.is_empty() { name } else { first };
    sink.package(Package::new(Manager::Pip, place, name, version, path))?;
    if sink.wants_files() {
        sink.file(PackageFile::new(path))?;
    }
    ControlFlow::Continue(())
}

/// What METADATA or PKG-INFO says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fields {
    name: Vec<u8>,
    version: Vec<u8>,
    /// All fields, a line each.
    all: Vec<u8>,
}

/// Reads fields up to the first empty line.
fn fields(from: impl std::io::BufRead, path: &[u8]) -> Result<Fields, Fault> {
    let mut lines = Lines::new(from);
    let mut fields = Fields::default();
    let mut last = 0;
    loop {
        let line = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => return Err(Fault::unread(path, &error)),
        };
        last = line.number;
        let text = line.text.trim_ascii_end();
        if text.is_empty() {
            break;
        }
        fields.all.extend_from_slice(text);
        fields.all.push(b'\n');
        let value = |field: &[u8]| {
            let (key, value) = text.split_at_checked(field.len())?;
            let value = value.strip_prefix(b":")?.trim_ascii();
            (key.eq_ignore_ascii_case(field) && line.is != Is::TooLong).then(|| value.to_vec())
        };
        if let Some(name) = value(b"Name").filter(|_| fields.name.is_empty()) {
            fields.name = name;
        }
        if let Some(version) = value(b"Version").filter(|_| fields.version.is_empty()) {
            fields.version = version;
        }
    }
    let missing = match (fields.name.is_empty(), fields.version.is_empty()) {
        (true, _) => "names no distribution",
        (_, true) => "names no version",
        _ => return Ok(fields),
    };
    Err(Fault::new(path, At::Line(last.max(1)), missing))
}

#[cfg(test)]
mod tests;
