//! The container's first process, held.

use std::path::Path;
use std::path::PathBuf;

use procfs::process::Process;

use super::Live;
use super::NAMESPACES;
use super::ProcessFacts;
use super::process;
use crate::config::ConfigError;
use crate::config::declared::Declared;
use crate::container::Mount;
use crate::container::Runtimes;

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
    pub(in crate::config) runtime: Vec<Mount>,
}

impl First {
    /// Looks for the process that the runtime wrote down.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotRunning`] when it is not there, or another container's.
    pub(in crate::config) fn find(
        runtimes: &Runtimes,
        declared: &Declared,
    ) -> Result<Self, ConfigError> {
        let proc = &runtimes.roots().proc;
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
            host_namespaces: NAMESPACES.map(|kind| process::host_namespace(proc, kind)),
            ..Live::default()
        };
        let mounts = live.mounts_of(&process).unwrap_or_default();
        if !live.is_containers(declared, &process, &mounts) {
            return Err(not_running(format!("process {pid} is not one of its")));
        }
        let runtime = runtime_mounts(&mut live, proc, &process).unwrap_or_default();
        let ProcessFacts { start, namespaces, .. } = live.first;
        Ok(Self { process, start, namespace: namespaces[0], root, mounts, runtime })
    }

    /// Whether it is the same process still: what was opened by its number is its.
    pub(in crate::config) fn is_there(&self) -> bool {
        process::start_of(&self.process).ok() == Some(self.start)
    }
}

/// The mounts of the runtime's process that looks after the container: it sees the kubelet's directories.
fn runtime_mounts(live: &mut Live, proc: &Path, process: &Process) -> Option<Vec<Mount>> {
    let parent = process.stat().map_or(1, |stat| stat.ppid);
    let parent = u32::try_from(parent).unwrap_or(1).max(1);
    let namespace = process::namespace(proc, parent, "mnt");
    let is_outside = namespace.is_some() && namespace != live.first.namespaces[0];
    let parent = if is_outside { parent } else { 1 };
    let parent = Process::new_with_root(proc.join(parent.to_string())).ok()?;
    live.mounts_of(&parent)
}
