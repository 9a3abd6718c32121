//! What is asked of the sensor: what the rules speak of, what the embedder watches, and the calls after which
//! the engine itself looks at something.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::Weak;

use crate::fields::EventType;
use crate::fields::EventTypes;
use crate::rules::Asked;
use crate::rules::RuleSet;
use crate::sensor::Batch;
use crate::sensor::Sensor;
use crate::sensor::SensorError;
use crate::sensor::Wanted;

/// What the sensor must see for these rules to be matched.
fn wanted(asked: &Asked) -> Wanted {
    let files = asked.file_operations.iter().fold(Wanted::NOTHING, Wanted::with_file);
    let sockets = asked.event_types.iter().filter_map(EventType::socket_operation);
    let both = sockets.fold(files, Wanted::with_socket);
    let calls = asked.event_types.intersection(EventTypes::CALLS);
    calls.iter().filter_map(EventType::call_number).fold(both, Wanted::with_call)
}

/// Who needs what, whatever the rules are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    /// What the embedder watches.
    pub(super) watched: Wanted,
    /// What is never asked for, whoever needs it.
    pub(super) never: Wanted,
    /// The calls that the engine itself takes in. Nobody else is told of them.
    pub(super) own: Wanted,
    /// Whether these are worth a program at the exit of every system call.
    pub(super) own_alone: bool,
}

impl Needs {
    /// What is asked for that others are told of.
    pub(super) fn told(&self, rules: Option<&RuleSet>) -> Wanted {
        let watched = self.watched;
        rules.map_or(watched, |rules| watched.union(wanted(rules.asked()))).without(self.never)
    }

    /// All that is asked for. `has_exit` says whether the exit of system calls is needed for what others are told.
    fn all(&self, told: Wanted, has_exit: bool) -> Wanted {
        if has_exit || self.own_alone { told.union(self.own) } else { told }
    }
}

/// The sensor, and what it is asked for. The engine reads it; whoever replaces the rules asks it.
pub(super) struct Asking {
    sensor: Sensor,
    needs: Needs,
    /// What others are told of, of what is asked for now.
    told: Wanted,
    now: Wanted,
    /// Why what was asked for last cannot be had, until it has been said.
    refused: Option<String>,
}

impl Asking {
    /// Asks for `told`, from [`Needs::told`], and for what the engine needs besides.
    ///
    /// # Errors
    ///
    /// [`SensorError::Bpf`] when a probe cannot be attached.
    pub(super) fn begin(
        mut sensor: Sensor,
        needs: Needs,
        told: Wanted,
    ) -> Result<Self, SensorError> {
        let now = needs.all(told, sensor.needs_call_exit(&told));
        sensor.ask(&now)?;
        let refused = sensor.unseen().map(str::to_owned);
        Ok(Self { sensor, needs, told, now, refused })
    }

    /// Asks for what other rules need. What both need is asked for all the while, what only the new
    /// ones need before `swap`, and what only the old ones needed until after it: so no event is lost
    /// to either.
    fn replace(&mut self, rules: &RuleSet, swap: impl FnOnce()) {
        let next = self.needs.told(Some(rules));
        let before = self.ask(self.told.union(next));
        swap();
        let after = self.ask(next);
        let refused = before.and(after).err().map(|error| error.to_string());
        self.refused = refused.or_else(|| self.sensor.unseen().map(str::to_owned));
    }

    fn ask(&mut self, told: Wanted) -> Result<(), SensorError> {
        self.told = told;
        let wanted = self.needs.all(told, self.sensor.needs_call_exit(&told));
        if wanted == self.now {
            return Ok(());
        }
        self.now = wanted;
        self.sensor.ask(&wanted)
    }
}

/// The sensor of an engine, shared with those who replace its rules.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Asking>>);

impl Shared {
    pub(super) fn new(asking: Asking) -> Self {
        Self(Arc::new(Mutex::new(asking)))
    }

    /// For as long as one call to the sensor takes: never while the sink has its turn, from where rules
    /// may be replaced.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Sensor) -> T) -> T {
        act(&mut lock(&self.0).sensor)
    }

    /// Reads what waits: whether there is more, and the calls among it that nobody but the engine asked for.
    pub(super) fn read(&self, batch: &mut Batch) -> Result<(bool, Wanted), SensorError> {
        let mut asking = lock(&self.0);
        let more = asking.sensor.read(batch)?;
        Ok((more, asking.now.calls_beyond(&asking.told)))
    }

    /// Whether the kernel side watches files.
    pub(super) fn watches_files(&self) -> bool {
        lock(&self.0).now.has_files()
    }

    /// What is asked for now.
    pub(super) fn wanted(&self) -> Wanted {
        lock(&self.0).now
    }

    /// Why the sensor cannot give what the rules ask for; once.
    pub(super) fn take_refused(&self) -> Option<String> {
        lock(&self.0).refused.take()
    }

    pub(super) fn asker(&self) -> Asker {
        Asker(Arc::downgrade(&self.0))
    }
}

/// The way from new rules to the sensor. Keeps no sensor alive: an engine that is dropped detaches
/// everything.
#[derive(Clone, Default)]
pub(super) struct Asker(Weak<Mutex<Asking>>);

impl Asker {
    /// Calls `swap`, with the sensor asked for what the rules need before that.
    pub(super) fn replace(&self, rules: &RuleSet, swap: impl FnOnce()) {
        match self.0.upgrade() {
            Some(asking) => lock(&asking).replace(rules, swap),
            None => swap(),
        }
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").finish_non_exhaustive()
    }
}

fn lock(asking: &Mutex<Asking>) -> MutexGuard<'_, Asking> {
    asking.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::call_number;

    #[test]
    fn calls_of_the_engine_alone_are_asked_for_where_that_is_free_and_told_to_nobody() {
        let call = |name| Wanted::NOTHING.with_call(call_number(name).unwrap());
        let own = call("mount").union(call("capset"));
        let mut needs =
            Needs { watched: call("ptrace"), never: Wanted::NOTHING, own, own_alone: false };
        let told = needs.told(None);
        assert_eq!(told, call("ptrace"));
        assert_eq!(needs.all(told, false), told, "nobody else needs the exit of system calls");
        let all = needs.all(told.union(call("mount")), true);
        assert_eq!(all, own.union(told));
        assert_eq!(all.calls_beyond(&told.union(call("mount"))), call("capset"));
        needs.own_alone = true;
        assert_eq!(needs.all(Wanted::NOTHING, false), own);
        assert!(!Wanted::NOTHING.with_unix_sockets().calls_beyond(&own).has_unix_sockets());
    }
}
