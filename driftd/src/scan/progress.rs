//! A line on the terminal that says how far a long scan is.

use std::io::IsTerminal;
use std::io::Write;
use std::time::Duration;
use std::time::Instant;

use driftcore::image::Progress;

/// A scan shorter than this says nothing.
const QUIET: Duration = Duration::from_millis(500);
const EVERY: Duration = Duration::from_millis(200);

/// Rewrites one line on standard error, where that is a terminal.
pub(super) struct ProgressLine {
    next: Option<Instant>,
    shown: bool,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        let next = std::io::stderr().is_terminal().then(|| Instant::now() + QUIET);
        Self { next, shown: false }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now + EVERY);
        self.shown = true;
        // Nothing depends on it being read.
        let _ = write!(
            std::io::stderr(),
            "\r\x1b[Kscanning: {} names, {} MB read",
            progress.names,
            progress.bytes / 1_000_000
        );
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
            self.shown = false;
        }
    }
}
