//! Recorded events against baselines and exceptions.

use serde_json::Value;
use serde_json::json;

use super::document::Baseline;
use super::document::Standing;
use super::exceptions::Exceptions;
use crate::event::DriftEvent;
use crate::event::Kind;

/// Says of events that happened what they would come to with these baselines and exceptions: a dry run.
///
/// Time of grace is none of it: which processes a container's first one made is not in events.
#[derive(Debug, Default)]
pub struct Judge {
    baseline: Option<Baseline>,
    exceptions: Exceptions,
}

/// What an event comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Judged {
    /// It is normal.
    Expected,
    /// It departs, and an exception takes it.
    Excepted,
    /// It departs.
    Departs,
    /// The baseline does not speak of its container, or of events like this.
    NotCovered,
}

impl Judged {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Excepted => "excepted",
            Self::Departs => "departs",
            Self::NotCovered => "not_covered",
        }
    }
}

impl Judge {
    /// By what is expected. Without a baseline, what departs is what was drift when it was recorded.
    pub const fn new(baseline: Option<Baseline>, exceptions: Exceptions) -> Self {
        Self { baseline, exceptions }
    }

    /// What an event comes to. Counts which exception took it.
    pub fn judge(&self, event: &DriftEvent) -> Judged {
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
    pub const fn exceptions(&self) -> &Exceptions {
        &self.exceptions
    }
}

impl Exceptions {
    /// How often each was used, as a JSON list: docs/baselines.md says what is in it.
    pub fn report(&self) -> Value {
        let uses = self.uses().map(|(exception, taken, expired)| {
            json!({"reason": exception.reason(), "taken": taken, "after_expiry": expired})
        });
        uses.collect()
    }
}
