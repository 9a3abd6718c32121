//! Falco's own files.

use std::path::Path;

use crate::rules::Limits;
use crate::rules::Sources;
use crate::rules::load_paths;

#[test]
fn falcos_own_files_load() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/falco-rules");
    let names = ["falco_rules.yaml", "falco-incubating_rules.yaml"];
    if !names.iter().all(|name| root.join(name).is_file()) {
        eprintln!("no Falco rules beside the workspace: nothing is tested");
        return;
    }
    let mut sources = Sources::default();
    let loaded = load_paths(&mut sources, names.map(|name| root.join(name)), &Limits::default());
    assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
    let written: usize = sources
        .iter()
        .map(|(_, file)| file.text.lines().filter(|line| line.starts_with("- rule:")).count())
        .sum();
    assert_eq!(loaded.definitions.len(), written);
    assert!(loaded.not_applicable.is_empty());
    for diagnostic in &loaded.diagnostics {
        assert!(matches!(diagnostic.code, "unused-macro" | "unused-list"), "{diagnostic:?}");
    }
}
