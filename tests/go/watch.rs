//! Drift that `driftwatch` must print, and what it must not.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use crate::Case;
use crate::watching::World;

pub(crate) const CASES: &[Case<World>] = &[
    ("driftwatch_prints_a_dropped_binary", dropped),
    ("driftwatch_prints_a_modified_binary", modified),
    ("driftwatch_prints_a_memfd", memfd),
    ("driftwatch_is_silent_on_chmod_of_an_image_file", chmod),
    ("driftwatch_prints_text_of_one_container_and_ends_on_sigint", text),
    ("driftwatch_ends_on_sigterm", terminated),
    ("driftwatch_refuses_bad_rules", refused),
    ("a_container_of_docker_is_looked_at", looked_at),
];

/// A file that the image did not bring, as shell words.
fn drop_at(path: &str) -> String {
    format!("cp /opt/payload {path}; printf dropped >> {path}")
}

/// Runs a script in a container of its own, which executes something marked; the event has exactly
/// this verdict.
fn judged(
    world: &World,
    what: &str,
    script: impl Fn(&str) -> String,
    drift: bool,
    (verdict, evidence): (&str, &str),
) -> Result<(Value, String)> {
    let container = world.start()?;
    let mark = world.mark(what);
    container.sh(&script(&mark))?;
    let event = world.watch.event(&mark)?;
    for (key, expected) in [
        ("/version", json!(1)),
        ("/kind", json!("binary")),
        ("/action", json!("exec")),
        ("/drift", json!(drift)),
        ("/provenance/verdict", json!(verdict)),
        ("/provenance/evidence", json!(evidence)),
        ("/container/id", json!(container.id)),
        ("/container/name", json!(container.name)),
        ("/container/runtime", json!("docker")),
        ("/container/image", json!(world.image.reference)),
        ("/process/ancestors/0/exe", json!("/bin/busybox")),
    ] {
        let got = event.pointer(key).unwrap_or(&Value::Null);
        ensure!(*got == expected, "{key} is {got}, expected {expected}: {event}");
    }
    Ok((event, mark))
}

/// The alert about an event that is drift holds that event, and says what its rule says.
fn alerted(world: &World, (event, mark): &(Value, String), rule: &str) -> Result<()> {
    let alert = world.watch.alert(mark)?;
    ensure!(alert["drift"] == *event, "the alert {alert} is not about the event {event}");
    ensure!(alert["rule"] == rule, "the rule of {alert}, expected {rule}");
    ensure!(alert["priority"] == "Critical", "the priority of {alert}");
    ensure!(world.watch.alerts(mark)? == 1, "more than one alert for {mark}");
    Ok(())
}

fn path(event: &Value) -> &str {
    event["file"]["path"].as_str().unwrap_or_default()
}

fn dropped(world: &World) -> Result<()> {
    let script = |mark: &str| format!("{}; /tmp/x {mark}; true", drop_at("/tmp/x"));
    let seen = judged(world, "dropped", script, true, ("added", "kernel"))?;
    ensure!(path(&seen.0) == "/tmp/x", "path {}", path(&seen.0));
    alerted(world, &seen, "New Binary Executed in Container")
}

fn modified(world: &World) -> Result<()> {
    let script = |mark: &str| {
        let flip = "printf X | dd of=/opt/p1 bs=1 seek=15 conv=notrunc 2>/dev/null";
        format!("set -e; {flip}; /opt/p1 {mark}; true")
    };
    let seen = judged(world, "modified", script, true, ("modified", "content"))?;
    ensure!(path(&seen.0) == "/opt/p1", "path {}", path(&seen.0));
    alerted(world, &seen, "Modified Image Binary Executed in Container")
}

fn memfd(world: &World) -> Result<()> {
    let script = |mark: &str| format!("/opt/attack memfd secret /opt/payload ghost {mark}; true");
    let seen = judged(world, "memfd", script, true, ("memfd", "kernel"))?;
    ensure!(path(&seen.0).contains("memfd:secret"), "path {}", path(&seen.0));
    alerted(world, &seen, "Memory File Executed in Container")
}

fn chmod(world: &World) -> Result<()> {
    let script = |mark: &str| format!("set -e; chmod 700 /opt/p1; /opt/p1 {mark}; true");
    let (event, mark) = judged(world, "chmod", script, false, ("copied_up", "content"))?;
    ensure!(path(&event) == "/opt/p1" && event["file"]["mode"] == "0700", "file {event}");
    // An alert comes with its event; what follows has come after both.
    dropped(world)?;
    ensure!(world.watch.alerts(&mark)? == 0, "an alert for an image file");
    Ok(())
}

/// What embedders ask of a container: its configuration, and whether its image was approved.
fn looked_at(world: &World) -> Result<()> {
    let docker = world.lab.docker();
    // The shell becomes the process that has the variable.
    let script = "export LD_AUDIT=/x; exec /bin/sleep 1000";
    let entrypoint = ["/bin/sh", "-c", script];
    let secret = "velvet-otter-4711-gravel";
    let options = ["--user=1000", &format!("--env=API_KEY={secret}")];
    let container = docker.start_with(&world.image, &options, &entrypoint)?;
    let (repository, _) = world.image.reference.rsplit_once(':').context("no tag")?;
    let image = format!("{repository}@{}", container.inspect("{{.Image}}")?);
    let pid = container.pid()?;
    let name = std::path::PathBuf::from(format!("/proc/{pid}/comm"));
    let is_there = || std::fs::read_to_string(&name).ok().filter(|it| it.trim() == "sleep");
    driftcore_e2e::poll(std::time::Duration::from_secs(30), is_there).context("no sleep")?;
    world.module.lab(&[
        ("DRIFTCORE_LAB_CONTAINER", &container.name),
        ("DRIFTCORE_LAB_DOCKER", &docker.root().display().to_string()),
        ("DRIFTCORE_LAB_IMAGE", &image),
        ("DRIFTCORE_LAB_SECRET", secret),
    ])
}

fn text(world: &World) -> Result<()> {
    let (ours, other) = (world.start()?, world.start()?);
    let mut watch = world.watch(&["-container", &ours.name])?;
    let run =
        |mark: &str| format!("{}; /tmp/x {mark}; /opt/payload {mark}; true", drop_at("/tmp/x"));
    let (mark, hidden) = (world.mark("text"), world.mark("hidden"));
    other.sh(&run(&hidden))?;
    ours.sh(&run(&mark))?;
    // What was seen before the signal is printed before the end.
    let status = watch.end(Signal::INT)?;
    ensure!(status.success(), "it ended with {status}:\n{}", watch.stderr());
    let printed = watch.stdout();
    let about: Vec<&str> = printed.lines().filter(|line| line.contains(&mark)).collect();
    ensure!(!printed.contains(&hidden), "it looked at another container:\n{printed}");
    let [event, alert] = about[..] else {
        anyhow::bail!("not an event and an alert, and nothing of the image file:\n{printed}");
    };
    for part in [
        ": binary exec added (",
        " file=\"/tmp/x\" ",
        &format!(" args=[\"/tmp/x\" \"{mark}\"] "),
        &format!(" container=\"{}\" image=\"{}\"", ours.name, world.image.reference),
    ] {
        ensure!(event.contains(part), "{part} is not in {event}");
    }
    ensure!(alert.contains(": Critical Code that the image did not bring"), "alert {alert}");
    let summary = watch.stderr();
    ensure!(summary.trim_end().ends_with("1 drift, 1 alerts, 0 lost"), "summary {summary}");
    Ok(())
}

fn terminated(world: &World) -> Result<()> {
    let mut watch = world.watch(&["-container", "no-such-container"])?;
    let status = watch.end(Signal::TERM)?;
    ensure!(status.success(), "it ended with {status}:\n{}", watch.stderr());
    ensure!(watch.stdout().is_empty(), "it printed {}", watch.stdout());
    Ok(())
}

fn refused(world: &World) -> Result<()> {
    let Err(error) = world.watch(&["-rules", "/no/such/rules.yaml"]) else {
        anyhow::bail!("rules were loaded that are not there");
    };
    let said = format!("{error:#}");
    ensure!(said.contains("/no/such/rules.yaml"), "it says {said}");
    Ok(())
}
