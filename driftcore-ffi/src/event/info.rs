//! What every event has.

use crate::error::driftcore_error;
use crate::event::driftcore_action;
use crate::event::driftcore_event;
use crate::event::driftcore_evidence_kind;
use crate::event::driftcore_kind;
use crate::event::driftcore_ruling;
use crate::event::driftcore_verdict;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::status::driftcore_status;
use crate::text::driftcore_text;

/// What every event has. Texts are borrowed from the event. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_event_info {
    /// `sizeof(driftcore_event_info)`, set by the caller.
    pub size: usize,
    /// When it happened: nanoseconds since the epoch.
    pub time_ns: i64,
    /// Why the file has its verdict; absent when none was judged.
    pub reason: driftcore_text,
    /// How many reasons of losses it has (`driftcore_event_lost`).
    pub lost_count: usize,
    /// A `driftcore_kind`.
    pub kind: u32,
    /// A `driftcore_action`.
    pub action: u32,
    /// A `driftcore_verdict`.
    pub verdict: u32,
    /// A `driftcore_evidence_kind`: what the verdict rests on.
    pub evidence: u32,
    /// 1 when it is drift.
    pub drift: u32,
    /// 1 when it is about a process that ran, or a socket that waited for others, before the engine started.
    pub before_start: u32,
    /// 1 when the event itself was lost and its effect was found.
    pub recovered: u32,
    /// 1 when something in it was cut.
    pub truncated: u32,
    /// 1 when names were read from the caller's memory and nothing confirms them.
    pub unproved: u32,
    /// 1 when the process runs drifted code, or was started by what did.
    pub tainted: u32,
    /// A `driftcore_ruling`: why it is drift, or none, other than by its own nature.
    pub ruling: u32,
    /// 1 when what was executed is a script, and the verdict is about its interpreter.
    pub unresolved: u32,
}

sized!(driftcore_event_info {
    time_ns: i64,
    reason: driftcore_text,
    lost_count: usize,
    kind: u32,
    action: u32,
    verdict: u32,
    evidence: u32,
    drift: u32,
    before_start: u32,
    recovered: u32,
    truncated: u32,
    unproved: u32,
    tainted: u32,
    ruling: u32,
    unresolved: u32,
} first: 72);

/// Fills a record, whose size is set, with what every event has. NULL anywhere but in `error`:
/// refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_get(
    event: *const driftcore_event,
    info: *mut driftcore_event_info,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let event = handle::borrow!(event)?.get();
        let provenance = event.provenance.as_ref();
        let verdict =
            provenance.map_or(driftcore_verdict::DRIFTCORE_VERDICT_NONE, |it| it.verdict.into());
        let evidence = provenance
            .map_or(driftcore_evidence_kind::DRIFTCORE_EVIDENCE_NONE, |it| it.evidence.into());
        let filled = driftcore_event_info {
            size: 0,
            time_ns: event.time.as_nanos(),
            reason: provenance.map(|it| &*it.reason).into(),
            lost_count: event.lost.len(),
            kind: driftcore_kind::from(event.kind) as u32,
            action: driftcore_action::from(event.action) as u32,
            verdict: verdict as u32,
            evidence: evidence as u32,
            drift: event.drift.into(),
            before_start: event.before_start.into(),
            recovered: event.recovered.into(),
            truncated: (!event.truncated.is_empty()).into(),
            unproved: event.unproved.into(),
            tainted: event.tainted.into(),
            ruling: driftcore_ruling::from(event.ruling) as u32,
            unresolved: event.unresolved.into(),
        };
        sized::write("info", info, &filled)
    })
}

/// How many events were lost for one reason, of an event that reports losses. `reason` (NULL: not
/// wanted) gets its name, which is always there. NULL, or no such index: 0, and no name. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_lost(
    event: *const driftcore_event,
    index: usize,
    reason: *mut driftcore_text,
) -> u64 {
    quiet(0, || {
        let found = handle::lend!(event).and_then(|event| event.get().lost.iter().nth(index));
        if !reason.is_null() {
            handle::put!(reason, found.map(|(name, _)| name.as_str()).into());
        }
        Some(found.map_or(0, |(_, count)| *count))
    })
}
