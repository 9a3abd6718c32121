//! What the command line promises.

use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Evidence;
use driftcore::event::Verdict;
use driftcore_e2e::Driftd;
use rustix::process::Signal;

use crate::Case;
use crate::code::drop_at;
use crate::code::flip;
use crate::world::Seen;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("sigterm_ends_with_status_0_and_a_summary", summary),
    ("unknown_option_ends_with_status_2_and_says_so", unknown_option),
    ("events_file_that_cannot_be_written_ends_with_status_2", bad_file),
    ("container_option_leaves_others_out", one_container),
    ("doctor_finds_a_hook_set_that_proves_itself", doctor),
    ("containers_lists_what_runs", containers),
];

fn summary(world: &World) -> Result<()> {
    let _turn = world.alone();
    let container = world.start(&[])?;
    container.sh(&format!("{}; {}", drop_at("/tmp/x"), flip("/opt/p1")))?;
    let driftd = Driftd::start(&world.options, &world.directory("summary"))?;
    let mark = world.mark("summary");
    container.sh(&format!(
        "/tmp/x {mark}-1; /tmp/x {mark}-2; /opt/p1 {mark}-3; /opt/p2 {mark}-4; true"
    ))?;
    for number in 1..4 {
        Seen::by(&driftd, &format!("{mark}-{number}"))?;
    }
    Seen::by(&driftd, &format!("{mark}-4"))?.silent(Verdict::Image, Evidence::Kernel)?;
    let ended = driftd.end(Signal::TERM)?;
    ensure!(ended.status.code() == Some(0), "ended with {}", ended.status);
    let drift: Vec<_> = ended.all.iter().filter(|event| event.drift).cloned().collect();
    ensure!(drift == ended.drift, "{} of drift, {} reported", drift.len(), ended.drift.len());
    ensure!(
        ended.alerts.len() == drift.len(),
        "{} alerts of {} events of drift",
        ended.alerts.len(),
        drift.len()
    );
    // The counts are in the summary, after everything else on standard error.
    let after_ready = ended.stderr.rsplit("ready").next().unwrap_or_default();
    let before = ended.all.iter().filter(|event| event.before_start).count();
    for count in [
        format!("{} execs", ended.all.len() - before),
        format!("{before} running"),
        format!("{} drift", drift.len()),
        format!("{} alerts", ended.alerts.len()),
    ] {
        ensure!(after_ready.contains(&count), "no {count:?} in the summary:\n{after_ready}");
    }
    Ok(())
}

/// Runs `driftd run` with `arguments`, which it must refuse; returns what it says.
fn refused(world: &World, arguments: &[&str]) -> Result<String> {
    let driftd = world.options.command("run");
    // One that does not refuse would run for ever.
    let output = Command::new("timeout")
        .arg("20")
        .arg(driftd.get_program())
        .args(driftd.get_args())
        .args(arguments)
        .output()?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(2), "ended with {}: {stderr}", output.status);
    ensure!(output.stdout.is_empty(), "something on stdout");
    ensure!(!stderr.contains("panicked"), "{stderr}");
    Ok(stderr)
}

fn unknown_option(world: &World) -> Result<()> {
    let _turn = world.shared();
    let said = refused(world, &["--no-such-option"])?;
    ensure!(said.contains("--no-such-option"), "says {said}");
    Ok(())
}

fn bad_file(world: &World) -> Result<()> {
    let _turn = world.shared();
    let said = refused(world, &["--events", "/no/such/directory/events.jsonl"])?;
    ensure!(said.contains("/no/such/directory/events.jsonl"), "says {said}");
    Ok(())
}

fn one_container(world: &World) -> Result<()> {
    let _turn = world.shared();
    let (watched, other) = (world.start(&[])?, world.start(&[])?);
    let directory = world.directory("one-container");
    let options = world.options.clone().argument("--container").argument(&watched.name);
    let driftd = Driftd::start(&options, &directory)?;
    let (left_out, fence) = (world.mark("left-out"), world.mark("fence"));
    other.sh(&format!("{}; /tmp/x {left_out}; true", drop_at("/tmp/x")))?;
    watched.sh(&format!("{}; /tmp/x {fence}; true", drop_at("/tmp/x")))?;
    Seen::by(&driftd, &fence)?.drift(Verdict::Added, Evidence::Kernel)?;
    let ended = driftd.end(Signal::TERM)?;
    for event in &ended.all {
        let id = event.container.as_ref().map(|container| container.id.as_str());
        ensure!(
            event.process.is_none() || id == Some(watched.id.as_str()),
            "an event of {id:?}: {event:?}"
        );
    }
    Ok(())
}

fn doctor(world: &World) -> Result<()> {
    let _turn = world.shared();
    let mut driftd = world.options.plain("doctor");
    let output = driftd.args(["--format", "json"]).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(0), "ended with {}: {said}", output.status);
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("the report is no JSON")?;
    let sets = report["hooks"].as_array().context("no hook sets")?;
    let names: Vec<_> = sets.iter().map(|set| &set["set"]).collect();
    ensure!(names == ["lsm", "fentry", "tracepoint"], "the report is {report}");
    let best = sets.iter().find(|set| set["proved"] == true).context("none has proved itself")?;
    ensure!(report["hook_set"] == best["set"], "the report is {report}");
    // Each of the others says why it cannot be had.
    let reasons = |set: &serde_json::Value| set["blind"].as_array().map_or(0, Vec::len);
    ensure!(sets.iter().all(|set| (set["proved"] == true) == (reasons(set) == 0)), "{report}");

    // This one cannot be had everywhere: it is named either way, and nothing stands in for it.
    let mut driftd = world.options.plain("doctor");
    let output = driftd.args(["--format", "json", "--hooks", "lsm"]).output()?;
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("the report is no JSON")?;
    let hooks = &report["hooks"][0];
    ensure!(hooks["set"] == "lsm", "the report is {report}");
    let proved = hooks["proved"] == true;
    ensure!(report["hook_set"] == if proved { "lsm".into() } else { serde_json::Value::Null });
    ensure!(output.status.code() == Some(if proved { 0 } else { 2 }));
    if !proved {
        let mut driftd = world.options.plain("run");
        let output = driftd.args(["--hooks", "lsm"]).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2), "ended with {}: {said}", output.status);
        ensure!(said.contains("the hook set lsm cannot be used here: "), "{said}");
        ensure!(!said.contains("ready"), "{said}");
    }
    Ok(())
}

fn containers(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mut driftd = world.options.command("containers");
    let output = driftd.args(["--format", "json"]).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(0), "ended with {}: {said}", output.status);
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("the report is no JSON")?;
    let text = report.to_string();
    for fact in [&container.id, &container.name, &world.image.reference] {
        ensure!(text.contains(fact.as_str()), "no {fact} in {text}");
    }
    Ok(())
}
