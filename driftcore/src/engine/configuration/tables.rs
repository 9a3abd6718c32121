//! Mount tables of containers that tell when they change. It takes no probe, and shows what is mounted from outside,
//! too; who mounted is not told.
//!
//! A table that told is silent until it is asked anew, so a container that mounts all day is no reason to do more than
//! one that mounts once. It is let go of when the first process ends: it would keep the container's filesystems busy.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use rustc_hash::FxHashMap;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::epoll;
use rustix::event::epoll::EventData;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use crate::config::MountTable;

/// Most tables that are held; each takes two descriptors.
const MOST: usize = 1024;
/// Mount tables have something out of the ordinary to say when they change, once.
const CHANGED: EventFlags = EventFlags::PRI.union(EventFlags::ONESHOT);
/// Most that is taken in at a time.
const EVENTS: usize = 64;

/// What is waited for.
#[derive(Debug)]
pub(super) struct Tables {
    epoll: OwnedFd,
    held: Mutex<Held>,
}

/// Each has two numbers: an even one for the table, the odd one above it for the process.
#[derive(Debug, Default)]
struct Held {
    tables: FxHashMap<u64, (u64, MountTable)>,
    numbers: FxHashMap<u64, u64>,
    next: u64,
    was_full: bool,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Came {
    /// The containers whose tables changed.
    pub(super) changed: Vec<u64>,
    /// One of the other descriptors has something to say, by the place that it has among them.
    pub(super) others: Vec<usize>,
}

impl Tables {
    /// Waits for other descriptors, too, while nothing is held.
    pub(super) fn new(others: &[&OwnedFd]) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (place, other) in (0_u64..).zip(others) {
            epoll::add(&epoll, other.as_fd(), EventData::new_u64(place), EventFlags::IN)?;
        }
        let next = (others.len() as u64).next_multiple_of(2);
        Ok(Self { epoll, held: Mutex::new(Held { next, ..Held::default() }) })
    }

    /// Tells of changes of a container's table from now on. Where there are too many, the interval finds them.
    pub(super) fn hold(&self, container: u64, table: MountTable) {
        let mut held = self.held();
        held.forget(container);
        if held.tables.len() >= MOST {
            if !held.was_full {
                tracing::info!(MOST, "mounts of more containers are found by the interval alone");
            }
            held.was_full = true;
            return;
        }
        let number = held.next;
        let add =
            |fd, number, flags| epoll::add(&self.epoll, fd, EventData::new_u64(number), flags);
        let added = add(table.mounts.as_fd(), number, CHANGED)
            .and_then(|()| add(table.process.as_fd(), number + 1, EventFlags::IN));
        if let Err(error) = added {
            tracing::debug!(%error, "mounts of a container are found by the interval alone");
            return;
        }
        held.next += 2;
        held.tables.insert(number, (container, table));
        held.numbers.insert(container, number);
    }

    pub(super) fn holds(&self, container: u64) -> bool {
        self.held().numbers.contains_key(&container)
    }

    /// The container is about to be looked at: what changes from now on is told, what changed before is not.
    pub(super) fn ask(&self, container: u64) {
        let held = self.held();
        let Some(number) = held.numbers.get(&container) else { return };
        let Some((_, table)) = held.tables.get(number) else { return };
        let mut files = [PollFd::new(&table.mounts, PollFlags::PRI)];
        let _ = rustix::event::poll(&mut files, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        let data = EventData::new_u64(*number);
        let _ = epoll::modify(&self.epoll, table.mounts.as_fd(), data, CHANGED);
    }

    pub(super) fn forget(&self, container: u64) {
        self.held().forget(container);
    }

    /// Waits until there is something to say.
    pub(super) fn wait(&self) -> io::Result<Came> {
        let mut events =
            [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; EVENTS];
        let count = match epoll::wait(&self.epoll, &mut events[..], None) {
            Ok(count) => count,
            Err(Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        let mut came = Came { changed: Vec::new(), others: Vec::new() };
        let mut held = self.held();
        for event in events.iter().take(count) {
            let number = event.data.u64();
            let table = number & !1;
            match held.tables.get(&table).map(|(container, _)| *container) {
                Some(container) if number == table => came.changed.push(container),
                Some(container) => held.forget(container),
                // Of one that was forgotten just now nobody wants to know.
                None => came.others.extend(usize::try_from(number)),
            }
        }
        Ok(came)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Closed descriptors are waited for no more.
    fn forget(&mut self, container: u64) {
        if let Some(number) = self.numbers.remove(&container) {
            self.tables.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Child;
    use std::process::Command;
    use std::process::Stdio;
    use std::sync::Arc;

    use rustix::event::EventfdFlags;

    use super::*;
    use crate::config::Declared;
    use crate::config::Host;
    use crate::container::Runtimes;

    /// A process with a mount namespace of its own that does what it is told.
    fn shell() -> Child {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().unwrap()
    }

    fn tell(shell: &mut Child, script: &str) {
        use std::io::Read;
        use std::io::Write;

        let stdin = shell.stdin.as_mut().unwrap();
        stdin.write_all(format!("{script}\necho\n").as_bytes()).unwrap();
        let mut end = [0];
        shell.stdout.as_mut().unwrap().read_exact(&mut end).unwrap();
    }

    #[test]
    fn a_table_tells_once_until_it_is_asked_anew_and_is_let_go_of_at_the_end() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let over = rustix::event::eventfd(0, EventfdFlags::CLOEXEC).unwrap();
        let tables = Tables::new(&[&over]).unwrap();
        let fence = || {
            rustix::io::write(&over, &1_u64.to_ne_bytes()).unwrap();
            let came = tables.wait().unwrap();
            rustix::io::read(&over, &mut [0; 8]).unwrap();
            came
        };
        let mut shell = shell();
        tell(&mut shell, "true");
        let host = Host::of_mounts(&Runtimes::default());
        let declared = Declared::of_process(shell.id());
        let table = MountTable::open(&host, &declared).unwrap();
        tables.hold(7, table);
        assert!(tables.holds(7) && !tables.holds(8));
        let nothing = Came { changed: Vec::new(), others: vec![0] };
        assert_eq!(fence(), nothing);

        tell(&mut shell, "mount -t tmpfs x /tmp");
        assert_eq!(tables.wait().unwrap().changed, [7]);
        tell(&mut shell, "mount -t tmpfs x /tmp; umount /tmp");
        assert_eq!(fence(), nothing, "it told, and nobody asked again");
        tables.ask(7);
        assert_eq!(fence(), nothing, "what was before is no news");
        tell(&mut shell, "umount /tmp");
        assert_eq!(tables.wait().unwrap().changed, [7]);

        shell.stdin.take();
        shell.wait().unwrap();
        let came = tables.wait().unwrap();
        assert!(came.changed.is_empty() && !tables.holds(7), "{came:?}");
        tables.ask(7);
        assert_eq!(fence(), nothing);
        drop(Arc::new(tables));
    }
}
