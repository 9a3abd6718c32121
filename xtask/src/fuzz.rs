//! Builds the fuzz targets and runs each for a while.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use driftcore_e2e::workspace_root;

use crate::cargo;

/// What to fuzz, and for how long.
#[derive(Debug, clap::Args)]
#[group(id = "fuzz_options")]
pub(crate) struct Arguments {
    /// Run this target only; may be given several times.
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// How long each target runs, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    seconds: u32,
}

/// Runs the targets one after the other. False when one of them found something.
///
/// # Errors
/// When it cannot fuzz: cargo-fuzz cannot be installed, a target does not build or is not there.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    let workspace = workspace_root();
    cargo::install("fuzz")?;
    let all = targets()?;
    if let Some(unknown) = arguments.targets.iter().find(|name| !all.contains(name)) {
        bail!("no fuzz target is called {unknown}; there are: {}", all.join(", "));
    }
    let chosen = if arguments.targets.is_empty() { &all } else { &arguments.targets };
    for target in chosen {
        let built = cargo_fuzz(&["build", target]).status()?;
        if !built.success() {
            bail!("the fuzz target {target} does not build ({built})");
        }
    }
    let mut found = Vec::new();
    for target in chosen {
        if !clean(&workspace, target, arguments.seconds)? {
            found.push(target.as_str());
        }
    }
    for target in &found {
        eprintln!(
            "{target}: found something; the input is in fuzz/artifacts/{target}: mend it, and move \
             the input to fuzz/regressions/{target}, where `cargo test` replays it"
        );
    }
    Ok(found.is_empty())
}

/// Runs one target; true when it found nothing. What it learns stays in the build directory, so
/// that the committed seeds stay few.
fn clean(workspace: &Path, target: &str, seconds: u32) -> Result<bool> {
    let learned = workspace.join("fuzz/target/corpus").join(target);
    fs::create_dir_all(&learned).with_context(|| format!("cannot make {}", learned.display()))?;
    let seeds = workspace.join("fuzz/corpus").join(target);
    let mut command = cargo_fuzz(&["run", target]);
    command.arg(&learned);
    // A target without seeds starts from nothing.
    if seeds.is_dir() {
        command.arg(&seeds);
    }
    command.args(["--", "-print_final_stats=1", "-verbosity=0"]);
    command.arg(format!("-max_total_time={seconds}"));
    eprintln!("{target}: {seconds} s");
    Ok(command.status()?.success())
}

fn targets() -> Result<Vec<String>> {
    let listed = cargo_fuzz(&["list"]).output()?;
    if !listed.status.success() {
        bail!("cannot list the fuzz targets: {}", String::from_utf8_lossy(&listed.stderr).trim());
    }
    let names = String::from_utf8(listed.stdout).context("a fuzz target's name is no text")?;
    Ok(names.lines().map(str::to_owned).collect())
}

/// The instrumentation is behind unstable compiler flags; a stable compiler takes them when told
/// to.
fn cargo_fuzz(arguments: &[&str]) -> Command {
    let mut command = cargo::command(&["fuzz"]);
    command.args(arguments).env("RUSTC_BOOTSTRAP", "1");
    command
}
