//! `driftd baseline`: what containers normally do.

mod check;
mod judge;
mod learn;
mod show;
mod suggest;

use std::path::PathBuf;
use std::process::ExitCode;

use driftcore::baseline::Baseline;

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
