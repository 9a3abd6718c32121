//! Proofs on threads of their own.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use crossbeam_channel::Receiver;
use crossbeam_channel::Sender;
use crossbeam_channel::TrySendError;
use crossbeam_channel::bounded;

use super::Bounds;
use super::Classified;
use super::ImageSource;
use super::LayerLookup;
use super::ManifestLookup;
use super::cache::subject;
use super::classify;
use super::compare::Buffers;
use crate::event::FileEvidence;
use crate::event::Verdict;

/// Files up to this size, in bytes, are proved in the lane for small ones.
const SMALL: u64 = 1 << 20;

/// Called by a worker when a result is ready; must not block.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// How a [`ProofPool`] is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// Threads for files up to 1 MiB; at least one.
    pub small_threads: usize,
    /// Threads for larger files and for searches in the layers; at least one.
    pub large_threads: usize,
    /// How many requests wait in each lane before further ones are refused; at least one.
    pub queue: usize,
    /// Bounds of each proof.
    pub bounds: Bounds,
}

impl Default for PoolOptions {
    /// One thread and 1,024 requests a lane, the default [`Bounds`].
    fn default() -> Self {
        Self { small_threads: 1, large_threads: 1, queue: 1024, bounds: Bounds::default() }
    }
}

/// A file to be proved.
#[derive(Debug)]
pub struct ProofRequest<T> {
    /// The caller's own, carried through.
    pub token: T,
    /// What the kernel saw.
    pub evidence: FileEvidence,
    /// The path of the file as the container sees it, absolute.
    pub path: Vec<u8>,
    /// What the container's files are compared with.
    pub source: ImageSource,
}

/// A request with its answer.
#[derive(Debug)]
pub struct ProofResult<T> {
    /// The request.
    pub request: ProofRequest<T>,
    /// The answer.
    pub classified: Classified,
}

/// Classifies files on threads of its own, in two lanes: a large or slow file holds up other
/// large ones, never the small ones.
///
/// Dropping the pool interrupts running proofs between two reads, drops what waits, and joins
/// the threads.
pub struct ProofPool<T> {
    // `None` only while the pool is being dropped.
    small: Option<Sender<ProofRequest<T>>>,
    large: Option<Sender<ProofRequest<T>>>,
    results: Option<Receiver<ProofResult<T>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl<T> fmt::Debug for ProofPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofPool").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

impl<T: Send + 'static> ProofPool<T> {
    /// Starts the threads. `wake` is called by a worker after each result.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn new(options: PoolOptions, wake: Wake) -> io::Result<Self> {
        let PoolOptions { small_threads, large_threads, queue, bounds } = options;
        let queue = queue.max(1);
        let (small_sender, small) = bounded(queue);
        let (large_sender, large) = bounded(queue);
        let (result_sender, results) = bounded(queue.saturating_mul(2));
        let stop = Arc::new(AtomicBool::new(false));
        let mut pool = Self {
            small: Some(small_sender),
            large: Some(large_sender.clone()),
            results: Some(results),
            stop: Arc::clone(&stop),
            threads: Vec::new(),
        };
        let mut start = |name: &str, requests: Receiver<_>, searches| {
            let worker = Worker {
                requests,
                searches,
                results: result_sender.clone(),
                stop: Arc::clone(&stop),
                wake: Arc::clone(&wake),
                bounds,
                buffers: Some(Buffers::new()),
            };
            let thread = std::thread::Builder::new().name(name.into());
            pool.threads.push(thread.spawn(|| worker.run())?);
            Ok::<(), io::Error>(())
        };
        for _ in 0..small_threads.max(1) {
            start("proof-small", small.clone(), Some(large_sender.clone()))?;
        }
        for _ in 0..large_threads.max(1) {
            start("proof-large", large.clone(), None)?;
        }
        Ok(pool)
    }

    /// Hands a file over to be proved. Never blocks.
    ///
    /// # Errors
    /// Gives the request back when its lane is full; the file is then `unknown`.
    // The request is the caller's to keep, in full; a box would cost every refusal.
    #[allow(clippy::result_large_err)]
    pub fn submit(&self, request: ProofRequest<T>) -> Result<(), ProofRequest<T>> {
        let small = subject(&request.evidence).is_none_or(|inode| inode.size <= SMALL);
        let Some(lane) = (if small { &self.small } else { &self.large }) else {
            return Err(request);
        };
        lane.try_send(request).map_err(TrySendError::into_inner)
    }

    /// The next result, if one is ready. Never blocks.
    pub fn try_recv(&self) -> Option<ProofResult<T>> {
        self.results.as_ref()?.try_recv().ok()
    }

    /// How many requests wait, in both lanes.
    pub fn waiting(&self) -> usize {
        [&self.small, &self.large].into_iter().flatten().map(Sender::len).sum()
    }
}

impl<T> Drop for ProofPool<T> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Without a receiver no worker waits for room among the results; without senders none
        // waits for work.
        self.results = None;
        self.small = None;
        self.large = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a proof thread ended by a panic");
            }
        }
    }
}

struct Worker<T> {
    requests: Receiver<ProofRequest<T>>,
    /// Where requests go that need a search in the layers; `None` when it is done here.
    searches: Option<Sender<ProofRequest<T>>>,
    results: Sender<ProofResult<T>>,
    stop: Arc<AtomicBool>,
    wake: Wake,
    bounds: Bounds,
    buffers: Option<Buffers>,
}

impl<T> Worker<T> {
    fn run(mut self) {
        while let Ok(request) = self.requests.recv() {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let Some(result) = self.prove(request) else {
                continue;
            };
            if self.results.send(result).is_err() {
                return;
            }
            (self.wake)();
        }
    }

    /// The result, or `None` when the request was passed on.
    fn prove(&mut self, request: ProofRequest<T>) -> Option<ProofResult<T>> {
        let layers = match &request.source {
            ImageSource::Layers(layers) => layers,
            ImageSource::Files(root) => {
                let lookup = ManifestLookup::new(root, self.bounds).interruptible(&self.stop);
                let mut lookup = lookup.with_buffers(self.buffers.take());
                let classified = classify(&request.evidence, &request.path, &mut lookup);
                self.buffers = lookup.into_buffers();
                return Some(ProofResult { request, classified });
            }
        };
        let mut lookup = LayerLookup::new(layers, self.bounds).interruptible(&self.stop);
        if let Some(buffers) = self.buffers.take() {
            lookup = lookup.with_buffers(buffers);
        }
        if self.searches.is_some() {
            lookup = lookup.without_search();
        }
        let mut classified = classify(&request.evidence, &request.path, &mut lookup);
        let needs_search = lookup.needed_search();
        let in_upper = matches!(
            classified.provenance.verdict,
            Verdict::Added | Verdict::Modified | Verdict::Replaced | Verdict::Unknown
        );
        if self.bounds.digests
            && classified.sha256.is_none()
            && in_upper
            && !(needs_search && self.searches.is_some())
            && let Some((digest, settled)) = lookup.digest(&request.evidence, &request.path)
        {
            classified.sha256 = Some(digest);
            // A verdict of the kernel alone costs nothing again; its digest does.
            let known = classified.provenance.verdict != Verdict::Unknown;
            classified.cacheable |= settled && known;
        }
        self.buffers = lookup.into_buffers();
        match &self.searches {
            Some(searches) if needs_search => match searches.try_send(request) {
                Ok(()) => None,
                Err(error) => {
                    let classified = Classified::unknown(
                        "too many files wait for their image file to be searched",
                    );
                    Some(ProofResult { request: error.into_inner(), classified })
                }
            },
            _ => Some(ProofResult { request, classified }),
        }
    }
}
