//! The kernels that are claimed, and each one's files.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;

use super::apt;
use super::apt::Apt;

/// A kernel series and the Debian suite that has it.
pub(super) struct Series {
    /// Major and minor version.
    pub(super) name: &'static str,
    suite: &'static str,
    /// The hook sets that are claimed for it, and so are to be there and right.
    pub(super) sets: &'static [&'static str],
}

const SETS: &[&str] = &["tracepoint", "fentry", "lsm"];

/// What is claimed, oldest first.
pub(super) const SERIES: &[Series] = &[
    Series { name: "5.10", suite: "bullseye", sets: SETS },
    Series { name: "6.1", suite: "bookworm", sets: SETS },
    Series { name: "6.12", suite: "trixie", sets: SETS },
    Series { name: "7.2", suite: "sid", sets: SETS },
];

/// An unpacked kernel.
pub(super) struct Kernel {
    /// The compressed image that boots.
    pub(super) image: PathBuf,
    /// The directory of its modules (`lib/modules/RELEASE`).
    pub(super) modules: PathBuf,
}

impl Series {
    /// The kernel, fetched first unless it is there. The directory appears when it is complete,
    /// so that an interrupted download is not taken for a kernel.
    pub(super) fn fetch(&self, cache: &Path) -> Result<Kernel> {
        let root = cache.join(self.name);
        let tree = root.join("tree");
        if !tree.is_dir() {
            eprintln!("{}: fetching from Debian {}", self.name, self.suite);
            let packages = root.join("packages");
            let partial = root.join("tree.partial");
            for stale in [&packages, &partial] {
                if stale.exists() {
                    fs::remove_dir_all(stale)?;
                }
            }
            let files = Apt::new(&root, self.suite)?
                .download_kernel(&packages)
                .with_context(|| format!("cannot fetch the kernel of Debian {}", self.suite))?;
            apt::unpack(&files, &partial)?;
            fs::rename(&partial, &tree)?;
        }
        let kernel = Kernel::find(&tree).with_context(|| {
            format!("no kernel in {}; remove {} to fetch it again", tree.display(), root.display())
        })?;
        let release = kernel.modules.file_name().unwrap_or_default().to_string_lossy();
        // A suite moves on; the claim is about the series.
        if !belongs_to(&release, self.name) {
            anyhow::bail!("Debian {} now has {release}, not {}", self.suite, self.name);
        }
        Ok(kernel)
    }
}

impl Kernel {
    fn find(tree: &Path) -> Option<Self> {
        let modules = ["lib/modules", "usr/lib/modules"]
            .iter()
            .filter_map(|directory| fs::read_dir(tree.join(directory)).ok())
            .flatten()
            .find_map(|entry| entry.ok().map(|entry| entry.path()))?;
        let release = modules.file_name()?.to_str()?;
        // Below /boot up to 6.12, beside the modules from 7.x.
        let image = [tree.join(format!("boot/vmlinuz-{release}")), modules.join("vmlinuz")]
            .into_iter()
            .find(|image| image.is_file())?;
        Some(Self { image, modules })
    }
}

fn belongs_to(release: &str, series: &str) -> bool {
    release.strip_prefix(series).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_belongs_to_its_own_series_only() {
        assert!(belongs_to("6.1.0-50-cloud-amd64", "6.1"));
        assert!(!belongs_to("6.12.117+deb13-cloud-amd64", "6.1"));
        assert!(!belongs_to("7.3.1", "7.2"));
    }

    #[test]
    fn both_layouts_of_a_kernel_package_are_found() {
        for (image, modules) in [
            ("boot/vmlinuz-5.10", "lib/modules/5.10"),
            ("usr/lib/modules/7.2/vmlinuz", "usr/lib/modules/7.2"),
        ] {
            let tree = tempfile::tempdir().unwrap();
            for file in [image, &format!("{modules}/modules.builtin")] {
                let file = tree.path().join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, "").unwrap();
            }
            let kernel = Kernel::find(tree.path()).unwrap();
            assert_eq!(kernel.image, tree.path().join(image));
            assert_eq!(kernel.modules, tree.path().join(modules));
        }
    }
}
