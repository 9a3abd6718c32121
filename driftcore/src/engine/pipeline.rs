//! What stands behind the sensor, for records that come from elsewhere.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::EngineError;
use super::Scope;
use super::assemble::Origin;
use super::containers::Containers;
use super::core::Core;
use super::counters::Counters;
use super::matching::Matching;
use super::matching::RulesHandle;
use super::proofs::ProofOptions;
use super::proofs::Proofs;
use crate::container::Runtimes;
use crate::container::StateRoots;
use crate::provenance::Bounds;
use crate::rules::RuleSet;
use crate::sink::Sink;
use crate::wire::RawEvent;
use crate::wire::RecordKind;

/// The engine without its sensor: takes records as the rings hold them, and does with them what
/// an [`Engine`](super::Engine) does. For rings that were recorded or read by somebody else;
/// needs no privilege but to read the containers' layers.
///
/// ```
/// use driftcore::container::StateRoots;
/// use driftcore::engine::Pipeline;
/// use driftcore::engine::Scope;
/// use driftcore::event::DriftEvent;
/// use driftcore::provenance::Bounds;
///
/// let print = |event: &DriftEvent| println!("{:?}", event.provenance);
/// let mut pipeline =
///     Pipeline::new(StateRoots::default(), Scope::default(), Bounds::default(), None, print)?;
/// pipeline.record(b"no record");
/// pipeline.finish(std::time::Duration::from_secs(1));
/// assert_eq!(pipeline.counters().lost.values().sum::<u64>(), 1);
/// # Ok::<(), driftcore::engine::EngineError>(())
/// ```
pub struct Pipeline {
    core: Core,
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("counters", &self.core.counters).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// A pipeline for the containers of `roots`. Ancestors that no record tells of are looked for
    /// in this machine's `/proc`, by pid and start.
    ///
    /// # Errors
    ///
    /// [`EngineError::Io`] when the proof threads cannot be started.
    pub fn new(
        roots: StateRoots,
        scope: Scope,
        bounds: Bounds,
        rules: Option<Arc<RuleSet>>,
        sink: impl Sink + Send + 'static,
    ) -> Result<Self, EngineError> {
        let proofs = Proofs::new(ProofOptions { bounds }, Arc::new(|| ()))?;
        let containers = Containers::new(Runtimes::new(roots));
        Ok(Self {
            core: Core::new(
                containers,
                proofs,
                scope,
                Matching::new(RulesHandle::new(rules)),
                Box::new(sink),
            ),
        })
    }

    /// Takes in one record. What can be judged at once reaches the sink before this returns, what
    /// needs a content proof by a later [`answers`](Self::answers). Bytes that are no record are
    /// counted as [`LossReason::Malformed`](crate::event::LossReason::Malformed).
    ///
    /// A record of a process that already ran is reported as `before_start`.
    pub fn record(&mut self, bytes: &[u8]) {
        let found = RawEvent::new(bytes).is_ok_and(|raw| raw.kind() == RecordKind::Task);
        self.core.record(bytes, if found { Origin::BeforeStart } else { Origin::Live });
    }

    /// Hands over the events whose content proofs are done. Never waits.
    pub fn answers(&mut self) {
        self.core.answers();
    }

    /// Forgets processes and containers that ended more than 30 seconds ago; due about once a
    /// second.
    pub fn expire(&mut self) {
        self.core.expire(|_| ());
    }

    /// Waits at most `patience` for the proofs under way and hands their events over; those that
    /// are not done then are reported as `unknown`. More records may follow.
    pub fn finish(&mut self, patience: Duration) {
        self.core.finish(patience);
    }

    /// The rules, to be replaced from any thread while records come.
    pub fn rules(&self) -> RulesHandle {
        self.core.matching.handle().clone()
    }

    /// What was done so far.
    pub fn counters(&self) -> &Counters {
        &self.core.counters
    }
}
