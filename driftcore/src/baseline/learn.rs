//! From events to a baseline.

use std::collections::BTreeMap;

use serde_json::json;

use super::conduct::Conduct;
use super::document::Baseline;
use super::origin::Origin;
use super::selector::Selector;
use super::workload::Workload;
use crate::event::DriftEvent;
use crate::event::Kind;

/// The most single things that are learned of one kind of container, but for about a thousand.
const ENTRIES_MAX: usize = 65_536;
/// The most kinds of containers.
const WORKLOADS_MAX: usize = 4096;
/// The most refused things that are told apart.
const REFUSED_MAX: usize = 1000;
/// How often the size of a workload is looked at, in events.
const LOOK_EVERY: u32 = 1024;

/// How a baseline is learned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LearnOptions {
    /// Drift becomes normal too: drifted code by its digest, sockets that depart from what is declared, and
    /// what processes do that run drifted code.
    pub accept: bool,
    /// Only containers with this label are learned from, and the baseline speaks of all that have it.
    /// `None`: all, by their images.
    pub label: Option<(String, String)>,
}

/// Something that is not learned, because it is drift.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The containers that did it.
    pub selector: Selector,
    /// What they did, for people.
    pub what: String,
    /// Why it is not learned, for people.
    pub reason: &'static str,
    /// How many events.
    pub count: u64,
}

/// What became of the events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Learned {
    /// All events.
    pub events: u64,
    /// Those that are normal from now on.
    pub learned: u64,
    /// Those of a kind of which baselines say nothing, or that changed nothing.
    pub not_covered: u64,
    /// Those of containers that have not the label.
    pub other_containers: u64,
    /// Those of no container, or of one whose image is not known.
    pub unknown_containers: u64,
    /// Those that were refused.
    pub refused: u64,
    /// What was refused, the first thousand different things, in order.
    pub refusals: Vec<Refused>,
    /// Those that found no room: more different things than a baseline holds.
    pub left_out: u64,
    /// How many events the sensor says it lost or kept back. What they were is not learned.
    pub lost: u64,
}

impl Learned {
    /// What became of the events, and how much the baseline that came of them holds, as a JSON object:
    /// docs/baselines.md says what is in it.
    pub fn report(&self, baseline: &Baseline) -> serde_json::Value {
        let entries: usize = baseline.workloads().map(|(_, workload)| workload.len()).sum();
        let Self {
            events,
            learned,
            not_covered,
            other_containers,
            unknown_containers,
            refused,
            refusals,
            left_out,
            lost,
        } = self;
        let refusals = refusals.iter().map(|it| {
            json!({
                "selector": it.selector.to_string(), "what": it.what, "reason": it.reason,
                "count": it.count,
            })
        });
        json!({
            "version": 1,
            "workloads": baseline.workloads().count(),
            "entries": entries,
            "events": events,
            "learned": learned,
            "not_covered": not_covered,
            "other_containers": other_containers,
            "unknown_containers": unknown_containers,
            "left_out": left_out,
            "lost": lost,
            "refused": refused,
            "refusals": refusals.collect::<Vec<_>>(),
        })
    }
}

/// Learns from events, one by one.
#[derive(Clone, Debug, Default)]
pub struct Learner {
    options: LearnOptions,
    workloads: BTreeMap<Selector, Growing>,
    refused: BTreeMap<(Selector, String), (&'static str, u64)>,
    learned: Learned,
}

#[derive(Clone, Debug, Default)]
struct Growing {
    workload: Workload,
    events: u32,
    is_full: bool,
}

impl Learner {
    /// One that has seen nothing.
    pub fn new(options: LearnOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Learns from an event.
    pub fn learn(&mut self, event: &DriftEvent) {
        self.learned.events += 1;
        if event.kind == Kind::Sensor {
            self.learned.lost += event.lost.values().sum::<u64>();
            self.learned.not_covered += 1;
            return;
        }
        let Some(container) = &event.container else {
            self.learned.unknown_containers += 1;
            return;
        };
        let selector = match &self.options.label {
            Some((key, value)) if container.labels.get(key) != Some(value) => {
                self.learned.other_containers += 1;
                return;
            }
            Some((key, value)) => {
                Some(Selector::Label { key: key.as_str().into(), value: value.as_str().into() })
            }
            None => Selector::image_of(container),
        };
        let Some(selector) = selector else {
            self.learned.unknown_containers += 1;
            return;
        };
        let Some(deed) = Conduct::of(event) else {
            self.learned.not_covered += 1;
            return;
        };
        if let Some(reason) = self.refusal(event, &deed) {
            self.refuse(selector, &deed, reason);
            return;
        }
        if self.workloads.len() >= WORKLOADS_MAX && !self.workloads.contains_key(&selector) {
            self.learned.left_out += 1;
            return;
        }
        let growing = self.workloads.entry(selector.clone()).or_default();
        growing.events += 1;
        if growing.events >= LOOK_EVERY {
            growing.events = 0;
            growing.is_full = growing.workload.len() >= ENTRIES_MAX;
        }
        let workload = &mut growing.workload;
        if growing.is_full && !workload.expects(&deed) {
            self.learned.left_out += 1;
            return;
        }
        if !workload.learn(&deed) {
            if workload.is_empty() {
                self.workloads.remove(&selector);
            }
            self.refuse(
                selector,
                &deed,
                "nothing tells it from others: no digest, or no whole path",
            );
            return;
        }
        if let Some(image) = &container.image {
            workload.name(image);
        }
        workload.saw(event.time);
        self.learned.learned += 1;
    }

    /// Why this must not become normal without being accepted.
    fn refusal(&self, event: &DriftEvent, deed: &Conduct<'_>) -> Option<&'static str> {
        if self.options.accept {
            return None;
        }
        match deed {
            Conduct::Runs { origin: None | Some(Origin::Content(_)), .. } => {
                Some("code that the image did not bring")
            }
            _ if event.tainted => Some("done by a process that runs drifted code"),
            Conduct::Runs { .. } | Conduct::Writes { .. } => None,
            _ => event.drift.then_some("it departs from what is declared"),
        }
    }

    fn refuse(&mut self, selector: Selector, deed: &Conduct<'_>, reason: &'static str) {
        self.learned.refused += 1;
        let key = (selector, deed.to_string());
        if self.refused.len() < REFUSED_MAX || self.refused.contains_key(&key) {
            self.refused.entry(key).or_insert((reason, 0)).1 += 1;
        }
    }

    /// What became of the events so far, without the list of refusals.
    pub fn counts(&self) -> &Learned {
        &self.learned
    }

    /// What was learned, and what became of the events.
    pub fn finish(self) -> (Baseline, Learned) {
        let mut baseline = Baseline::new();
        for (selector, growing) in self.workloads {
            *baseline.workload_mut(selector) = growing.workload;
        }
        let refusals = self
            .refused
            .into_iter()
            .map(|((selector, what), (reason, count))| Refused { selector, what, reason, count });
        let learned = Learned { refusals: refusals.collect(), ..self.learned };
        (baseline, learned)
    }
}
