//! The report as one page that needs nothing else: no network, no script.
//!
//! What is worst is listed, but for what came with a package as it is packaged; everything stands in a
//! tree that folds. Both are bounded, and say what they leave out: the page is written when the scan has ended, since its first lines are the summary.

mod markup;
mod page;
mod row;
#[cfg(test)]
mod tests;
mod tree;

use std::io;
use std::io::Write;

use driftcore::event::Timestamp;
use driftcore::image::Entry;
use driftcore::image::Problem;
use driftcore::package::Database;
use driftcore::package::Owner;
use driftcore::package::PackageReport;
use serde_json::Value;

use self::markup::Markup;
use self::row::Row;
use self::tree::Tree;
use super::group::Group;
use super::packages::is_folded;
use super::report::Form;
use super::summary::Summary;
use super::target::Target;

/// How many entries of each of the worst groups are listed above the tree.
const LISTED: usize = 200;

pub(super) struct Html<W> {
    out: Markup<W>,
    target: Value,
    title: String,
    time: Timestamp,
    listed: [Vec<(Box<[u8]>, Row)>; Group::ALL.len()],
    counts: [u64; Group::ALL.len()],
    /// Of them those that came with a package: they stand in the tree alone.
    folded: [u64; Group::ALL.len()],
    tree: Tree,
    /// What was compared of packages; `None` where they were not.
    databases: Option<Vec<Database>>,
}

impl<W: Write> Html<W> {
    pub(super) fn new(out: W, target: &Target) -> Self {
        Self {
            out: Markup::new(out),
            target: target.to_json(),
            title: target.name(),
            time: Timestamp::now(),
            listed: std::array::from_fn(|_| Vec::new()),
            counts: [0; Group::ALL.len()],
            folded: [0; Group::ALL.len()],
            tree: Tree::default(),
            databases: None,
        }
    }

    fn add(&mut self, entry: &Entry, owner: Option<&Owner>) {
        let Some(group) = Group::of(entry) else { return };
        let index = group as usize;
        self.counts[index] += 1;
        if is_folded(entry, group, owner) {
            self.folded[index] += 1;
        } else if group.is_worst() && self.listed[index].len() < LISTED {
            self.listed[index].push((entry.path.as_bytes().into(), Row::new(entry, group, owner)));
        }
        self.tree.add(entry, group, owner);
    }
}

impl<W: Write> Form for Html<W> {
    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.add(entry, None);
        Ok(())
    }

    fn entry_of(&mut self, entry: &Entry, owner: &Owner) -> io::Result<()> {
        self.add(entry, Some(owner));
        Ok(())
    }

    fn package_report(&mut self, report: Option<&PackageReport>) {
        self.databases = report.map(|report| report.databases.clone());
    }

    fn finish(
        &mut self,
        summary: &Summary,
        packages: &[Value],
        problems: &[Problem],
    ) -> io::Result<()> {
        self.head()?;
        self.banner(summary)?;
        self.numbers(summary)?;
        self.worst()?;
        self.packages(packages)?;
        self.tree(summary)?;
        self.problems(summary, problems)?;
        self.ignored(summary)?;
        self.layers()?;
        self.foot(summary)?;
        self.out.flush()
    }
}
