//! Programs that the laboratory builds or finds.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use super::command::command;
use super::command::run;

/// Where the image keeps its tools.
pub const TOOLS: &str = "/opt";

/// The programs that go into the image, on the host.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) attack: PathBuf,
    pub(super) payload: PathBuf,
    pub(super) deeds: PathBuf,
    pub(super) evade: PathBuf,
    pub(super) net: PathBuf,
    pub(super) busybox: PathBuf,
}

impl Tools {
    /// Compiles the C programs into `directory` and finds a static busybox.
    pub(super) fn build(directory: &Path) -> Result<Self> {
        let compile = |name: &str, source: &str| -> Result<PathBuf> {
            let target = directory.join(name);
            let source = workspace_root().join(source).join(format!("{name}.c"));
            run(command("gcc")
                .args(["-O2", "-static", "-no-pie", "-pthread", "-Wall", "-Wextra", "-o"])
                .arg(&target)
                .arg(source))
            .context("the attack tools are C programs; install gcc and libc6-dev")?;
            Ok(target)
        };
        let busybox = ["/bin/busybox", "/usr/bin/busybox"]
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
            .context("no busybox found; install busybox-static")?;
        Ok(Self {
            attack: compile("attack", "tests/attack")?,
            payload: compile("payload", "tests/attack")?,
            deeds: compile("deeds", "driftcore/tests/files")?,
            evade: compile("evade", "tests/attack")?,
            net: compile("net", "tests/attack")?,
            busybox,
        })
    }
}

/// The root of the workspace's sources.
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The `driftd` to test: what the environment variable `DRIFTD` names, else a release build of
/// this workspace, brought up to date first.
///
/// # Errors
/// When there is none, or it does not build.
pub fn driftd_binary() -> Result<PathBuf> {
    if let Some(path) = env::var_os("DRIFTD") {
        let path = PathBuf::from(path);
        ensure!(path.is_file(), "DRIFTD names {}, which is no file", path.display());
        return Ok(path);
    }
    let root = workspace_root();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(command(cargo)
        .current_dir(&root)
        .args(["build", "--quiet", "--release", "--package", "driftd"])
        .stdin(Stdio::null()))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(root.join(target).join("release/driftd"))
}
