//! `driftd baseline` on what real containers did.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore::event::Ruling;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use rustix::process::Pid;
use rustix::process::Signal;

use crate::Case;
use crate::world::Seen;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("a_workload_departs_from_what_was_learned_in_what_is_new", learned),
    ("drift_is_learned_only_where_it_is_accepted", accepted),
    ("exceptions_are_suggested_tried_and_expire", exceptions),
    ("a_stream_is_learned_until_a_signal", live),
    ("a_baseline_survives_its_writers_death", killed),
    ("faults_of_baselines_are_told_with_their_place", faults),
    ("what_a_baseline_expects_is_silent_while_it_runs", running),
    ("exceptions_hold_until_they_expire_while_it_runs", running_exceptions),
    ("an_entrypoint_has_grace_and_nobody_else", grace),
];

pub(crate) fn baseline(world: &World, arguments: &[&str]) -> Result<Output> {
    Ok(world.options.plain("baseline").args(arguments).output()?)
}

/// Standard output of one that ended with this status.
pub(crate) fn said(output: &Output, status: i32) -> Result<String> {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(status), "{}: {stdout}{stderr}", output.status);
    Ok(stdout)
}

pub(crate) fn new_directory(world: &World, what: &str) -> Result<PathBuf> {
    let directory = world.directory(what);
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// All that was seen of a container so far.
pub(crate) fn events_of(world: &World, container: &DockerContainer) -> Result<Vec<DriftEvent>> {
    // Records are handed on in the order of their times: what another container does later is the fence.
    world.fence(&world.start(&[])?)?;
    let is_its =
        |event: &DriftEvent| event.container.as_ref().is_some_and(|own| own.id == container.id);
    Ok(world.watch.events()?.into_iter().filter(is_its).collect())
}

pub(crate) fn write(events: &[DriftEvent], path: &Path) -> Result<()> {
    let mut text = Vec::new();
    for event in events {
        serde_json::to_writer(&mut text, event)?;
        text.push(b'\n');
    }
    Ok(fs::write(path, text)?)
}

fn record(world: &World, container: &DockerContainer, path: &Path) -> Result<()> {
    write(&events_of(world, container)?, path)
}

pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str().context("no text")
}

/// The departures that were told, without time and container.
fn departures(stdout: &str) -> Vec<&str> {
    let lines = stdout.lines().filter_map(|line| line.split_once(": "));
    lines.map(|(_, what)| what).collect()
}

const NORMAL: &str = "/opt/p1 x; mkdir -p /var/data/part /var/data/final
    for n in 1 2 3; do
        mkdir -p /var/data/spool/$n$n; echo x > /var/data/spool/$n$n/job
        echo x > /var/data/part/f; mv /var/data/part/f /var/data/final/f
    done
    /opt/net mark listen 0.0.0.0 7001 bind 0.0.0.0 7005 listen 127.0.0.1 7009";

fn learned(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = new_directory(world, "baseline")?;
    let [first, second, file] = ["1", "2", "b.yaml"].map(|name| directory.join(name));
    let container = world.start(&[])?;
    container.sh(NORMAL)?;
    record(world, &container, &first)?;
    let output = baseline(world, &["learn", "--from", text(&first)?, "-o", text(&file)?])?;
    let stdout = said(&output, 0)?;
    ensure!(stdout.starts_with("learned ") && !stdout.contains("refused"), "{stdout}");
    let document = fs::read_to_string(&file)?;
    for part in [
        &format!("  - image: {}\n", world.image.id),
        "      /opt/p1: [image]\n",
        "      /var/data/part: [write]\n",
        "      /var/data/spool/*: [write]\n",
        "    listen:\n      - 7001/tcp\n      - 7005/udp\n",
    ] {
        ensure!(document.contains(part), "{part} is not in\n{document}");
    }
    let check = |events: &Path, status| {
        let output = baseline(world, &["check", "--baseline", text(&file)?, text(events)?])?;
        said(&output, status)
    };
    ensure!(departures(&check(&first, 0)?).is_empty(), "what was learned");

    // The same again, and a directory that has another number each time.
    let twin = world.start(&[])?;
    twin.sh(NORMAL)?;
    twin.sh("mkdir -p /var/data/spool/4444; echo x > /var/data/spool/4444/job")?;
    record(world, &twin, &second)?;
    ensure!(departures(&check(&second, 0)?).is_empty(), "{}", check(&second, 1)?);

    // One thing of each kind more.
    let other = world.start(&[])?;
    other.sh(NORMAL)?;
    other.sh("/opt/p2 x; echo x > /etc/new; mv /var/data/final/f /etc/f
         cp /opt/payload /var/data/final/tool; printf x >> /var/data/final/tool
         chmod 4755 /var/data/final/tool; /var/data/final/tool y
         /opt/net mark listen 0.0.0.0 7002 bind 0.0.0.0 7001 listen 127.0.0.1 7012")?;
    record(world, &other, &second)?;
    let stdout = check(&second, 1)?;
    let mut got = departures(&stdout);
    // Of a shell built into busybox, what its commands run differs by version.
    got.retain(|what| !what.starts_with("ran /bin/"));
    // A verdict that takes a comparison comes later.
    got.sort_unstable();
    let expected = [
        "changed files in /etc (write)",
        "changed files in /etc (write), from /var/data/final",
        "changed files in /var/data/final (write, executable, setuid)",
        "ran /opt/p2 (image)",
        "ran /var/data/final/tool (added, digest not known)",
        "waited on port 7001/udp",
        "waited on port 7002/tcp",
    ];
    ensure!(got == expected, "{stdout}");

    // Merged with what the other one does, all of it is normal, but for the drifted program.
    let (third, merged) = (directory.join("3"), directory.join("m.yaml"));
    let output = baseline(world, &["learn", "--from", text(&second)?, "-o", text(&third)?])?;
    let stdout = said(&output, 0)?;
    ensure!(stdout.contains("ran /var/data/final/tool (added, digest not known)"), "{stdout}");
    let output = baseline(world, &["merge", text(&file)?, text(&third)?, "-o", text(&merged)?])?;
    said(&output, 0)?;
    let output = baseline(world, &["check", "--baseline", text(&merged)?, text(&second)?])?;
    let stdout = said(&output, 1)?;
    let got = departures(&stdout);
    ensure!(got == ["ran /var/data/final/tool (added, digest not known)"], "{stdout}");
    let shown = said(&baseline(world, &["show", text(&merged)?])?, 0)?;
    ensure!(shown.starts_with(&world.image.id) && shown.contains(" 4 listen,"), "{shown}");
    Ok(())
}

fn accepted(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = new_directory(world, "accepted")?;
    let [events, file] = ["events", "b.yaml"].map(|name| directory.join(name));
    let container = world.start(&["--label=app=tool"])?;
    // Equal in size to an image file, so its content is compared, and its digest is known.
    container.sh("cp /opt/p1 /opt/new; size=$(wc -c < /opt/new)
         printf Z | dd of=/opt/new bs=1 seek=$((size - 1)) conv=notrunc 2>/dev/null
         mv /opt/new /opt/p1; /opt/p1 x")?;
    record(world, &container, &events)?;
    let learn = |more: &[&str]| {
        let arguments = ["learn", "--from", text(&events)?, "-o", text(&file)?, "--format", "json"];
        let output = baseline(world, &[&arguments, more].concat())?;
        Ok::<_, anyhow::Error>(serde_json::from_str::<serde_json::Value>(&said(&output, 0)?)?)
    };
    let refused = learn(&["--select", "app=tool"])?;
    let what = refused["refusals"][0]["what"].as_str().context("nothing was refused")?;
    ensure!(what.starts_with("ran /opt/p1 (replaced, sha256:"), "{refused}");
    ensure!(refused["refusals"][0]["selector"] == "app=tool", "{refused}");
    ensure!(!fs::read_to_string(&file)?.contains("/opt/p1: "), "it was learned");
    let taken = learn(&["--select", "app=tool", "--accept"])?;
    ensure!(taken["refused"] == 0, "{taken}");
    let digest = what.split_once("sha256:").context("no digest")?.1.trim_end_matches(')');
    let document = fs::read_to_string(&file)?;
    ensure!(document.contains(&format!("      /opt/p1: [sha256:{digest}]\n")), "{document}");
    let output = baseline(world, &["check", "--baseline", text(&file)?, text(&events)?])?;
    said(&output, 0)?;
    // Of a label that nothing has, nothing is learned, and what was written stays.
    let arguments = ["learn", "--from", text(&events)?, "-o", text(&file)?, "--select", "app=x"];
    said(&baseline(world, &arguments)?, 2)?;
    ensure!(fs::read_to_string(&file)? == document, "it was overwritten");
    Ok(())
}

fn exceptions(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = new_directory(world, "exceptions")?;
    let [events, file] = ["events", "e.yaml"].map(|name| directory.join(name));
    let container = world.start(&[])?;
    container.sh("mkdir /opt/agent; for n in a b c; do
            cp /opt/payload /opt/agent/$n; printf x >> /opt/agent/$n; /opt/agent/$n x; done")?;
    // Only what ran: what was written would take the shell's exceptions.
    let mut all = events_of(world, &container)?;
    all.retain(|event| event.kind == Kind::Binary);
    write(&all, &events)?;
    let suggested = said(&baseline(world, &["suggest", "--from", text(&events)?])?, 0)?;
    ensure!(suggested.contains("# 1 exception(s) would have silenced 3 event(s)"), "{suggested}");
    ensure!(suggested.contains("    path: [/opt/agent/**]\n"), "{suggested}");
    ensure!(suggested.contains(&format!("    image: [{}]\n", world.image.id)), "{suggested}");
    let check = |status| {
        let output = baseline(world, &["check", "--exceptions", text(&file)?, text(&events)?])?;
        said(&output, status)
    };
    fs::write(&file, &suggested)?;
    let output = baseline(world, &["check", "--exceptions", text(&file)?, text(&events)?])?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2) && stderr.contains("say why"), "{stderr}");
    fs::write(&file, suggested.replace("reason: \"\"", "reason: \"the agent\""))?;
    let stdout = check(0)?;
    ensure!(
        stdout.contains("0 event(s) depart") && stdout.contains("excepted 3: the agent\n"),
        "{stdout}"
    );
    let expired = "reason: \"the agent\"\n    expires: 2020-01-01";
    fs::write(&file, suggested.replace("reason: \"\"", expired))?;
    let stdout = check(1)?;
    ensure!(stdout.contains("3 event(s) depart, 3 different"), "{stdout}");
    ensure!(
        stdout.contains(
            "excepted 0: the agent (expired 2020-01-02T00:00:00.000000000Z, and 3 since)"
        ),
        "{stdout}"
    );
    Ok(())
}

fn live(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = new_directory(world, "stream")?;
    let file = directory.join("b.yaml");
    let container = world.start(&[])?;
    container.sh("/opt/p1 x")?;
    let mut child = world
        .options
        .plain("baseline")
        .args(["learn", "--from", "-", "-o", text(&file)?])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stream = child.stdin.take().context("no pipe")?;
    // The signal must not come before there is somebody to catch it.
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let catches = || {
        let status = fs::read_to_string(&status).ok()?;
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        let caught = u64::from_str_radix(caught.trim(), 16).ok()?;
        (caught & 1 << (libc_sigint() - 1) != 0).then_some(())
    };
    driftcore_e2e::poll(Duration::from_secs(15), catches).context("it catches no signal")?;
    for event in events_of(world, &container)? {
        writeln!(stream, "{}", serde_json::to_string(&event)?)?;
    }
    let pid = Pid::from_raw(i32::try_from(child.id())?).context("no pid")?;
    rustix::process::kill_process(pid, Signal::INT)?;
    // The stream is open still.
    let output = child.wait_with_output()?;
    drop(stream);
    said(&output, 0)?;
    ensure!(fs::read_to_string(&file)?.contains("      /opt/p1: [image]\n"), "it is not there");
    Ok(())
}

fn libc_sigint() -> u32 {
    Signal::INT.as_raw().unsigned_abs()
}

/// A document with so many paths.
fn large(directory: &str) -> String {
    let digest = "ab".repeat(32);
    let mut text =
        format!("version: 1\nworkloads:\n  - image: sha256:{digest}\n    executables:\n");
    for number in 0..20_000 {
        text.push_str(&format!("      /{directory}/{number}: [image]\n"));
    }
    text
}

fn killed(world: &World) -> Result<()> {
    let directory = new_directory(world, "killed")?;
    let [one, other, target] = ["a", "b", "c"].map(|name| directory.join(name));
    fs::write(&one, large("a"))?;
    fs::write(&other, large("b"))?;
    let merge = |what: &Path| {
        let mut command = world.options.plain("baseline");
        command.arg("merge").arg(what).arg("-o").arg(&target);
        command
    };
    let mut whole = Vec::new();
    for what in [&one, &other] {
        said(&merge(what).output()?, 0)?;
        whole.push(fs::read(&target)?);
    }
    let mut changed = 0;
    for round in 0..40_u64 {
        let what = if round % 2 == 0 { &one } else { &other };
        let before = fs::read(&target)?;
        let mut child = merge(what).spawn()?;
        std::thread::sleep(Duration::from_millis(round * 3));
        child.kill()?;
        child.wait()?;
        let after = fs::read(&target)?;
        ensure!(whole.contains(&after), "round {round}: {} bytes are neither", after.len());
        changed += u32::from(before != after);
    }
    ensure!(changed < 40, "none was killed in time");
    said(&merge(&one).output()?, 0)?;
    ensure!(fs::read(&target)? == whole[0], "it cannot be written any more");
    Ok(())
}

fn faults(world: &World) -> Result<()> {
    let directory = new_directory(world, "faults")?;
    let [file, events] = ["b.yaml", "events"].map(|name| directory.join(name));
    fs::write(&events, "{\"version\": 1}\n")?;
    fs::write(&file, "version: 1\nworkloads:\n  - image: nginx\n")?;
    for (arguments, part) in [
        (&["show", text(&file)?][..], "b.yaml:3:12: `nginx` is no digest"),
        (&["check", "--baseline", text(&file)?, text(&events)?], "b.yaml:3:12: "),
        (&["show", "/nonexistent"], "cannot read /nonexistent"),
        (&["learn", "--from", text(&events)?, "-o", text(&file)?], "events, line 1: no DriftEvent"),
        (&["learn", "--from", text(&events)?, "-o", text(&file)?, "--for", "soon"], "such as 90s"),
        (
            &["learn", "--from", text(&events)?, "-o", text(&file)?, "--select", "app"],
            "LABEL=VALUE",
        ),
        (&["check", text(&events)?], "--baseline"),
    ] {
        let output = baseline(world, arguments)?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2), "{arguments:?}: {}", output.status);
        ensure!(stderr.contains(part), "{arguments:?}: {stderr}");
    }
    Ok(())
}

/// A `driftd` with that configuration.
pub(crate) fn watch(world: &World, directory: &Path, config: &str) -> Result<Driftd> {
    let path = directory.join("driftd.toml");
    fs::write(&path, config)?;
    let options = world.options.clone().argument("--config").argument(&path);
    Driftd::start(&options, &directory.join(world.mark("watch")))
}

/// The exec with this mark: whether it is drift, what was ruled, and the rules that fired.
pub(crate) fn exec(
    world: &World,
    watch: &Driftd,
    container: &DockerContainer,
    mark: &str,
) -> Result<String> {
    let event = Seen::by(watch, mark)?.event;
    // An alert is written behind its event: what is said of a later one is said of this one before.
    let fence = world.mark("fence");
    container.sh(&format!(
        "cp /opt/payload /tmp/{fence}; printf x >> /tmp/{fence}; /tmp/{fence} {fence}"
    ))?;
    let about = |alert: &serde_json::Value, mark: &str| {
        let words = alert["drift"]["process"]["cmdline"].as_array();
        alert["drift"]["action"] == "exec"
            && words.is_some_and(|words| words.iter().any(|it| it == mark))
    };
    watch.alert(|alert| about(alert, &fence))?;
    Seen::by(watch, &fence)?;
    let alerts = watch.alerts();
    let rules = alerts.iter().map(|(alert, _)| alert).filter(|alert| about(alert, mark));
    let rules: Vec<_> = rules.filter_map(|alert| alert["rule"].as_str()).collect();
    let ruling = event.ruling.map_or("none", |ruling| ruling.as_str());
    let tainted = if event.tainted { " tainted" } else { "" };
    Ok(format!("{} {ruling}{tainted} {}", event.drift, rules.join(", ")))
}

/// A filesystem in memory from which programs run.
const MEMORY: &str = "--tmpfs=/memory:exec";

/// A program of its own that the image did not bring.
const TOOL: &str =
    "mkdir -p /opt/agent; cp /opt/payload /opt/agent/tool; printf x >> /opt/agent/tool";

fn running(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = new_directory(world, "running")?;
    let [events, file, recorded] =
        ["events", "b.yaml", "recorded"].map(|name| directory.join(name));
    let label = world.mark("app");
    let labelled = format!("--label=app={label}");
    // Learned from a recording with digests.
    {
        fs::create_dir_all(&recorded)?;
        let watch = watch(world, &recorded, "[proof]\ndigests = true\n")?;
        let container = world.start(&[&labelled, MEMORY])?;
        let mark = world.mark("learned");
        container.sh(&format!(
            "{TOOL}; /opt/agent/tool {mark}; /opt/p1 x; /opt/net x listen 0.0.0.0 7001
             cp /opt/payload /memory/end; /memory/end {mark}-end"
        ))?;
        Seen::by(&watch, &format!("{mark}-end"))?;
        let seen = Seen::by(&watch, &mark)?.event;
        ensure!(seen.file.as_ref().is_some_and(|it| it.sha256.is_some()), "no digest: {seen:?}");
        write(&watch.events()?, &events)?;
    }
    let select = format!("app={label}");
    let arguments =
        ["learn", "--from", text(&events)?, "-o", text(&file)?, "--accept", "--select", &select];
    let stdout = said(&baseline(world, &arguments)?, 0)?;
    // What runs on a tmpfs has no digest.
    ensure!(stdout.contains("ran /memory/end (tmpfs, digest not known)"), "{stdout}");

    let config = format!("[baseline]\nfiles = [{file:?}]\n[[expected]]\nlisten = [\"7003\"]\n");
    let watch = watch(world, &directory, &config)?;
    let container = world.start(&[&labelled])?;
    let marks = ["same", "other", "child", "image", "outside"].map(|it| world.mark(it));
    let [same, other, child, image, outside] = &marks;
    container.sh(&format!(
        "{TOOL}; /opt/agent/tool {same}; sh -c '/opt/p1 {image}; true'
         /opt/p2 {outside}; echo x > /etc/x; echo x > /opt/agent/x
         /opt/net {child} listen 0.0.0.0 7001 listen 0.0.0.0 7002 listen 0.0.0.0 7003"
    ))?;
    // Its content is read after it ran, and must still be there.
    let got = exec(world, &watch, &container, same)?;
    ensure!(got == "false baseline ", "{same}: {got}");
    container.sh(&format!("printf y >> /opt/agent/tool; /opt/agent/tool {other}"))?;
    for (mark, expected) in [
        (image, "false none "),
        (other, "true departs New Binary Executed in Container"),
        (outside, "true departs Program outside the Baseline Executed in Container"),
    ] {
        let got = exec(world, &watch, &container, mark)?;
        ensure!(got == expected, "{mark}: {got}");
    }
    // Ports that the baseline knows are expected, whatever else is declared, and those that are declared are not,
    // where the baseline does not know them.
    let all = watch.events()?;
    let of_container =
        |event: &&DriftEvent| event.container.as_ref().is_some_and(|own| own.id == container.id);
    let sockets = all.iter().filter(of_container).filter(|event| event.network.is_some());
    let ports: Vec<_> = sockets
        .map(|event| {
            let port = event.network.as_ref().map(|it| it.local.to_string()).unwrap_or_default();
            (port, event.drift, event.ruling)
        })
        .collect();
    let departs = Some(Ruling::Departs);
    let expected = [
        ("0.0.0.0:7001", false, Some(Ruling::Baseline)),
        ("0.0.0.0:7002", true, departs),
        ("0.0.0.0:7003", true, departs),
    ];
    let expected = expected.map(|(port, drift, ruling)| (port.to_owned(), drift, ruling));
    ensure!(ports == expected, "{ports:?}");
    for (path, drift, ruling) in
        [("/etc/x", true, departs), ("/opt/agent/x", false, Some(Ruling::Baseline))]
    {
        let created = all.iter().filter(of_container).find(|event| {
            event.kind == Kind::File
                && event.file.as_ref().is_some_and(|it| it.path.as_bytes() == path.as_bytes())
        });
        let got = created.map(|event| (event.drift, event.ruling));
        ensure!(got == Some((drift, ruling)), "{path}: {got:?}");
    }

    // The twin that no baseline speaks of: everything is as it is without one.
    let twin = world.start(&[])?;
    let [plain, dropped] = ["plain", "dropped"].map(|it| world.mark(it));
    twin.sh(&format!("/opt/p2 {plain}; {TOOL}; /opt/agent/tool {dropped}"))?;
    for (mark, expected) in
        [(&plain, "false none "), (&dropped, "true none New Binary Executed in Container")]
    {
        let got = exec(world, &watch, &twin, mark)?;
        ensure!(got == expected, "{mark}: {got}");
    }
    Ok(())
}

fn running_exceptions(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = new_directory(world, "running-exceptions")?;
    let file = directory.join("e.yaml");
    let item = |expires: &str| {
        format!(
            "version: 1\nexceptions:\n  - reason: the agent\n    expires: {expires}\n    \
             path: /opt/agent/**\n"
        )
    };
    fs::write(&file, item("2200-01-01"))?;
    let watch = watch(world, &directory, &format!("[exceptions]\nfiles = [{file:?}]\n"))?;
    let container = world.start(&[])?;
    let marks = ["taken", "child", "elsewhere", "expired"].map(|it| world.mark(it));
    let [taken, child, elsewhere, expired] = &marks;
    container.sh(&format!(
        "{TOOL}; /opt/agent/tool {taken}; cp /opt/agent/tool /tmp/tool; /tmp/tool {elsewhere}
         cp /bin/busybox /opt/agent/sh; /opt/agent/sh -c 'sleep 0.3; /opt/p1 {child}; true'"
    ))?;
    for (mark, expected) in [
        (taken, "false exception "),
        (child, "false none "),
        (elsewhere, "true none New Binary Executed in Container"),
    ] {
        let got = exec(world, &watch, &container, mark)?;
        ensure!(got == expected, "{mark}: {got}");
    }
    // Bad ones leave what there is; ones that have expired take nothing.
    for (content, said) in [
        ("version: 1\nexceptions: 7\n".to_owned(), "stay as they are"),
        (item("2020-01-01"), "expired 2020-01-02T00:00:00.000000000Z: what it took is drift again"),
    ] {
        fs::write(&file, content)?;
        watch.signal(Signal::HUP)?;
        let heard = || watch.stderr().contains(said).then_some(());
        driftcore_e2e::poll(Duration::from_secs(15), heard).context(watch.stderr())?;
    }
    let reloaded = || watch.stderr().contains("were loaded again").then_some(());
    driftcore_e2e::poll(Duration::from_secs(15), reloaded).context("not loaded again")?;
    container.sh(&format!("/opt/agent/tool {expired}"))?;
    let got = exec(world, &watch, &container, expired)?;
    ensure!(got == "true none New Binary Executed in Container", "{got}");
    let ended = watch.end(Signal::TERM)?;
    for part in ["the exception \"the agent\" took ", "would have taken "] {
        ensure!(ended.stderr.contains(part), "{}", ended.stderr);
    }
    Ok(())
}

fn grace(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = new_directory(world, "grace")?;
    let label = world.mark("graced");
    let config = format!("[[grace]]\nlabel = \"app={label}\"\nseconds = 3600\n");
    let watch = watch(world, &directory, &config)?;
    let marks = ["own", "memory", "setuid", "outside"].map(|it| world.mark(it));
    let [own, tmpfs, setuid, outside] = &marks;
    let script = format!(
        "{TOOL}; /opt/agent/tool {own}; cp /opt/payload /memory/x; /memory/x {tmpfs}
         cp /opt/payload /opt/{setuid}; chmod 4755 /opt/{setuid}; while :; do sleep 3600; done"
    );
    let entrypoint = ["/bin/sh", "-c", &script];
    let labelled = format!("--label=app={label}");
    let container =
        world.lab.docker().start_with(&world.image, &[&labelled, MEMORY], &entrypoint)?;
    Seen::by(&watch, tmpfs)?;
    container.sh(&format!("cp /opt/agent/tool /tmp/tool; /tmp/tool {outside}"))?;
    for (mark, expected) in [
        (own, "false grace "),
        (tmpfs, "true none Binary on Tmpfs Executed in Container"),
        (outside, "true none New Binary Executed in Container"),
    ] {
        let got = exec(world, &watch, &container, mark)?;
        ensure!(got == expected, "{mark}: {got}");
    }
    let all = watch.events()?;
    let of = |path: &str, action: Action| {
        let is_it = |event: &&DriftEvent| {
            (event.kind, event.action) == (Kind::File, action)
                && event.container.as_ref().is_some_and(|own| own.id == container.id)
                && event.file.as_ref().is_some_and(|it| it.path.as_bytes() == path.as_bytes())
        };
        all.iter().find(is_it).map(|event| (event.drift, event.ruling))
    };
    let graced = Some((false, Some(Ruling::Grace)));
    ensure!(
        of("/opt/agent/tool", Action::Create) == graced,
        "{:?}",
        of("/opt/agent/tool", Action::Create)
    );
    let setuid = format!("/opt/{setuid}");
    // Tainted by what it ran on the tmpfs is its child, not the shell.
    ensure!(of(&setuid, Action::Create) == graced, "{:?}", of(&setuid, Action::Create));
    ensure!(
        of(&setuid, Action::Attributes) == Some((true, None)),
        "{:?}",
        of(&setuid, Action::Attributes)
    );
    ensure!(
        of("/tmp/tool", Action::Create) == Some((true, None)),
        "{:?}",
        of("/tmp/tool", Action::Create)
    );

    // The twin has no such label.
    let twin = world.mark("twin");
    let script = format!("{TOOL}; /opt/agent/tool {twin}; while :; do sleep 3600; done");
    let other = world.lab.docker().start_with(&world.image, &[], &["/bin/sh", "-c", &script])?;
    let got = exec(world, &watch, &other, &twin)?;
    ensure!(got == "true none New Binary Executed in Container", "{got}");
    Ok(())
}
