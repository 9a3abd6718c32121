//! Who wrote a file last.

use std::sync::Arc;

use super::clock::Clock;
use crate::enrich::Identity;
use crate::enrich::ProcessTable;
use crate::enrich::Program;
use crate::enrich::split_args;
use crate::event::ActorFlags;
use crate::event::Ancestor;
use crate::event::Process;
use crate::event::Text;
use crate::event::Writer;
use crate::event::WriterFacts;
use crate::event::WriterOrigin;
use crate::view::LastWriter;
use crate::view::WriterArguments;

/// A file's last writer: what the kernel side kept of it, and its program, where that is still known.
pub(super) struct KnownWriter<'a> {
    facts: WriterFacts<'a>,
    program: Option<Arc<Program>>,
    clock: Clock,
}

impl<'a> KnownWriter<'a> {
    /// Allocates nothing.
    pub(super) fn new(processes: &ProcessTable, facts: WriterFacts<'a>, clock: Clock) -> Self {
        let program = processes.program_of_exec(identity(&facts), facts.exec_id).cloned();
        Self { facts, program, clock }
    }

    fn origin(&self) -> WriterOrigin {
        if self.facts.flags.contains(ActorFlags::OUTSIDE) {
            WriterOrigin::Outside
        } else {
            WriterOrigin::Inside
        }
    }

    /// The arguments as the exec had them, else the first bytes of them.
    fn args(&self) -> &[u8] {
        self.program.as_ref().map_or(self.facts.args, |program| program.args())
    }

    /// As rules see it.
    pub(super) fn last(&self) -> LastWriter<'_> {
        LastWriter {
            pid: self.facts.pid,
            name: self.facts.comm,
            exe: self.program.as_ref().map(|program| program.exe()),
            args: WriterArguments::Block(self.args()),
            time: self.clock.wall(self.facts.boot_ns),
            origin: self.origin(),
        }
    }

    /// For the outside.
    pub(super) fn owned(&self, processes: &ProcessTable) -> Writer {
        let facts = &self.facts;
        let standing = self.program.as_ref().and_then(|program| program.standing());
        let mut ancestors = processes.ancestors(identity(facts));
        if ancestors.is_empty() && facts.ppid != 0 && !facts.parent_comm.is_empty() {
            let name = Text::from(facts.parent_comm);
            ancestors.push(Ancestor { pid: facts.ppid, name, ..Ancestor::default() });
        }
        Writer {
            process: Process {
                pid: facts.pid,
                tid: facts.pid,
                ppid: facts.ppid,
                container_pid: facts.container_pid,
                name: Text::from(facts.comm),
                exe: Text::from(self.program.as_ref().map_or(&b""[..], |program| program.exe())),
                cmdline: split_args(self.args()),
                cwd: Text::from(standing.map_or(&b""[..], |it| &it.cwd)),
                uid: facts.uid,
                gid: facts.gid,
                loginuid: (facts.loginuid != u32::MAX).then_some(facts.loginuid),
                tty: standing.map_or(0, |it| it.tty),
                cgroup: Text::from(standing.map_or(&b""[..], |it| &it.cgroup)),
                ancestors,
            },
            time: self.clock.wall(facts.boot_ns),
            origin: self.origin(),
        }
    }
}

fn identity(facts: &WriterFacts<'_>) -> Identity {
    let WriterFacts { pid, start_ns, ppid, parent_start_ns, .. } = *facts;
    Identity { pid, start_ns, ppid, parent_start_ns }
}
