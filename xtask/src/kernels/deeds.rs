//! What was done to files, and whether each hook set said so.

use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;

use super::console::Sections;
use super::expect;
use super::table::Cell;

/// A deed of `acts.c` and the drift that it is.
struct Deed {
    name: &'static str,
    action: Action,
    path: &'static str,
    old_path: Option<&'static str>,
}

const fn deed(name: &'static str, action: Action, path: &'static str) -> Deed {
    Deed { name, action, path, old_path: None }
}

const fn deed_from(
    name: &'static str,
    action: Action,
    path: &'static str,
    old_path: &'static str,
) -> Deed {
    Deed { name, action, path, old_path: Some(old_path) }
}

const DEEDS: &[Deed] = &[
    deed("create", Action::Create, "/deeds/new"),
    deed("write", Action::Modify, "/deeds/write"),
    deed("map", Action::Modify, "/deeds/map"),
    deed("empty", Action::Modify, "/deeds/empty"),
    deed("truncate", Action::Modify, "/deeds/truncate"),
    deed("allocate", Action::Modify, "/deeds/allocate"),
    deed("unlink", Action::Delete, "/deeds/unlink"),
    deed("rmdir", Action::Delete, "/deeds/rmdir"),
    deed_from("rename", Action::Rename, "/deeds/renamed", "/deeds/rename"),
    deed_from("exchange", Action::Rename, "/deeds/right", "/deeds/left"),
    deed_from("link", Action::Link, "/deeds/linked", "/deeds/link"),
    deed_from("symlink", Action::Link, "/deeds/symlink", "link"),
    deed("mkdir", Action::Create, "/deeds/mkdir"),
    deed("fifo", Action::Create, "/deeds/fifo"),
    deed("mknod", Action::Create, "/deeds/mknod"),
    deed("chmod", Action::Attributes, "/deeds/chmod"),
    deed("chown", Action::Attributes, "/deeds/chown"),
    deed("setxattr", Action::Attributes, "/deeds/xattr"),
    deed("removexattr", Action::Attributes, "/deeds/xattr"),
    deed("unnamed", Action::Create, "/deeds/unnamed"),
];

/// The hook sets, each an order of the machine.
pub(super) const SETS: [&str; 3] = ["tracepoint", "fentry", "lsm"];

/// The cells of one hook set.
pub(super) fn judge(sections: &Sections, set: &str) -> Vec<(String, Cell)> {
    let said = sections.get(&format!("{set}.acts")).unwrap_or_default();
    let log = sections.get(&format!("{set}.log")).unwrap_or_default();
    let row = |name: &str| format!("{set} file {name}");
    let rows = DEEDS.iter().map(|deed| deed.name).chain(["nothing else"]);

    // What this kernel does not have, driftd must say and not pass off as another.
    if let Some(line) = log.iter().find(|line| line.contains("cannot be used here")) {
        let reason = line.rsplit(": ").next().unwrap_or(line).to_owned();
        return rows.map(|name| (row(name), Cell::Skipped(reason.clone()))).collect();
    }
    let events = match expect::events(sections.get(&format!("{set}.events"))) {
        Ok(events) => events,
        Err(error) => return vec![(row("nothing else"), expect::wrong(&error, log))],
    };
    let mark = expect::mark(set, "files");
    let drift: Vec<&DriftEvent> = events
        .iter()
        .filter(|event| event.kind == Kind::File && event.drift)
        .filter(|event| expect::is_marked(event, &mark))
        .collect();
    let mut left = drift;
    let mut cells: Vec<(String, Cell)> = DEEDS
        .iter()
        .map(|deed| {
            let cell = match expect::ran(said, deed.name) {
                Cell::Right => found(deed, set, &mut left),
                other => other,
            };
            (row(deed.name), cell)
        })
        .collect();
    let sensor = events.iter().filter(|event| event.kind == Kind::Sensor);
    let more: Vec<String> = left.into_iter().chain(sensor).map(describe).collect();
    let silent = expect::ran(said, "silent");
    let more = if more.is_empty() { silent } else { Cell::Wrong(more.join("; ")) };
    cells.push((row("nothing else"), more));
    cells
}

/// Takes the deed's event out of those that are left.
fn found(deed: &Deed, set: &str, left: &mut Vec<&DriftEvent>) -> Cell {
    let is_it = |event: &&DriftEvent| {
        let Some(file) = &event.file else { return false };
        event.action == deed.action
            && file.path.to_json_str() == deed.path
            && file.old_path.as_ref().map(|path| path.to_json_str()).as_deref() == deed.old_path
    };
    let Some(at) = left.iter().position(is_it) else {
        return Cell::Wrong("no such event".to_owned());
    };
    let event = left.remove(at);
    // Names alone may have been another's by the time they are followed.
    if event.unproved && set != "tracepoint" {
        return Cell::Wrong("unproved".to_owned());
    }
    if event.container.is_none() {
        return Cell::Wrong("no container".to_owned());
    }
    Cell::Right
}

fn describe(event: &DriftEvent) -> String {
    let file = event.file.as_ref();
    let path = file.map_or_else(String::new, |file| format!(" {}", file.path));
    let old = file.and_then(|file| file.old_path.as_ref());
    let old = old.map_or_else(String::new, |path| format!(" from {path}"));
    let mut text = format!("{}/{}{path}{old}", event.kind, event.action);
    if !event.lost.is_empty() {
        text.push_str(&format!(", lost {:?}", event.lost));
    }
    text
}
