//! The report for people: grouped, worst first, with what to do at the end.

use std::fmt::Write as _;
use std::io;
use std::io::Write;

use driftcore::event::Text as Bytes;
use driftcore::image::Change;
use driftcore::image::Entry;
use driftcore::image::EntryKind;
use driftcore::image::FileType;
use driftcore::image::Problem;
use driftcore::image::State;

use super::printable::Printable;
use super::report::Form;
use super::summary::Summary;
use super::target::Target;

/// How many lines of a group are printed.
const LINES: usize = 50;
/// How many problems are.
const PROBLEMS: usize = 10;

/// What entries are grouped by, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Privileged,
    Code,
    Content,
    Shape,
    Added,
    Deleted,
    Attributes,
    Noise,
}

impl Group {
    const ALL: [Self; 8] = [
        Self::Privileged,
        Self::Code,
        Self::Content,
        Self::Shape,
        Self::Added,
        Self::Deleted,
        Self::Attributes,
        Self::Noise,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::Privileged => "Files that run with other rights than the image gave them",
            Self::Code => "Programs, libraries and scripts that are not the image's",
            Self::Content => "Other content than the image's",
            Self::Shape => "Renamed, or of another type",
            Self::Added => "Added",
            Self::Deleted => "Deleted",
            Self::Attributes => "Other attributes, content proved equal",
            Self::Noise => "Made by the runtime (no drift)",
        }
    }

    fn of(entry: &Entry) -> Option<Self> {
        if entry.noise {
            return Some(Self::Noise);
        }
        if is_privileged(entry) {
            return Some(Self::Privileged);
        }
        if is_code(entry) {
            return Some(Self::Code);
        }
        Some(match entry.kind {
            EntryKind::Modified | EntryKind::Replaced => Self::Content,
            EntryKind::Type | EntryKind::Renamed => Self::Shape,
            EntryKind::Added => Self::Added,
            EntryKind::Deleted => Self::Deleted,
            EntryKind::Attributes => Self::Attributes,
            // It is as in the image: counted alone.
            _ => return None,
        })
    }
}

/// Whether the content of an entry is code that the image has not at this path.
pub(super) fn is_code(entry: &Entry) -> bool {
    let has_code = entry.after.as_ref().is_some_and(|after| after.code.is_some());
    has_code && !matches!(entry.kind, EntryKind::Attributes | EntryKind::CopiedUp)
}

/// Whether a file got setuid, setgid or a capability that the image's has not.
fn is_privileged(entry: &Entry) -> bool {
    let bits = |state: &Option<State>| match state {
        Some(state) if state.file_type == FileType::File => state.mode & 0o6000,
        _ => 0,
    };
    let given = bits(&entry.after) & !bits(&entry.before);
    given != 0 || entry.has(Change::Capability)
}

/// Lines of each group, as many as are printed, and how many there are.
pub(super) struct Text<W> {
    out: W,
    head: String,
    lines: [Vec<String>; Group::ALL.len()],
    counts: [u64; Group::ALL.len()],
}

impl<W: Write> Text<W> {
    pub(super) fn new(out: W, target: &Target) -> Self {
        let mut head = target.name();
        if let Some(container) = &target.container {
            let id: String = container.id.chars().take(12).collect();
            let image = container.image.as_deref().unwrap_or("an unknown image");
            let state = if target.is_mounted() { "mounted" } else { "not mounted" };
            // Writing to a String cannot fail.
            let _ = write!(head, " ({}, {id}, {state}) against {image}", container.runtime);
        }
        let _ = write!(head, ", {} layers", target.layers.lowers.len());
        Self {
            out,
            head: Printable(&Bytes::from(head)).to_string(),
            lines: std::array::from_fn(|_| Vec::new()),
            counts: [0; Group::ALL.len()],
        }
    }
}

impl<W: Write> Form for Text<W> {
    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let Some(group) = Group::of(entry) else { return Ok(()) };
        let index = group as usize;
        self.counts[index] += 1;
        if self.lines[index].len() < LINES {
            self.lines[index].push(line(entry));
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary, problems: &[Problem]) -> io::Result<()> {
        let out = &mut self.out;
        writeln!(out, "{}", self.head)?;
        for group in Group::ALL {
            let (lines, count) = (&self.lines[group as usize], self.counts[group as usize]);
            if count == 0 {
                continue;
            }
            writeln!(out, "\n{}: {count}", group.title())?;
            for line in lines {
                writeln!(out, "  {line}")?;
            }
            let more = count.saturating_sub(lines.len() as u64);
            if more > 0 {
                writeln!(out, "  ... and {more} more: --format json has all of them")?;
            }
        }
        if !problems.is_empty() {
            writeln!(out, "\nNot read or not compared: {}", summary.unseen + summary.vanished)?;
            for problem in problems.iter().take(PROBLEMS) {
                writeln!(out, "  {}: {}", Printable(&problem.path), problem.reason)?;
            }
            if problems.len() > PROBLEMS {
                writeln!(out, "  ... and more: --format json has them")?;
            }
        }
        writeln!(out, "\n{}", counts(summary))?;
        for pattern in &summary.ignored_by {
            let reason = pattern.reason.as_deref().unwrap_or("no reason given");
            let text = Bytes::from(format!("{}: {reason}", pattern.pattern));
            writeln!(out, "  ignored {} by {}", pattern.entries, Printable(&text))?;
        }
        writeln!(out, "{}", advice(summary))?;
        out.flush()
    }
}

/// `kind path`, and what there is to know about it.
fn line(entry: &Entry) -> String {
    let mut line = format!("{:<10} {}", entry.kind.as_str(), Printable(&entry.path));
    // Writing to a String cannot fail.
    if let Some(old) = &entry.old_path {
        let _ = write!(line, " (in the image {})", Printable(old));
    }
    if let Some(state) = entry.after.as_ref().or(entry.before.as_ref()) {
        describe(&mut line, entry, state);
    }
    for user in entry.processes.iter().take(3) {
        let name = Printable(&user.name);
        let _ = write!(line, "  [{name} (pid {}) {} it]", user.pid, user.how.as_str());
    }
    line
}

fn describe(line: &mut String, entry: &Entry, after: &State) {
    let what = after.code.map_or(after.file_type.as_str(), |code| code.as_str());
    let _ = write!(line, "  {what}");
    if let Some(target) = &after.target {
        let _ = write!(line, " to {}", Printable(target));
    }
    let before = entry.before.as_ref().filter(|_| entry.after.is_some());
    let mut changed = |name: &str, old: Option<String>, new: String| match old {
        Some(old) if old != new => _ = write!(line, ", {name} {old} -> {new}"),
        _ => {}
    };
    changed("mode", before.map(|b| format!("{:04o}", b.mode)), format!("{:04o}", after.mode));
    let owner = |state: &State| format!("{}:{}", state.owner.uid, state.owner.gid);
    changed("owner", before.map(owner), owner(after));
    if after.file_type == FileType::File {
        match before.filter(|before| before.size != after.size) {
            Some(before) => _ = write!(line, ", {} -> {} bytes", before.size, after.size),
            None => _ = write!(line, ", {} bytes", after.size),
        }
    }
    for change in [Change::Capability, Change::Xattr, Change::Device, Change::Times] {
        if entry.has(change) {
            let _ = write!(line, ", other {change}");
        }
    }
    if entry.before.is_none() && after.mode & 0o6000 != 0 {
        let _ = write!(line, ", mode {:04o}", after.mode);
    }
    if entry.kind != EntryKind::Deleted {
        let time = after.modified.max(after.changed).to_string();
        let _ = write!(line, ", {}", time.get(..19).unwrap_or(&time));
    }
}

fn counts(summary: &Summary) -> String {
    let kind = |kind: EntryKind| summary.kinds.get(kind.as_str()).copied().unwrap_or(0);
    let mut parts: Vec<String> = EntryKind::ALL
        .into_iter()
        .filter(|&it| it != EntryKind::CopiedUp && kind(it) > 0)
        .map(|it| format!("{} {it}", kind(it)))
        .collect();
    if parts.is_empty() {
        parts.push("nothing differs".to_owned());
    }
    parts.push(format!("{} as in the image though written to", kind(EntryKind::CopiedUp)));
    parts.push(format!("{} noise", summary.noise));
    parts.push(format!("{} ignored", summary.ignored));
    format!(
        "{}. {} names, {} bytes read, {} ms.",
        parts.join(", "),
        summary.names,
        summary.bytes,
        summary.milliseconds
    )
}

/// What to do.
const fn advice(summary: &Summary) -> &'static str {
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
