//! The thread that reads databases: when a manager begins, and when what it did has settled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use crossbeam_channel::Receiver;
use crossbeam_channel::RecvTimeoutError;
use crossbeam_channel::Sender;

use super::Cause;
use super::difference::Difference;
use crate::container::Layers;
use crate::enrich::open_process;
use crate::event::Timestamp;
use crate::image::Tree;
use crate::package::Place;
use crate::package::Snapshot;
use crate::package::written_within;
use crate::provenance::Wake;

/// How long nothing must happen to a database before it is compared.
const SETTLED: Duration = Duration::from_secs(1);
/// How often it is looked whether a manager has ended.
const LOOK: Duration = Duration::from_millis(200);
/// How long a manager that does not end is waited for.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a database that is written to again and again is left alone.
const RESTLESS: Duration = Duration::from_secs(30);
/// Most managers whose end is waited for at once.
const PROCESSES: usize = 1024;
/// Most databases that are remembered.
const DATABASES: usize = 1024;
/// Most packages that one comparison tells of.
const CHANGES: usize = 10_000;

/// Something that may change a database, or has.
#[derive(Debug)]
pub(super) struct Trigger {
    pub(super) place: Place,
    pub(super) layers: Layers,
    pub(super) cause: Cause,
    /// The manager, by id and start: until it ends, nothing has settled.
    pub(super) process: Option<(u32, u64)>,
    /// How near the cause is to the database.
    pub(super) rank: u8,
}

/// One database of one container.
#[derive(Debug)]
struct Database {
    layers: Layers,
    /// What was there when it was read last.
    known: Snapshot,
    pending: Option<Pending>,
    used: Instant,
}

/// A comparison that waits.
#[derive(Debug)]
struct Pending {
    cause: Cause,
    /// The process of the cause, where that is a manager.
    process: Option<(u32, u64)>,
    rank: u8,
    processes: Vec<(u32, u64)>,
    first: Instant,
    last: Instant,
}

/// What is known of databases.
pub(super) struct Watcher {
    databases: BTreeMap<(u64, Place), Database>,
    found: Sender<Difference>,
    wake: Wake,
    /// Comparisons that are not made, or not in full.
    unmade: Arc<AtomicU64>,
    /// Nobody listens any more.
    over: Arc<AtomicBool>,
}

impl Watcher {
    pub(super) fn new(
        found: Sender<Difference>,
        wake: Wake,
        unmade: Arc<AtomicU64>,
        over: Arc<AtomicBool>,
    ) -> Self {
        Self { databases: BTreeMap::new(), found, wake, unmade, over }
    }

    fn skip(&self) {
        self.unmade.fetch_add(1, Ordering::Relaxed);
    }

    /// Until nobody triggers any more; then what waits is compared at once, for as long as anybody listens.
    pub(super) fn run(mut self, triggers: &Receiver<Trigger>) {
        loop {
            let waits = self.databases.values().any(|database| database.pending.is_some());
            let received = if waits {
                triggers.recv_timeout(LOOK)
            } else {
                triggers.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match received {
                Ok(trigger) => self.trigger(trigger),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let over = Arc::clone(&self.over);
                    self.compare(|_| !over.load(Ordering::Relaxed));
                    return;
                }
            }
            let now = Instant::now();
            self.compare(|pending| pending.is_due(now));
        }
    }

    fn trigger(&mut self, trigger: Trigger) {
        let Trigger { place, layers, cause, process, rank } = trigger;
        let now = Instant::now();
        let key = (cause.container, place);
        if !self.databases.contains_key(&key) {
            if !self.make_room() {
                self.skip();
                return;
            }
            let Some(known) = before(&layers, &key.1, process.and(Some(cause.event.time))) else {
                tracing::debug!(path = %key.1.path, "a package database cannot be reached");
                self.skip();
                return;
            };
            let database = Database { layers, known, pending: None, used: now };
            self.databases.insert(key.clone(), database);
        }
        let begun = cause.event.time;
        if process.is_some() && self.is_over(&key, begun) {
            // Another manager begins: what was done before is not its work.
            self.compare_one(&key);
        }
        let Some(database) = self.databases.get_mut(&key) else { return };
        database.used = now;
        let is_untouched = database.is_untouched(&key.1, begun);
        let pending = database.pending.get_or_insert_with(|| Pending {
            cause: cause.clone(),
            process,
            rank,
            processes: Vec::new(),
            first: now,
            last: now,
        });
        pending.last = now;
        // Of those that are nearest, the first that did not end without having written anything.
        let did_nothing = is_untouched && process.is_some() && !pending.process.is_some_and(runs);
        if rank > pending.rank || (rank == pending.rank && did_nothing) {
            (pending.cause, pending.process, pending.rank) = (cause, process, rank);
        }
        // One for which there is no room is not waited for: what it does is another one's change.
        if pending.processes.len() < PROCESSES {
            pending.processes.extend(process);
        }
    }

    /// Whether all that a comparison waits for has ended, and something was written before this began.
    fn is_over(&self, key: &(u64, Place), begun: Timestamp) -> bool {
        let Some(database) = self.databases.get(key) else { return false };
        let Some(pending) = &database.pending else { return false };
        !pending.processes.iter().copied().any(runs) && !database.is_untouched(&key.1, begun)
    }

    fn compare(&mut self, is_due: impl Fn(&mut Pending) -> bool) {
        for ((_, place), database) in &mut self.databases {
            if database.pending.as_mut().is_some_and(&is_due) {
                database.compare(place, &self.found, &self.wake, &self.unmade);
            }
        }
    }

    fn compare_one(&mut self, key: &(u64, Place)) {
        if let Some(database) = self.databases.get_mut(key) {
            database.compare(&key.1, &self.found, &self.wake, &self.unmade);
        }
    }

    /// Forgets the database that was used least lately, of those that nothing waits for. False where all
    /// of them wait.
    fn make_room(&mut self) -> bool {
        if self.databases.len() < DATABASES {
            return true;
        }
        let idle = self.databases.iter().filter(|(_, database)| database.pending.is_none());
        let oldest = idle.min_by_key(|(_, database)| database.used).map(|(key, _)| key.clone());
        oldest.is_some_and(|oldest| self.databases.remove(&oldest).is_some())
    }
}

impl Database {
    /// Whether nothing was written to it since what waits for it began, and before this did: one may have
    /// written by the time that its beginning is heard of.
    fn is_untouched(&self, place: &Place, begun: Timestamp) -> bool {
        let Some(pending) = &self.pending else { return true };
        let tree = Tree::container(&self.layers);
        let since = pending.cause.event.time;
        tree.is_ok_and(|tree| !written_within(&tree, place, since, Some(begun)))
    }

    /// Reads it again, and hands over what differs.
    fn compare(
        &mut self,
        place: &Place,
        found: &Sender<Difference>,
        wake: &Wake,
        unmade: &AtomicU64,
    ) {
        let Some(pending) = self.pending.take() else { return };
        let Ok(tree) = Tree::container(&self.layers) else {
            unmade.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let mut now = Snapshot::read(&tree, place);
        let mut is_whole = now.faults().is_empty();
        for fault in now.faults() {
            tracing::warn!(%fault, "a package database of a container is broken");
        }
        if !is_whole {
            // What could not be read is not gone.
            now.keep(&self.known);
        }
        let mut changes = self.known.changes(&now);
        if changes.len() > CHANGES {
            tracing::warn!(packages = changes.len(), "too many packages changed at once");
            changes.truncate(CHANGES);
            is_whole = false;
        }
        self.known = now;
        if !is_whole {
            unmade.fetch_add(1, Ordering::Relaxed);
        }
        // It waits where the engine is busy: the queue of triggers is bounded.
        if !changes.is_empty() && found.send(Difference { cause: pending.cause, changes }).is_ok() {
            wake();
        }
    }
}

fn runs((pid, start): (u32, u64)) -> bool {
    open_process(pid, start).is_some()
}

/// What was in a database before it was changed. A manager that began at that time and has written
/// nothing yet leaves that to be read; what was written to before anybody knew of it can only be held
/// against the image.
fn before(layers: &Layers, place: &Place, begun: Option<Timestamp>) -> Option<Snapshot> {
    let container = Tree::container(layers).ok()?;
    let is_written = begun.is_none_or(|begun| written_within(&container, place, begun, None));
    let tree = if is_written { Tree::image(layers).ok()? } else { container };
    Some(Snapshot::read(&tree, place))
}

impl Pending {
    fn is_due(&mut self, now: Instant) -> bool {
        let before = self.processes.len();
        if now < self.first + PATIENCE {
            self.processes.retain(|&process| runs(process));
        } else {
            self.processes.clear();
        }
        if self.processes.len() < before {
            self.last = now;
        }
        let is_restless = now >= self.first + RESTLESS;
        self.processes.is_empty() && (now >= self.last + SETTLED || is_restless)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::event::Action;
    use crate::event::DriftEvent;
    use crate::event::Kind;
    use crate::package::Manager;
    use crate::view::LiveFacts;

    const PLACE: &str = "var/lib/dpkg/status";

    fn write(layer: &Path, packages: &[(&str, &str)]) {
        let entry = |(name, version): &(&str, &str)| {
            format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n")
        };
        let path = layer.join(PLACE);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, packages.iter().map(entry).collect::<String>()).unwrap();
    }

    fn trigger(root: &Path, number: i64, process: Option<(u32, u64)>, rank: u8) -> Trigger {
        let time = Timestamp::from_nanos(number);
        let event = DriftEvent::new(time, Kind::Package, Action::Install);
        Trigger {
            place: Place::new(Manager::Dpkg, b"/var/lib/dpkg"),
            layers: Layers {
                upper: root.join("upper"),
                lowers: vec![root.join("lower")],
                user_xattrs: false,
            },
            cause: Cause {
                container: 7,
                event,
                live: LiveFacts::default(),
                by: Default::default(),
            },
            process,
            rank,
        }
    }

    struct World {
        scratch: tempfile::TempDir,
        watcher: Watcher,
        found: Receiver<Difference>,
    }

    impl World {
        fn new() -> Self {
            let scratch = tempfile::tempdir().unwrap();
            fs::create_dir(scratch.path().join("upper")).unwrap();
            write(&scratch.path().join("lower"), &[("tool", "1"), ("old", "1")]);
            let (sender, found) = crossbeam_channel::bounded(8);
            Self {
                scratch,
                watcher: Watcher::new(sender, Arc::new(|| ()), Arc::default(), Arc::default()),
                found,
            }
        }

        fn upper(&self, packages: &[(&str, &str)]) {
            write(&self.scratch.path().join("upper"), packages);
        }

        fn trigger(&mut self, number: i64, process: Option<(u32, u64)>, rank: u8) {
            let trigger = trigger(self.scratch.path(), number, process, rank);
            self.watcher.trigger(trigger);
        }

        /// The cause and the changes.
        fn compared(&mut self) -> Option<(i64, Vec<String>)> {
            self.watcher.compare(|_| true);
            let Difference { cause, changes } = self.found.try_recv().ok()?;
            let line = |it: &crate::package::PackageChange| {
                format!("{} {} {}", it.change, it.package.name, it.package.version)
            };
            Some((cause.event.time.as_nanos(), changes.iter().map(line).collect()))
        }
    }

    const ENDED: Option<(u32, u64)> = Some((u32::MAX, 1));
    /// After all that is written here.
    const LATER: i64 = i64::MAX / 2;

    #[test]
    fn only_what_a_manager_did_is_told_and_only_once() {
        let mut world = World::new();
        world.upper(&[("tool", "1"), ("old", "1"), ("before", "1")]);
        world.trigger(LATER, ENDED, 2);
        world.upper(&[("tool", "2"), ("before", "1"), ("new", "1")]);
        let expected = ["installed new 1", "removed old 1", "upgraded tool 2"];
        let (cause, mut changes) = world.compared().unwrap();
        changes.sort();
        assert_eq!((cause, changes), (LATER, expected.map(str::to_owned).to_vec()));
        world.trigger(LATER, ENDED, 2);
        assert_eq!(world.compared(), None);
    }

    #[test]
    fn what_was_written_before_anybody_knew_is_held_against_the_image() {
        let mut world = World::new();
        world.upper(&[("tool", "1"), ("old", "1"), ("ghost", "6")]);
        world.trigger(1, None, 0);
        assert_eq!(world.compared(), Some((1, vec!["installed ghost 6".to_owned()])));
    }

    fn myself() -> (u32, u64) {
        let me = procfs::process::Process::myself().unwrap().stat().unwrap();
        (std::process::id(), me.starttime * 10_000_000)
    }

    #[test]
    fn the_first_cause_of_those_nearest_to_the_database_did_it() {
        let mut world = World::new();
        world.trigger(1, Some(myself()), 1);
        world.trigger(2, Some(myself()), 2);
        world.trigger(3, ENDED, 2);
        world.trigger(4, None, 0);
        world.upper(&[("tool", "1")]);
        assert_eq!(world.compared(), Some((2, vec!["removed old 1".to_owned()])));
    }

    #[test]
    fn one_that_ended_and_wrote_nothing_did_not_do_it() {
        let mut world = World::new();
        world.trigger(LATER, Some(myself()), 1);
        world.trigger(LATER + 1, ENDED, 2);
        world.trigger(LATER + 2, Some(myself()), 2);
        world.trigger(LATER + 3, ENDED, 2);
        world.upper(&[("tool", "1")]);
        assert_eq!(world.compared(), Some((LATER + 2, vec!["removed old 1".to_owned()])));
    }

    #[test]
    fn what_was_done_before_another_manager_began_is_not_its_work() {
        let mut world = World::new();
        world.trigger(1, ENDED, 2);
        world.upper(&[("tool", "1")]);
        world.trigger(LATER, ENDED, 2);
        let first = world.found.try_recv().unwrap();
        assert_eq!((first.cause.event.time.as_nanos(), first.changes.len()), (1, 1));
        world.upper(&[("tool", "2")]);
        assert_eq!(world.compared(), Some((LATER, vec!["upgraded tool 2".to_owned()])));
    }

    #[test]
    fn one_that_has_written_before_it_is_heard_of_did_it() {
        let mut world = World::new();
        world.trigger(1, ENDED, 2);
        world.upper(&[("tool", "1")]);
        world.trigger(2, ENDED, 2);
        assert_eq!(world.compared(), Some((2, vec!["removed old 1".to_owned()])));
    }

    #[test]
    fn nothing_is_compared_before_the_manager_has_ended_and_all_has_settled() {
        let now = Instant::now();
        let runs = myself();
        let cause = trigger(Path::new("/"), 1, None, 0).cause;
        let mut pending =
            Pending { cause, process: None, rank: 0, processes: vec![runs], first: now, last: now };
        assert!(!pending.is_due(now + 2 * SETTLED));
        pending.processes = vec![(u32::MAX, 1)];
        // It has just ended.
        assert!(!pending.is_due(now + 2 * SETTLED));
        assert!(pending.is_due(now + 3 * SETTLED));
        pending.processes = vec![runs];
        assert!(pending.is_due(now + PATIENCE), "one that never ends");
        pending.processes.clear();
        (pending.first, pending.last) = (now, now + RESTLESS);
        assert!(!pending.is_due(now + RESTLESS / 2));
        assert!(pending.is_due(now + RESTLESS), "one that is written to all the time");
    }

    #[test]
    fn what_a_broken_database_no_longer_tells_is_not_said_to_be_gone() {
        let mut world = World::new();
        let path = world.scratch.path().join("upper").join(PLACE);
        world.trigger(LATER, ENDED, 2);
        world.upper(&[("new", "1")]);
        let mut text = fs::read(&path).unwrap();
        text.extend_from_slice(b"Package: cut");
        fs::write(&path, text).unwrap();
        assert_eq!(world.compared(), Some((LATER, vec!["installed new 1".to_owned()])));
        assert_eq!(world.watcher.unmade.load(Ordering::Relaxed), 1);
        // It is whole again.
        world.trigger(LATER, ENDED, 2);
        world.upper(&[("tool", "1"), ("new", "1")]);
        assert_eq!(world.compared(), Some((LATER, vec!["removed old 1".to_owned()])));
        assert_eq!(world.watcher.unmade.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn no_more_databases_are_remembered_than_there_is_room_for() {
        let mut world = World::new();
        for container in 0..DATABASES as u64 + 10 {
            let mut trigger = trigger(world.scratch.path(), 1, ENDED, 2);
            trigger.cause.container = container;
            world.watcher.trigger(trigger);
            for database in world.watcher.databases.values_mut() {
                database.pending = None;
            }
        }
        assert_eq!(world.watcher.databases.len(), DATABASES);
        assert_eq!(world.watcher.unmade.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_database_for_which_there_is_no_room_is_counted() {
        let mut world = World::new();
        for container in 0..DATABASES as u64 + 10 {
            let mut trigger = trigger(world.scratch.path(), 1, ENDED, 2);
            trigger.cause.container = container;
            world.watcher.trigger(trigger);
        }
        assert_eq!(world.watcher.databases.len(), DATABASES);
        assert_eq!(world.watcher.unmade.load(Ordering::Relaxed), 10);
    }
}
