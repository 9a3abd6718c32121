//! Every check and every test, with one summary.

use std::ffi::OsString;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::process::ExitCode;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use driftcore_e2e::Scratch;
use driftcore_e2e::privileges;

use crate::cargo;
use crate::header;
use crate::kernels;
use crate::layers;
use crate::msrv;
use crate::package;
use crate::packages;

/// What was run so far.
#[derive(Debug, Default)]
struct Summary {
    passed: usize,
    failed: Vec<String>,
    skipped: Vec<String>,
}

/// Installs what is missing and runs everything.
pub(crate) fn run() -> Result<ExitCode> {
    let mut summary = Summary::default();
    if let Err(error) = packages::install() {
        eprintln!("warning: {error:#}");
    }
    let missing = privileges::missing();

    summary.check("format", cargo::command(&["fmt", "--all", "--check"]));
    summary.check(
        "clippy",
        cargo::command(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    );
    let mut doc = cargo::command(&["doc", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    summary.check("documentation", doc);
    summary.result("layers", layers::run().map(|code| code == ExitCode::SUCCESS));
    summary.result("C header", header::is_fresh());
    println!("== packages and Rust version");
    summary.result("files of the packages", package::files());
    summary.result("Rust version of the dependencies", msrv::dependencies());
    summary.result("library builds without a C compiler", without_compiler());
    summary.tests(cargo::command(&["test", "--workspace", "--exclude", "driftcore-e2e"]))?;
    summary.tests(cargo::command(&["test", "--package", "driftcore-e2e", "--lib"]))?;
    summary.tests(cargo::command(&["test", "--package", "driftcore-e2e", "--test", "embed"]))?;
    summary.tests(cargo::command(&["test", "--package", "driftcore-e2e", "--test", "e2e"]))?;
    summary.tests(cargo::command(&["test", "--package", "driftcore-e2e", "--test", "go"]))?;
    println!("== kernels");
    summary.if_possible("kernels", kernels::fetch_two(), kernels::run_two);

    println!();
    for need in &missing {
        println!("missing: {need}");
    }
    for name in &summary.skipped {
        println!("skipped: {name}");
    }
    for name in &summary.failed {
        println!("failed: {name}");
    }
    let Summary { passed, failed, skipped } = &summary;
    println!("{passed} passed, {} failed, {} skipped", failed.len(), skipped.len());
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Summary {
    fn result(&mut self, name: &str, outcome: Result<bool>) {
        match outcome {
            Ok(true) => self.passed += 1,
            Ok(false) => self.failed.push(name.to_owned()),
            Err(error) => self.failed.push(format!("{name}: {error:#}")),
        }
    }

    /// What could not be tried at all is skipped, with the reason; what fails when it is tried has failed.
    fn if_possible(
        &mut self,
        name: &str,
        possible: Result<()>,
        run: impl FnOnce() -> Result<bool>,
    ) {
        match possible {
            Ok(()) => self.result(name, run()),
            Err(error) => self.skipped.push(format!("{name}: {error:#}")),
        }
    }

    fn check(&mut self, name: &str, mut command: Command) {
        println!("== {name}");
        let outcome = command.status().map(|status| status.success()).context("cannot run cargo");
        self.result(name, outcome);
    }

    /// Runs tests and counts their result lines, which are shown as they come.
    fn tests(&mut self, mut command: Command) -> Result<()> {
        let name = format!("{command:?}");
        println!("== {name}");
        let mut child = command.arg("--no-fail-fast").stdout(Stdio::piped()).spawn()?;
        let before = self.failed.len();
        let stdout = child.stdout.take().context("no stdout")?;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            self.line(&line);
        }
        // A program that ends before it could print its results fails too.
        if !child.wait()?.success() && self.failed.len() == before {
            self.failed.push(name);
        }
        Ok(())
    }

    fn line(&mut self, line: &str) {
        let Some((name, result)) =
            line.strip_prefix("test ").and_then(|line| line.rsplit_once(" ... "))
        else {
            return;
        };
        let name = name.trim().to_owned();
        match result {
            "ok" => self.passed += 1,
            "FAILED" => self.failed.push(name),
            result if result.starts_with("ignored") => self.skipped.push(name),
            _ => {}
        }
    }
}

/// Builds the library alone where no clang is found.
fn without_compiler() -> Result<bool> {
    println!("== library without a C compiler");
    let scratch = Scratch::new()?;
    let path = path_without_clang(scratch.path())?;
    let target = scratch.path().join("target");
    let mut build = cargo::command(&["build", "--package", "driftcore", "--no-default-features"]);
    build.env("PATH", path).env_remove("CLANG").env("CARGO_TARGET_DIR", target);
    Ok(build.status()?.success())
}

/// A directory with links to every program that is on the `PATH`, but clang. (Rust itself
/// links with `cc`, which has to stay.)
pub(crate) fn path_without_clang(scratch: &Path) -> Result<OsString> {
    let directory = scratch.join("bin");
    fs::create_dir(&directory)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    for source in std::env::split_paths(&path) {
        let Ok(entries) = fs::read_dir(source) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if !name.to_string_lossy().contains("clang") {
                // The first one on the path wins.
                let _ = symlink(entry.path(), directory.join(name));
            }
        }
    }
    Ok(directory.into_os_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_counted_by_name() {
        let mut summary = Summary::default();
        for line in [
            "running 4 tests",
            "test a::b ... ok",
            "test padded            ... ok",
            "test bad ... FAILED",
            "test later ... ignored, needs root",
            "test result: ok. 2 passed",
        ] {
            summary.line(line);
        }
        assert_eq!(summary.passed, 2);
        assert_eq!(summary.failed, ["bad"]);
        assert_eq!(summary.skipped, ["later"]);
    }

    #[test]
    fn what_cannot_be_tried_is_skipped_and_what_is_wrong_fails() {
        let mut summary = Summary::default();
        summary.if_possible("a", Err(anyhow::anyhow!("no archive")), || Ok(true));
        summary.if_possible("b", Ok(()), || Ok(false));
        summary.if_possible("c", Ok(()), || Ok(true));
        summary.if_possible("d", Ok(()), || Err(anyhow::anyhow!("it does not compile")));
        assert_eq!(summary.skipped, ["a: no archive"]);
        assert!(matches!(&summary.failed[..], [b, d] if b == "b" && d.starts_with('d')));
        assert_eq!(summary.passed, 1);
    }

    #[test]
    fn clang_is_hidden_and_the_rest_is_not() {
        let scratch = Scratch::new().unwrap();
        let path = path_without_clang(scratch.path()).unwrap();
        let path = Path::new(&path);
        assert!(path.join("sh").exists());
        assert!(!path.join("clang").exists());
    }
}
