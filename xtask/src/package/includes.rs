//! Files that sources include at compile time: each must be in the package.

use std::collections::BTreeSet;
use std::fs;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;

/// How a source includes a file.
const INCLUDES: [&str; 4] = ["include!(", "include_str!(", "include_bytes!(", "#[path ="];
/// Made by the build script, which is in the package.
const GENERATED: &str = "OUT_DIR";

/// Includes of files that are not among those of the package, each with its place.
pub(super) fn check(root: &Path, files: &BTreeSet<String>) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.ends_with(".rs")) {
        let path = root.join(file);
        let source =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let directory = Path::new(file).parent().unwrap_or(Path::new(""));
        for (line, name) in included(&source) {
            let wanted = normal(&directory.join(&name));
            // A macro may append the name to a directory.
            let there = if name.ends_with('/') {
                files.iter().any(|file| Path::new(file).starts_with(&wanted))
            } else {
                files.contains(&*wanted.to_string_lossy())
            };
            if !there {
                faults.push(format!(
                    "{file}:{line} includes {}, which is not in the package",
                    wanted.display()
                ));
            }
        }
    }
    Ok(faults)
}

/// The paths that a source includes, each with its line, counted from 1.
fn included(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, number) in source.lines().zip(1..) {
        if line.trim_start().starts_with("//") || line.contains(GENERATED) {
            continue;
        }
        let starts = INCLUDES.iter().filter_map(|include| line.split_once(include));
        for (_, rest) in starts {
            if let Some(name) = rest.split('"').nth(1) {
                found.push((number, name.to_owned()));
            }
        }
    }
    found
}

/// The path without `.` and with as few `..` as it can be said.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_include_from_outside_the_package_is_a_fault() {
        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir_all(scratch.path().join("src/a")).unwrap();
        let source = "const A: &str = include_str!(\"../../rules/a.yaml\");\n\
                      const B: &[u8] = include_bytes!(\"../../../docs/b\");\n\
                      // include_str!(\"comment\")\n\
                      include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\n\
                      let c = include_bytes!(concat!(\"../../data/\", $name));\n\
                      let d = include_bytes!(concat!(\"../../none/\", $name));\n\
                      #[path = \"own.rs\"]\nmod own;\n";
        fs::write(scratch.path().join("src/a/mod.rs"), source).unwrap();
        fs::write(scratch.path().join("src/a/own.rs"), "").unwrap();
        let files = ["src/a/mod.rs", "src/a/own.rs", "rules/a.yaml", "data/x", "nonentity"];
        let files = files.map(str::to_owned).into_iter().collect();
        assert_eq!(
            check(scratch.path(), &files).unwrap(),
            [
                "src/a/mod.rs:2 includes ../docs/b, which is not in the package",
                "src/a/mod.rs:6 includes none, which is not in the package",
            ]
        );
    }

    #[test]
    fn paths_are_said_as_short_as_they_can_be() {
        assert_eq!(normal(Path::new("src/./a/../../x")), Path::new("x"));
        assert_eq!(normal(Path::new("src/../../../x")), Path::new("../../x"));
    }
}
