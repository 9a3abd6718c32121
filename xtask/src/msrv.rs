//! The stated Rust version, as far as it can be held without that compiler: no dependency may need a
//! newer one. (Clippy's `incompatible_msrv` sees to what the standard library did not have then.)

use std::collections::BTreeSet;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde_json::Value;

use crate::cargo;
use crate::package;

/// The targets that are supported; what only others need is not looked at.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// A Rust version, as manifests state it.
type Version = (u32, u32, u32);

/// Says which dependencies need a newer Rust than stated; true when none does.
pub(crate) fn dependencies() -> Result<bool> {
    let mut faults = BTreeSet::new();
    let mut seen = 0;
    for target in TARGETS {
        let metadata = cargo::metadata(&["--filter-platform", target])?;
        let found = check(&metadata)?;
        seen = seen.max(found.seen);
        faults.extend(found.faults);
    }
    for fault in &faults {
        eprintln!("rust-version: {fault}");
    }
    println!("rust-version: {seen} packages looked at, {} need a newer Rust", faults.len());
    Ok(faults.is_empty())
}

/// Builds the published crates with the stated version where rustup has it; says so where not.
pub(crate) fn build() -> Result<bool> {
    let version = stated(&cargo::metadata(&["--no-deps"])?)?;
    let Some(toolchain) = cargo::toolchain(&version) else {
        println!(
            "not checked: no toolchain {version} is installed (rustup toolchain install {version} \
             --profile minimal); only dependencies and clippy's incompatible_msrv were"
        );
        return Ok(true);
    };
    let mut build = cargo::of_toolchain(&toolchain, &["check", "--target-dir", "target/msrv"]);
    for name in package::published()? {
        build.args(["--package", &name]);
    }
    cargo::holds(build)
}

#[derive(Debug, Default)]
struct Found {
    seen: usize,
    faults: BTreeSet<String>,
}

/// Compares every package with what the workspace states.
fn check(metadata: &Value) -> Result<Found> {
    let ours = stated(metadata)?;
    let limit = parse(&ours).with_context(|| format!("{ours} is no Rust version"))?;
    let mut found = Found::default();
    for package in packages(metadata)? {
        found.seen += 1;
        let (name, version) = (text(package, "name"), text(package, "version"));
        let Some(needs) = package["rust_version"].as_str() else {
            if package["source"].is_null() {
                found.faults.insert(format!("{name} states none"));
            }
            continue;
        };
        if parse(needs).is_none_or(|needs| needs > limit) {
            found.faults.insert(format!("{name} {version} needs Rust {needs}; we state {ours}"));
        }
    }
    Ok(found)
}

/// The one version that the members of the workspace state.
fn stated(metadata: &Value) -> Result<String> {
    let members = packages(metadata)?.iter().filter(|package| package["source"].is_null());
    let versions: BTreeSet<&str> = members.filter_map(|it| it["rust_version"].as_str()).collect();
    ensure!(versions.len() == 1, "the members state {versions:?}, not one Rust version");
    versions.first().map(|&version| version.to_owned()).context("no Rust version")
}

fn packages(metadata: &Value) -> Result<&Vec<Value>> {
    metadata["packages"].as_array().context("cargo metadata names no packages")
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or_default()
}

fn parse(version: &str) -> Option<Version> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let major = parts.next()??;
    let mut rest = || parts.next().unwrap_or(Some(0));
    Some((major, rest()?, rest()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(dependencies: &[(&str, Option<&str>)]) -> Value {
        let ours =
            json!({"name": "ours", "version": "0.1.0", "source": null, "rust_version": "1.89"});
        let others = dependencies.iter().map(|(name, needs)| {
            json!({"name": name, "version": "1.2.3", "source": "registry", "rust_version": needs})
        });
        json!({"packages": std::iter::once(ours).chain(others).collect::<Vec<_>>()})
    }

    #[test]
    fn a_dependency_that_needs_a_newer_rust_is_a_fault() {
        let found = check(&metadata(&[
            ("old", Some("1.31")),
            ("same", Some("1.89.0")),
            ("silent", None),
            ("patch", Some("1.89.1")),
            ("newer", Some("1.90")),
            ("odd", Some("nightly")),
        ]))
        .unwrap();
        assert_eq!(found.seen, 7);
        let faults: Vec<_> = found.faults.into_iter().collect();
        assert_eq!(
            faults,
            [
                "newer 1.2.3 needs Rust 1.90; we state 1.89",
                "odd 1.2.3 needs Rust nightly; we state 1.89",
                "patch 1.2.3 needs Rust 1.89.1; we state 1.89",
            ]
        );
    }

    #[test]
    fn members_must_agree() {
        let mut metadata = metadata(&[]);
        let packages = metadata["packages"].as_array_mut().unwrap();
        packages.push(json!({"name": "bare", "version": "0.1.0", "source": null}));
        let faults = check(&metadata).unwrap().faults;
        assert_eq!(faults.into_iter().collect::<Vec<_>>(), ["bare states none"]);

        metadata["packages"][1]["rust_version"] = json!("1.90");
        assert!(check(&metadata).unwrap_err().to_string().contains("1.90"));
    }
}
