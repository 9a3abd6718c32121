//! Verdicts: at once where the kernel or the cache proves them, later where contents must be
//! compared.

use std::collections::HashMap;

use super::EngineError;
use super::assemble::Observed;
use super::counters::Counters;
use crate::event::EvidenceFlags;
use crate::event::FileEvidence;
use crate::event::Inode;
use crate::event::Timestamp;
use crate::event::Verdict;
use crate::provenance::Bounds;
use crate::provenance::Classified;
use crate::provenance::ImageSource;
use crate::provenance::Judgement;
use crate::provenance::NoLayerDirectories;
use crate::provenance::PoolOptions;
use crate::provenance::ProofCache;
use crate::provenance::ProofPool;
use crate::provenance::ProofRequest;
use crate::provenance::ProofResult;
use crate::provenance::Wake;
use crate::provenance::classify;
use crate::provenance::judge;
use crate::provenance::subject;

/// Most events that wait for a proof; beyond it, verdicts are `unknown`.
const WAITING_MAX: usize = 4096;

/// How proofs are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ProofOptions {
    pub(super) bounds: Bounds,
}

/// The verdict about a file, or what it takes to get it.
pub(super) enum Verdicts {
    /// Proved.
    Now(Classified),
    /// Contents must be compared.
    Later(Question),
}

/// A file whose content must be compared.
pub(super) struct Question {
    evidence: FileEvidence,
    source: ImageSource,
    path: Vec<u8>,
}

/// An event whose verdict has come; `None` where it has its own.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) event: Observed,
    pub(super) classified: Option<Classified>,
}

/// One file state that is being compared. Every event about the same state waits for the one
/// comparison.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    upper: Option<Inode>,
    lower: Option<Inode>,
    source: u64,
    path: Vec<u8>,
    writers: bool,
}

impl Key {
    fn new(question: &Question) -> Self {
        Self {
            upper: subject(&question.evidence),
            lower: question.evidence.lower,
            source: question.source.id(),
            path: question.path.clone(),
            writers: may_be_written(&question.evidence),
        }
    }
}

/// The cache, the threads, and the events that wait.
#[derive(Debug)]
pub(super) struct Proofs {
    cache: ProofCache,
    pool: ProofPool<()>,
    digests: bool,
    waiting: HashMap<Key, Vec<Observed>>,
    waiting_events: usize,
    answered: Vec<Answered>,
}

impl Proofs {
    pub(super) fn new(options: ProofOptions, wake: Wake) -> Result<Self, EngineError> {
        let digests = options.bounds.digests;
        let options = PoolOptions { bounds: options.bounds, ..PoolOptions::default() };
        let pool = ProofPool::new(options, wake)
            .map_err(|source| EngineError::Io { action: "start the proof threads", source })?;
        Ok(Self {
            cache: ProofCache::default(),
            pool,
            digests,
            waiting: HashMap::new(),
            waiting_events: 0,
            answered: Vec::new(),
        })
    }

    /// Judges by the kernel's evidence and the cache. Allocates nothing unless contents must be
    /// compared.
    pub(super) fn ask(
        &mut self,
        evidence: &FileEvidence,
        source: Option<&ImageSource>,
        path: &[u8],
        started: Option<Timestamp>,
        counters: &mut Counters,
    ) -> Verdicts {
        if let Judgement::Proved(provenance) = judge(evidence) {
            // Proved by the kernel, and yet to be read.
            let in_upper = matches!(
                provenance.verdict,
                Verdict::Added | Verdict::Modified | Verdict::Replaced
            );
            let wants_digest =
                self.digests && in_upper && matches!(source, Some(ImageSource::Layers(_)));
            if !wants_digest {
                return Verdicts::Now(Classified { provenance, sha256: None, cacheable: false });
            }
        }
        let Some(source) = source else {
            let mut lookup = NoLayerDirectories { container_start: started };
            return Verdicts::Now(classify(evidence, path, &mut lookup));
        };
        if let Some(classified) = self.cache.get(evidence, path, source.id()) {
            counters.proofs_cached += 1;
            return Verdicts::Now(classified.clone());
        }
        Verdicts::Later(Question {
            evidence: *evidence,
            source: source.clone(),
            path: path.to_vec(),
        })
    }

    /// Somebody writes the file: what was proved of it holds no longer, whatever its times say.
    pub(super) fn forget(&mut self, evidence: &FileEvidence) {
        if let Some(inode) = subject(evidence) {
            self.cache.forget(inode.device, inode.number);
        }
    }

    /// Begins a comparison for an event, or joins one under way. Gives the event back with
    /// `unknown` when too many wait.
    pub(super) fn begin(
        &mut self,
        question: Question,
        event: Observed,
        counters: &mut Counters,
    ) -> Option<Answered> {
        if self.waiting_events >= WAITING_MAX {
            return Some(refused(event, counters));
        }
        let key = Key::new(&question);
        if let Some(events) = self.waiting.get_mut(&key) {
            events.push(event);
            self.waiting_events += 1;
            return None;
        }
        let Question { evidence, source, path } = question;
        if self.pool.submit(ProofRequest { token: (), evidence, path, source }).is_err() {
            return Some(refused(event, counters));
        }
        counters.proofs += 1;
        self.waiting.insert(key, vec![event]);
        self.waiting_events += 1;
        None
    }

    /// The next event whose verdict has come.
    pub(super) fn next_answer(&mut self) -> Option<Answered> {
        while self.answered.is_empty() {
            let ProofResult { request, classified } = self.pool.try_recv()?;
            let ProofRequest { token: (), evidence, path, source } = request;
            self.cache.insert(&evidence, &path, source.id(), &classified);
            let classified = of_that_moment(&evidence, classified);
            let key = Key::new(&Question { evidence, source, path });
            let events = self.waiting.remove(&key).unwrap_or_default();
            self.waiting_events -= events.len();
            // Taken from the end: reversed, they come out in the order of the events.
            self.answered.extend(
                events
                    .into_iter()
                    .rev()
                    .map(|event| Answered { event, classified: Some(classified.clone()) }),
            );
        }
        self.answered.pop()
    }

    /// Gives up all events that wait.
    pub(super) fn abandon(&mut self) -> Vec<Observed> {
        self.waiting_events = 0;
        self.waiting.drain().flat_map(|(_, events)| events).collect()
    }

    /// Whether an event still waits for its verdict.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting_events == 0 && self.answered.is_empty()
    }
}

fn may_be_written(evidence: &FileEvidence) -> bool {
    evidence.flags.contains(EvidenceFlags::WRITERS)
}

/// What is read later says nothing of the moment of the event where somebody could write the file
/// then, through a mapping without any trace: to be equal again takes no more than to write it back.
fn of_that_moment(evidence: &FileEvidence, classified: Classified) -> Classified {
    let equal = matches!(classified.provenance.verdict, Verdict::CopiedUp | Verdict::Image);
    if may_be_written(evidence) && equal {
        return Classified::unknown(
            "its content equals the image file's, but somebody could write it when it ran",
        );
    }
    classified
}

fn refused(event: Observed, counters: &mut Counters) -> Answered {
    counters.proofs_refused += 1;
    Answered {
        event,
        classified: Some(Classified::unknown(
            "too many files were waiting for their content proof",
        )),
    }
}
