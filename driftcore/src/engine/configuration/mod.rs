//! Configuration that drifts while a container runs.
//!
//! ```text
//! container begins ─→ read what was declared ─┐
//! an interval, a call that changes something, ┴→ compare, and again ─→ Finding ─→ events
//! a mount table or a limit that changed          (a thread of its own)
//! an exec ─→ what it may do, its environment ──→ held against it at once ─↑
//! ```
//! Nothing of it is done where records are taken in: there a message is put into a queue of bounded length.

mod execs;
mod files;
mod pods;
pub(super) mod secrets;
mod standing;
mod tables;
mod turns;
mod watcher;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Receiver;
use crossbeam_channel::Sender;
use rustc_hash::FxHashMap;

use self::execs::Executed;
use self::pods::PodsFile;
use self::standing::Change;
use self::watcher::Message;
use self::watcher::Watcher;
use super::EngineError;
use super::acting::Acting;
use super::assemble::Observed;
use super::core::Core;
use super::packages::Cause;
use super::proofs::Answered;
use crate::config::Allowed;
use crate::config::Aspect;
use crate::container::Runtimes;
use crate::enrich::Identity;
use crate::event::Action;
use crate::event::Call;
use crate::event::ConfigItem;
use crate::event::DriftEvent;
use crate::event::Kind;
use crate::event::Process;
use crate::event::Timestamp;
use crate::event::WriterOrigin;
use crate::fields::EventType;
use crate::provenance::Wake;
use crate::sensor::Wanted;
use crate::view::LiveFacts;

/// Most messages and findings that wait.
const QUEUE: usize = 1024;
/// Most programs of containers' own processes that wait to be looked at.
const PROGRAMS: usize = 256;
/// The runtime of a container that none knows.
const UNKNOWN: &str = "unknown";
/// Calls after which a container may be set up otherwise.
const TELLING: [(&str, Parts); 24] = [
    ("capset", &[Aspect::Capability]),
    ("chroot", MOUNTS),
    ("mount", MOUNTS),
    ("mount_setattr", MOUNTS),
    ("move_mount", MOUNTS),
    ("pivot_root", MOUNTS),
    ("prctl", RIGHTS),
    ("prlimit", LIMITS),
    ("setdomainname", NAMES),
    ("setfsgid", RIGHTS),
    ("setfsuid", RIGHTS),
    ("setgid", RIGHTS),
    ("setgroups", RIGHTS),
    ("sethostname", NAMES),
    ("setns", RIGHTS),
    ("setregid", RIGHTS),
    ("setresgid", RIGHTS),
    ("setresuid", RIGHTS),
    ("setreuid", RIGHTS),
    ("setrlimit", LIMITS),
    ("setuid", RIGHTS),
    ("umount", MOUNTS),
    ("umount2", MOUNTS),
    ("unshare", RIGHTS),
];
/// Of these, the calls that are rare enough to be asked for when no rule does. Not `prctl`, which names threads
/// and memory all day, nor the `setuid` family: what it can give begins with an exec, which is seen anyway.
const ASKED: [&str; 8] =
    ["capset", "chroot", "mount", "move_mount", "pivot_root", "setns", "umount2", "unshare"];
/// Of `prctl`, what gives a process anything: `PR_SET_KEEPCAPS`, `PR_SET_SECUREBITS`, `PR_SET_MM` (which moves its
/// environment) and `PR_CAP_AMBIENT`.
const GIVING: [u64; 4] = [8, 28, 35, 47];
const MOUNTS: Parts = &[Aspect::Mount];
const RIGHTS: Parts = &[Aspect::Capability, Aspect::Identity];
const LIMITS: Parts = &[Aspect::Limit];
const NAMES: Parts = &[Aspect::Sysctl];

/// What a call may change. Only a difference of that kind is the caller's doing.
type Parts = &'static [Aspect];

/// Shortest and longest interval: less would be no rest, and more is beyond what clocks add up to.
const INTERVAL_MIN: Duration = Duration::from_millis(100);
const INTERVAL_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// How and how often the configuration of containers is compared with what was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigurationOptions {
    /// Time between two comparisons, of which a tenth more or less is left to chance. Less than a tenth of
    /// a second, and more than a year, are taken for that.
    pub interval: Duration,
}

impl ConfigurationOptions {
    pub(super) fn bounded(self) -> Self {
        Self { interval: self.interval.clamp(INTERVAL_MIN, INTERVAL_MAX) }
    }
}

impl Default for ConfigurationOptions {
    /// Once a minute.
    fn default() -> Self {
        Self { interval: Duration::from_secs(60) }
    }
}

/// Whether calls after which a container may be set up otherwise are asked of the sensor though no rule speaks of
/// them: those that mount and unmount, `chroot`, `pivot_root`, `setns`, `unshare` and `capset`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigurationCalls {
    /// Where the sensor looks at the exit of system calls anyway, so that it costs nothing more.
    #[default]
    WhereFree,
    /// In any case: every system call of the node costs a little more then.
    Always,
    /// Never.
    Never,
}

/// The calls that are asked for, where it is no matter what that costs.
pub(super) fn calls(which: ConfigurationCalls) -> Wanted {
    let asked = ASKED.iter().filter(|_| which != ConfigurationCalls::Never);
    let numbers = asked.filter_map(|name| EventType::of(name)?.call_number());
    numbers.fold(Wanted::NOTHING, Wanted::with_call)
}

/// What was found of a container.
#[derive(Debug)]
pub(super) struct Finding {
    container: u64,
    change: Change,
    time: Timestamp,
    origin: WriterOrigin,
    /// The call, or the exec, that was seen just before.
    cause: Option<By>,
}

/// Who may have done something.
#[derive(Clone, Debug)]
enum By {
    Known(Box<Cause>),
    /// Whom the engine knows more of.
    Program(Executed),
}

/// What the thread tells.
#[derive(Debug)]
enum Told {
    Found(Finding),
    /// What programs of a container may have: held against each as it is executed.
    Allowed(u64, Allowed),
}

/// A container that the thread knows.
#[derive(Debug)]
struct Known {
    /// As which.
    id: String,
    /// `None` until that is known.
    allowed: Option<Allowed>,
}

/// The way to the thread that compares, and back.
#[derive(Default)]
pub(super) struct Configuration {
    to: Option<Sender<Message>>,
    programs: Option<Sender<Executed>>,
    from: Option<Receiver<Told>>,
    /// Comparisons that were asked for and not made, and that nobody counted yet.
    unmade: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    told: FxHashMap<u64, Known>,
    telling: Vec<(EventType, Parts)>,
}

impl Configuration {
    /// Starts the thread. It calls `wake` when it has found something. `pods` is a file of what pods declare.
    pub(super) fn start(
        runtimes: Runtimes,
        options: ConfigurationOptions,
        pods: Option<PathBuf>,
        wake: Wake,
    ) -> Result<Self, EngineError> {
        let (to, messages) = crossbeam_channel::bounded(QUEUE);
        let (programs, executed) = crossbeam_channel::bounded(PROGRAMS);
        let (findings, from) = crossbeam_channel::bounded(QUEUE);
        let unmade = Arc::new(AtomicU64::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let pods = pods.map(PodsFile::new).transpose()?;
        let watcher = Watcher::new(
            &runtimes,
            pods,
            options.interval,
            findings,
            wake,
            Arc::clone(&unmade),
            Arc::clone(&over),
        );
        let thread = std::thread::Builder::new()
            .name("driftcore-config".to_owned())
            .spawn(move || watcher.run(&messages, &executed))
            .map_err(EngineError::io_std("start the thread that compares configurations"))?;
        Ok(Self {
            to: Some(to),
            programs: Some(programs),
            from: Some(from),
            unmade,
            over,
            thread: Some(thread),
            told: FxHashMap::default(),
            telling: TELLING
                .iter()
                .filter_map(|&(name, parts)| Some((EventType::of(name)?, parts)))
                .collect(),
        })
    }

    /// Has the environment of a program looked at. How many could not be is counted.
    fn look_at(&self, executed: Executed) {
        let programs = self.programs.as_ref();
        if programs.is_some_and(|programs| programs.try_send(executed).is_err()) {
            self.unmade.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Waits for the thread, which finishes the container that it is at.
impl Drop for Configuration {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        drop((self.from.take(), self.programs.take(), self.to.take()));
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that compares configurations panicked");
        }
    }
}

impl Core {
    /// Tells the thread which containers run; about once a second.
    pub(super) fn configuration_containers(&mut self) {
        let Some(to) = &self.configuration.to else { return };
        let told = &mut self.configuration.told;
        let containers = &self.containers;
        told.retain(|&id, _| {
            let runs = containers.get(id).is_some_and(|known| known.processes > 0);
            // Where the queue is full, it is told the next time.
            runs || to.try_send(Message::Ended(id)).is_err()
        });
        for (id, known) in containers.iter() {
            let container = &known.container;
            let is_known = container.runtime != UNKNOWN && known.processes > 0;
            if !is_known
                || told.get(&id).is_some_and(|it| it.id == container.id)
                || !self.scope.includes(Some(container))
            {
                continue;
            }
            let message =
                Message::Began { id, container: Arc::clone(container), root: known.root.clone() };
            if to.try_send(message).is_ok() {
                told.insert(id, Known { id: container.id.clone(), allowed: None });
            }
        }
    }

    /// Takes in a call after which the container may be set up otherwise.
    pub(super) fn configuration_call(&mut self, call: &Call<'_>, event_type: EventType) {
        let id = call.actor.container;
        if self.configuration.to.is_none() || call.result < 0 {
            return;
        }
        let mut telling = self.configuration.telling.iter();
        let Some(&(_, parts)) = telling.find(|(it, _)| *it == event_type) else { return };
        if event_type.name() == "prctl" && !GIVING.contains(&call.args[0]) {
            return;
        }
        // One that has just started may not be known to the thread yet.
        if !self.configuration.told.contains_key(&id)
            && self.containers.get(id).is_some_and(|known| known.container.runtime != UNKNOWN)
        {
            self.configuration_containers();
        }
        if !self.configuration.told.contains_key(&id) {
            return;
        }
        let acting = Acting::new(&mut self.processes, &call.actor, self.clock);
        let mut event =
            DriftEvent::new(self.clock.wall(call.boot_ns), Kind::Config, Action::Declaration);
        event.process = Some(acting.process(&self.processes));
        event.tainted = acting.tainted;
        let by = (Identity::from(&call.actor), call.boot_ns);
        let cause = Box::new(Cause { container: id, event, live: acting.live(), by });
        let Some(to) = &self.configuration.to else { return };
        if to.try_send(Message::Touched { id, parts, cause }).is_err() {
            self.counters.configurations_refused += 1;
        }
    }

    /// Hands over what was found.
    pub(super) fn configuration_findings(&mut self) {
        if self.configuration.unmade.load(Ordering::Relaxed) != 0 {
            self.counters.configurations_refused +=
                self.configuration.unmade.swap(0, Ordering::Relaxed);
        }
        while let Some(Ok(told)) = self.configuration.from.as_ref().map(Receiver::try_recv) {
            match told {
                Told::Found(finding) => self.configuration_finding(finding),
                Told::Allowed(id, allowed) => {
                    if let Some(known) = self.configuration.told.get_mut(&id) {
                        known.allowed = Some(allowed);
                    }
                }
            }
        }
    }

    fn configuration_finding(&mut self, finding: Finding) {
        let Finding { container, change: Change { item, ended }, time, origin, cause } = finding;
        let cause = cause.map(|by| match by {
            By::Known(cause) => *cause,
            By::Program(executed) => {
                let name = item.process.as_ref().map(|holder| holder.name.clone());
                self.cause_of(&executed, name.unwrap_or_default().as_bytes())
            }
        });
        let (mut event, live, by) = match cause {
            Some(cause) => (cause.event, cause.live, cause.by),
            None => {
                let mut event = DriftEvent::new(time, Kind::Config, Action::Declaration);
                event.process = item.process.as_ref().map(|holder| Process {
                    pid: holder.pid,
                    name: holder.name.clone(),
                    ..Process::default()
                });
                (event, LiveFacts::default(), (Identity::default(), 0))
            }
        };
        event.action = action(item.aspect);
        event.drift = true;
        event.ended = ended;
        event.config = Some(ConfigItem {
            item: item.name,
            declared: item.declared,
            live: item.live,
            mark: item.mark,
            origin: (!ended).then_some(origin),
        });
        event.container = self.containers.get(container).map(|known| (*known.container).clone());
        if ended {
            // It is over: that is no alert.
            if self.scope.includes(event.container.as_ref()) {
                self.sink.event(&event);
            }
            return;
        }
        let event = Observed { container, event, live, by };
        self.answer(Answered { event, classified: None });
    }
}

const fn action(aspect: Aspect) -> Action {
    match aspect {
        Aspect::Environment => Action::Environment,
        Aspect::Mount => Action::Mount,
        Aspect::Secret => Action::Secret,
        Aspect::Capability => Action::Capability,
        Aspect::Identity => Action::Identity,
        Aspect::Limit => Action::Limit,
        Aspect::Sysctl => Action::Sysctl,
        Aspect::Declaration => Action::Declaration,
    }
}
