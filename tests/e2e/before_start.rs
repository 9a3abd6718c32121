//! What ran before `driftd` did.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::DriftEvent;
use driftcore::event::Evidence;
use driftcore::event::Verdict;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;

use crate::Case;
use crate::code::flip;
use crate::world::Seen;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("drifted_process_before_start_is_reported_once", drifted),
    ("clean_process_before_start_is_seen_and_silent", clean),
    ("clean_file_of_a_container_before_start_is_silent_when_run_later", later),
];

fn is_before(event: &DriftEvent, container: &DockerContainer, path: &str) -> bool {
    event.before_start
        && event.container.as_ref().is_some_and(|it| it.id == container.id)
        && event.file.as_ref().is_some_and(|file| file.path.as_bytes() == path.as_bytes())
}

/// Starts a `driftd` of its own and lets it see one more attack, so that its start is over.
fn start(world: &World, container: &DockerContainer) -> Result<Driftd> {
    let driftd = Driftd::start(&world.options, &world.directory("before-start"))?;
    let mark = world.mark("fence");
    container.sh(&format!("cp /opt/payload /tmp/{mark}; /tmp/{mark} {mark}"))?;
    Seen::by(&driftd, &mark)?.drift(Verdict::Added, Evidence::Kernel)?;
    Ok(driftd)
}

fn drifted(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    // Two drifted processes, one provable by the kernel and one by content; both stay.
    container.sh(&format!(
        "set -e; cp /opt/attack /tmp/x; printf x >> /tmp/x; (/tmp/x wait one >/dev/null &); {}; (/opt/daemon wait two >/dev/null &)",
        flip("/opt/daemon")
    ))?;
    let driftd = start(world, &container)?;
    let added = Seen::find(&driftd, |event| is_before(event, &container, "/tmp/x"))?
        .drift(Verdict::Added, Evidence::Kernel)?
        .within(&container, &world.image)?;
    let process = added.event.process.as_ref().context("no process")?;
    let arguments: Vec<_> = process.cmdline.iter().map(ToString::to_string).collect();
    ensure!(arguments == ["/tmp/x", "wait", "one"], "cmdline {arguments:?}");
    let two = |event: &DriftEvent| {
        is_before(event, &container, "/opt/daemon") && crate::world::carries(event, "two")
    };
    Seen::find(&driftd, two)?.drift(Verdict::Modified, Evidence::Content)?;

    let ended = driftd.end(rustix::process::Signal::TERM)?;
    let count = |path: &str, mark: &str| {
        let it = |event: &&DriftEvent| {
            is_before(event, &container, path) && crate::world::carries(event, mark)
        };
        (ended.all.iter().filter(it).count(), ended.drift.iter().filter(it).count())
    };
    ensure!(count("/tmp/x", "one") == (1, 1), "reported {:?} times", count("/tmp/x", "one"));
    ensure!(count("/opt/daemon", "two") == (1, 1), "{:?} times", count("/opt/daemon", "two"));
    Ok(())
}

fn clean(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let driftd = start(world, &container)?;
    Seen::find(&driftd, |event| is_before(event, &container, "/opt/attack"))?
        .silent(Verdict::Image, Evidence::Kernel)?
        .within(&container, &world.image)?;
    let of_it = |event: &&DriftEvent| is_before(event, &container, "/opt/attack");
    let ended = driftd.end(rustix::process::Signal::TERM)?;
    let count = ended.all.iter().filter(of_it).count();
    ensure!(count == 1, "seen {count} times");
    Ok(())
}

fn later(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    container.sh(&format!("chmod 711 /opt/p1; {}", flip("/opt/p2")))?;
    let driftd = start(world, &container)?;
    let (good, bad) = (world.mark("later-good"), world.mark("later-bad"));
    container.sh(&format!("/opt/p1 {good}; /opt/p2 {bad}; true"))?;
    Seen::by(&driftd, &good)?
        .silent(Verdict::CopiedUp, Evidence::Content)?
        .within(&container, &world.image)?;
    Seen::by(&driftd, &bad)?
        .drift(Verdict::Modified, Evidence::Content)?
        .within(&container, &world.image)?;
    Ok(())
}
