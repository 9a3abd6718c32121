//! Entries that are told once a content was read, and in their order although several are read at a
//! time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;
use std::sync::mpsc::TryRecvError;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use super::Change;
use super::EntryKind;
use super::Problem;
use super::content::Content;
use super::content::Reader;
use super::content::Shared;
use super::content::Unread;
use super::entry::Entry;
use super::marks::CameFrom;
use super::marks::Marks;
use crate::event::Text;
use crate::provenance::FileKind;
use crate::provenance::Located;
use crate::provenance::same_number;

/// A smaller file is read where it is found: to hand it over would take longer.
const LARGE: u64 = 256 << 10;
/// How many things wait to be told at most.
const WAITING: usize = 1024;
/// How many files each thread has before it at most; each is held open.
const FILES_A_THREAD: usize = 4;

/// An entry whose content is to be read.
pub(super) struct Unfinished {
    pub(super) entry: Entry,
    pub(super) ours: Located,
    /// What it is compared with.
    pub(super) theirs: Option<Located>,
    pub(super) name: Box<[u8]>,
    pub(super) then: Then,
}

/// What the content decides.
pub(super) enum Then {
    /// Nothing: its digest is told.
    Tell,
    /// Whether it is the image's, and so the kind.
    Compare {
        marks: Marks,
        /// The inode number of the image's file, and how many names that has.
        number: u64,
        links: u64,
        same_size: bool,
    },
    /// Whether it is the image's, by what a manifest says of that.
    #[cfg(feature = "manifest")]
    Prove { sha256: [u8; 32], size: u64 },
}

/// What there is to tell in the end.
#[derive(Default)]
pub(super) struct Finished {
    pub(super) problems: Vec<Problem>,
    pub(super) entry: Option<Entry>,
}

impl Unfinished {
    fn size(&self) -> u64 {
        self.theirs.as_ref().map_or(0, |theirs| theirs.facts.size).max(self.ours.facts.size)
    }

    /// Decides without reading: the content is equal.
    pub(super) fn unread(self) -> Finished {
        self.decided(None)
    }

    /// Reads, and decides.
    pub(super) fn finish(self, reader: &mut Reader) -> Finished {
        let content = (self.ours.facts.kind == FileKind::Regular)
            .then(|| reader.contents(&self.ours, &self.name, self.theirs.as_ref()));
        self.decided(content)
    }

    fn decided(mut self, content: Option<Result<Content, Unread>>) -> Finished {
        #[cfg(feature = "manifest")]
        if let Then::Prove { sha256, size } = self.then {
            return self.proved(content, sha256, size);
        }
        let mut finished = Finished::default();
        let path = self.entry.path.clone();
        let problem = |reason: String| Problem { path: path.clone(), reason, vanished: false };
        let mut equal = true;
        match content {
            None => {}
            Some(Ok(content)) => {
                // With nothing to compare it with, nothing was decided.
                equal = content.equal || self.theirs.is_none();
                if let Some(after) = &mut self.entry.after {
                    after.size = content.facts.size;
                    after.sha256 = content.after;
                    after.code = content.code;
                }
                if let Some(before) = self.entry.before.as_mut().filter(|_| self.theirs.is_some()) {
                    before.sha256 = content.before;
                }
            }
            Some(Err(unread)) => {
                finished.problems.push(problem(unread.to_string()));
                if let Then::Compare { same_size, .. } = self.then {
                    let is_renamed = self.entry.kind == EntryKind::Renamed;
                    // Another size tells all the same, and so does another name.
                    if same_size && !is_renamed {
                        return finished;
                    }
                    equal = same_size;
                }
            }
        }
        if let Then::Compare { marks, number, links, .. } = self.then {
            if !equal {
                self.entry.changed.insert(Change::Content);
            }
            self.decide(marks, number);
            // Of what has several names, links and devices among it, the kernel keeps the origin with that
            // option alone.
            if !self.entry.changed.is_empty()
                && links > 1
                && marks.came_from(&self.ours) == CameFrom::Number(number)
            {
                finished.problems.push(problem(format!(
                    "the image has {links} names for the file, and the overlay (index=on) shows \
                     the change under each: it is told of this one only"
                )));
            }
        }
        finished.entry = Some(self.entry);
        finished
    }

    /// What there is to tell of a file of which the image's digest and size are known.
    #[cfg(feature = "manifest")]
    fn proved(
        mut self,
        content: Option<Result<Content, Unread>>,
        sha256: [u8; 32],
        size: u64,
    ) -> Finished {
        let path = self.entry.path.clone();
        let problem = |reason: String| vec![Problem { path, reason, vanished: false }];
        let mut finished = Finished::default();
        let mut found = None;
        let mut now = self.ours.facts.size;
        match content {
            None => {}
            Some(Ok(content)) => {
                found = content.after;
                now = content.facts.size;
                if let Some(after) = &mut self.entry.after {
                    after.size = now;
                    after.code = content.code;
                }
                if found.is_none() && now == size {
                    let reason = format!("is not compared: its {size} bytes are too many");
                    finished.problems = problem(reason);
                    return finished;
                }
            }
            Some(Err(unread)) => {
                finished.problems = problem(unread.to_string());
                // Another size tells all the same.
                if now == size {
                    return finished;
                }
            }
        }
        if found != Some(sha256) {
            self.entry.changed.insert(Change::Content);
            if let Some(before) = &mut self.entry.before {
                before.sha256 = Some(sha256);
            }
            if let Some(after) = &mut self.entry.after {
                after.sha256 = found;
            }
        }
        finished.entry = differing(self.entry);
        finished
    }

    /// The kind of what was compared: a file that the kernel copied up from the image's was modified, any
    /// other one was put in its place.
    fn decide(&mut self, marks: Marks, number: u64) {
        let entry = &mut self.entry;
        if entry.kind == EntryKind::Renamed {
            return;
        }
        if !entry.changed.in_substance() {
            let same = entry.changed.is_empty();
            entry.kind = if same { EntryKind::CopiedUp } else { EntryKind::Attributes };
            return;
        }
        let same = match marks.came_from(&self.ours) {
            CameFrom::Nowhere => false,
            CameFrom::Number(found) => same_number(found, number),
            CameFrom::Somewhere => true,
        };
        let is_link = super::FileType::of(&self.ours.facts) == super::FileType::Symlink;
        entry.kind = if same && !is_link { EntryKind::Modified } else { EntryKind::Replaced };
    }
}

/// An entry with its kind by what differs from the manifest. `None` where nothing does.
#[cfg(feature = "manifest")]
pub(super) fn differing(mut entry: Entry) -> Option<Entry> {
    entry.kind = if entry.changed.contains(Change::Content) {
        EntryKind::Modified
    } else if entry.changed.in_substance() {
        EntryKind::Replaced
    } else if entry.changed.is_empty() {
        return None;
    } else {
        EntryKind::Attributes
    };
    Some(entry)
}

/// Something that is told when all before it was.
pub(super) enum Slot {
    Entry(Box<Entry>),
    Problem(Problem),
    Reading(Text, Receiver<Finished>),
}

/// What waits to be told, in order, and the threads that read for it.
pub(super) struct Queue {
    slots: VecDeque<Slot>,
    reading: usize,
    threads: usize,
    pool: Option<Pool>,
}

impl Queue {
    /// A queue whose files are read by so many threads; by none, if that is no more than one.
    pub(super) const fn new(threads: usize) -> Self {
        Self { slots: VecDeque::new(), reading: 0, threads, pool: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn push(&mut self, slot: Slot) {
        self.slots.push_back(slot);
    }

    /// Has an entry read by a thread. Gives it back where that is not worth it.
    pub(super) fn read(
        &mut self,
        unfinished: Unfinished,
        reader: &Reader,
    ) -> Result<(), Box<Unfinished>> {
        if self.threads < 2 || unfinished.size() < LARGE {
            return Err(Box::new(unfinished));
        }
        if self.pool.is_none() {
            self.pool = Pool::new(self.threads, reader);
            if self.pool.is_none() {
                // The system has no threads for us: it goes without.
                self.threads = 0;
            }
        }
        let Some(pool) = &self.pool else { return Err(Box::new(unfinished)) };
        let path = unfinished.entry.path.clone();
        let (sender, receiver) = channel();
        pool.jobs.send((Box::new(unfinished), sender)).map_err(|error| error.0.0)?;
        self.reading += 1;
        self.slots.push_back(Slot::Reading(path, receiver));
        Ok(())
    }

    /// The next thing to tell, if it is there. Waits for it where too much waits behind it, or `all`
    /// has to be told.
    pub(super) fn next(&mut self, all: bool) -> Option<Finished> {
        let full = self.slots.len() > WAITING || self.reading > self.threads * FILES_A_THREAD;
        match self.slots.pop_front()? {
            Slot::Entry(entry) => Some(Finished { entry: Some(*entry), ..Finished::default() }),
            Slot::Problem(problem) => {
                Some(Finished { problems: vec![problem], ..Finished::default() })
            }
            Slot::Reading(path, receiver) => {
                let finished = if all || full {
                    receiver.recv().map_err(|_| TryRecvError::Disconnected)
                } else {
                    receiver.try_recv()
                };
                match finished {
                    Err(TryRecvError::Empty) => {
                        self.slots.push_front(Slot::Reading(path, receiver));
                        None
                    }
                    Ok(finished) => {
                        self.reading -= 1;
                        Some(finished)
                    }
                    // A panic in the thread.
                    Err(TryRecvError::Disconnected) => {
                        self.reading -= 1;
                        let reason = "a bug ended the thread that read it".to_owned();
                        let problem = Problem { path, reason, vanished: false };
                        Some(Finished { problems: vec![problem], ..Finished::default() })
                    }
                }
            }
        }
    }
}

type Job = (Box<Unfinished>, Sender<Finished>);

/// Threads that read.
struct Pool {
    jobs: Sender<Job>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    fn new(threads: usize, reader: &Reader) -> Option<Self> {
        let (jobs, take) = channel::<Job>();
        let take = Arc::new(Mutex::new(take));
        let shared = reader.shared();
        let mut started = Vec::new();
        for _ in 0..threads {
            let (take, mut reader) = (Arc::clone(&take), reader.another());
            let body = move || {
                loop {
                    // Held while it waits: the others wait for their turn.
                    let next = match take.lock() {
                        Ok(take) => take.recv(),
                        Err(_) => return,
                    };
                    let Ok((unfinished, answer)) = next else { return };
                    // Nobody asks for the answer any more when the scan was stopped.
                    let _ = answer.send(unfinished.finish(&mut reader));
                }
            };
            let thread = std::thread::Builder::new().name("driftcore-read".to_owned());
            started.extend(thread.spawn(body));
        }
        (!started.is_empty()).then_some(Self { jobs, shared, threads: started })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Without a sender they end.
        let (closed, _) = channel();
        self.jobs = closed;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
