//! The library under AddressSanitizer, with the C programs that misuse it.

use anyhow::Result;
use anyhow::bail;
use driftcore_e2e::workspace_root;

use crate::cargo;

/// Builds the static library with AddressSanitizer, which takes a nightly toolchain, and runs the
/// programs of `tests/capi` with it. What they and the library leak is found too.
pub(crate) fn run() -> Result<bool> {
    let Some(toolchain) = cargo::toolchain("nightly") else {
        bail!("needs a nightly toolchain: rustup toolchain install nightly --profile minimal");
    };
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let directory = workspace_root().join("target/asan");
    let mut build = cargo::of_toolchain(
        &toolchain,
        &["rustc", "--package", "driftcore-ffi", "--lib", "--crate-type", "staticlib"],
    );
    build.args(["--target", &target, "--target-dir"]).arg(&directory);
    build.env("RUSTFLAGS", "-Zsanitizer=address");
    if !cargo::holds(build)? {
        return Ok(false);
    }
    let archive = directory.join(&target).join("debug/libdriftcore_ffi.a");
    let mut test = cargo::command(&["test", "--package", "driftcore-e2e", "--test", "embed"]);
    // Those in which the C side has the sanitizer's runtime, which both share.
    test.args(["--", "asan"]);
    test.env("DRIFTCORE_ARCHIVE", format!("{} {LIBRARIES}", archive.display()));
    cargo::holds(test)
}

/// What the static library needs of the system.
const LIBRARIES: &str = "-lelf -lz -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc";
