//! The Go modules in a program, by what the linker wrote into it.
//!
//! Each program that Go built names the modules that it was built of. The program itself is the
//! place, and its packages are its main module, those that it depends on, and `std`, Go's own
//! library, whose version is Go's.

mod elf;
mod info;

use std::cmp::Ordering;
use std::io::Read;
use std::io::Seek;
use std::ops::ControlFlow;

use super::At;
use super::Fault;
use super::Manager;
use super::Package;
use super::PackageFile;
use super::Sink;
use super::npm;
use super::reader::Reader;
use super::source::Source;
use crate::image::Code;
use crate::image::Tree;

pub(super) const READER: Reader =
    Reader { manager: Manager::Go, of_system: &[], place_of, read, order };

/// Largest program that is looked into: no more than some MiB of it are read.
const PROGRAM: u64 = 16 << 30;
/// Most modules of one program.
const MODULES: usize = 20_000;

fn place_of(path: &[u8], code: Option<Code>) -> Option<&[u8]> {
    matches!(code, Some(Code::Executable | Code::Library)).then_some(path)
}

fn read(tree: &Tree, place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    match tree.open(place) {
        Ok(Some(file)) => read_program(file, place, sink),
        Ok(None) => ControlFlow::Continue(()),
        Err(error) => sink.fault(Fault::unread(place, &error)),
    }
}

/// Whether Go built a program; what says so may still be broken.
#[cfg(feature = "manifest")]
pub(super) fn is_program(path: &[u8], file: impl Read + Seek) -> bool {
    let found =
        Source::new(path.to_vec(), file, PROGRAM).and_then(|mut file| info::find(&mut file));
    !matches!(found, Ok(None))
}

fn read_program(file: impl Read + Seek, place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let found =
        Source::new(place.to_vec(), file, PROGRAM).and_then(|mut file| info::find(&mut file));
    let info = match found {
        Ok(Some(info)) => info,
        Ok(None) => return ControlFlow::Continue(()),
        Err(fault) => return sink.fault(fault),
    };
    let modules = modules(&info.modules);
    let package = |name: &[u8], version: &[u8], record: &[u8]| {
        Package::new(Manager::Go, place, name, version, record)
    };
    if let Some(main) = &modules.main {
        sink.package(package(main.name, main.version, &info.modules))?;
    }
    if !info.version.is_empty() {
        sink.package(package(b"std", &info.version, b""))?;
    }
    // Whatever came first, the program is of this place.
    if sink.wants_files() && (modules.main.is_some() || !info.version.is_empty()) {
        sink.file(PackageFile::new(place))?;
    }
    for Module { name, version, record } in modules.others.iter().take(MODULES) {
        sink.package(package(name, version, record))?;
    }
    if modules.others.len() > MODULES {
        let reason = format!("names more than {MODULES} modules: the rest is left out");
        sink.fault(Fault::new(place, At::Byte(info.at), reason))?;
    }
    ControlFlow::Continue(())
}

/// The modules of a program.
#[derive(Debug, Default, PartialEq, Eq)]
struct Modules<'a> {
    main: Option<Module<'a>>,
    others: Vec<Module<'a>>,
}

/// A module; one that was replaced has the version of what it was replaced by, if that has one.
#[derive(Debug, PartialEq, Eq)]
struct Module<'a> {
    name: &'a [u8],
    version: &'a [u8],
    /// The lines about it.
    record: &'a [u8],
}

/// Reads the list of modules: lines of words with a tab between them.
fn modules(text: &[u8]) -> Modules<'_> {
    let mut modules = Modules::default();
    let mut replaceable = None;
    let mut at = 0;
    for line in text.split(|&byte| byte == b'\n') {
        let start = at;
        at += line.len() + 1;
        let mut words = line.split(|&byte| byte == b'\t');
        let kind = words.next().unwrap_or_default();
        let [name, version] = [words.next(), words.next()].map(Option::unwrap_or_default);
        match kind {
            b"path" if modules.main.is_none() => {
                modules.main = Some(Module { name, version: b"", record: line });
            }
            b"mod" => modules.main = Some(Module { name, version, record: line }),
            b"dep" => {
                modules.others.push(Module { name, version, record: line });
                replaceable = Some(start);
                continue;
            }
            b"=>" => {
                if let (Some(start), Some(module)) = (replaceable, modules.others.last_mut()) {
                    module.record = text.get(start..at - 1).unwrap_or_default();
                    if !version.is_empty() && version != b"(devel)" {
                        module.version = version;
                    }
                }
            }
            _ => {}
        }
        replaceable = None;
    }
    modules.main = modules.main.filter(|main| !main.name.is_empty());
    modules.others.retain(|module| !module.name.is_empty());
    modules
}

/// Versions are semantic ones behind a `v`, those of Go itself behind `go`.
fn order(one: &[u8], two: &[u8]) -> Ordering {
    let [one, two] = [one, two].map(|text| {
        let text = text.strip_prefix(b"go").or(text.strip_prefix(b"v")).unwrap_or(text);
        let dots = text.iter().filter(|&&byte| byte == b'.').count();
        let numbers = text.iter().all(|&byte| byte == b'.' || byte.is_ascii_digit());
        // Go's first release of a series has two numbers.
        let end: &[u8] = if dots == 1 && numbers { b".0" } else { b"" };
        [text, end].concat()
    });
    npm::order(&one, &two)
}

#[cfg(test)]
mod tests;
