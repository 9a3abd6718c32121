//! Whether the images that run were approved, said once for each container and answer.
//!
//! ```text
//! container that is known ─→ Question ─→ (a thread of its own: Verifier) ─→ Answer ─→ event
//! ```
//! The content of an index or manifest may have to be read for an answer, so nothing of it is done
//! where records are taken in.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use crossbeam_channel::Receiver;
use crossbeam_channel::Sender;

use super::EngineError;
use super::assemble::Observed;
use super::core::Core;
use super::proofs::Answered;
use crate::digest::Approval;
use crate::digest::Check;
use crate::digest::Digest;
use crate::digest::Running;
use crate::digest::Verifier;
use crate::event::Action;
use crate::event::Digests;
use crate::event::DriftEvent;
use crate::event::Kind;
use crate::event::Timestamp;
use crate::matcher::Shared;
use crate::provenance::Wake;
use crate::view::LiveFacts;

/// Most questions and answers that wait.
const QUEUE: usize = 256;
/// How long the end waits for answers that are being looked for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a running engine takes for approved: replaced from any thread. Cheap to clone.
#[derive(Clone)]
pub struct ApprovalsHandle(Arc<Approvals>);

struct Approvals {
    verifier: Shared<Verifier>,
    /// Grows with each list.
    version: AtomicU64,
    wake: Wake,
}

impl fmt::Debug for ApprovalsHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApprovalsHandle").field("version", &self.version()).finish_non_exhaustive()
    }
}

impl ApprovalsHandle {
    fn new(verifier: Verifier, wake: Wake) -> Self {
        let (verifier, version) = (Shared::new(verifier), AtomicU64::new(1));
        Self(Arc::new(Approvals { verifier, version, wake }))
    }

    /// From now on this is approved: every container that runs is looked at again, and reported where the
    /// answer is another one than before.
    pub fn replace(&self, verifier: Verifier) {
        self.0.verifier.replace(verifier);
        self.0.version.fetch_add(1, Ordering::Release);
        (self.0.wake)();
    }

    fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }
}

struct Question {
    container: u64,
    version: u64,
    running: Running,
}

struct Answer {
    container: u64,
    version: u64,
    check: Check,
}

/// The way to the thread that verifies, and back.
pub(super) struct Verifying {
    handle: ApprovalsHandle,
    to: Option<Sender<Question>>,
    from: Option<Receiver<Answer>>,
    thread: Option<JoinHandle<()>>,
    /// The version that all containers were asked about, but for those that are new.
    asked: u64,
    /// Questions without an answer yet.
    waiting: usize,
}

/// What was asked and found of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verified {
    /// The version of the list that it was asked about.
    asked: u64,
    told: Option<(Approval, Option<Digest>)>,
}

impl Verified {
    pub(super) const fn ask_again(&mut self) {
        self.asked = 0;
    }
}

impl Verifying {
    /// Starts the thread. It calls `wake` when it has an answer.
    pub(super) fn start(verifier: Verifier, wake: Wake) -> Result<Self, EngineError> {
        let (to, questions) = crossbeam_channel::bounded::<Question>(QUEUE);
        let (answers, from) = crossbeam_channel::bounded(QUEUE);
        let handle = ApprovalsHandle::new(verifier, Arc::clone(&wake));
        let approvals = handle.clone();
        let body = move || {
            for Question { container, version, running } in questions {
                let check = approvals.0.verifier.load().check(&running);
                if answers.send(Answer { container, version, check }).is_err() {
                    return;
                }
                wake();
            }
        };
        let thread = std::thread::Builder::new()
            .name("driftcore-digests".to_owned())
            .spawn(body)
            .map_err(EngineError::io_std("start the thread that verifies images"))?;
        let (to, from, thread) = (Some(to), Some(from), Some(thread));
        Ok(Self { handle, to, from, thread, asked: 0, waiting: 0 })
    }

    pub(super) fn handle(&self) -> ApprovalsHandle {
        self.handle.clone()
    }
}

impl Drop for Verifying {
    fn drop(&mut self) {
        drop((self.from.take(), self.to.take()));
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that verifies images panicked");
        }
    }
}

impl Core {
    /// Asks about containers that are new, or about all when the list is; hands over what was found.
    /// Where nothing is new, that is all it finds out.
    pub(super) fn verify_images(&mut self) {
        let Some(mut verifying) = self.verifying.take() else { return };
        self.ask_images(&mut verifying);
        while let Some(Ok(answer)) = verifying.from.as_ref().map(Receiver::try_recv) {
            verifying.waiting = verifying.waiting.saturating_sub(1);
            self.image_verified(answer);
        }
        self.verifying = Some(verifying);
    }

    fn ask_images(&mut self, verifying: &mut Verifying) {
        let version = verifying.handle.version();
        if verifying.asked == version && !self.containers.has_news() {
            return;
        }
        let now = Instant::now();
        self.containers.retry(now);
        let mut all = true;
        for (container, known) in self.containers.iter_mut() {
            if known.verified.asked == version {
                continue;
            }
            // What its runtime knows has not arrived.
            if known.is_becoming_known(now) {
                all = false;
                continue;
            }
            let running = Running::from(&*known.container);
            let question = Question { container, version, running };
            let Some(to) = &verifying.to else { return };
            if to.try_send(question).is_err() {
                // The others are asked about when there is room again.
                all = false;
                break;
            }
            known.verified.asked = version;
            verifying.waiting += 1;
        }
        if all {
            verifying.asked = version;
            self.containers.no_news();
        }
    }

    fn image_verified(&mut self, answer: Answer) {
        let Answer { container, version, check } = answer;
        let Check { approval, reason, running, approved } = check;
        let Some(known) = self.containers.get_mut(container) else { return };
        let told = Some((approval, running.clone()));
        if known.verified.asked != version || known.verified.told == told {
            return;
        }
        known.verified.told = told;
        let action = match approval {
            Approval::Mismatch => Action::Mismatch,
            Approval::MutableTag => Action::MutableTag,
            Approval::Unapproved => Action::Unapproved,
            Approval::Approved | Approval::CannotTell => return,
        };
        let mut event = DriftEvent::new(Timestamp::now(), Kind::Digest, action);
        event.drift = true;
        event.container = Some((*known.container).clone());
        event.digest = Some(Digests {
            approved: approved.iter().map(ToString::to_string).collect(),
            running: running.map(|digest| digest.to_string()),
            reason,
        });
        let (live, by) = (LiveFacts::default(), Default::default());
        let event = Observed { container, event, live, by };
        self.answer(Answered { event, classified: None });
    }

    /// Waits for the answers that are being looked for.
    pub(super) fn finish_images(&mut self) {
        self.verify_images();
        let deadline = Instant::now() + PATIENCE;
        let Some(mut verifying) = self.verifying.take() else { return };
        drop(verifying.to.take());
        while verifying.waiting > 0 {
            let Some(from) = &verifying.from else { break };
            let Ok(answer) = from.recv_deadline(deadline) else { break };
            verifying.waiting -= 1;
            self.image_verified(answer);
        }
    }
}
