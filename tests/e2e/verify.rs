//! `driftd verify` on real containers of Docker and containerd.

use std::fs;
use std::os::unix::fs::PermissionsExt;
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
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::Image;
use driftcore_e2e::poll;
use serde_json::Value;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("verify_tells_each_answer_of_a_docker_container", docker),
    ("verify_reads_pods_from_standard_input", pods),
    ("verify_deep_proves_the_layers_of_docker_and_finds_what_was_altered", deep_docker),
    ("verify_deep_proves_the_layers_of_containerd_and_finds_what_was_altered", deep_containerd),
    ("run_reports_an_image_that_was_not_approved_once_and_again_when_the_list_changes", live),
];

fn verify(world: &World, approved: &Path, arguments: &[&str]) -> Result<Output> {
    let mut command = world.options.plain("verify");
    command.arg("--approved").arg(approved).args(arguments);
    Ok(command.output()?)
}

/// What is said of a container, and the exit status.
pub(crate) fn answer(output: &Output, name: &str) -> Result<(Value, Option<i32>)> {
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

/// An image of the lab's with a layer of its own on top, which may be altered.
pub(crate) fn own_image(world: &World, name: &str) -> Result<String> {
    let container = world.start(&[])?;
    container.sh(
        "mkdir -p /own/d; printf content > /own/file; printf x > /own/d/x; ln -s file /own/link",
    )?;
    let reference = format!("driftcore/lab:{name}");
    let commit = ["commit", &container.id, &reference];
    let status = world.lab.docker().command().args(commit).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "docker commit failed");
    Ok(reference)
}

/// What `verify --deep` says of the layers of a container.
fn deep(world: &World, name: &str) -> Result<(Value, Option<i32>)> {
    let approved = world.directory("verify-deep");
    fs::write(&approved, "driftcore/lab\n")?;
    let mut command = world.options.command("verify");
    let output =
        command.args(["--deep", "--format", "json", "--approved"]).arg(&approved).output()?;
    let (of, status) = answer(&output, name)?;
    Ok((of["deep"].clone(), status))
}

fn altered(deep: &Value) -> Vec<String> {
    let differences = deep["differences"].as_array().map_or(&[][..], Vec::as_slice);
    let mut lines: Vec<String> = differences
        .iter()
        .map(|it| format!("{} {}", it["kind"], it["path"]).replace('"', ""))
        .collect();
    lines.sort();
    lines
}

fn deep_docker(world: &World) -> Result<()> {
    let _turn = world.shared();
    let reference = own_image(world, "deep-docker")?;
    let image = Image::named(reference);
    let container = world.lab.docker().start(&image, &[])?;
    container.sh("printf more >> /own/file")?;
    let (of, _) = deep(world, &container.name)?;
    ensure!(of["layers"] == "proved" && of["reason"] == "", "{of}");
    ensure!(of["layer_count"].as_u64() > Some(3) && of["file_count"].as_u64() > Some(20), "{of}");

    // Whoever may write to the disk of the host alters what all containers of the image run.
    let lower = container.inspect("{{.GraphDriver.Data.LowerDir}}")?;
    let lowers: Vec<PathBuf> = lower.split(':').map(PathBuf::from).collect();
    let own = lowers.iter().find(|it| it.join("own/file").exists()).context("no own layer")?;
    fs::write(own.join("own/added"), "x")?;
    fs::set_permissions(own.join("own/d/x"), fs::Permissions::from_mode(0o4755))?;
    let (of, status) = deep(world, &container.name)?;
    ensure!(of["layers"] == "differs" && status == Some(1), "{status:?} {of}");
    ensure!(altered(&of) == ["added /own/added", "attributes /own/d/x"], "{of}");

    // Other content has another digest, and the record says whose it is.
    fs::write(own.join("own/file"), "CONTENT")?;
    let (of, _) = deep(world, &container.name)?;
    ensure!(of["layers"] == "differs" && altered(&of) == ["modified /own/file"], "{of}");
    fs::write(own.join("own/file"), "content")?;
    fs::remove_file(own.join("own/added"))?;
    fs::set_permissions(own.join("own/d/x"), fs::Permissions::from_mode(0o644))?;
    ensure!(deep(world, &container.name)?.0["layers"] == "proved", "it was put back");

    // Nothing hides in the layer that Docker makes for each container.
    let init = lowers.first().context("no layers")?;
    ensure!(init.to_string_lossy().contains("-init"), "{}", init.display());
    fs::create_dir_all(init.join("usr"))?;
    fs::write(init.join("usr/hidden"), "#!/bin/sh")?;
    let (of, _) = deep(world, &container.name)?;
    ensure!(altered(&of) == ["added /usr", "added /usr/hidden"], "{of}");
    drop(container);
    world.lab.docker().remove_image(&image.reference);
    Ok(())
}

fn deep_containerd(world: &World) -> Result<()> {
    let _turn = world.shared();
    let reference = own_image(world, "deep-containerd")?;
    let saved = world.directory("deep.tar");
    let save = ["save", "--output", &saved.to_string_lossy(), &reference];
    ensure!(world.lab.docker().command().args(save).status()?.success(), "docker save failed");
    world.lab.docker().remove_image(&reference);
    let containerd = world.lab.containerd();
    let full = format!("docker.io/{reference}");
    let mut import = containerd.command();
    import.args(["images", "import", "--snapshotter=overlayfs"]).arg(&saved);
    ensure!(import.status()?.success(), "the import failed");
    let image = Image::named(full);
    let id = format!("deep-{}", world.mark("ctr"));
    containerd.start(&image, &id, "true")?;
    // It has no name, and goes by the beginning of its id.
    let name = &id[..12];
    let result = (|| {
        let (of, _) = deep(world, name)?;
        ensure!(of["layers"] == "proved" && of["layer_count"].as_u64() > Some(3), "{of}");
        let snapshots = containerd.root().join("io.containerd.snapshotter.v1.overlayfs/snapshots");
        let own = fs::read_dir(&snapshots)?
            .flatten()
            .map(|entry| entry.path().join("fs/own"))
            .find(|own| own.join("file").exists())
            .context("no own snapshot")?;
        fs::write(own.join("file"), "CONTENT")?;
        fs::remove_file(own.join("link"))?;
        std::os::unix::fs::symlink("d/x", own.join("link"))?;
        fs::remove_file(own.join("d/x"))?;
        let (of, status) = deep(world, name)?;
        ensure!(of["layers"] == "differs" && status == Some(1), "{status:?} {of}");
        let expected = ["deleted /own/d/x", "modified /own/file", "replaced /own/link"];
        ensure!(altered(&of) == expected, "{of}");
        Ok(())
    })();
    containerd.remove(&id);
    result
}

fn live(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("verify-live");
    fs::create_dir(&directory)?;
    let list = directory.join("approved");
    // One runs before driftd does.
    let before = world.start(&[])?;
    let id = before.inspect("{{.Image}}")?;
    let other = format!("sha256:{}", "ab".repeat(32));
    let reference = world.image.reference.trim_start_matches("docker.io/");
    let (repository, tag) = reference.split_once(':').context("no tag")?;
    fs::write(&list, format!("{repository}:{tag}\n"))?;
    let config = directory.join("driftd.toml");
    fs::write(&config, format!("[digest]\napproved = [{list:?}]\n"))?;
    let rules = directory.join("rules.yaml");
    fs::write(
        &rules,
        "- rule: image\n  desc: d\n  condition: evt.type = asyncevent and drift.kind = digest\n  \
         output: \"%drift.action %digest.running %digest.approved\"\n  priority: WARNING\n",
    )?;
    let options = world.options.clone().argument("--config").argument(&config);
    let options = options.argument("--no-default-rules").argument("--rules").argument(&rules);
    let watch = Driftd::start(&options, &directory.join("watch"))?;
    let of = |container: &DockerContainer, action: Action| {
        let id = container.id.clone();
        move |event: &DriftEvent| {
            let own = event.container.as_ref().is_some_and(|it| it.id == id);
            own && (event.kind, event.action) == (Kind::Digest, action)
        }
    };
    let event = watch.event(of(&before, Action::MutableTag)).context("mutable tag, before")?;
    let digest = event.digest.clone().context("no digests")?;
    ensure!(event.drift && digest.approved.is_empty(), "{event:?}");
    ensure!(digest.running.as_deref() == Some(id.as_str()), "{event:?}");
    ensure!(digest.reason.contains("by the tag"), "{event:?}");
    ensure!(event.process.is_none() && event.provenance.is_none(), "{event:?}");
    let after = world.start(&[])?;
    watch.event(of(&after, Action::MutableTag)).context("mutable tag, after")?;
    let (alert, _) = watch.alert(|alert| {
        alert["rule"] == "image" && alert["drift"]["container"]["id"] == after.id.as_str()
    })?;
    let output = alert["output"].as_str().unwrap_or_default();
    ensure!(output.contains(&format!("mutable_tag {id}")), "{output}");

    // A list that is bad changes nothing; one that approves it says no more.
    fs::write(&list, "A B\nA/B@c\n")?;
    let says =
        |text: &str| poll(Duration::from_secs(60), || watch.stderr().contains(text).then_some(()));
    says("what was approved stays as it is").context("a bad list")?;
    fs::write(&list, format!("{repository}@{id}\n"))?;
    says("what was approved was read again").context("a good list")?;
    let silent = world.start(&[])?;
    // Replaced, as Kubernetes does it.
    let next = directory.join("next");
    fs::write(&next, format!("nobody/else@{other}\n"))?;
    fs::rename(&next, &list)?;
    for container in [&before, &after, &silent] {
        let event = watch.event(of(container, Action::Unapproved)).context("unapproved")?;
        ensure!(event.digest.is_some_and(|it| it.approved.is_empty()), "approved");
    }
    // Each was said once, and the one that was approved when it started had nothing before.
    for (container, expected) in [
        (&before, &[Action::MutableTag, Action::Unapproved][..]),
        (&after, &[Action::MutableTag, Action::Unapproved]),
        (&silent, &[Action::Unapproved]),
    ] {
        let events = watch.events()?.into_iter().filter(|event| {
            event.kind == Kind::Digest
                && event.container.as_ref().is_some_and(|it| it.id == container.id)
        });
        let actions: Vec<Action> = events.map(|event| event.action).collect();
        ensure!(actions == expected, "{actions:?}, expected {expected:?}");
    }
    Ok(())
}
