//! Kernel packages from Debian's archive, with an apt root of our own: the host's sources, lists
//! and caches are neither read nor changed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use super::tool;

const ARCHIVE: &str = "http://deb.debian.org/debian";
/// Trusts what the host's Debian trusts.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// The cloud flavour is half as large and has BTF, overlay and namespaces like the full one.
const META_PACKAGE: &str = "linux-image-cloud-amd64";

/// An apt root for one suite.
pub(super) struct Apt {
    root: PathBuf,
}

impl Apt {
    /// Makes the root below `directory`.
    pub(super) fn new(directory: &Path, suite: &str) -> Result<Self> {
        let root = directory.join("apt");
        for part in ["state/lists/partial", "cache/archives/partial", "empty"] {
            fs::create_dir_all(root.join(part))?;
        }
        let sources = format!("deb [arch=amd64 signed-by={KEYRING}] {ARCHIVE} {suite} main\n");
        fs::write(root.join("sources.list"), sources)?;
        fs::write(root.join("state/status"), "")?;
        Ok(Self { root })
    }

    /// Downloads the newest kernel of the suite into `to`: the packages that hold the image and
    /// the modules. Returns their files.
    pub(super) fn download_kernel(&self, to: &Path) -> Result<Vec<PathBuf>> {
        tool::output(self.command("apt-get").arg("update"))?;
        let mut packages = BTreeSet::new();
        let mut open = vec![META_PACKAGE.to_owned()];
        while let Some(package) = open.pop() {
            let text = tool::text(self.command("apt-cache").args(["show", &package]))?;
            open.extend(kernel_dependencies(&text).filter(|name| !packages.contains(name)));
            packages.insert(package);
        }
        packages.remove(META_PACKAGE);
        if packages.is_empty() {
            bail!("{META_PACKAGE} depends on no kernel package");
        }
        fs::create_dir_all(to)?;
        tool::output(self.command("apt-get").arg("download").args(&packages).current_dir(to))?;
        let mut files: Vec<PathBuf> = fs::read_dir(to)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "deb"));
        files.sort();
        Ok(files)
    }

    fn command(&self, program: &str) -> Command {
        let root = self.root.display();
        let mut command = Command::new(program);
        for option in [
            format!("Dir::Etc::SourceList={root}/sources.list"),
            format!("Dir::Etc::SourceParts={root}/empty"),
            format!("Dir::Etc::Preferences={root}/empty/none"),
            format!("Dir::Etc::PreferencesParts={root}/empty"),
            format!("Dir::State={root}/state"),
            format!("Dir::State::status={root}/state/status"),
            format!("Dir::Cache={root}/cache"),
            "Acquire::Languages=none".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
            // The sandbox's user may not be able to enter the checkout.
            "APT::Sandbox::User=".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }
}

/// Unpacks packages over each other.
pub(super) fn unpack(packages: &[PathBuf], to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for package in packages {
        tool::output(Command::new("dpkg-deb").arg("-x").arg(package).arg(to))
            .with_context(|| format!("cannot unpack {}", package.display()))?;
    }
    Ok(())
}

/// The names in `Depends` that are parts of a kernel: one package up to 6.12, several from 7.x
/// (the list of built-in modules is in `linux-base-RELEASE` there).
fn kernel_dependencies(control: &str) -> impl Iterator<Item = String> {
    control
        .lines()
        .filter_map(|line| line.strip_prefix("Depends: "))
        .flat_map(|list| list.split(','))
        .filter_map(|item| item.split_whitespace().next())
        .filter(|name| {
            ["linux-image-", "linux-binary-", "linux-modules-", "linux-base-"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        })
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_the_parts_of_a_kernel_only() {
        let control = "Package: linux-image-7.2\nPre-Depends: linux-base (>= 4)\n\
            Depends: dracut | initramfs-tools, linux-base-7.2 (= 7.2-1), \
            linux-binary-7.2 (= 7.2-1), linux-modules-7.2 (= 7.2-1)\n";
        let names: Vec<String> = kernel_dependencies(control).collect();
        assert_eq!(names, ["linux-base-7.2", "linux-binary-7.2", "linux-modules-7.2"]);
    }
}
