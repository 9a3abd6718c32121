//! The mount table of a container's first process, held open: the kernel tells who polls it when it changes.

use std::fs::File;
use std::os::fd::OwnedFd;

use procfs::process::Process;
use rustix::process::Pid;
use rustix::process::PidfdFlags;

use super::Host;
use super::Live;
use super::process;
use crate::config::declared::Declared;

/// The mount table of a process, and the process. Whoever holds it holds its mounts, too: let go of it when the
/// process ends, or filesystems of a container that is gone stay busy.
#[derive(Debug)]
pub(crate) struct MountTable {
    start: u64,
    /// Has something out of the ordinary to say when the table has changed since it was asked last.
    pub(crate) mounts: File,
    /// Can be read once the process has ended.
    pub(crate) process: OwnedFd,
}

impl MountTable {
    /// Of the first process that the runtime wrote down; `None` where it is gone, or may not be looked at.
    pub(crate) fn open(host: &Host, declared: &Declared) -> Option<Self> {
        let pid = declared.pid.filter(|&pid| pid > 1)?;
        let number = Pid::from_raw(pid.cast_signed())?;
        let proc = host.runtimes().roots().proc.join(pid.to_string());
        let held = rustix::process::pidfd_open(number, PidfdFlags::empty()).ok()?;
        let process = Process::new_with_root(proc).ok()?;
        let mounts = process.open_relative("mountinfo").ok()?;
        let mounts = rustix::io::fcntl_dupfd_cloexec(&mounts, 0).ok()?;
        // What was opened by number is one process's if that is there still.
        let start = process::start_of(&process).ok()?;
        Some(Self { start, mounts: mounts.into(), process: held })
    }

    /// Whether it is that of the first process that was looked at.
    pub(crate) const fn is_of(&self, live: &Live) -> bool {
        self.start == live.first.start
    }
}
