//! The listing of the public API: a line an item, committed, so that a review sees every change.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use driftcore_e2e::workspace_root;

use crate::cargo;

/// Where the listing of a crate is.
const DIRECTORY: &str = "docs/api";
/// The crates whose API is a promise. (`driftcore-bpf` is made for `driftcore` alone.)
const CRATES: [&str; 1] = ["driftcore"];

/// What to do with the listings.
#[derive(Debug, Default, clap::Args)]
#[group(id = "api_options")]
pub(crate) struct Arguments {
    /// Write them anew instead of comparing.
    #[arg(long)]
    update: bool,
}

/// Compares each listing with the code, or writes it. True when they agree.
///
/// # Errors
/// When there is no listing to compare: no nightly toolchain, no tool, a crate that does not build.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    let mut fresh = true;
    for name in CRATES {
        let path = workspace_root().join(DIRECTORY).join(name).with_extension("txt");
        let listing = listing(name)?;
        if arguments.update {
            write(&path, &listing)?;
            println!("{DIRECTORY}/{name}.txt: written");
            continue;
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        let changes = changes(&committed, &listing);
        for change in &changes {
            eprintln!("{change}");
        }
        if !changes.is_empty() {
            eprintln!("{DIRECTORY}/{name}.txt is stale: run `cargo xtask api --update`");
            fresh = false;
        }
    }
    Ok(fresh)
}

/// Reads the documentation that the nightly compiler writes as JSON; the stable one writes none.
fn listing(name: &str) -> Result<String> {
    cargo::install("public-api")?;
    let toolchain = cargo::toolchain("nightly")
        .context("needs a nightly toolchain: rustup toolchain install nightly --profile minimal")?;
    // Without blanket, auto-trait and derived implementations: they follow from the rest.
    let arguments = ["public-api", "--package", name, "--all-features", "-sss", "--color=never"];
    let output = cargo::of_toolchain(&toolchain, &arguments).output()?;
    if !output.status.success() {
        bail!("cargo public-api: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("what cargo public-api printed is no text")
}

fn write(path: &Path, listing: &str) -> Result<()> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(path, listing))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Lines that went (`-`) and came (`+`).
fn changes(committed: &str, listing: &str) -> Vec<String> {
    let gone = committed.lines().filter(|line| !listing.lines().any(|other| other == *line));
    let new = listing.lines().filter(|line| !committed.lines().any(|other| other == *line));
    let mut changes: Vec<String> = gone.map(|line| format!("-{line}")).collect();
    changes.extend(new.map(|line| format!("+{line}")));
    if changes.is_empty() && committed != listing {
        changes.push("the lines are the same, their order is not".to_owned());
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_name_the_lines() {
        let committed = "pub mod a\npub fn a::old()\n";
        assert_eq!(changes(committed, committed), [""; 0]);
        assert_eq!(
            changes(committed, "pub mod a\npub fn a::new()\n"),
            ["-pub fn a::old()", "+pub fn a::new()"]
        );
        assert_eq!(changes("", "pub mod a\n"), ["+pub mod a"]);
        assert_eq!(changes("pub mod a\npub mod b\n", "pub mod b\npub mod a\n").len(), 1);
    }
}
