//! `driftd baseline check`.

use std::collections::HashSet;
use std::io::BufWriter;
use std::io::Write;
use std::process::ExitCode;

use driftcore::baseline::Exceptions;
use driftcore::baseline::Judged;
use driftcore::baseline::describe;
use driftcore::event::DriftEvent;
use driftcore::event::Text;
use serde_json::json;

use crate::cli::BaselineCheckArguments;
use crate::cli::Format;
use crate::recorded::Lines;
use crate::scan::printable::Printable;

/// Exit status when something departs.
const DEPARTS: u8 = 1;
/// The most departures that are told apart.
const DIFFERENT_MAX: usize = 10_000;

pub(crate) fn check(arguments: &BaselineCheckArguments) -> anyhow::Result<ExitCode> {
    let judge = super::judge(&arguments.baseline, arguments.exceptions.as_deref())?;
    let mut lines = Lines::open(&arguments.events)?;
    let mut report = Report {
        format: arguments.format,
        out: BufWriter::new(std::io::stdout().lock()),
        told: HashSet::new(),
        expected: 0,
        excepted: 0,
        not_covered: 0,
        departures: 0,
    };
    while let Some(event) = lines.next_event()? {
        match judge.judge(&event) {
            Judged::Expected => report.expected += 1,
            Judged::Excepted => report.excepted += 1,
            Judged::Departs => report.departs(&event)?,
            Judged::NotCovered => report.not_covered += 1,
        }
    }
    report.end(judge.exceptions())?;
    Ok(if report.departures > 0 { ExitCode::from(DEPARTS) } else { ExitCode::SUCCESS })
}

/// Tells a departure as soon as it is found.
struct Report<W> {
    format: Format,
    out: W,
    /// What was told, by container.
    told: HashSet<(String, String)>,
    expected: u64,
    excepted: u64,
    not_covered: u64,
    departures: u64,
}

impl<W: Write> Report<W> {
    fn departs(&mut self, event: &DriftEvent) -> anyhow::Result<()> {
        self.departures += 1;
        let what = describe(event).unwrap_or_default();
        if self.format == Format::Json {
            let line = json!({"what": what, "event": event});
            writeln!(self.out, "{line}")?;
            return Ok(());
        }
        let container = event.container.as_ref();
        let id = container.map_or_else(String::new, |container| container.id.clone());
        if self.told.len() >= DIFFERENT_MAX || !self.told.insert((id, what.clone())) {
            return Ok(());
        }
        let name = container.map_or("", |it| it.name.as_deref().unwrap_or(it.short_id()));
        writeln!(
            self.out,
            "{} {}: {}",
            event.time,
            Printable(&Text::from(name)),
            Printable(&Text::from(what))
        )?;
        // Whoever reads a stream shall see it now.
        self.out.flush()?;
        Ok(())
    }

    fn end(&mut self, exceptions: &Exceptions) -> anyhow::Result<()> {
        match self.format {
            Format::Json => {
                let summary = json!({
                    "departures": self.departures,
                    "expected": self.expected,
                    "excepted": self.excepted,
                    "not_covered": self.not_covered,
                    "exceptions": exceptions.report(),
                });
                writeln!(self.out, "{}", json!({"summary": summary}))?;
            }
            Format::Text => {
                writeln!(
                    self.out,
                    "{} event(s) depart, {} different; {} are expected, {} excepted, of {} nothing is said",
                    self.departures,
                    self.told.len(),
                    self.expected,
                    self.excepted,
                    self.not_covered
                )?;
                if self.told.len() >= DIFFERENT_MAX {
                    writeln!(self.out, "different ones beyond {DIFFERENT_MAX} were not told")?;
                }
                for (exception, taken, expired) in exceptions.uses() {
                    let reason = Text::from(exception.reason());
                    write!(self.out, "excepted {taken}: {}", Printable(&reason))?;
                    match (exception.expires(), expired) {
                        (Some(at), 1..) => {
                            writeln!(self.out, " (expired {at}, and {expired} since)")?;
                        }
                        _ => writeln!(self.out)?,
                    }
                }
            }
        }
        self.out.flush()?;
        Ok(())
    }
}
