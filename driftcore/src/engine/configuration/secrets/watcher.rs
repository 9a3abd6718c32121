//! The thread that reads secrets, and is told when they change.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use crossbeam_channel::Receiver;
use crossbeam_channel::Sender;
use crossbeam_channel::TryRecvError;
use rustc_hash::FxHashMap;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;

use super::marks::Marks;
use super::records::Object;
use super::records::Record;
use super::watch::is_move;
use super::watch::is_overflow;
use super::witness::Witnessed;
use crate::config::Aspect;
use crate::config::Comparison;
use crate::config::Declared;
use crate::config::Host;
use crate::config::Item;
use crate::config::Secrets;
use crate::container::RootMount;
use crate::container::Runtimes;
use crate::engine::configuration::standing::Standing;
use crate::engine::wake::Stopper;
use crate::event::ConfigMark;
use crate::event::Container;
use crate::event::Timestamp;
use crate::provenance::Wake;

/// How long after its first process was seen a container is looked at again: it was being set up.
const FIRST: Duration = Duration::from_secs(1);
/// How often a container that could not be read yet is tried so.
const ATTEMPTS: u32 = 10;
/// How long after a change it is looked at: what belongs together is done by then.
const SETTLED: Duration = Duration::from_millis(200);
/// How long after a difference that was not there before, or is there no more: it must still be so.
const AGAIN: Duration = Duration::from_millis(500);
/// Of the time that it takes to look at a container, how often that passes before the next look.
const REST: u32 = 9;
/// How long changes are left to gather once some came.
const GATHER: Duration = Duration::from_millis(20);
/// Most containers that are looked after.
const CONTAINERS: usize = 4096;
/// Most who changed something that are remembered of a container.
const WITNESSES: usize = 256;
/// Most containers that share a directory and are told of its changes.
const SHARING: usize = 256;
/// The link whose rename brings other files.
const DATA: &[u8] = b"..data";

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    Began { id: u64, container: Arc<Container>, root: Option<RootMount> },
    Ended(u64),
}

/// What was found of a container.
#[derive(Debug)]
pub(in crate::engine) struct Finding {
    pub(in crate::engine) container: u64,
    pub(in crate::engine) item: Item,
    pub(in crate::engine) ended: bool,
    pub(in crate::engine) time: Timestamp,
    pub(in crate::engine) by: Option<Witnessed>,
}

/// A container that is looked after.
struct Watched {
    container: Arc<Container>,
    root: Option<RootMount>,
    declared: Option<Declared>,
    attempts: u32,
    /// What counts: what was there at first, or what the kubelet brought since.
    settled: Option<Secrets>,
    standing: Standing,
    due: Option<Instant>,
    not_before: Instant,
    /// Who let `..data` lead elsewhere, by volume.
    swaps: BTreeMap<PathBuf, (Witnessed, Timestamp)>,
    /// Who changed what has this name in a volume.
    touched: BTreeMap<(PathBuf, Vec<u8>), (Witnessed, Timestamp)>,
}

/// What is known of containers.
pub(super) struct Watcher {
    host: Host,
    interval: Duration,
    paths: Vec<PathBuf>,
    watched: BTreeMap<u64, Watched>,
    /// `None` where the kernel does not tell of changes.
    marks: Option<Marks>,
    /// Containers ended, and what was marked of them is marked still.
    is_stale: bool,
    /// Whose volumes they are.
    objects: FxHashMap<Object, Vec<(u64, PathBuf)>>,
    round: Instant,
    found: Sender<Finding>,
    wake: Wake,
    unmade: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Watcher {
    pub(super) fn new(
        runtimes: Runtimes,
        (interval, paths): (Duration, Vec<PathBuf>),
        found: Sender<Finding>,
        wake: Wake,
        unmade: Arc<AtomicU64>,
        over: Arc<AtomicBool>,
    ) -> Self {
        let marks = Marks::new();
        if let Err(error) = &marks {
            tracing::info!(%error, "changes of secrets are found at the interval alone");
        }
        Self {
            host: Host::of_mounts(&runtimes),
            interval,
            paths,
            watched: BTreeMap::new(),
            marks: marks.ok(),
            is_stale: false,
            objects: FxHashMap::default(),
            round: Instant::now() + interval,
            found,
            wake,
            unmade,
            over,
        }
    }

    /// Until nobody tells anything any more. `woken` is set after each message.
    pub(super) fn run(mut self, messages: &Receiver<Message>, woken: &Stopper) {
        let mut quiet_until = Instant::now();
        while !self.over.load(Ordering::Relaxed) {
            self.wait(woken, quiet_until);
            woken.clear();
            loop {
                match messages.try_recv() {
                    Ok(message) => self.take(message),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let now = Instant::now();
            if now >= quiet_until && self.changes(now) {
                quiet_until = now + GATHER;
            }
            if now >= self.round {
                self.round = now + self.interval;
                for watched in self.watched.values_mut() {
                    watched.due = Some(now);
                }
                self.renew_marks();
            }
            let due = self.watched.iter().filter(|(_, it)| it.is_due(now)).map(|(&id, _)| id);
            let due: Vec<u64> = due.collect();
            if !due.is_empty() {
                self.host.renew_mounts();
            }
            for id in due {
                if self.over.load(Ordering::Relaxed) || self.look(id).is_none() {
                    break;
                }
            }
        }
    }

    fn wait(&self, woken: &Stopper, quiet_until: Instant) {
        let now = Instant::now();
        let is_quiet = now < quiet_until;
        let due = self.watched.values().filter_map(Watched::next).min();
        let mut next = due.map_or(self.round, |due| due.min(self.round));
        if is_quiet {
            next = next.min(quiet_until);
        }
        let mut fds = vec![PollFd::from_borrowed_fd(woken.fd(), PollFlags::IN)];
        let marks = self.marks.iter().filter(|_| !is_quiet).flat_map(Marks::fds);
        fds.extend(marks.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        // A millisecond more, so as not to wake before it is due.
        let time = next.saturating_duration_since(now) + Duration::from_millis(1);
        // What cannot be waited for is looked at again: a signal, mostly.
        let _ = rustix::event::poll(&mut fds, Timespec::try_from(time).ok().as_ref());
    }

    fn take(&mut self, message: Message) {
        let now = Instant::now();
        match message {
            Message::Began { id, container, root } => {
                if self.watched.len() >= CONTAINERS && !self.watched.contains_key(&id) {
                    self.unmade.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                let watched = Watched {
                    container,
                    root,
                    declared: None,
                    attempts: 0,
                    settled: None,
                    standing: Standing::default(),
                    due: Some(now),
                    not_before: now,
                    swaps: BTreeMap::new(),
                    touched: BTreeMap::new(),
                };
                self.watched.insert(id, watched);
            }
            Message::Ended(id) => {
                self.watched.remove(&id);
                let before = self.objects.len();
                self.objects.retain(|_, sharing| {
                    sharing.retain(|(container, _)| *container != id);
                    !sharing.is_empty()
                });
                self.is_stale |= self.objects.len() < before;
                self.marks.iter_mut().for_each(|marks| marks.is_done(id));
            }
        }
    }

    /// Has all that run marked anew as they are looked at, where others ended since.
    fn renew_marks(&mut self) {
        let Some(marks) = self.marks.as_mut().filter(|_| self.is_stale) else { return };
        self.is_stale = !marks.renew(self.watched.keys().copied());
    }

    /// Takes in what the kernel says was changed; whether it said anything.
    fn changes(&mut self, now: Instant) -> bool {
        let Some(marks) = &mut self.marks else { return false };
        let records = marks.take();
        let own = std::process::id();
        for record in records.iter().filter(|record| record.pid != own) {
            if is_overflow(record) {
                // Something was changed, by somebody.
                for watched in self.watched.values_mut() {
                    watched.due_at(now + SETTLED);
                }
                continue;
            }
            for object in [&record.directory, &record.object].into_iter().flatten() {
                for (id, point) in self.objects.get(object).into_iter().flatten() {
                    if let Some(watched) = self.watched.get_mut(id) {
                        watched.changed(point, record);
                        watched.due_at(now + SETTLED);
                    }
                }
            }
        }
        !records.is_empty()
    }

    /// Compares one container's. `None` when nobody listens any more.
    fn look(&mut self, id: u64) -> Option<()> {
        let watched = self.watched.get_mut(&id)?;
        let began = Instant::now();
        watched.due = None;
        let is_new = watched.settled.is_none();
        let (marks, objects) = (&mut self.marks, &mut self.objects);
        let mut visit =
            |point: &Path, node: std::os::fd::BorrowedFd<'_>, is_directory: bool| match marks
                .as_mut()
                .map(|marks| marks.mark(node, is_directory))
            {
                Some(Ok(Some(object))) => {
                    let sharing = objects.entry(object).or_default();
                    let is_known = sharing.iter().any(|(other, at)| *other == id && at == point);
                    if !is_known && sharing.len() < SHARING {
                        sharing.push((id, point.to_owned()));
                    }
                }
                Some(Err(error)) => {
                    tracing::debug!(point = %point.display(), %error, "changes are not told of");
                }
                _ => {}
            };
        let read = watched.read(&mut self.host, &self.paths, &mut visit);
        self.marks.iter_mut().for_each(|marks| marks.is_done(id));
        let Some(now) = read else {
            if is_new && watched.attempts < ATTEMPTS {
                watched.attempts += 1;
                watched.due = Some(began + FIRST);
            }
            return Some(());
        };
        if is_new {
            // It was being set up; what is there in a second counts, too.
            watched.due = Some(began + FIRST);
        }
        let findings = watched.compare(id, &now);
        watched.not_before = Instant::now() + began.elapsed() * REST;
        for finding in findings {
            // It waits where the engine is busy: the queue of messages is bounded.
            self.found.send(finding).ok()?;
            (self.wake)();
        }
        Some(())
    }
}

impl Watched {
    fn next(&self) -> Option<Instant> {
        self.due.map(|due| due.max(self.not_before))
    }

    fn is_due(&self, now: Instant) -> bool {
        self.next().is_some_and(|due| now >= due)
    }

    fn due_at(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    fn changed(&mut self, point: &Path, record: &Record) {
        let namespace = self.settled.as_ref().and_then(Secrets::mount_namespace);
        let witness = || {
            let by = Witnessed::look(record.pid, &self.container.id, namespace);
            (by, Timestamp::now())
        };
        if record.name == DATA && is_move(record) {
            self.swaps.insert(point.to_owned(), witness());
        } else {
            let key = (point.to_owned(), record.name.clone());
            if self.touched.len() < WITNESSES || self.touched.contains_key(&key) {
                // The first who did it: what another one does to it later is no other difference.
                self.touched.entry(key).or_insert_with(witness);
            }
        }
    }

    fn read(
        &mut self,
        host: &mut Host,
        paths: &[PathBuf],
        visit: &mut dyn FnMut(&Path, std::os::fd::BorrowedFd<'_>, bool),
    ) -> Option<Secrets> {
        if self.declared.is_none() {
            let declared = Declared::of(host.runtimes(), &self.container, self.root.as_ref());
            self.declared = declared.inspect_err(|error| tracing::debug!(%error, "not known")).ok();
        }
        let read = Secrets::visiting(host, self.declared.as_ref()?, paths, visit);
        read.inspect_err(|error| tracing::debug!(%error, "secrets are not compared")).ok()
    }

    /// What is to be told now.
    fn compare(&mut self, id: u64, now: &Secrets) -> Vec<Finding> {
        let mut settled = self.settled.take().unwrap_or_else(|| now.clone());
        let swaps = &self.swaps;
        // Where nobody saw who did it: nobody in the container can, if he cannot write there.
        let is_kubelets = |point: &Path, is_read_only: bool| match swaps.get(point) {
            Some((Witnessed { is_inside: Some(inside), .. }, _)) => !inside,
            _ => is_read_only,
        };
        let Comparison { items, problems, .. } = now.compare_where(&settled, &is_kubelets);
        let unsure = if now.is_partial() { [Aspect::Secret].into() } else { BTreeSet::new() };
        settled.adopt(now, &is_kubelets);
        for problem in &problems {
            tracing::debug!(id = self.container.id, problem, "a secret cannot be told");
        }
        let is_rotation = |item: &Item| item.mark == Some(ConfigMark::Rotation) && !item.differs;
        let rotated = items.iter().filter(|item| is_rotation(item)).cloned();
        let mut told: Vec<(Item, bool)> = rotated.map(|item| (item, false)).collect();
        let comparison = Comparison { items, problems, unsure, ..Comparison::default() };
        let changes = self.standing.take(&comparison);
        told.extend(changes.into_iter().map(|change| (change.item, change.ended)));
        let findings = told.into_iter().map(|(item, ended)| {
            let by = self.who(&item).filter(|_| !ended);
            let time = by.as_ref().map_or_else(Timestamp::now, |(_, time)| *time);
            Finding { container: id, item, ended, time, by: by.map(|(by, _)| by) }
        });
        let findings = findings.collect();
        if self.standing.is_open() {
            self.due_at(Instant::now() + AGAIN);
        } else {
            self.swaps.clear();
            self.touched.clear();
        }
        self.settled = Some(settled);
        findings
    }

    /// Who changed what has this path: he who changed a file of its name, else he who swapped them all.
    fn who(&self, item: &Item) -> Option<(Witnessed, Timestamp)> {
        let path = item.name.as_path();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let of_name = self
            .touched
            .iter()
            .find(|((point, touched), _)| path.starts_with(point) && touched.as_slice() == name);
        let of_name = of_name.filter(|_| item.mark != Some(ConfigMark::Rotation));
        let of_swap = || self.swaps.iter().find(|(point, _)| path.starts_with(point));
        let by = of_name.map(|(_, by)| by).or_else(|| of_swap().map(|(_, by)| by));
        by.cloned()
    }
}
