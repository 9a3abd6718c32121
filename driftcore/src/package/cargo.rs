//! Programs that `cargo install` made: one list for each directory it installs to.
//!
//! `.crates2.json` has them since 2019, `.crates.toml` had them before, and still has. Of the two
//! the newer is read where it is there. The older is one table of lists of texts, for which no
//! parser of all of TOML is brought along.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::At;
use super::Fault;
use super::Manager;
use super::Package;
use super::PackageFile;
use super::Sink;
use super::npm;
use super::reader::Reader;
use crate::image::Code;
use crate::image::Tree;

pub(super) const READER: Reader =
    Reader { manager: Manager::Cargo, of_system: &[], place_of, read, order: npm::order };

const NEWER: &[u8] = b"/.crates2.json";
const OLDER: &[u8] = b"/.crates.toml";
/// Largest list that is read.
const LIST: u64 = 16 << 20;

fn place_of(path: &[u8], _: Option<Code>) -> Option<&[u8]> {
    let place = path.strip_suffix(NEWER).or(path.strip_suffix(OLDER))?;
    Some(if place.is_empty() { b"/" } else { place })
}

fn read(tree: &Tree, place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let base = if place == b"/" { &b""[..] } else { place };
    for (name, parse) in [(NEWER, newer as Parse), (OLDER, older)] {
        let path = [base, name].concat();
        let content = match tree.read(&path, LIST) {
            Ok(Some(content)) => content,
            Ok(None) => continue,
            Err(error) => return sink.fault(Fault::unread(&path, &error)),
        };
        let installed = match parse(&content, &path) {
            Ok(installed) => installed,
            Err(fault) => return sink.fault(fault),
        };
        return installed.iter().try_for_each(|one| one.hand_on(place, base, &path, sink));
    }
    ControlFlow::Continue(())
}

type Parse = fn(&[u8], &[u8]) -> Result<Vec<Installed>, Fault>;

/// An entry of a list.
#[derive(Debug, PartialEq, Eq)]
struct Installed {
    /// `NAME VERSION (SOURCE)`.
    id: String,
    programs: Vec<String>,
    /// How it was made.
    rest: String,
}

impl Installed {
    fn hand_on(
        &self,
        place: &[u8],
        base: &[u8],
        path: &[u8],
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        let mut words = self.id.splitn(3, ' ');
        let name = words.next().filter(|name| !name.is_empty());
        let (Some(name), Some(version)) = (name, words.next()) else {
            let reason = format!("names no package with a version: {:?}", self.id);
            return sink.fault(Fault::new(path, At::File, reason));
        };
        let said = [&*self.id, &*self.rest, &self.programs.join("\n")].join("\n");
        let (name, version) = (name.as_bytes(), version.as_bytes());
        sink.package(Package::new(Manager::Cargo, place, name, version, said.as_bytes()))?;
        if !sink.wants_files() {
            return ControlFlow::Continue(());
        }
        let plain =
            |name: &&String| !name.contains('/') && !matches!(name.as_str(), "" | "." | "..");
        self.programs.iter().filter(plain).try_for_each(|name| {
            sink.file(PackageFile::new(&[base, b"/bin/", name.as_bytes()].concat()))
        })
    }
}

#[derive(Deserialize)]
struct Newer {
    installs: BTreeMap<String, Install>,
}

#[derive(Deserialize)]
struct Install {
    bins: Vec<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

fn newer(content: &[u8], path: &[u8]) -> Result<Vec<Installed>, Fault> {
    let list: Newer = serde_json::from_slice(content).map_err(|error| {
        let at = At::Line(error.line().max(1) as u64);
        Fault::new(path, at, format!("is no list of installed programs: {error}"))
    })?;
    let of = |(id, Install { bins, rest })| {
        let rest = rest.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        Installed { id, programs: bins, rest }
    };
    Ok(list.installs.into_iter().map(of).collect())
}

fn older(content: &[u8], path: &[u8]) -> Result<Vec<Installed>, Fault> {
    let mut tokens = Tokens { content, at: 0 };
    let broken = |tokens: &Tokens<'_>, wanted: &str| {
        let reason = format!("is no list of installed programs: here should be {wanted}");
        Err(Fault::new(path, At::Byte(tokens.at as u64), reason))
    };
    let mut installed = Vec::new();
    if !(tokens.take(b"[") && tokens.take(b"v1") && tokens.take(b"]")) {
        return broken(&tokens, "`[v1]`");
    }
    while !tokens.at_end() {
        let Some(id) = tokens.text() else { return broken(&tokens, "a package") };
        if !(tokens.take(b"=") && tokens.take(b"[")) {
            return broken(&tokens, "`= [`");
        }
        let mut programs = Vec::new();
        while !tokens.take(b"]") {
            let Some(program) = tokens.text() else { return broken(&tokens, "a program") };
            programs.push(program);
            if !tokens.take(b",") && !tokens.next_is(b"]") {
                return broken(&tokens, "`,` or `]`");
            }
        }
        installed.push(Installed { id, programs, rest: String::new() });
    }
    Ok(installed)
}

/// The words of a list, with white space and comments between them left out.
struct Tokens<'a> {
    content: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// What is left, from the next word on.
    fn rest(&mut self) -> &'a [u8] {
        loop {
            let rest = self.content.get(self.at..).unwrap_or_default();
            let start = rest.iter().position(|byte| !byte.is_ascii_whitespace());
            self.at += start.unwrap_or(rest.len());
            let rest = self.content.get(self.at..).unwrap_or_default();
            if rest.first() != Some(&b'#') {
                return rest;
            }
            self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        }
    }

    fn at_end(&mut self) -> bool {
        self.rest().is_empty()
    }

    fn next_is(&mut self, word: &[u8]) -> bool {
        self.rest().starts_with(word)
    }

    fn take(&mut self, word: &[u8]) -> bool {
        let is = self.next_is(word);
        if is {
            self.at += word.len();
        }
        is
    }

    /// A text in quotation marks. Cargo writes no escapes but those that JSON has too, and texts
    /// without any where nothing is to be escaped.
    fn text(&mut self) -> Option<String> {
        let rest = self.rest();
        if let Some(literal) = rest.strip_prefix(b"'") {
            let end = memchr::memchr2(b'\'', b'\n', literal)?;
            let text = std::str::from_utf8(literal.get(..end)?).ok()?;
            (literal.get(end) == Some(&b'\'')).then_some(())?;
            self.at += end + 2;
            return Some(text.to_owned());
        }
        rest.starts_with(b"\"").then_some(())?;
        let mut texts = serde_json::Deserializer::from_slice(rest).into_iter::<String>();
        let text = texts.next()?.ok()?;
        self.at += texts.byte_offset();
        Some(text)
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
    fn what_cargo_installed_is_found_in_either_list() {
        let root = copied("languages/cargo", "root/.cargo");
        let tree = Tree::root(root.path()).unwrap();
        let lines = ["drift-rs 0.1.0", "  /root/.cargo/bin/drift-rs"];
        assert_eq!(collect(&tree, "/root/.cargo").lines, lines);
        fs::remove_file(root.path().join("root/.cargo/.crates2.json")).unwrap();
        let found = collect(&tree, "/root/.cargo");
        assert_eq!((&found.lines[..], &found.faults[..]), (&lines.map(str::to_owned)[..], &[][..]));
        fs::remove_file(root.path().join("root/.cargo/.crates.toml")).unwrap();
        assert_eq!(collect(&tree, "/root/.cargo"), Collected::with_files());
    }

    #[test]
    fn the_older_list_may_be_laid_out_in_any_way() {
        let list = r#"# by cargo
[v1]
"a 1.0.0 (x)" = [
    "a", # one
    'b',
]
"c 2.0.0 (\"y\")" = []
"#;
        let installed = older(list.as_bytes(), b"/x").unwrap();
        let expected = [("a 1.0.0 (x)", vec!["a", "b"]), ("c 2.0.0 (\"y\")", vec![])];
        assert_eq!(installed.len(), 2);
        for (one, (id, programs)) in installed.iter().zip(expected) {
            assert_eq!(
                (one.id.as_str(), &one.programs[..]),
                (id, &programs.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()[..])
            );
        }
    }

    #[test]
    fn what_is_broken_is_named_by_its_place() {
        for (list, at, wanted) in [
            ("", 0, "`[v1]`"),
            ("[v2]", 1, "`[v1]`"),
            ("[v1]\nx", 5, "a package"),
            ("[v1]\n\"x", 5, "a package"),
            ("[v1]\n\"x\" = 1", 11, "`= [`"),
            ("[v1]\n\"x\" = [1]", 12, "a program"),
            ("[v1]\n\"x\" = [\"a\" \"b\"]", 16, "`,` or `]`"),
            ("[v1]\n'x\n' = []", 5, "a package"),
        ] {
            let fault = older(list.as_bytes(), b"/x").unwrap_err().to_string();
            let reason = format!("is no list of installed programs: here should be {wanted}");
            assert_eq!(fault, format!("/x: at byte {at}: {reason}"), "{list}");
        }
        let fault = newer(b"{\n\"installs\": []}", b"/x").unwrap_err().to_string();
        assert!(fault.starts_with("/x: line 2: is no list of installed programs"), "{fault}");
    }

    #[test]
    fn an_entry_that_is_none_is_said_and_no_program_leads_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let list =
            r#"{"installs": {"bad": {"bins": []}, "ok 1.0.0": {"bins": ["../sh", "..", "ok"]}}}"#;
        fs::write(root.path().join(".crates2.json"), list).unwrap();
        let tree = Tree::root(root.path()).unwrap();
        let found = collect(&tree, "/");
        assert_eq!(found.lines, ["ok 1.0.0", "  /bin/ok"]);
        assert_eq!(found.faults, ["/.crates2.json: names no package with a version: \"bad\""]);
    }

    #[test]
    fn the_lists_are_told_by_their_paths() {
        assert_eq!(place_of(b"/root/.cargo/.crates2.json", None), Some(&b"/root/.cargo"[..]));
        assert_eq!(place_of(b"/usr/local/.crates.toml", None), Some(&b"/usr/local"[..]));
        assert_eq!(place_of(b"/.crates.toml", None), Some(&b"/"[..]));
        assert_eq!(place_of(b"/root/.cargo/crates2.json", None), None);
    }

    proptest! {
        #[test]
        fn any_list_gets_an_answer(
            list in "(\\[v1\\]\n)?(\"a 1 \"|[\\[\\]=,'\"#\n\\\\a ]){0,20}",
            json in "\\{\"installs\":\\{[\"a :{}\\[\\],bins]{0,30}\\}\\}",
            bytes: Vec<u8>,
        ) {
            let _ = (older(list.as_bytes(), b"/x"), newer(json.as_bytes(), b"/x"));
            let _ = (older(&bytes, b"/x"), newer(&bytes, b"/x"));
        }
    }
}
