//! The one-way flow of data inside `driftcore`, held by its imports.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;

/// Which modules each module may name, besides itself. Data runs one way: a later stage knows
/// the earlier ones, never the other way round; only `engine` sees them all.
const ALLOWED: &[(&str, &[&str])] = &[
    ("event", &[]),
    ("error", &[]),
    ("wire", &["event"]),
    ("decode", &["event", "wire"]),
    ("sensor", &["error", "event", "wire"]),
    ("container", &["error", "event"]),
    ("pods", &["error", "event"]),
    ("config", &["error", "event", "container", "pods"]),
    ("enrich", &["error", "event", "container"]),
    ("provenance", &["error", "event", "container"]),
    ("inspect", &["error", "event", "container", "provenance"]),
    ("image", &["error", "event", "container", "provenance"]),
    ("package", &["error", "event", "container", "image"]),
    ("fields", &["event"]),
    ("view", &["error", "event", "fields", "enrich"]),
    ("matcher", &["error", "event", "fields"]),
    ("network", &["error", "event", "matcher"]),
    ("digest", &["error", "event", "pods"]),
    ("posture", &["error", "event", "container", "config", "image", "pods"]),
    ("baseline", &["error", "event", "matcher", "network"]),
    ("rules", &["error", "event", "fields", "matcher"]),
    ("sink", &["error", "event", "matcher"]),
];

/// The module that may name every other.
const TOP: &str = "engine";

/// Checks the sources and says what runs back.
pub(crate) fn run() -> Result<ExitCode> {
    let root = driftcore_e2e::workspace_root().join("driftcore/src");
    let faults = check(&root)?;
    for fault in &faults {
        eprintln!("{fault}");
    }
    if faults.is_empty() {
        println!("layers: every import runs with the flow of data");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("layers: {} import(s) run back", faults.len());
    Ok(ExitCode::FAILURE)
}

fn check(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    let mut faults = Vec::new();
    for file in files {
        let inside = file.strip_prefix(root)?;
        let module = inside.components().next().map(|part| part.as_os_str().to_string_lossy());
        let module = module.context("a file without a name")?.trim_end_matches(".rs").to_owned();
        if matches!(module.as_str(), "lib" | TOP) || is_test_file(inside) {
            continue;
        }
        let source =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("{}: module `{module}` is in no layer", inside.display()));
            continue;
        };
        for (line, name) in imports(&source) {
            if name != module && !allowed.contains(&name.as_str()) {
                faults.push(format!(
                    "driftcore/src/{}:{line}: `{module}` may not know `{name}`",
                    inside.display()
                ));
            }
        }
    }
    Ok(faults)
}

fn is_test_file(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests")
        || path.components().any(|part| part.as_os_str() == "tests")
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The first parts of all `crate::x` paths outside of comments and of the tests at the end,
/// each with its line, counted from 1.
fn imports(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let lines = source.lines().zip(1..);
    for (line, number) in
        lines.take_while(|(line, _)| !line.trim_start().starts_with("mod tests {"))
    {
        let code = line.split("//").next().unwrap_or_default();
        for (at, _) in code.match_indices("crate::") {
            let whole_word = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let rest = &code[at + "crate::".len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap_or_default().split(',').collect(),
                None => vec![rest],
            };
            for name in names {
                let end = |c: char| !(c.is_alphanumeric() || c == '_');
                let name = name.trim().split(end).next().unwrap_or_default();
                // A name in capitals is re-exported by the crate's root, which is no layer.
                if whole_word && name.starts_with(|c: char| c.is_lowercase()) {
                    found.push((number, name.to_owned()));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, source) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, source).unwrap();
        }
        directory
    }

    #[test]
    fn imports_are_found_and_comments_and_tests_are_not() {
        let source = "use crate::event::Text;\n// crate::sink\nfn f() -> crate::wire::View {}\n\
                      use crate::{decode::D, enrich};\nuse mycrate::engine;\n\
                      mod tests {\n    use crate::engine::Engine;\n}\n";
        let names: Vec<_> = imports(source);
        let expected = [(1, "event"), (3, "wire"), (4, "decode"), (4, "enrich")];
        assert_eq!(names, expected.map(|(line, name)| (line, name.to_owned())));
    }

    #[test]
    fn an_import_that_runs_back_is_a_fault() {
        let tree = tree(&[
            ("lib.rs", "pub mod event; use crate::engine::E;"),
            ("engine/mod.rs", "use crate::sink::S;"),
            ("event/time.rs", "use crate::sink::Sink;"),
            ("decode.rs", "use crate::wire::View;\nuse crate::enrich::Table;"),
            ("sink/tests.rs", "use crate::engine::E;"),
        ]);
        let faults = check(tree.path()).unwrap();
        assert_eq!(
            faults,
            [
                "driftcore/src/decode.rs:2: `decode` may not know `enrich`",
                "driftcore/src/event/time.rs:1: `event` may not know `sink`",
            ]
        );
    }

    #[test]
    fn a_module_without_a_layer_is_a_fault() {
        let tree = tree(&[("novelty.rs", "")]);
        assert_eq!(check(tree.path()).unwrap(), ["novelty.rs: module `novelty` is in no layer"]);
    }
}
