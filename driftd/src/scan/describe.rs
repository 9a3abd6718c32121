//! What is said of an entry and of a whole report, for people.

use driftcore::image::Change;
use driftcore::image::Entry;
use driftcore::image::EntryKind;
use driftcore::image::FileType;
use driftcore::image::State;

use super::printable::Printable;
use super::summary::Summary;

/// What there is to know about an entry, its type or kind of code first. Nothing in it steers a
/// terminal.
pub(super) fn facts(entry: &Entry) -> Vec<String> {
    let mut facts = Vec::new();
    let Some(after) = entry.after.as_ref().or(entry.before.as_ref()) else { return facts };
    let mut what = after.code.map_or(after.file_type.as_str(), |code| code.as_str()).to_owned();
    if let Some(target) = &after.target {
        what.push_str(&format!(" to {}", Printable(target)));
    }
    facts.push(what);
    let before = entry.before.as_ref().filter(|_| entry.after.is_some());
    let mut changed = |name: &str, old: Option<String>, new: String| match old {
        Some(old) if old != new => facts.push(format!("{name} {old} -> {new}")),
        _ => {}
    };
    // A symbolic link's is always the same, and means nothing.
    if after.file_type != FileType::Symlink {
        changed("mode", before.map(|b| format!("{:04o}", b.mode)), format!("{:04o}", after.mode));
    }
    let owner = |state: &State| format!("{}:{}", state.owner.uid, state.owner.gid);
    changed("owner", before.map(owner), owner(after));
    if after.file_type == FileType::File {
        facts.push(match before.filter(|before| before.size != after.size) {
            Some(before) => format!("{} -> {} bytes", before.size, after.size),
            None => format!("{} bytes", after.size),
        });
    }
    if entry.kind == EntryKind::Renamed && entry.has(Change::Content) {
        facts.push("other content".to_owned());
    }
    for change in [Change::Capability, Change::Xattr, Change::Device, Change::Times] {
        if entry.has(change) {
            facts.push(format!("other {change}"));
        }
    }
    if entry.before.is_none() && after.mode & 0o6000 != 0 {
        facts.push(format!("mode {:04o}", after.mode));
    }
    if entry.kind != EntryKind::Deleted {
        let time = after.modified.max(after.changed).to_string();
        facts.push(time.get(..19).unwrap_or(&time).to_owned());
    }
    facts
}

/// What to do.
pub(super) const fn advice(summary: &Summary) -> &'static str {
    if summary.code > 0 {
        "What to do: find out who brought the code before anything is cleaned up; a container \
         started anew from the image is free of it. What belongs there belongs into the image."
    } else if summary.drift > 0 {
        "What to do: start the container anew from the image to be rid of it; what belongs there \
         belongs into the image or a volume, or with its reason into an --ignore file."
    } else if summary.unseen > 0 {
        "What to do: scan again as root, or when less changes: not everything could be compared."
    } else {
        "What to do: nothing."
    }
}
