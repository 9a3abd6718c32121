//! Node.js packages: a directory each, in a directory `node_modules`, whatever tool put them there.
//!
//! What makes a directory a package is its `package.json`, and every file in it is the package's
//! but those in a `node_modules` of its own, which is another place.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use semver::Version;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::At;
use super::Fault;
use super::Manager;
use super::Package;
use super::PackageFile;
use super::Sink;
use super::below;
use super::reader::Reader;
use crate::image::Code;
use crate::image::FileType;
use crate::image::Tree;

pub(super) const READER: Reader =
    Reader { manager: Manager::Npm, of_system: &[], place_of, read, order };

const MODULES: &[u8] = b"node_modules";
/// Largest `package.json` that is read.
const ABOUT: u64 = 4 << 20;
/// Most packages in one place.
const PACKAGES: usize = 100_000;

fn place_of(path: &[u8], _: Option<Code>) -> Option<&[u8]> {
    let at = memchr::memmem::rfind(path, b"/node_modules/")?;
    let place = path.get(..at + 1 + MODULES.len())?;
    let mut names = path.get(place.len() + 1..)?.split(|&byte| byte == b'/');
    let name = names.next()?;
    if name.starts_with(b"@") {
        names.next()?;
    }
    // The package itself: a link to where it is, or its directory; or what is said of it.
    let rest = (names.next(), names.next());
    matches!(rest, (None, _) | (Some(b"package.json"), None)).then_some(place)
}

fn read(tree: &Tree, place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let mut names = Vec::new();
    let mut scopes = vec![Vec::new()];
    while let Some(scope) = scopes.pop() {
        let directory = [place, &scope].concat();
        let listed = tree.list(&directory, &mut |name, file_type| {
            let may_be = matches!(file_type, FileType::Directory | FileType::Symlink);
            let path = [&scope, &b"/"[..], name].concat();
            if may_be && scope.is_empty() && name.starts_with(b"@") {
                scopes.push(path);
            } else if may_be && !name.starts_with(b".") {
                names.push(path);
            }
            let full = names.len() + scopes.len() > PACKAGES;
            if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(error) = listed {
            sink.fault(Fault::unread(&directory, &error))?;
        }
        if names.len() + scopes.len() > PACKAGES {
            let reason = format!("has more than {PACKAGES} packages: the rest is left out");
            sink.fault(Fault::new(&directory, At::File, reason))?;
            break;
        }
    }
    names.sort_unstable();
    names.iter().try_for_each(|name| package(tree, place, name, sink))
}

/// Reads a package; `name` is its path in the place, with a slash.
fn package(tree: &Tree, place: &[u8], name: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let directory = [place, name].concat();
    let path = [&directory, &b"/package.json"[..]].concat();
    let content = match tree.read(&path, ABOUT) {
        Ok(Some(content)) => content,
        Ok(None) => return ControlFlow::Continue(()),
        Err(error) => return sink.fault(Fault::unread(&path, &error)),
    };
    let about = match about(&content, &path) {
        Ok(about) => about,
        Err(fault) => return sink.fault(fault),
    };
    let of_directory = name.get(1..).unwrap_or_default();
    let said = about.name.as_deref().filter(|name| !name.is_empty());
    let said = said.map_or(of_directory, str::as_bytes);
    let version = about.version.as_deref().unwrap_or_default().as_bytes();
    sink.package(Package::new(Manager::Npm, place, said, version, &content))?;
    if !sink.wants_files() {
        return ControlFlow::Continue(());
    }
    for name in about.commands(said) {
        sink.file(PackageFile::new(&[place, b"/.bin/", name].concat()))?;
        // What is installed globally is in `PREFIX/lib/node_modules`, and its commands in
        // `PREFIX/bin`.
        if let Some(prefix) = place.strip_suffix(b"/lib/node_modules") {
            sink.file(PackageFile::new(&[prefix, b"/bin/", name].concat()))?;
        }
    }
    below::files(tree, &directory, MODULES, sink)
}

/// What a `package.json` says, as far as it matters here.
#[derive(Debug, PartialEq, Deserialize)]
struct About {
    name: Option<String>,
    version: Option<String>,
    bin: Option<Bin>,
}

/// Commands: one of the package's own name, or each with its program.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Bin {
    Several(BTreeMap<String, IgnoredAny>),
    One(IgnoredAny),
}

impl About {
    fn commands<'a>(&'a self, name: &'a [u8]) -> Vec<&'a [u8]> {
        let base = memchr::memrchr(b'/', name).map_or(Some(name), |slash| name.get(slash + 1..));
        let names = match &self.bin {
            None => Vec::new(),
            Some(Bin::One(_)) => base.into_iter().collect(),
            Some(Bin::Several(commands)) => commands.keys().map(String::as_bytes).collect(),
        };
        // A name is not to lead anywhere else.
        let plain = |name: &&[u8]| !name.contains(&b'/') && !matches!(*name, b"" | b"." | b"..");
        names.into_iter().filter(plain).collect()
    }
}

fn about(content: &[u8], path: &[u8]) -> Result<About, Fault> {
    serde_json::from_slice(content).map_err(|error| {
        let at = At::Line(error.line().max(1) as u64);
        Fault::new(path, at, format!("is no description of a package: {error}"))
    })
}

/// Versions of both npm and Cargo are semantic ones. Those that are not are equal to all: nothing
/// can be said.
pub(super) fn order(one: &[u8], two: &[u8]) -> Ordering {
    let version = |text| Version::parse(std::str::from_utf8(text).ok()?).ok();
    match (version(one), version(two)) {
        (Some(one), Some(two)) => one.cmp_precedence(&two),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::package::testing::Collected;
    use crate::package::testing::copied;

    fn collect(tree: &Tree, place: &str) -> Collected {
        let mut to = Collected::with_files();
        assert!(read(tree, place.as_bytes(), &mut to).is_continue());
        to
    }

    #[test]
    fn what_npm_installed_is_found_with_its_files() {
        let root = copied("languages/npm", "app");
        let tree = Tree::root(root.path()).unwrap();
        let found = collect(&tree, "/app/node_modules");
        assert_eq!(found.faults, [""; 0]);
        assert_eq!(
            found.lines,
            [
                "@drift/scoped 2.0.0-beta.1",
                "  /app/node_modules/.bin/drift-scoped",
                "  /app/node_modules/@drift/scoped/cli.js",
                "  /app/node_modules/@drift/scoped/package.json",
                "drift-inner 0.1.0",
                "  /app/node_modules/drift-inner/package.json",
            ]
        );
    }

    #[test]
    fn a_package_has_neither_the_files_of_those_in_it_nor_what_is_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let modules = root.path().join("usr/lib/node_modules");
        let write = |path: &str, content: &str| {
            let path = modules.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write("a/package.json", r#"{"name": "@x/a", "version": "1.0.0", "bin": "cli.js"}"#);
        write("a/lib/b.js", "");
        write("a/node_modules/c/package.json", r#"{"version": "2.0.0"}"#);
        write("nothing/readme", "");
        write(".hidden/package.json", "{}");
        write("bad/package.json", "{\n\"name\": 1}");
        write("evil/package.json", r#"{"bin": {"../../../bin/sh": "x", "..": 1, "ok": 2}}"#);
        std::os::unix::fs::symlink("/etc", modules.join("link")).unwrap();
        let tree = Tree::root(root.path()).unwrap();
        let found = collect(&tree, "/usr/lib/node_modules");
        let modules = "/usr/lib/node_modules";
        assert_eq!(
            found.of("@x/a")[1..],
            [
                format!("  {modules}/.bin/a"),
                "  /usr/bin/a".to_owned(),
                format!("  {modules}/a/package.json"),
                format!("  {modules}/a/lib/b.js"),
            ]
        );
        assert_eq!(found.names(), ["@x/a 1.0.0", "evil "]);
        assert_eq!(
            found.of("evil")[1..3],
            [format!("  {modules}/.bin/ok"), "  /usr/bin/ok".to_owned()]
        );
        assert_eq!(found.faults.len(), 1, "{:?}", found.faults);
        let start = format!("{modules}/bad/package.json: line 2: is no description of a package");
        assert!(found.faults[0].starts_with(&start), "{:?}", found.faults);
        assert_eq!(collect(&tree, &format!("{modules}/a/node_modules")).names(), ["c 2.0.0"]);
        assert_eq!(collect(&tree, "/nowhere/node_modules"), Collected::with_files());
    }

    #[test]
    fn a_package_is_told_by_the_path_of_its_description() {
        let place = |path: &'static str| {
            place_of(path.as_bytes(), None).map(|place| std::str::from_utf8(place).unwrap())
        };
        assert_eq!(place("/a/node_modules/x/package.json"), Some("/a/node_modules"));
        assert_eq!(place("/node_modules/@s/x/package.json"), Some("/node_modules"));
        assert_eq!(place("/a/node_modules/x"), Some("/a/node_modules"));
        assert_eq!(place("/a/node_modules/@s/x"), Some("/a/node_modules"));
        let inner = "/a/node_modules/x/node_modules/y/package.json";
        assert_eq!(place(inner), Some("/a/node_modules/x/node_modules"));
        for other in [
            "/a/node_modules",
            "/a/node_modules/@s",
            "/a/node_modules/x/index.js",
            "/a/node_modules/x/dist/package.json",
            "/a/node_modules/x/package.json/y",
            "/a/package.json",
        ] {
            assert_eq!(place(other), None, "{other}");
        }
    }

    #[test]
    fn versions_are_semantic() {
        for (one, two, expected) in [
            ("1.0.0", "1.0.1", Ordering::Less),
            ("1.10.0", "1.9.0", Ordering::Greater),
            ("1.0.0-beta.2", "1.0.0-beta.10", Ordering::Less),
            ("1.0.0-beta", "1.0.0", Ordering::Less),
            ("1.0.0+a", "1.0.0+b", Ordering::Equal),
            ("1.0", "2.0", Ordering::Equal),
        ] {
            assert_eq!(order(one.as_bytes(), two.as_bytes()), expected, "{one} {two}");
        }
    }

    proptest! {
        #[test]
        fn any_description_gets_an_answer(
            content in "[{}\\[\\]\":, a-z0-9\\\\]{0,60}",
            name in "[\"a{1}]{1,3}",
            bin in "[\"{a:}]{1,6}",
        ) {
            for content in [content, format!("{{\"name\":{name},\"bin\":{bin}}}")] {
                let _ = about(content.as_bytes(), b"/x").map(|about| about.commands(b"n").len());
            }
        }
    }
}
