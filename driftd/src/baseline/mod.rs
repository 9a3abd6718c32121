//! `driftd baseline`: what containers normally do.

mod check;
mod learn;
mod show;
mod suggest;

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use driftcore::baseline::Baseline;
use driftcore::baseline::Exceptions;
use driftcore::baseline::Judge;

use crate::atomic;
use crate::cli::BaselineCommand;
use crate::cli::BaselineMergeArguments;

pub(crate) fn baseline(command: &BaselineCommand) -> anyhow::Result<ExitCode> {
    match command {
        BaselineCommand::Learn(arguments) => learn::learn(arguments),
        BaselineCommand::Show(arguments) => show::show(arguments),
        BaselineCommand::Check(arguments) => check::check(arguments),
        BaselineCommand::Merge(arguments) => merge(arguments),
        BaselineCommand::Suggest(arguments) => suggest::suggest(arguments),
    }
}

fn merge(arguments: &BaselineMergeArguments) -> anyhow::Result<ExitCode> {
    let merged = read(&arguments.baselines)?;
    atomic::replace(&arguments.output, merged.to_string().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// What any of these files expects.
fn read(paths: &[PathBuf]) -> anyhow::Result<Baseline> {
    let mut merged = Baseline::new();
    for path in paths {
        merged.merge(Baseline::read(path)?);
    }
    Ok(merged)
}

/// Without baselines, what departs is what was drift when it was recorded.
fn judge(baselines: &[PathBuf], exceptions: Option<&Path>) -> anyhow::Result<Judge> {
    let baseline = if baselines.is_empty() { None } else { Some(read(baselines)?) };
    let exceptions = exceptions.map(Exceptions::read).transpose()?.unwrap_or_default();
    Ok(Judge::new(baseline, exceptions))
}
