//! The digests that an event about an image names.

use driftcore::event::Digests;

use crate::event::driftcore_event;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::text::driftcore_text;

/// Which image runs, and which were approved. Texts are borrowed from the event. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_digests {
    /// `sizeof(driftcore_digests)`, set by the caller.
    pub size: usize,
    /// The digest that runs: of an index, a manifest or a configuration. Absent where none is known.
    pub running: driftcore_text,
    /// What was found, for people.
    pub reason: driftcore_text,
    /// How many digests were approved in its place, for `driftcore_event_approved`.
    pub approved_count: usize,
}

sized!(driftcore_digests {
    running: driftcore_text,
    reason: driftcore_text,
    approved_count: usize,
} first: 48);

impl From<&Digests> for driftcore_digests {
    fn from(digests: &Digests) -> Self {
        let Digests { approved, running, reason } = digests;
        Self {
            size: 0,
            running: running.as_deref().into(),
            reason: reason.as_str().into(),
            approved_count: approved.len(),
        }
    }
}

/// Fills a record, whose size is set, with the digests of an event about an image, and returns 1; 0 when the event
/// is about none, or for NULL or a wrong size; then the record is all zero behind its size. Any thread.
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_digests(
    event: *const driftcore_event,
    digests: *mut driftcore_digests,
) -> u32 {
    quiet(0, || {
        let event = handle::lend!(event).map(driftcore_event::get);
        let found = event.and_then(|event| event.digest.as_ref());
        Some(sized::fill(digests, found.map(Into::into)))
    })
}

/// A digest that was approved, by its index; borrowed from the event. NULL, or no such index: absent. Any thread.
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_approved(
    event: *const driftcore_event,
    index: usize,
) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        let digests = handle::lend!(event)?.get().digest.as_ref()?;
        Some(digests.approved.get(index)?.as_str().into())
    })
}
