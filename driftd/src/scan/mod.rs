//! `driftd scan`: what has this container become, against the image it came from?

mod describe;
mod group;
mod html;
mod ignored;
mod json;
mod packages;
mod printable;
mod progress;
mod report;
mod summary;
mod target;
mod text;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use driftcore::image::OverlayScan;
use driftcore::package::PackageScan;

use crate::FAILED;
use crate::cli::ScanArguments;
use crate::cli::ScanFormat;
use crate::config::Config;
use crate::scan::html::Html;
use crate::scan::ignored::Ignored;
use crate::scan::json::Json;
use crate::scan::report::Report;
use crate::scan::target::Target;
use crate::scan::text::Text;

/// Exit status when something differs.
const DIFFERS: u8 = 1;

pub(crate) fn scan(arguments: &ScanArguments) -> anyhow::Result<ExitCode> {
    let ignored = match &arguments.ignore {
        Some(path) => Ignored::read(path)?,
        None => Ignored::default(),
    };
    let target = match (&arguments.container, &arguments.upper) {
        (Some(name), _) => Target::container(&Config::load(&arguments.common)?, name)?,
        (None, Some(upper)) => Target::directories(upper, &arguments.lower, arguments.userxattr),
        (None, None) => anyhow::bail!("name a container, or --upper and --lower directories"),
    };
    raise_descriptors();
    let mut scan = OverlayScan::new(&target.layers);
    scan.times(arguments.times)
        .whiteout_files(arguments.whiteout_files)
        .mount_points(&target.mount_points)
        .users(target.users());
    if let Some(threads) = arguments.threads {
        scan.threads(threads);
    }
    let packages = PackageScan::new(&target.layers)
        .with_context(|| format!("cannot scan {}", target.name()))?;
    let out = std::io::BufWriter::new(std::io::stdout().lock());
    let start = Instant::now();
    let summary = match arguments.format {
        ScanFormat::Json => {
            run(&scan, packages, ignored, arguments, Json::new(out, &target), start)
        }
        ScanFormat::Text => {
            run(&scan, packages, ignored, arguments, Text::new(out, &target), start)
        }
        ScanFormat::Html => {
            run(&scan, packages, ignored, arguments, Html::new(out, &target), start)
        }
    };
    let summary = summary.with_context(|| format!("cannot scan {}", target.name()))?;
    if summary.failed > 0 {
        return Ok(ExitCode::from(DIFFERS));
    }
    if summary.unseen > 0 {
        eprintln!(
            "driftd: {} path(s) could not be read or compared, so that nothing differs is not \
             proved: see the errors in the report",
            summary.unseen
        );
        return Ok(ExitCode::from(FAILED));
    }
    Ok(ExitCode::SUCCESS)
}

fn run(
    scan: &OverlayScan,
    packages: PackageScan,
    ignored: Ignored,
    arguments: &ScanArguments,
    form: impl report::Form,
    start: Instant,
) -> anyhow::Result<summary::Summary> {
    let mut report = Report::new(form, ignored, &arguments.fail_on);
    report.packages(packages);
    let result = scan.run(&mut report);
    report.finish(result, start.elapsed())
}

/// A walk holds a descriptor for each directory on the way down, many times what a shell allows
/// where directories are deep. The hard limit is what an administrator allows.
fn raise_descriptors() {
    use rustix::process::Resource;
    use rustix::process::Rlimit;

    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    // Without it a deep directory is a problem in the report.
    let _ = rustix::process::setrlimit(Resource::Nofile, raised);
}
