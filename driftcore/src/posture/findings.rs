//! Failures while they are found.

use super::Control;
use super::Failure;
use super::Level;

/// The most failures that are kept of a pod or a container. Each list in a pod may have thousands.
const FAILURES_MAX: usize = 256;
/// The most characters of a value.
const VALUE_MAX: usize = 256;

/// What a pod or a container fails.
#[derive(Default)]
pub(super) struct Findings {
    failures: Vec<Failure>,
    more: u64,
    fails_baseline: bool,
    fails_restricted: bool,
}

impl Findings {
    /// One more. The path is put together only where it is kept.
    pub(super) fn fail(
        &mut self,
        control: Control,
        level: Level,
        path: impl FnOnce() -> String,
        value: Option<&str>,
        remedy: &'static str,
    ) {
        match level {
            Level::Privileged => return,
            Level::Baseline => self.fails_baseline = true,
            Level::Restricted => self.fails_restricted = true,
        }
        if self.failures.len() == FAILURES_MAX {
            self.more += 1;
            return;
        }
        let value = value.map(shortened);
        self.failures.push(Failure { control, level, path: path(), value, remedy });
    }

    /// The level that is met.
    pub(super) const fn level(&self) -> Level {
        match (self.fails_baseline, self.fails_restricted) {
            (true, _) => Level::Baseline.below(),
            (false, true) => Level::Restricted.below(),
            (false, false) => Level::Restricted,
        }
    }

    /// The failures, those of the lower level first, and how many more there are.
    pub(super) fn finish(mut self) -> (Vec<Failure>, u64) {
        // Stable: otherwise as they stand in the pod.
        self.failures.sort_by_key(|failure| failure.level);
        (self.failures, self.more)
    }
}

/// The beginning of a text that somebody else chose the length of.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
