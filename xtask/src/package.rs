//! The packages as crates.io gets them: which files are in each, and that what is in them is enough to
//! build and test.

mod includes;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use driftcore_e2e::Scratch;
use driftcore_e2e::workspace_root;
use serde_json::Value;

use crate::cargo;

/// What crates.io takes.
const SIZE_MAX: u64 = 10 << 20;

/// What every package holds.
const COMMON: [&str; 5] = ["Cargo.toml", "Cargo.toml.orig", "Cargo.lock", "LICENSE", "README.md"];

/// What cargo adds where there is a repository.
const REVISION: &str = ".cargo_vcs_info.json";

/// What a package holds besides. A `*` stands for any characters.
struct Expected {
    name: &'static str,
    /// Each must be there.
    required: &'static [&'static str],
    /// Each may be.
    allowed: &'static [&'static str],
}

const EXPECTED: [Expected; 4] = [
    Expected {
        name: "driftcore",
        required: &["src/lib.rs", "rules/drift.yaml"],
        allowed: &[
            "examples/*.rs",
            "rules/*.yaml",
            "src/*.rs",
            "src/*.tsv",
            "testdata/containerd/*.db",
            "testdata/containerd/*.json",
            "testdata/packages/*",
            "testdata/rules/*.txt",
            "testdata/rules/*.yaml",
            "tests/*.rs",
        ],
    },
    Expected {
        name: "driftcore-bpf",
        required: &[
            "LICENSE-BSD-2-Clause",
            "LICENSE-GPL-2.0",
            "build.rs",
            "driftcore.bpf.c",
            "include/wire.h",
            "src/lib.rs",
        ],
        allowed: &["include/*.h", "progs/*.h", "src/*.rs", "vmlinux/*.h"],
    },
    Expected {
        name: "driftcore-ffi",
        required: &["cbindgen.toml", "include/driftcore.h", "src/lib.rs"],
        allowed: &["src/*.rs"],
    },
    Expected {
        name: "driftd",
        required: &["driftd.toml", "src/main.rs"],
        allowed: &["src/*.rs", "src/*.css", "src/*.js"],
    },
];

/// A crate of the workspace that is published.
#[derive(Debug)]
struct Published {
    name: String,
    version: String,
    root: PathBuf,
}

/// The names of the crates that are published.
pub(crate) fn published() -> Result<Vec<String>> {
    Ok(published_crates()?.into_iter().map(|it| it.name).collect())
}

fn published_crates() -> Result<Vec<Published>> {
    let metadata = cargo::metadata(&["--no-deps"])?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    // `publish = false` is an empty list of registries.
    let public =
        packages.iter().filter(|it| it["publish"].as_array().is_none_or(|to| !to.is_empty()));
    let text = |package: &Value, key: &str| package[key].as_str().map(str::to_owned);
    let published = public.map(|it| {
        let root = Path::new(it["manifest_path"].as_str()?).parent()?.to_owned();
        Some(Published { name: text(it, "name")?, version: text(it, "version")?, root })
    });
    published.collect::<Option<_>>().context("cargo metadata names a package without name or place")
}

/// Looks at the list of files of each package, without making one. True when nothing is missing and
/// nothing is there that should not be.
pub(crate) fn files() -> Result<bool> {
    let mut faults = Vec::new();
    let mut count = 0;
    for Published { name, root, .. } in published_crates()? {
        let files = listed(&name)?;
        count += files.len();
        let Some(expected) = EXPECTED.iter().find(|expected| expected.name == name) else {
            faults.push(format!("{name}: xtask/src/package.rs does not say what it holds"));
            continue;
        };
        let found = check(expected, &files).into_iter().chain(includes::check(&root, &files)?);
        faults.extend(found.map(|fault| format!("{name}: {fault}")));
    }
    for fault in &faults {
        eprintln!("package {fault}");
    }
    println!("packages: {count} files looked at, {} faults", faults.len());
    Ok(faults.is_empty())
}

/// Packages each crate, and builds and tests them from their packages alone, away from the workspace.
pub(crate) fn run() -> Result<bool> {
    if !files()? {
        return Ok(false);
    }
    let crates = published_crates()?;
    let scratch = Scratch::new()?;
    // Cargo unpacks and builds each against the packages of the others. In a directory of its own: it
    // keeps what it unpacked by directory and version, and would take what an earlier run left.
    let target = scratch.path().join("package");
    let mut package = cargo::command(&["package", "--allow-dirty", "--target-dir"]);
    package.arg(&target);
    for Published { name, .. } in &crates {
        package.args(["--package", name]);
    }
    if !cargo::holds(package)? {
        return Ok(false);
    }
    let unpacked = scratch.path().join("unpacked");
    fs::create_dir(&unpacked)?;
    for krate in &crates {
        unpack(krate, &target.join("package"), &unpacked)?;
    }
    fs::write(unpacked.join("Cargo.toml"), manifest(&crates))?;
    fs::copy(workspace_root().join("Cargo.lock"), unpacked.join("Cargo.lock"))?;
    let mut test = cargo::command(&["test", "--workspace", "--all-targets", "--no-fail-fast"]);
    test.current_dir(&unpacked);
    test.env("CARGO_TARGET_DIR", workspace_root().join("target/packaged"));
    cargo::holds(test)
}

/// Unpacks a package, whose size must be one that crates.io takes.
fn unpack(krate: &Published, from: &Path, to: &Path) -> Result<()> {
    let name = format!("{}-{}.crate", krate.name, krate.version);
    let path = from.join(&name);
    let size = fs::metadata(&path).with_context(|| format!("no {}", path.display()))?.len();
    println!("{name}: {} KiB", size.div_ceil(1024));
    if size > SIZE_MAX {
        bail!("{name} has {size} bytes; crates.io takes {SIZE_MAX}");
    }
    let mut tar = Command::new("tar");
    let status = tar.arg("-xzf").arg(&path).arg("-C").arg(to).status()?;
    if !status.success() {
        bail!("tar cannot unpack {name}");
    }
    Ok(())
}

/// A workspace of the unpacked packages, which use each other and not what crates.io has.
fn manifest(crates: &[Published]) -> String {
    let directory = |it: &Published| format!("{}-{}", it.name, it.version);
    let members: Vec<_> = crates.iter().map(|it| format!("\"{}\"", directory(it))).collect();
    let patches: String = crates
        .iter()
        .map(|it| format!("{} = {{ path = \"{}\" }}\n", it.name, directory(it)))
        .collect();
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[patch.crates-io]\n{patches}",
        members.join(", ")
    )
}

/// The files that a package would have.
fn listed(name: &str) -> Result<BTreeSet<String>> {
    let output =
        cargo::command(&["package", "--list", "--allow-dirty", "--package", name]).output()?;
    if !output.status.success() {
        bail!("cargo package --list: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let names = String::from_utf8(output.stdout).context("a file's name is no text")?;
    Ok(names.lines().map(str::to_owned).collect())
}

/// Files that are missing, and files that should not be there.
fn check(expected: &Expected, files: &BTreeSet<String>) -> Vec<String> {
    let required = || COMMON.iter().chain(expected.required);
    let missing = required().filter(|&&name| !files.contains(name));
    let mut faults: Vec<_> = missing.map(|name| format!("{name} is missing")).collect();
    let known = |file: &str| {
        file == REVISION
            || required().any(|&name| name == file)
            || expected.allowed.iter().any(|pattern| fits(pattern, file))
    };
    let stray = files.iter().filter(|file| !known(file));
    faults.extend(stray.map(|file| format!("{file} is packaged and not expected")));
    faults
}

/// Whether a file is one of a pattern's.
fn fits(pattern: &str, file: &str) -> bool {
    let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
    file.len() > before.len() + after.len() && file.starts_with(before) && file.ends_with(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(files: &[&str]) -> BTreeSet<String> {
        files.iter().map(|&file| file.to_owned()).collect()
    }

    const CRATE: Expected =
        Expected { name: "some", required: &["src/lib.rs"], allowed: &["src/*.rs", "testdata/*"] };

    #[test]
    fn what_is_missing_and_what_is_stray_is_named() {
        let mut files = set(&COMMON);
        files.extend(set(&[REVISION, "src/lib.rs", "src/a/b.rs", "testdata/x/y.db"]));
        assert_eq!(check(&CRATE, &files), [""; 0]);

        files.remove("LICENSE");
        files.remove("src/lib.rs");
        files.extend(set(&["src/notes.txt", "src/.rs"]));
        assert_eq!(
            check(&CRATE, &files),
            [
                "LICENSE is missing",
                "src/lib.rs is missing",
                "src/.rs is packaged and not expected",
                "src/notes.txt is packaged and not expected",
            ]
        );
    }

    #[test]
    fn the_packages_use_each_other() {
        let krate = |name: &str| Published {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            root: PathBuf::new(),
        };
        let manifest = manifest(&[krate("a"), krate("b")]);
        assert!(manifest.contains("members = [\"a-0.1.0\", \"b-0.1.0\"]"), "{manifest}");
        assert!(manifest.ends_with("b = { path = \"b-0.1.0\" }\n"), "{manifest}");
    }
}
