//! Secrets and configuration mounts that change while a container runs.
//!
//! ```text
//! container begins ─────────→ read, and mark its directories ─┐
//! fanotify: who changed what ─→ settled: read again ──────────┴→ compare ─→ Finding ─→ events
//! an interval ──────────────→ read again                         (a thread of its own)
//! ```

mod marks;
mod records;
mod watch;
mod watcher;
mod witness;

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

use self::watcher::Finding;
use self::watcher::Message;
use self::watcher::Watcher;
use self::witness::Witnessed;
use super::QUEUE;
use super::UNKNOWN;
use crate::container::Runtimes;
use crate::engine::EngineError;
use crate::engine::assemble::Observed;
use crate::engine::core::Core;
use crate::engine::proofs::Answered;
use crate::engine::wake::Stopper;
use crate::engine::writers::has_entered;
use crate::enrich::Identity;
use crate::enrich::split_args;
use crate::event::Action;
use crate::event::ConfigItem;
use crate::event::ConfigMark;
use crate::event::DriftEvent;
use crate::event::Kind;
use crate::event::Process;
use crate::event::Text;
use crate::event::WriterOrigin;
use crate::provenance::Wake;
use crate::view::LiveFacts;

/// The way to the thread that reads secrets, and back.
pub(in crate::engine) struct SecretsWatch {
    to: Option<Sender<Message>>,
    from: Option<Receiver<Finding>>,
    woken: Stopper,
    unmade: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// The containers that the thread knows, and as which.
    told: FxHashMap<u64, String>,
}

impl SecretsWatch {
    /// Starts the thread, which reads `paths` besides what it finds by itself. It calls `wake` when it has found
    /// something.
    pub(in crate::engine) fn start(
        runtimes: Runtimes,
        interval: Duration,
        paths: Vec<PathBuf>,
        wake: Wake,
    ) -> Result<Self, EngineError> {
        let (to, messages) = crossbeam_channel::bounded(QUEUE);
        let (findings, from) = crossbeam_channel::bounded(QUEUE);
        let unmade = Arc::new(AtomicU64::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let woken = Stopper::new().map_err(EngineError::io("make an event descriptor"))?;
        let options = (interval, paths);
        let (counter, end) = (Arc::clone(&unmade), Arc::clone(&over));
        let watcher = Watcher::new(runtimes, options, findings, wake, counter, end);
        let waker = woken.clone();
        let thread = std::thread::Builder::new()
            .name("driftcore-secrets".to_owned())
            .spawn(move || watcher.run(&messages, &waker))
            .map_err(EngineError::io_std("start the thread that reads secrets"))?;
        Ok(Self {
            to: Some(to),
            from: Some(from),
            woken,
            unmade,
            over,
            thread: Some(thread),
            told: FxHashMap::default(),
        })
    }

    /// False when too many messages wait: it is told the next time.
    fn tell(&self, message: Message) -> bool {
        let is_told = self.to.as_ref().is_none_or(|to| to.try_send(message).is_ok());
        self.woken.wake();
        is_told
    }
}

/// Waits for the thread, which finishes the container that it is at.
impl Drop for SecretsWatch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        drop((self.from.take(), self.to.take()));
        self.woken.wake();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that reads secrets panicked");
        }
    }
}

impl Core {
    /// Tells the thread which containers run; about once a second.
    pub(in crate::engine) fn secrets_containers(&mut self) {
        let Some(mut secrets) = self.secrets.take() else { return };
        let mut told = std::mem::take(&mut secrets.told);
        told.retain(|&id, _| {
            let runs = self.containers.get(id).is_some_and(|known| known.processes > 0);
            runs || !secrets.tell(Message::Ended(id))
        });
        for (id, known) in self.containers.iter() {
            let container = &known.container;
            let is_known = container.runtime != UNKNOWN && known.processes > 0;
            if !is_known
                || told.get(&id) == Some(&container.id)
                || !self.scope.includes(Some(container))
            {
                continue;
            }
            let message =
                Message::Began { id, container: Arc::clone(container), root: known.root.clone() };
            if secrets.tell(message) {
                told.insert(id, container.id.clone());
            }
        }
        secrets.told = told;
        self.secrets = Some(secrets);
    }

    /// Hands over what was found.
    pub(in crate::engine) fn secrets_findings(&mut self) {
        let Some(secrets) = &self.secrets else { return };
        self.counters.configurations_refused += secrets.unmade.swap(0, Ordering::Relaxed);
        while let Some(finding) =
            self.secrets.as_ref().and_then(|it| it.from.as_ref()?.try_recv().ok())
        {
            self.secret_finding(finding);
        }
    }

    fn secret_finding(&mut self, finding: Finding) {
        let Finding { container, item, ended, time, by } = finding;
        let mut event = DriftEvent::new(time, Kind::Config, Action::Secret);
        // The kubelet brings other content: so it was declared.
        event.drift = item.differs || item.mark != Some(ConfigMark::Rotation);
        event.ended = ended;
        event.container = self.containers.get(container).map(|known| (*known.container).clone());
        let mut origin = WriterOrigin::Unknown;
        let mut who = Identity::default();
        if let Some(by) = by {
            (origin, who) = self.secret_witness(container, &by, &mut event);
        }
        event.config = Some(ConfigItem {
            item: item.name,
            declared: item.declared,
            live: item.live,
            mark: item.mark,
            origin: (!ended).then_some(origin),
        });
        if ended {
            // It is over: that is no alert.
            if self.scope.includes(event.container.as_ref()) {
                self.sink.event(&event);
            }
            return;
        }
        let event = Observed { container, event, live: LiveFacts::default(), by: (who, 0) };
        self.answer(Answered { event, classified: None });
    }

    /// Says who did it. A container's processes are known for a while after their end; those of the host as
    /// long as they run.
    fn secret_witness(
        &mut self,
        container: u64,
        by: &Witnessed,
        event: &mut DriftEvent,
    ) -> (WriterOrigin, Identity) {
        let facts = by.facts.clone();
        let known = self.processes.latest(by.pid).filter(|&(_, of)| of != 0);
        if let Some((who, _)) = known {
            self.processes.complete_ancestry(who);
        }
        let origin = match (known, by.is_inside) {
            (Some((who, of)), _)
                if of == container
                    && has_entered(&self.processes, self.containers.get(container), who) =>
            {
                WriterOrigin::Outside
            }
            (Some((_, of)), _) if of == container => WriterOrigin::Inside,
            (None, Some(true)) if self.is_entering(container, by) => WriterOrigin::Outside,
            (_, Some(true)) => WriterOrigin::Inside,
            (Some(_), _) | (_, Some(false)) => WriterOrigin::Outside,
            (None, None) => WriterOrigin::Unknown,
        };
        let who = match (known, &facts) {
            (Some((who, _)), _) => who,
            (None, Some(facts)) => Identity {
                pid: by.pid,
                start_ns: facts.start.saturating_mul(NS_PER_TICK),
                ppid: facts.ppid,
                parent_start_ns: 0,
            },
            (None, None) => Identity { pid: by.pid, ..Identity::default() },
        };
        if known.is_none() && facts.is_some() {
            self.processes.complete_host_process(who);
        }
        self.processes.complete_ancestry(who);
        let mut process = Process {
            pid: by.pid,
            tid: by.pid,
            ppid: who.ppid,
            ancestors: self.processes.ancestors(who),
            ..Process::default()
        };
        match facts {
            Some(facts) => {
                (process.name, process.uid, process.gid) = (facts.name, facts.uid, facts.gid);
            }
            // It has ended, and nothing that is kept of it says as whom it ran.
            None => event.truncated.extend(["process.uid".to_owned(), "process.gid".to_owned()]),
        }
        if let Some(program) = self.processes.program(who) {
            process.name = Text::from(program.name());
            process.exe = Text::from(program.exe());
            process.cmdline = split_args(program.args());
            if let Some(standing) = program.standing() {
                process.cwd = Text::from(&standing.cwd[..]);
                process.cgroup = Text::from(&standing.cgroup[..]);
                process.tty = standing.tty;
            }
        }
        event.process = Some(process);
        event.tainted = self.processes.is_tainted(who);
        (origin, who)
    }

    /// Whether one that is in the container's mount namespace, and was never seen to execute or fork there, is not
    /// of its control group.
    fn is_entering(&self, container: u64, by: &Witnessed) -> bool {
        let known = self.containers.get(container);
        by.is_in_group == Some(false) && known.is_some_and(|known| known.is_other_group(b""))
    }
}

/// Nanoseconds of a clock tick in /proc: USER_HZ, 100 on every architecture we know.
const NS_PER_TICK: u64 = 1_000_000_000 / 100;
