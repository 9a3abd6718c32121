//! The report as one JSON object, written as it comes.

use std::io;
use std::io::Write;

use driftcore::image::Entry;
use driftcore::image::Problem;
use driftcore::package::Database;
use driftcore::package::Owner;
use driftcore::package::PackageReport;
use serde::Serialize;
use serde_json::Value;

use super::report::Form;
use super::summary::Summary;
use super::target::Target;

pub(super) struct Json<W> {
    out: W,
    target: Value,
    entries: u64,
    /// `null` where packages were not compared.
    databases: Option<Vec<Database>>,
}

/// An entry with the package that claims it.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<&'a Owner>,
}

impl<W: Write> Json<W> {
    pub(super) fn new(out: W, target: &Target) -> Self {
        Self { out, target: target.to_json(), entries: 0, databases: None }
    }

    fn line(&mut self, entry: &Entry, package: Option<&Owner>) -> io::Result<()> {
        self.head()?;
        self.out.write_all(if self.entries == 0 { b"\n" } else { b",\n" })?;
        self.entries += 1;
        serde_json::to_writer(&mut self.out, &Line { entry, package }).map_err(io::Error::from)
    }

    /// Nothing is written before there is an answer.
    fn head(&mut self) -> io::Result<()> {
        if self.entries == 0 {
            write!(self.out, "{{\"version\":1,\"target\":{},\"entries\":[", self.target)?;
        }
        Ok(())
    }
}

impl<W: Write> Form for Json<W> {
    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.line(entry, None)
    }

    fn entry_of(&mut self, entry: &Entry, owner: &Owner) -> io::Result<()> {
        self.line(entry, Some(owner))
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
        self.out.write_all(b"\n],\"packages\":")?;
        serde_json::to_writer(&mut self.out, packages)?;
        self.out.write_all(b",\"databases\":")?;
        serde_json::to_writer(&mut self.out, &self.databases)?;
        self.out.write_all(b",\"errors\":")?;
        serde_json::to_writer(&mut self.out, problems)?;
        self.out.write_all(b",\"summary\":")?;
        serde_json::to_writer(&mut self.out, summary)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}
