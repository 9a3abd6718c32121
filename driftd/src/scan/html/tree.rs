//! The paths of a report as a tree, in bounded memory.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use driftcore::image::Entry;
use driftcore::image::FileType;
use driftcore::package::Owner;

use super::markup::Markup;
use super::row::Row;
use crate::scan::group::Group;

/// How many files and directories the tree has. Browsers become slow with many more.
pub(super) const NODES: usize = 30_000;
/// How many more for what is worst, so that no flood of other things crowds it out.
pub(super) const NODES_FOR_WORST: usize = 15_000;
/// How many a single directory has, but for what is worst.
pub(super) const IN_A_DIRECTORY: usize = 2_000;
/// How many bytes of names and paths all of them have.
const BYTES: usize = 16 << 20;
/// How many directories deep it goes; what is deeper stands under its longer name there. A browser
/// flattens what is nested more than a few hundred deep.
const DEPTH: usize = 64;
/// A report with so few entries is shown unfolded.
const UNFOLDED: u64 = 100;

/// What a directory's line says of what is below it.
#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<Box<[u8]>, Node>,
    row: Option<Row>,
    /// Entries below it, those that are left out too.
    below: u64,
    /// Of them those of the worst groups.
    worst: u64,
    /// Entries directly or indirectly below it that are left out here.
    cut: u64,
}

/// A tree that grows to its bounds, and counts from there on.
#[derive(Debug, Default)]
pub(super) struct Tree {
    root: Node,
    nodes: usize,
    bytes: usize,
    cut: u64,
}

impl Tree {
    pub(super) fn add(&mut self, entry: &Entry, group: Group, owner: Option<&Owner>) {
        let is_worst = group.is_worst();
        let most = if is_worst { NODES + NODES_FOR_WORST } else { NODES };
        let path = entry.path.as_bytes();
        let mut node = &mut self.root;
        let mut rest = path.strip_prefix(b"/").unwrap_or(path);
        let mut depth = 0;
        while !rest.is_empty() {
            node.below += 1;
            node.worst += u64::from(is_worst);
            depth += 1;
            let slash = rest.iter().position(|&byte| byte == b'/').filter(|_| depth < DEPTH);
            let (name, below) = match slash {
                Some(at) => (&rest[..at], &rest[at + 1..]),
                None => (rest, &rest[..0]),
            };
            if !node.children.contains_key(name) {
                let is_full = self.nodes >= most
                    || self.bytes + name.len() > BYTES
                    || !is_worst && node.children.len() >= IN_A_DIRECTORY;
                if is_full {
                    node.cut += 1;
                    self.cut += 1;
                    return;
                }
                self.nodes += 1;
                self.bytes += name.len();
            }
            node = node.children.entry(name.into()).or_default();
            rest = below;
        }
        let row = Row::new(entry, group, owner);
        self.bytes += row.bytes();
        node.row = Some(row);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.root.below == 0 && self.root.row.is_none()
    }

    /// How many entries are left out.
    pub(super) const fn cut(&self) -> u64 {
        self.cut
    }

    pub(super) fn write<W: Write>(&self, out: &mut Markup<W>) -> io::Result<()> {
        out.raw("<ul class=\"tree\">")?;
        if let Some(row) = &self.root.row {
            out.raw("\n<li>")?;
            row.write(out, b"/")?;
            out.raw("</li>")?;
        }
        self.root.write_below(out, self.root.below <= UNFOLDED)?;
        out.raw("</ul>\n")
    }
}

impl Node {
    fn write_below<W: Write>(&self, out: &mut Markup<W>, unfolded: bool) -> io::Result<()> {
        for (name, child) in &self.children {
            child.write(out, name, unfolded)?;
        }
        if self.cut > 0 {
            out.raw("\n<li class=\"cut\">and ")?;
            out.number(self.cut)?;
            out.raw(" more below here, only in the JSON report</li>")?;
        }
        Ok(())
    }

    fn write<W: Write>(&self, out: &mut Markup<W>, name: &[u8], unfolded: bool) -> io::Result<()> {
        if self.children.is_empty() && self.cut == 0 {
            out.raw("\n<li>")?;
            if let Some(row) = &self.row {
                row.write(out, name)?;
            }
            return out.raw("</li>");
        }
        // A directory with nothing but another one in it shares its line.
        let (mut node, mut label) = (self, name.to_vec());
        while node.row.is_none() && node.cut == 0 && node.children.len() == 1 {
            let Some((name, child)) = node.children.first_key_value() else { break };
            if child.children.is_empty() || child.row.is_some() {
                break;
            }
            label.push(b'/');
            label.extend_from_slice(name);
            node = child;
        }
        let is_directory = node.row.as_ref().is_none_or(|row| row.file_type == FileType::Directory);
        if is_directory {
            label.push(b'/');
        }
        let open = unfolded || node.worst > 0 && node.below <= UNFOLDED;
        out.raw(if open { "\n<li><details open><summary>" } else { "\n<li><details><summary>" })?;
        match &node.row {
            Some(row) => row.write(out, &label)?,
            None => out.name("n d", &label)?,
        }
        out.raw(" <span class=\"c\">")?;
        out.number(node.below)?;
        if node.worst > 0 {
            out.raw("<b class=\"worst\">")?;
            out.number(node.worst)?;
            out.raw(" to look at</b>")?;
        }
        out.raw("</span></summary><ul>")?;
        node.write_below(out, unfolded)?;
        out.raw("</ul></details></li>")
    }
}
