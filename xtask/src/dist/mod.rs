//! The C library as a distribution: static and shared library, header, pkg-config file, licences.
//!
//! Rust's static library is linked to one object in which only the functions of the header are
//! global: neither its libbpf nor its Rust runtime can meet another one in the same program. The
//! shared library is linked of that, with SONAME and symbol versions, by whatever linker `cc` calls:
//! rustc's own version script for a `cdylib` lets no other stand beside it.

mod archive;
mod licences;
mod link;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use driftcore_e2e::workspace_root;

use self::link::Libraries;
use crate::header;

/// What to make.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Install here instead of making an archive.
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,
    /// Quickly, without optimisation, with debug information.
    #[arg(long)]
    debug: bool,
}

/// Builds and installs, or packs.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let version = env!("CARGO_PKG_VERSION");
    match &arguments.prefix {
        Some(prefix) => {
            let prefix = std::path::absolute(prefix)?;
            install(&prefix, version, arguments.debug)?;
            println!("installed driftcore {version} in {}", prefix.display());
        }
        None => {
            let name = format!("driftcore-{version}-{}-linux", std::env::consts::ARCH);
            let directory = workspace_root().join("target/dist");
            let prefix = directory.join(&name);
            if prefix.exists() {
                fs::remove_dir_all(&prefix)?;
            }
            install(&prefix, version, arguments.debug)?;
            let archive = archive::pack(&directory, &name)?;
            println!("{}", archive.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds, and installs below `prefix`.
pub(crate) fn install(prefix: &Path, version: &str, debug: bool) -> Result<()> {
    let lib = prefix.join("lib");
    let include = prefix.join("include");
    for directory in [&lib.join("pkgconfig"), &include] {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
    }
    let ffi = workspace_root().join("driftcore-ffi");
    let header = ffi.join("include/driftcore.h");
    let functions = header::functions(&fs::read_to_string(&header)?);
    let native = Libraries { functions: &functions, version, debug }.build(&lib)?;
    fs::copy(&header, include.join("driftcore.h"))?;
    let pkg_config = fs::read_to_string(ffi.join("driftcore.pc.in"))?
        .replace("@VERSION@", version)
        .replace("@PRIVATE@", &native.join(" "));
    fs::write(lib.join("pkgconfig/driftcore.pc"), pkg_config)?;
    licences::collect(&prefix.join("share/licenses/driftcore"))
}
