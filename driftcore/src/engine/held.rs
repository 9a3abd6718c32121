//! Events that wait for what their container's runtime knows.
//!
//! A rule that excepts an image must not fire because the image is not yet known: what is absent
//! and what has not arrived are two things. So an event is held back, before rules see it, until the
//! runtime's state is there or a bounded time has passed.

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use super::proofs::Answered;

/// How long an event waits at most.
pub(super) const HOLD: Duration = Duration::from_millis(200);
/// Most events that wait; beyond it, the oldest are decided with what is known.
const CAPACITY: usize = 1024;

/// An event that waits.
struct Held {
    container: u64,
    until: Instant,
    answered: Answered,
}

/// Events that wait, the oldest first.
#[derive(Default)]
pub(super) struct HeldBack {
    events: VecDeque<Held>,
}

impl HeldBack {
    /// True when none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether an event of this container waits: later ones must not overtake it.
    pub(super) fn holds(&self, container: u64) -> bool {
        self.events.iter().any(|held| held.container == container)
    }

    /// Takes an event that waits until then at most.
    pub(super) fn push(&mut self, container: u64, until: Instant, answered: Answered) {
        self.events.push_back(Held { container, until, answered });
    }

    /// The next event that need not wait any longer: its time is up, its container is known, or
    /// too many wait.
    pub(super) fn next(
        &mut self,
        now: Instant,
        is_known: impl Fn(u64) -> bool,
    ) -> Option<(u64, Answered)> {
        let index = if self.events.len() > CAPACITY {
            0
        } else {
            self.events.iter().position(|held| held.until <= now || is_known(held.container))?
        };
        self.events.remove(index).map(|held| (held.container, held.answered))
    }

    /// All that wait, in order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u64, Answered)> {
        self.events.drain(..).map(|held| (held.container, held.answered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::assemble::Observed;
    use crate::event::Action;
    use crate::event::DriftEvent;
    use crate::event::Kind;
    use crate::event::Timestamp;
    use crate::provenance::Classified;
    use crate::view::LiveFacts;

    fn event(number: i64) -> Answered {
        let event = DriftEvent::new(Timestamp::from_nanos(number), Kind::Binary, Action::Exec);
        Answered {
            event: Observed {
                event,
                live: LiveFacts::default(),
                container: 0,
                by: Default::default(),
            },
            classified: Some(Classified::unknown("a test")),
        }
    }

    fn number(next: Option<(u64, Answered)>) -> Option<i64> {
        next.map(|(_, answered)| answered.event.event.time.as_nanos())
    }

    #[test]
    fn events_wait_until_their_container_is_known_or_their_time_is_up() {
        let mut held = HeldBack::default();
        let now = Instant::now();
        let later = now + HOLD;
        held.push(1, later, event(1));
        held.push(2, later, event(2));
        held.push(1, later, event(3));
        assert!(held.holds(1) && !held.holds(3));
        assert_eq!(number(held.next(now, |_| false)), None);
        assert_eq!(number(held.next(now, |container| container == 2)), Some(2));
        assert_eq!(number(held.next(now, |container| container == 2)), None);
        assert_eq!(number(held.next(later, |_| false)), Some(1));
        assert_eq!(number(held.next(later, |_| false)), Some(3));
        assert!(held.is_empty());
    }

    #[test]
    fn no_more_than_the_capacity_waits() {
        let mut held = HeldBack::default();
        let now = Instant::now();
        for number in 0..=i64::try_from(CAPACITY).unwrap() {
            held.push(1, now + HOLD, event(number));
        }
        assert_eq!(number(held.next(now, |_| false)), Some(0));
        assert_eq!(number(held.next(now, |_| false)), None);
        assert_eq!(held.drain().count(), CAPACITY);
    }
}
