//! Rules that matched, and the alerts that come of them.

use serde_json::Value;
use uuid::Uuid;

use super::RuleSet;
use crate::event::DriftEvent;
use crate::event::Timestamp;
use crate::fields::Fields;
use crate::matcher::Alert;
use crate::matcher::RuleIndex;
use crate::matcher::Scratch;

/// What one thread needs to match events against a [`RuleSet`], kept from event to event.
#[derive(Debug, Default)]
pub struct SetScratch {
    scratch: Scratch,
    hits: Vec<RuleIndex>,
}

/// A rule that matched, with what it prints. Made while the event's fields are at hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    rule: RuleIndex,
    message: String,
    fields: Vec<(Box<str>, Value)>,
}

impl RuleSet {
    /// The rules that match an event, in the order of their definition, each with its output.
    /// Allocates nothing when no rule matches.
    pub fn matched<F: Fields>(&self, event: &F, memory: &mut SetScratch) -> Vec<Matched> {
        let SetScratch { scratch, hits } = memory;
        hits.clear();
        self.matches(event, scratch, |rule| hits.push(rule));
        let matched = hits.iter().filter_map(|&index| {
            let rule = self.rule(index)?;
            let mut message = String::new();
            rule.output.render(event, &mut message);
            let fields = rule.output.output_fields(event).into_iter();
            let fields = fields.map(|(name, value)| (name.into(), value)).collect();
            Some(Matched { rule: index, message, fields })
        });
        matched.collect()
    }
}

impl Matched {
    /// The alert, with an identity of its own. `set` is the one that matched; of another one there
    /// may be none.
    pub fn alert<'a>(
        &'a self,
        set: &'a RuleSet,
        time: Timestamp,
        hostname: &'a str,
        event: Option<&'a DriftEvent>,
    ) -> Option<Alert<'a>> {
        let rule = set.rule(self.rule)?;
        Some(Alert {
            rule: &rule.name,
            priority: rule.priority,
            tags: &rule.tags,
            source: &rule.source,
            message: &self.message,
            fields: &self.fields,
            time,
            uuid: Uuid::new_v4(),
            hostname,
            event,
        })
    }
}
