//! What exceptions are asked about.

use super::deed::Deed;
use crate::event::Container;
use crate::event::DriftEvent;
use crate::event::Process;
use crate::event::Timestamp;
use crate::event::Verdict;

/// Something that was done, by whom, and when.
pub(crate) struct Subject<'a> {
    pub(crate) container: &'a Container,
    pub(crate) time: Timestamp,
    pub(crate) deed: Deed<'a>,
    /// The file that it was done to.
    pub(crate) path: Option<&'a [u8]>,
    /// Of a rename, the path before.
    pub(crate) old_path: Option<&'a [u8]>,
    pub(crate) lineage: &'a dyn Lineage,
}

impl<'a> Subject<'a> {
    /// What an event says. `None` where it is of no container, or of a kind of which nothing is said.
    pub(crate) fn of(event: &'a DriftEvent) -> Option<Self> {
        static NOBODY: Option<Process> = None;
        let deed = Deed::of(event)?;
        let file = event.file.as_ref();
        let old_path = match deed {
            Deed::Writes { from: Some(_), .. } => file.and_then(|file| file.old_path.as_ref()),
            _ => None,
        };
        Some(Self {
            container: event.container.as_ref()?,
            time: event.time,
            deed,
            path: file.map(|file| file.path.as_bytes()),
            old_path: old_path.map(|path| path.as_bytes()),
            lineage: if event.process.is_some() { &event.process } else { &NOBODY },
        })
    }

    /// Whether its path says nothing of its content: what runs from memory, or has no name left.
    pub(crate) fn is_nameless(&self) -> bool {
        matches!(self.deed, Deed::Runs { verdict: Verdict::Memfd | Verdict::Deleted, .. })
    }
}

/// The programs of a process and its ancestors.
pub(crate) trait Lineage {
    /// Calls `visit` with the path of each one's executable, the process itself first, until it says
    /// false.
    fn visit(&self, visit: &mut dyn FnMut(&[u8]) -> bool);
}

impl Lineage for Option<Process> {
    fn visit(&self, visit: &mut dyn FnMut(&[u8]) -> bool) {
        let Some(process) = self else { return };
        let ancestors = process.ancestors.iter().map(|it| it.exe.as_bytes());
        let _ = std::iter::once(process.exe.as_bytes()).chain(ancestors).all(visit);
    }
}
