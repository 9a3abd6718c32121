//! Events against baselines and exceptions.

use std::path::Path;
use std::path::PathBuf;

use driftcore::baseline::Baseline;
use driftcore::baseline::Exceptions;
use driftcore::baseline::Standing;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;

use super::read;

/// What is expected: by baselines, and by exceptions from them.
pub(super) struct Judge {
    baseline: Option<Baseline>,
    exceptions: Exceptions,
}

/// What an event comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Expected,
    /// It departs, and an exception takes it.
    Excepted,
    Departs,
    NotCovered,
}

impl Judge {
    /// Without baselines, what departs is what was drift when it was recorded.
    pub(super) fn read(baselines: &[PathBuf], exceptions: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self {
            baseline: if baselines.is_empty() { None } else { Some(read(baselines)?) },
            exceptions: exceptions.map(Exceptions::read).transpose()?.unwrap_or_default(),
        })
    }

    pub(super) fn judge(&self, event: &DriftEvent) -> Judged {
        let standing = match &self.baseline {
            Some(baseline) => baseline.check(event),
            None if event.drift && event.kind != Kind::Sensor => Standing::Departs,
            None => Standing::NotCovered,
        };
        match standing {
            Standing::Expected => Judged::Expected,
            Standing::NotCovered => Judged::NotCovered,
            Standing::Departs if self.exceptions.take(event).is_some() => Judged::Excepted,
            Standing::Departs => Judged::Departs,
        }
    }

    /// The exceptions.
    pub(super) fn exceptions(&self) -> &Exceptions {
        &self.exceptions
    }
}
