//! How large the library is, and what loading it takes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;

use super::run::compiler;
use super::run::succeed;
use crate::bench::report::median;

/// Fresh processes of each kind.
const PROCESSES: usize = 100;

/// What was found.
#[derive(Debug)]
pub(super) struct Library {
    /// Bytes of the shared library without symbols and debug information.
    pub(super) shared_bytes: u64,
    /// Bytes of the static library without debug information.
    pub(super) static_bytes: u64,
    /// Nanoseconds to open it and call its first function.
    pub(super) open_ns: f64,
    /// A process that does that, and one that does nothing.
    pub(super) with: Process,
    pub(super) without: Process,
}

/// A short process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    /// From before its start to after its end.
    pub(super) ns: f64,
    /// Resident at its end.
    pub(super) resident_kib: f64,
}

/// Measures the library that is installed below `prefix`.
pub(super) fn measure(prefix: &Path, directory: &Path) -> Result<Library> {
    let lib = prefix.join("lib");
    let shared = lib.join("libdriftcore.so");
    let program = directory.join("load");
    succeed(compiler(&program, "load.c").arg("-ldl"))?;
    let (mut with, mut without) = (Runs::default(), Runs::default());
    // In turn, so that a drift of the machine's speed meets both.
    for _ in 0..PROCESSES {
        with.run(Command::new(&program).arg(&shared))?;
        without.run(&mut Command::new(&program))?;
    }
    Ok(Library {
        shared_bytes: stripped(&shared, &directory.join("stripped.so"), "--strip-all")?,
        static_bytes: stripped(
            &lib.join("libdriftcore.a"),
            &directory.join("stripped.a"),
            "--strip-debug",
        )?,
        open_ns: median(&with.open_ns),
        with: with.median(),
        without: without.median(),
    })
}

#[derive(Default)]
struct Runs {
    open_ns: Vec<f64>,
    ns: Vec<f64>,
    resident_kib: Vec<f64>,
}

impl Runs {
    fn run(&mut self, command: &mut Command) -> Result<()> {
        let start = Instant::now();
        let printed = succeed(command)?;
        self.ns.push(start.elapsed().as_nanos() as f64);
        let numbers = printed.trim().split_once(' ');
        let (open, resident) = numbers.with_context(|| format!("two numbers, not {printed:?}"))?;
        self.open_ns.push(open.parse()?);
        self.resident_kib.push(resident.parse()?);
        Ok(())
    }

    fn median(&self) -> Process {
        Process { ns: median(&self.ns), resident_kib: median(&self.resident_kib) }
    }
}

fn stripped(library: &Path, to: &Path, how: &str) -> Result<u64> {
    succeed(Command::new("strip").arg(how).arg("-o").arg(to).arg(library))?;
    Ok(fs::metadata(to)?.len())
}
