//! `driftd posture` on real containers of Docker and containerd, and what it suggests for them, tried.

use std::fs;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::DockerContainer;
use serde_json::Value;

use crate::Case;
use crate::baseline::events_of;
use crate::baseline::write;
use crate::schema::check_posture;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("posture_names_each_control_that_a_docker_container_fails", docker),
    ("posture_of_containerd_says_what_it_cannot_tell", containerd),
    ("posture_suggests_what_then_works", suggestion),
    ("posture_of_pods_is_told_the_worst_first", pods),
    ("posture_suggests_by_recorded_events_what_no_layer_shows_any_more", recorded),
];

/// A report, and the exit status.
fn posture(world: &World, arguments: &[&str]) -> Result<(Value, Option<i32>)> {
    let mut command = world.options.command("posture");
    let output = command.args(arguments).args(["--format", "json"]).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).context(stderr)?;
    check_posture(&report)?;
    Ok((report, output.status.code()))
}

/// The level of the one container of a report, and what it fails, as `level control`, sorted. AppArmor is left
/// out: whether it is there is the machine's business.
fn failures(report: &Value) -> Result<(String, Vec<String>)> {
    let container = &report["pods"][0]["containers"][0];
    let level = container["level"].as_str().context("no level")?.to_owned();
    let failures = container["failures"].as_array().context("no failures")?;
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or("?").to_owned();
    let mut list: Vec<_> = failures
        .iter()
        .filter(|it| it["control"] != "AppArmor")
        .map(|it| format!("{} {}", text(it, "level"), text(it, "control")))
        .collect();
    list.sort();
    Ok((level, list))
}

fn measure(report: &Value, kind: &str) -> Result<bool> {
    let measures = report["pods"][0]["containers"][0]["measures"].as_array();
    let one = measures.context("no measures")?.iter().find(|it| it["kind"] == kind);
    one.context("no such measure")?["holds"].as_bool().context("not told")
}

fn docker(world: &World) -> Result<()> {
    let _turn = world.shared();
    let plain = world.start(&[])?;
    let (report, status) = posture(world, &[&plain.name, "--fail-on", "restricted"])?;
    let (level, found) = failures(&report)?;
    let expected = [
        "restricted Capabilities",
        "restricted Privilege Escalation",
        "restricted Running as Non-root",
        "restricted Running as Non-root user",
    ];
    ensure!(level == "baseline" && found == expected, "{report}");
    ensure!(status == Some(1) && report["pods"][0]["source"] == "runtime", "{status:?} {report}");
    ensure!(!measure(&report, "readOnlyRootFilesystem")?, "{report}");
    let (_, status) = posture(world, &[&plain.name, "--fail-on", "baseline"])?;
    ensure!(status == Some(0), "{status:?}");

    let hard = world.start(&[
        "--read-only",
        "--cap-drop=ALL",
        "--cap-add=NET_BIND_SERVICE",
        "--security-opt=no-new-privileges",
        "--user=1000:1000",
    ])?;
    let (report, status) = posture(world, &[&hard.name, "--fail-on", "restricted"])?;
    let (level, found) = failures(&report)?;
    ensure!(level == "restricted" && found.is_empty() && status == Some(0), "{status:?} {report}");
    for kind in
        ["readOnlyRootFilesystem", "capabilities", "allowPrivilegeEscalation", "runAsNonRoot"]
    {
        ensure!(measure(&report, kind)?, "{kind}: {report}");
    }

    let directory = world.directory("posture");
    fs::create_dir(&directory)?;
    let host = world.start(&[
        "--privileged",
        "--pid=host",
        "--sysctl=kernel.msgmax=8192",
        "--user=1000",
        &driftcore_e2e::bind(&directory, "/host"),
    ])?;
    let (report, status) = posture(world, &[&host.name, "--fail-on", "baseline"])?;
    let (level, found) = failures(&report)?;
    let expected = [
        "baseline /proc Mount Type",
        "baseline Capabilities",
        "baseline Host Namespaces",
        "baseline HostPath Volumes",
        "baseline Privileged Containers",
        "baseline Seccomp",
        "baseline Sysctls",
        "restricted Capabilities",
        "restricted Privilege Escalation",
    ];
    ensure!(level == "privileged" && found == expected && status == Some(1), "{status:?} {report}");

    // All that run, by name.
    let (report, _) = posture(world, &[])?;
    let all = report["pods"].as_array().context("no list")?;
    for name in [&plain.name, &hard.name, &host.name] {
        ensure!(
            all.iter().any(|it| it["containers"][0]["name"] == name.as_str()),
            "{name}: {report}"
        );
    }
    let output = world.options.command("posture").arg("no-such-container").output()?;
    ensure!(output.status.code() == Some(2), "{output:?}");
    Ok(())
}

fn containerd(world: &World) -> Result<()> {
    let _turn = world.shared();
    world.import_into_containerd()?;
    let id = world.mark("posture");
    world.lab.containerd().start(&world.image, &id, ":")?;
    let told = posture(world, &[&id]);
    world.lab.containerd().remove(&id);
    let (report, _) = told?;
    let (_, found) = failures(&report)?;
    let expected = [
        "restricted Capabilities",
        "restricted Running as Non-root",
        "restricted Running as Non-root user",
        "restricted Seccomp",
    ];
    ensure!(found == expected, "{report}");
    let cannot_tell = report["pods"][0]["containers"][0]["cannot_tell"].to_string();
    ensure!(cannot_tell.contains("Host Ports") && cannot_tell.contains("Seccomp"), "{cannot_tell}");
    Ok(())
}

/// A container that writes to two directories which its image does not have.
const WRITES: &str = "mkdir -p /srv/state/deep && echo 1 > /srv/state/deep/a && echo 2 > /srv/b && \
                      mkdir -p /spool && echo 3 > /spool/c && cat /srv/state/deep/a /srv/b /spool/c";

fn wait(container: &DockerContainer, path: &str) -> Result<()> {
    for _ in 0..600 {
        if container
            .exec_command()
            .args(["/bin/sh", "-c", &format!("[ -e {path} ]")])
            .status()?
            .success()
        {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    anyhow::bail!("{path} did not appear")
}

fn suggestion(world: &World) -> Result<()> {
    let _turn = world.shared();
    let docker = world.lab.docker();
    let script = format!("{WRITES}; exec /bin/sleep 100000");
    let container = docker.start_with(&world.image, &[], &["/bin/sh", "-c", &script])?;
    wait(&container, "/spool/c")?;
    let (report, _) = posture(world, &[&container.name])?;
    let suggestion = &report["suggestion"];
    let paths: Vec<_> = suggestion["directories"]
        .as_array()
        .context("no directories")?
        .iter()
        .filter_map(|it| it["path"].as_str())
        .collect();
    ensure!(paths == ["/spool", "/srv"], "{suggestion}");
    ensure!(suggestion["directories"][0]["hides"] == 0, "{suggestion}");
    let options: Vec<String> = serde_json::from_value(suggestion["docker"].clone())?;
    let wanted = ["--read-only", "--tmpfs", "/spool", "--tmpfs", "/srv", "--cap-drop", "ALL"];
    ensure!(options.starts_with(&wanted.map(str::to_owned)), "{options:?}");

    let run = |options: &[String]| {
        let mut command = docker.command();
        command.args(["run", "--rm", "--network=none"]).args(options).arg(&world.image.reference);
        command.args(["/bin/sh", "-c", WRITES]).output()
    };
    let tried = run(&options)?;
    ensure!(tried.status.success() && tried.stdout == b"1\n2\n3\n", "{options:?}: {tried:?}");
    // Each of the mounts is needed.
    for left_out in ["/spool", "/srv"] {
        let at = options.iter().position(|it| it == left_out).context("not there")?;
        let mut fewer = options.clone();
        fewer.drain(at - 1..=at);
        let tried = run(&fewer)?;
        let stderr = String::from_utf8_lossy(&tried.stderr);
        ensure!(!tried.status.success() && stderr.contains("Read-only"), "{fewer:?}: {tried:?}");
    }

    let output = world.options.command("posture").args([&container.name, "--suggest"]).output()?;
    let yaml = String::from_utf8_lossy(&output.stdout);
    ensure!(yaml == suggestion["yaml"].as_str().unwrap_or_default(), "{yaml}");
    ensure!(
        yaml.contains("readOnlyRootFilesystem: true") && yaml.contains("mountPath: /srv #"),
        "{yaml}"
    );

    // What is written into the root itself has no place to be mounted.
    container.sh("echo 4 > /in-the-root")?;
    let (report, _) = posture(world, &[&container.name])?;
    ensure!(report["suggestion"]["root_file"] == "/in-the-root", "{report}");
    ensure!(!report["suggestion"]["docker"].to_string().contains("--read-only"), "{report}");
    Ok(())
}

/// What it did and undid: its upper layer shows nothing of it.
const UNDONE: &str = "echo 1 > /root/a && mkdir -p /run/app && echo 2 > /run/app/b && \
                      cat /root/a /run/app/b && rm -r /root/a /run/app && /opt/net x listen 0.0.0.0 80";

fn recorded(world: &World) -> Result<()> {
    let _turn = world.shared();
    let docker = world.lab.docker();
    let directory = world.directory("posture-recorded");
    fs::create_dir(&directory)?;
    let (events, other) = (directory.join("events.jsonl"), directory.join("other.jsonl"));
    let (container, twin) = (world.start(&[])?, world.start(&[])?);
    container.sh(UNDONE)?;
    let of_twin = events_of(world, &twin)?;
    let mut all = events_of(world, &container)?;
    all.extend(of_twin.clone());
    write(&all, &events)?;
    write(&of_twin, &other)?;
    let path = |path: &std::path::Path| path.display().to_string();
    let suggestion = |name: &str, more: &[&str]| -> Result<(Vec<String>, Value)> {
        let (mut report, _) = posture(world, &[&[name], more].concat())?;
        let suggestion = report["suggestion"].take();
        let directories = suggestion["directories"].as_array().context("no directories")?;
        let paths = directories.iter().filter_map(|it| it["path"].as_str());
        Ok((paths.map(str::to_owned).collect(), suggestion))
    };
    // By its layer alone, it wrote nothing.
    let (paths, found) = suggestion(&container.name, &[])?;
    ensure!(paths.is_empty() && found["by_events"] == false, "{found}");
    let events = path(&events);
    let (paths, found) = suggestion(&container.name, &["--events", &events])?;
    ensure!(paths == ["/root", "/run"] && found["by_events"] == true, "{found}");
    ensure!(found["directories"][1]["operations"].as_u64() >= Some(3), "{found}");
    ensure!(found["root_file"].is_null() && found["users"] == serde_json::json!([0]), "{found}");
    let capabilities = found["capabilities"].to_string();
    ensure!(capabilities.contains("NET_BIND_SERVICE"), "{found}");
    // It works with what is suggested, and each of it is needed.
    let options: Vec<String> = serde_json::from_value(found["docker"].clone())?;
    let run = |options: &[String]| {
        let mut command = docker.command();
        command.args(["run", "--rm", "--network=none"]).args(options).arg(&world.image.reference);
        command.args(["/bin/sh", "-c", UNDONE]).output()
    };
    let tried = run(&options)?;
    ensure!(
        tried.status.success() && tried.stdout.starts_with(b"1\n2\n"),
        "{options:?}: {tried:?}"
    );
    for left_out in ["/root", "/run"] {
        let at = options.iter().position(|it| it == left_out).context("not there")?;
        let mut fewer = options.clone();
        fewer.drain(at - 1..=at);
        let tried = run(&fewer)?;
        let stderr = String::from_utf8_lossy(&tried.stderr);
        ensure!(!tried.status.success() && stderr.contains("Read-only"), "{fewer:?}: {tried:?}");
    }
    // Of the twin the same file says nothing of that, and another one nothing at all of the container.
    let (paths, found) = suggestion(&twin.name, &["--events", &events])?;
    ensure!(paths.is_empty(), "{found}");
    let mut command = world.options.command("posture");
    let output = command.args([&container.name, "--events", &path(&other)]).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(stderr.contains("other.jsonl: no event is of this container"), "{stderr}");
    Ok(())
}

fn pods(world: &World) -> Result<()> {
    let directory = world.directory("posture-pods");
    fs::create_dir(&directory)?;
    let file = directory.join("pods.json");
    let pods = r#"{"items": [
        {"metadata": {"name": "\u001b[31mred", "namespace": "n"}, "spec": {"containers": [{"name": "a"}]}},
        {"metadata": {"name": "worst", "namespace": "n"},
         "spec": {"hostPID": true, "containers": [{"name": "a"}]}}]}"#;
    fs::write(&file, pods)?;
    let path = file.to_str().context("no text")?;
    let run = |arguments: &[&str]| world.options.plain("posture").args(arguments).output();
    let output = run(&["--pods", path])?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.code() == Some(0) && stdout.starts_with("privileged  n/worst\n"),
        "{stdout}"
    );
    ensure!(
        !stdout.contains('\u{1b}') && stdout.contains("baseline    n/\\u{1b}[31mred"),
        "{stdout}"
    );
    ensure!(stdout.contains("2 container(s) of 2 pod(s)"), "{stdout}");
    let output = run(&["--pods", path, "--format", "json"])?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    check_posture(&report)?;
    ensure!(report["summary"]["pods"] == 2 && report["pods"][1]["pod"] == "worst", "{report}");
    for (level, code) in [("baseline", 1), ("restricted", 1)] {
        let output = run(&["--pods", path, "--fail-on", level])?;
        ensure!(output.status.code() == Some(code), "{output:?}");
    }
    fs::write(&file, &pods[..pods.len() - 4])?;
    let output = run(&["--pods", path, "--format", "json"])?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2) && stderr.contains("pods.json:4:"), "{stderr}");
    Ok(())
}
