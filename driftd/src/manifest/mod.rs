//! `driftd manifest`: what an image brings, file by file.

mod show;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::bail;
use driftcore::container::Runtimes;
use driftcore::image::manifest::Head;
use driftcore::image::manifest::Image;
use driftcore::image::manifest::ManifestFile;
use driftcore::image::manifest::Nodes;
use driftcore::image::manifest::Options;
use driftcore::image::manifest::write_file;
use driftcore::package::Packages;

use crate::cli::Format;
use crate::cli::ImageArguments;
use crate::cli::ManifestArguments;
use crate::config::Config;

pub(crate) fn manifest(arguments: &ManifestArguments) -> anyhow::Result<ExitCode> {
    let out = std::io::BufWriter::new(std::io::stdout().lock());
    if let Some(path) = &arguments.show {
        let file = ManifestFile::open(path)?;
        let packages = Packages::of_manifest(&file)?;
        print(out, arguments.format, file.head(), packages.as_ref(), &mut file.nodes()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(name) = &arguments.image else { bail!("name an image, or a manifest by --show") };
    let config = || Config::load(&arguments.common);
    let image = open(name, &arguments.reading, config)?;
    match &arguments.output {
        Some(path) => {
            let packages = Packages::of(&image.tree());
            for fault in packages.faults() {
                eprintln!("driftd: packages: {fault}");
            }
            let sections = [packages.section()];
            let count = write_file(path, image.head(), &mut *image.nodes(), &sections)?;
            let proved = if image.head().verified {
                "its layers proved by their digests"
            } else {
                "its layers as they are on this disk: no digest proves unpacked ones"
            };
            let known = packages.list().count();
            let path = path.display();
            eprintln!("driftd: {path}: {count} files and {known} packages of {name}, {proved}");
        }
        None => {
            let packages = Packages::of(&image.tree());
            print(out, arguments.format, image.head(), Some(&packages), &mut *image.nodes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads an image: one in a layout or archive at this path, else one that a runtime keeps.
pub(crate) fn open(
    name: &str,
    arguments: &ImageArguments,
    config: impl FnOnce() -> anyhow::Result<Config>,
) -> anyhow::Result<Image> {
    let options = options(arguments);
    if Image::is_path(name) {
        return Ok(Image::open(name, &options)?);
    }
    let runtimes = Runtimes::new(config()?.state_roots());
    Image::stored(&runtimes, name, &options).context(
        "name an image by the path of an OCI layout or of an archive, with :TAG where it has several, \
         or by its name or digest in containerd or Docker on this node. Where a runtime keeps its \
         state elsewhere than usual, say so with --docker-root, or --containerd-state and \
         --containerd-root",
    )
}

fn options(arguments: &ImageArguments) -> Options {
    let mut options = Options::default();
    options.keep = Some(Packages::KEEP);
    options.platform.clone_from(&arguments.platform);
    let limits = &mut options.limits;
    for (limit, given) in [
        (&mut limits.entries, arguments.max_entries),
        (&mut limits.layer, arguments.max_layer_size),
        (&mut limits.ratio, arguments.max_ratio),
    ] {
        if let Some(given) = given {
            *limit = given;
        }
    }
    options
}

fn print(
    mut out: impl Write,
    format: Format,
    head: &Head,
    packages: Option<&Packages>,
    nodes: &mut dyn Nodes,
) -> anyhow::Result<()> {
    match format {
        Format::Json => show::json(&mut out, head, packages, nodes)?,
        Format::Text => show::text(&mut out, head, packages, nodes)?,
    }
    out.flush()?;
    Ok(())
}
