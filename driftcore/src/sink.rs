//! Where results go.

use crate::event::DriftEvent;
use crate::matcher::Alert;

/// Receives what the engine finds, on the engine's thread and in its order. It should hand over
/// and return: while it works, nothing else is read.
pub trait Sink {
    /// A drift event, or any event when all were asked for.
    fn event(&mut self, event: &DriftEvent);

    /// A rule matched. Where its event is drift, or all were asked for, it came by [`Sink::event`]
    /// just before.
    fn alert(&mut self, alert: &Alert<'_>);
}

/// A closure receives events and no alerts.
impl<F: FnMut(&DriftEvent)> Sink for F {
    fn event(&mut self, event: &DriftEvent) {
        self(event);
    }

    fn alert(&mut self, _alert: &Alert<'_>) {}
}
