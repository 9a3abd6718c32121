//! The thread that compares.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use crossbeam_channel::Receiver;
use crossbeam_channel::Sender;
use rustc_hash::FxHashMap;

use super::By;
use super::Finding;
use super::Told;
use super::execs::Executed;
use super::files::Files;
use super::files::Written;
use super::pods;
use super::pods::PodsFile;
use super::standing::Change;
use super::standing::Standing;
use super::turns;
use super::turns::Turns;
use crate::config::Allowed;
use crate::config::Aspect;
use crate::config::Beginning;
use crate::config::ConfigError;
use crate::config::Declared;
use crate::config::ExecRights;
use crate::config::Host;
use crate::config::Item;
use crate::config::Live;
use crate::config::MountTable;
use crate::config::compare;
use crate::config::compare_since;
use crate::config::entered;
use crate::config::exceeding;
use crate::config::executed;
use crate::container::RootMount;
use crate::container::Runtimes;
use crate::engine::packages::Cause;
use crate::enrich::open_process;
use crate::event::Container;
use crate::event::Timestamp;
use crate::event::WriterOrigin;
use crate::provenance::Wake;

/// How long after its first process was seen a container is looked at: it is being set up until then.
const FIRST: Duration = Duration::from_secs(1);
/// How long after a call that may have changed something.
const SETTLED: Duration = Duration::from_millis(200);
/// How long after a difference that was not there before, or is there no more: it must still be so.
const AGAIN: Duration = Duration::from_millis(500);
/// How often a declaration that is not there yet is looked for, and for how long.
const DECLARED_EVERY: Duration = Duration::from_secs(1);
const DECLARED_FOR: u32 = 10;
/// Most environments of programs of containers' own processes that are read in a second.
const READS: u32 = 500;
const SECOND: Duration = Duration::from_secs(1);
/// Most containers that are looked after.
const CONTAINERS: usize = 4096;

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    Began {
        id: u64,
        container: Arc<Container>,
        root: Option<RootMount>,
    },
    /// A process of it made a call that may have changed these parts.
    Touched {
        id: u64,
        parts: &'static [Aspect],
        cause: Box<Cause>,
    },
    /// A program was executed in it: by somebody outside, or with more than is allowed.
    Entered {
        id: u64,
        /// The process whose environment is to be read, and when it started: where it came from outside.
        process: Option<(u32, u64)>,
        rights: ExecRights,
        cause: Box<Cause>,
    },
    Ended(u64),
}

/// A container that is looked after.
#[derive(Debug)]
struct Watched {
    container: Arc<Container>,
    root: Option<RootMount>,
    /// As it was at the start: what is edited later changes nothing about it.
    declared: Option<Declared>,
    /// The state of the file of pods in which it was looked for.
    looked_for: Option<pods::State>,
    attempts: u32,
    /// Who its first process is: what execs are held against.
    footing: Option<Live>,
    /// What nobody declared, as it was at the first comparison.
    beginning: Option<Beginning>,
    /// What the engine was told of that.
    allowed: Option<Allowed>,
    standing: Standing,
    /// Watches of the directories that tell of writes to its limits and documents.
    watches: Vec<i32>,
    due: Option<Instant>,
    /// When its documents, of which one was written, are read again.
    unread: Option<Instant>,
    /// The first call since the last comparison that may have changed a part.
    causes: BTreeMap<Aspect, Box<Cause>>,
}

/// What is known of containers.
pub(super) struct Watcher {
    host: Host,
    pods: Option<PodsFile>,
    watched: BTreeMap<u64, Watched>,
    files: Option<Files>,
    /// Whose directory a watch is of.
    watches: FxHashMap<i32, u64>,
    turns: Turns,
    /// Environments of programs that may be read in this second.
    reads: (Instant, u32),
    found: Sender<Told>,
    wake: Wake,
    unmade: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Watcher {
    pub(super) fn new(
        runtimes: &Runtimes,
        pods: Option<PodsFile>,
        interval: Duration,
        found: Sender<Told>,
        wake: Wake,
        unmade: Arc<AtomicU64>,
        over: Arc<AtomicBool>,
    ) -> Self {
        let host = Host::new(runtimes);
        let turns = Turns::new(interval, Instant::now());
        let files = Files::start()
            .inspect_err(|error| {
                tracing::warn!(%error, "changes of limits are found by the interval alone");
            })
            .ok();
        let (watched, watches) = (BTreeMap::new(), FxHashMap::default());
        let reads = (Instant::now(), 0);
        Self { host, pods, watched, files, watches, turns, reads, found, wake, unmade, over }
    }

    /// Until nobody tells anything any more.
    pub(super) fn run(mut self, messages: &Receiver<Message>, programs: &Receiver<Executed>) {
        let nothing = crossbeam_channel::never();
        let mut written = self.files.as_ref().map_or_else(|| nothing.clone(), Files::written);
        loop {
            let due = self.watched.values().filter_map(Watched::next).min();
            let next = crossbeam_channel::at(self.turns.next(due));
            crossbeam_channel::select_biased! {
                recv(messages) -> message => match message {
                    Ok(message) => self.take(message),
                    Err(_) => return,
                },
                recv(programs) -> program => match program {
                    Ok(program) => self.executed(&program),
                    Err(_) => return,
                },
                recv(written) -> told => match told {
                    Ok(told) => self.written(told),
                    Err(_) => written = nothing.clone(),
                },
                recv(next) -> _ => {}
            }
            let now = Instant::now();
            if self.turns.begins_round(now) {
                self.round(now);
            }
            let is_due = |it: &Watched| it.next().is_some_and(|due| now >= due);
            if self.turns.may_work(now) && self.watched.values().any(is_due) {
                let start = turns::worked();
                self.read_again(now);
                let is_due = self.watched.values().any(|it| it.is_due(now));
                let compared = if is_due { self.look(now) } else { 0 };
                let cpu = turns::worked().saturating_sub(start);
                self.turns.rest(Instant::now(), cpu);
                let cpu_us = cpu.as_micros();
                tracing::debug!(compared, cpu_us, "configurations compared");
            }
            if self.over.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// Spreads the comparisons of all containers over the interval that begins.
    fn round(&mut self, now: Instant) {
        let all = self.watched.values_mut().filter(|it| it.declared.is_some());
        let all: Vec<&mut Watched> = all.collect();
        let dues = self.turns.round(now, all.len());
        for (watched, due) in all.into_iter().zip(dues) {
            watched.is_due_by(due);
        }
    }

    fn take(&mut self, message: Message) {
        let now = Instant::now();
        match message {
            Message::Began { id, container, root } => {
                let known = self.watched.get(&id).map(|it| it.container.id.clone());
                if self.watched.len() >= CONTAINERS && known.is_none() {
                    self.unmade.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                // What was declared is read now, before anybody may edit it.
                let mut watched = Watched {
                    container,
                    root,
                    declared: None,
                    looked_for: None,
                    attempts: 0,
                    footing: None,
                    beginning: None,
                    allowed: None,
                    standing: Standing::default(),
                    watches: Vec::new(),
                    due: Some(now + FIRST),
                    unread: None,
                    causes: BTreeMap::new(),
                };
                watched.declare(self.host.runtimes());
                let host = &self.host;
                watched.footing =
                    watched.declared.as_ref().and_then(|it| Live::footing(host, it).ok());
                if let Some(before) = self.watched.insert(id, watched) {
                    self.forget(id, &before.watches);
                }
                self.allow(id);
            }
            Message::Touched { id, parts, cause } => {
                if let Some(watched) = self.watched.get_mut(&id) {
                    watched.is_touched(now);
                    for part in parts {
                        watched.causes.entry(*part).or_insert_with(|| cause.clone());
                    }
                }
            }
            Message::Entered { id, process, rights, cause } => {
                self.entered(id, process, &rights, &cause);
            }
            Message::Ended(id) => {
                if let Some(watched) = self.watched.remove(&id) {
                    self.files.iter().for_each(|files| files.forget_mounts(id));
                    self.forget(id, &watched.watches);
                }
            }
        }
    }

    /// Takes in that a file was written that may tell of a change.
    fn written(&mut self, told: Written) {
        let now = Instant::now();
        let (watch, is_document) = match told {
            Written::Limit(watch) => (watch, false),
            Written::Document(watch) => (watch, true),
            Written::Mounts(id) => {
                if let Some(watched) = self.watched.get_mut(&id) {
                    watched.is_touched(now);
                }
                return;
            }
            Written::TooMuch => {
                self.watched.values_mut().for_each(|it| it.is_touched(now));
                return;
            }
        };
        let watched = self.watches.get(&watch).and_then(|id| self.watched.get_mut(id));
        let Some(watched) = watched else { return };
        if is_document {
            // Docker writes its files one after another, each time that it looks after a container's health.
            watched.unread.get_or_insert(now + SETTLED);
        } else {
            watched.is_touched(now);
        }
    }

    /// Reads documents that were written. What says the same as before is no reason to compare.
    fn read_again(&mut self, now: Instant) {
        let host = &mut self.host;
        for watched in self.watched.values_mut() {
            if watched.unread.take_if(|due| *due <= now).is_none() {
                continue;
            }
            let declared = watched.declared.as_mut();
            if declared.is_some_and(|it| it.renew(|| host.state_roots())) {
                watched.is_due_by(now);
            }
        }
    }

    /// Watches the directories of a container's limits and documents. Where the kernel allows no more, the
    /// interval finds what changed.
    fn watch(&mut self, id: u64, directories: &[PathBuf]) {
        let (Some(files), Some(watched)) = (&self.files, self.watched.get_mut(&id)) else { return };
        for directory in directories {
            match files.watch(directory) {
                Ok(watch) => {
                    self.watches.insert(watch, id);
                    watched.watches.push(watch);
                }
                Err(error) => {
                    tracing::debug!(%error, directory = %directory.display(), "not watched");
                }
            }
        }
    }

    /// Unless another container has them by now: one that was started again has the same files.
    fn forget(&mut self, id: u64, watches: &[i32]) {
        for watch in watches {
            if self.watches.get(watch) == Some(&id) {
                self.watches.remove(watch);
                self.files.iter().for_each(|files| files.forget(*watch));
            }
        }
    }

    /// Holds a program against what was declared: its rights, and its environment where somebody outside started it. It
    /// may not run for long.
    fn entered(
        &mut self,
        id: u64,
        process: Option<(u32, u64)>,
        rights: &ExecRights,
        cause: &Cause,
    ) {
        let Some(watched) = self.watched.get(&id) else { return };
        let Some(declared) = &watched.declared else { return };
        let first = declared.first_process();
        let mut items = watched
            .footing
            .as_ref()
            .map_or_else(Vec::new, |footing| exceeding(declared, footing, rights));
        if let Some((pid, start_ns)) = process.filter(|(pid, _)| Some(*pid) != first) {
            let process = open_process(pid, start_ns);
            match process.and_then(|it| entered(declared, &self.host, &it)) {
                Some(mut environment) => items.append(&mut environment),
                // It ended before.
                None => {
                    self.unmade.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        let origin = match process {
            Some(_) => WriterOrigin::Outside,
            None => WriterOrigin::Inside,
        };
        self.tell_at_once(id, items, origin, &By::Known(Box::new(cause.clone())));
    }

    /// Looks at the environment of a program that the container's own processes executed.
    fn executed(&mut self, program: &Executed) {
        let Some(watched) = self.watched.get(&program.container) else { return };
        let (Some(declared), Some(first)) = (&watched.declared, &watched.footing) else { return };
        let now = Instant::now();
        if now.duration_since(self.reads.0) >= SECOND {
            self.reads = (now, 0);
        }
        if self.reads.1 >= READS {
            self.unmade.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.reads.1 += 1;
        // What has ended by now has nothing to be read.
        let process = open_process(program.pid, program.start_ns);
        let items = process.and_then(|it| executed(declared, first, &it)).unwrap_or_default();
        let id = program.container;
        self.tell_at_once(id, items, WriterOrigin::Inside, &By::Program(*program));
    }

    /// Tells what a program was seen to have, and looks later whether it has it still.
    fn tell_at_once(&mut self, id: u64, items: Vec<Item>, origin: WriterOrigin, by: &By) {
        if items.is_empty() {
            return;
        }
        let Some(watched) = self.watched.get_mut(&id) else { return };
        let changes = watched.standing.take_at_once(items);
        if !changes.is_empty() {
            watched.is_due_by(Instant::now() + AGAIN);
        }
        for change in changes {
            self.tell(id, change, origin, Some(by.clone()));
        }
    }

    /// Tells the engine what programs of a container may have.
    fn allow(&mut self, id: u64) {
        let Some(watched) = self.watched.get_mut(&id) else { return };
        let (Some(declared), Some(live)) = (&watched.declared, &watched.footing) else { return };
        let allowed = Allowed::of(declared, live).filter(|it| Some(*it) != watched.allowed);
        let Some(allowed) = allowed else { return };
        watched.allowed = Some(allowed);
        if self.found.send(Told::Allowed(id, allowed)).is_ok() {
            (self.wake)();
        }
    }

    /// Hands a change over; false when nobody takes it any more.
    fn tell(&self, id: u64, change: Change, origin: WriterOrigin, by: Option<By>) -> bool {
        let cause = by.filter(|_| !change.ended);
        let finding = Finding { container: id, change, time: Timestamp::now(), origin, cause };
        // It waits where the engine is busy: the queue of messages is bounded.
        let is_taken = self.found.send(Told::Found(finding)).is_ok();
        if is_taken {
            (self.wake)();
        }
        is_taken
    }

    /// Looks for containers in the file of pods: for all when it changed, else for those that are new.
    fn look_for_pods(&mut self) {
        let Some(pods) = &mut self.pods else { return };
        let state = pods.state();
        let (mut all, mut marks) = (Vec::new(), Vec::new());
        for watched in self.watched.values_mut().filter(|it| it.looked_for != state) {
            if let Some(declared) = &mut watched.declared {
                all.push((&*watched.container, declared));
                marks.push(&mut watched.looked_for);
            }
        }
        if !all.is_empty() {
            pods.take(state, &mut all);
            marks.into_iter().for_each(|mark| *mark = state);
        }
    }

    /// Compares those that are due, the ones first that are due the longest, and as many as are one turn.
    /// How many that were.
    fn look(&mut self, now: Instant) -> u32 {
        self.host.renew();
        self.look_for_pods();
        let due = |(&id, it): (&u64, &Watched)| Some((it.due.filter(|due| *due <= now)?, id));
        let mut due: Vec<(Instant, u64)> = self.watched.iter().filter_map(due).collect();
        due.sort_unstable();
        let mut compared = 0;
        for (_, id) in due.into_iter().take(turns::CONTAINERS) {
            if self.over.load(Ordering::Relaxed) {
                return compared;
            }
            let Some(watched) = self.watched.get_mut(&id) else { continue };
            watched.due = None;
            if watched.declare(self.host.runtimes()).is_none() {
                if watched.attempts < DECLARED_FOR {
                    watched.due = Some(Instant::now() + DECLARED_EVERY);
                } else {
                    self.unmade.fetch_add(1, Ordering::Relaxed);
                }
            }
            let Some(declared) = &mut watched.declared else { continue };
            declared.renew(|| self.host.state_roots());
            // Before it is looked at: what is mounted meanwhile is told.
            let is_told = self.files.as_ref().is_none_or(|files| files.asks_mounts(id));
            let table = (!is_told).then(|| MountTable::open(&self.host, declared)).flatten();
            let live = match Live::glance(&mut self.host, declared) {
                Ok(live) => live,
                Err(ConfigError::Starting { .. }) => {
                    watched.due = Some(Instant::now() + FIRST);
                    continue;
                }
                Err(error) => {
                    // It ended: somebody will say so.
                    tracing::debug!(%error, "a configuration is not compared");
                    continue;
                }
            };
            if let (Some(files), Some(table)) = (&self.files, table.filter(|it| it.is_of(&live))) {
                files.watch_mounts(id, table);
            }
            let mut comparison = compare(declared, &live);
            let beginning = watched.beginning.get_or_insert_with(|| Beginning::of(&live));
            compare_since(beginning, declared, &live, &mut comparison);
            if watched.watches.is_empty() {
                let mut directories = declared.directories();
                directories.extend_from_slice(live.limit_directories());
                self.watch(id, &directories);
            }
            let Some(watched) = self.watched.get_mut(&id) else { continue };
            watched.footing = Some(live.to_footing());
            compared += 1;
            for problem in &comparison.problems {
                tracing::debug!(id = watched.container.id, problem, "a setting cannot be told");
            }
            let changes = watched.standing.take(&comparison);
            if watched.standing.is_open() {
                watched.due = Some(Instant::now() + AGAIN);
            }
            let causes = std::mem::take(&mut watched.causes);
            if watched.standing.is_open() {
                watched.causes.clone_from(&causes);
            }
            for change in changes {
                let cause = causes.get(&change.item.aspect);
                // Calls are seen of the container's own processes alone.
                let origin = match cause {
                    Some(_) => WriterOrigin::Inside,
                    None => WriterOrigin::Unknown,
                };
                if !self.tell(id, change, origin, cause.cloned().map(By::Known)) {
                    return compared;
                }
            }
            self.allow(id);
        }
        compared
    }
}

impl Watched {
    fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| now >= due)
    }

    /// When there is something to do about it.
    fn next(&self) -> Option<Instant> {
        self.due.into_iter().chain(self.unread).min()
    }

    /// Something may have changed. What was seen once is looked at again in its own time.
    fn is_touched(&mut self, now: Instant) {
        if self.due.is_none() || !self.standing.is_open() {
            self.is_due_by(now + SETTLED);
        }
    }

    fn is_due_by(&mut self, due: Instant) {
        self.due = Some(self.due.map_or(due, |other| other.min(due)));
    }

    /// What was declared, read the first time that it is there.
    fn declare(&mut self, runtimes: &Runtimes) -> Option<&Declared> {
        if self.declared.is_none() && self.attempts < DECLARED_FOR {
            self.attempts += 1;
            match Declared::of(runtimes, &self.container, self.root.as_ref()) {
                Ok(declared) => self.declared = Some(declared),
                Err(error) => {
                    tracing::debug!(%error, "what a container was declared to be is not known");
                }
            }
        }
        self.declared.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::container::StateRoots;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// One that knows no runtime.
    fn watcher(place: &Path, pods: Option<PodsFile>) -> Watcher {
        let roots = StateRoots {
            proc: place.to_owned(),
            host: place.to_owned(),
            docker: Vec::new(),
            containerd: Vec::new(),
            storage: Vec::new(),
        };
        let (found, _) = crossbeam_channel::bounded(1);
        let interval = Duration::from_secs(3600);
        let wake: Wake = Arc::new(|| {});
        let (unmade, over) = (Arc::default(), Arc::default());
        Watcher::new(&Runtimes::new(roots), pods, interval, found, wake, unmade, over)
    }

    /// A container of that name in the pod `web`, declared to be nothing in particular.
    fn begin(watcher: &mut Watcher, id: u64, name: &str) {
        let container = Container {
            id: format!("{id:064x}"),
            name: Some(name.to_owned()),
            pod: Some("web".to_owned()),
            ..Container::default()
        };
        watcher.take(Message::Began { id, container: Arc::new(container), root: None });
        let watched = watcher.watched.get_mut(&id).unwrap();
        watched.declared = Some(Declared::default());
        watched.due = None;
    }

    fn declared(watcher: &mut Watcher, id: u64) -> &mut Declared {
        watcher.watched.get_mut(&id).unwrap().declared.as_mut().unwrap()
    }

    #[test]
    fn a_directory_is_watched_for_as_long_as_a_container_has_it() {
        let place = tempfile::tempdir().unwrap();
        let (shared, own) = (place.path().join("shared"), place.path().join("own"));
        std::fs::create_dir(&shared).unwrap();
        std::fs::create_dir(&own).unwrap();
        let mut watcher = watcher(place.path(), None);
        let written = watcher.files.as_ref().unwrap().written();
        begin(&mut watcher, 1, "a");
        begin(&mut watcher, 2, "b");
        watcher.watch(1, &[shared.clone(), own.clone()]);
        // It was started again: the files are the same.
        watcher.watch(2, std::slice::from_ref(&shared));
        let watches = watcher.watched[&1].watches.clone();
        assert_eq!(watcher.watched[&2].watches, watches[..1]);
        assert_eq!((watcher.watches[&watches[0]], watcher.watches[&watches[1]]), (2, 1));

        watcher.take(Message::Ended(1));
        assert_eq!(watcher.watches.keys().collect::<Vec<_>>(), [&watches[0]]);
        std::fs::write(own.join("config.json"), "x").unwrap();
        std::fs::write(shared.join("hostconfig.json"), "x").unwrap();
        let told = written.recv_timeout(PATIENCE);
        assert_eq!(told, Ok(Written::Document(watches[0])), "the other's is watched still");
        // What comes behind this is told of what happens behind it.
        let fence = watcher.files.as_ref().unwrap().watch(&own).unwrap();
        std::fs::write(own.join("config.json"), "x").unwrap();
        while written.recv_timeout(PATIENCE).unwrap() != Written::Document(fence) {}

        // A document that says what it said is read again and no reason to compare.
        watcher.written(Written::Document(watches[0]));
        watcher.written(Written::Document(watches[0]));
        let unread = watcher.watched[&2].unread.unwrap();
        assert_eq!(watcher.watched[&2].next(), Some(unread));
        watcher.read_again(unread - SETTLED / 2);
        assert_eq!(watcher.watched[&2].unread, Some(unread), "it waits for the others");
        watcher.read_again(unread);
        assert_eq!(watcher.watched[&2].next(), None);
        // A limit is a reason to compare the container that has it, and no other.
        begin(&mut watcher, 3, "c");
        watcher.written(Written::Limit(watches[0]));
        assert!(watcher.watched[&2].due.is_some() && watcher.watched[&3].due.is_none());
        watcher.take(Message::Ended(2));
        assert!(watcher.watches.is_empty());
        std::fs::write(shared.join("config.json"), "x").unwrap();
        std::fs::write(own.join("hostconfig.json"), "x").unwrap();
        assert_eq!(written.recv_timeout(PATIENCE), Ok(Written::Document(fence)));
    }

    #[test]
    fn containers_are_looked_for_in_pods_when_they_are_new_or_the_file_is() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("pods.json");
        let write = |user: u32| {
            let one = |name: &str| {
                format!(r#"{{"name":"{name}","securityContext":{{"runAsUser":{user}}}}}"#)
            };
            let pod = format!(
                r#"{{"metadata":{{"name":"web"}},"spec":{{"containers":[{},{}]}}}}"#,
                one("a"),
                one("b")
            );
            let new = place.path().join("new");
            std::fs::write(&new, pod).unwrap();
            std::fs::rename(&new, &path).unwrap();
        };
        write(7);
        let mut watcher = watcher(place.path(), Some(PodsFile::new(path.clone()).unwrap()));
        begin(&mut watcher, 1, "a");
        watcher.look(Instant::now());
        let seven = declared(&mut watcher, 1).clone();
        assert_ne!(seven, Declared::default(), "it was looked for");
        // Not again while all is as it was: what is taken from it is not put back.
        *declared(&mut watcher, 1) = Declared::default();
        begin(&mut watcher, 2, "b");
        watcher.look(Instant::now());
        assert_eq!(*declared(&mut watcher, 1), Declared::default());
        let other = declared(&mut watcher, 2).clone();
        assert_ne!(other, Declared::default());

        write(8);
        watcher.look(Instant::now());
        let eight = declared(&mut watcher, 1).clone();
        assert!(eight != seven && eight != Declared::default());
        assert_ne!(*declared(&mut watcher, 2), other);
        std::fs::remove_file(&path).unwrap();
        watcher.look(Instant::now());
        assert_eq!(*declared(&mut watcher, 1), eight, "what it said stands");
    }

    #[test]
    fn programs_beyond_what_may_be_read_in_a_second_are_counted() {
        let place = tempfile::tempdir().unwrap();
        let mut watcher = watcher(place.path(), None);
        begin(&mut watcher, 1, "a");
        let program = Executed::within(1);
        let unmade = |watcher: &Watcher| watcher.unmade.load(Ordering::Relaxed);
        // A second that has not begun does not end.
        let later = Instant::now() + Duration::from_secs(3600);
        watcher.reads = (later, READS);
        watcher.executed(&program);
        assert_eq!(unmade(&watcher), 0, "nothing to hold it against is known");
        watcher.watched.get_mut(&1).unwrap().footing = Some(Live::default());
        watcher.executed(&program);
        assert_eq!(unmade(&watcher), 1);
        watcher.reads = (later, READS - 1);
        watcher.executed(&program);
        watcher.executed(&program);
        assert_eq!(unmade(&watcher), 2);
    }
}
