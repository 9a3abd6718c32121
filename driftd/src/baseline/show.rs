//! `driftd baseline show`.

use std::io::BufWriter;
use std::io::Write;
use std::process::ExitCode;

use driftcore::baseline::Selector;
use driftcore::baseline::Workload;
use driftcore::event::Text;
use serde_json::json;

use super::read;
use crate::cli::BaselineShowArguments;
use crate::cli::Format;
use crate::scan::printable::Printable;

pub(crate) fn show(arguments: &BaselineShowArguments) -> anyhow::Result<ExitCode> {
    let baseline = read(&arguments.baselines)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    match arguments.format {
        Format::Json => {
            let workloads: Vec<_> = baseline.workloads().map(to_json).collect();
            writeln!(out, "{}", json!({"version": 1, "workloads": workloads}))?;
        }
        Format::Text => {
            for workload in baseline.workloads() {
                write(&mut out, workload)?;
            }
            writeln!(out, "{} kind(s) of containers", baseline.workloads().count())?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn to_json((selector, workload): (Selector, &Workload)) -> serde_json::Value {
    let mut line = json!({
        "selector": selector.to_string(),
        "names": workload.names().collect::<Vec<_>>(),
        "first": workload.seen().map(|(first, _)| first),
        "last": workload.seen().map(|(_, last)| last),
    });
    for (key, count) in workload.counts() {
        line[key] = count.into();
    }
    line
}

fn write(out: &mut impl Write, (selector, workload): (Selector, &Workload)) -> std::io::Result<()> {
    let shown = |text: &str| Printable(&Text::from(text)).to_string();
    writeln!(out, "{}", shown(&selector.to_string()))?;
    for name in workload.names() {
        writeln!(out, "  {}", shown(name))?;
    }
    if let Some((first, last)) = workload.seen() {
        writeln!(out, "  seen from {first} to {last}")?;
    }
    let counts = workload.counts().map(|(key, count)| format!("{count} {key}"));
    writeln!(out, "  {}", counts.join(", "))
}
