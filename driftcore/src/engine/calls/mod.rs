//! Other system calls.

mod arguments;
mod flags;
mod socket;

pub(super) use arguments::Arguments;

use super::acting::Acting;
use super::acting::Deed;
use super::assemble::Observed;
use super::core::Core;
use super::core::blind_event;
use super::proofs::Answered;
use crate::enrich::Identity;
use crate::event::Action;
use crate::event::Call;
use crate::event::DriftEvent;
use crate::event::Kind;
use crate::event::SystemCall;
use crate::event::Text;
use crate::event::error_name;
use crate::fields::EventType;
use crate::view::CallFacts;
use crate::view::LiveFacts;
use crate::view::ObservedFacts;
use crate::view::View;

impl Core {
    /// Takes in a call. Allocates nothing where no rule fires.
    pub(super) fn call(&mut self, call: &Call<'_>) {
        if call.unseen_ring {
            self.unseen_ring(call);
        } else if let Some(event_type) = EventType::of_call(call.number) {
            if !self.unheard.has_call(call.number) {
                let mut arguments = std::mem::take(&mut self.call_arguments);
                self.call_of(call, event_type, &mut arguments);
                self.call_arguments = arguments;
            }
            self.configuration_call(call, event_type);
        }
    }

    fn call_of(&mut self, call: &Call<'_>, event_type: EventType, arguments: &mut Arguments) {
        let container = call.actor.container;
        let time = self.clock.wall(call.boot_ns);
        let acting = Acting::new(&mut self.processes, &call.actor, self.clock);
        let names = self.containers.names(container, call.actor.pid);
        arguments.write(event_type.name(), call, &names);
        let on = call.socket.as_ref();
        let complete = |event: &mut DriftEvent| {
            event.process = Some(acting.process(&self.processes));
            event.tainted = acting.tainted;
            event.unproved = is_unproved(call);
            event.network = on.map(socket::network);
            event.call = Some(system_call(event_type, call, arguments));
            event.truncated.extend(cut_texts(call));
        };
        if self.waits_for_runtime(container) {
            let mut event = DriftEvent::new(time, Kind::Syscall, Action::Call);
            complete(&mut event);
            let live =
                LiveFacts { event_type: Some(event_type), result: call.result, ..acting.live() };
            let by = (Identity::from(&call.actor), call.boot_ns);
            let event = Observed { container, event, live, by };
            self.answer(Answered { event, classified: None });
            return;
        }
        let Some(known) = self.containers.get(container) else { return };
        let ancestors = acting.ancestors(&self.processes);
        let number = self.matching.next_number();
        let deed = Deed { time, number, kind: Kind::Syscall, action: Action::Call, event_type };
        let outcome = arguments.with(|args| {
            let facts = ObservedFacts {
                result: call.result,
                network: on.map(|socket| socket::facts(socket, event_type)),
                config: None,
                package: None,
                digest: None,
                call: Some(CallFacts { args }),
                unproved: is_unproved(call),
                ..acting.observed(deed, known, &names, &ancestors, &self.hostname)
            };
            self.matching.run(&View::new(facts), time)
        });
        if self.scope.all_events || !outcome.is_empty() {
            let mut event = DriftEvent::new(time, Kind::Syscall, Action::Call);
            complete(&mut event);
            event.container = Some((*known.container).clone());
            self.hand_over(&event, &outcome);
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

/// For the outside.
fn system_call(event_type: EventType, call: &Call<'_>, arguments: &Arguments) -> SystemCall {
    let result = match u32::try_from(-call.result).ok().and_then(error_name) {
        _ if call.result >= 0 => "ok".to_owned(),
        Some(name) => name.to_owned(),
        None => call.result.to_string(),
    };
    let args = arguments.iter().map(|(name, text)| (name.to_owned(), Text::from(text))).collect();
    SystemCall { name: event_type.name().to_owned(), result, args }
}

/// A text is in the caller's memory, and read once, when the call is over: another thread may have written
/// it since.
fn is_unproved(call: &Call<'_>) -> bool {
    call.texts.iter().any(|(text, _)| !text.is_empty())
}

/// What of its texts could not be read, or not as a whole.
fn cut_texts(call: &Call<'_>) -> impl Iterator<Item = String> {
    call.texts.iter().any(|(_, cut)| *cut).then(|| "call.args".to_owned()).into_iter()
}
