//! A real dpkg of this machine, as files of an image, and packages for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;

use super::command::command;
use super::command::run;
use super::languages::needed;

/// What dpkg runs, and what it only looks for.
const PROGRAMS: [&str; 4] = ["dpkg", "dpkg-deb", "dpkg-split", "tar"];
pub(super) const LOOKED_FOR: [&str; 3] = ["diff", "ldconfig", "start-stop-daemon"];
/// The packages that the image has.
const INSTALLED: [&str; 2] = ["tool", "old"];

/// Dpkg's programs and their libraries.
#[derive(Debug)]
pub(super) struct Dpkg {
    pub(super) programs: Vec<PathBuf>,
    pub(super) libraries: BTreeSet<PathBuf>,
}

impl Dpkg {
    /// Of this machine, if it has them.
    pub(super) fn find() -> Option<Self> {
        let programs: Vec<PathBuf> =
            PROGRAMS.iter().map(|name| Path::new("/usr/bin").join(name)).collect();
        let mut libraries = BTreeSet::new();
        for program in &programs {
            libraries.extend(needed(program).ok()?);
        }
        Some(Self { programs, libraries })
    }
}

/// What a package has: a program that says its name and version, and a plain file.
fn files(name: &str, version: &str) -> [(String, String); 2] {
    let program = format!("#!/bin/sh\necho {name} {version}\n");
    let text = format!("{name} {version}\n");
    [(format!("opt/{name}/run"), program), (format!("opt/{name}/text"), text)]
}

/// The files of the image that are dpkg's database of the packages `tool` and `old`, both of version
/// 1.0, and the packages' own, each with its path and mode.
pub(super) fn installed() -> Vec<(String, u32, String)> {
    let mut all = Vec::new();
    let mut status = String::new();
    for name in INSTALLED {
        status.push_str(&format!(
            "Package: {name}\nStatus: install ok installed\nMaintainer: lab <lab@lab>\n\
             Architecture: all\nVersion: 1.0\nDescription: of the image\n\n"
        ));
        let mut list = format!("/.\n/opt\n/opt/{name}\n");
        for (path, content) in files(name, "1.0") {
            list.push_str(&format!("/{path}\n"));
            all.push((path, 0o755, content));
        }
        all.push((format!("var/lib/dpkg/info/{name}.list"), 0o644, list));
    }
    all.push(("var/lib/dpkg/status".to_owned(), 0o644, status));
    all.push(("var/lib/dpkg/info/format".to_owned(), 0o644, "1\n".to_owned()));
    all.push(("etc/dpkg/dpkg.cfg".to_owned(), 0o644, "log /var/log/dpkg.log\n".to_owned()));
    all
}

/// Makes `NAME_VERSION.deb` in a directory: `/opt/NAME/run` and `/opt/NAME/text`.
///
/// # Errors
/// When dpkg-deb does.
pub fn build_deb(directory: &Path, name: &str, version: &str) -> Result<()> {
    let tree = directory.join(format!("{name}-{version}"));
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: lab <lab@lab>\n\
         Description: {name}\n"
    );
    let mut sums = String::new();
    for (path, content) in files(name, version) {
        let path_in_tree = tree.join(&path);
        fs::create_dir_all(path_in_tree.parent().context("no directory")?)?;
        fs::write(&path_in_tree, content)?;
        run(command("chmod").arg("755").arg(&path_in_tree))?;
        let sum = run(command("md5sum").arg(&path_in_tree))?.stdout;
        let sum = String::from_utf8_lossy(&sum);
        sums.push_str(&format!("{}  {path}\n", sum.get(..32).context("no digest")?));
    }
    fs::create_dir_all(tree.join("DEBIAN"))?;
    fs::write(tree.join("DEBIAN/control"), control)?;
    fs::write(tree.join("DEBIAN/md5sums"), sums)?;
    let target = directory.join(format!("{name}_{version}.deb"));
    run(command("dpkg-deb")
        .args(["--root-owner-group", "-Znone", "--build"])
        .arg(&tree)
        .arg(target))?;
    Ok(())
}
