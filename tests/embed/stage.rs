//! The library as it is installed, and programs that use it.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use driftcore_e2e::Scratch;
use driftcore_e2e::workspace_root;

use crate::header::Header;

/// What a program of `tests/capi` is compiled with, beside the library.
const FLAGS: [&str; 8] =
    ["-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-D_GNU_SOURCE", "-pthread"];

/// A prefix into which the library was installed.
pub(crate) struct Stage {
    prefix: PathBuf,
    /// Of another library that is linked statically instead, with all that it needs.
    archive: Option<String>,
    numbers: AtomicU32,
    scratch: Scratch,
}

/// How a program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Plain,
    /// valgrind's memcheck; any error and any leak fails.
    Memcheck,
    /// The same without undefined values: `valgrind.supp` says why engines need that.
    MemcheckOfEngines,
    /// AddressSanitizer with leak detection, and UndefinedBehaviorSanitizer, in the C side. The
    /// library's memory is malloc's, so leaks of it are found too.
    Sanitized,
}

impl Mode {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Memcheck | Self::MemcheckOfEngines => "valgrind",
            Self::Sanitized => "asan",
        }
    }
}

impl Stage {
    /// Builds and installs the library into a directory of its own. Where the environment variable
    /// `DRIFTCORE_PREFIX` names one into which it was installed, that is tested. Where
    /// `DRIFTCORE_ARCHIVE` has the linker's arguments for another build of the static library,
    /// programs are linked with that.
    pub(crate) fn new() -> Result<Self> {
        let scratch = Scratch::new()?;
        let prefix = match std::env::var_os("DRIFTCORE_PREFIX") {
            Some(prefix) => workspace_root().join(prefix),
            None => {
                let prefix = scratch.path().join("prefix");
                let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
                let mut dist = Command::new(cargo);
                dist.current_dir(workspace_root())
                    .args(["xtask", "dist", "--debug", "--prefix"])
                    .arg(&prefix);
                run(&mut dist)?;
                prefix
            }
        };
        let archive = std::env::var("DRIFTCORE_ARCHIVE").ok();
        Ok(Self { prefix, archive, numbers: AtomicU32::new(0), scratch })
    }

    pub(crate) fn lib(&self) -> PathBuf {
        self.prefix.join("lib")
    }

    pub(crate) fn include(&self) -> PathBuf {
        self.prefix.join("include")
    }

    pub(crate) fn header(&self) -> Result<Header> {
        Header::parse(&fs::read_to_string(self.include().join("driftcore.h"))?)
    }

    /// The first shared library there is, whatever its version.
    pub(crate) fn shared(&self) -> PathBuf {
        self.lib().join("libdriftcore.so")
    }

    /// A path in the scratch directory that nothing else has.
    pub(crate) fn fresh(&self, name: &str) -> PathBuf {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        self.scratch.path().join(format!("{number}-{name}"))
    }

    /// A new directory.
    pub(crate) fn directory(&self, name: &str) -> Result<PathBuf> {
        let path = self.fresh(name);
        fs::create_dir(&path)?;
        Ok(path)
    }

    /// `program` with pkg-config and the dynamic linker looking into the prefix.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env("PKG_CONFIG_PATH", self.lib().join("pkgconfig"))
            .env("LD_LIBRARY_PATH", self.lib())
            .stdin(Stdio::null());
        command
    }

    /// What pkg-config says, word by word.
    pub(crate) fn pkg_config(&self, arguments: &[&str]) -> Result<Vec<String>> {
        let mut pkg_config = self.command("pkg-config");
        let said = run(pkg_config.args(arguments).arg("driftcore"))?;
        Ok(said.split_whitespace().map(str::to_owned).collect())
    }

    /// Compiles a program of `tests/capi`. `include` is searched first for what is generated.
    pub(crate) fn compile(&self, name: &str, mode: Mode, include: &Path) -> Result<PathBuf> {
        let program = self.fresh(name);
        let mut gcc = self.command("gcc");
        gcc.args(FLAGS).arg("-I").arg(include).args(self.pkg_config(&["--cflags"])?);
        if mode == Mode::Sanitized {
            gcc.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
        }
        gcc.arg("-o").arg(&program).arg(capi().join(format!("{name}.c")));
        match &self.archive {
            Some(archive) => gcc.args(archive.split_whitespace()),
            None => gcc.args(self.pkg_config(&["--libs"])?),
        };
        run(&mut gcc)?;
        Ok(program)
    }

    /// Runs a compiled program to its end.
    pub(crate) fn run(&self, program: &Path, mode: Mode, arguments: &[&str]) -> Result<String> {
        let mut command = match mode {
            Mode::Memcheck | Mode::MemcheckOfEngines => {
                let defined = if mode == Mode::Memcheck { "yes" } else { "no" };
                let mut valgrind = self.command("valgrind");
                valgrind
                    .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
                    .arg(format!("--undef-value-errors={defined}"))
                    // Threads take turns: none waits for ever for another that is busy.
                    .arg("--fair-sched=yes")
                    .args(["--errors-for-leak-kinds=definite,indirect,possible"])
                    .arg(format!("--suppressions={}", capi().join("valgrind.supp").display()))
                    .arg(program);
                valgrind
            }
            Mode::Plain | Mode::Sanitized => self.command(program),
        };
        command.env("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1");
        run(command.args(arguments))
    }
}

/// The C programs.
pub(crate) fn capi() -> PathBuf {
    workspace_root().join("tests/capi")
}

/// Runs a command to its end and returns what it printed; a failure quotes everything.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?} ended with {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
