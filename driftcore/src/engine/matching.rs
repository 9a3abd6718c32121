//! Rules against events.

use std::sync::Arc;

use super::asked::Asker;
use crate::event::DriftEvent;
use crate::event::Timestamp;
use crate::fields::Fields;
use crate::matcher::Alert;
use crate::matcher::Loaded;
use crate::matcher::Shared;
use crate::rules::Matched;
use crate::rules::RuleSet;
use crate::rules::SetScratch;

/// The rules of a running engine: replaced from any thread, without a lost event. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RulesHandle {
    shared: Arc<Shared<Option<Arc<RuleSet>>>>,
    asker: Asker,
}

impl RulesHandle {
    pub(super) fn new(rules: Option<Arc<RuleSet>>) -> Self {
        Self { shared: Arc::new(Shared::new(rules)), asker: Asker::default() }
    }

    /// From the next event on, these rules are matched. Several engines may share one set.
    ///
    /// A running engine's sensor is asked for the events that they speak of
    /// ([`Asked`](crate::rules::Asked)) before this returns, and no longer for those that only the
    /// rules before did. Where that fails, the engine reports `sensor/blind`.
    pub fn replace(&self, rules: impl Into<Arc<RuleSet>>) {
        let rules = rules.into();
        let set = Arc::clone(&rules);
        self.asker.replace(&rules, || {
            self.shared.replace(Some(set));
        });
    }

    /// From now on, new rules ask this sensor.
    pub(super) fn asks(&mut self, asker: Asker) {
        self.asker = asker;
    }
}

/// The rules, and the memory to match them.
pub(super) struct Matching {
    handle: RulesHandle,
    memory: SetScratch,
    number: u64,
}

/// What one event came to. Holds the rules that it was matched with, whatever comes after them.
pub(super) struct Outcome {
    rules: Loaded<Option<Arc<RuleSet>>>,
    time: Timestamp,
    matched: Vec<Matched>,
}

impl Outcome {
    /// Whether no rule matched.
    pub(super) fn is_empty(&self) -> bool {
        self.matched.is_empty()
    }

    /// How many rules matched.
    pub(super) fn len(&self) -> usize {
        self.matched.len()
    }

    /// The alerts, each with the event that it is about.
    pub(super) fn alerts<'a>(
        &'a self,
        event: &'a DriftEvent,
        hostname: &'a str,
    ) -> impl Iterator<Item = Alert<'a>> {
        self.matched.iter().filter_map(move |matched| {
            matched.alert(self.rules.as_ref()?, self.time, hostname, Some(event))
        })
    }
}

impl Matching {
    pub(super) fn new(handle: RulesHandle) -> Self {
        Self { handle, memory: SetScratch::default(), number: 0 }
    }

    pub(super) fn handle(&self) -> &RulesHandle {
        &self.handle
    }

    pub(super) fn asks(&mut self, asker: Asker) {
        self.handle.asks(asker);
    }

    /// The number of the next event.
    pub(super) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Matches an event. Allocates nothing when no rule matches.
    pub(super) fn run(&mut self, view: &impl Fields, time: Timestamp) -> Outcome {
        let rules = self.handle.shared.load();
        let matched =
            rules.as_ref().map_or_else(Vec::new, |rules| rules.matched(view, &mut self.memory));
        Outcome { rules, time, matched }
    }
}
