//! Interpreters and libraries of this machine, as files of an image.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;

use super::command::command;
use super::command::run;
use super::command::text;
use super::tools::workspace_root;

/// Packages of Python's library without which it does not start, or runs no module.
const PACKAGES: [&str; 4] = ["collections", "encodings", "importlib", "re"];

/// What an image needs in order to run scripts and to load libraries. It lies where it lies on this
/// machine: interpreters look for their own files by where they are.
#[derive(Debug)]
pub struct Languages {
    /// Python's interpreter; there is none on some machines.
    pub python: Option<PathBuf>,
    /// Perl's.
    pub perl: Option<PathBuf>,
    /// The dynamic loader.
    pub loader: PathBuf,
    pub(super) files: BTreeSet<PathBuf>,
    pub(super) program: PathBuf,
    pub(super) library: PathBuf,
}

impl Languages {
    /// Compiles a program that loads libraries, and a library, into `directory`, and finds the rest.
    pub(super) fn find(directory: &Path) -> Result<Self> {
        let compile = |name: &str, options: &[&str]| -> Result<PathBuf> {
            let target = directory.join(name);
            let source = workspace_root().join("tests/attack").join(format!("{name}.c"));
            run(command("gcc")
                .args(["-O2", "-Wall", "-o"])
                .arg(&target)
                .arg(source)
                .args(options))?;
            Ok(target)
        };
        let program = compile("loader", &["-ldl"])?;
        let library = compile("library", &["-shared", "-fPIC"])?;
        let mut files = needed(&program)?;
        let is_loader = |path: &&PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-"))
        };
        let loader = files.iter().find(is_loader).context("no dynamic loader")?.clone();
        let perl = Some(PathBuf::from("/usr/bin/perl")).filter(|path| path.exists());
        let python = python().ok();
        for program in perl.iter().chain(python.as_ref().map(|(program, _)| program)) {
            files.insert(program.clone());
            files.extend(needed(program)?);
        }
        if let Some((_, library)) = &python {
            add_modules(library, &mut files)?;
            for package in PACKAGES {
                add_modules(&library.join(package), &mut files)?;
            }
        }
        let python = python.map(|(program, _)| program);
        Ok(Self { python, perl, loader, files, program, library })
    }
}

/// The libraries that a program is linked with.
pub(super) fn needed(program: &Path) -> Result<BTreeSet<PathBuf>> {
    let listed = text(&run(command("ldd").arg(program))?.stdout);
    let words = listed.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(words.map(PathBuf::from).collect())
}

/// The interpreter and the directory of its library.
fn python() -> Result<(PathBuf, PathBuf)> {
    let ask = "import sys, sysconfig; print(sys.executable); print(sysconfig.get_path('stdlib'))";
    let said = text(&run(command("python3").args(["-c", ask]))?.stdout);
    let mut lines = said.lines().map(PathBuf::from);
    let program = lines.next().context("no interpreter")?;
    Ok((program, lines.next().context("no library")?))
}

fn add_modules(directory: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "py") {
            files.insert(path);
        }
    }
    Ok(())
}
