//! `driftd baseline learn`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::Context;
use anyhow::bail;
use driftcore::baseline::Baseline;
use driftcore::baseline::LearnOptions;
use driftcore::baseline::Learned;
use driftcore::baseline::Learner;
use driftcore::event::Text;
use driftcore::event::Timestamp;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;

use crate::atomic;
use crate::cli::BaselineLearnArguments;
use crate::cli::Format;
use crate::recorded::Lines;
use crate::scan::printable::Printable;

pub(crate) fn learn(arguments: &BaselineLearnArguments) -> anyhow::Result<ExitCode> {
    let mut lines = Lines::open(&arguments.from)?;
    if arguments.from == Path::new("-") {
        // A stream ends when its writer does, in time, or by a signal; what came until then counts.
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&stop))
                .context("cannot wait for signals")?;
        }
        lines.stopped_by(stop);
        lines.until(arguments.duration.and_then(|duration| Instant::now().checked_add(duration.0)));
    }
    let mut learner =
        Learner::new(LearnOptions { accept: arguments.accept, label: arguments.select.clone() });
    let mut last: Option<Timestamp> = None;
    while let Some(event) = lines.next_event()? {
        if let Some(duration) = arguments.duration {
            let length = i64::try_from(duration.0.as_nanos()).unwrap_or(i64::MAX);
            let until = event.time.as_nanos().saturating_add(length);
            let last = *last.get_or_insert(Timestamp::from_nanos(until));
            if event.time > last {
                break;
            }
        }
        learner.learn(&event);
    }
    let (baseline, learned) = learner.finish();
    report(arguments.format, &baseline, &learned)?;
    if baseline.is_empty() {
        bail!("nothing was learned; {} is not written", arguments.output.display());
    }
    atomic::replace(&arguments.output, baseline.to_string().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn report(format: Format, baseline: &Baseline, learned: &Learned) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if format == Format::Json {
        writeln!(out, "{}", learned.report(baseline))?;
        return Ok(());
    }
    let workloads = baseline.workloads().count();
    let entries: usize = baseline.workloads().map(|(_, workload)| workload.len()).sum();
    writeln!(
        out,
        "learned {} of {} event(s): {entries} thing(s) of {workloads} kind(s) of containers",
        learned.learned, learned.events
    )?;
    for (count, what) in [
        (learned.not_covered, "of kinds that baselines say nothing of, or changed nothing"),
        (learned.other_containers, "of containers without the label"),
        (learned.unknown_containers, "of containers whose image is not known"),
        (learned.left_out, "left out: more different things than a baseline holds"),
        (learned.lost, "lost by the sensor before they were recorded"),
        (learned.refused, "refused"),
    ] {
        if count > 0 {
            writeln!(out, "{count} {what}")?;
        }
    }
    for refused in &learned.refusals {
        let what = Text::from(refused.what.as_str());
        writeln!(
            out,
            "  refused {}x {}: {} ({})",
            refused.count,
            Printable(&Text::from(refused.selector.to_string())),
            Printable(&what),
            refused.reason
        )?;
    }
    let listed: u64 = learned.refusals.iter().map(|refused| refused.count).sum();
    if listed < learned.refused {
        writeln!(out, "  refused {}x more, not listed", learned.refused - listed)?;
    }
    Ok(())
}
