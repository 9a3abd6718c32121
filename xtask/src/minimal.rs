//! The lower bounds in the manifests: the library builds with the oldest versions that they allow.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use driftcore_e2e::Scratch;
use driftcore_e2e::workspace_root;

use crate::cargo;
use crate::package;

/// Checks the published crates in a copy of the workspace, with the oldest version of each direct
/// dependency. Needs a nightly toolchain, which alone picks them.
pub(crate) fn run() -> Result<bool> {
    let Some(toolchain) = cargo::toolchain("nightly") else {
        bail!("needs a nightly toolchain: rustup toolchain install nightly --profile minimal");
    };
    let scratch = Scratch::new()?;
    copy(&workspace_root(), scratch.path())?;
    let mut update = cargo::of_toolchain(&toolchain, &["update", "-Z", "direct-minimal-versions"]);
    update.current_dir(scratch.path());
    if !cargo::holds(update)? {
        return Ok(false);
    }
    let mut check = cargo::command(&["check", "--locked", "--all-features"]);
    for name in package::published()? {
        check.args(["--package", &name]);
    }
    check.current_dir(scratch.path());
    check.env("CARGO_TARGET_DIR", workspace_root().join("target/minimal"));
    cargo::holds(check)
}

/// The files of the repository, those that are not committed yet too, but no lock file: it would hold
/// on to the versions that it has.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut git = Command::new("git");
    git.current_dir(from).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.output().context("cannot run git")?;
    if !output.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let names = String::from_utf8(output.stdout).context("a file's name is no text")?;
    for name in names.split_terminator('\0').filter(|name| *name != "Cargo.lock") {
        let (source, target) = (from.join(name), to.join(name));
        // A link to a directory stands beside the directory; a file may be deleted and not committed.
        if !source.is_file() {
            continue;
        }
        let directory = target.parent().unwrap_or(to);
        fs::create_dir_all(directory)
            .and_then(|()| fs::copy(&source, &target))
            .with_context(|| format!("cannot copy {name}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_the_files_of_the_repository_but_no_lock() {
        let scratch = tempfile::tempdir().unwrap();
        copy(&workspace_root(), scratch.path()).unwrap();
        for name in ["Cargo.toml", "driftcore/Cargo.toml", "driftcore/LICENSE", "xtask/src/main.rs"]
        {
            assert!(scratch.path().join(name).is_file(), "{name}");
        }
        assert!(!scratch.path().join("Cargo.lock").exists());
        assert!(!scratch.path().join("target").exists());
    }
}
