//! What was done to files.

use super::acting::Acting;
use super::assemble::Observed;
use super::core::Core;
use super::proofs::Answered;
use crate::event::Action;
use crate::event::DriftEvent;
use crate::event::Evidence;
use crate::event::File;
use crate::event::FileEvent;
use crate::event::FileEvidence;
use crate::event::FileOperation;
use crate::event::Kind;
use crate::event::Owner;
use crate::event::Provenance;
use crate::event::Text;
use crate::event::Timestamp;
use crate::event::Verdict;
use crate::fields::EventType;
use crate::provenance::Judgement;
use crate::provenance::judge;
use crate::view::FileFacts;
use crate::view::LiveFacts;
use crate::view::ObservedFacts;
use crate::view::View;

impl Core {
    /// Takes in what was done to a file.
    pub(super) fn file(&mut self, event: &FileEvent<'_>) {
        let container = event.actor.container;
        let Some(known) = self.containers.get(container) else { return };
        let evidence = event.file.map(|file| known.on_own_root(file));
        event.path.base.write_to(&mut self.path);
        let provenance = evidence.as_ref().map(state);
        let action = action(event.operation);
        let drift = action != Action::Read;
        let acting = Acting::new(&mut self.processes, &event.actor, self.clock);

        let seen = Seen { event, acting: &acting, path: &self.path, evidence: evidence.as_ref() };
        if self.waits_for_runtime(container) {
            let (event, live) = seen.owned(&self.processes, action, drift, provenance);
            self.answer(Answered { event: Observed { container, event, live }, classified: None });
            return;
        }
        let Some(known) = self.containers.get(container) else { return };
        let ancestors = acting.ancestors(&self.processes);
        let names = self.containers.names(container, event.actor.pid);
        let facts = ObservedFacts {
            time: self.clock.wall(event.boot_ns),
            number: self.matching.next_number(),
            kind: Kind::File,
            action,
            event_type: event_type(action),
            result: event.result,
            drift,
            before_start: false,
            recovered: false,
            container: Some(&known.container),
            details: Some(&known.details),
            accounts: Some(&names),
            process: Some(acting.facts(&ancestors)),
            file: Some(seen.facts()),
            network: None,
            call: None,
            tainted: false,
            unproved: event.unproved,
            provenance: provenance.as_ref(),
            hostname: &self.hostname,
        };
        let outcome = self.matching.run(&View::new(facts), facts.time);
        if drift || self.scope.all_events || !outcome.is_empty() {
            let (mut event, _) = seen.owned(&self.processes, action, drift, provenance);
            event.container = Some((*known.container).clone());
            self.hand_over(&event, &outcome);
        }
    }
}

/// What is known of a file event while its record is at hand.
struct Seen<'a> {
    event: &'a FileEvent<'a>,
    acting: &'a Acting<'a>,
    path: &'a [u8],
    evidence: Option<&'a FileEvidence>,
}

impl Seen<'_> {
    fn facts(&self) -> FileFacts<'_> {
        let file = self.evidence.copied().unwrap_or_default();
        FileFacts {
            path: self.path,
            old_path: None,
            raw_name: Some(self.event.path.name).filter(|name| !name.is_empty()),
            value: self.event.value,
            attribute: None,
            descriptor: None,
            changed_attributes: &[],
            written: None,
            writer: None,
            inode: file.inode.number,
            device: file.inode.major_minor(),
            mode: file.mode & 0o7777,
            uid: file.uid,
            gid: file.gid,
            size: file.inode.size,
            sha256: None,
            upper_layer: self.evidence.map(|it| it.upper.is_some()),
            writable: None,
            changed: self.evidence.map(|it| Timestamp::from_nanos(it.inode.ctime_ns)),
            modified: self.evidence.map(|it| Timestamp::from_nanos(it.inode.mtime_ns)),
        }
    }

    /// For the outside, with what rules may ask besides.
    fn owned(
        &self,
        processes: &crate::enrich::ProcessTable,
        action: Action,
        drift: bool,
        provenance: Option<Provenance>,
    ) -> (DriftEvent, LiveFacts) {
        let time = self.acting.clock.wall(self.event.boot_ns);
        let mut event = DriftEvent::new(time, Kind::File, action);
        event.drift = drift;
        event.provenance = provenance;
        event.process = Some(self.acting.process(processes));
        let mut file = File { path: Text::from(self.path), ..File::default() };
        if let Some(evidence) = self.evidence {
            let (major, minor) = evidence.inode.major_minor();
            file.inode = evidence.inode.number;
            file.device = format!("{major}:{minor}");
            file.mode = format!("{:04o}", evidence.mode & 0o7777);
            file.owner = Owner { uid: evidence.uid, gid: evidence.gid };
            file.size = evidence.inode.size;
        }
        event.file = Some(file);
        event.unproved = self.event.unproved;
        if self.event.path.base.truncated {
            event.truncated.push("file.path".to_owned());
        }
        let live = LiveFacts {
            event_type: Some(event_type(action)),
            result: self.event.result,
            value: self.event.value,
            ..self.acting.live()
        };
        (event, live)
    }
}

/// What the kernel alone proves about the file as it is now.
fn state(evidence: &FileEvidence) -> Provenance {
    match judge(evidence) {
        Judgement::Proved(provenance) => provenance,
        Judgement::Ask(_) if evidence.lower.is_none() => {
            Provenance::new(Verdict::Added, Evidence::Kernel, "a new file in the upper layer")
        }
        Judgement::Ask(_) => {
            let reason = "an image file in the upper layer; its content was not compared";
            Provenance::new(Verdict::Unknown, Evidence::None, reason)
        }
    }
}

fn action(operation: FileOperation) -> Action {
    match operation {
        FileOperation::Read => Action::Read,
        FileOperation::Create | FileOperation::MakeDirectory | FileOperation::MakeNode => {
            Action::Create
        }
        FileOperation::Open
        | FileOperation::Write
        | FileOperation::Truncate
        | FileOperation::Allocate => Action::Modify,
        FileOperation::Unlink | FileOperation::RemoveDirectory => Action::Delete,
        FileOperation::Rename | FileOperation::Exchange => Action::Rename,
        FileOperation::Link | FileOperation::Symlink => Action::Link,
        FileOperation::Mode
        | FileOperation::Owner
        | FileOperation::SetAttribute
        | FileOperation::RemoveAttribute => Action::Attributes,
        FileOperation::Map => Action::Library,
    }
}

fn event_type(action: Action) -> EventType {
    crate::view::event_type(Kind::File, action)
}
