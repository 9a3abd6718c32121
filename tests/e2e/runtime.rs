//! What runtimes do by themselves, and containers that end at once.

use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Evidence;
use driftcore::event::Kind;
use driftcore::event::Verdict;

use crate::Case;
use crate::code::drop_at;
use crate::world::Seen;
use crate::world::World;
use crate::world::carries;

pub(crate) const CASES: &[Case] = &[
    ("start_and_exec_of_a_clean_container_are_silent", clean),
    ("docker_exec_of_an_image_file_is_silent", docker_exec),
    ("docker_exec_of_a_dropped_file_is_added", docker_exec_dropped),
    ("first_process_of_a_container_has_the_hosts_pid", first_process),
    ("container_killed_at_once_after_the_drift_is_reported", killed),
    ("container_whose_first_process_is_the_drift_is_reported", first_is_drift),
    ("host_processes_make_no_events", host),
];

fn clean(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    container.sh("true")?;
    container.exec(&["/opt/payload", "clean"])?;
    world.fence(&container)?;
    let events = world.watch.drift_events()?;
    let own = |event: &&driftcore::event::DriftEvent| {
        event.container.as_ref().is_some_and(|it| it.id == container.id)
    };
    // Only the fence, which came last. It wrote its program to the place where it ran.
    let fence = |event: &&driftcore::event::DriftEvent| {
        let path = event.file.as_ref().map(|file| file.path.to_string());
        event.kind == Kind::File && path.is_some_and(|path| path.contains("mark-fence-"))
    };
    let drift: Vec<_> = events.iter().filter(own).filter(|event| !fence(event)).collect();
    ensure!(drift.len() == 1, "drift in a clean container: {drift:?}");
    let events = world.watch.events()?;
    let first = events.iter().find(own).context("the first process was not seen")?;
    let verdict = first.provenance.as_ref().map(|provenance| provenance.verdict);
    ensure!(verdict == Some(Verdict::Image), "the first event is {first:?}");
    Ok(())
}

fn docker_exec(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("docker-exec");
    container.exec(&["/opt/payload", &mark])?;
    world
        .exec(&mark)?
        .silent(Verdict::Image, Evidence::Kernel)?
        .path("/opt/payload")?
        .within(&container, &world.image)?;
    Ok(())
}

fn docker_exec_dropped(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("docker-exec");
    container.sh(&drop_at("/tmp/x"))?;
    container.exec(&["/tmp/x", &mark])?;
    world
        .exec(&mark)?
        .drift(Verdict::Added, Evidence::Kernel)?
        .path("/tmp/x")?
        .within(&container, &world.image)?;
    Ok(())
}

fn first_process(world: &World) -> Result<()> {
    let _turn = world.shared();
    let mark = world.mark("first");
    let container =
        world.lab.docker().start_with(&world.image, &[], &["/opt/attack", "wait", &mark])?;
    let seen = world
        .exec(&mark)?
        .silent(Verdict::Image, Evidence::Kernel)?
        .within(&container, &world.image)?;
    let process = seen.event.process.as_ref().context("no process")?;
    let expected = container.pid()?;
    ensure!(
        (process.pid, process.container_pid) == (expected, 1),
        "pid {} and {} in the container, expected {expected} and 1",
        process.pid,
        process.container_pid
    );
    Ok(())
}

fn killed(world: &World) -> Result<()> {
    let _turn = world.shared();
    let mark = world.mark("killed");
    let script = format!("cp /opt/attack /tmp/x; printf x >> /tmp/x; exec /tmp/x wait {mark}");
    let container =
        world.lab.docker().start_with(&world.image, &[], &["/bin/sh", "-c", &script])?;
    // As soon as the file runs, and without waiting for driftd.
    while !std::fs::read(format!("/proc/{}/cmdline", container.pid()?))?.starts_with(b"/tmp/x") {}
    container.kill();
    world
        .exec(&mark)?
        .drift(Verdict::Added, Evidence::Kernel)?
        .path("/tmp/x")?
        .within(&container, &world.image)?;
    Ok(())
}

fn first_is_drift(world: &World) -> Result<()> {
    let _turn = world.shared();
    let mark = world.mark("first-is-drift");
    let script = format!("{}; exec /tmp/x {mark}", drop_at("/tmp/x"));
    // It ends by itself within microseconds.
    let container =
        world.lab.docker().start_with(&world.image, &[], &["/bin/sh", "-c", &script])?;
    world
        .exec(&mark)?
        .drift(Verdict::Added, Evidence::Kernel)?
        .path("/tmp/x")?
        .within(&container, &world.image)?;
    Ok(())
}

fn host(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("host");
    ensure!(Command::new(world.lab.host_payload()).arg(&mark).status()?.success());
    world.fence(&container)?;
    let driftd = world.watch.pid();
    for event in world.watch.events()? {
        ensure!(!carries(&event, &mark), "a process of the host: {event:?}");
        let pid = event.process.as_ref().map(|process| process.pid);
        ensure!(pid != Some(driftd), "driftd itself: {event:?}");
        ensure!(
            event.process.is_none() || event.container.is_some(),
            "a process of no container: {event:?}"
        );
    }
    let fence = Seen::find(&world.watch, |event| {
        event.container.as_ref().is_some_and(|it| it.id == container.id)
    });
    fence.map(|_| ())
}
