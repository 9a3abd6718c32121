//! The command itself.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::thread::ScopedJoinHandle;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use driftcore_e2e::workspace_root;

use super::console::Sections;
use super::disk;
use super::expect;
use super::kernel::SERIES;
use super::kernel::Series;
use super::modules::Modules;
use super::overhead::Overhead;
use super::qemu::Machine;
use super::table::Cell;
use super::table::Table;
use super::tool;

/// Longest time for one machine, in seconds, on a host that does other things too.
const TIMEOUT: u64 = 1800;

/// What to test, and how.
#[derive(Debug, clap::Args)]
#[group(id = "kernel_options")]
pub(crate) struct Arguments {
    /// Test this series only; may be given several times.
    #[arg(long = "kernel", value_name = "SERIES")]
    kernels: Vec<String>,
    /// Keep the output of machines that were right too.
    #[arg(long)]
    keep: bool,
    /// Use this driftd and do not build one.
    #[arg(long, value_name = "PATH", conflicts_with = "programs_only")]
    driftd: Option<PathBuf>,
    /// Run the test programs alone, without driftd: proves the machines, not the sensor.
    #[arg(long)]
    programs_only: bool,
    /// Count instructions instead: what each hook set adds to opening, reading and writing files.
    #[arg(long, conflicts_with = "programs_only")]
    overhead: bool,
    /// Longest time for one machine, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = TIMEOUT)]
    timeout: u64,
}

/// Machines that run beside each other: each waits much, for its disk and for what its tests give time to.
const AT_ONCE: usize = 2;

/// The kernels of the gate: the oldest one, and the first that shows what io_uring does.
const OF_THE_GATE: [&str; 2] = ["5.10", "6.1"];

/// Brings what the kernels of the gate need from elsewhere: the emulator and the kernels themselves.
///
/// # Errors
/// Where that cannot be had: then nothing is said of them, and that is no fault of what is tested.
pub(crate) fn fetch_two() -> Result<()> {
    tool::install_missing()?;
    let cache = target(&workspace_root()).join("kernels");
    for series in choose(&OF_THE_GATE.map(str::to_owned))? {
        series.fetch(&cache)?;
    }
    Ok(())
}

/// Tests two of the kernels, as [`run`] does.
///
/// # Errors
/// When it cannot test.
pub(crate) fn run_two() -> Result<bool> {
    run(&Arguments {
        kernels: OF_THE_GATE.map(str::to_owned).to_vec(),
        keep: false,
        driftd: None,
        programs_only: false,
        overhead: false,
        timeout: TIMEOUT,
    })
}

/// Tests the kernels and prints the table. False when something is wrong.
///
/// # Errors
/// When it cannot test: a tool, a package or the build is missing.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    let chosen = choose(&arguments.kernels)?;
    tool::install_missing()?;
    let workspace = workspace_root();
    let cache = target(&workspace).join("kernels");
    let sources = workspace.join("tests/vm");
    let driftd = match (&arguments.driftd, arguments.programs_only) {
        (_, true) => None,
        (Some(path), _) => Some(path.clone()),
        (None, false) => Some(build(&workspace)?),
    };
    let work = cache.join("machine");
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    let root = disk::root_disk(&work, &sources, driftd.as_deref())?;

    let machines = chosen
        .iter()
        .map(|series| Ok((*series, prepare(series, &cache, &sources, &root)?)))
        .collect::<Result<Vec<_>>>()?;
    let limit = Duration::from_secs(arguments.timeout);
    if arguments.overhead {
        return count(machines, limit).map(|()| true);
    }
    let mut table = Table::default();
    for pair in machines.chunks(AT_ONCE) {
        let runs = thread::scope(|scope| {
            let started: Vec<_> = pair
                .iter()
                .map(|(_, machine)| scope.spawn(move || timed(machine, limit)))
                .collect();
            started.into_iter().map(ScopedJoinHandle::join).collect::<Vec<_>>()
        });
        for ((series, machine), run) in pair.iter().zip(runs) {
            let (result, seconds) = run.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let (release, cells) = match &result {
                Ok(sections) => (release(sections), judge(sections, series, driftd.is_some())),
                Err(error) => {
                    (series.name, vec![("boot".to_owned(), Cell::Wrong(format!("{error:#}")))])
                }
            };
            let right = cells.iter().all(|(_, cell)| !matches!(cell, Cell::Wrong(_)));
            eprintln!("{}: {release}, {seconds} s", series.name);
            if !right || arguments.keep {
                eprintln!("{}: console: {}", series.name, machine.console.display());
                eprintln!("{}: results: {}", series.name, machine.results.display());
            } else {
                fs::remove_file(&machine.console)?;
                fs::remove_file(&machine.results)?;
            }
            table.column(series.name, cells);
        }
    }
    print!("{table}");
    Ok(table.is_right())
}

/// Runs a machine; what it says, and how many seconds it took.
fn timed(machine: &Machine, limit: Duration) -> (Result<Sections>, u64) {
    let start = Instant::now();
    let result = machine.run(limit);
    (result, start.elapsed().as_secs())
}

/// Counts instructions on one machine after the other, and prints what was counted.
fn count(machines: Vec<(&Series, Machine)>, limit: Duration) -> Result<()> {
    for (series, machine) in machines {
        let sections = Machine { counts: true, ..machine }
            .run(limit)
            .with_context(|| format!("{}: cannot count", series.name))?;
        let counted = Overhead::read(&sections, series.sets)?;
        println!("Linux {}\n\n{counted}", release(&sections));
    }
    Ok(())
}

fn choose(names: &[String]) -> Result<Vec<&'static Series>> {
    if names.is_empty() {
        return Ok(SERIES.iter().collect());
    }
    let find = |name: &String| {
        SERIES.iter().find(|series| series.name == name).with_context(|| {
            let known: Vec<&str> = SERIES.iter().map(|series| series.name).collect();
            format!("no kernel {name:?}; there are {}", known.join(", "))
        })
    };
    names.iter().map(find).collect()
}

fn prepare(series: &Series, cache: &Path, sources: &Path, root: &Path) -> Result<Machine> {
    let kernel = series.fetch(cache)?;
    let modules = Modules::open(&kernel.modules)?;
    let home = cache.join(series.name);
    let initramfs = home.join("initramfs.cpio");
    let archive = disk::initramfs(&modules, sources)
        .with_context(|| format!("{}: cannot make the initramfs", series.name))?;
    fs::write(&initramfs, archive)
        .with_context(|| format!("cannot write {}", initramfs.display()))?;
    Ok(Machine {
        kernel: kernel.image,
        initramfs,
        disk: root.to_owned(),
        sets: series.sets,
        counts: false,
        console: home.join("console.log"),
        results: home.join("results.txt"),
    })
}

fn release(sections: &Sections) -> &str {
    sections.value("facts", "release").unwrap_or("release unknown")
}

fn judge(sections: &Sections, series: &Series, with_driftd: bool) -> Vec<(String, Cell)> {
    // Otherwise the orders of start would not be what they say.
    let absent = match sections.value("facts", "overlay_loaded_at_boot") {
        Some("no") => Cell::Right,
        other => Cell::Wrong(format!("overlay was there at boot: {other:?}")),
    };
    let present = |name: &str, section: &str, key: &str| match sections.value(section, key) {
        Some("yes") => (name.to_owned(), Cell::Right),
        other => (name.to_owned(), Cell::Wrong(format!("{key} is {other:?}"))),
    };
    let mut cells = vec![
        present("kernel BTF", "facts", "btf"),
        ("overlay comes later".to_owned(), absent),
        present("overlay loads", "overlay", "overlay_loaded"),
    ];
    // Not all have it, and driftd must do without; said so that the table is read rightly.
    cells.push(match present("overlay BTF", "overlay", "overlay_btf") {
        (name, Cell::Right) => (name, Cell::Right),
        (name, _) => (name, Cell::Skipped("this kernel's overlay module has none".to_owned())),
    });
    cells.extend(if with_driftd {
        expect::judge(sections, series.sets)
    } else {
        expect::judge_programs(sections)
    });
    cells
}

fn target(workspace: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}

/// Builds what is shipped: the release profile.
fn build(workspace: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--package", "driftd"])
        .current_dir(workspace)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("driftd does not build");
    }
    Ok(target(workspace).join("release/driftd"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kernels_are_tested_unless_some_are_named() {
        assert_eq!(choose(&[]).unwrap().len(), SERIES.len());
        assert_eq!(choose(&OF_THE_GATE.map(str::to_owned)).unwrap().len(), 2);
        let chosen = choose(&["6.1".to_owned()]).unwrap();
        assert_eq!(chosen.iter().map(|series| series.name).collect::<Vec<_>>(), ["6.1"]);
        let error = choose(&["4.19".to_owned()]).err().unwrap().to_string();
        assert!(error.contains("5.10, 6.1, 6.12, 7.2"), "{error}");
    }
}
