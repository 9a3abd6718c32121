//! The page, as a browser's parser reads it.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use driftcore::container::Layers;
use driftcore::image::OverlayScan;
use driftcore::image::Problem;
use driftcore::image::Progress;
use driftcore::image::Visitor;
use driftcore::package::PackageScan;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::BufferQueue;
use html5ever::tokenizer::Tag;
use html5ever::tokenizer::TagKind;
use html5ever::tokenizer::Token;
use html5ever::tokenizer::TokenSink;
use html5ever::tokenizer::TokenSinkResult;
use html5ever::tokenizer::Tokenizer;
use html5ever::tokenizer::states::RawKind;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::*;
use crate::scan::ignored::Ignored;
use crate::scan::report::Report;

/// Name and attributes.
type Element = (String, Vec<(String, String)>);

/// What the tokenizer of a browser makes of a page.
#[derive(Default)]
struct Page {
    /// Each that is opened.
    elements: RefCell<Vec<Element>>,
    /// The elements that are open.
    open: RefCell<Vec<String>>,
    text: RefCell<String>,
    errors: RefCell<Vec<String>>,
}

const VOID: [&str; 4] = ["meta", "input", "br", "rect"];

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(Tag { kind: TagKind::StartTag, name, attrs, self_closing, .. }) => {
                let attributes = attrs
                    .iter()
                    .map(|it| (it.name.local.to_string(), it.value.to_string()))
                    .collect();
                self.elements.borrow_mut().push((name.to_string(), attributes));
                if !self_closing && !VOID.contains(&&*name) {
                    self.open.borrow_mut().push(name.to_string());
                }
                match &*name {
                    "script" => return TokenSinkResult::RawData(RawKind::ScriptData),
                    "style" => return TokenSinkResult::RawData(RawKind::Rawtext),
                    "title" => return TokenSinkResult::RawData(RawKind::Rcdata),
                    _ => {}
                }
            }
            Token::TagToken(Tag { name, .. }) => {
                let last = self.open.borrow_mut().pop();
                if last.as_deref() != Some(&*name) {
                    self.errors.borrow_mut().push(format!("line {line}: {last:?} ends as {name}"));
                }
            }
            Token::CharacterTokens(text) => self.text.borrow_mut().push_str(&text),
            Token::ParseError(error) => {
                self.errors.borrow_mut().push(format!("line {line}: {error}"));
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Page {
    /// Parses a page that has to be without a fault.
    fn parse(html: &[u8]) -> Self {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(std::str::from_utf8(html).unwrap()));
        let tokenizer = Tokenizer::new(Self::default(), Default::default());
        let _ = tokenizer.feed(&input);
        tokenizer.end();
        let page = tokenizer.sink;
        assert_eq!(*page.errors.borrow(), Vec::<String>::new());
        assert_eq!(*page.open.borrow(), Vec::<String>::new());
        page
    }

    fn count(&self, name: &str) -> usize {
        self.elements.borrow().iter().filter(|element| element.0 == name).count()
    }

    /// All kinds of elements, and of attributes.
    fn kinds(&self) -> (Vec<String>, Vec<String>) {
        let elements = self.elements.borrow();
        let mut names: Vec<_> = elements.iter().map(|element| element.0.clone()).collect();
        let attributes = elements.iter().flat_map(|element| &element.1);
        let mut attributes: Vec<_> = attributes.map(|(name, _)| name.clone()).collect();
        names.sort();
        names.dedup();
        attributes.sort();
        attributes.dedup();
        (names, attributes)
    }

    fn says(&self, text: &str) -> bool {
        self.text.borrow().contains(text)
    }
}

struct World(tempfile::TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        fs::create_dir(world.0.path().join("upper")).unwrap();
        fs::create_dir(world.0.path().join("lower")).unwrap();
        world
    }

    fn write(&self, layer: &str, path: &[u8], content: &[u8]) {
        let path = self.0.path().join(layer).join(OsStr::from_bytes(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn target(&self) -> Target {
        let at = |name| self.0.path().join(name);
        Target::directories(&at("upper"), &[at("lower")], false)
    }

    fn page(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let layers: Layers = self.target().layers;
        let form = Html::new(&mut out, &self.target());
        let mut report = Report::new(form, Ignored::default(), &[]);
        report.packages(PackageScan::new(&layers).unwrap());
        let result = OverlayScan::new(&layers).run(&mut report);
        report.finish(result, Duration::from_millis(5)).unwrap();
        out
    }
}

const HOSTILE: [&[u8]; 12] = [
    b"<script>alert(1)<",
    b"\"><img src=x onerror=alert(1)>",
    b"'><svg onload=alert(1)>",
    b"<!--",
    b"-->",
    b"]]>&lt;b&gt;",
    b"<bdi><\xff\xfe\x80>",
    b"a\n\r\t\x1b[31m\x7f",
    "\u{202e}gpj.exe\u{2066}\u{200f}".as_bytes(),
    b"&amp;&#60;i&#62;",
    b"<style>*{display:none}<",
    b"<title><textarea><plaintext>",
];

#[test]
fn no_element_arises_from_a_name() {
    let plain = World::new();
    let hostile = World::new();
    for (number, name) in HOSTILE.iter().enumerate() {
        let directory = [*name, b"/x"].concat();
        plain.write("upper", format!("d{number}/x").as_bytes(), b"#!");
        hostile.write("upper", &directory, b"#!");
    }
    let (plain, hostile) = (Page::parse(&plain.page()), Page::parse(&hostile.page()));
    assert_eq!(hostile.kinds(), plain.kinds());
    for name in ["bdi", "script", "style", "li", "details", "b"] {
        assert_eq!(hostile.count(name), plain.count(name), "{name}");
    }
    assert_eq!((hostile.count("script"), hostile.count("img")), (1, 0));
    // Each is there as text, what cannot be seen written out.
    for name in &HOSTILE[..6] {
        assert!(hostile.says(std::str::from_utf8(name).unwrap()), "{name:?}");
    }
    for shown in [
        r"<bdi><\xff\xfe\x80>",
        r"a\n\r\t\u{1b}[31m\u{7f}",
        r"\u{202e}gpj.exe\u{2066}\u{200f}",
        "&amp;&#60;i&#62;",
    ] {
        assert!(hostile.says(shown), "{shown}");
    }
}

#[test]
fn the_container_its_image_patterns_and_problems_are_text_too() {
    let world = World::new();
    let mut target = world.target();
    target.container = Some(driftcore::event::Container {
        id: "<b>id".to_owned(),
        name: Some("</title><script>name".to_owned()),
        image: Some("\"><script>image".to_owned()),
        ..driftcore::event::Container::default()
    });
    let mut out = Vec::new();
    let mut html = Html::new(&mut out, &target);
    let pattern = crate::scan::ignored::Pattern {
        pattern: "<i>pattern".to_owned(),
        reason: Some("<i>reason".to_owned()),
        entries: 1,
    };
    let summary = Summary { unseen: 1, ignored_by: vec![pattern], ..Summary::default() };
    let package = json!({"action": "install", "name": "<i>package", "version": "1<i>"});
    html.finish(&summary, &[package], &[]).unwrap();
    let page = Page::parse(&out);
    assert_eq!((page.count("script"), page.count("i"), page.count("title")), (1, 0, 1));
    for text in ["<b>id", "</title><script>name", "\"><script>image", "<i>pattern", "<i>reason"] {
        assert!(page.says(text), "{text}");
    }
    assert!(page.says("<i>package") && page.says("Packages"));
}

#[test]
fn the_policy_allows_this_style_and_script_and_nothing_else() {
    let page = Page::parse(&World::new().page());
    let elements = page.elements.borrow();
    let policy = elements.iter().find_map(|(name, attributes)| {
        let of = |key: &str| attributes.iter().find(|it| it.0 == key).map(|it| it.1.as_str());
        (name == "meta" && of("http-equiv") == Some("Content-Security-Policy"))
            .then(|| of("content"))
    });
    let expected = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        base64(&Sha256::digest(page::STYLE)),
        base64(&Sha256::digest(page::SCRIPT)),
    );
    // Style or script changed: this is what page.rs has to say now.
    assert_eq!(policy.flatten(), Some(expected.as_str()));
    let loads = ["src", "href", "style", "srcset", "action", "onclick", "onerror", "onload"];
    for (name, attributes) in elements.iter() {
        for (attribute, _) in attributes {
            assert!(!loads.contains(&attribute.as_str()), "{name} has {attribute}");
        }
    }
    assert!(!page::STYLE.contains("url(") && !page::STYLE.contains("@import"));
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - three.len()));
        for digit in 0..4 {
            let index = (word >> (18 - 6 * digit) & 63) as usize;
            text.push(if digit <= three.len() { DIGITS[index].into() } else { '=' });
        }
    }
    text
}

#[test]
fn a_tree_shows_what_differs_and_directories_say_how_much() {
    let world = World::new();
    world.write("upper", b"usr/local/bin/tool", b"#!/bin/sh");
    world.write("upper", b"usr/local/bin/note", b"text");
    world.write("lower", b"etc/conf", b"old");
    world.write("upper", b"etc/conf", b"new");
    world.write("lower", b"etc/same", b"same");
    let page = Page::parse(&world.page());
    assert!(page.says("It has code that its image has not"));
    for text in ["usr/", "local/", "bin/", "tool", "note", "etc/", "conf"] {
        assert!(page.says(text), "{text}");
    }
    assert!(page.says("/usr/local/bin/tool") && !page.says("same\n"), "{}", page.text.borrow());
    assert!(!page.says("Not read"));
}

#[test]
fn an_unchanged_container_has_a_page_that_says_so() {
    let page = Page::parse(&World::new().page());
    assert!(page.says("As in the image") && !page.says("All paths"));
    assert!(page.says("No package database was written to"));
}

#[test]
fn each_file_has_its_package_and_each_database_what_is_known_of_it() {
    let world = World::new();
    let status =
        |name: &str| format!("Package: {name}\nStatus: install ok installed\nVersion: 1<i>\n\n");
    world.write("lower", b"var/lib/dpkg/status", status("old").as_bytes());
    world.write("upper", b"var/lib/dpkg/status", status("new").as_bytes());
    world.write("upper", b"var/lib/dpkg/info/new.list", b"/opt/run\n/opt/altered\n/opt/text\n");
    let digest = b"9dd4e461268c8034f5c8564e155c67a6  opt/altered\n";
    world.write("upper", b"var/lib/dpkg/info/new.md5sums", digest);
    for name in ["run", "altered", "own"] {
        world.write("upper", format!("opt/{name}").as_bytes(), b"#!/bin/sh");
    }
    let page = Page::parse(&world.page());
    assert_eq!(page.count("i"), 0);
    for text in [
        "new 1<i> other content than packaged",
        "1 came with the packages below",
        "/var/lib/dpkg",
        "changed without a trace of its manager",
        "Not as packaged",
    ] {
        assert!(page.says(text), "{text}: {}", page.text.borrow());
    }
    // In the tree all three are; above it what is as packaged is not.
    let text = page.text.borrow();
    let times = |name: &str| text.matches(name).count();
    assert_eq!((times("/opt/run"), times("/opt/altered"), times("/opt/own")), (0, 1, 1), "{text}");
    assert_eq!(times("new 1<i>"), 3, "{text}");
    drop(text);

    // Where packages are not compared, that is said.
    let mut out = Vec::new();
    let mut html = Html::new(&mut out, &world.target());
    html.package_report(None);
    html.finish(&Summary::default(), &[], &[]).unwrap();
    assert!(Page::parse(&out).says("made without those of the image"));
}

/// Entries in the place of a scan's.
fn page_of(paths: impl Iterator<Item = Vec<u8>>, worst: &[u8]) -> Vec<u8> {
    let world = World::new();
    world.write("upper", worst, b"#!/bin/sh");
    world.write("upper", b"plain", b"");
    let mut entries = Entries(Vec::new());
    OverlayScan::new(&world.target().layers).run(&mut entries).unwrap();
    let of = |name: &[u8]| entries.0.iter().find(|it| it.path.as_bytes().ends_with(name)).unwrap();
    let (script, mut plain) = (of(worst).clone(), of(b"plain").clone());
    let mut out = Vec::new();
    let mut html = Html::new(&mut out, &world.target());
    let mut summary = Summary::default();
    for path in paths {
        plain.path = driftcore::event::Text::from(path);
        summary.count(&plain);
        html.entry(&plain).unwrap();
    }
    summary.count(&script);
    html.entry(&script).unwrap();
    html.finish(&summary, &[], &[]).unwrap();
    out
}

struct Entries(Vec<Entry>);

impl Visitor for Entries {
    fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
        self.0.push(entry);
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        panic!("{problem}");
    }

    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[test]
fn a_flood_is_cut_and_counted_and_hides_nothing_that_is_worst() {
    let flood = (0..200_000_u32).map(|at| format!("/d{}/{at}", at / 100).into_bytes());
    let html = page_of(flood, b"d7/zzz");
    assert!(html.len() < 30 << 20, "{}", html.len());
    let page = Page::parse(&html);
    assert!(page.count("li") <= tree::NODES + tree::NODES_FOR_WORST + 5_000);
    // What is left out is all but the nodes that are files.
    let files = tree::NODES as u64 - page.count("details") as u64 + 1;
    let grouped = |number: u64| {
        let mut out = Vec::new();
        Markup::new(&mut out).number(number).unwrap();
        String::from_utf8(out).unwrap()
    };
    let left_out = format!("The tree leaves out {}", grouped(200_000 - files));
    assert!(page.says(&left_out), "{left_out}");
    assert!(page.says("zzz") && page.says("1 to look at") && page.says(&grouped(200_001)));
}

#[test]
fn a_directory_of_many_names_leaves_room_for_others() {
    let names = (0..50_000_u32).map(|at| format!("/a/{at:05}").into_bytes());
    let page = Page::parse(&page_of(names.chain([b"/b/other".to_vec()]), b"a/zzz"));
    let more = format!("and {}\u{202f}000 more below here", 50 - tree::IN_A_DIRECTORY / 1000);
    assert!(page.says(&more) && page.says("other") && page.says("zzz"));
}

#[test]
fn what_is_very_deep_is_nested_no_deeper_than_a_browser_goes() {
    // A file at each depth, so that no directory shares a line with the next.
    let deep = (0..500).map(|at| [b"/x".repeat(at), b"/y".to_vec()].concat());
    let html = page_of(deep, b"zzz");
    let mut depth = 0_usize;
    let mut most = 0;
    for part in std::str::from_utf8(&html).unwrap().split('<') {
        depth += usize::from(part.starts_with("details"));
        depth -= usize::from(part.starts_with("/details"));
        most = most.max(depth);
    }
    assert!((1..70).contains(&most), "{most}");
    assert!(Page::parse(&html).says(&"x/".repeat(300)));
}
