//! What a runtime's state says about one container.

use std::path::PathBuf;

use crate::event::Container;
use crate::event::ContainerDetails;
use crate::event::Timestamp;

/// What a runtime's state says about one container.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found {
    /// What is known of it.
    pub(super) container: Container,
    /// How it is set up.
    pub(super) details: ContainerDetails,
    /// When the runtime made it; it was started then or later, and perhaps more than once.
    pub(super) created_at: Option<Timestamp>,
    /// Where the runtime mounts its root filesystem, as the host sees it.
    pub(super) mount_points: Vec<PathBuf>,
    /// What could not be read, because it is half written or missing.
    pub(super) problems: Vec<String>,
    /// False when the state says that it is not whole yet.
    pub(super) complete: bool,
}

impl Found {
    /// A container of which only id and runtime are known.
    pub(super) fn new(id: &str, runtime: &str) -> Self {
        let container =
            Container { id: id.to_owned(), runtime: runtime.to_owned(), ..Container::default() };
        Self { container, complete: true, ..Self::default() }
    }

    /// Records what could not be read: the facts are not whole.
    pub(super) fn problem(&mut self, problem: String) {
        self.complete = false;
        self.problems.push(problem);
    }

    /// Records what is not known and will not be.
    pub(super) fn lack(&mut self, lack: String) {
        self.problems.push(lack);
    }

    /// The value, or nothing and its error recorded.
    pub(super) fn try_take<T>(&mut self, result: Result<Option<T>, String>) -> Option<T> {
        result.unwrap_or_else(|problem| {
            self.problem(problem);
            None
        })
    }
}
