//! Other system calls.

use super::acting::Acting;
use super::core::Core;
use super::core::blind_event;
use crate::event::Call;

impl Core {
    /// Takes in a call.
    pub(super) fn call(&mut self, call: &Call<'_>) {
        if call.unseen_ring {
            self.unseen_ring(call);
        }
    }

    /// Says that a process has a way to its files and sockets that this kernel does not show.
    fn unseen_ring(&mut self, call: &Call<'_>) {
        let container = call.actor.container;
        let what =
            "made an io_uring: what is done through it is not seen on this kernel".to_owned();
        let mut event = blind_event(self.clock.wall(call.boot_ns), what);
        let acting = Acting::new(&mut self.processes, &call.actor, self.clock);
        event.process = Some(acting.process(&self.processes));
        event.container = self.containers.get(container).map(|known| (*known.container).clone());
        tracing::warn!(pid = call.actor.pid, "a container made an io_uring, which is not seen");
        if self.scope.includes(event.container.as_ref()) {
            self.sink.event(&event);
        }
    }
}
