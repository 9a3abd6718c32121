//! What embedders are told of containers when they ask: configurations, and whether images were approved.

use std::fs;
use std::process::Command;
use std::process::Output;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::DockerContainer;
use rustix::process::Signal;
use serde_json::Value;

use crate::LiveCase;
use crate::configuration::pod_of;
use crate::live::Watch;
use crate::live::World;
use crate::stage::Mode;

pub(crate) const CASES: &[LiveCase] = &[
    ("a_configuration_is_looked_at_when_it_is_asked_for", configuration),
    ("images_that_run_are_verified_when_it_is_asked_for", verified),
    ("events_of_configurations_have_their_item", events),
];

/// The program of `tests/capi` that asks.
pub(crate) struct Look {
    program: std::path::PathBuf,
    docker: String,
}

impl Look {
    pub(crate) fn new(world: &World) -> Result<Self> {
        let directory = world.stage.directory("look")?;
        let program = world.stage.compile("look", Mode::Plain, &directory)?;
        let docker = world.runtimes()?.lab.docker().root().display().to_string();
        Ok(Self { program, docker })
    }

    fn command(&self, world: &World, what: &str, arguments: &[&str]) -> Command {
        let mut command = world.stage.command(&self.program);
        command.arg(what).arg(&self.docker).args(arguments);
        command
    }

    pub(crate) fn ask(&self, world: &World, what: &str, arguments: &[&str]) -> Result<Output> {
        Ok(self.command(world, what, arguments).output()?)
    }

    /// Lines, and the JSON of the last one.
    fn told(&self, world: &World, what: &str, arguments: &[&str]) -> Result<(Vec<String>, Value)> {
        let output = self.ask(world, what, arguments)?;
        ensure!(output.status.success(), "{what} {arguments:?}: {output:?}");
        let text = String::from_utf8(output.stdout)?;
        let mut lines: Vec<String> = text.lines().map(|it| it.trim().to_owned()).collect();
        let last = lines.pop().context("nothing is said")?;
        Ok((lines, serde_json::from_str(&last)?))
    }
}

/// A container whose first process has another environment than was declared.
fn injected(world: &World) -> Result<DockerContainer> {
    let runtimes = world.runtimes()?;
    let script = "export LD_AUDIT=/x LATER=; exec /bin/sleep 1000";
    let docker = runtimes.lab.docker();
    docker.start_with(&runtimes.image, &["--user=1000"], &["/bin/sh", "-c", script])
}

fn configuration(world: &World) -> Result<()> {
    let look = Look::new(world)?;
    let runtimes = world.runtimes()?;
    let twin = runtimes.lab.docker().start(&runtimes.image, &["--user=1000"])?;
    let container = injected(world)?;
    let nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let told = driftcore_e2e::poll(std::time::Duration::from_secs(30), || {
        // The shell becomes the sleep that has it.
        look.told(world, "config", &[&container.name]).ok().filter(|(lines, _)| !lines.is_empty())
    });
    let (lines, json) = told.context("nothing differs")?;
    ensure!(
        lines == ["1 2 LD_AUDIT - /x".to_owned(), format!("1 0 LATER - {nothing}")]
            || lines == [format!("1 0 LATER - {nothing}"), "1 2 LD_AUDIT - /x".to_owned()],
        "{lines:#?}"
    );
    ensure!(json["differences"] == 2 && json["container"]["id"] == container.id, "{json}");
    ensure!(json["problems"] == Value::Array(vec![]), "{json}");
    let items = json["items"].as_array().context("no items")?;
    ensure!(items.len() > 20, "only {} items", items.len());

    let (lines, json) = look.told(world, "config", &[&twin.id])?;
    ensure!(lines.is_empty() && json["differences"] == 0, "{lines:#?}");

    // With pods that declare another user, and that do not have it.
    let pods = world.stage.fresh("pods.json").display().to_string();
    fs::write(&pods, pod_of(&twin.id, 7).to_string())?;
    let (lines, json) = look.told(world, "config", &[&twin.id, &pods])?;
    // It says nothing of what is started, and what is, is not the image's.
    let [user, arguments] = &lines[..] else { anyhow::bail!("{lines:#?}") };
    ensure!(user == "8 0 pod:runAsUser 7 1000" && json["differences"] == 2, "{lines:#?}");
    ensure!(arguments.starts_with("8 0 image:Args sha256:"), "{lines:#?}");
    let (lines, _) = look.told(world, "config", &[&container.id, &pods])?;
    let is_said = |line: &String| {
        line.starts_with("problem ") && line.ends_with("no pod there has this container")
    };
    ensure!(lines.iter().any(is_said), "{lines:#?}");
    fs::write(&pods, "{\"spec\": 5}")?;
    for (arguments, status, part) in [
        ([twin.id.as_str(), pods.as_str()].as_slice(), "1: ", "pods.json:1:"),
        (&[&twin.id, "/nonexistent"], "6: ", "/nonexistent"),
        (&["no-such-container"], "6: ", "no-such-container"),
    ] {
        let output = look.ask(world, "config", arguments)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success() && said.starts_with(status), "{arguments:?}: {said}");
        ensure!(said.contains(part) && output.stdout.is_empty(), "{arguments:?}: {said}");
    }
    Ok(())
}

fn verified(world: &World) -> Result<()> {
    let look = Look::new(world)?;
    let runtimes = world.runtimes()?;
    let container = runtimes.lab.docker().start(&runtimes.image, &[])?;
    let approved = world.stage.fresh("approved").display().to_string();
    let line = |lines: &[String]| {
        let of = format!(" {} ", container.name);
        lines.iter().find(|line| line.contains(&of)).cloned().context("not told of")
    };
    // Docker gives the digest of the configuration, which is that of this image.
    let id = container.inspect("{{.Image}}")?;
    let reference = runtimes.image.reference.as_str();
    let (repository, _) = reference.rsplit_once(':').context("no tag")?;
    fs::write(&approved, format!("{repository}@{id}\n"))?;
    let (lines, _) = look.told(world, "verify", &[&approved])?;
    let found = line(&lines)?;
    ensure!(found.starts_with(&format!("1 0 {} {id} ", container.name)), "{found}");
    let (lines, summary) = look.told(world, "verify", &[&approved, "deep"])?;
    let found = line(&lines)?;
    ensure!(found.starts_with(&format!("1 2 {} {id} ", container.name)), "{found}");
    ensure!(found.contains("\"deep\":{") && found.contains("\"layers\":\"proved\""), "{found}");
    ensure!(
        summary["approved"].as_u64() > Some(0) && summary["proved"].as_u64() > Some(0),
        "{summary}"
    );
    for (text, answer) in [
        (format!("{repository}@sha256:{}\n", "0".repeat(64)), "5 0 "),
        (reference.to_owned(), "3 0 "),
        (format!("{repository}:other\n"), "2 0 "),
        ("nobody/else:1\n".to_owned(), "4 0 "),
    ] {
        fs::write(&approved, &text)?;
        let found = line(&look.told(world, "verify", &[&approved])?.0)?;
        ensure!(found.starts_with(answer), "{text}: {found}");
    }
    fs::write(&approved, "nginx@sha256:1\n")?;
    let output = look.ask(world, "verify", &[&approved])?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(said.starts_with("3: ") && said.contains("approved:1: "), "{said}");
    Ok(())
}

fn events(world: &World) -> Result<()> {
    let look = Look::new(world)?;
    let container = injected(world)?;
    let command = look.command(world, "events", &[&container.id]);
    let watch = Watch::start(&world.stage, command, "ready")?;
    // An environment is no drift that ends while its process is there.
    watch.line(|line| line == "23 2 0 0 1 LD_AUDIT - /x")?;
    // Another host name, and what it was.
    let name = container.sh("cat /proc/sys/kernel/hostname")?.trim().to_owned();
    let pid = container.pid()?.to_string();
    let rename = |name: &str| -> Result<()> {
        let arguments = ["--target", &pid, "--uts", "hostname", name];
        let output = Command::new("nsenter").args(arguments).output()?;
        ensure!(output.status.success(), "{output:?}");
        Ok(())
    };
    rename("other")?;
    let begun = watch.line(|line| line.starts_with("28 ") && line.ends_with(" other"))?;
    ensure!(begun.split(' ').nth(3) == Some("0"), "{begun}");
    rename(&name)?;
    let ended =
        watch.line(|line| line.starts_with("28 ") && line.split(' ').nth(3) == Some("1"))?;
    ensure!(ended.split(' ').nth(5) == begun.split(' ').nth(5), "{ended} after {begun}");
    watch.end(Signal::TERM)?;
    Ok(())
}
