//! Engines in C programs, and real drift in real containers.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Image;
use driftcore_e2e::Lab;
use driftcore_e2e::poll;
use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;

use crate::LiveCase;
use crate::null;
use crate::programs::make_examples;
use crate::programs::passed;
use crate::stage::Mode;
use crate::stage::Stage;

pub(crate) const CASES: &[LiveCase] = &[
    ("engine_plain", |world| engine(world, Mode::Plain, &["1000"])),
    ("engine_asan", |world| engine(world, Mode::Sanitized, &["200"])),
    ("engine_valgrind", |world| engine(world, Mode::MemcheckOfEngines, &UNDER_VALGRIND)),
    ("example_watch_catches_real_drift", watch),
    ("example_scan_tells_what_a_container_changed", scan),
];

/// valgrind 3.19 does not know openat2(2), so that files cannot be found in containers, and is too
/// slow for a container that never rests: what it can judge is how engines begin and end.
const UNDER_VALGRIND: [&str; 3] =
    ["destroyed_in_a_callback", "stopped_by_a_signal_handler", "null_everywhere"];

/// How long an event may take: a busy machine is not a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// The library, and containers when they are needed first.
pub(crate) struct World {
    pub(crate) stage: Stage,
    runtimes: Mutex<Option<Arc<Runtimes>>>,
}

pub(crate) struct Runtimes {
    pub(crate) image: Image,
    pub(crate) lab: Lab,
}

impl World {
    pub(crate) fn new(stage: Stage) -> Self {
        Self { stage, runtimes: Mutex::new(None) }
    }

    pub(crate) fn runtimes(&self) -> Result<Arc<Runtimes>> {
        let mut runtimes = self.runtimes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtimes) = &*runtimes {
            return Ok(Arc::clone(runtimes));
        }
        let lab = Lab::start()?;
        let image = lab.build_image(2)?;
        lab.docker().load(&image)?;
        Ok(Arc::clone(runtimes.insert(Arc::new(Runtimes { image, lab }))))
    }
}

/// Runs `engine.c` beside a container in which drift happens all the time.
fn engine(world: &World, mode: Mode, arguments: &[&str]) -> Result<()> {
    let directory = world.stage.directory("engine")?;
    fs::write(directory.join("null_engine.h"), null::engine(&world.stage.header()?)?)?;
    let program = world.stage.compile("engine", mode, &directory)?;
    let runtimes = world.runtimes()?;
    let storm = "cp /opt/payload /tmp/x; printf x >> /tmp/x; while :; do /tmp/x; sleep 0.02; done";
    let docker = runtimes.lab.docker();
    let _storm = docker.start_with(&runtimes.image, &[], &["/bin/sh", "-c", storm])?;
    passed(&world.stage.run(&program, mode, arguments)?)
}

/// An example, at work. Dropping it ends it.
pub(crate) struct Watch {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Watch {
    /// Starts it, and waits until it says on stderr that it is ready.
    pub(crate) fn start(stage: &Stage, mut command: Command, ready: &str) -> Result<Self> {
        let (out, err) = (stage.fresh("out"), stage.fresh("err"));
        let child = command.stdout(File::create(&out)?).stderr(File::create(&err)?).spawn()?;
        let mut watch = Self { child, out, err };
        let is_ready = poll(PATIENCE, || {
            let ended = watch.child.try_wait().ok().flatten().is_some();
            (ended || watch.stderr().contains(ready)).then_some(!ended)
        });
        if is_ready != Some(true) {
            bail!("{command:?} is not ready: {}", watch.stderr());
        }
        Ok(watch)
    }

    /// The C example, for one container.
    pub(crate) fn c(
        world: &World,
        program: &Path,
        container: &DockerContainer,
        options: &[&str],
    ) -> Result<Self> {
        let docker = world.runtimes()?.lab.docker().root().display().to_string();
        let mut command = world.stage.command(program);
        command.args(options).arg("-o").arg(format!("runtimes.docker={docker}"));
        command.arg("-o").arg(format!("scope.container={}", container.id));
        Self::start(&world.stage, command, "ready")
    }

    fn stderr(&self) -> String {
        fs::read_to_string(&self.err).unwrap_or_default()
    }

    /// Complete lines.
    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.out).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(str::to_owned).collect()
    }

    /// The first line that is wanted; waits for it.
    pub(crate) fn line(&self, wanted: impl Fn(&str) -> bool) -> Result<String> {
        poll(PATIENCE, || self.lines().into_iter().find(|line| wanted(line)))
            .with_context(|| format!("no such line among {:#?}", self.lines()))
    }

    /// The event, or the event of the alert, of an exec with this among its arguments.
    fn json(&self, mark: &str, alert: bool) -> Result<Value> {
        let of = |line: &str| {
            let json: Value = serde_json::from_str(line).ok()?;
            let event = if alert { json.get("drift")?.clone() } else { json.clone() };
            let arguments = event["process"]["cmdline"].as_array()?;
            let is_it = arguments.iter().take(3).any(|it| it == mark);
            (is_it && json.get("rule").is_some() == alert).then_some(json)
        };
        let line = self.line(|line| of(line).is_some())?;
        of(&line).context("the line changed")
    }

    /// Ends it with a signal; it says goodbye and its status is 0.
    pub(crate) fn end(mut self, signal: Signal) -> Result<(Vec<String>, String)> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        rustix::process::kill_process(pid.context("no process id")?, signal)?;
        let status = poll(PATIENCE, || self.child.try_wait().ok().flatten())
            .with_context(|| format!("watch does not end on {signal:?}"))?;
        ensure!(status.success(), "watch ended with {status}: {}", self.stderr());
        Ok((self.lines(), self.stderr()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Runs a script in a container; the mark is the argument by which its exec is found.
pub(crate) fn act(container: &DockerContainer, script: &str, mark: &str) -> Result<()> {
    container.sh(&format!("set -e; {}; true", script.replace("MARK", mark)))?;
    Ok(())
}

fn watch(world: &World) -> Result<()> {
    let program = make_examples(&world.stage, "gcc")?.join("watch");
    let runtimes = world.runtimes()?;
    let container = runtimes.lab.docker().start(&runtimes.image, &[])?;
    // One that writes everything as JSON, one that writes drift for people.
    let json = Watch::c(world, &program, &container, &["-a", "-j", "-i", "1"])?;
    let text = Watch::c(world, &program, &container, &[])?;

    let drift = [
        ("w-dropped", "cp /opt/payload /tmp/x; printf x >> /tmp/x; /tmp/x MARK", "added", "kernel"),
        (
            "w-modified",
            "printf X | dd of=/opt/p1 bs=1 seek=15 conv=notrunc 2>/dev/null; /opt/p1 MARK",
            "modified",
            "content",
        ),
        ("w-memfd", "/opt/attack memfd secret /opt/payload ghost MARK", "memfd", "kernel"),
    ];
    for (mark, script, verdict, evidence) in drift {
        act(&container, script, mark)?;
        let event = json.json(mark, false)?;
        let got =
            (&event["drift"], &event["provenance"]["verdict"], &event["provenance"]["evidence"]);
        ensure!(
            got == (&true.into(), &verdict.into(), &evidence.into()),
            "{mark}: {got:?}, expected drift, {verdict}, {evidence}"
        );
        ensure!(event["container"]["id"] == container.id.as_str(), "{event}");
        ensure!(event["container"]["name"] == container.name.as_str(), "{event}");
        let alert = json.json(mark, true)?;
        ensure!(alert["drift"]["provenance"]["verdict"] == verdict, "{alert}");
    }
    act(&container, "chmod 700 /opt/p2; /opt/p2 MARK", "w-chmod")?;
    let event = json.json("w-chmod", false)?;
    ensure!(event["drift"] == false, "{event}");
    ensure!(event["provenance"]["verdict"] == "copied_up", "{event}");

    let line = text.line(|line| line.starts_with("drift added /tmp/x in "))?;
    ensure!(line.starts_with(&format!("drift added /tmp/x in {} by ", container.name)), "{line}");
    // Behind the chmod there is something that both must report: what comes before it was judged.
    act(
        &container,
        "cp /opt/payload /tmp/fence; printf y >> /tmp/fence; /tmp/fence MARK",
        "w-end",
    )?;
    text.line(|line| line.starts_with("drift added /tmp/fence"))?;
    json.json("w-end", true)?;

    let (lines, stderr) = json.end(Signal::INT)?;
    ensure!(
        !lines.iter().any(|it| it.contains("w-chmod") && it.contains("\"rule\":")),
        "an alert about the chmod: {lines:#?}"
    );
    ensure!(stderr.contains(" 0 lost"), "{stderr}");
    let (lines, _) = text.end(Signal::TERM)?;
    ensure!(!lines.iter().any(|line| line.contains("/opt/p2")), "{lines:#?}");
    for verdict in ["drift modified /opt/p1 ", "drift memfd "] {
        ensure!(lines.iter().any(|line| line.starts_with(verdict)), "{verdict}: {lines:#?}");
    }
    Ok(())
}

/// What the example says of a container, line by line without digests, and the status that it ends
/// with.
fn scanned(
    world: &World,
    program: &Path,
    container: &DockerContainer,
) -> Result<(Option<i32>, Vec<String>)> {
    let docker = world.runtimes()?.lab.docker().root().display().to_string();
    let mut command = world.stage.command(program);
    command.arg("-o").arg(format!("runtimes.docker={docker}")).arg(&container.name);
    let output = command.output()?;
    let (said, why) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    ensure!(why.contains(" 0 problems"), "{why}");
    let told = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let drift = said.lines().filter(|line| !line.ends_with("(noise)")).map(told);
    Ok((output.status.code(), drift.filter(|line| !line.starts_with("copied_up ")).collect()))
}

fn scan(world: &World) -> Result<()> {
    let program = make_examples(&world.stage, "gcc")?.join("scan");
    let runtimes = world.runtimes()?;
    let container = runtimes.lab.docker().start(&runtimes.image, &[])?;
    // What is copied up as it is in the image is no drift.
    container.sh("touch /opt/p6")?;
    let unchanged = scanned(world, &program, &container)?;
    ensure!(unchanged == (Some(0), Vec::new()), "{unchanged:?}");

    container.sh(
        "set -e; printf x >> /opt/p1; rm /opt/p2; chmod 4755 /opt/p4; cp /opt/payload /opt/new",
    )?;
    let (status, mut told) = scanned(world, &program, &container)?;
    told.sort();
    let expected = ["added /opt/new", "attributes /opt/p4", "deleted /opt/p2", "modified /opt/p1"];
    ensure!(status == Some(1) && told == expected, "{status:?}: {told:?}");
    Ok(())
}
