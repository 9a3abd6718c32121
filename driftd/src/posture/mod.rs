//! `driftd posture`: what would have made drift impossible.

mod report;
mod suggest;
mod text;
mod worst;

use std::fs::File;
use std::io::BufWriter;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use driftcore::container::Runtimes;
use driftcore::engine::survey;
use driftcore::posture::Count;
use driftcore::posture::Level;
use driftcore::posture::Posture;
use driftcore::posture::of_container;
use driftcore::posture::read_pods;

use crate::cli::PostureArguments;
use crate::config::Config;
use crate::posture::report::Report;

/// Exit status when a container does not meet the level that is asked for.
const NOT_MET: u8 = 1;

pub(crate) fn posture(arguments: &PostureArguments) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let wanted: Option<Level> = arguments.fail_on.map(Into::into);
    let least = if let Some(path) = &arguments.pods {
        let mut report = Report::new(arguments.format, &mut out)?;
        let count = pods(path, &mut report)?;
        report.finish(Some(count), None)?;
        report.least()
    } else {
        let config = Config::load(&arguments.common)?;
        let runtimes = Runtimes::new(config.state_roots());
        match &arguments.container {
            Some(name) => one(arguments, &runtimes, name, &mut out)?,
            None => {
                let mut report = Report::new(arguments.format, &mut out)?;
                let names = survey(&config.state_roots()).context("cannot list the containers")?;
                for running in names {
                    let id = &running.container.id;
                    let stored = runtimes.find(id).map_err(anyhow::Error::from);
                    // One that ended meanwhile, or that no runtime knows, hides no other.
                    match stored.and_then(|stored| Ok(of_container(&runtimes, &stored)?)) {
                        Ok(posture) => report.add(posture)?,
                        Err(error) => {
                            report.failed();
                            eprintln!("driftd: {id}: {error:#}");
                        }
                    }
                }
                report.finish(None, None)?;
                report.least()
            }
        }
    };
    let is_met = wanted.is_none_or(|wanted| least.is_none_or(|least| least >= wanted));
    Ok(if is_met { ExitCode::SUCCESS } else { ExitCode::from(NOT_MET) })
}

/// One container, and what is suggested for it.
fn one(
    arguments: &PostureArguments,
    runtimes: &Runtimes,
    name: &str,
    out: &mut impl Write,
) -> anyhow::Result<Option<Level>> {
    let stored = runtimes.find(name)?;
    let posture = of_container(runtimes, &stored)?;
    let level = posture.level;
    let suggestion = suggest::suggest(&stored, &posture, arguments.events.as_deref())?;
    if arguments.suggest {
        write!(out, "{suggestion}")?;
        out.flush()?;
    } else {
        let mut report = Report::new(arguments.format, out)?;
        report.add(posture)?;
        report.finish(None, Some(&suggestion))?;
    }
    Ok(Some(level))
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
