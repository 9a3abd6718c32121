//! The C header, from the sources of `driftcore-ffi`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use driftcore_e2e::workspace_root;

use crate::reference;

/// What to do with the header.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail when the committed header is not what the sources say.
    #[arg(long)]
    check: bool,
}

/// Writes or checks `include/driftcore.h` and `docs/c-api.md`.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.check {
        return Ok(crate::verdict(is_fresh()?));
    }
    for (path, text) in made()? {
        let path = workspace_root().join(path);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the committed header and its page are what the sources say; prints the first line that
/// is not.
pub(crate) fn is_fresh() -> Result<bool> {
    let mut fresh = true;
    for (path, new) in made()? {
        let old = fs::read_to_string(workspace_root().join(path)).unwrap_or_default();
        if old == new {
            continue;
        }
        fresh = false;
        let line = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
        println!(
            "{path} is stale from line {}: run `cargo xtask header`\n  is:  {}\n  new: {}",
            line + 1,
            old.lines().nth(line).unwrap_or("(its end)"),
            new.lines().nth(line).unwrap_or("(its end)"),
        );
    }
    Ok(fresh)
}

/// The files that are made of the sources.
fn made() -> Result<[(&'static str, String); 2]> {
    let header = generate()?;
    let page = reference::page(&header);
    Ok([("driftcore-ffi/include/driftcore.h", header), ("docs/c-api.md", page)])
}

/// The names of the functions that a header declares, sorted.
pub(crate) fn functions(header: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names: Vec<String> = header
        .lines()
        // What is no comment, and no type of a function (`(*name)(...)`).
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        .filter(|line| !line.starts_with("typedef"))
        .filter_map(|line| line.split_once('(')?.0.rsplit(|c| !is_name(c)).next())
        .filter(|name| name.starts_with("driftcore_"))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

fn generate() -> Result<String> {
    let ffi = workspace_root().join("driftcore-ffi");
    let config = cbindgen::Config::from_file(ffi.join("cbindgen.toml"))
        .map_err(|error| anyhow::anyhow!("driftcore-ffi/cbindgen.toml: {error}"))?;
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources(&ffi.join("src"))? {
        builder = builder.with_src(source);
    }
    let mut bytes = Vec::new();
    builder.generate().context("cbindgen cannot read driftcore-ffi")?.write(&mut bytes);
    Ok(String::from_utf8(bytes)?)
}

/// The modules that have a part of the ABI, in the order in which a reader wants them.
fn sources(src: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for module in ORDER {
        let path = src.join(module);
        if path.is_dir() {
            let mut inside: Vec<_> =
                fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
            // cbindgen would follow its `mod` items, and say everything twice.
            inside.retain(|path| path.file_name() != Some("mod.rs".as_ref()));
            inside.sort();
            files.extend(inside);
        } else {
            files.push(path.with_extension("rs"));
        }
    }
    Ok(files)
}

const ORDER: [&str; 21] = [
    "version",
    "status",
    "text",
    "error",
    "options",
    "rules",
    "event",
    "alert",
    "engine",
    "flat",
    "matcher",
    "classify",
    "scan",
    "posture",
    "behaviour",
    "learner",
    "judge",
    "suggester",
    "configuration",
    "verifier",
    "log",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_from_types() {
        let header = "typedef void (*driftcore_function)(void *context);\n\
                      // driftcore_text driftcore_comment(void)\n\
                      const char *driftcore_version(void);\n\
                      enum driftcore_status driftcore_b(int a,\n    int driftcore_c);\n";
        assert_eq!(functions(header), ["driftcore_b", "driftcore_version"]);
    }

    #[test]
    fn the_committed_header_declares_what_is_exported() {
        let ffi = workspace_root().join("driftcore-ffi");
        let header = fs::read_to_string(ffi.join("include/driftcore.h")).unwrap();
        let mut exported = 0;
        for source in sources(&ffi.join("src")).unwrap() {
            exported += fs::read_to_string(source).unwrap().matches("#[unsafe(no_mangle)]").count();
        }
        assert_eq!(functions(&header).len(), exported);
    }
}
