//! Where events and alerts go.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use anyhow::Context;
use driftcore::event::DriftEvent;
use driftcore::matcher::Alert;
use driftcore::sink::Sink;

use crate::cli::Format;
use crate::cli::RunArguments;
use crate::writer::Writer;
use crate::writer::own;

/// Lines that did not get out, by target; filled in when the [`Output`] is dropped.
pub(crate) type Unwritten = Arc<Mutex<BTreeMap<String, u64>>>;

/// Alerts on stdout or stderr, events as JSON lines where they were asked for.
pub(crate) struct Output {
    alerts: Option<Writer>,
    format: Format,
    events: Option<Writer>,
    events_all: Option<Writer>,
    line: Vec<u8>,
    unwritten: Unwritten,
}

impl Output {
    pub(crate) fn open(arguments: &RunArguments, unwritten: Unwritten) -> anyhow::Result<Self> {
        let stdout_is_taken = [&arguments.events, &arguments.events_all]
            .into_iter()
            .flatten()
            .any(|path| path == Path::new("-"));
        let (name, alerts) = if stdout_is_taken {
            ("stderr", own(&io::stderr()))
        } else {
            ("stdout", own(&io::stdout()))
        };
        let alerts = alerts.and_then(|fd| Writer::new(name.to_owned(), fd, true));
        Ok(Self {
            alerts: Some(alerts.context("cannot write alerts")?),
            format: arguments.output,
            events: arguments.events.as_deref().map(open).transpose()?,
            events_all: arguments.events_all.as_deref().map(open).transpose()?,
            line: Vec::new(),
            unwritten,
        })
    }

    /// Makes the line; false when there is none.
    fn json(&mut self, value: &impl serde::Serialize) -> bool {
        self.line.clear();
        if let Err(error) = serde_json::to_writer(&mut self.line, value) {
            tracing::error!(%error, "an event has no JSON form");
            return false;
        }
        self.line.push(b'\n');
        true
    }
}

fn open(path: &Path) -> anyhow::Result<Writer> {
    let fd = if path == Path::new("-") {
        own(&io::stdout())
    } else {
        File::options().create(true).append(true).open(path).map(Into::into)
    };
    fd.and_then(|fd| Writer::new(path.display().to_string(), fd, false))
        .with_context(|| format!("cannot write events to {}", path.display()))
}

impl Sink for Output {
    fn event(&mut self, event: &DriftEvent) {
        let drift = event.drift && self.events.is_some();
        if (self.events_all.is_none() && !drift) || !self.json(event) {
            return;
        }
        if let Some(all) = &mut self.events_all {
            all.write(&self.line);
        }
        if let Some(events) = self.events.as_mut().filter(|_| drift) {
            events.write(&self.line);
        }
    }

    fn alert(&mut self, alert: &Alert<'_>) {
        match self.format {
            Format::Json => {
                if !self.json(alert) {
                    return;
                }
            }
            Format::Text => {
                self.line.clear();
                // Writing to a Vec cannot fail.
                let _ = writeln!(self.line, "{alert}");
            }
        }
        if let Some(alerts) = &mut self.alerts {
            alerts.write(&self.line);
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let writers = [self.alerts.take(), self.events.take(), self.events_all.take()];
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, lost) in writers.into_iter().flatten().map(Writer::finish) {
            if lost > 0 {
                *unwritten.entry(name).or_default() += lost;
            }
        }
    }
}
