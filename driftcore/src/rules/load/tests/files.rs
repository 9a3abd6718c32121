//! Files and directories.

use std::fs;

use super::*;
use crate::rules::load_paths;

#[test]
fn directories_are_taken_in_the_order_of_names() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();
    write("b.yml", &rule("a", "x.y = 2"));
    write("a.yaml", &rule("a", "x.y = 1"));
    write("c.yaml", "- rule: a\n  condition: and x.y = 3\n  append: true\n");
    write("d.txt", "nothing of ours: [");
    fs::create_dir(root.path().join("e.yaml")).unwrap();
    let mut sources = Sources::default();
    let loaded = load_paths(&mut sources, [root.path()], &Limits::default());
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    assert_eq!(loaded.definitions[0].condition.to_string(), "x.y = 2 and x.y = 3");
    assert_eq!(sources.iter().count(), 3);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("large.yaml");
    fs::write(&file, " ".repeat(100)).unwrap();
    let mut sources = Sources::default();
    let paths = [root.path().join("none.yaml"), file];
    let loaded = load_paths(&mut sources, paths, &Limits { file_bytes: 99, ..Limits::default() });
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["unreadable", "file-size"]);
    let renderer = crate::rules::Renderer::new(&sources);
    assert!(renderer.render(&loaded.diagnostics[0]).contains("none.yaml"));
}

#[test]
fn too_many_files_are_one_error() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..5 {
        fs::write(root.path().join(format!("{number}.yaml")), "").unwrap();
    }
    let mut sources = Sources::default();
    let loaded = load_paths(&mut sources, [root.path()], &Limits { files: 2, ..Limits::default() });
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!(loaded.diagnostics[0].code, "files");
}

#[test]
fn what_is_missing_with_a_broken_file_is_no_further_error() {
    let broken = "- list: a\n  items: [b\n- rule: r\n";
    let change = "- rule: r\n  enabled: false\n- macro: m\n  condition: nobody\n";
    let mut bytes = Sources::default();
    bytes.add_bytes("0.yaml", b"\xff".to_vec());
    bytes.add("1.yaml", change);
    for sources in [sources(&[broken, change]), bytes] {
        assert_eq!(load(&sources, &Limits::default()).diagnostics.len(), 1);
    }
    let mut sources = sources(&[]);
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("change.yaml"), change).unwrap();
    let paths = [root.path().join("none.yaml"), root.path().join("change.yaml")];
    assert_eq!(load_paths(&mut sources, paths, &Limits::default()).diagnostics.len(), 1);
}
