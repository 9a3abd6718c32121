//! Rules against events.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::event::DriftEvent;
use crate::event::Timestamp;
use crate::fields::Fields;
use crate::matcher::Alert;
use crate::matcher::Loaded;
use crate::matcher::RuleIndex;
use crate::matcher::Scratch;
use crate::matcher::Shared;
use crate::rules::RuleSet;

/// The rules of a running engine: replaced from any thread, without a lost event. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RulesHandle {
    shared: Arc<Shared<Option<RuleSet>>>,
}

impl RulesHandle {
    pub(super) fn new(rules: Option<RuleSet>) -> Self {
        Self { shared: Arc::new(Shared::new(rules)) }
    }

    /// From the next event on, these rules are matched.
    pub fn replace(&self, rules: RuleSet) {
        self.shared.replace(Some(rules));
    }
}

/// A rule that matched, with what it prints. Made while the event's fields are at hand.
pub(super) struct Matched {
    rule: RuleIndex,
    message: String,
    fields: Vec<(Box<str>, Value)>,
}

/// The rules, and the memory to match them.
pub(super) struct Matching {
    handle: RulesHandle,
    scratch: Scratch,
    hits: Vec<RuleIndex>,
    number: u64,
}

/// What one event came to.
pub(super) struct Outcome {
    rules: Loaded<Option<RuleSet>>,
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
            let rule = self.rules.as_ref()?.rule(matched.rule)?;
            Some(Alert {
                rule: &rule.name,
                priority: rule.priority,
                tags: &rule.tags,
                source: &rule.source,
                message: &matched.message,
                fields: &matched.fields,
                time: self.time,
                uuid: Uuid::new_v4(),
                hostname,
                event: Some(event),
            })
        })
    }
}

impl Matching {
    pub(super) fn new(handle: RulesHandle) -> Self {
        Self { handle, scratch: Scratch::default(), hits: Vec::new(), number: 0 }
    }

    pub(super) fn handle(&self) -> &RulesHandle {
        &self.handle
    }

    /// The number of the next event.
    pub(super) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Matches an event. Allocates nothing when no rule matches.
    pub(super) fn run(&mut self, view: &impl Fields, time: Timestamp) -> Outcome {
        let rules = self.handle.shared.load();
        let Self { scratch, hits, .. } = self;
        hits.clear();
        let Some(set) = &*rules else { return Outcome { rules, time, matched: Vec::new() } };
        set.matches(view, scratch, |rule| hits.push(rule));
        let matched = hits
            .iter()
            .filter_map(|&index| {
                let rule = set.rule(index)?;
                let mut message = String::new();
                rule.output.render(view, &mut message);
                let fields = rule.output.output_fields(view);
                let fields = fields.into_iter().map(|(name, value)| (name.into(), value));
                Some(Matched { rule: index, message, fields: fields.collect() })
            })
            .collect();
        Outcome { rules, time, matched }
    }
}
