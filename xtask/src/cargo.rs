//! Cargo, as the tasks call it.

use std::process::Command;
use std::process::Stdio;

use anyhow::Result;
use anyhow::bail;
use driftcore_e2e::workspace_root;

/// The cargo that runs this, in the root of the workspace, with nothing on its standard input.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace_root()).args(arguments).stdin(Stdio::null());
    cargo
}

/// Installs a subcommand of cargo (`cargo-NAME`) when it is missing, and says so.
pub(crate) fn install(name: &str) -> Result<()> {
    let there = command(&[name, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if there {
        return Ok(());
    }
    println!("installing with cargo: cargo-{name}");
    let package = format!("cargo-{name}");
    if !command(&["install", "--locked", &package]).status()?.success() {
        bail!("{package} cannot be installed; try `cargo install --locked {package}` by hand");
    }
    Ok(())
}
