//! Ruby gems: `specifications/NAME-VERSION.gemspec`, below any directory that RubyGems was told
//! to install to.
//!
//! A specification is a Ruby program, which is not run here. RubyGems itself reads of an installed
//! gem only the line `# stub: NAME VERSION PLATFORM PATHS` that it wrote into it; of those older
//! than that line (2013), the assignments are read, which it wrote as well.

mod version;

use std::ops::ControlFlow;

use super::At;
use super::Fault;
use super::Manager;
use super::Package;
use super::PackageFile;
use super::Sink;
use super::below;
use super::reader::Reader;
use crate::event::Text;
use crate::image::Code;
use crate::image::FileType;
use crate::image::Tree;

pub(super) const READER: Reader =
    Reader { manager: Manager::Gem, of_system: &[], place_of, read, order: version::order };

/// Largest specification that is read.
const SPECIFICATION: u64 = 4 << 20;
/// Most gems in one directory.
const GEMS: usize = 100_000;
const END: &[u8] = b".gemspec";

fn place_of(path: &[u8], _: Option<Code>) -> Option<&[u8]> {
    let slash = memchr::memrchr(b'/', path)?;
    let name = path.get(slash..).filter(|name| name.len() > 1 + END.len() && name.ends_with(END));
    let directory = name.and(path.get(..slash))?;
    // Those that came with Ruby itself are one level below.
    let directory = directory.strip_suffix(b"/default").unwrap_or(directory);
    let place = directory.strip_suffix(b"/specifications")?;
    Some(if place.is_empty() { b"/" } else { place })
}

fn read(tree: &Tree, place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let base = if place == b"/" { &b""[..] } else { place };
    for directory in [&b"/specifications"[..], b"/specifications/default"] {
        let directory = [base, directory].concat();
        let mut names = Vec::new();
        let listed = tree.list(&directory, &mut |name, file_type| {
            if name.ends_with(END) && matches!(file_type, FileType::File | FileType::Symlink) {
                names.push([&directory, &b"/"[..], name].concat());
            }
            if names.len() > GEMS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(error) = listed {
            sink.fault(Fault::unread(&directory, &error))?;
        }
        if names.len() > GEMS {
            let reason = format!("has more than {GEMS} gems: the rest is left out");
            sink.fault(Fault::new(&directory, At::File, reason))?;
        }
        names.sort_unstable();
        names.iter().try_for_each(|path| gem(tree, place, base, path, sink))?;
    }
    ControlFlow::Continue(())
}

fn gem(
    tree: &Tree,
    place: &[u8],
    base: &[u8],
    path: &[u8],
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let content = match tree.read(path, SPECIFICATION) {
        Ok(Some(content)) => content,
        Ok(None) => return ControlFlow::Continue(()),
        Err(error) => return sink.fault(Fault::unread(path, &error)),
    };
    let Some(gem) = Specification::parse(&content) else {
        let reason = "names no gem with a version as RubyGems writes it";
        return sink.fault(Fault::new(path, At::File, reason));
    };
    let mut package = Package::new(Manager::Gem, place, gem.name, gem.version, &content);
    package.architecture = gem.platform.map(Text::from);
    sink.package(package)?;
    if !sink.wants_files() {
        return ControlFlow::Continue(());
    }
    sink.file(PackageFile::new(path))?;
    for name in &gem.executables {
        sink.file(PackageFile::new(&[base, b"/bin/", name].concat()))?;
        // Debian has the commands of what users install elsewhere.
        if base.starts_with(b"/var/lib/gems/") {
            sink.file(PackageFile::new(&[b"/usr/local/bin/", *name].concat()))?;
        }
    }
    let full_name = gem.full_name();
    sink.file(PackageFile::new(&[base, b"/cache/", &full_name, b".gem"].concat()))?;
    below::files(tree, &[base, b"/gems/", &full_name].concat(), b"", sink)
}

/// What a specification says, as far as it matters here. No text in it leads to another
/// directory.
#[derive(Debug, PartialEq, Eq)]
struct Specification<'a> {
    name: &'a [u8],
    version: &'a [u8],
    /// None for gems of Ruby alone.
    platform: Option<&'a [u8]>,
    executables: Vec<&'a [u8]>,
}

impl<'a> Specification<'a> {
    fn parse(content: &'a [u8]) -> Option<Self> {
        let mut gem = Self { name: b"", version: b"", platform: None, executables: Vec::new() };
        let mut stub = None;
        for line in content.split(|&byte| byte == b'\n') {
            let line = line.trim_ascii();
            if let Some(rest) = line.strip_prefix(b"# stub: ") {
                stub = stub.or(Some(rest));
            }
            let Some(assignment) = line.strip_prefix(b"s.") else { continue };
            let value = |key: &[u8]| assignment.strip_prefix(key)?.strip_prefix(b" = ");
            if let Some(value) = value(b"name").filter(|_| gem.name.is_empty()) {
                gem.name = quoted(value).next().unwrap_or_default();
            } else if let Some(value) = value(b"version").filter(|_| gem.version.is_empty()) {
                gem.version = quoted(value).next().unwrap_or_default();
            } else if let Some(value) = value(b"platform").filter(|_| gem.platform.is_none()) {
                gem.platform = quoted(value).next();
            } else if let Some(value) = value(b"executables") {
                gem.executables = quoted(value).filter(|name| is_plain(name)).collect();
            }
        }
        if let Some(stub) = stub {
            let mut words = stub.split(|&byte| byte == b' ');
            gem.name = words.next()?;
            gem.version = words.next()?;
            gem.platform = words.next();
        }
        gem.platform = gem.platform.filter(|platform| *platform != b"ruby");
        let plain =
            is_plain(gem.name) && is_plain(gem.version) && gem.platform.is_none_or(is_plain);
        plain.then_some(gem)
    }

    /// As directories are named.
    fn full_name(&self) -> Vec<u8> {
        let mut name = [self.name, b"-", self.version].concat();
        if let Some(platform) = self.platform {
            name.push(b'-');
            name.extend_from_slice(platform);
        }
        name
    }
}

/// The texts within quotation marks of either kind.
fn quoted(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = memchr::memchr2(b'"', b'\'', rest)?;
        let mark = *rest.get(start)?;
        let after = rest.get(start + 1..)?;
        let end = memchr::memchr(mark, after)?;
        rest = after.get(end + 1..)?;
        after.get(..end)
    })
}

fn is_plain(name: &[u8]) -> bool {
    let control = |byte: &u8| *byte == b'/' || *byte < b' ';
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(control)
}

#[cfg(test)]
mod tests;
