//! What was done to files.

pub(super) mod operation;
mod path;
pub(super) mod resolve;
pub(super) mod seen;
mod state;

use self::operation::Meaning;
use self::resolve::Surroundings;
use self::resolve::resolve;
use self::seen::Seen;
use self::state::state;
use super::acting::Acting;
use super::acting::Deed;
use super::assemble::Observed;
use super::core::Core;
use super::mounts::MountKind;
use super::normality::Done;
use super::normality::is_drift;
use super::proofs::Answered;
use super::writers::writer_of;
use crate::baseline::Conduct;
use crate::enrich::Identity;
use crate::event::Action;
use crate::event::FileEvent;
use crate::event::FileOperation;
use crate::event::Kind;
use crate::package::Place;
use crate::view::ObservedFacts;
use crate::view::View;

/// Whether the content may be another one from now on, or was put there by a name.
const fn changes_content(operation: FileOperation) -> bool {
    matches!(
        operation,
        FileOperation::Open
            | FileOperation::Create
            | FileOperation::Write
            | FileOperation::Truncate
            | FileOperation::Allocate
    )
}

impl Core {
    /// Takes in what was done to a file. Allocates nothing for an open file that no rule fires for,
    /// and that did not drift.
    pub(super) fn file(&mut self, event: &FileEvent<'_>) {
        // Their own, because names have to be followed while all else is looked up.
        let mut path = std::mem::take(&mut self.path);
        let mut old_path = std::mem::take(&mut self.old_path);
        self.file_at(event, &mut path, &mut old_path);
        self.path = path;
        self.old_path = old_path;
    }

    fn file_at(&mut self, event: &FileEvent<'_>, path: &mut Vec<u8>, old_path: &mut Vec<u8>) {
        let container = event.actor.container;
        let Some(known) = self.containers.get(container) else { return };
        let evidence = event.file.map(|file| known.on_own_root(file));
        if changes_content(event.operation)
            && let Some(file) = &event.file
        {
            self.proofs.forget(file);
        }
        let around = Surroundings {
            query: self.containers.root_query(known, event.actor.pid),
            details: &known.details,
            time: self.clock.wall(event.boot_ns),
        };
        let resolved = resolve(event, evidence.as_ref(), &around, path, old_path);
        // Volumes, tmpfs and what the kernel fills itself are not what the image declared.
        if !self.mounts.count(resolved.mount) {
            return;
        }
        // A call that gave a name alone did not say what it is the name of.
        let is_directory = event.is_directory || resolved.is_directory();
        let event = &FileEvent { is_directory, ..*event };
        let meaning = Meaning::of(event);
        let on_root = resolved.mount == MountKind::Root;
        let source = known.source.as_ref().filter(|_| meaning.drift && on_root);
        // A name that may be another file's tells nothing of where that came from.
        let is_known = evidence.is_some() || resolved.proved;
        let provenance = is_known.then(|| state(event, evidence.as_ref(), source, path)).flatten();
        let drift = if meaning.kind == Kind::Binary {
            provenance.as_ref().is_some_and(|it| it.verdict.is_drift_for_code())
        } else {
            meaning.drift
        };
        let acting = Acting::new(&mut self.processes, &event.actor, self.clock);
        let writer = event.writer.as_ref().zip(evidence.as_ref());
        let writer = writer.and_then(|(writer, evidence)| {
            writer_of(&mut self.processes, Some(known), Some(writer), evidence, self.clock)
        });

        if self.watches_packages() && event.result >= 0 && meaning.action != Action::Read {
            // A database is put in its place under another name, or written to.
            let places = [path.as_slice(), old_path.as_slice()];
            if let Some(place) = places.into_iter().find_map(|path| Place::of(path, None)) {
                self.package_database(place, &acting, event.boot_ns);
            }
        }
        let seen = Seen {
            event,
            meaning: &meaning,
            acting: &acting,
            path,
            old_path,
            evidence: evidence.as_ref(),
            resolved: &resolved,
            writer: writer.as_deref(),
        };
        if self.waits_for_runtime(container) {
            let by = (Identity::from(&event.actor), event.boot_ns);
            let (event, live) = seen.owned(&self.processes, drift, provenance);
            self.answer(Answered {
                event: Observed { container, event, live, by },
                classified: None,
            });
            return;
        }
        let by_nature = drift;
        let ruling = self.ruling(Done {
            container,
            who: Identity::from(&event.actor),
            exe: acting.program.exe(),
            tainted: acting.tainted,
            time: self.clock.wall(event.boot_ns),
            deed: if meaning.kind == Kind::File && meaning.drift {
                let changed = meaning.changed.as_slice();
                Conduct::writes(meaning.action, seen.path, seen.old_path(), changed)
            } else {
                None
            },
            path: seen.path,
            old_path: if meaning.action == Action::Rename { seen.old_path } else { b"" },
            drift: by_nature,
        });
        let drift = is_drift(by_nature, ruling);
        let Some(known) = self.containers.get(container) else { return };
        let ancestors = acting.ancestors(&self.processes);
        let names = self.containers.names(container, event.actor.pid);
        let deed = Deed {
            time: self.clock.wall(event.boot_ns),
            number: self.matching.next_number(),
            kind: meaning.kind,
            action: meaning.action,
            event_type: seen.event_type(),
        };
        let facts = ObservedFacts {
            result: event.result,
            drift,
            file: Some(seen.facts()),
            unproved: !resolved.proved,
            provenance: provenance.as_ref(),
            ..acting.observed(deed, known, &names, &ancestors, &self.hostname)
        };
        let outcome = self.matching.run(&View::new(facts), facts.time);
        if drift || self.scope.all_events || !outcome.is_empty() {
            let (mut event, _) = seen.owned(&self.processes, drift, provenance);
            event.container = Some((*known.container).clone());
            event.ruling = ruling;
            self.hand_over(&event, &outcome);
        }
    }
}
