//! `driftd baseline show`.

use std::io::BufWriter;
use std::io::Write;
use std::process::ExitCode;

use driftcore::baseline::Selector;
use driftcore::baseline::Workload;
use driftcore::event::Text;

use super::read;
use crate::cli::BaselineShowArguments;
use crate::cli::Format;
use crate::scan::printable::Printable;

pub(crate) fn show(arguments: &BaselineShowArguments) -> anyhow::Result<ExitCode> {
    let baseline = read(&arguments.baselines)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    match arguments.format {
        Format::Json => {
            writeln!(out, "{}", baseline.summary())?;
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
