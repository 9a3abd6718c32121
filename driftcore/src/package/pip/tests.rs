use std::fs;

use proptest::prelude::*;
use sha2::Digest as _;
use sha2::Sha256;

use super::*;
use crate::package::Algorithm;
use crate::package::Digest;
use crate::package::testing::Collected;
use crate::package::testing::copied;

fn collect(tree: &Tree, place: &str) -> Collected {
    let mut to = Collected::with_files();
    assert!(read(tree, place.as_bytes(), &mut to).is_continue());
    to
}

#[test]
fn what_pip_and_setuptools_installed_is_found_with_its_files() {
    let place = "/venv/lib/python3.11/site-packages";
    let root = copied("languages/pip", &place[1..]);
    let tree = Tree::root(root.path()).unwrap();
    let found = collect(&tree, place);
    assert_eq!(found.faults, [""; 0]);
    assert_eq!(found.names(), ["Drift.Py 1.0rc1"; 2]);
    let egg = format!("  {place}/Drift.Py-1.0rc1-py3.11.egg-info/PKG-INFO");
    assert_eq!(found.lines[1], egg);
    let files = &found.lines[3..];
    assert_eq!(files.len(), 13);
    let digest = Digest::new(Algorithm::Sha256, &Sha256::digest("x = 1\n")).unwrap();
    for expected in [
        format!("  {place}/drift_py/a,b.py {digest}"),
        format!("  {place}/drift_py/__pycache__/a,b.cpython-311.pyc"),
        format!("  {place}/Drift.Py-1.0rc1.dist-info/RECORD"),
    ] {
        assert!(files.contains(&expected), "{expected} in {files:#?}");
    }
    assert!(files[0].starts_with("  /venv/bin/drift-py sha256:"), "{}", files[0]);
}

#[test]
fn eggs_of_every_kind_are_found_and_what_is_broken_is_said() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, content: &str| {
        let path = root.path().join("s").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("a-1.egg-info", "Name: a\nversion : none\nVERSION: 1\n\nName: b\n");
    write("b-2.egg/EGG-INFO/PKG-INFO", "Name: b\r\nVersion: 2\r\n");
    write("b-2.egg/b.py", "");
    write("c-3-py2.7.egg", "PK");
    write("d.egg-info/PKG-INFO", "Name: d\nVersion: 4\n");
    write("d.egg-info/installed-files.txt", "../d/__init__.py\n../../bin/d\nPKG-INFO\n");
    write("e.dist-info/METADATA", "Name: e\n");
    write("f.dist-info/RECORD", "");
    write("~g.dist-info/METADATA", "Name: g\nVersion: 1\n");
    write("plain/x.py", "");
    let tree = Tree::root(root.path()).unwrap();
    let found = collect(&tree, "/s");
    assert_eq!(
        found.lines,
        [
            "a 1",
            "  /s/a-1.egg-info",
            "b 2",
            "  /s/b-2.egg/EGG-INFO/PKG-INFO",
            "c 3",
            "  /s/c-3-py2.7.egg",
            "d 4",
            "  /s/d.egg-info/PKG-INFO",
            "  /s/d/__init__.py",
            "  /bin/d",
            "  /s/d.egg-info/PKG-INFO",
        ]
    );
    assert_eq!(
        found.faults,
        [
            "/s/e.dist-info/METADATA: line 1: names no version",
            "/s/f.dist-info/METADATA: is not there, though its directory is",
        ]
    );
    assert_eq!(collect(&tree, "/nowhere"), Collected::with_files());
}

#[test]
fn a_place_is_the_directory_that_has_a_distribution() {
    let place = |path: &'static str| {
        place_of(path.as_bytes(), None).map(|place| std::str::from_utf8(place).unwrap())
    };
    assert_eq!(place("/s/a-1.dist-info/METADATA"), Some("/s"));
    assert_eq!(place("/s/a-1.dist-info"), Some("/s"));
    assert_eq!(place("/s/a-1.dist-info/licenses/x/LICENSE"), Some("/s"));
    assert_eq!(place("/s/a.egg-info"), Some("/s"));
    assert_eq!(place("/s/a.egg/EGG-INFO/PKG-INFO"), Some("/s"));
    assert_eq!(place("/s/a.egg"), Some("/s"));
    assert_eq!(place("/s/setuptools/_vendor/b.dist-info/RECORD"), Some("/s/setuptools/_vendor"));
    assert_eq!(place("/a.dist-info/RECORD"), Some("/"));
    for other in ["/s/a.egg/a/b.py", "/s/.dist-info/x", "/s/~a.dist-info/METADATA", "/s/a.py", "x"]
    {
        assert_eq!(place(other), None, "{other}");
    }
}

#[test]
fn another_list_of_files_is_another_record() {
    let root = tempfile::tempdir().unwrap();
    let info = root.path().join("a.dist-info");
    fs::create_dir(&info).unwrap();
    fs::write(info.join("METADATA"), "Name: a\nVersion: 1\n\nText").unwrap();
    let tree = Tree::root(root.path()).unwrap();
    let record = |content: &str| {
        fs::write(info.join("RECORD"), content).unwrap();
        collect(&tree, "/").packages[0].record
    };
    assert_eq!(record("a.py,,"), record("a.py,,"));
    assert_ne!(record("a.py,,"), record("b.py,,"));
}

proptest! {
    #[test]
    fn any_fields_get_an_answer(
        content in "(((N|n)ame|Version|x): ?[a1]{0,3}\r?\n){0,5}",
        bytes: Vec<u8>,
    ) {
        let _ = fields(&bytes[..], b"/x");
        let named = content.to_lowercase().contains("name:");
        if let Ok(fields) = fields(content.as_bytes(), b"/x") {
            prop_assert!(named && !fields.name.is_empty());
        }
    }
}
