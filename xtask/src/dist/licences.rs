//! The licences of everything that the library is made of.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use serde_json::Value;

use crate::cargo;

/// Copies the licence texts of `driftcore-ffi` and of each crate that it is linked of, with a list
/// of them all (`README`).
pub(super) fn collect(into: &Path) -> Result<()> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let metadata = cargo::command(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        &target,
    ]);
    let mut metadata = metadata;
    let output = metadata.output().context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let mut list = String::from("What the library is made of, and under which licence:\n\n");
    for package in linked(&metadata)? {
        let text = |key: &str| package[key].as_str().unwrap_or("unknown");
        let name = format!("{}-{}", text("name"), text("version"));
        list += &format!("{name}: {}\n", text("license"));
        let manifest = PathBuf::from(text("manifest_path"));
        let from = manifest.parent().context("a manifest without a directory")?;
        copy_texts(from, &into.join(&name))?;
    }
    fs::create_dir_all(into)?;
    fs::write(into.join("README"), list)?;
    Ok(())
}

/// The packages that are linked in, by name and version: build-time ones and those of procedural
/// macros are not.
fn linked(metadata: &Value) -> Result<Vec<&Value>> {
    let list = |value: &'static str| metadata[value].as_array().context("cargo metadata is odd");
    let packages: BTreeMap<&str, &Value> =
        list("packages")?.iter().filter_map(|it| Some((it["id"].as_str()?, it))).collect();
    let nodes = metadata["resolve"]["nodes"].as_array().context("cargo metadata is odd")?;
    let nodes: BTreeMap<&str, &Value> =
        nodes.iter().filter_map(|it| Some((it["id"].as_str()?, it))).collect();
    let root = packages
        .iter()
        .find(|(_, package)| package["name"] == "driftcore-ffi")
        .context("there is no driftcore-ffi")?
        .0;

    let (mut seen, mut next) = (BTreeSet::new(), vec![*root]);
    while let Some(id) = next.pop() {
        let Some(package) = packages.get(id) else { continue };
        if is_macro(package) || !seen.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).and_then(|node| node["deps"].as_array());
        for dependency in dependencies.into_iter().flatten() {
            let kinds = dependency["dep_kinds"].as_array();
            let normal = kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()));
            if let Some(id) = dependency["pkg"].as_str().filter(|_| normal) {
                next.push(id);
            }
        }
    }
    let mut linked: Vec<&Value> = seen.iter().filter_map(|id| packages.get(id).copied()).collect();
    linked.sort_by_key(|package| (package["name"].as_str(), package["version"].as_str()));
    Ok(linked)
}

fn is_macro(package: &Value) -> bool {
    package["targets"].as_array().is_some_and(|targets| {
        targets.iter().any(|target| {
            target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|it| it == "proc-macro"))
        })
    })
}

/// Copies what looks like a licence; of vendored libraries (libbpf in libbpf-sys) too.
fn copy_texts(from: &Path, into: &Path) -> Result<()> {
    let vendored = ["libbpf", "elfutils", "zlib"].map(|name| from.join(name));
    for directory in [from.to_owned()].iter().chain(&vendored) {
        let Ok(entries) = fs::read_dir(directory) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let upper = name.to_uppercase();
            let is_text = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"]
                .iter()
                .any(|start| upper.starts_with(start));
            if is_text && entry.path().is_file() {
                let vendor = directory.strip_prefix(from).unwrap_or(Path::new(""));
                let to = into.join(vendor);
                fs::create_dir_all(&to)?;
                fs::copy(entry.path(), to.join(name))?;
            }
        }
    }
    Ok(())
}
