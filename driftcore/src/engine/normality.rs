//! What is said to be normal, while an engine runs.

use std::sync::Arc;

use super::core::Core;
use crate::baseline::Deed;
use crate::baseline::Lineage;
use crate::baseline::Normality;
use crate::baseline::Subject;
use crate::enrich::Identity;
use crate::enrich::ProcessTable;
use crate::event::DriftEvent;
use crate::event::Ruling;
use crate::event::Timestamp;
use crate::matcher::Loaded;
use crate::matcher::Shared;

/// What a running engine takes for normal: replaced from any thread, without a lost event. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NormalityHandle(Arc<Shared<Normality>>);

impl NormalityHandle {
    pub(super) fn new(normality: Normality) -> Self {
        Self(Arc::new(Shared::new(normality)))
    }

    /// From the next event on, this is normal. Gives what was before, with how often each exception was used.
    pub fn replace(&self, normality: Normality) -> Arc<Normality> {
        self.0.replace(normality)
    }

    /// What is normal now.
    pub fn load(&self) -> Loaded<Normality> {
        self.0.load()
    }
}

/// Something that was done, as far as it matters here.
pub(super) struct Done<'a> {
    pub(super) container: u64,
    pub(super) who: Identity,
    /// What its process runs.
    pub(super) exe: &'a [u8],
    pub(super) tainted: bool,
    pub(super) time: Timestamp,
    pub(super) deed: Option<Deed<'a>>,
    pub(super) path: &'a [u8],
    pub(super) old_path: &'a [u8],
    /// By its own nature.
    pub(super) drift: bool,
}

/// Whether something is drift, with what is said of it.
pub(super) const fn is_drift(drift: bool, ruling: Option<Ruling>) -> bool {
    match ruling {
        None => drift,
        Some(ruling) => ruling.is_drift(),
    }
}

impl Core {
    /// What is said of something. Allocates nothing.
    pub(super) fn ruling(&self, done: Done<'_>) -> Option<Ruling> {
        let normality = self.normality.load();
        if normality.is_empty() {
            return None;
        }
        let known = self.containers.get(done.container)?;
        let family = Family { exe: done.exe, who: done.who, processes: &self.processes };
        let subject = Subject {
            container: &known.container,
            time: done.time,
            deed: done.deed?,
            path: Some(done.path).filter(|path| !path.is_empty()),
            old_path: Some(done.old_path).filter(|path| !path.is_empty()),
            lineage: &family,
        };
        let is_of_first = || self.is_of_first(done.container, done.who);
        normality.ruling(&subject, done.drift, done.tainted, is_of_first)
    }

    /// The same of an event that waited. Writes it in.
    pub(super) fn rule(&self, event: &mut DriftEvent, container: u64, who: Identity) {
        let normality = self.normality.load();
        if normality.is_empty() {
            return;
        }
        let is_of_first = || self.is_of_first(container, who);
        let ruling = Subject::of(event).and_then(|subject| {
            normality.ruling(&subject, event.drift, event.tainted, is_of_first)
        });
        event.drift = is_drift(event.drift, ruling);
        event.ruling = ruling;
    }

    /// Whether it is the container's first process, or was made by it or by what that made.
    fn is_of_first(&self, container: u64, who: Identity) -> bool {
        let first = self.containers.get(container).and_then(|known| known.first_process());
        first.is_some_and(|first| {
            who.pid == first || self.processes.ancestry(who).any(|(pid, _)| pid == first)
        })
    }
}

/// A process and its ancestors, by the process table.
struct Family<'a> {
    exe: &'a [u8],
    who: Identity,
    processes: &'a ProcessTable,
}

impl Lineage for Family<'_> {
    fn visit(&self, visit: &mut dyn FnMut(&[u8]) -> bool) {
        let ancestors = self.processes.ancestry(self.who).map(|(_, program)| program.exe());
        let _ = std::iter::once(self.exe).chain(ancestors).all(visit);
    }
}
