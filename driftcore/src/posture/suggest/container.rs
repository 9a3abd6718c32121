//! What is suggested for a container of this node: by its upper layer, and by events.

use std::ops::ControlFlow;

use super::behaviour::Behaviour;
use super::suggestion::Suggestion;
use crate::container::Stored;
use crate::image::Entry;
use crate::image::OverlayScan;
use crate::image::Problem;
use crate::image::ScanOptions;
use crate::image::Tree;
use crate::image::Visitor;
use crate::posture::MeasureKind;
use crate::posture::Posture;
use crate::posture::PostureError;

/// The most problems that are listed.
const PROBLEMS_MAX: usize = 256;

impl Behaviour {
    /// What a container of this node, which has that posture, could be confined to: by what was taken in
    /// here, by what its upper layer holds beside, and by the user that it starts as. Its image is at hand
    /// then, as in [`suggest`](Self::suggest). What could not be looked at is in
    /// [`Suggestion::problems`]. Reads the whole upper layer; nothing is taken in for good, so that it may be
    /// asked again.
    ///
    /// # Errors
    ///
    /// [`PostureError::Scan`] when the layers of the container cannot be read.
    pub fn suggest_for(
        &self,
        stored: &Stored,
        posture: &Posture,
    ) -> Result<Suggestion, PostureError> {
        let mut seen = Seen { behaviour: self.clone(), problems: Vec::new(), more_problems: 0 };
        let measures = posture.containers.iter().flat_map(|container| &container.measures);
        let users = measures
            .filter(|it| it.kind == MeasureKind::RunAsNonRoot)
            .filter_map(|it| it.value.as_deref());
        for user in users.filter_map(|value| value.parse().ok()) {
            seen.behaviour.user(user);
        }
        let mut image = None;
        match &stored.layers {
            None => {
                seen.add(
                    "its root is no overlay: what it wrote is known by events alone".to_owned(),
                );
            }
            Some(layers) => {
                let mut options = ScanOptions::default();
                let mounts = stored.details.mounts.iter().flatten();
                options.mount_points =
                    mounts.map(|mount| mount.destination.as_str().into()).collect();
                OverlayScan::new(layers).options(options).run(&mut seen)?;
                image = Some(Tree::image(layers)?);
            }
        }
        let mut suggestion = seen.behaviour.suggest(image.as_ref());
        suggestion.problems = seen.problems;
        suggestion.more_problems = seen.more_problems;
        Ok(suggestion)
    }
}

struct Seen {
    behaviour: Behaviour,
    problems: Vec<String>,
    more_problems: u64,
}

impl Seen {
    fn add(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }
}

impl Visitor for Seen {
    fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
        self.behaviour.entry(&entry);
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        // What vanished is written no more.
        if !problem.vanished {
            self.add(problem.to_string());
        }
        ControlFlow::Continue(())
    }
}
