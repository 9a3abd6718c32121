//! What `driftd` wrote, kept as it comes in.

use std::fs::File;
use std::io::ErrorKind;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use anyhow::Result;

/// Lines of a stream that grows, each read by a function of the caller's.
#[derive(Debug)]
pub(super) struct Journal<T> {
    shared: Arc<Shared<T>>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared<T> {
    entries: Mutex<Vec<T>>,
    grown: Condvar,
    closed: AtomicBool,
}

impl<T: Send + 'static> Journal<T> {
    /// Reads a stream until it ends.
    pub(super) fn of_stream(
        stream: impl Read + Send + 'static,
        parse: impl Fn(&[u8]) -> T + Send + 'static,
    ) -> Result<Self> {
        Self::start(move |shared| follow(stream, shared, false, &parse))
    }

    /// Reads a file that another process appends to, until [`Journal::close`].
    pub(super) fn of_file(
        path: &Path,
        parse: impl Fn(&[u8]) -> T + Send + 'static,
    ) -> Result<Self> {
        let file = File::open(path)?;
        Self::start(move |shared| follow(file, shared, true, &parse))
    }

    fn start(work: impl FnOnce(&Shared<T>) + Send + 'static) -> Result<Self> {
        let shared = Arc::new(Shared {
            entries: Mutex::new(Vec::new()),
            grown: Condvar::new(),
            closed: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&shared);
        let reader =
            std::thread::Builder::new().name("journal".into()).spawn(move || work(&theirs))?;
        Ok(Self { shared, reader: Some(reader) })
    }

    /// What came so far.
    pub(super) fn entries(&self) -> MutexGuard<'_, Vec<T>> {
        self.shared.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first `find` returns something for, among entries that are there or come within
    /// `limit`.
    pub(super) fn wait<R>(&self, limit: Duration, find: impl Fn(&T) -> Option<R>) -> Option<R> {
        let deadline = Instant::now() + limit;
        let mut seen = 0;
        let mut entries = self.entries();
        loop {
            for entry in entries.iter().skip(seen) {
                if let Some(found) = find(entry) {
                    return Some(found);
                }
            }
            seen = entries.len();
            let left = deadline.checked_duration_since(Instant::now())?;
            (entries, _) = self
                .shared
                .grown
                .wait_timeout(entries, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reads what is left and stops.
    pub(super) fn close(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Reads lines until the end of the stream; with `tail` the end counts only once the journal
/// is closed.
fn follow<T>(mut stream: impl Read, shared: &Shared<T>, tail: bool, parse: &impl Fn(&[u8]) -> T) {
    let mut pending = Vec::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        // Asked for before the read: what was written before the close is still read.
        let closed = shared.closed.load(Ordering::Acquire);
        let got = match stream.read(&mut buffer) {
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        if got == 0 {
            if closed || !tail {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        pending.extend_from_slice(&buffer[..got]);
        let mut fresh = Vec::new();
        let mut start = 0;
        while let Some(length) = pending[start..].iter().position(|&byte| byte == b'\n') {
            fresh.push(parse(&pending[start..start + length]));
            start += length + 1;
        }
        pending.drain(..start);
        shared.entries.lock().unwrap_or_else(PoisonError::into_inner).extend(fresh);
        shared.grown.notify_all();
    }
}
