//! The report for people: grouped, worst first, with what to do at the end.

use std::fmt::Write as _;
use std::io;
use std::io::Write;

use driftcore::event::Text as Bytes;
use driftcore::image::Entry;
use driftcore::image::EntryKind;
use driftcore::image::Problem;
use driftcore::package::Owner;
use driftcore::package::PackageReport;
use serde_json::Value;

use super::describe::advice;
use super::describe::facts;
use super::group::Group;
use super::packages;
use super::packages::UNKNOWN;
use super::printable::Printable;
use super::report::Form;
use super::summary::Summary;
use super::target::Target;

/// How many lines of a group are printed.
const LINES: usize = 50;
/// How many problems are.
const PROBLEMS: usize = 10;

/// Lines of each group, as many as are printed, and how many there are.
pub(super) struct Text<W> {
    out: W,
    head: String,
    lines: [Vec<String>; Group::ALL.len()],
    counts: [u64; Group::ALL.len()],
    /// Entries that came with a package or are its database.
    folded: [u64; Group::ALL.len()],
    /// What is said of packages.
    packages: Vec<String>,
    knows_packages: bool,
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
        let _ = write!(head, ", {}", target.extent());
        Self {
            out,
            head: Printable(&Bytes::from(head)).to_string(),
            lines: std::array::from_fn(|_| Vec::new()),
            counts: [0; Group::ALL.len()],
            folded: [0; Group::ALL.len()],
            packages: Vec::new(),
            knows_packages: true,
        }
    }
}

impl<W> Text<W> {
    fn add(&mut self, entry: &Entry, owner: Option<&Owner>) {
        let Some(group) = Group::of(entry) else { return };
        let index = group as usize;
        if packages::is_folded(entry, group, owner) {
            self.folded[index] += 1;
            return;
        }
        self.counts[index] += 1;
        if self.lines[index].len() < LINES {
            let mut line = line(entry);
            if let Some(owner) = owner {
                let _ = write!(line, "  [{}]", packages::of(owner));
            }
            self.lines[index].push(line);
        }
    }
}

impl<W: Write> Form for Text<W> {
    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.add(entry, None);
        Ok(())
    }

    fn entry_of(&mut self, entry: &Entry, owner: &Owner) -> io::Result<()> {
        self.add(entry, Some(owner));
        Ok(())
    }

    fn package_report(&mut self, report: Option<&PackageReport>) {
        match report {
            Some(report) => self.packages = packages::lines(report),
            None => self.knows_packages = false,
        }
    }

    fn finish(
        &mut self,
        summary: &Summary,
        packages: &[Value],
        problems: &[Problem],
    ) -> io::Result<()> {
        let out = &mut self.out;
        writeln!(out, "{}", self.head)?;
        if !self.packages.is_empty() {
            writeln!(out, "\nPackages that are not as in the image: {}", packages.len())?;
            for line in &self.packages {
                writeln!(out, "  {line}")?;
            }
        }
        if !self.knows_packages {
            writeln!(out, "\nPackages are not compared: {UNKNOWN}")?;
        }
        for group in Group::ALL {
            let (lines, count) = (&self.lines[group as usize], self.counts[group as usize]);
            let folded = self.folded[group as usize];
            if count + folded == 0 {
                continue;
            }
            writeln!(out, "\n{}: {}", group.title(), count + folded)?;
            for line in lines {
                writeln!(out, "  {line}")?;
            }
            let more = count.saturating_sub(lines.len() as u64);
            if more > 0 {
                writeln!(out, "  ... and {more} more: --format json has all of them")?;
            }
            if folded > 0 {
                writeln!(out, "  {folded} with the packages above, and their databases")?;
            }
        }
        if !problems.is_empty() {
            writeln!(
                out,
                "\nNot read or not compared: {}",
                summary.unseen + summary.vanished + summary.faults
            )?;
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
    for (index, fact) in facts(entry).iter().enumerate() {
        line.push_str(if index == 0 { "  " } else { ", " });
        line.push_str(fact);
    }
    for user in entry.processes.iter().take(3) {
        let name = Printable(&user.name);
        let _ = write!(line, "  [{name} (pid {}) {} it]", user.pid, user.how.as_str());
    }
    line
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
    if summary.mount_points > 0 {
        parts.push(format!("{} mount points not looked under", summary.mount_points));
    }
    format!(
        "{}. {} names, {} bytes read, {} ms.",
        parts.join(", "),
        summary.names,
        summary.bytes,
        summary.milliseconds
    )
}
