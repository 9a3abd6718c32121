//! `driftd run`, and what it says.

use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::MutexGuard;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use driftcore::event::DriftEvent;
use driftcore::event::Timestamp;
use rustix::process::Pid;
use rustix::process::Signal;

use super::Containerd;
use super::Docker;
use super::command::command;
use super::command::poll;
use super::journal::Journal;

/// How long an event may take. Far more than it ever should: a busy machine is not a failure.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the start, with the self-test, may take.
const STARTUP: Duration = Duration::from_secs(60);

/// What a `driftd` is to look at.
#[derive(Clone, Debug)]
pub struct DriftdOptions {
    binary: PathBuf,
    runtimes: Vec<(&'static str, PathBuf)>,
    arguments: Vec<OsString>,
    events: bool,
}

impl DriftdOptions {
    /// The program at `binary`, looking at this machine's runtimes.
    pub fn new(binary: &Path) -> Self {
        Self {
            binary: binary.to_owned(),
            runtimes: Vec::new(),
            arguments: Vec::new(),
            events: true,
        }
    }

    /// Looks at a Docker that is not at its usual place.
    pub fn docker(mut self, docker: &Docker) -> Self {
        self.runtimes.push(("--docker-root", docker.root().to_owned()));
        self
    }

    /// Looks at a containerd that is not at its usual place.
    pub fn containerd(mut self, containerd: &Containerd) -> Self {
        self.runtimes.push(("--containerd-state", containerd.state().to_owned()));
        self.runtimes.push(("--containerd-root", containerd.root().to_owned()));
        self
    }

    /// Writes alerts only, no event files.
    pub fn alerts_only(mut self) -> Self {
        self.events = false;
        self
    }

    /// One more argument of `driftd run`.
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// `driftd SUBCOMMAND` with no options; a subcommand may be of several words.
    pub fn plain(&self, subcommand: &str) -> Command {
        let mut driftd = command(&self.binary);
        driftd.args(subcommand.split(' '));
        driftd
    }

    /// `driftd SUBCOMMAND` with the options that name the runtimes.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut driftd = self.plain(subcommand);
        for (option, path) in &self.runtimes {
            driftd.arg(option).arg(path);
        }
        driftd
    }
}

/// A line that should be an event.
type Line = std::result::Result<DriftEvent, String>;

/// An alert, and when its line was read.
#[derive(Clone, Debug)]
struct Alert {
    arrived: Timestamp,
    json: std::result::Result<serde_json::Value, String>,
}

/// A running `driftd`. Dropping it ends it.
#[derive(Debug)]
pub struct Driftd {
    child: Child,
    directory: PathBuf,
    all: Option<Journal<Line>>,
    drift: Option<Journal<Line>>,
    alerts: Journal<Alert>,
}

/// How a `driftd` ended, and all that it wrote.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// Everything on its standard error.
    pub stderr: String,
    /// Every event it saw (`--events-all`).
    pub all: Vec<DriftEvent>,
    /// Every event of drift (`--events`).
    pub drift: Vec<DriftEvent>,
    /// Every alert.
    pub alerts: Vec<serde_json::Value>,
}

impl Driftd {
    /// Starts `driftd run` with its files in the new directory `directory`, and waits until it
    /// says that it is ready. Its own temporary files go below it too.
    ///
    /// # Errors
    /// When it ends or is not ready in time; the message quotes its log.
    pub fn start(options: &DriftdOptions, directory: &Path) -> Result<Self> {
        let mut driftd = Self::spawn(options, directory)?;
        let ready = poll(STARTUP, || {
            let ended = driftd.child.try_wait().ok().flatten();
            let ready = driftd.stderr().lines().any(|line| line.contains("ready"));
            (ready || ended.is_some()).then_some(ready)
        });
        if ready != Some(true) {
            bail!("driftd did not become ready; it says:\n{}", driftd.stderr());
        }
        Ok(driftd)
    }

    /// Starts it and does not wait.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(options: &DriftdOptions, directory: &Path) -> Result<Self> {
        let temporary = directory.join("tmp");
        fs::create_dir_all(&temporary)?;
        let mut command = options.command("run");
        let mut files = Vec::new();
        command.args(&options.arguments).args(["--output", "json"]).env("TMPDIR", &temporary);
        if options.events {
            for (option, name) in [("--events-all", "all.jsonl"), ("--events", "drift.jsonl")] {
                let path = directory.join(name);
                File::create(&path)?;
                command.arg(option).arg(&path);
                files.push(path);
            }
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(File::create(directory.join("stderr"))?)
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let stdout = child.stdout.take().context("driftd has no stdout")?;
        let mut journals = files.iter().map(|path| Journal::of_file(path, parse));
        let all = journals.next().transpose()?;
        let drift = journals.next().transpose()?;
        drop(journals);
        let alerts = Journal::of_stream(stdout, |line| Alert {
            arrived: Timestamp::now(),
            json: serde_json::from_slice(line)
                .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(line))),
        })?;
        Ok(Self { child, directory: directory.to_owned(), all, drift, alerts })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote on standard error so far.
    pub fn stderr(&self) -> String {
        let bytes = fs::read(self.directory.join("stderr")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The directory for its temporary files.
    pub fn temporary(&self) -> PathBuf {
        self.directory.join("tmp")
    }

    /// The first event that `wanted` accepts; waits for it.
    ///
    /// # Errors
    /// When it does not come in time.
    pub fn event(&self, wanted: impl Fn(&DriftEvent) -> bool) -> Result<DriftEvent> {
        let found = self.journal()?.wait(PATIENCE, |line| match line {
            Ok(event) if wanted(event) => Some(event.clone()),
            _ => None,
        });
        found.with_context(|| {
            let count = self.events().map_or(0, |events| events.len());
            format!("no such event within {} s, among {count} events", PATIENCE.as_secs())
        })
    }

    /// Waits until at least `count` events are there that `wanted` accepts, or none came for a
    /// while; returns those that are there.
    ///
    /// # Errors
    /// When events are not written.
    pub fn events_where(
        &self,
        count: usize,
        wanted: impl Fn(&DriftEvent) -> bool,
    ) -> Result<Vec<DriftEvent>> {
        let journal = self.journal()?;
        let found = || journal.entries().iter().flatten().filter(|event| wanted(event)).count();
        let mut have = found();
        while have < count {
            let grown = poll(PATIENCE, || Some(found()).filter(|&now| now > have));
            match grown {
                Some(now) => have = now,
                None => break,
            }
        }
        Ok(journal.entries().iter().flatten().filter(|event| wanted(event)).cloned().collect())
    }

    /// Every event that is there now.
    ///
    /// # Errors
    /// When a line is no event.
    pub fn events(&self) -> Result<Vec<DriftEvent>> {
        collect(&self.journal()?.entries())
    }

    /// Every event of drift that is there now.
    ///
    /// # Errors
    /// When a line is no event.
    pub fn drift_events(&self) -> Result<Vec<DriftEvent>> {
        collect(&self.drift.as_ref().context("started without event files")?.entries())
    }

    /// The first alert for whose event `wanted` returns something, and when it arrived; waits.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn alert(
        &self,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> Result<(serde_json::Value, Timestamp)> {
        self.alerts
            .wait(PATIENCE, |alert| match &alert.json {
                Ok(json) if wanted(json) => Some((json.clone(), alert.arrived)),
                _ => None,
            })
            .context("no such alert came")
    }

    /// The alerts that are there now, each with its arrival.
    pub fn alerts(&self) -> Vec<(serde_json::Value, Timestamp)> {
        let alerts = self.alerts.entries();
        alerts
            .iter()
            .filter_map(|alert| Some((alert.json.as_ref().ok()?.clone(), alert.arrived)))
            .collect()
    }

    /// Sends a signal and waits for the end.
    ///
    /// # Errors
    /// When it does not end in time, or a line that it wrote does not parse.
    pub fn end(mut self, signal: Signal) -> Result<Ended> {
        self.signal(signal)?;
        let status = poll(PATIENCE, || self.child.try_wait().ok().flatten())
            .with_context(|| format!("driftd does not end on {signal:?}"))?;
        for journal in [&mut self.all, &mut self.drift].into_iter().flatten() {
            journal.close();
        }
        self.alerts.close();
        let read = |journal: &Option<Journal<Line>>| match journal {
            Some(journal) => collect(&journal.entries()),
            None => Ok(Vec::new()),
        };
        let alerts = self.alerts.entries().iter().map(|alert| alert.json.clone()).collect();
        let alerts: std::result::Result<_, String> = alerts;
        Ok(Ended {
            status,
            stderr: self.stderr(),
            all: read(&self.all)?,
            drift: read(&self.drift)?,
            alerts: alerts.map_err(anyhow::Error::msg)?,
        })
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        Ok(rustix::process::kill_process(pid.context("driftd has no pid")?, signal)?)
    }

    fn journal(&self) -> Result<&Journal<Line>> {
        self.all.as_ref().context("started without event files")
    }
}

impl Drop for Driftd {
    fn drop(&mut self) {
        let running = matches!(self.child.try_wait(), Ok(None));
        if running && self.signal(Signal::TERM).is_ok() {
            let ended = poll(Duration::from_secs(5), || self.child.try_wait().ok().flatten());
            if ended.is_none() {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
        for journal in [&mut self.all, &mut self.drift].into_iter().flatten() {
            journal.close();
        }
    }
}

fn parse(line: &[u8]) -> Line {
    serde_json::from_slice(line)
        .map_err(|error| format!("no event: {error}: {}", String::from_utf8_lossy(line)))
}

fn collect(lines: &MutexGuard<'_, Vec<Line>>) -> Result<Vec<DriftEvent>> {
    lines.iter().map(|line| line.clone().map_err(anyhow::Error::msg)).collect()
}
