//! Programs that are executed in a container: what they may do, and what their environment makes them load.
//!
//! ```text
//! exec ─┬─→ by somebody outside: rights, all variables   ─→ thread
//!       └─→ by the container's own: rights, if beyond ───→ thread
//!                                   variables, at once  ─→ thread, as far as it keeps up
//! ```

use crate::config::ExecRights;
use crate::engine::acting::Acting;
use crate::engine::assemble::Origin;
use crate::engine::configuration::watcher::Message;
use crate::engine::core::Core;
use crate::engine::packages::Cause;
use crate::enrich::Identity;
use crate::event::Action;
use crate::event::Actor;
use crate::event::DriftEvent;
use crate::event::Exec;
use crate::event::Kind;
use crate::view::LiveFacts;

/// Who executed a program, in numbers alone: nothing is put together for a program that is as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Executed {
    pub(super) container: u64,
    pub(super) pid: u32,
    pub(super) start_ns: u64,
    ppid: u32,
    parent_start_ns: u64,
    container_pid: u32,
    exec_id: u64,
    boot_ns: u64,
    uid: u32,
    gid: u32,
    euid: u32,
    egid: u32,
    loginuid: u32,
    cap_effective: u64,
}

impl Executed {
    fn of(exec: &Exec<'_>) -> Self {
        let task = &exec.task;
        Self {
            container: task.container,
            pid: task.pid,
            start_ns: task.start_ns,
            ppid: task.ppid,
            parent_start_ns: task.parent_start_ns,
            container_pid: task.container_pid,
            exec_id: task.exec_id,
            boot_ns: exec.boot_ns,
            uid: task.uid,
            gid: task.gid,
            euid: task.euid,
            egid: task.egid,
            loginuid: task.loginuid,
            cap_effective: task.capabilities.effective,
        }
    }

    /// Of a process that is not there.
    #[cfg(test)]
    pub(super) fn within(container: u64) -> Self {
        Self { container, ..Self::default() }
    }

    fn actor<'a>(&self, comm: &'a [u8]) -> Actor<'a> {
        Actor {
            container: self.container,
            pid: self.pid,
            tid: self.pid,
            ppid: self.ppid,
            container_pid: self.container_pid,
            container_tid: self.container_pid,
            start_ns: self.start_ns,
            parent_start_ns: self.parent_start_ns,
            exec_id: self.exec_id,
            cap_effective: self.cap_effective,
            uid: self.uid,
            gid: self.gid,
            euid: self.euid,
            egid: self.egid,
            loginuid: self.loginuid,
            comm,
            ..Actor::default()
        }
    }
}

impl Core {
    /// Takes in an exec: of a process whose parent is outside of the container, all is looked at; of another one, what
    /// it may do, and what its environment makes it load. Allocates nothing where it is the container's own and may do
    /// no more than was declared.
    pub(in crate::engine) fn configuration_exec(&mut self, exec: &Exec<'_>, args: (&[u8], bool)) {
        let task = &exec.task;
        // The first process of a container has its parent outside, too. Who it is that is not known, the
        // thread finds out.
        let Some(told) = self.configuration.told.get(&task.container) else { return };
        if task.container_pid <= 1 {
            return;
        }
        let id = task.container;
        let is_own = self.processes.is_of(task.ppid, task.parent_start_ns, id);
        if is_own {
            let Some(allowed) = told.allowed else { return };
            self.configuration.look_at(Executed::of(exec));
            if allowed.covers(task) {
                return;
            }
        }
        let rights = ExecRights::of(task);
        let executed = self.assemble(exec, args, Origin::Live, None);
        let time = self.clock.wall(exec.boot_ns);
        let mut event = DriftEvent::new(time, Kind::Config, Action::Environment);
        event.process = executed.process;
        event.tainted = executed.tainted;
        let by = (Identity::from(task), exec.boot_ns);
        let live = LiveFacts::default();
        let cause = Box::new(Cause { container: id, event, live, by });
        let process = (!is_own).then_some((task.pid, task.start_ns));
        let Some(to) = &self.configuration.to else { return };
        if to.try_send(Message::Entered { id, process, rights, cause }).is_err() {
            self.counters.configurations_refused += 1;
        }
    }

    /// What is known of who executed a program.
    pub(super) fn cause_of(&mut self, executed: &Executed, comm: &[u8]) -> Cause {
        let actor = executed.actor(comm);
        let acting = Acting::new(&mut self.processes, &actor, self.clock);
        let time = self.clock.wall(executed.boot_ns);
        let mut event = DriftEvent::new(time, Kind::Config, Action::Environment);
        event.process = Some(acting.process(&self.processes));
        event.tainted = acting.tainted;
        let by = (Identity::from(&actor), executed.boot_ns);
        Cause { container: executed.container, event, live: acting.live(), by }
    }
}
