//! The C library as cargo-c installs it.

use std::fs;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::Scratch;
use driftcore_e2e::workspace_root;

use crate::cargo;

/// Installs with `cargo cinstall`, and builds and runs a program with what is there.
pub(crate) fn run() -> Result<bool> {
    cargo::install("cinstall")?;
    let scratch = Scratch::new()?;
    let prefix = scratch.path().join("prefix");
    let mut install = cargo::command(&["cinstall", "--package", "driftcore-ffi"]);
    install.args(["--profile", "dev", "--libdir", "lib", "--prefix"]).arg(&prefix);
    install.arg("--target-dir").arg(workspace_root().join("target/cinstall"));
    if !cargo::holds(install)? {
        return Ok(false);
    }

    let lib = prefix.join("lib");
    let pkg_config = Command::new("pkg-config")
        .env("PKG_CONFIG_PATH", lib.join("pkgconfig"))
        .args(["--cflags", "--libs", "driftcore"])
        .output()?;
    ensure!(pkg_config.status.success(), "{}", String::from_utf8_lossy(&pkg_config.stderr));
    let flags = String::from_utf8(pkg_config.stdout)?;

    let (source, program) = (scratch.path().join("version.c"), scratch.path().join("version"));
    fs::write(
        &source,
        "#include <driftcore.h>\n#include <stdio.h>\n\
         int main(void) { return puts(driftcore_version()) < 0; }\n",
    )?;
    let mut cc = Command::new("cc");
    cc.arg(&source).args(flags.split_whitespace()).arg("-o").arg(&program);
    ensure!(cc.status()?.success(), "the program does not compile");
    let output = Command::new(&program).env("LD_LIBRARY_PATH", &lib).output()?;
    ensure!(output.stdout == concat!(env!("CARGO_PKG_VERSION"), "\n").as_bytes(), "{output:?}");

    let needed = Command::new("readelf").arg("-d").arg(&program).output()?;
    let needed = String::from_utf8_lossy(&needed.stdout).into_owned();
    let soname = needed.lines().find(|line| line.contains("libdriftcore")).context("no SONAME")?;
    println!("{}", soname.trim());
    Ok(soname.contains("[libdriftcore.so.0.1]"))
}
