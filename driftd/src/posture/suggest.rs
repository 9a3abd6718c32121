//! What is suggested for a container: by its upper layer, and by events.

use std::ops::ControlFlow;
use std::path::Path;

use driftcore::container::Stored;
use driftcore::image::Entry;
use driftcore::image::OverlayScan;
use driftcore::image::Problem;
use driftcore::image::ScanOptions;
use driftcore::image::Tree;
use driftcore::image::Visitor;
use driftcore::posture::Behaviour;
use driftcore::posture::MeasureKind;
use driftcore::posture::Posture;
use driftcore::posture::Suggestion;

use crate::recorded::Lines;

/// The suggestion, and what could not be looked at.
pub(super) fn suggest(
    stored: &Stored,
    posture: &Posture,
    events: Option<&Path>,
) -> anyhow::Result<(Suggestion, Vec<String>)> {
    let mut seen = Seen::default();
    let measures = posture.containers.iter().flat_map(|container| &container.measures);
    let user = measures
        .filter(|it| it.kind == MeasureKind::RunAsNonRoot)
        .filter_map(|it| it.value.as_deref());
    for user in user.filter_map(|value| value.parse().ok()) {
        seen.behaviour.user(user);
    }
    let mut image = None;
    match &stored.layers {
        None => seen.problems.push(
            "its root is no overlay: what it wrote is known by events alone (--events)".to_owned(),
        ),
        Some(layers) => {
            let mut options = ScanOptions::default();
            let mounts = stored.details.mounts.iter().flatten();
            options.mount_points = mounts.map(|mount| mount.destination.as_str().into()).collect();
            OverlayScan::new(layers).options(options).run(&mut seen)?;
            image = Some(Tree::image(layers)?);
        }
    }
    if let Some(path) = events {
        let mut lines = Lines::open(path)?;
        let mut count: u64 = 0;
        while let Some(event) = lines.next_event()? {
            if event.container.as_ref().is_some_and(|it| it.id == stored.container.id) {
                seen.behaviour.event(&event);
                count += 1;
            }
        }
        if count == 0 {
            seen.problems.push(format!("{}: no event is of this container", path.display()));
        }
    }
    Ok((seen.behaviour.suggest(image.as_ref()), seen.problems))
}

#[derive(Default)]
struct Seen {
    behaviour: Behaviour,
    problems: Vec<String>,
}

impl Visitor for Seen {
    fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
        self.behaviour.entry(&entry);
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        // What vanished is written no more.
        if !problem.vanished {
            self.problems.push(problem.to_string());
        }
        ControlFlow::Continue(())
    }
}
