//! The archive.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use anyhow::bail;

/// Packs `name` of a directory as `name.tar.gz` beside it. The same files give the same bytes.
pub(super) fn pack(directory: &Path, name: &str) -> Result<PathBuf> {
    let archive = directory.join(format!("{name}.tar.gz"));
    let status = Command::new("tar")
        .current_dir(directory)
        .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"])
        .args(["--use-compress-program", "gzip -9n", "-cf"])
        .arg(&archive)
        .arg(name)
        .status()?;
    if !status.success() {
        bail!("tar ended with {status}");
    }
    Ok(archive)
}
