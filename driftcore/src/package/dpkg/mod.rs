//! Debian's packages.
//!
//! ```text
//! status                an entry a package, its configuration files with their digests (Debian)
//! status.d/NAME         an entry of one package       (distroless images)
//! status.d/NAME.md5sums its files with their digests
//! info/NAME[:ARCH].list     the files of a package, directories among them
//! info/NAME[:ARCH].md5sums  their digests
//! diversions            files that stand under another name, three lines each
//! ```

mod lists;
mod status;
mod version;

use std::io::BufReader;
use std::ops::ControlFlow;

use self::lists::Diversions;
use self::lists::Lists;
use self::status::Kind;
use self::status::Status;
use super::At;
use super::Fault;
use super::Manager;
use super::Package;
use super::Sink;
use super::reader::Reader;
use crate::event::Text;
use crate::image::Code;
use crate::image::Tree;

/// Most packages that `status.d` may have.
const PACKAGES: usize = 100_000;

pub(super) const READER: Reader = Reader {
    manager: Manager::Dpkg,
    of_system: &["/var/lib/dpkg"],
    place_of,
    read,
    order: version::compare,
};

fn place_of(path: &[u8], _: Option<Code>) -> Option<&[u8]> {
    const PLACE: &[u8] = b"/var/lib/dpkg";
    let rest = path.strip_prefix(PLACE)?.strip_prefix(b"/")?;
    let is = rest == b"status" || rest.starts_with(b"status.d/") || rest.starts_with(b"info/");
    is.then(|| path.get(..PLACE.len()))?
}

fn read(tree: &Tree, place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let diversions = if sink.wants_files() {
        Diversions::read(tree, place, sink)?
    } else {
        Diversions::default()
    };
    let status = [place, b"/status"].concat();
    match tree.open(&status) {
        Ok(Some(file)) => {
            let reader = BufReader::with_capacity(64 << 10, file);
            status::parse(reader, &status, Kind::Status, &mut |parsed| match parsed {
                Ok(status) => {
                    let lists = Lists::of_info(place, &status);
                    hand_on(tree, place, &status, &lists, &diversions, sink)
                }
                Err(fault) => sink.fault(fault),
            })?;
        }
        Ok(None) => {}
        Err(error) => sink.fault(Fault::unread(&status, &error))?,
    }
    read_directory(tree, place, &diversions, sink)
}

/// Reads `status.d`.
fn read_directory(
    tree: &Tree,
    place: &[u8],
    diversions: &Diversions,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let directory = [place, b"/status.d"].concat();
    let mut names = Vec::new();
    let listed = tree.list(&directory, &mut |name, _| {
        if !name.ends_with(b".md5sums") {
            names.push(name.to_vec());
        }
        if names.len() > PACKAGES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Err(error) = listed {
        sink.fault(Fault::unread(&directory, &error))?;
    }
    if names.len() > PACKAGES {
        names.truncate(PACKAGES);
        let reason = format!("has more than {PACKAGES} names: the rest is not read");
        sink.fault(Fault::new(&directory, At::File, reason))?;
    }
    for name in names {
        let path = [&directory, b"/".as_slice(), &name].concat();
        let file = match tree.open(&path) {
            Ok(Some(file)) => file,
            Ok(None) => continue,
            Err(error) => {
                sink.fault(Fault::unread(&path, &error))?;
                continue;
            }
        };
        status::parse(BufReader::new(file), &path, Kind::Control, &mut |parsed| match parsed {
            Ok(status) => {
                let lists = Lists::of_status_d(&path);
                hand_on(tree, place, &status, &lists, diversions, sink)
            }
            Err(fault) => sink.fault(fault),
        })?;
    }
    ControlFlow::Continue(())
}

fn hand_on(
    tree: &Tree,
    place: &[u8],
    status: &Status,
    lists: &Lists,
    diversions: &Diversions,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    if !status.installed {
        return ControlFlow::Continue(());
    }
    let Status { name, version, architecture, text, .. } = status;
    let mut package = Package::new(Manager::Dpkg, place, name, version, text);
    package.architecture = architecture.as_deref().map(Text::from);
    sink.package(package)?;
    if sink.wants_files() {
        lists.read(tree, status, diversions, sink)?;
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests;
