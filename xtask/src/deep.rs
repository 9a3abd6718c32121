//! What takes too long for every change: every kernel, fuzzing, many property cases, every feature
//! set, packages, licences.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use driftcore_e2e::Scratch;

use crate::api;
use crate::asan;
use crate::cargo;
use crate::cinstall;
use crate::fuzz;
use crate::kernels;
use crate::minimal;
use crate::msrv;
use crate::package;
use crate::packages;
use crate::test::path_without_clang;

/// Cases of each property test; the gate runs 256. The compiled matcher is compared with the plain
/// one on 400 pairs of rule and event a case at least: ten million in all.
const PROPERTY_CASES: &str = "25000";
/// The same of the one that packs, mounts, unpacks and compares whole images: each takes a tenth of a second.
const MANIFEST_CASES: &str = "1000";
const OF_MANIFESTS: &str = "a_manifest_is_what_overlay_shows";
const PROPERTIES: [&str; 6] =
    ["test", "--profile", "properties", "--package", "driftcore", "--all-features"];

/// How deep.
#[derive(Debug, clap::Args)]
#[group(id = "deep_options")]
pub(crate) struct Arguments {
    /// Run only the parts whose name contains this; may be given several times.
    #[arg(long = "part", value_name = "NAME")]
    parts: Vec<String>,
    #[command(flatten)]
    kernels: kernels::Arguments,
    #[command(flatten)]
    fuzz: fuzz::Arguments,
}

/// Runs all of it, even when a part fails, and says what held.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    packages::install()?;
    let mut parts = Vec::new();
    let mut part = |name: &'static str, run: &mut dyn FnMut() -> Result<bool>| {
        if !arguments.parts.is_empty() && !arguments.parts.iter().any(|it| name.contains(it)) {
            return;
        }
        println!("== {name}");
        let start = Instant::now();
        let outcome = run();
        parts.push((name, outcome, start.elapsed()));
    };
    part("features: each combination", &mut features);
    part("features: none, tests", &mut || {
        holds(&["test", "--package", "driftcore", "--no-default-features"], &[])
    });
    part("packages", &mut package::run);
    part("documentation as on docs.rs", &mut docs_rs);
    part("public API", &mut || api::run(&api::Arguments::default()));
    part("oldest dependencies", &mut minimal::run);
    part("oldest Rust", &mut msrv::build);
    part("licences, bans, sources", &mut || {
        cargo::install("deny")?;
        holds(&["deny", "check", "licenses", "bans", "sources"], &[])
    });
    part("advisories", &mut advisories);
    part("properties, 25,000 cases each", &mut || {
        let mut skipping = PROPERTIES.to_vec();
        skipping.extend(["--", "--skip", OF_MANIFESTS]);
        Ok(holds(&skipping, &[("PROPTEST_CASES", PROPERTY_CASES)])?
            & holds(
                &[&PROPERTIES[..], &["--test", "image", OF_MANIFESTS]].concat(),
                &[("PROPTEST_CASES", MANIFEST_CASES)],
            )?)
    });
    part("flood for 30 seconds", &mut || {
        holds(
            &["test", "--package", "driftcore-e2e", "--test", "e2e", "--", "flood"],
            &[("DRIFTCORE_FLOOD_SECONDS", "30")],
        )
    });
    part("C ABI under AddressSanitizer", &mut asan::run);
    part("cargo cinstall", &mut cinstall::run);
    part("fuzzing", &mut || fuzz::run(&arguments.fuzz));
    part("kernels", &mut || kernels::run(&arguments.kernels));

    println!();
    let mut failed = 0;
    for (name, outcome, took) in &parts {
        let said = match outcome {
            Ok(true) => "ok".to_owned(),
            Ok(false) => "FAILED".to_owned(),
            Err(error) => format!("FAILED: {error:#}"),
        };
        failed += usize::from(!matches!(outcome, Ok(true)));
        println!("{name:32} {:6.0} s  {said}", took.as_secs_f64());
    }
    println!("{} passed, {failed} failed", parts.len() - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lints each published crate with each combination of its features.
fn features() -> Result<bool> {
    cargo::install("hack")?;
    let mut hack = cargo::command(&["hack", "--workspace", "--ignore-private"]);
    hack.args(["--feature-powerset", "clippy", "--all-targets", "--", "-D", "warnings"]);
    cargo::holds(hack)
}

/// The crates that are documented even where docs.rs has no clang. (It has one, as far as we know.
/// What depends on them needs the probes: the compiler looks into the functions of a dependency.)
const WITHOUT_CLANG: [&str; 2] = ["driftcore-bpf", "driftcore"];

/// Documents the library as docs.rs does, without clang: the probes are left out, and everything else
/// must be there.
fn docs_rs() -> Result<bool> {
    let toolchain = cargo::toolchain("nightly")
        .context("needs a nightly toolchain: rustup toolchain install nightly --profile minimal")?;
    let scratch = Scratch::new()?;
    let path = path_without_clang(scratch.path())?;
    for name in WITHOUT_CLANG {
        let arguments = ["doc", "--package", name, "--all-features", "--no-deps"];
        let mut doc = cargo::of_toolchain(&toolchain, &arguments);
        doc.args(["--target-dir", "target/docs-rs"]).env("PATH", &path).env_remove("CLANG");
        doc.env("DOCS_RS", "1").env("RUSTDOCFLAGS", "--cfg docsrs -D warnings");
        if !cargo::holds(doc)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Known vulnerabilities. Their database is a repository on GitHub; where it was never fetched, it is
/// said so.
fn advisories() -> Result<bool> {
    cargo::install("deny")?;
    let databases = advisory_databases();
    if !holds_one(&databases) {
        println!(
            "not checked: no advisory database in {}; `cargo deny fetch db` gets it",
            databases.display()
        );
        return Ok(true);
    }
    holds(&["deny", "--offline", "check", "advisories"], &[])
}

/// Where cargo-deny keeps its databases.
fn advisory_databases() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    home.unwrap_or_default().join("advisory-dbs")
}

/// Whether one is there. A lock file alone is what a vain search leaves.
fn holds_one(databases: &Path) -> bool {
    fs::read_dir(databases)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.path().join(".git").is_dir()))
}

fn holds(arguments: &[&str], environment: &[(&str, &str)]) -> Result<bool> {
    let mut command = cargo::command(arguments);
    command.envs(environment.iter().copied());
    cargo::holds(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_is_no_advisory_database() {
        let scratch = tempfile::tempdir().unwrap();
        assert!(!holds_one(&scratch.path().join("none")));
        fs::write(scratch.path().join("db.lock"), "").unwrap();
        assert!(!holds_one(scratch.path()));
        fs::create_dir_all(scratch.path().join("advisory-db-0/.git")).unwrap();
        assert!(holds_one(scratch.path()));
    }
}
