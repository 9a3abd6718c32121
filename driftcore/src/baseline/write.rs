//! From a baseline to its document.

use std::fmt;
use std::fmt::Write;

use super::document::Baseline;
use super::path::escape;
use super::read::VERSION;
use super::selector::Selector;
use super::workload::Workload;
use super::yaml::scalar;

/// What a reader should know; stands at the top.
const HEAD: &str = "\
# What these containers normally do. `driftd baseline` learns, merges and checks it; `driftd run` takes it
# with `[baseline] files`. It may be edited: docs/baselines.md says what each key means.
#
# - image or label: of which containers it speaks. names, first, last: for readers only.
# - executables: what may run, and with what content: `image` is the image's own, `host` the host's.
# - directories: where files may be changed. `*` in a component stands for anything in it, `/**` at the end
#   for all below. executable: also by setting a bit that lets them run; setuid: setuid, setgid or a capability.
# - listen, connect, unix: ports waited on, remotes reached, paths of Unix sockets outside.
# - packages: those that may be installed, removed or given another version, by their manager.
# - configuration: what may be otherwise than declared: by part and item, what it is then, or `absent`.
";

/// The document: YAML, the same for equal baselines.
impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        writeln!(f, "version: {VERSION}")?;
        if self.is_empty() {
            return f.write_str("workloads: []\n");
        }
        f.write_str("workloads:\n")?;
        for (selector, workload) in self.workloads() {
            let key = match selector {
                Selector::Image(_) => "image",
                Selector::Label { .. } => "label",
            };
            writeln!(f, "  - {key}: {}", scalar(&selector.to_string()))?;
            write(f, workload)?;
        }
        Ok(())
    }
}

fn write(f: &mut fmt::Formatter<'_>, workload: &Workload) -> fmt::Result {
    let Workload {
        names,
        seen,
        executables,
        directories,
        listens,
        connects,
        unix,
        packages,
        configuration,
    } = workload;
    list(f, "names", names.iter().map(|name| scalar(name)))?;
    if let Some((first, last)) = seen {
        writeln!(f, "    first: {first}\n    last: {last}")?;
    }
    if !executables.is_empty() {
        f.write_str("    executables:\n")?;
        for (path, origins) in executables {
            let origins: Vec<String> = origins.iter().map(ToString::to_string).collect();
            writeln!(f, "      {} [{}]", Key(&escape(path), 6), origins.join(", "))?;
        }
    }
    if !directories.is_empty() {
        let mut lines = String::new();
        directories.visit(&mut |path, rights| {
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "      {} [{rights}]", Key(path, 6));
        });
        write!(f, "    directories:\n{lines}")?;
    }
    list(f, "listen", listens.texts())?;
    list(f, "connect", connects.texts().map(|text| scalar(&text)))?;
    let mut paths = Vec::new();
    unix.visit(&mut |path, _| paths.push(scalar(path)));
    list(f, "unix", paths.into_iter())?;
    if !packages.is_empty() {
        f.write_str("    packages:\n")?;
        for (manager, names) in packages {
            let names: Vec<_> = names.iter().map(|name| scalar(&escape(name))).collect();
            writeln!(f, "      {} [{}]", Key(manager, 6), names.join(", "))?;
        }
    }
    if !configuration.is_empty() {
        f.write_str("    configuration:\n")?;
        for (part, items) in configuration {
            writeln!(f, "      {}", Key(part, 6))?;
            for (item, values) in items {
                let values: Vec<_> = values.iter().map(configured).collect();
                writeln!(f, "        {} [{}]", Key(&escape(item), 8), values.join(", "))?;
            }
        }
    }
    Ok(())
}

/// What an item of the configuration is.
fn configured(value: &Option<Box<[u8]>>) -> String {
    value.as_ref().map_or_else(|| "absent".to_owned(), |it| scalar(&format!("={}", escape(it))))
}

/// A path as a key at this indentation, its colon included.
struct Key<'a>(&'a str, usize);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = scalar(self.0);
        // A key before a colon has 1024 characters at most (YAML 1.2, 7.4.2).
        if key.len() <= 1024 {
            write!(f, "{key}:")
        } else {
            write!(f, "? {key}\n{:1$}:", "", self.1)
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, key: &str, items: impl Iterator<Item = String>) -> fmt::Result {
    let mut items = items.peekable();
    if items.peek().is_some() {
        writeln!(f, "    {key}:")?;
    }
    items.try_for_each(|item| writeln!(f, "      - {item}"))
}
