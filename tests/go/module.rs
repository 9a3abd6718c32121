//! The Go module, and the library that it is built against.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::privileges;
use driftcore_e2e::workspace_root;

use crate::Case;

pub(crate) const CASES: &[Case<Module>] = &[
    ("go_sources_are_formatted", formatted),
    ("go_vet_finds_nothing", vetted),
    ("go_tests_pass", tested),
    ("go_tests_pass_under_the_race_detector", tested_for_races),
];

/// Go's environment: the module, and an installed library.
pub(crate) struct Module {
    directory: PathBuf,
    target: PathBuf,
    prefix: PathBuf,
}

impl Module {
    /// Installs the library, without optimisation, into the target directory. Where the environment
    /// variable `DRIFTCORE_PREFIX` names a directory into which it was installed, that is tested.
    pub(crate) fn stage() -> Result<Self> {
        let root = workspace_root();
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        let target = root.join(target);
        let directory = root.join("examples/go");
        if let Some(prefix) = env::var_os("DRIFTCORE_PREFIX") {
            return Ok(Self { directory, target, prefix: root.join(prefix) });
        }
        let prefix = target.join("go/prefix");
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut dist = Command::new(cargo);
        dist.current_dir(&root).args(["xtask", "dist", "--debug", "--prefix"]).arg(&prefix);
        run(&mut dist)?;
        Ok(Self { directory, target, prefix })
    }

    /// A program of Go, in the module, that knows the library and no network. What it builds is
    /// kept for the next time.
    fn go(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.directory)
            .env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"))
            .env("LD_LIBRARY_PATH", self.prefix.join("lib"))
            .env("GOCACHE", self.target.join("go/cache"))
            .env("GOPATH", self.target.join("go/path"))
            .envs([("GOENV", "off"), ("GOFLAGS", ""), ("GOTOOLCHAIN", "local"), ("GOPROXY", "off")])
            .env("GODEBUG", "cgocheck=1");
        command
    }

    /// Builds a program of the module.
    pub(crate) fn build(&self, package: &str, into: &Path) -> Result<()> {
        run(self.go("go").args(["build", "-o"]).arg(into).arg(package)).map(drop)
    }

    /// Where programs that were built find the library.
    pub(crate) fn library(&self) -> PathBuf {
        self.prefix.join("lib")
    }

    /// The tests of a container of a laboratory, which these variables tell of.
    pub(crate) fn lab(&self, variables: &[(&str, &str)]) -> Result<()> {
        let mut test = self.go("go");
        test.args(["test", "-count=1", "-tags=lab", "-run=^TestLab", "-v", "."]);
        let output = run(test.envs(variables.iter().copied()))?;
        let passed = output.lines().filter(|line| line.starts_with("--- PASS: TestLab")).count();
        ensure!(passed >= 4 && !output.contains("--- SKIP"), "{output}");
        Ok(())
    }

    /// `go test` with the tests of a live sensor where this machine allows them.
    fn test(&self, options: &[&str]) -> Result<()> {
        let mut test = self.go("go");
        test.args(["test", "-count=1"]).args(options);
        if privileges::missing().is_empty() {
            test.arg("-tags=live");
        }
        let output = run(test.arg("./..."))?;
        ensure!(
            output.lines().any(|line| line.starts_with("ok ")),
            "no package was tested:\n{output}"
        );
        Ok(())
    }
}

fn formatted(module: &Module) -> Result<()> {
    let unformatted = run(module.go("gofmt").args(["-l", "."]))?;
    ensure!(unformatted.is_empty(), "gofmt would change:\n{unformatted}");
    Ok(())
}

fn vetted(module: &Module) -> Result<()> {
    run(module.go("go").args(["vet", "-tags=live,lab", "./..."])).map(drop)
}

fn tested(module: &Module) -> Result<()> {
    module.test(&[])
}

fn tested_for_races(module: &Module) -> Result<()> {
    module.test(&["-race"])
}

/// Runs a command to its end and returns its output; a status other than 0 is an error that quotes
/// what it said.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {:?}; is it installed?", command.get_program()))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{command:?} ended with {}\n{stdout}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(stdout)
}
