//! A file event in one line.

use std::fmt;

use driftcore::event::ActorFlags;
use driftcore::event::FileEvent;
use driftcore::event::FileOperation;
use driftcore::event::NamedPath;

/// What is compared, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) container: u64,
    pub(crate) actor: ActorFlags,
    line: String,
}

impl Seen {
    pub(crate) fn of(event: &FileEvent<'_>) -> Self {
        let mut line = format!("{:?}", event.operation);
        if let Some(call) = event.call {
            line.push_str(&format!(" {call}"));
        }
        line.push_str(&format!(" {}", place(&event.path)));
        if has_other(event.operation) {
            line.push_str(&format!(" <- {}", place(&event.old_path)));
        } else {
            assert!(event.old_path.base.components.is_empty(), "{event:?}");
            assert!(event.old_path.name.is_empty(), "{event:?}");
        }
        if !event.text.is_empty() {
            line.push_str(&format!(" text={}", event.text.escape_ascii()));
        }
        if event.value != 0 {
            line.push_str(&format!(" value={:#x}", event.value));
        }
        if let Some(before) = event.before {
            line.push_str(&format!(" before={before:#x}"));
        }
        let marks = [
            (event.file.is_some(), " file"),
            (event.is_directory, " directory"),
            (event.unproved, " unproved"),
            (event.text_truncated, " text-cut"),
            (event.actor.flags.contains(ActorFlags::OUTSIDE), " outside"),
            (event.actor.flags.contains(ActorFlags::IO_URING), " ring"),
        ];
        marks.iter().filter(|(is, _)| *is).for_each(|(_, mark)| line.push_str(mark));
        Self { container: event.actor.container, actor: event.actor.flags, line }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

const fn has_other(operation: FileOperation) -> bool {
    matches!(operation, FileOperation::Rename | FileOperation::Exchange | FileOperation::Link)
}

/// Base and name with `:` between them; what is long by its length, and the number of an unnamed file
/// as N.
fn place(path: &NamedPath<'_>) -> String {
    let mut base = Vec::new();
    path.base.write_to(&mut base);
    let mut out = short(&base);
    if path.base.truncated {
        out.push_str("(cut)");
    }
    if !path.name.is_empty() {
        out.push(':');
        out.push_str(&short(path.name));
    }
    if path.name_truncated {
        out.push_str("(name-cut)");
    }
    out
}

fn short(bytes: &[u8]) -> String {
    if bytes.len() > 300 {
        return if bytes.len() == 4095 { "4095 bytes".to_owned() } else { "long".to_owned() };
    }
    if let Some(number) = bytes.strip_prefix(b"/#")
        && number.iter().all(u8::is_ascii_digit)
    {
        return "/#N".to_owned();
    }
    bytes.escape_ascii().to_string()
}
