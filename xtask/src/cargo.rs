//! Cargo, as the tasks call it.

use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use driftcore_e2e::workspace_root;

/// The subcommands that tasks install, each with its package and version: what they find and print
/// changes with it.
const TOOLS: [(&str, &str, &str); 5] = [
    ("cinstall", "cargo-c", "0.10.24+cargo-0.98.0"),
    ("deny", "cargo-deny", "0.20.2"),
    ("fuzz", "cargo-fuzz", "0.13.2"),
    ("hack", "cargo-hack", "0.6.46"),
    ("public-api", "cargo-public-api", "0.52.0"),
];

/// The cargo that runs this, in the root of the workspace, with nothing on its standard input.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace_root()).args(arguments).stdin(Stdio::null());
    cargo
}

/// The cargo of another toolchain, by rustup.
pub(crate) fn of_toolchain(toolchain: &str, arguments: &[&str]) -> Command {
    let mut rustup = Command::new("rustup");
    rustup.current_dir(workspace_root()).args(["run", toolchain, "cargo"]).args(arguments);
    // They name programs of the toolchain that runs this.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        rustup.env_remove(name);
    }
    rustup.stdin(Stdio::null());
    rustup
}

/// The name of an installed toolchain for this version (`1.89`) or channel (`nightly`).
pub(crate) fn toolchain(wanted: &str) -> Option<String> {
    let listed = Command::new("rustup").args(["toolchain", "list"]).output().ok()?;
    toolchain_in(&String::from_utf8_lossy(&listed.stdout), wanted)
}

fn toolchain_in(listed: &str, wanted: &str) -> Option<String> {
    let names = listed.lines().filter_map(|line| line.split_whitespace().next());
    let mut fitting = names.filter(|name| {
        let rest = name.strip_prefix(wanted);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
    });
    fitting.next().map(str::to_owned)
}

/// Runs cargo; true when it ended well.
pub(crate) fn holds(mut command: Command) -> Result<bool> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    Ok(status.success())
}

/// What cargo says about the workspace and its dependencies, for the targets that are supported.
pub(crate) fn metadata(arguments: &[&str]) -> Result<serde_json::Value> {
    let output = command(&["metadata", "--format-version=1"]).args(arguments).output()?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("what cargo metadata printed is no JSON")
}

/// Installs a subcommand of cargo when it is missing or has another version, and says so.
pub(crate) fn install(name: &str) -> Result<()> {
    let pinned = TOOLS.iter().find(|(tool, ..)| *tool == name);
    let (_, package, version) =
        pinned.with_context(|| format!("no version of cargo-{name} is pinned"))?;
    let output = command(&[name, "--version"]).stderr(Stdio::null()).output();
    let there = output.is_ok_and(|output| is_version(&output.stdout, version));
    if there {
        return Ok(());
    }
    let package = format!("{package}@{version}");
    println!("installing with cargo: {package}");
    if !command(&["install", "--locked", &package]).status()?.success() {
        bail!("{package} cannot be installed; try `cargo install --locked {package}` by hand");
    }
    Ok(())
}

fn is_version(printed: &[u8], version: &str) -> bool {
    String::from_utf8_lossy(printed).split_whitespace().any(|word| word == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_of_a_tool_is_not_the_pinned_one() {
        assert!(is_version(b"cargo-hack 0.6.46\n", "0.6.46"));
        assert!(!is_version(b"cargo-hack 0.6.4\n", "0.6.46"));
        assert!(!is_version(b"", "0.6.46"));
    }

    #[test]
    fn toolchains_are_found_by_version_and_channel() {
        let listed = "stable-x86_64-unknown-linux-gnu (active, default)\n\
                      nightly-x86_64-unknown-linux-gnu\n1.89.0-x86_64-unknown-linux-gnu\n";
        let found = |wanted| toolchain_in(listed, wanted);
        assert_eq!(found("1.89").as_deref(), Some("1.89.0-x86_64-unknown-linux-gnu"));
        assert_eq!(found("nightly").as_deref(), Some("nightly-x86_64-unknown-linux-gnu"));
        assert_eq!(found("1.8"), None);
        assert_eq!(found("1.90"), None);
    }
}
