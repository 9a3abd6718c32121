//! Kernel modules: in which order they are loaded, and their bytes.
//!
//! A package brings no `modules.dep` (its installation makes it), so that dependencies are read
//! from each module's `.modinfo`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use super::tool;

/// The modules of a kernel, by name.
pub(super) struct Modules {
    files: BTreeMap<String, PathBuf>,
    builtin: BTreeSet<String>,
}

/// A module, ready to be loaded.
pub(super) struct Module {
    /// Its name, with underscores.
    pub(super) name: String,
    /// The uncompressed object.
    pub(super) bytes: Vec<u8>,
}

impl Modules {
    /// Reads which modules `directory` (`lib/modules/RELEASE`) has.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        let list = tool::read(&directory.join("modules.builtin"))?;
        let builtin = String::from_utf8_lossy(&list).lines().filter_map(module_name).collect();
        let mut files = BTreeMap::new();
        let mut open = vec![directory.join("kernel")];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(&directory)
                .with_context(|| format!("cannot list {}", directory.display()))?
            {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    open.push(entry.path());
                } else if let Some(name) = entry.file_name().to_str().and_then(module_name) {
                    files.insert(name, entry.path());
                }
            }
        }
        Ok(Self { files, builtin })
    }

    /// The module and all that it needs, what is needed first. Nothing when it is built in.
    pub(super) fn with_dependencies(&self, name: &str) -> Result<Vec<Module>> {
        let mut found = BTreeMap::new();
        let order = order(name, &mut |name| {
            if self.builtin.contains(name) {
                return Ok(None);
            }
            let file = self
                .files
                .get(name)
                .with_context(|| format!("this kernel has no module {name}"))?;
            let bytes = uncompressed(file)?;
            let needs = dependencies(&bytes);
            found.insert(name.to_owned(), bytes);
            Ok(Some(needs))
        })?;
        let take = |name: String| found.remove(&name).map(|bytes| Module { name, bytes });
        Ok(order.into_iter().filter_map(take).collect())
    }
}

/// The name in `kernel/fs/some-thing.ko.xz`: `some_thing`.
fn module_name(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?;
    let (name, rest) = file.split_once(".ko")?;
    matches!(rest, "" | ".xz" | ".zst" | ".gz").then(|| name.replace('-', "_"))
}

/// Depth first, each name once, after all that it needs. `needs` says `None` of what is built in.
fn order(
    name: &str,
    needs: &mut dyn FnMut(&str) -> Result<Option<Vec<String>>>,
) -> Result<Vec<String>> {
    fn visit(
        name: &str,
        way: &mut Vec<String>,
        done: &mut Vec<String>,
        needs: &mut dyn FnMut(&str) -> Result<Option<Vec<String>>>,
    ) -> Result<()> {
        if done.iter().any(|other| other == name) {
            return Ok(());
        }
        if way.iter().any(|other| other == name) {
            bail!("modules need each other: {} and {name}", way.join(", "));
        }
        way.push(name.to_owned());
        if let Some(dependencies) = needs(name)? {
            for dependency in dependencies {
                visit(&dependency, way, done, needs)?;
            }
            done.push(name.to_owned());
        }
        way.pop();
        Ok(())
    }
    let mut done = Vec::new();
    visit(name, &mut Vec::new(), &mut done, needs)?;
    Ok(done)
}

/// What a module's `.modinfo` (texts that end with NUL) names after `depends=`.
fn dependencies(object: &[u8]) -> Vec<String> {
    object
        .split(|&byte| byte == 0)
        .filter_map(|text| text.strip_prefix(b"depends="))
        .filter_map(|list| std::str::from_utf8(list).ok())
        .flat_map(|list| list.split(','))
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect()
}

fn uncompressed(file: &Path) -> Result<Vec<u8>> {
    let program = match file.extension().and_then(|extension| extension.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return tool::read(file),
    };
    tool::output(Command::new(program).args(["-d", "-c", "--"]).arg(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order_of(name: &str, graph: &[(&str, &[&str])]) -> Result<Vec<String>> {
        order(name, &mut |name| {
            let found = graph.iter().find(|(module, _)| *module == name);
            Ok(found.map(|(_, needs)| needs.iter().map(|&name| name.to_owned()).collect()))
        })
    }

    #[test]
    fn what_is_needed_comes_first_and_once() {
        let graph: &[(&str, &[&str])] = &[
            ("virtio_pci", &["modern", "virtio_ring"]),
            ("modern", &["virtio"]),
            ("virtio_ring", &["virtio", "built_in"]),
            ("virtio", &[]),
        ];
        let order = order_of("virtio_pci", graph).unwrap();
        assert_eq!(order, ["virtio", "modern", "virtio_ring", "virtio_pci"]);
    }

    #[test]
    fn a_built_in_module_needs_no_loading() {
        assert!(order_of("virtio", &[]).unwrap().is_empty());
    }

    #[test]
    fn modules_that_need_each_other_are_an_error() {
        let error = order_of("a", &[("a", &["b"]), ("b", &["a"])]).unwrap_err();
        assert!(error.to_string().contains("need each other"));
    }

    #[test]
    fn dependencies_are_read_from_modinfo() {
        let object = b"\x7fELF\0license=GPL\0depends=virtio,virtio-ring\0name=x\0";
        assert_eq!(dependencies(object), ["virtio", "virtio_ring"]);
        assert!(dependencies(b"\0depends=\0").is_empty());
    }

    #[test]
    fn names_have_neither_path_nor_compression() {
        assert_eq!(module_name("kernel/fs/a-b.ko.xz").as_deref(), Some("a_b"));
        assert_eq!(module_name("overlay.ko").as_deref(), Some("overlay"));
        assert_eq!(module_name("modules.builtin"), None);
        assert_eq!(module_name("x.ko.sig"), None);
    }
}
