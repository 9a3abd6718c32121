//! `driftd posture`: what would have made drift impossible.

mod report;
mod text;
mod worst;

use std::fs::File;
use std::io::BufWriter;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use driftcore::posture::Count;
use driftcore::posture::Posture;
use driftcore::posture::read_pods;

use crate::cli::PostureArguments;
use crate::posture::report::Report;

/// Exit status when a container does not meet the level that is asked for.
const NOT_MET: u8 = 1;

pub(crate) fn posture(arguments: &PostureArguments) -> anyhow::Result<ExitCode> {
    let out = BufWriter::new(std::io::stdout().lock());
    let mut report = Report::new(arguments.format, out)?;
    let count = pods(&arguments.pods, &mut report)?;
    report.finish(Some(count))?;
    let wanted = arguments.fail_on.map(Into::into);
    let is_met = wanted.is_none_or(|wanted| report.least().is_none_or(|least| least >= wanted));
    Ok(if is_met { ExitCode::SUCCESS } else { ExitCode::from(NOT_MET) })
}

/// Tells of pods while they are read.
fn pods(path: &Path, report: &mut Report<impl Write>) -> anyhow::Result<Count> {
    if path == Path::new("-") {
        return from(Path::new("standard input"), std::io::stdin().lock(), report);
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    from(path, file, report)
}

fn from(path: &Path, input: impl Read, report: &mut Report<impl Write>) -> anyhow::Result<Count> {
    let mut written = Ok(());
    let each = |posture: Posture| {
        if written.is_ok() {
            written = report.add(posture);
        }
    };
    let count = read_pods(path, input, each)?;
    written?;
    Ok(count)
}
