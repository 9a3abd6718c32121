//! Who wrote the file that a later event is about.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::DriftEvent;
use driftcore::event::Evidence;
use driftcore::event::Kind;
use driftcore::event::Process;
use driftcore::event::Verdict;
use driftcore::event::Writer;
use driftcore::event::WriterOrigin;
use driftcore_e2e::DockerContainer;

use crate::Case;
use crate::code::drop_at;
use crate::world::Seen;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("writer_of_a_dropped_file_is_named", dropped),
    ("writer_of_a_renamed_file_is_still_named", renamed),
    ("writer_is_who_changed_an_image_file", changed),
    ("writer_straight_in_the_upper_directory_is_unknown", upper_directory),
    ("writer_of_what_docker_cp_brings_is_outside", copied_in),
    ("writer_that_entered_on_its_own_is_outside", entered),
    ("unpacking_an_image_is_no_event", unpacked),
    ("image_file_has_no_writer", image),
];

fn writer(seen: &Seen) -> Result<&Writer> {
    let file = seen.event.file.as_ref().context("no file")?;
    file.writer.as_deref().context("no writer")
}

/// The writing process, which must be of the container.
fn inside(seen: &Seen) -> Result<&Process> {
    let writer = writer(seen)?;
    ensure!(writer.origin == WriterOrigin::Inside, "origin {:?}", writer.origin);
    let time = writer.time.context("no time")?;
    ensure!(time <= seen.event.time, "written at {time}, run at {}", seen.event.time);
    writer.process.as_ref().context("no process")
}

fn arguments(process: &Process) -> Vec<String> {
    process.cmdline.iter().map(ToString::to_string).collect()
}

fn dropped(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("written");
    let path = format!("/tmp/{mark}");
    container.sh(&format!(
        "cp /opt/payload {path}.part; /bin/busybox cp {path}.part {path}; {path} {mark}; true"
    ))?;
    let seen = world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?;
    let process = inside(&seen)?;
    let expected = ["/bin/busybox", "cp", &format!("{path}.part"), &path];
    ensure!(arguments(process) == expected, "{process:?}");
    ensure!(process.exe.as_bytes() == b"/bin/busybox", "exe {:?}", process.exe);
    let parent = process.ancestors.first().context("no ancestors")?;
    ensure!(parent.name.as_bytes() == b"sh", "parent {parent:?}");

    // The alert says it in its one line.
    let (alert, _) =
        world.watch.alert(|alert| alert["drift"]["process"]["cmdline"][1] == mark.as_str())?;
    let line = format!("writer=busybox cp {path}.part {path} ");
    let output = alert["output"].as_str().context("no output")?;
    ensure!(output.contains(&line), "{output}");
    Ok(())
}

fn renamed(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("moved");
    let path = format!("/tmp/{mark}");
    let part = format!("{path}.part");
    container.sh(&format!("{}; mv {part} {path}; {path} {mark}; true", drop_at(&part)))?;
    // The tracepoint set sees a rename by its names alone: who wrote the content stays.
    let seen = world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?;
    let process = inside(&seen)?;
    ensure!(process.name.as_bytes() == b"sh", "{process:?}");
    Ok(())
}

fn changed(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("changed");
    container.sh(&format!("printf x >> /opt/payload; /opt/payload {mark}; true"))?;
    let seen = world.exec(&mark)?.drift(Verdict::Modified, Evidence::Kernel)?;
    let process = inside(&seen)?;
    // The shell itself writes for its own redirection.
    ensure!(process.name.as_bytes() == b"sh", "{process:?}");
    ensure!(arguments(process)[..2] == ["/bin/sh", "-c"], "{process:?}");
    Ok(())
}

/// Who comes by `nsenter` is of the host; whom the runtime lets in is of the container.
fn entered(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let pid = container.pid()?.to_string();
    let [alone, let_in] = ["entered", "let-in"].map(|name| world.mark(name));
    let script = |mark: &str| {
        format!("cp /opt/payload /tmp/{mark}; /bin/busybox true; /tmp/{mark} {mark}; true")
    };
    let enter = ["--target", &pid, "--all", "/bin/busybox", "sh", "-c", &script(&alone)];
    let output = Command::new("nsenter").args(enter).output()?;
    ensure!(output.status.success(), "{output:?}");
    container.sh(&script(&let_in))?;
    for (mark, wanted) in [(alone, WriterOrigin::Outside), (let_in, WriterOrigin::Inside)] {
        let seen = world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?;
        let writer = writer(&seen)?;
        ensure!(writer.origin == wanted, "{mark}: {writer:?}");
        let process = writer.process.as_ref().context("no process")?;
        ensure!(process.name.as_bytes() == b"cp", "{process:?}");
    }
    Ok(())
}

fn upper_directory(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("upper");
    let file = upper(&container)?.join("tmp").join(&mark);
    container.sh("mkdir -p /tmp && touch /tmp/made-by-the-container")?;
    fs::copy(world.lab.host_payload(), &file)?;
    append(&file)?;
    container.sh(&format!("/tmp/{mark} {mark}; true"))?;
    let seen = world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?;
    let writer = writer(&seen)?;
    ensure!(writer.origin == WriterOrigin::Unknown, "{writer:?}");
    ensure!(writer.process.is_none() && writer.time.is_none(), "{writer:?}");
    Ok(())
}

fn copied_in(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("copied-in");
    let file = world.directory("copied-in").with_extension("bin");
    fs::copy(world.lab.host_payload(), &file)?;
    append(&file)?;
    let path = format!("/opt/{mark}");
    let mut copy = container.docker().command();
    let copied = copy.arg("cp").arg(&file).arg(format!("{}:{path}", container.id)).output()?.status;
    ensure!(copied.success(), "docker cp ended with {copied}");
    container.sh(&format!("{path} {mark}; true"))?;

    let seen = world.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?;
    let writer = writer(&seen)?;
    ensure!(writer.origin == WriterOrigin::Outside, "{writer:?}");
    let process = writer.process.as_ref().context("no process")?;
    ensure!(arguments(process)[0].contains("docker"), "{process:?}");
    // The file's own event is the container's as well, whatever namespace Docker works in.
    let about = |event: &DriftEvent| {
        event.kind == Kind::File
            && event.file.as_ref().is_some_and(|it| it.path.as_bytes().ends_with(mark.as_bytes()))
    };
    world.watch.event(about)?;
    for event in world.watch.events()?.into_iter().filter(about) {
        let id = event.container.as_ref().map(|it| it.id.to_string());
        ensure!(id.as_ref() == Some(&container.id), "{event:?}");
    }
    Ok(())
}

/// Docker unpacks in a mount namespace and below a root of its own, on the host's behalf.
fn unpacked(world: &World) -> Result<()> {
    let _turn = world.shared();
    let mark = world.mark("unpacked");
    let directory = world.directory("unpacked");
    fs::create_dir(&directory)?;
    fs::write(directory.join(&mark), "content")?;
    let archive = directory.with_extension("tar");
    let mut tar = std::process::Command::new("tar");
    let made = tar.arg("-cf").arg(&archive).arg("-C").arg(&directory).arg(&mark).status()?;
    ensure!(made.success(), "tar ended with {made}");
    let container = world.start(&[])?;
    let reference = format!("driftcore/unpacked:{mark}");
    let imported =
        container.docker().command().arg("import").arg(&archive).arg(&reference).output()?.status;
    ensure!(imported.success(), "docker import ended with {imported}");
    container.docker().remove_image(&reference);

    world.fence(&container)?;
    let about = |event: &DriftEvent| {
        event.file.as_ref().is_some_and(|it| it.path.as_bytes().ends_with(mark.as_bytes()))
    };
    let found: Vec<_> = world.watch.events()?.into_iter().filter(about).collect();
    ensure!(found.is_empty(), "{found:?}");
    Ok(())
}

fn image(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("image-writer");
    container.sh(&format!("/opt/payload {mark}; true"))?;
    let seen = world.exec(&mark)?.silent(Verdict::Image, Evidence::Kernel)?;
    ensure!(seen.event.file.as_ref().is_some_and(|file| file.writer.is_none()), "{:?}", seen.event);
    Ok(())
}

fn upper(container: &DockerContainer) -> Result<std::path::PathBuf> {
    Ok(container.inspect("{{.GraphDriver.Data.UpperDir}}")?.into())
}

/// Makes a copy of the payload another file.
fn append(path: &Path) -> Result<()> {
    let mut bytes = fs::read(path)?;
    bytes.extend_from_slice(b"dropped");
    fs::write(path, bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
