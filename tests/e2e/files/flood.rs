//! One container writes and connects as fast as it can, beside another that runs a dropped file now
//! and then.

use std::fs;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore::event::LossReason;
use driftcore::event::Verdict;
use driftcore::event::WriterOrigin;
use driftcore_e2e::Driftd;
use rustix::process::Signal;

use super::stage::arguments;
use crate::Case;
use crate::code::drop_at;
use crate::world::World;
use crate::world::carries;

pub(crate) const CASES: &[Case] =
    &[("flood_costs_no_exec_beside_it_and_what_it_lost_adds_up", flood)];

/// Another number of seconds: `cargo xtask deep` takes longer.
const SECONDS: &str = "DRIFTCORE_FLOOD_SECONDS";
/// Dropped files run a second.
const EXECS: usize = 10;
/// Memory of its own that driftd may have when it is over, in KiB; rings do not count.
const MEMORY_KIB: u64 = 128 << 10;
/// Operations on files of one round of the flood.
const OPERATIONS: u64 = 3;

fn flood(world: &World) -> Result<()> {
    let _turn = world.alone();
    let seconds: usize = std::env::var(SECONDS).map_or(Ok(8), |text| text.parse())?;
    let driftd = Driftd::start(&world.options, &world.lab.in_memory("flood")?)?;
    let (noisy, quiet) = (world.start(&[])?, world.start(&[])?);
    let (noise, mark) = (world.mark("noise"), world.mark("quiet"));
    quiet.sh(&drop_at("/tmp/x"))?;

    let execs = seconds * EXECS;
    let done = std::thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let seconds = seconds.to_string();
            noisy.exec(&["/opt/attack", "flood", &seconds, "/tmp/noise", &noise])
        });
        let gap = (1_000_000 / EXECS).to_string();
        let count = execs.to_string();
        let ran = quiet.exec(&["/opt/attack", "stamped", &count, &gap, "/tmp/x", &mark]);
        let done = flood.join().map_err(|_| anyhow::anyhow!("the flood panicked"))?;
        ran.and(done)
    })?;
    let count = |what: &str| -> Result<u64> {
        let line = done.lines().find_map(|line| line.strip_prefix(what));
        Ok(line.with_context(|| format!("no {what}: {done}"))?.trim().parse()?)
    };
    let (rounds, connections) = (count("files")?, count("connections")?);

    // Each exec, whole: whoever floods, it is another container that pays.
    let is_exec = |event: &DriftEvent| event.kind == Kind::Binary && carries(event, &mark);
    let ran = |event: &DriftEvent| is_exec(event) && arguments(event)[0] == "/tmp/x";
    let seen = driftd.events_where(execs, ran)?;
    ensure!(seen.len() == execs, "{} of {execs} execs", seen.len());
    for event in &seen {
        let verdict = event.provenance.as_ref().map(|it| it.verdict);
        ensure!(verdict == Some(Verdict::Added) && event.drift && !event.recovered, "{event:?}");
        let writer = event.file.as_ref().and_then(|file| file.writer.as_ref());
        let writer = writer.with_context(|| format!("no writer: {event:?}"))?;
        ensure!(writer.origin == WriterOrigin::Inside, "{writer:?}");
        ensure!(
            writer.process.as_ref().is_some_and(|it| it.name.as_bytes() == b"sh"),
            "{writer:?}"
        );
    }
    let memory = anonymous_kib(driftd.pid())?;
    ensure!(memory < MEMORY_KIB, "{memory} KiB of memory");

    let ended = driftd.end(Signal::TERM)?;
    let of_noisy = |event: &&DriftEvent| {
        event.container.as_ref().is_some_and(|container| container.id == noisy.id)
    };
    let suppressed: Vec<_> =
        ended.all.iter().filter(|it| it.action == Action::Suppressed).collect();
    ensure!(suppressed.iter().all(of_noisy), "another container was kept back: {suppressed:?}");
    let lost = |action: Action, reason: LossReason| -> u64 {
        let events = ended.all.iter().filter(|event| event.action == action);
        events.filter_map(|event| event.lost.get(&reason)).sum()
    };
    let kept_back = lost(Action::Suppressed, LossReason::FileBudget);
    let dropped = lost(Action::Dropped, LossReason::BulkRing);
    let files = ended.all.iter().filter(of_noisy);
    let files =
        files.filter(|event| event.kind == Kind::File && arguments(event).last() == Some(&noise));
    let seen = u64::try_from(files.count())?;
    ensure!(kept_back > 0, "{rounds} rounds and {connections} connections were no flood");
    ensure!(
        seen + kept_back + dropped == OPERATIONS * rounds,
        "{seen} seen, {kept_back} kept back and {dropped} dropped of {OPERATIONS} times {rounds}"
    );
    println!(
        "{seconds} s: {rounds} rounds, {connections} connections, {seen} seen, {kept_back} kept back, \
         {dropped} dropped, {memory} KiB"
    );
    Ok(())
}

fn anonymous_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    Ok(line.context("no RssAnon")?.trim().trim_end_matches(" kB").parse()?)
}
