//! What is suggested for a container, with events that were recorded of it.

use std::path::Path;

use driftcore::container::Stored;
use driftcore::posture::Behaviour;
use driftcore::posture::Posture;
use driftcore::posture::Suggestion;

use crate::recorded::Lines;

/// The suggestion. What could not be looked at is told on stderr.
pub(super) fn suggest(
    stored: &Stored,
    posture: &Posture,
    events: Option<&Path>,
) -> anyhow::Result<Suggestion> {
    let mut behaviour = Behaviour::new();
    if let Some(path) = events {
        let mut lines = Lines::open(path)?;
        let mut count: u64 = 0;
        while let Some(event) = lines.next_event()? {
            if event.container.as_ref().is_some_and(|it| it.id == stored.container.id) {
                behaviour.event(&event);
                count += 1;
            }
        }
        if count == 0 {
            eprintln!("driftd: {}: no event is of this container", path.display());
        }
    }
    let suggestion = behaviour.suggest_for(stored, posture)?;
    for problem in &suggestion.problems {
        eprintln!("driftd: {problem}");
    }
    if suggestion.more_problems > 0 {
        eprintln!("driftd: {} more could not be looked at", suggestion.more_problems);
    }
    Ok(suggestion)
}
