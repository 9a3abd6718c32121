//! What an event says of a file, in one line.

use std::fmt::Write as _;

use driftcore::event::DriftEvent;

/// Action, path, mode, owner, size where that is about content, and provenance; then what else it
/// says. What is below `directory` is
/// shown relative to it.
pub fn line(event: &DriftEvent, directory: &str) -> String {
    let mut out = event.action.as_str().to_owned();
    let mut part = |text: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = out.write_fmt(text);
    };
    if let Some(file) = &event.file {
        part(format_args!(" {}", short(&file.path.to_string(), directory)));
        if let Some(old) = &file.old_path {
            part(format_args!(" <- {}", short(&old.to_string(), directory)));
        }
        if !file.mode.is_empty() {
            part(format_args!(" {} {}:{}", file.mode, file.owner.uid, file.owner.gid));
        }
        if file.written.is_some() {
            part(format_args!(" {} bytes", file.size));
        }
        for changed in &file.changed {
            part(format_args!(" +{}", changed.as_str()));
        }
        if let Some(written) = file.written {
            part(format_args!("{}", if written { " written" } else { " unwritten" }));
        }
    }
    if let Some(provenance) = &event.provenance {
        part(format_args!(" {}", provenance.verdict));
    }
    let marks = [
        (!event.drift, " harmless"),
        (event.unproved, " unproved"),
        (event.tainted, " tainted"),
        (event.before_start, " before-start"),
        (event.recovered, " recovered"),
    ];
    for (_, mark) in marks.iter().filter(|(is, _)| *is) {
        part(format_args!("{mark}"));
    }
    if !event.truncated.is_empty() {
        part(format_args!(" cut: {}", event.truncated.join(", ")));
    }
    out
}

/// Relative to the directory; what is long by its length, and the number of an unnamed file as N.
fn short(path: &str, directory: &str) -> String {
    let rest = path.strip_prefix(directory).unwrap_or(path);
    let rest = rest.strip_prefix('/').filter(|_| rest.len() != path.len()).unwrap_or(rest);
    let number = path.rsplit_once("/#").map(|(_, number)| number);
    if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
        return "#N".to_owned();
    }
    if rest.len() > 150 { format!("({} bytes)", rest.len()) } else { rest.to_owned() }
}
