//! All that is said to be normal, put together.

use std::time::Duration;

use super::deed::Deed;
use super::document::Baseline;
use super::document::Standing;
use super::exceptions::Exceptions;
use super::rights::Rights;
use super::subject::Subject;
use crate::event::Container;
use crate::event::Ruling;
use crate::event::Timestamp;
use crate::event::Verdict;
use crate::network::speaks_of;

/// All that is said to be normal: baselines, exceptions from them, and grace after a container's start.
#[derive(Debug, Default)]
pub struct Normality {
    /// What is in it is no drift. What is not, and is done by a container that it speaks of, is.
    pub baseline: Baseline,
    /// What one of them takes is no drift until it expires.
    pub exceptions: Exceptions,
    /// For which containers, and how long. The longest one counts.
    pub graces: Vec<Grace>,
}

/// How long after its start the first program of a container may prepare files. Without image and label, of
/// all containers.
///
/// Within that time the container's first process, and those that it made, may run files that they or others
/// put into the container's root, and change files there, without drift. That does not go for what runs from
/// memory or without a name, or cannot be proved, nor for setuid bits and file capabilities, sockets, or processes
/// that run drifted code from before; nor for what is run in the container from outside (`docker exec`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grace {
    /// A pattern of image references (`*`, `?`, `[...]`).
    pub image: Option<String>,
    /// A label that the container has: `key`, or `key=value`.
    pub label: Option<String>,
    /// How long.
    pub time: Duration,
}

impl Grace {
    fn covers(&self, container: &Container, time: Timestamp) -> bool {
        let Some(start) = container.started_at else { return false };
        let length = i64::try_from(self.time.as_nanos()).unwrap_or(i64::MAX);
        time < Timestamp::from_nanos(start.as_nanos().saturating_add(length))
            && speaks_of(self.image.as_deref(), self.label.as_deref(), Some(container))
    }
}

impl Normality {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.baseline.is_empty() && self.exceptions.is_empty() && self.graces.is_empty()
    }

    /// What is said of something that is `drift` by its own nature or not; `None` where that stays. The
    /// last two: whether its process runs drifted code, and whether it is the container's first one or was made by
    /// it, which is only asked where it matters. Allocates nothing and takes no lock.
    pub(crate) fn ruling(
        &self,
        subject: &Subject<'_>,
        drift: bool,
        tainted: bool,
        is_of_first: impl FnOnce() -> bool,
    ) -> Option<Ruling> {
        let standing = self.baseline.standing(subject.container, &subject.deed);
        if standing == Standing::Expected {
            return drift.then_some(Ruling::Baseline);
        }
        let departs = standing == Standing::Departs;
        if !drift && !departs {
            return None;
        }
        if self.exceptions.take_subject(subject).is_some() {
            return Some(Ruling::Exception);
        }
        let has_grace = !tainted
            && prepares(&subject.deed)
            && self.graces.iter().any(|it| it.covers(subject.container, subject.time))
            && is_of_first();
        if has_grace {
            return Some(Ruling::Grace);
        }
        departs.then_some(Ruling::Departs)
    }
}

/// Whether it is of the kind that a program does that prepares files.
fn prepares(deed: &Deed<'_>) -> bool {
    match deed {
        Deed::Runs { verdict, .. } => matches!(
            verdict,
            Verdict::Added
                | Verdict::Modified
                | Verdict::Replaced
                | Verdict::Image
                | Verdict::CopiedUp
        ),
        Deed::Writes { rights, .. } => !rights.contains(Rights::SETUID),
        _ => false,
    }
}
