//! What `driftd scan` says of real containers, against what was done to them.

use std::collections::BTreeMap;
use std::fs;
use std::process::Output;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Image;
use serde_json::Value;

use crate::Case;
use crate::schema::check_scan;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("scan_lists_each_change_of_a_docker_container", docker),
    ("scan_lists_each_change_of_a_containerd_container", containerd),
    ("scan_of_an_unchanged_container_finds_nothing", unchanged),
    ("scan_says_which_process_runs_what_was_added", in_use),
    ("scan_fails_on_what_is_asked_and_leaves_out_what_is_ignored", fails_and_ignores),
    ("scan_that_cannot_be_done_ends_with_status_2", refused),
    ("scan_ends_while_the_container_keeps_changing", changing),
];

/// One change of each kind, in an image of two layers and the one that Docker adds.
pub(crate) const CHANGES: &str = "set -e
    printf x >> /opt/p1
    rm /opt/p2; cp /opt/p3 /opt/p2
    chmod 4755 /opt/p4
    chown 5:6 /opt/p5
    touch /opt/p6
    rm /opt/p7
    rm /opt/p8; mkdir /opt/p8
    mv /opt/p9 /opt/moved
    ln /opt/hard1 /opt/hard4
    rm -r /deeds/x/dir; mkdir /deeds/x/dir
    rm -r /deeds/x/empty
    mkdir -p /srv/a; cp /opt/payload /srv/a/tool
    printf '#!/bin/sh' > /srv/a/script
    /bin/busybox mkfifo /srv/pipe
    /bin/busybox mknod /srv/null c 1 3
    ln -s /etc /srv/link
    ln -s / '/srv/<script>'
    rm /bin/touch; ln -s sh /bin/touch";

pub(crate) const EXPECTED: [&str; 21] = [
    "added /opt/hard4",
    "added /srv",
    "added /srv/<script>",
    "added /srv/a",
    "added /srv/a/script",
    "added /srv/a/tool",
    "added /srv/link",
    "added /srv/null",
    "added /srv/pipe",
    "attributes /opt/p4 (mode)",
    "attributes /opt/p5 (owner)",
    "copied_up /opt/hard1",
    "copied_up /opt/p6",
    "deleted /deeds/x/dir/inner",
    "deleted /deeds/x/empty",
    "deleted /opt/p7",
    "modified /opt/p1 (content)",
    "renamed /opt/moved from /opt/p9",
    "replaced /bin/touch (target)",
    "replaced /opt/p2 (content)",
    "type /opt/p8",
];

pub(crate) fn image(world: &World) -> Result<Image> {
    world.lab.build_deeds_image(&["x"])
}

/// Runs `driftd scan`.
pub(crate) fn driftd(world: &World, arguments: &[&str]) -> Result<Output> {
    Ok(world.options.command("scan").args(arguments).output()?)
}

/// A report as JSON; `status` is what it has to end with.
pub(crate) fn scan(world: &World, status: i32, arguments: &[&str]) -> Result<Value> {
    let output = driftd(world, &[arguments, &["--format", "json"]].concat())?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(status), "ended with {}: {said}", output.status);
    let report = serde_json::from_slice(&output.stdout).context("the report is no JSON")?;
    check_scan(&report).context("the report is not as docs/scan.schema.json says")?;
    Ok(report)
}

fn entries(report: &Value) -> Result<&Vec<Value>> {
    report["entries"].as_array().context("no entries")
}

pub(crate) fn entry<'a>(report: &'a Value, path: &str) -> Result<&'a Value> {
    let found = entries(report)?.iter().find(|entry| entry["path"] == path);
    found.with_context(|| format!("no entry of {path}: {report}"))
}

/// `kind path (changes)`, sorted; what is noise is marked.
pub(crate) fn lines(report: &Value) -> Result<Vec<String>> {
    let line = |entry: &Value| {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let mut line = format!("{} {}", text("kind"), text("path"));
        if let Some(old) = entry["old_path"].as_str() {
            line.push_str(&format!(" from {old}"));
        }
        if let Some(changed) = entry["changed"].as_array() {
            let changed: Vec<_> = changed.iter().filter_map(Value::as_str).collect();
            line.push_str(&format!(" ({})", changed.join(", ")));
        }
        if entry["noise"] == true {
            line.push_str(" noise");
        }
        line
    };
    let mut lines: Vec<String> = entries(report)?.iter().map(line).collect();
    lines.sort();
    Ok(lines)
}

pub(crate) fn expect(report: &Value, expected: &[&str]) -> Result<()> {
    let mut expected: Vec<_> = expected.iter().collect();
    expected.sort();
    let lines = lines(report)?;
    ensure!(lines.iter().eq(expected), "the list is {lines:#?}");
    ensure!(report["errors"] == serde_json::json!([]), "errors: {}", report["errors"]);
    Ok(())
}

fn docker(world: &World) -> Result<()> {
    let _turn = world.shared();
    let image = image(world)?;
    world.lab.docker().load(&image)?;
    let container = world.lab.docker().start(&image, &["--volume=/data/vol"])?;
    container.sh(CHANGES)?;
    let noise = ["added /data noise", "added /data/vol noise"];
    let expected = [&EXPECTED[..], &noise].concat();
    let report = scan(world, 1, &[&container.name])?;
    expect(&report, &expected)?;
    ensure!(report["target"]["container"]["id"] == container.id.as_str(), "{}", report["target"]);
    ensure!(report["target"]["container"]["image"] == image.reference.as_str());
    ensure!(report["target"]["mounted"] == true, "{}", report["target"]);
    let tool = &entry(&report, "/srv/a/tool")?["after"];
    ensure!(tool["code"] == "executable" && tool["mode"] == "0755", "{tool}");
    ensure!(entry(&report, "/srv/a/script")?["after"]["code"] == "script");
    let modified = entry(&report, "/opt/p1")?;
    let size = |side: &str| modified[side]["size"].as_u64().unwrap_or_default();
    ensure!(size("after") == size("before") + 1, "{modified}");
    ensure!(modified["before"]["sha256"] != modified["after"]["sha256"], "{modified}");
    docker_diff(&container, &report)?;

    // The same when it is stopped, by its id and by the beginning of it.
    container.kill();
    for name in [container.id.as_str(), &container.id[..20]] {
        let report = scan(world, 1, &[name])?;
        expect(&report, &expected)?;
        ensure!(report["target"]["mounted"] == false, "{}", report["target"]);
    }
    text(world, &container)
}

/// Nothing that `docker diff` reports is missing, and what it reports falsely is told apart.
fn docker_diff(container: &DockerContainer, report: &Value) -> Result<()> {
    let mut docker = container.docker().command();
    let output = docker.args(["diff", &container.id]).output()?;
    ensure!(output.status.success(), "docker diff: {}", String::from_utf8_lossy(&output.stderr));
    let diff = String::from_utf8(output.stdout)?;
    let mut ours: BTreeMap<&str, &Value> =
        entries(report)?.iter().filter_map(|it| Some((it["path"].as_str()?, it))).collect();
    for entry in entries(report)? {
        if let Some(old_path) = entry["old_path"].as_str() {
            ours.entry(old_path).or_insert(entry);
        }
    }
    let mut false_ones = Vec::new();
    let mut seen = 0;
    for line in diff.lines() {
        let (kind, path) = line.split_once(' ').context("a line of docker diff")?;
        seen += 1;
        match ours.get(path).map(|entry| entry["kind"].as_str().unwrap_or_default()) {
            Some("copied_up") => false_ones.push(path),
            Some("added") => ensure!(kind == "A", "docker says {line}"),
            Some("deleted") => ensure!(kind == "D", "docker says {line}"),
            Some("renamed") => ensure!(kind == "A" || kind == "D", "docker says {line}"),
            Some(_) => ensure!(kind == "C" || kind == "A", "docker says {line}"),
            None => {
                // A directory in which something changed.
                let below = format!("{path}/");
                ensure!(kind == "C" && ours.keys().any(|it| it.starts_with(&below)), "{line}");
                false_ones.push(path);
            }
        }
    }
    ensure!(seen >= 20, "docker diff says {diff}");
    for path in ["/opt/p6", "/opt"] {
        ensure!(false_ones.contains(&path), "{path} is no false one of docker's: {diff}");
    }
    Ok(())
}

fn text(world: &World, container: &DockerContainer) -> Result<()> {
    let output = driftd(world, &[&container.name])?;
    ensure!(output.status.code() == Some(1), "ended with {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    let mut rest = text.as_str();
    for part in [
        container.name.as_str(),
        "Files that run with other rights",
        "/opt/p4",
        "mode 0755 -> 4755",
        "Programs, libraries and scripts that are not the image's",
        "/srv/a/tool",
        "/opt/moved (in the image /opt/p9)",
        "Deleted: 3",
        "noise, 0 ignored",
        "What to do: ",
    ] {
        let at = rest.find(part).with_context(|| format!("no {part:?} in its place:\n{text}"))?;
        rest = &rest[at..];
    }
    page(world, container)
}

/// The same as a page, with a name in it that would be markup.
fn page(world: &World, container: &DockerContainer) -> Result<()> {
    let output = driftd(world, &[&container.name, "--format", "html"])?;
    ensure!(output.status.code() == Some(1), "ended with {}", output.status);
    let page = String::from_utf8(output.stdout)?;
    ensure!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"), "{page}");
    for part in [container.name.as_str(), "/srv/a/tool", "/opt/p9", "&lt;script&gt;"] {
        ensure!(page.contains(part), "no {part:?} in the page:\n{page}");
    }
    ensure!(page.matches("<script>").count() == 1, "{page}");
    Ok(())
}

fn containerd(world: &World) -> Result<()> {
    let _turn = world.shared();
    let image = image(world)?;
    let containerd = world.lab.containerd();
    containerd.import(&image)?;
    let id = format!("scan-{}", world.mark("ctr"));
    let done = world.mark("done");
    containerd.start(&image, &id, &format!("{CHANGES}; set +e; /opt/payload {done}"))?;
    let result = (|| {
        world.exec(&done)?;
        let report = scan(world, 1, &[&id])?;
        expect(&report, &EXPECTED)?;
        ensure!(report["target"]["container"]["runtime"] == "containerd", "{}", report["target"]);
        containerd.stop(&id)?;
        let report = scan(world, 1, &[&id[..id.len() - 1]])?;
        ensure!(report["target"]["mounted"] == false, "{}", report["target"]);
        expect(&report, &EXPECTED)
    })();
    containerd.remove(&id);
    result
}

fn unchanged(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let report = scan(world, 0, &[&container.name])?;
    expect(&report, &[])?;
    let output = driftd(world, &[&container.name])?;
    let text = String::from_utf8(output.stdout)?;
    ensure!(text.contains("nothing differs") && text.contains("What to do: nothing"), "{text}");
    // A touch alone is no drift, unless times count.
    container.sh("touch /opt/p1")?;
    expect(&scan(world, 0, &[&container.name])?, &["copied_up /opt/p1"])?;
    expect(&scan(world, 1, &[&container.name, "--times"])?, &["attributes /opt/p1 (times)"])
}

fn in_use(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    container.sh(
        "cp /opt/attack /tmp/own; (/tmp/own wait > /dev/null 2>&1 &); printf x > /tmp/held; \
         (sleep 1000 < /tmp/held > /dev/null 2>&1 &); printf x > /tmp/free; true",
    )?;
    let report = scan(world, 1, &[&container.name])?;
    for (path, how, name) in [("/tmp/own", "runs", "own"), ("/tmp/held", "opens", "sleep")] {
        let entry = entry(&report, path)?;
        let users = entry["processes"].as_array().with_context(|| format!("nobody: {entry}"))?;
        let fits = |user: &Value| user["use"] == how && user["name"] == name;
        ensure!(users.iter().any(fits), "{entry}");
    }
    let free = entry(&report, "/tmp/free")?;
    ensure!(free.get("processes").is_none(), "{free}");
    Ok(())
}

fn fails_and_ignores(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    container.sh("mkdir /tmp/cache; printf x > /tmp/cache/a; printf x > /tmp/b; rm /opt/p1")?;
    let name = container.name.as_str();
    scan(world, 1, &[name, "--fail-on", "modified,deleted"])?;
    scan(world, 0, &[name, "--fail-on", "modified"])?;
    let directory = world.directory("scan-ignore");
    fs::create_dir(&directory)?;
    let file = directory.join("ignore");
    fs::write(&file, "# Filled by each start\n/tmp/cache/\n\n# Never there\n*.log\n")?;
    let file = file.to_string_lossy();
    let report = scan(world, 1, &[name, "--ignore", &file])?;
    expect(&report, &["added /tmp/b", "deleted /opt/p1"])?;
    ensure!(report["summary"]["ignored"] == 2, "{}", report["summary"]);
    let by = serde_json::json!(
        [{"pattern": "/tmp/cache/", "reason": "Filled by each start", "entries": 2}]
    );
    ensure!(report["summary"]["ignored_by"] == by, "{}", report["summary"]);
    Ok(())
}

fn refused(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    for (arguments, expected) in [
        (vec!["no-such-container"], "driftd: no container has the id, name or prefix"),
        (vec!["no-such-container"], "--docker-root"),
        (vec![container.name.as_str(), "--ignore", "/no/such/file"], "/no/such/file"),
        (vec![container.name.as_str(), "--fail-on", "everything"], "everything"),
        (vec!["--upper", "/no/such/upper", "--lower", "/tmp"], "/no/such/upper"),
        (vec!["--upper", "/tmp"], "--lower"),
        (vec![], "CONTAINER"),
    ] {
        let output = driftd(world, &arguments)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2), "{arguments:?} ended with {}", output.status);
        ensure!(said.contains(expected), "{arguments:?}: {said}");
        ensure!(output.stdout.is_empty(), "{arguments:?}: something on stdout");
    }
    Ok(())
}

fn changing(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    container.sh("mkdir /tmp/d; printf x > /tmp/stays; \
         (while true; do for i in 1 2 3 4 5 6 7 8; do mkdir -p /tmp/d/$i/$i; \
         printf x > /tmp/d/$i/$i/f; mv /tmp/d/$i /tmp/d/m$i; rm -r /tmp/d/m$i; \
         printf x >> /tmp/log; done; done > /dev/null 2>&1 &); true")?;
    for _ in 0..20 {
        // What is there all the time is found each time.
        let report = scan(world, 1, &[&container.name])?;
        ensure!(entry(&report, "/tmp/stays")?["kind"] == "added");
        for error in report["errors"].as_array().context("no errors")? {
            let path = error["path"].as_str().unwrap_or_default();
            ensure!(path.starts_with("/tmp/d") || path == "/tmp/log", "{error}");
        }
    }
    Ok(())
}
