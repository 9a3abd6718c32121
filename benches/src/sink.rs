//! A sink that writes as `driftd` does, into memory, and counts.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use driftcore::event::DriftEvent;
use driftcore::matcher::Alert;
use driftcore::sink::Sink;

/// In which form the sink writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Alerts as text lines.
    Text,
    /// Alerts as JSON lines.
    Json,
    /// Events as JSON lines, no alerts.
    Events,
}

/// How much a sink was given.
#[derive(Debug, Default)]
pub struct Counts {
    events: AtomicU64,
    alerts: AtomicU64,
    lines: AtomicU64,
}

impl Counts {
    /// Events, alerts, and lines written.
    pub fn get(&self) -> (u64, u64, u64) {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (get(&self.events), get(&self.alerts), get(&self.lines))
    }
}

/// Writes each line over the one before.
#[derive(Debug)]
pub struct Counting {
    form: Form,
    counts: Arc<Counts>,
    line: Vec<u8>,
}

impl Counting {
    /// A sink, and the counts that it keeps.
    pub fn new(form: Form) -> (Self, Arc<Counts>) {
        let counts = Arc::new(Counts::default());
        (Self { form, counts: Arc::clone(&counts), line: Vec::new() }, counts)
    }

    fn written(&mut self) {
        // The container was resolved, or the line is not the one that is to be measured.
        assert!(self.line.windows(3).any(|bytes| bytes == b"web"));
        self.counts.lines.fetch_add(1, Ordering::Relaxed);
    }
}

impl Sink for Counting {
    fn event(&mut self, event: &DriftEvent) {
        self.counts.events.fetch_add(1, Ordering::Relaxed);
        if self.form == Form::Events {
            self.line.clear();
            serde_json::to_writer(&mut self.line, event).unwrap();
            self.written();
        }
    }

    fn alert(&mut self, alert: &Alert<'_>) {
        self.counts.alerts.fetch_add(1, Ordering::Relaxed);
        self.line.clear();
        match self.form {
            Form::Text => write!(self.line, "{alert}").unwrap(),
            Form::Json => serde_json::to_writer(&mut self.line, alert).unwrap(),
            Form::Events => return,
        }
        self.written();
    }
}
