//! What is asked of code that execve never names.

use crate::sensor::INTERPRETERS;
use crate::sensor::Wanted;

/// Whether code is looked at that no execution names. Where it is, events come of it as soon as a rule
/// speaks of them or [`EngineBuilder::watch`](super::super::EngineBuilder::watch) asks; where it is not,
/// never. With the tracepoint set of hooks it needs probes at the exit of system calls, which make every
/// process of the host a little slower.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeOptions {
    /// Files that are mapped executable without being the image's. Default: yes.
    pub libraries: bool,
    /// Scripts that interpreters read. Default: yes.
    pub scripts: bool,
    /// Names of the programs that run scripts, without a version at their end. Default:
    /// [`INTERPRETERS`].
    pub interpreters: Vec<String>,
}

impl Default for CodeOptions {
    fn default() -> Self {
        let interpreters = INTERPRETERS.iter().copied().map(str::to_owned).collect();
        Self { libraries: true, scripts: true, interpreters }
    }
}

impl CodeOptions {
    /// What is never asked for.
    pub(in crate::engine) fn never(&self) -> Wanted {
        let never = if self.libraries { Wanted::NOTHING } else { Wanted::NOTHING.with_libraries() };
        if self.scripts { never } else { never.with_scripts() }
    }
}
