//! `driftd verify` on real containers of Docker and containerd.

use std::fs;
use std::path::Path;
use std::process::Output;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde_json::Value;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("verify_tells_each_answer_of_a_docker_container", docker),
    ("verify_reads_pods_from_standard_input", pods),
];

fn verify(world: &World, approved: &Path, arguments: &[&str]) -> Result<Output> {
    let mut command = world.options.plain("verify");
    command.arg("--approved").arg(approved).args(arguments);
    Ok(command.output()?)
}

/// What is said of a container, and the exit status.
fn answer(output: &Output, name: &str) -> Result<(Value, Option<i32>)> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).context(stderr.into_owned())?;
    let containers = report["containers"].as_array().context("no list")?;
    let of = containers.iter().find(|it| it["container"] == name).context("not in the list")?;
    Ok((of.clone(), output.status.code()))
}

fn docker(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let name = container.name.clone();
    let directory = world.directory("verify");
    fs::create_dir(&directory)?;
    let repository = "driftcore/lab";
    let reference = world.image.reference.trim_start_matches("docker.io/");
    let (_, tag) = reference.split_once(':').context("no tag")?;
    let id = container.inspect("{{.Image}}")?;
    let other = format!("sha256:{}", "ab".repeat(32));
    // An imported image has no manifest of a registry: what Docker knows of it is its configuration.
    for (text, approval, strict) in [
        (format!("{repository}@{id}"), "approved", 0),
        (format!("{repository}:{tag}@{id}"), "approved", 0),
        (format!("{repository}@{other}"), "cannot_tell", 1),
        (format!("{repository}:{tag}"), "mutable_tag", 1),
        (format!("{repository}:other"), "mismatch", 1),
        (format!("nobody/else@{id}"), "unapproved", 1),
        (
            format!(
                "kind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    spec:\n      \
                 containers: [{{name: a, image: {repository}@{id}}}]\n"
            ),
            "approved",
            0,
        ),
    ] {
        let file = directory.join("approved");
        fs::write(&file, format!("{text}\n"))?;
        let (of, _) = answer(&verify(world, &file, &["--format", "json"])?, &name)?;
        ensure!(of["approval"] == approval, "{text}: {of}");
        ensure!(of["running_digest"] == id.as_str(), "{text}: {of}");
        // Other containers of other cases run here too: the status is looked at with pods.
        let pod = format!(
            r#"{{"kind": "Pod", "metadata": {{"name": "p"}}, "spec": {{"containers": [{{"name": "{name}",
               "image": "{reference}"}}]}}, "status": {{"containerStatuses": [{{"name": "{name}",
               "imageID": "docker://{id}"}}]}}}}"#
        );
        let pods = directory.join("pods.json");
        fs::write(&pods, pod)?;
        let pods = pods.to_str().context("no text")?;
        let output = verify(world, &file, &["--pods", pods, "--strict", "--format", "json"])?;
        let (of, status) = answer(&output, &name)?;
        ensure!(of["approval"] == approval && status == Some(strict), "{text}: {status:?} {of}");
        let output = verify(world, &file, &["--pods", pods])?;
        let lax = if approval == "cannot_tell" { 0 } else { strict };
        ensure!(output.status.code() == Some(lax), "{text}: {output:?}");
        let stdout = String::from_utf8_lossy(&output.stdout);
        ensure!(stdout.starts_with(&approval.replace('_', " ")), "{stdout}");
    }
    let output = verify(world, &directory.join("nothing"), &[])?;
    ensure!(output.status.code() == Some(2), "{output:?}");
    fs::write(directory.join("bad"), "kind: [\n")?;
    let output = verify(world, &directory.join("bad"), &[])?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2) && stderr.contains("bad:"), "{stderr}");
    Ok(())
}

/// Names that a terminal would obey come out as text.
fn pods(world: &World) -> Result<()> {
    let directory = world.directory("verify-pods");
    fs::create_dir(&directory)?;
    let file = directory.join("approved");
    fs::write(&file, "nginx:1\n")?;
    let pods = r#"{"items": [{"metadata": {"name": "\u001b[31mred", "namespace": "n"},
        "spec": {"containers": [{"name": "a", "image": "nginx:1"}]}}]}"#;
    let command = world.options.plain("verify");
    let script = "printf '%s' \"$1\" | \"$2\" verify --approved \"$3\" --pods -";
    let output = std::process::Command::new("sh")
        .args(["-c", script, "sh", pods])
        .arg(command.get_program())
        .arg(&file)
        .output()?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.code() == Some(1), "{output:?}");
    ensure!(!stdout.contains('\u{1b}') && stdout.contains("u{1b}[31mred a"), "{stdout}");
    ensure!(stdout.contains("1 container(s) of 1 pod(s), 1 mutable tag"), "{stdout}");
    Ok(())
}
