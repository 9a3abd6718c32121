//! A baseline as a whole.

use std::collections::BTreeMap;

use super::deed::Deed;
use super::selector::Selector;
use super::workload::Workload;
use crate::event::Container;
use crate::event::DriftEvent;

/// What containers normally do, by kind of container.
///
/// To merge is commutative, associative and idempotent, so that baselines of many nodes may be put together
/// in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// By the digest of the image.
    images: BTreeMap<Box<str>, Workload>,
    /// By the name of the label, and its value.
    labels: BTreeMap<Box<str>, BTreeMap<Box<str>, Workload>>,
}

/// How an event stands to a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is normal.
    Expected,
    /// The baseline speaks of this container, and this is not in it.
    Departs,
    /// The baseline does not speak of this container, or of events like this.
    NotCovered,
}

/// What an event says that its container did, as baselines see it, in words for people. `None` where they
/// say nothing of such events.
pub fn describe(event: &DriftEvent) -> Option<String> {
    Deed::of(event).map(|deed| deed.to_string())
}

impl Baseline {
    /// One that speaks of no containers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what another one says: from then on what either expects is expected.
    pub fn merge(&mut self, other: Self) {
        for (selector, workload) in other.into_workloads() {
            self.workload_mut(selector).merge(workload);
        }
    }

    /// Of which containers it speaks, in order: by image first, then by label.
    pub fn workloads(&self) -> impl Iterator<Item = (Selector, &Workload)> {
        let images = self.images.iter();
        let images = images.map(|(digest, it)| (Selector::Image(digest.clone()), it));
        let labels = self.labels.iter().flat_map(|(key, values)| {
            values.iter().map(|(value, it)| (label(key, value), it))
        });
        images.chain(labels)
    }

    /// Whether it speaks of no containers.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty() && self.labels.is_empty()
    }

    /// How an event stands to it. What any workload that speaks of the event's container expects is
    /// expected; whether the event says that it is drift counts for nothing.
    pub fn check(&self, event: &DriftEvent) -> Standing {
        match (&event.container, Deed::of(event)) {
            (Some(container), Some(deed)) => self.standing(container, &deed),
            _ => Standing::NotCovered,
        }
    }

    /// The same of what is no event yet. Allocates nothing.
    pub(super) fn standing(&self, container: &Container, deed: &Deed<'_>) -> Standing {
        let mut standing = Standing::NotCovered;
        for workload in self.of(container) {
            if workload.expects(deed) {
                return Standing::Expected;
            }
            standing = Standing::Departs;
        }
        standing
    }

    /// What it says of a container.
    fn of<'a>(&'a self, container: &'a Container) -> impl Iterator<Item = &'a Workload> {
        let digests = [&container.image_digest, &container.image_id].into_iter().flatten();
        let images = digests.filter_map(|digest| self.images.get(digest.as_str()));
        let labels = self.labels.iter();
        let labels =
            labels.filter_map(|(key, values)| values.get(container.labels.get(&**key)?.as_str()));
        images.chain(labels)
    }

    /// What is said of these containers, to be added to.
    pub(super) fn workload_mut(&mut self, selector: Selector) -> &mut Workload {
        match selector {
            Selector::Image(digest) => self.images.entry(digest).or_default(),
            Selector::Label { key, value } => {
                self.labels.entry(key).or_default().entry(value).or_default()
            }
        }
    }

    fn into_workloads(self) -> impl Iterator<Item = (Selector, Workload)> {
        let images = self.images.into_iter().map(|(digest, it)| (Selector::Image(digest), it));
        let labels = self.labels.into_iter().flat_map(|(key, values)| {
            values.into_iter().map(move |(value, it)| (label(&key, &value), it))
        });
        images.chain(labels)
    }
}

fn label(key: &str, value: &str) -> Selector {
    Selector::Label { key: key.into(), value: value.into() }
}
