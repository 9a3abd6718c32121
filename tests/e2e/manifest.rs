//! Manifests of real images by `driftd manifest`, and scans of real roots against them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::Image;
use serde_json::Value;

use crate::Case;
use crate::scan::CHANGES;
use crate::scan::EXPECTED;
use crate::scan::expect;
use crate::scan::image;
use crate::scan::lines;
use crate::scan::scan;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("manifest_of_an_image_is_the_same_wherever_it_is_read", sources),
    ("scan_of_a_root_directory_says_what_the_scan_of_its_overlay_says", overlay_and_root),
    ("scan_of_a_container_without_an_overlay_needs_a_manifest", native),
    ("manifest_that_cannot_be_made_ends_with_status_2", refused),
];

fn driftd(world: &World, arguments: &[&str]) -> Result<Output> {
    Ok(world.options.command("manifest").args(arguments).output()?)
}

/// Runs `driftd manifest`, which has to succeed.
fn manifest(world: &World, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = driftd(world, arguments)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?} ended with {}: {said}", output.status);
    Ok(output.stdout)
}

/// The files of an image as JSON, but for what differs between an archive and what was unpacked of it:
/// the root and the times of directories, which archives need not have, and how many names a file had
/// before some were hidden.
fn files(world: &World, arguments: &[&str]) -> Result<Vec<Value>> {
    let bytes = manifest(world, &[arguments, &["--format", "json"]].concat())?;
    let mut report: Value = serde_json::from_slice(&bytes)?;
    let Value::Array(mut files) = report["files"].take() else { anyhow::bail!("no files") };
    files.retain(|file| file["path"] != "/");
    for file in &mut files {
        if let Value::Object(map) = file {
            map.retain(|key, _| !matches!(key.as_str(), "links" | "link_group"));
            if map["type"] == "directory" {
                map.remove("modified");
            }
        }
    }
    Ok(files)
}

/// An image on top of the lab's whose last layer changes and hides what is below it, saved.
struct Committed {
    reference: String,
    id: String,
    saved: PathBuf,
}

impl Committed {
    fn new(world: &World, name: &str, image: &Image) -> Result<Self> {
        let docker = world.lab.docker();
        docker.load(image)?;
        let container = docker.start(image, &[])?;
        container.sh(
            "set -e; rm /opt/hard2; printf x >> /opt/setuid; mkdir /usr; printf '#!/bin/sh' > /usr/new;
             rm -r /deeds/x/dir; mkdir /deeds/x/dir; printf x > /deeds/x/dir/own; ln /usr/new /usr/linked",
        )?;
        let reference = format!("driftcore/lab:{name}");
        let run = |arguments: &[&str]| -> Result<String> {
            let output = docker.command().args(arguments).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "docker {arguments:?}: {said}");
            Ok(String::from_utf8(output.stdout)?.trim().to_owned())
        };
        let id = run(&["commit", &container.id, &reference])?;
        let directory = world.directory(name);
        fs::create_dir(&directory)?;
        let saved = directory.join("saved.tar");
        run(&["save", "--output", &saved.to_string_lossy(), &reference])?;
        Ok(Self { reference, id, saved })
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn sources(world: &World) -> Result<()> {
    let _turn = world.shared();
    let committed = Committed::new(world, "manifest-sources", &image(world)?)?;
    let saved = text(&committed.saved);
    let expected = files(world, &[&saved])?;
    let find = |path: &str| expected.iter().find(|file| file["path"] == path);
    for (path, is_there) in [
        ("/opt/hard1", true),
        ("/opt/hard2", false),
        ("/deeds/x/dir/inner", false),
        ("/deeds/x/dir/own", true),
        ("/usr/linked", true),
        ("/.wh.hard2", false),
    ] {
        ensure!(find(path).is_some() == is_there, "{path}: {:?}", find(path));
    }
    ensure!(find("/opt/setuid").is_some_and(|file| file["mode"] == "4755"), "no setuid");

    // Docker's own store, by name and by id.
    let reference = committed.reference.as_str();
    ensure!(files(world, &[reference])? == expected, "Docker's store has other files");
    ensure!(files(world, &[&committed.id])? == expected, "the id names other files");

    // containerd's store, and what it exports, as it is and compressed again.
    let ctr = |arguments: &[&str]| -> Result<String> {
        let output = world.lab.containerd().command().args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "ctr {arguments:?}: {said}");
        Ok(String::from_utf8(output.stdout)?)
    };
    ctr(&["images", "import", "--snapshotter=overlayfs", &saved])?;
    let full = format!("docker.io/{reference}");
    let list = ctr(&["images", "list", &format!("name=={full}")])?;
    let digest = list.split_whitespace().find(|word| word.starts_with("sha256:"));
    let digest = digest.with_context(|| format!("no digest in {list}"))?;
    ensure!(files(world, &[digest])? == expected, "containerd's store has other files");
    let exported = text(&committed.saved.with_file_name("exported.tar"));
    ctr(&["images", "export", &exported, &full])?;
    ensure!(files(world, &[&exported])? == expected, "what ctr exports has other files");
    let tag = format!("{exported}:{full}");
    ensure!(files(world, &[&tag])? == expected, "the name in the archive names other files");

    // A manifest, written and read again.
    let written = text(&committed.saved.with_file_name("manifest"));
    manifest(world, &[&saved, "-o", &written])?;
    ensure!(files(world, &["--show", &written])? == expected, "the manifest has other files");
    let shown = String::from_utf8(manifest(world, &["--show", &written])?)?;
    ensure!(shown.contains("-4755 0:0"), "{shown}");
    // The same image gives the same bytes.
    let again = text(&committed.saved.with_file_name("again"));
    manifest(world, &[&saved, "--output", &again])?;
    ensure!(fs::read(&written)? == fs::read(&again)?, "the manifest differs");
    Ok(())
}

/// What the layers alone can tell is told in the words of a comparison of the files.
fn without_layers(lines: &[&str]) -> Vec<String> {
    let mut told = Vec::new();
    for line in lines {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        match kind {
            "copied_up" => {}
            "renamed" => {
                let (new, old) = rest.split_once(" from ").unwrap_or((rest, ""));
                told.push(format!("added {new}"));
                told.push(format!("deleted {old}"));
            }
            "replaced" if rest.ends_with(" (content)") => told.push(format!("modified {rest}")),
            _ => told.push((*line).to_owned()),
        }
    }
    told
}

fn overlay_and_root(world: &World) -> Result<()> {
    let _turn = world.shared();
    let committed = Committed::new(world, "manifest-root", &image(world)?)?;
    let docker = world.lab.docker();
    let output = docker
        .command()
        .args(["run", "--detach", "--network=none", "--volume=/data/vol", &committed.reference])
        .args(["/opt/attack", "wait"])
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let id = String::from_utf8(output.stdout)?.trim().to_owned();
    let result = (|| {
        let exec = ["exec", &id, "/bin/sh", "-c", CHANGES];
        let output = docker.command().args(exec).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let overlay = lines(&scan(world, 1, &[&id])?)?;
        ensure!(overlay.len() > 15, "{overlay:#?}");
        let overlay: Vec<&str> = overlay.iter().map(String::as_str).collect();
        let mut expected = without_layers(&overlay);
        // What Docker makes in a layer of its own between image and container.
        let init = [
            "/.dockerenv",
            "/dev/console",
            "/dev/pts",
            "/dev/shm",
            "/etc/hostname",
            "/etc/hosts",
            "/etc/mtab",
            "/etc/resolv.conf",
        ];
        expected.extend(init.map(|path| format!("added {path} noise")));
        expected.sort();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();

        let format = "{{.GraphDriver.Data.MergedDir}}";
        let output = docker.command().args(["inspect", "--format", format, &id]).output()?;
        let merged = String::from_utf8(output.stdout)?.trim().to_owned();
        let saved = text(&committed.saved);
        let written = text(&committed.saved.with_file_name("manifest"));
        manifest(world, &[&committed.reference, "-o", &written])?;
        let name = id.as_str();
        for arguments in [
            [name, "--manifest", &written].as_slice(),
            &[name, "--image", &saved],
            &[name, "--image", &committed.reference],
        ] {
            let report = scan(world, 1, arguments)?;
            expect(&report, &expected).with_context(|| format!("{arguments:?}"))?;
            ensure!(report["target"]["container"]["id"] == name, "{}", report["target"]);
        }
        // The directory alone knows nothing of the container's mounts.
        let expected: Vec<&str> = expected
            .iter()
            .map(|line| {
                if line.starts_with("added /data") { line.trim_end_matches(" noise") } else { line }
            })
            .collect();
        for against in [["--image", &saved], ["--manifest", &written]] {
            let report = scan(world, 1, &[&["--rootfs", &merged], &against[..]].concat())?;
            expect(&report, &expected).with_context(|| format!("{against:?}"))?;
            ensure!(report["target"]["rootfs"] == merged.as_str(), "{}", report["target"]);
        }
        Ok(())
    })();
    let _ = docker.command().args(["rm", "--force", "--volumes", &id]).output();
    result
}

fn native(world: &World) -> Result<()> {
    let _turn = world.shared();
    let image = image(world)?;
    world.lab.docker().load(&image)?;
    let directory = world.directory("manifest-native");
    fs::create_dir(&directory)?;
    let (saved, written) = (text(&directory.join("saved.tar")), text(&directory.join("manifest")));
    let save = ["save", "--output", &saved, &image.reference];
    ensure!(world.lab.docker().command().args(save).status()?.success(), "docker save failed");
    manifest(world, &[&saved, "-o", &written])?;
    let containerd = world.lab.containerd();
    let id = format!("native-{}", world.mark("ctr"));
    let done = world.mark("done");
    let script = format!("{CHANGES}; set +e; /opt/payload {done}; exec /bin/sleep 100000");
    let import = ["images", "import", "--snapshotter=native", &saved];
    ensure!(containerd.command().args(import).status()?.success(), "the import failed");
    let run = ["run", "--detach", "--snapshotter=native", &image.reference, &id, "/bin/sh", "-c"];
    ensure!(containerd.command().args(run).arg(&script).status()?.success(), "ctr run failed");
    let result = (|| {
        world.exec(&done)?;
        let output = world.options.command("scan").arg(&id).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2) && said.contains("--manifest"), "{said}");
        let expected = without_layers(&EXPECTED);
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        let report = scan(world, 1, &[&id, "--manifest", &written])?;
        expect(&report, &expected)
    })();
    containerd.remove(&id);
    result
}

fn refused(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("manifest-refused");
    fs::create_dir(&directory)?;
    let damaged = text(&directory.join("damaged"));
    fs::write(&damaged, b"driftman\x01\x1f\x8b\x08")?;
    let none = text(&directory.join("none.tar"));
    fs::write(&none, [b'x'; 2048])?;
    let nowhere = text(&directory.join("no/manifest"));
    for (command, arguments, expected) in [
        ("manifest", vec!["no-such-image:1"], "no runtime has an image of this name"),
        ("manifest", vec!["--show", &damaged], "it ends too early"),
        ("manifest", vec![&none, "-o", &nowhere], "at byte 0: it is no header of an archive"),
        ("manifest", vec![], "IMAGE"),
        ("manifest", vec![&none, "--platform", "amd64"], "is no platform"),
        ("scan", vec!["--rootfs", "/tmp"], "--image"),
        ("scan", vec!["--rootfs", "/tmp", "--manifest", &damaged], "it ends too early"),
        ("scan", vec!["--rootfs", "/tmp", "--manifest", &damaged, "--image", "x"], "--image"),
    ] {
        let output = world.options.command(command).args(&arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2), "{arguments:?} ended with {}", output.status);
        ensure!(said.contains(expected), "{arguments:?}: {said}");
        ensure!(output.stdout.is_empty(), "{arguments:?}: something on stdout");
    }
    Ok(())
}
