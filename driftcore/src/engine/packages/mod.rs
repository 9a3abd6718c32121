//! Packages that change while a container runs.
//!
//! ```text
//! exec of a manager ─┐            ┌ read what is there, at once
//!                    ├─→ Trigger ─┤                             (a thread of its own)
//! write to a database┘            └ when it has settled: read it again ─→ Difference ─→ events
//! ```
//! Nothing of it is done where records are taken in: there a path is looked at, and a trigger is put
//! into a queue of bounded length.

mod difference;
mod programs;
mod watcher;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use crossbeam_channel::Receiver;
use crossbeam_channel::RecvTimeoutError;
use crossbeam_channel::Sender;
use rustc_hash::FxHashMap;

use self::difference::Difference;
use self::programs::manager_of;
use self::watcher::Trigger;
use self::watcher::Watcher;
use super::EngineError;
use super::acting::Acting;
use super::assemble::Observed;
use super::assemble::Origin;
use super::core::Core;
use super::proofs::Answered;
use crate::container;
use crate::enrich::Identity;
use crate::event::Action;
use crate::event::DriftEvent;
use crate::event::Exec;
use crate::event::Kind;
use crate::event::Package;
use crate::package::ChangeKind;
use crate::package::Manager;
use crate::package::Place;
use crate::provenance::Wake;
use crate::view::LiveFacts;

/// Most triggers and differences that wait.
const QUEUE: usize = 256;
/// Most writers that are remembered.
const WRITERS: usize = 1024;
/// How long the same writer is not said again.
const AGAIN: Duration = Duration::from_millis(200);
/// How long the end waits for the comparison of what was just written.
const PATIENCE: Duration = Duration::from_secs(2);

/// What caused a comparison, as its events will have it.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    pub(super) container: u64,
    /// With nothing but the time and the process.
    pub(super) event: DriftEvent,
    pub(super) live: LiveFacts,
    pub(super) by: (Identity, u64),
}

/// The way to the thread that compares, and back.
#[derive(Default)]
pub(super) struct Packages {
    to: Option<Sender<Trigger>>,
    from: Option<Receiver<Difference>>,
    /// Comparisons that the thread did not make, or did not make in full, and that nobody counted yet.
    unmade: Arc<AtomicU64>,
    /// Nobody listens any more.
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Who wrote to the databases of a manager in a container last, and when it was said.
    writers: FxHashMap<(u64, Manager), (Identity, Instant)>,
}

impl Packages {
    /// Starts the thread. It calls `wake` when it has found something.
    pub(super) fn start(wake: Wake) -> Result<Self, EngineError> {
        let (to, triggers) = crossbeam_channel::bounded(QUEUE);
        let (differences, from) = crossbeam_channel::bounded(QUEUE);
        let unmade = Arc::new(AtomicU64::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let watcher = Watcher::new(differences, wake, Arc::clone(&unmade), Arc::clone(&over));
        let thread = std::thread::Builder::new()
            .name("driftcore-packages".to_owned())
            .spawn(move || watcher.run(&triggers))
            .map_err(EngineError::io_std("start the thread that compares packages"))?;
        Ok(Self {
            to: Some(to),
            from: Some(from),
            unmade,
            over,
            thread: Some(thread),
            writers: FxHashMap::default(),
        })
    }

    const fn is_on(&self) -> bool {
        self.to.is_some()
    }

    /// Whether a write to a database need be said: a process that writes a thousand times is said now
    /// and then.
    fn is_news(&mut self, container: u64, manager: Manager, who: Identity) -> bool {
        let now = Instant::now();
        if self.writers.len() >= WRITERS {
            self.writers.clear();
        }
        let last = self.writers.insert((container, manager), (who, now));
        let Some((writer, since)) = last.filter(|(writer, _)| *writer == who) else { return true };
        let is_news = now >= since + AGAIN;
        if !is_news {
            self.writers.insert((container, manager), (writer, since));
        }
        is_news
    }

    /// False when too many wait, or the thread is gone.
    fn send(&self, trigger: Trigger) -> bool {
        match &self.to {
            Some(to) => to.try_send(trigger).is_ok(),
            None => true,
        }
    }
}

/// Waits for the thread, which finishes the database that it is at.
impl Drop for Packages {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        drop((self.from.take(), self.to.take()));
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that compares packages panicked");
        }
    }
}

impl Core {
    /// Takes in that a program was executed: a package manager will change its database.
    pub(super) fn package_manager(&mut self, exec: &Exec<'_>, args: (&[u8], bool)) {
        if !self.packages.is_on() {
            return;
        }
        exec.exe.write_to(&mut self.path);
        let Some(program) = manager_of(&self.path) else { return };
        let Some(layers) = self.layers_of(exec.task.container) else { return };
        let event = self.assemble(exec, args, Origin::Live, None);
        let cause = Cause {
            container: exec.task.container,
            event: template(event),
            live: LiveFacts::default(),
            by: ((&exec.task).into(), exec.boot_ns),
        };
        let process = Some((exec.task.pid, exec.task.start_ns));
        let places = Place::of_system().filter(|place| place.manager == program.manager);
        for place in places {
            let rank = program.rank;
            self.trigger(Trigger {
                place,
                layers: layers.clone(),
                cause: cause.clone(),
                process,
                rank,
            });
        }
    }

    /// The layers of a container that are compared.
    pub(super) fn layers_of(&self, container: u64) -> Option<container::Layers> {
        self.containers.get(container)?.root.as_ref()?.layers.clone()
    }

    /// Takes in that a file of a package database was changed.
    pub(super) fn package_database(&mut self, place: Place, acting: &Acting<'_>, boot_ns: u64) {
        let (container, who) = (acting.actor.container, Identity::from(acting.actor));
        if !self.packages.is_news(container, place.manager, who) {
            return;
        }
        let Some(layers) = self.layers_of(container) else { return };
        let mut event = DriftEvent::new(acting.clock.wall(boot_ns), Kind::Package, Action::Install);
        event.process = Some(acting.process(&self.processes));
        event.tainted = acting.tainted;
        let cause =
            Cause { container, event: template(event), live: acting.live(), by: (who, boot_ns) };
        self.trigger(Trigger { place, layers, cause, process: None, rank: programs::WRITER });
    }

    /// Whether anybody wants to know of databases.
    pub(super) const fn watches_packages(&self) -> bool {
        self.packages.is_on()
    }

    fn trigger(&mut self, trigger: Trigger) {
        if !self.packages.send(trigger) {
            self.counters.packages_refused += 1;
        }
    }

    /// Hands over what was found.
    pub(super) fn package_changes(&mut self) {
        if self.packages.unmade.load(Ordering::Relaxed) != 0 {
            self.counters.packages_refused += self.packages.unmade.swap(0, Ordering::Relaxed);
        }
        while let Some(Ok(difference)) = self.packages.from.as_ref().map(Receiver::try_recv) {
            self.tell(difference);
        }
    }

    fn tell(&mut self, difference: Difference) {
        let Difference { cause, changes } = difference;
        for change in changes {
            let action = match change.change {
                ChangeKind::Installed => Action::Install,
                ChangeKind::Removed => Action::Remove,
                _ => Action::Upgrade,
            };
            let mut event = cause.event.clone();
            event.action = action;
            event.package = Some(Package {
                manager: change.package.manager.as_str().to_owned(),
                name: change.package.name,
                version: change.package.version,
                old_version: change.old_version,
            });
            let known = self.containers.get(cause.container);
            event.container = known.map(|known| (*known.container).clone());
            let Cause { container, live, by, .. } = &cause;
            let event = Observed { container: *container, event, live: live.clone(), by: *by };
            self.answer(Answered { event, classified: None });
        }
    }

    /// Lets the thread compare what it waits with, and hands that over.
    pub(super) fn finish_packages(&mut self) {
        drop(self.packages.to.take());
        let Some(from) = self.packages.from.take() else { return };
        let deadline = Instant::now() + PATIENCE;
        let end = loop {
            match from.recv_deadline(deadline) {
                Ok(difference) => self.tell(difference),
                Err(end) => break end,
            }
        };
        // What it has not compared by then it never will: how much that is, nobody can know.
        let late = u64::from(end == RecvTimeoutError::Timeout);
        self.counters.packages_refused += self.packages.unmade.swap(0, Ordering::Relaxed) + late;
    }
}

/// What all events of one cause have.
pub(super) fn template(event: DriftEvent) -> DriftEvent {
    let mut template = DriftEvent::new(event.time, Kind::Package, Action::Install);
    template.drift = true;
    template.process = event.process;
    template.tainted = event.tainted;
    template
}
