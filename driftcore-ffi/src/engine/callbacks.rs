//! What the caller is told.

use std::ffi::c_void;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use driftcore::event::DriftEvent;
use driftcore::matcher::Alert;
use driftcore::sink::Sink;

use crate::alert::driftcore_alert;
use crate::event::driftcore_event;
use crate::sized::sized;

/// Receives an event, on the thread that polls or runs the engine. The event is there until this
/// returns. While it works, nothing else is read: hand over and return. It must return: no C++
/// exception and no longjmp may leave it. It may call the functions of the engine: stop, counters
/// and set_rules work, destroy takes effect when it returns, poll, run and finish are refused with
/// `DRIFTCORE_STATUS_BUSY`. Since 0.1.0.
pub type driftcore_event_function =
    Option<unsafe extern "C" fn(context: *mut c_void, event: *const driftcore_event)>;

/// Receives an alert; the rest is as for events. Where the alert's event is drift, or all events
/// were asked for, it came just before. Since 0.1.0.
pub type driftcore_alert_function =
    Option<unsafe extern "C" fn(context: *mut c_void, alert: *const driftcore_alert)>;

/// Where an engine reports to. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_callbacks {
    /// `sizeof(driftcore_callbacks)`, set by the caller.
    pub size: usize,
    /// Handed to each callback; never looked at.
    pub context: *mut c_void,
    /// Receives drift, or all events (option `scope.events`). NULL: not wanted.
    pub event: driftcore_event_function,
    /// Receives alerts. NULL: not wanted.
    pub alert: driftcore_alert_function,
}

sized!(driftcore_callbacks {
    context: *mut c_void,
    event: driftcore_event_function,
    alert: driftcore_alert_function,
} first: 32);

/// The sink of an engine: calls back for each event and alert, as long as the engine is not being
/// destroyed. Of use to Rust alone, to drive the callbacks without an engine.
pub struct CallbackSink {
    callbacks: driftcore_callbacks,
    closing: Arc<AtomicBool>,
}

impl fmt::Debug for CallbackSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackSink").field("callbacks", &self.callbacks).finish_non_exhaustive()
    }
}

// SAFETY: the header says that callbacks come on the thread that polls, whichever that is; what the
// context points to is the caller's to share.
unsafe impl Send for CallbackSink {}

impl CallbackSink {
    /// A sink that calls back until `closing` is set.
    ///
    /// # Safety
    ///
    /// The functions may be called with the context, on whichever thread has the sink, for as long
    /// as it is there and `closing` is not set.
    pub unsafe fn new(callbacks: driftcore_callbacks, closing: Arc<AtomicBool>) -> Self {
        Self { callbacks, closing }
    }

    fn is_open(&self) -> bool {
        !self.closing.load(Ordering::Acquire)
    }
}

impl Sink for CallbackSink {
    fn event(&mut self, event: &DriftEvent) {
        if let Some(function) = self.callbacks.event.filter(|_| self.is_open()) {
            // SAFETY: the view ends with this call, before the event does.
            let view = unsafe { driftcore_event::borrowed(event) };
            // SAFETY: the caller's function, called as its type says.
            unsafe { function(self.callbacks.context, &raw const view) };
        }
    }

    fn alert(&mut self, alert: &Alert<'_>) {
        if let Some(function) = self.callbacks.alert.filter(|_| self.is_open()) {
            // SAFETY: the view ends with this call, before the alert does.
            let view = unsafe { driftcore_alert::borrowed(alert) };
            // SAFETY: the caller's function, called as its type says.
            unsafe { function(self.callbacks.context, &raw const view) };
        }
    }
}
