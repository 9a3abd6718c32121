//! What programs at system calls cost: nothing attached, two that do nothing (the floor), driftd for
//! its rules alone, and driftd that is asked for what happens to files.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::DriftdOptions;
use driftcore_e2e::Lab;
use serde_json::json;

use super::proc;
use super::report::median;

/// What is done in a loop: its name, how often a run does it, and how often it does a system call.
const LOOPS: [(&str, u32, f64); 3] =
    [("getppid", 400_000, 1.0), ("read", 20_000, 3.0), ("write", 20_000, 4.0)];
const PLACES: [&str; 2] = ["host", "container"];
const STATES: [&str; 4] = ["nothing", "floor", "rules", "files"];
/// In which order the states of one round come: no state is always the first.
const ORDERS: [[usize; 4]; 4] = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]];
/// How long one process writes as fast as it can, in seconds.
const FLOOD: u64 = 5;

/// What was measured: nanoseconds a turn by state, place and loop.
#[derive(Debug, Default)]
pub(super) struct Calls {
    turns: [[[Vec<f64>; 3]; 2]; 4],
    flood: Option<Flood>,
}

/// One process that makes, writes and removes a file over and over, with no budget.
#[derive(Debug)]
struct Flood {
    events: u64,
    lost: u64,
    cpu_ns: u64,
}

/// Where it is measured.
pub(super) struct Bench<'a> {
    pub(super) lab: &'a Lab,
    pub(super) container: &'a DockerContainer,
    pub(super) driftd: &'a DriftdOptions,
}

/// Measures `rounds` times, and shows how far it is.
pub(super) fn calls(bench: &Bench<'_>, rounds: u32) -> Result<Calls> {
    let floor = build_floor(bench.lab.path())?;
    let config = bench.lab.path().join("no-budget.toml");
    fs::write(&config, "[sensor]\nevents_per_second = 0\n")?;
    fs::write(bench.lab.path().join("loop"), "some content")?;
    bench.container.sh("printf 'some content' > /tmp/loop")?;
    let mut measured = Calls::default();
    for round in 0..rounds {
        for state in ORDERS[round as usize % ORDERS.len()] {
            let name = format!("calls-{round}-{state}");
            let directory = bench.lab.in_memory(&name)?;
            let running = Running::start(bench, STATES[state], &floor, &config, &directory)?;
            for (place, loops) in measured.turns[state].iter_mut().enumerate() {
                for (what, times) in loops.iter_mut().enumerate() {
                    times.push(bench.turn(PLACES[place], LOOPS[what])?);
                }
            }
            running.end()?;
        }
        println!("round {} of {rounds}", round + 1);
    }
    measured.flood = Some(bench.flood(&config)?);
    Ok(measured)
}

impl Bench<'_> {
    /// Nanoseconds for one turn of a loop.
    fn turn(&self, place: &str, (what, count, _): (&str, u32, f64)) -> Result<f64> {
        let count_text = count.to_string();
        let said = if place == "host" {
            let output = Command::new(self.lab.host_attack())
                .args(["calls", what, &count_text])
                .arg(self.lab.path().join("loop"))
                .output()?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout)?
        } else {
            self.container.exec(&["/opt/attack", "calls", what, &count_text, "/tmp/loop"])?
        };
        Ok(said.trim().parse::<f64>()? / f64::from(count))
    }

    fn flood(&self, config: &Path) -> Result<Flood> {
        let options = asked_for_files(self.driftd, config, Path::new("/dev/null"));
        let watch = Driftd::start(&options, &self.lab.in_memory("calls-flood")?)?;
        let before = proc::cpu_ns(watch.pid())?;
        let seconds = FLOOD.to_string();
        let flood = ["/opt/attack", "flood-files", &seconds, "/tmp/flood", "x"];
        let rounds: u64 = self.container.exec(&flood)?.trim().parse()?;
        settle(&watch)?;
        let cpu_ns = proc::cpu_ns(watch.pid())? - before;
        let ended = watch.end(rustix::process::Signal::TERM)?;
        let summary = ended.stderr.lines().last().unwrap_or_default().to_owned();
        let lost = summary.split("bulk_ring=").nth(1).map_or(Ok(0), |rest| {
            rest.split(|byte: char| !byte.is_ascii_digit()).next().unwrap_or_default().parse()
        })?;
        // Made, written, removed.
        Ok(Flood { events: 3 * rounds, lost, cpu_ns })
    }
}

/// Until it has worked off what is in its rings, however long that takes.
fn settle(driftd: &Driftd) -> Result<()> {
    let mut before = proc::cpu_ns(driftd.pid())?;
    for _ in 0..600 {
        std::thread::sleep(Duration::from_millis(100));
        let now = proc::cpu_ns(driftd.pid())?;
        if now - before < 2_000_000 {
            return Ok(());
        }
        before = now;
    }
    anyhow::bail!("driftd is still busy a minute after the last event")
}

fn asked_for_files(driftd: &DriftdOptions, config: &Path, events: &Path) -> DriftdOptions {
    let options = driftd.clone().argument("--config").argument(config);
    options.argument("--events-all").argument(events)
}

/// What is attached while a state is measured.
enum Running {
    Nothing,
    Floor(Child),
    Driftd(Driftd),
}

impl Running {
    fn start(
        bench: &Bench<'_>,
        state: &str,
        floor: &Path,
        config: &Path,
        directory: &Path,
    ) -> Result<Self> {
        Ok(match state {
            "floor" => {
                let mut child =
                    Command::new(floor).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
                let stdout = child.stdout.take().context("no stdout")?;
                let mut line = String::new();
                BufReader::new(stdout).read_line(&mut line)?;
                ensure!(line == "ready\n", "the empty programs could not be attached");
                Self::Floor(child)
            }
            "rules" => Self::Driftd(Driftd::start(bench.driftd, directory)?),
            "files" => {
                let options = asked_for_files(bench.driftd, config, Path::new("/dev/null"));
                Self::Driftd(Driftd::start(&options, directory)?)
            }
            _ => Self::Nothing,
        })
    }

    fn end(self) -> Result<()> {
        match self {
            Self::Nothing => {}
            Self::Floor(mut child) => {
                drop(child.stdin.take());
                child.wait()?;
            }
            Self::Driftd(driftd) => drop(driftd),
        }
        // What is detached is freed a little later.
        std::thread::sleep(Duration::from_millis(50));
        Ok(())
    }
}

fn build_floor(directory: &Path) -> Result<PathBuf> {
    let program = directory.join("floor");
    let source = driftcore_e2e::workspace_root().join("benches/c/floor.c");
    let built = Command::new("gcc").args(["-O2", "-o"]).arg(&program).arg(source).status()?;
    ensure!(built.success(), "gcc: {built}");
    Ok(program)
}

impl Calls {
    fn of(&self, state: usize, place: usize, what: usize) -> f64 {
        median(&self.turns[state][place][what])
    }

    fn least(&self, state: usize, place: usize, what: usize) -> f64 {
        self.turns[state][place][what].iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let mut all = serde_json::Map::new();
        for (state, name) in STATES.iter().enumerate() {
            for (place, at) in PLACES.iter().enumerate() {
                for (what, (call, ..)) in LOOPS.iter().enumerate() {
                    let value = json!({
                        "median_ns": self.of(state, place, what),
                        "least_ns": self.least(state, place, what),
                    });
                    all.insert(format!("{call} {at} {name}"), value);
                }
            }
        }
        let flood = self.flood.as_ref().map(|flood| {
            json!({ "events": flood.events, "lost": flood.lost, "cpu_ns": flood.cpu_ns,
                    "seconds": FLOOD })
        });
        json!({ "turns": all, "flood": flood })
    }
}

impl std::fmt::Display for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rounds = self.turns[0][0][0].len();
        writeln!(f, "ns a turn, median of {rounds} (least); own share: beside the floor")?;
        write!(f, "{:<24}", "loop")?;
        for state in STATES {
            write!(f, " {state:>17}")?;
        }
        writeln!(f, " {:>9} {:>9}", "rules", "files")?;
        for (what, (call, _, count)) in LOOPS.iter().enumerate() {
            for (place, at) in PLACES.iter().enumerate() {
                write!(f, "{:<24}", format!("{call} ({count:.0}), {at}"))?;
                for state in 0..STATES.len() {
                    let (of, least) = (self.of(state, place, what), self.least(state, place, what));
                    write!(f, " {:>17}", format!("{of:.0} ({least:.0})"))?;
                }
                let beside = |state, base| {
                    let share = self.of(state, place, what) / self.of(base, place, what) - 1.0;
                    format!("{:+.1} %", share * 100.0)
                };
                writeln!(f, " {:>9} {:>9}", beside(2, 0), beside(3, 1))?;
            }
        }
        writeln!(f, "(last columns: rules beside nothing attached, files beside the floor)")?;
        if let Some(Flood { events, lost, cpu_ns }) = &self.flood {
            let million = *cpu_ns as f64 / 1e9 / (*events).max(1) as f64 * 1e6;
            writeln!(
                f,
                "one process that writes as fast as it can: {} events a second, {lost} lost; \
                 driftd's CPU: {million:.1} s a million",
                events / FLOOD
            )?;
        }
        Ok(())
    }
}
