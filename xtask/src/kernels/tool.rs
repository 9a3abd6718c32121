//! Programs of the host that the task calls.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

/// A program and the Debian package that brings it.
const NEEDED: &[(&str, &str)] = &[
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("mke2fs", "e2fsprogs"),
    ("busybox", "busybox-static"),
    ("runc", "runc"),
    ("gcc", "gcc libc6-dev"),
    ("strip", "binutils"),
    ("xz", "xz-utils"),
    ("zstd", "zstd"),
];

/// Installs the packages of the programs that are missing, and says which before.
pub(super) fn install_missing() -> Result<()> {
    let missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(program, _)| find(program).is_none())
        .flat_map(|(_, packages)| packages.split(' '))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("installing with apt: {}", missing.join(" "));
    output(
        Command::new("apt-get")
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&missing)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
    .with_context(|| format!("install these packages by hand: {}", missing.join(" ")))?;
    Ok(())
}

/// Where a program is, by `PATH` and the system directories that a user's `PATH` leaves out.
pub(super) fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(Into::into))
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

/// Runs a command to its end and returns its standard output.
///
/// # Errors
/// When it cannot be started or fails; the error carries its standard error.
pub(super) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let name = format!("{command:?}");
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} ended with {}: {}", output.status, said.trim());
    }
    Ok(output.stdout)
}

/// Like [`output`], as text.
pub(super) fn text(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&output(command)?).into_owned())
}

/// Reads a file whole; the error names it.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
