//! Code that execve never names: files that are mapped executable, and scripts that interpreters read.
//! Judged as what is executed is.

mod language;
mod options;
mod script;

pub use options::CodeOptions;

use super::acting::Acting;
use super::acting::Deed;
use super::assemble::Observed;
use super::core::Core;
use super::core::taints;
use super::files::operation::Meaning;
use super::files::resolve::Resolved;
use super::files::resolve::Surroundings;
use super::files::seen::Seen;
use super::mounts::MountKind;
use super::normality::Done;
use super::normality::is_drift;
use super::proofs::Answered;
use super::proofs::Verdicts;
use super::writers::writer_of;
use crate::baseline::Conduct;
use crate::container::ContainerRoot;
use crate::enrich::Identity;
use crate::event::EvidenceFlags;
use crate::event::FileEvent;
use crate::event::FileOperation;
use crate::event::ScriptSource;
use crate::view::ObservedFacts;
use crate::view::View;

/// `DC_SCRIPT_STDIN`
const STANDARD_INPUT: u64 = 1 << 32;

impl Core {
    /// Takes in that a file was mapped executable, or opened by an interpreter.
    pub(super) fn code(&mut self, event: &FileEvent<'_>) {
        let mut path = std::mem::take(&mut self.path);
        event.path.base.write_to(&mut path);
        self.code_at(event, &path);
        self.path = path;
    }

    fn code_at(&mut self, event: &FileEvent<'_>, path: &[u8]) {
        let container = event.actor.container;
        let Some(file) = event.file else { return };
        let Some(known) = self.containers.get(container) else { return };
        let mut evidence = known.on_own_root(file);
        // The process is a container's, wherever it went.
        evidence.flags = evidence.flags.without(EvidenceFlags::HOST);
        let acting = Acting::new(&mut self.processes, &event.actor, self.clock);
        let mut script = None;
        if event.operation == FileOperation::Script {
            let Some(known) = self.containers.get(container) else { return };
            let around = Surroundings {
                query: self.containers.root_query(known, event.actor.pid),
                details: &known.details,
                time: self.clock.wall(event.boot_ns),
            };
            script = source(event, &acting, &around, path);
            if script.is_none() {
                return;
            }
        }
        let Some(known) = self.containers.get(container) else { return };
        let verdicts = self.proofs.ask(
            &evidence,
            known.source.as_ref(),
            path,
            known.container.started_at,
            &mut self.counters,
        );
        let facts = event.writer.as_ref();
        let writer = writer_of(&mut self.processes, Some(known), facts, &evidence, self.clock);
        let meaning = Meaning::of(event);
        let resolved = Resolved { mount: MountKind::Root, proved: !event.unproved, stat: None };
        let seen = Seen {
            event,
            meaning: &meaning,
            acting: &acting,
            path,
            old_path: &[],
            evidence: Some(&evidence),
            resolved: &resolved,
            writer: writer.as_deref(),
        };
        let Some(known) = self.containers.get(container) else { return };
        let by = (Identity::from(&event.actor), event.boot_ns);
        let owned = |processes: &_| {
            let (mut event, live) = seen.owned(processes, false, None);
            event.script = script;
            event.container = Some((*known.container).clone());
            Observed { container, event, live, by }
        };
        let classified = match verdicts {
            Verdicts::Now(classified) => classified,
            Verdicts::Later(question) => {
                let observed = owned(&self.processes);
                if let Some(answered) = self.proofs.begin(question, observed, &mut self.counters) {
                    self.answer(answered);
                }
                return;
            }
        };
        if self.waits_for_runtime(container) {
            let event = owned(&self.processes);
            self.answer(Answered { event, classified: Some(classified) });
            return;
        }
        let ancestors = acting.ancestors(&self.processes);
        let names = self.containers.names(container, event.actor.pid);
        let sha256 = classified.sha256_text();
        let mut file = seen.facts();
        file.sha256 = sha256.as_deref();
        let verdict = classified.provenance.verdict;
        let ruling = self.ruling(Done {
            container,
            who: by.0,
            exe: acting.program.exe(),
            tainted: acting.tainted,
            time: self.clock.wall(event.boot_ns),
            deed: Some(Conduct::runs(path, verdict, classified.sha256)),
            path,
            old_path: b"",
            drift: verdict.is_drift_for_code(),
        });
        let drift = is_drift(verdict.is_drift_for_code(), ruling);
        let taints = drift && taints(&classified);
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
            file: Some(file),
            provenance: Some(&classified.provenance),
            ..acting.observed(deed, known, &names, &ancestors, &self.hostname)
        };
        let outcome = self.matching.run(&View::new(facts), facts.time);
        if drift || self.scope.all_events || !outcome.is_empty() {
            let Observed { event, .. } = owned(&self.processes);
            self.deliver(event, classified, ruling, &outcome);
        }
        if taints {
            self.processes.taint((&event.actor).into(), event.boot_ns);
        }
    }
}

/// Why what an interpreter reads is its script; `None` for data.
fn source(
    event: &FileEvent<'_>,
    acting: &Acting<'_>,
    around: &Surroundings<'_>,
    path: &[u8],
) -> Option<ScriptSource> {
    let is_stdin = event.value & STANDARD_INPUT != 0;
    let cwd = acting.program.standing().map_or(&b"/"[..], |it| &it.cwd);
    script::script(&acting.program, path, is_stdin, |name| {
        let Some(root) = ContainerRoot::open(&around.query) else { return false };
        let whole = if name.starts_with(b"/") { name.to_vec() } else { [cwd, b"/", name].concat() };
        root.follow(&whole, true).is_ok_and(|place| place.path == path)
    })
}
