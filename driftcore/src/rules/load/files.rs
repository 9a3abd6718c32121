//! Rule files on disk.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use super::loader::Loaded;
use super::loader::load_more;
use super::loader::too_large;
use crate::rules::Diagnostic;
use crate::rules::Limits;
use crate::rules::Sources;
use crate::rules::Span;
use crate::rules::sink::Sink;

/// Takes files in, behind those that are in `sources`, and loads them all. Of a directory, the files
/// that end in `.yaml` or `.yml` are taken, in the order of their names; directories in it are not
/// looked into.
///
/// What cannot be read is an error among the diagnostics. The sources hold the text that these point
/// into.
pub fn load_paths<P: AsRef<Path>>(
    sources: &mut Sources,
    paths: impl IntoIterator<Item = P>,
    limits: &Limits,
) -> Loaded {
    let mut sink = Sink::new(limits.diagnostics);
    for diagnostic in read_paths(sources, paths, limits) {
        sink.push(diagnostic);
    }
    load_more(sources, limits, sink)
}

/// Takes files in as [`load_paths`] does, and loads none yet. What cannot be read is returned, and
/// stands in `sources` as an empty file.
pub fn read_paths<P: AsRef<Path>>(
    sources: &mut Sources,
    paths: impl IntoIterator<Item = P>,
    limits: &Limits,
) -> Vec<Diagnostic> {
    let mut unread = Vec::new();
    for path in paths {
        let path = path.as_ref();
        if path.is_dir() {
            match files_of(path) {
                Ok(files) => files.iter().for_each(|file| take(file, sources, limits, &mut unread)),
                Err(error) => unread.push(unreadable(path, &error, sources)),
            }
        } else {
            take(path, sources, limits, &mut unread);
        }
    }
    unread
}

fn files_of(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let rules = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        // Others, such as pipes, could be waited for without end.
        if rules && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn take(path: &Path, sources: &mut Sources, limits: &Limits, unread: &mut Vec<Diagnostic>) {
    if sources.iter().count() >= limits.files {
        if sources.iter().count() == limits.files {
            let id = sources.add(path.display().to_string(), "");
            let message = format!("more than {} files", limits.files);
            let span = Span { source: id, start: 0, end: 0 };
            unread.push(Diagnostic::error("files", message, span));
        }
        return;
    }
    let limit = u64::try_from(limits.file_bytes).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = File::open(path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes));
    match read {
        Err(error) => unread.push(unreadable(path, &error, sources)),
        Ok(_) if bytes.len() > limits.file_bytes => {
            let id = sources.add(path.display().to_string(), "");
            unread.push(too_large(id, limits));
        }
        Ok(_) => {
            sources.add_bytes(path.display().to_string(), bytes);
        }
    }
}

fn unreadable(path: &Path, error: &io::Error, sources: &mut Sources) -> Diagnostic {
    let name = path.display().to_string();
    let message = format!("cannot read {name}: {error}");
    let source = sources.add(name, "");
    Diagnostic::error("unreadable", message, Span { source, start: 0, end: 0 })
}
