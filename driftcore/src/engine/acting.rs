//! The process behind an event that is not an exec.

use std::sync::Arc;

use super::clock::Clock;
use super::containers::Known;
use super::names::Names;
use crate::enrich::Identity;
use crate::enrich::ProcessTable;
use crate::enrich::Program;
use crate::enrich::split_args;
use crate::event::Action;
use crate::event::Actor;
use crate::event::ActorFlags;
use crate::event::Capabilities;
use crate::event::Kind;
use crate::event::Process;
use crate::event::Text;
use crate::event::Timestamp;
use crate::fields::EventType;
use crate::view::Ancestors;
use crate::view::LiveFacts;
use crate::view::ObservedFacts;
use crate::view::PathText;
use crate::view::ProcessFacts;
use crate::view::ProcessIds;
use crate::view::Relative;

/// That something happened, and what kind of thing.
#[derive(Clone, Copy)]
pub(super) struct Deed {
    pub(super) time: Timestamp,
    /// Its number, from 1 on.
    pub(super) number: u64,
    pub(super) kind: Kind,
    pub(super) action: Action,
    pub(super) event_type: EventType,
}

/// An actor and what its exec told of it.
pub(super) struct Acting<'a> {
    pub(super) actor: &'a Actor<'a>,
    pub(super) program: Arc<Program>,
    pub(super) clock: Clock,
    /// It ran drifted code, or was made by what had.
    pub(super) tainted: bool,
}

impl<'a> Acting<'a> {
    /// Looks the actor up. Of one whose exec was lost, only what its own event says is known.
    pub(super) fn new(processes: &mut ProcessTable, actor: &'a Actor<'a>, clock: Clock) -> Self {
        let who = Identity::from(actor);
        if actor.flags.contains(ActorFlags::OUTSIDE) {
            processes.complete_host_process(who);
        }
        processes.complete_ancestry(who);
        let program = processes
            .program(who)
            .cloned()
            .unwrap_or_else(|| Arc::new(Program::new(actor.comm.to_vec(), Vec::new(), Vec::new())));
        let tainted = processes.is_tainted(who);
        Self { actor, program, clock, tainted }
    }

    /// Its ancestors, the parent first.
    pub(super) fn ancestors<'t>(&self, processes: &'t ProcessTable) -> Ancestors<'t> {
        let relatives = processes.ancestry(self.actor.into());
        Ancestors::new(relatives.map(|(pid, program)| Relative { pid, program }))
    }

    /// As rules see it.
    pub(super) fn facts<'s>(&'s self, ancestors: &'s Ancestors<'s>) -> ProcessFacts<'s> {
        let actor = self.actor;
        let standing = self.program.standing();
        let live = self.live();
        ProcessFacts {
            program: &self.program,
            ancestors,
            pid: actor.pid,
            tid: actor.tid,
            ppid: actor.ppid,
            container_pid: actor.container_pid,
            uid: actor.uid,
            gid: actor.gid,
            loginuid: (actor.loginuid != u32::MAX).then_some(actor.loginuid),
            tty: standing.map_or(0, |it| it.tty),
            cwd: PathText::Text(standing.map_or(b"", |it| &it.cwd)),
            filename: None,
            started: live.started,
            parent_started: live.parent_started,
            pid_namespace_started: live.pid_namespace_started,
            ids: live.ids,
            session_leader: None,
            group_leader: None,
            capabilities: live.capabilities,
        }
    }

    /// What it did in a container, as rules see it. What is particular to a kind is filled in over this.
    pub(super) fn observed<'s>(
        &'s self,
        deed: Deed,
        known: &'s Known,
        names: &'s Names<'s>,
        ancestors: &'s Ancestors<'s>,
        hostname: &'s str,
    ) -> ObservedFacts<'s> {
        ObservedFacts {
            time: deed.time,
            number: deed.number,
            kind: deed.kind,
            action: deed.action,
            event_type: deed.event_type,
            result: 0,
            drift: false,
            before_start: false,
            recovered: false,
            container: Some(&known.container),
            details: Some(&known.details),
            accounts: Some(names),
            process: Some(self.facts(ancestors)),
            file: None,
            network: None,
            config: None,
            package: None,
            digest: None,
            call: None,
            tainted: self.tainted,
            unproved: false,
            provenance: None,
            hostname,
        }
    }

    /// What the event for the outside does not hold of it.
    pub(super) fn live(&self) -> LiveFacts {
        let actor = self.actor;
        let standing = self.program.standing();
        let pid_namespace = standing.map(|it| it.pid_namespace_start_ns).filter(|&it| it != 0);
        LiveFacts {
            started: Some(self.clock.wall(actor.start_ns)),
            parent_started: Some(self.clock.wall(actor.parent_start_ns)),
            pid_namespace_started: pid_namespace.map(|start| self.clock.wall(start)),
            ids: standing.map(|it| ProcessIds {
                container_tid: actor.container_tid,
                parent_container_pid: it.parent_container_pid,
                container_sid: it.container_sid,
                container_pgid: it.container_pgid,
                pgid: it.pgid,
            }),
            capabilities: standing
                .map(|it| Capabilities { effective: actor.cap_effective, ..it.capabilities }),
            ..LiveFacts::default()
        }
    }

    /// For the outside.
    pub(super) fn process(&self, processes: &ProcessTable) -> Process {
        let actor = self.actor;
        let standing = self.program.standing();
        Process {
            pid: actor.pid,
            tid: actor.tid,
            ppid: actor.ppid,
            container_pid: actor.container_pid,
            name: Text::from(actor.comm),
            exe: Text::from(self.program.exe()),
            cmdline: split_args(self.program.args()),
            cwd: Text::from(standing.map_or(&b""[..], |it| &it.cwd)),
            uid: actor.uid,
            gid: actor.gid,
            loginuid: (actor.loginuid != u32::MAX).then_some(actor.loginuid),
            tty: standing.map_or(0, |it| it.tty),
            cgroup: Text::from(standing.map_or(&b""[..], |it| &it.cgroup)),
            ancestors: processes.ancestors(actor),
        }
    }
}
