//! `driftd scan`: what has this container become, against the image it came from?

mod describe;
mod group;
mod html;
mod ignored;
mod json;
mod packages;
pub(crate) mod printable;
mod progress;
mod report;
mod summary;
mod target;
mod text;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use driftcore::image::OverlayScan;
use driftcore::image::Progress;
use driftcore::image::RootScan;
use driftcore::image::ScanError;
use driftcore::image::ScanOptions;
use driftcore::image::Visitor;
use driftcore::image::manifest::Image;
use driftcore::image::manifest::ManifestFile;
use driftcore::package::PackageScan;
use driftcore::package::Packages;

use crate::FAILED;
use crate::cli::ScanArguments;
use crate::cli::ScanFormat;
use crate::config::Config;
use crate::scan::html::Html;
use crate::scan::ignored::Ignored;
use crate::scan::json::Json;
pub(crate) use crate::scan::printable::Printable;
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
    let against = Against::of(arguments)?;
    let name = against.as_ref().map(Against::name);
    let target = match (&arguments.container, &arguments.upper, &arguments.rootfs) {
        (Some(container), _, _) => {
            Target::container(&Config::load(&arguments.common)?, container, name)?
        }
        (None, Some(upper), _) => Target::directories(upper, &arguments.lower, arguments.userxattr),
        (None, None, Some(root)) => Target::root_directory(root, name.unwrap_or_default()),
        (None, None, None) => {
            anyhow::bail!("name a container, or --upper and --lower directories, or --rootfs")
        }
    };
    raise_descriptors();
    let scan = Scan { target: &target, arguments, against: against.as_ref() };
    let packages = scan.packages().with_context(|| format!("cannot scan {}", target.name()))?;
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

/// What a root directory is compared with.
enum Against {
    Image(String, Box<Image>),
    Manifest(String, ManifestFile),
}

impl Against {
    fn of(arguments: &ScanArguments) -> anyhow::Result<Option<Self>> {
        if let Some(path) = &arguments.manifest {
            let name = path.display().to_string();
            return Ok(Some(Self::Manifest(name, ManifestFile::open(path)?)));
        }
        let Some(name) = &arguments.image else { return Ok(None) };
        let config = || Config::load(&arguments.common);
        let image = crate::manifest::open(name, &arguments.reading, config)?;
        Ok(Some(Self::Image(name.clone(), Box::new(image))))
    }

    fn name(&self) -> &str {
        match self {
            Self::Image(name, _) | Self::Manifest(name, _) => name,
        }
    }
}

/// A scan that is about to be made.
struct Scan<'a> {
    target: &'a Target,
    arguments: &'a ScanArguments,
    against: Option<&'a Against>,
}

impl Scan<'_> {
    /// What tells of packages. `None` where nothing is known of those of the image.
    fn packages(&self) -> anyhow::Result<Option<PackageScan>> {
        let (Some((root, _)), Some(against)) = (&self.target.root, self.against) else {
            return Ok(Some(PackageScan::new(&self.target.layers)?));
        };
        let packages = match against {
            Against::Image(_, image) => Some(Packages::of(&image.tree())),
            Against::Manifest(_, file) => Packages::of_manifest(file)?,
        };
        Ok(packages.map(|packages| PackageScan::of_root(root, packages)).transpose()?)
    }

    fn run(&self, visitor: &mut dyn Visitor) -> Result<Progress, ScanError> {
        let Self { target, arguments, against } = *self;
        let mut options = ScanOptions::default();
        options.times = arguments.times;
        options.threads = arguments.threads.unwrap_or(options.threads);
        options.mount_points.clone_from(&target.mount_points);
        options.users = target.users();
        let (Some((root, _)), Some(against)) = (&target.root, against) else {
            let mut scan = OverlayScan::new(&target.layers);
            return scan.options(options).whiteout_files(arguments.whiteout_files).run(visitor);
        };
        let mut scan = RootScan::new(root);
        scan.options(options);
        match against {
            Against::Image(_, image) => scan.run(&mut *image.nodes(), visitor),
            Against::Manifest(_, file) => scan.run(&mut file.nodes()?, visitor),
        }
    }
}

fn run(
    scan: &Scan<'_>,
    packages: Option<PackageScan>,
    ignored: Ignored,
    arguments: &ScanArguments,
    form: impl report::Form,
    start: Instant,
) -> anyhow::Result<summary::Summary> {
    let mut report = Report::new(form, ignored, &arguments.fail_on);
    if let Some(packages) = packages {
        report.packages(packages);
    }
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
