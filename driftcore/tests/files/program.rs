//! The program whose deeds are watched.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use driftcore::sensor::Features;
use tempfile::TempDir;

/// Builds it, in a directory that goes with it. `None`, with a line that says why, where nothing can be
/// tested.
pub(crate) fn build() -> Option<(TempDir, PathBuf)> {
    let features = Features::detect();
    if !features.btf
        || !features.missing_capabilities.is_empty()
        || !rustix::process::geteuid().is_root()
    {
        println!("skipped: needs root, BTF and {:?}", features.missing_capabilities);
        return None;
    }
    let directory = TempDir::new().unwrap();
    let program = directory.path().join("deeds");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/deeds.c");
    let built = Command::new("gcc")
        .args(["-O2", "-static", "-no-pie", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(source)
        .arg("-lpthread")
        .status();
    match built {
        Ok(status) => assert!(status.success(), "gcc: {status}"),
        Err(error) => {
            println!("skipped: gcc: {error}");
            return None;
        }
    }
    Some((directory, program))
}
