//! The container's first process, held.

use std::path::PathBuf;
use std::sync::Arc;

use procfs::process::Process;

use super::Host;
use super::Live;
use super::ProcessFacts;
use super::mounts::Places;
use super::process;
use crate::config::ConfigError;
use crate::config::declared::Declared;
use crate::container::Mount;

/// The first process of a container and the mounts that it, and its runtime, has.
#[derive(Debug)]
pub(in crate::config) struct First {
    process: Process,
    start: u64,
    /// The inode number of its mount namespace.
    pub(in crate::config) namespace: Option<u64>,
    /// The root directory of the process, for whoever opens it at once.
    pub(in crate::config) root: PathBuf,
    pub(in crate::config) mounts: Vec<Mount>,
    /// Those of the runtime's process that looks after the container: it sees the kubelet's directories.
    runtime: Option<Arc<Places>>,
}

impl First {
    /// Looks for the process that the runtime wrote down.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotRunning`] when it is not there, or another container's.
    pub(in crate::config) fn find(
        host: &mut Host,
        declared: &Declared,
    ) -> Result<Self, ConfigError> {
        let proc = &host.runtimes().roots().proc.clone();
        let not_running =
            |reason: String| ConfigError::NotRunning { id: declared.id.clone(), reason };
        let pid = declared.pid.filter(|&pid| pid > 1);
        let pid = pid.ok_or_else(|| not_running("its runtime names no process".to_owned()))?;
        let directory = proc.join(pid.to_string());
        let root = directory.join("root");
        let process = Process::new_with_root(directory)
            .map_err(|_| not_running(format!("there is no process {pid}")))?;
        let mut live = Live {
            first: ProcessFacts::read(proc, &process).map_err(&not_running)?,
            host_namespaces: host.namespaces,
            ..Live::default()
        };
        let mounts = live.mounts_of(&process).unwrap_or_default();
        if !live.is_containers(declared, &process, &mounts) {
            return Err(not_running(format!("process {pid} is not one of its")));
        }
        let runtime = live.runtime_places(host, &process);
        let ProcessFacts { start, namespaces, .. } = live.first;
        Ok(Self { process, start, namespace: namespaces[0], root, mounts, runtime })
    }

    /// The mounts of its runtime; none where they cannot be read.
    pub(in crate::config) fn runtime(&self) -> &[Mount] {
        self.runtime.as_ref().map_or(&[], |places| places.mounts())
    }

    /// Whether it is the same process still: what was opened by its number is its.
    pub(in crate::config) fn is_there(&self) -> bool {
        process::start_of(&self.process).ok() == Some(self.start)
    }
}
