//! What is lost is counted, and what still runs is found again.

use std::fs;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Evidence;
use driftcore::event::Kind;
use driftcore::event::LossReason;
use driftcore::event::Verdict;
use driftcore_e2e::Driftd;
use rustix::process::Signal;

use crate::Case;
use crate::world::Seen;
use crate::world::World;
use crate::world::carries;

pub(crate) const CASES: &[Case] =
    &[("lost_execs_are_counted_and_what_still_runs_is_found_again", lost)];

/// Far more execs than the smallest ring holds.
const EXECS: usize = 300;

fn lost(world: &World) -> Result<()> {
    let _turn = world.alone();
    let container = world.start(&[])?;
    container.sh("set -e; cp /opt/attack /tmp/x; printf x >> /tmp/x")?;
    let directory = world.directory("loss");
    fs::create_dir_all(&directory)?;
    let config = directory.join("driftd.toml");
    fs::write(&config, "[sensor]\nexec_ring_bytes = 4096\nlife_ring_bytes = 4096\n")?;
    let options = world.options.clone().argument("--config").argument(&config);
    let driftd = Driftd::start(&options, &directory)?;

    // Nobody reads while the rings overflow and a drifted program starts that stays.
    driftd.signal(Signal::STOP)?;
    let flood = world.mark("flood");
    let stays = world.mark("stays");
    container.sh(&format!("/opt/attack storm {EXECS} 2 {flood} /opt/p3"))?;
    container.sh(&format!("(/tmp/x wait {stays} >/dev/null &)"))?;
    driftd.signal(Signal::CONT)?;

    let dropped = driftd.event(|event| event.action == Action::Dropped)?;
    ensure!(dropped.kind == Kind::Sensor && dropped.drift, "{dropped:?}");
    let found = Seen::by(&driftd, &stays)?.drift(Verdict::Added, Evidence::Kernel)?;
    ensure!(found.event.recovered, "it was found, so its event was lost: {:?}", found.event);
    found.within(&container, &world.image)?.path("/tmp/x")?;

    // From here on nothing is missing.
    let after = world.mark("after");
    container.sh(&format!("/tmp/x true {after} || true"))?;
    let after = Seen::by(&driftd, &after)?.drift(Verdict::Added, Evidence::Kernel)?;
    ensure!(!after.event.recovered, "{:?}", after.event);

    let ended = driftd.end(Signal::TERM)?;
    let lost: u64 =
        ended.all.iter().filter_map(|event| event.lost.get(&LossReason::ExecRing)).sum();
    let seen = |event: &&DriftEvent| carries(event, &flood) && !event.recovered;
    let seen = ended.all.iter().filter(seen).count();
    let summary = ended.stderr.lines().last().context("no summary")?;
    ensure!(summary.contains(&format!("exec_ring={lost}")), "lost {lost}, but: {summary}");
    // The storm's own execs, the shells that began it and the program that stays.
    let total = usize::try_from(lost)? + seen;
    ensure!((EXECS..EXECS + 20).contains(&total), "{seen} seen and {lost} lost of {EXECS}");
    let count = ended.all.iter().filter(|event| carries(event, &stays)).count();
    ensure!(count == 1, "the program that stays was reported {count} times");
    Ok(())
}
