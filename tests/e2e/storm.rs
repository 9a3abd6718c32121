//! Twenty thousand execs as fast as two processors do them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Evidence;
use driftcore::event::Kind;
use driftcore::event::Verdict;

use crate::Case;
use crate::code::drop_at;
use crate::code::flip;
use crate::world::World;
use crate::world::carries;

pub(crate) const CASES: &[Case] =
    &[("storm_of_20000_execs_is_seen_whole_with_every_verdict_right", storm)];

const EXECS: usize = 20_000;
const WORKERS: usize = 2;

fn storm(world: &World) -> Result<()> {
    let _turn = world.alone();
    let container = world.start(&[])?;
    container.sh(&format!(
        "set -e; {}; {}; chmod 711 /opt/p2",
        drop_at("/tmp/x"),
        flip("/opt/p1")
    ))?;
    let files = BTreeMap::from([
        ("/opt/p3", (false, Verdict::Image, Evidence::Kernel)),
        ("/tmp/x", (true, Verdict::Added, Evidence::Kernel)),
        ("/opt/p2", (false, Verdict::CopiedUp, Evidence::Content)),
        ("/opt/p1", (true, Verdict::Modified, Evidence::Content)),
    ]);
    let mark = world.mark("storm");
    let paths: Vec<&str> = files.keys().copied().collect();
    container.sh(&format!("/opt/attack storm {EXECS} {WORKERS} {mark} {}", paths.join(" ")))?;

    let events = world.watch.events_where(EXECS, |event| carries(event, &mark))?;
    // Events about files have a budget, and it may have kept some back. Of execs none is.
    let of_itself =
        |event: &DriftEvent| event.kind == Kind::Sensor && event.action != Action::Suppressed;
    let sensor = world.watch.events()?.into_iter().find(of_itself);
    ensure!(sensor.is_none(), "the sensor speaks of itself: {sensor:?}");
    let mut numbers = BTreeSet::new();
    for event in &events {
        let process = event.process.as_ref().context("no process")?;
        let path = event.file.as_ref().context("no file")?.path.to_string();
        let number = process.cmdline.get(2).context("no number")?.to_string();
        let expected = files.get(path.as_str()).with_context(|| format!("path {path}"))?;
        let provenance = event.provenance.as_ref().context("no provenance")?;
        let got = (event.drift, provenance.verdict, provenance.evidence);
        ensure!(
            got == *expected,
            "{number} {path}: expected {expected:?}, got {got:?} ({})",
            provenance.reason
        );
        let id = event.container.as_ref().map(|container| container.id.as_str());
        ensure!(id == Some(container.id.as_str()), "{number}: container {id:?}");
        ensure!(numbers.insert(number.clone()), "{number} was reported twice");
    }
    ensure!(numbers.len() == EXECS, "{} of {EXECS} execs were seen", numbers.len());
    Ok(())
}
