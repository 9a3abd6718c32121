//! `driftd baseline suggest`.

use std::io::BufWriter;
use std::io::Write;
use std::process::ExitCode;

use driftcore::baseline::Judged;
use driftcore::baseline::Suggester;

use crate::cli::BaselineSuggestArguments;
use crate::cli::Format;
use crate::recorded::Lines;

pub(crate) fn suggest(arguments: &BaselineSuggestArguments) -> anyhow::Result<ExitCode> {
    let judge = super::judge(&arguments.baseline, arguments.exceptions.as_deref())?;
    let mut lines = Lines::open(&arguments.from)?;
    let mut suggester = Suggester::new();
    while let Some(event) = lines.next_event()? {
        suggester.see(&event, judge.judge(&event) == Judged::Departs);
    }
    let suggestions = suggester.suggest();
    let mut out = BufWriter::new(std::io::stdout().lock());
    match arguments.format {
        Format::Json => writeln!(out, "{}", suggestions.report())?,
        Format::Text => write!(out, "{suggestions}")?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
