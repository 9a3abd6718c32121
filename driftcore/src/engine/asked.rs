//! What is asked of the sensor: what the rules speak of, and what the embedder watches.

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

/// What is asked for at the start.
pub(super) fn all_wanted(watched: Wanted, never: Wanted, rules: Option<&RuleSet>) -> Wanted {
    rules.map_or(watched, |rules| watched.union(wanted(rules.asked()))).without(never)
}

/// The sensor, and what it is asked for. The engine reads it; whoever replaces the rules asks it.
pub(super) struct Asking {
    sensor: Sensor,
    /// What the embedder watches, whatever the rules need.
    watched: Wanted,
    /// What is never asked for, whoever needs it.
    never: Wanted,
    now: Wanted,
    /// Why what was asked for last cannot be had, until it has been said.
    refused: Option<String>,
}

impl Asking {
    /// Asks for `now`, from [`all_wanted`].
    ///
    /// # Errors
    ///
    /// [`SensorError::Bpf`] when a probe cannot be attached.
    pub(super) fn begin(
        mut sensor: Sensor,
        watched: Wanted,
        never: Wanted,
        now: Wanted,
    ) -> Result<Self, SensorError> {
        sensor.ask(&now)?;
        let refused = sensor.unseen().map(str::to_owned);
        Ok(Self { sensor, watched, never, now, refused })
    }

    /// Asks for what other rules need. What both need is asked for all the while, what only the new
    /// ones need before `swap`, and what only the old ones needed until after it: so no event is lost
    /// to either.
    fn replace(&mut self, rules: &RuleSet, swap: impl FnOnce()) {
        let next = self.watched.union(wanted(rules.asked())).without(self.never);
        let before = self.ask(self.now.union(next));
        swap();
        let after = self.ask(next);
        let refused = before.and(after).err().map(|error| error.to_string());
        self.refused = refused.or_else(|| self.sensor.unseen().map(str::to_owned));
    }

    fn ask(&mut self, wanted: Wanted) -> Result<(), SensorError> {
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
