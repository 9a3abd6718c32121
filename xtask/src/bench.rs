//! What `driftd` costs: exec with and without it, its own CPU time and memory, and how long an
//! alert takes. And what it costs to embed the library ([`embed()`]).

mod calls;
mod config;
mod embed;
mod pods;
mod proc;
mod report;
mod scan;

use std::path::Path;
use std::process::Command;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use clap::Args;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::DriftdOptions;
use driftcore_e2e::Lab;
use driftcore_e2e::driftd_binary;
use driftcore_e2e::privileges;

use crate::packages;

use self::calls::Bench;
pub(crate) use self::config::Config;
pub(crate) use self::config::config;
pub(crate) use self::embed::embed;
pub(crate) use self::pods::Pods;
pub(crate) use self::pods::pods;
use self::report::Report;
pub(crate) use self::scan::Scan;
pub(crate) use self::scan::scan;

/// Options of the measurement.
#[derive(Debug, Args)]
pub(crate) struct Overhead {
    /// Pairs of runs without and with driftd; the median of their ratios counts.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(9..))]
    pairs: u32,
    /// Execs in one run.
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u32).range(100..))]
    execs: u32,
    /// Execs of a dropped file whose alerts are timed.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..))]
    alerts: u32,
    /// Rounds over what programs at system calls cost.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Leave execs and alerts out: system calls alone.
    #[arg(long)]
    calls_only: bool,
}

/// Measures, prints a table and writes `target/bench/overhead.json`.
pub(crate) fn overhead(options: &Overhead) -> Result<ExitCode> {
    packages::install()?;
    let missing = privileges::missing();
    if !missing.is_empty() {
        bail!("the measurement needs real containers and BPF; missing: {}", missing.join("; "));
    }
    let binary = driftd_binary()?;
    let lab = Lab::start()?;
    let image = lab.build_image(3)?;
    lab.docker().load(&image)?;
    let container = lab.docker().start(&image, &[])?;
    let driftd =
        DriftdOptions::new(&binary).docker(lab.docker()).containerd(lab.containerd()).alerts_only();

    let bench = Bench { lab: &lab, container: &container, driftd: &driftd };
    let calls = calls::calls(&bench, options.rounds)?;
    print!("{}\n{calls}", machine("overhead"));
    if options.calls_only {
        return Ok(ExitCode::SUCCESS);
    }
    let mut report = Report::new(options.execs);
    report.calls(calls.json());
    // Once over unmeasured, for caches of every kind.
    host(&lab, options.execs)?;
    inside(&container, options.execs)?;
    for pair in 0..options.pairs {
        // Which of the two comes first alternates: a drift of the machine's speed cancels.
        let mut without = None;
        if pair % 2 == 0 {
            without = Some(measure(&lab, &container, options.execs)?);
        }
        let directory = lab.path().join(format!("bench-{pair}"));
        let watch = Driftd::start(&driftd, &directory)?;
        let idle = proc::cpu_ns(watch.pid())?;
        let on_host = host(&lab, options.execs)?;
        let after_host = proc::cpu_ns(watch.pid())?;
        let in_container = inside(&container, options.execs)?;
        settle(&watch)?;
        let after_container = proc::cpu_ns(watch.pid())?;
        report.memory(&proc::memory(watch.pid())?);
        report.own_cpu(after_host - idle, after_container - after_host);
        drop(watch);
        let without = match without {
            Some(without) => without,
            None => measure(&lab, &container, options.execs)?,
        };
        report.pair(without, (on_host, in_container));
        println!("pair {} of {}", pair + 1, options.pairs);
    }
    let watch = Driftd::start(&driftd, &lab.path().join("bench-latency"))?;
    latencies(&watch, &container, options.alerts, &mut report)?;
    report.memory(&proc::memory(watch.pid())?);
    drop(watch);

    print!("{report}");
    let path = driftcore_e2e::workspace_root().join("target/bench/overhead.json");
    report.write(&path)?;
    println!("written to {}", path.display());
    Ok(ExitCode::SUCCESS)
}

/// What it is measured on, and how.
fn machine(task: &str) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("", |it| it.trim_start_matches([' ', '\t', ':']));
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{processors} x {model}, Linux {}; cargo xtask bench {task}", kernel.trim())
}

/// Nanoseconds for `execs` execs on the host and in the container.
fn measure(lab: &Lab, container: &DockerContainer, execs: u32) -> Result<(u64, u64)> {
    Ok((host(lab, execs)?, inside(container, execs)?))
}

fn host(lab: &Lab, execs: u32) -> Result<u64> {
    let output = Command::new(lab.host_attack())
        .args(["loop", &execs.to_string()])
        .arg(lab.host_payload())
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

fn inside(container: &DockerContainer, execs: u32) -> Result<u64> {
    let arguments = ["/opt/attack", "loop", &execs.to_string(), "/opt/payload"];
    Ok(container.exec(&arguments)?.parse()?)
}

/// Waits until driftd has worked off what is in its rings: its CPU time stands still.
fn settle(driftd: &Driftd) -> Result<()> {
    let mut before = proc::cpu_ns(driftd.pid())?;
    for _ in 0..50 {
        std::thread::sleep(std::time::Duration::from_millis(40));
        let now = proc::cpu_ns(driftd.pid())?;
        if now - before < 100_000 {
            return Ok(());
        }
        before = now;
    }
    bail!("driftd is still busy two seconds after the last exec")
}

/// Times from just before an exec to the arrival of its alert.
fn latencies(
    driftd: &Driftd,
    container: &DockerContainer,
    count: u32,
    report: &mut Report,
) -> Result<()> {
    let mark = "stamped-exec";
    let dropped = Path::new("/tmp/dropped").display().to_string();
    container.sh(&format!("cp /opt/payload {dropped}; printf x >> {dropped}"))?;
    container.exec(&["/opt/attack", "stamped", &count.to_string(), "2000", &dropped, mark])?;
    settle(driftd)?;
    for (alert, arrived) in driftd.alerts() {
        let arguments = &alert["drift"]["process"]["cmdline"];
        if arguments[1] == mark && arguments[0] == dropped.as_str() {
            let stamp: i64 = arguments[2].as_str().context("no stamp")?.parse()?;
            report.latency(arrived.as_nanos() - stamp);
        }
    }
    let seen = report.latency_count();
    ensure!(seen == count as usize, "{seen} alerts of {count} execs");
    Ok(())
}
