//! What became of each rule: for people, and for those who ask what a sensor must give.

use std::fmt;

use serde::Serialize;

use super::CheckedRule;
use super::Definition;
use super::NotApplicable;
use super::Span;
use crate::fields::EventType;
use crate::fields::EventTypes;
use crate::matcher::Priority;

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// It is matched.
    Active,
    /// It is matched, but the running sensor gives none of the events that it is about.
    Waiting,
    /// It is switched off.
    Disabled,
    /// It is less severe than what was asked for.
    BelowPriority,
    /// It uses what is not known, and asked to be left out then.
    Skipped,
    /// It is about another source of events.
    NotApplicable,
}

impl Status {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Waiting => "waiting for events",
            Self::Disabled => "disabled",
            Self::BelowPriority => "below priority",
            Self::Skipped => "skipped",
            Self::NotApplicable => "not applicable",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A rule that was loaded, and what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Listing {
    /// Its name.
    pub name: String,
    /// Where it was first defined.
    #[serde(skip)]
    pub span: Span,
    /// What became of it.
    pub status: Status,
    /// How bad a match is.
    pub priority: Option<Priority>,
    /// The source of events that it is about.
    pub source: String,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// `desc`
    pub description: String,
    /// Types of the events that its condition may match; empty: of every type.
    pub event_types: Vec<&'static str>,
    /// Which of them the running sensor does not give.
    pub missing_event_types: Vec<&'static str>,
    /// What feeds it: `exec`, `file calls`, `sockets`, `calls`. What is not `exec` is attached while such
    /// a rule is matched.
    pub hooks: Vec<&'static str>,
    /// Fields of its condition or output that the running sensor cannot fill, each with what is
    /// missing.
    pub missing_fields: Vec<String>,
}

impl Listing {
    pub(super) fn of(definition: &Definition, status: Status, rule: Option<&CheckedRule>) -> Self {
        let names = |types: EventTypes| types.iter().map(EventType::name).collect();
        let all = EventTypes::ALL;
        Self {
            name: definition.name.text.clone(),
            span: definition.name.span,
            status,
            priority: Some(definition.priority),
            source: definition.source.clone(),
            tags: definition.tags.clone(),
            description: definition.description.clone(),
            event_types: rule
                .map(|rule| rule.event_types)
                .filter(|&types| types != all)
                .map_or_else(Vec::new, names),
            missing_event_types: rule
                .map_or_else(Vec::new, |rule| names(rule.missing_event_types())),
            hooks: rule.map_or_else(Vec::new, |rule| rule.asked().hooks()),
            missing_fields: rule.map_or_else(Vec::new, |rule| {
                rule.missing_fields().into_iter().map(ToString::to_string).collect()
            }),
        }
    }

    pub(super) fn not_applicable(rule: &NotApplicable) -> Self {
        Self {
            name: rule.name.text.clone(),
            span: rule.name.span,
            status: Status::NotApplicable,
            priority: None,
            source: rule.source.clone(),
            tags: Vec::new(),
            description: String::new(),
            event_types: Vec::new(),
            missing_event_types: Vec::new(),
            hooks: Vec::new(),
            missing_fields: Vec::new(),
        }
    }
}
