use std::io::Cursor;
use std::process::Command;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::package::testing::Collected;

const INLINE: &[u8] = include_bytes!("../../../testdata/packages/languages/go/inline.sparse");
const POINTERS: &[u8] = include_bytes!("../../../testdata/packages/languages/go/pointers.sparse");

/// A program of which only some runs of bytes were kept.
fn program(sparse: &[u8]) -> Vec<u8> {
    let mut rest = sparse;
    let mut program = Vec::new();
    while let Some((head, after)) = rest.split_at_checked(16) {
        let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap()) as usize;
        let (offset, length) = (number(0), number(8));
        let (bytes, after) = after.split_at(length);
        if program.is_empty() {
            program.resize(offset, 0);
        } else {
            program[offset..offset + length].copy_from_slice(bytes);
        }
        rest = after;
    }
    program
}

fn collect(program: &[u8]) -> Collected {
    let mut to = Collected::with_files();
    assert!(read_program(Cursor::new(program), b"/bin/x", &mut to).is_continue());
    to
}

#[test]
fn programs_name_their_modules_in_both_forms() {
    let found = collect(&program(INLINE));
    assert_eq!(found.faults, [""; 0]);
    let expected =
        ["example.com/drift (devel)", "std go1.19.8", "  /bin/x", "example.com/dep v0.0.0"];
    assert_eq!(found.lines, expected);
    let found = collect(&program(POINTERS));
    assert_eq!(found.faults, [""; 0]);
    let system = "golang.org/x/sys v0.0.0-20200501145240-bc7a7d42d5c3";
    let expected = ["github.com/evanw/esbuild (devel)", "std go1.15", "  /bin/x", system];
    assert_eq!(found.lines, expected);
}

#[test]
fn a_program_without_sections_is_searched_where_its_data_is() {
    for sparse in [INLINE, POINTERS] {
        let whole = program(sparse);
        let mut stripped = whole.clone();
        stripped[40..48].fill(0);
        assert_eq!(collect(&stripped), collect(&whole));
    }
}

#[test]
fn what_go_did_not_build_has_no_modules() {
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    for other in
        [&own[..], b"", b"#!/bin/sh", &own[..100], &[b"\x7fELF\x02\x01", &[0xff; 100][..]].concat()]
    {
        assert_eq!(collect(other), Collected::with_files());
    }
}

#[test]
fn what_is_broken_is_named_by_its_byte() {
    let whole = program(INLINE);
    let at = memchr::memmem::find(&whole, info_magic()).unwrap();
    let mut broken = whole.clone();
    broken[at + 32..at + 42].fill(0xff);
    let place = at + 32;
    assert_eq!(
        collect(&broken).faults,
        [format!("/bin/x: at byte {place}: a length that does not end")]
    );
    let mut broken = whole.clone();
    broken[at + 32..at + 36].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
    let fault = format!(
        "/bin/x: at byte {}: a text of 268435455 bytes, which are more than 65536",
        at + 36
    );
    assert_eq!(collect(&broken).faults, [fault]);

    let whole = program(POINTERS);
    let at = memchr::memmem::find(&whole, info_magic()).unwrap();
    let mut broken = whole.clone();
    broken[at + 16..at + 24].fill(1);
    let fault = format!("/bin/x: at byte {at}: leads to 0x101010101010101, where nothing is");
    assert_eq!(collect(&broken).faults, [fault]);
    let mut broken = whole.clone();
    broken[at + 14] = 3;
    let fault = format!("/bin/x: at byte {}: pointers of a size that cannot be", at + 14);
    assert_eq!(collect(&broken).faults, [fault]);
}

fn info_magic() -> &'static [u8] {
    b"\xff Go buildinf:"
}

#[test]
fn a_replaced_module_has_the_version_of_its_replacement() {
    let text = b"path\tcmd\nmod\ta\tv1.0.0\tsum\n\
        dep\tb\tv1.0.0\n=>\tc\tv2.0.0\tsum\n\
        dep\td\tv1.0.0\n=>\t./d\t(devel)\t\n\
        build\tx=y\n=>\te\tv9\n";
    let modules = modules(text);
    let main = modules.main.unwrap();
    assert_eq!((main.name, main.version), (&b"a"[..], &b"v1.0.0"[..]));
    let others: Vec<_> =
        modules.others.iter().map(|module| (module.name, module.version)).collect();
    assert_eq!(others, [(&b"b"[..], &b"v2.0.0"[..]), (b"d", b"v1.0.0")]);
    assert_eq!(modules.others[0].record, b"dep\tb\tv1.0.0\n=>\tc\tv2.0.0\tsum");
}

#[test]
fn versions_are_semantic_and_go_has_its_own() {
    for (one, two, expected) in [
        ("v1.2.0", "v1.10.0", Ordering::Less),
        (
            "v0.0.0-20200501145240-bc7a7d42d5c3",
            "v0.0.0-20210501145240-000000000000",
            Ordering::Less,
        ),
        ("go1.9", "go1.19.8", Ordering::Less),
        ("go1.20", "go1.19.8", Ordering::Greater),
        ("(devel)", "v1.0.0", Ordering::Equal),
    ] {
        assert_eq!(order(one.as_bytes(), two.as_bytes()), expected, "{one} {two}");
    }
}

#[test]
fn go_itself_says_the_same_of_what_it_builds_here() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("go.mod"), "module example.com/here\n").unwrap();
    std::fs::write(scratch.path().join("main.go"), "package main\n\nfunc main() {}\n").unwrap();
    let mut go = Command::new("go");
    go.args(["build", "-o", "here", "."]).current_dir(scratch.path()).env("GOFLAGS", "");
    // Where there is no Go, the samples have to do.
    let Ok(status) = go.status() else { return };
    assert!(status.success());
    let tree = Tree::root(scratch.path()).unwrap();
    let mut to = Collected::with_files();
    assert!(read(&tree, b"/here", &mut to).is_continue());
    assert_eq!(to.faults, [""; 0]);
    let version = Command::new("go").args(["env", "GOVERSION"]).output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let std = format!("std {}", version.trim());
    assert_eq!(to.lines, ["example.com/here (devel)", &std, "  /here"]);
}

#[test]
fn programs_are_places_and_scripts_are_not() {
    assert_eq!(place_of(b"/bin/x", Some(Code::Executable)), Some(&b"/bin/x"[..]));
    assert_eq!(place_of(b"/bin/x", Some(Code::Script)), None);
    assert_eq!(place_of(b"/bin/x", None), None);
}

proptest! {
    #[test]
    fn damaged_programs_get_an_answer(
        inline: bool,
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..16),
        end in prop::option::of(any::<Index>()),
    ) {
        // The runs of bytes alone are changed: zeros lead nowhere.
        let mut sparse = if inline { INLINE } else { POINTERS }.to_vec();
        let mut bounds = Vec::new();
        let mut at = 16;
        while at < sparse.len() {
            let length = u64::from_le_bytes(sparse[at + 8..at + 16].try_into().unwrap()) as usize;
            bounds.extend(at + 16..at + 16 + length);
            at += 16 + length;
        }
        for (at, byte) in changes {
            let at = bounds[at.index(bounds.len())];
            sparse[at] = byte;
        }
        let mut program = program(&sparse);
        if let Some(end) = end {
            program.truncate(end.index(program.len()));
        }
        collect(&program);
    }

    #[test]
    fn any_list_of_modules_gets_an_answer(
        text in "((path|mod|dep|=>|build|)\t?[a-z.]{0,3}\t?(v1)?\n?){0,8}",
    ) {
        let modules = modules(text.as_bytes());
        prop_assert!(modules.others.len() <= text.len());
    }
}
