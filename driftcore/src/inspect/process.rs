//! A process, held by its directory in proc.
//!
//! The directory stays that of the process for which it was opened: once the process has ended,
//! reading fails, also when another process has its number by then.

use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::path::DecInt;

use super::InspectError;
use super::facts::Facts;
use crate::container;
use crate::container::Mount;
use crate::container::read_mounts;

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Most that is read of a small file in proc, in bytes.
const SMALL_FILE: u64 = 64 << 10;

/// A process that runs.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    directory: OwnedFd,
}

/// Where a process stands among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) ppid: u32,
    /// When it started, in clock ticks since boot.
    pub(super) start: u64,
}

impl Process {
    /// Takes hold of a process.
    pub(super) fn open(proc: &OwnedFd, pid: u32) -> Result<Self, InspectError> {
        let process = |errno| match errno {
            Errno::NOENT | Errno::SRCH => InspectError::NoSuchProcess(pid),
            _ => InspectError::io(format!("look at process {pid}"), errno),
        };
        let directory = rustix::fs::openat(proc, DecInt::new(pid), DIRECTORY, Mode::empty());
        Ok(Self { pid, directory: directory.map_err(process)? })
    }

    /// Another hold of the same process.
    pub(super) fn again(&self) -> Result<Self, InspectError> {
        let directory = rustix::io::fcntl_dupfd_cloexec(&self.directory, 0)
            .map_err(|errno| self.failed("keep hold", errno))?;
        Ok(Self { pid: self.pid, directory })
    }

    /// A failure to do something with the process.
    fn failed(&self, action: &str, errno: Errno) -> InspectError {
        match errno {
            // So also for a process that has ended and waits for its parent.
            Errno::NOENT | Errno::SRCH => InspectError::NoSuchProcess(self.pid),
            _ => InspectError::io(format!("{action} of process {}", self.pid), errno),
        }
    }

    /// The inode number of its mount namespace.
    pub(super) fn mount_namespace(&self) -> Result<u32, InspectError> {
        self.namespace("ns/mnt", b"mnt", "read the mount namespace")
    }

    /// The inode number of its pid namespace.
    pub(super) fn pid_namespace(&self) -> Result<u32, InspectError> {
        self.namespace("ns/pid", b"pid", "read the pid namespace")
    }

    fn namespace(&self, name: &str, kind: &[u8], action: &str) -> Result<u32, InspectError> {
        let link = self.link(name, action)?;
        namespace_number(&link, kind)
            .ok_or_else(|| InspectError::io(action.to_owned(), Errno::INVAL))
    }

    /// Its root directory.
    pub(super) fn root(&self) -> Result<OwnedFd, InspectError> {
        rustix::fs::openat(&self.directory, "root", DIRECTORY, Mode::empty())
            .map_err(|errno| self.failed("open the root directory", errno))
    }

    /// Its working directory.
    pub(super) fn working_directory(&self) -> Result<OwnedFd, InspectError> {
        rustix::fs::openat(&self.directory, "cwd", DIRECTORY, Mode::empty())
            .map_err(|errno| self.failed("open the working directory", errno))
    }

    /// The path of its root directory, from the root of its mount namespace on.
    pub(super) fn root_path(&self) -> Result<Vec<u8>, InspectError> {
        self.link("root", "read the root directory")
    }

    /// The path of its working directory, from the root of its mount namespace on.
    pub(super) fn working_path(&self) -> Result<Vec<u8>, InspectError> {
        self.link("cwd", "read the working directory")
    }

    /// Its parent and its start.
    pub(super) fn stat(&self) -> Result<Stat, InspectError> {
        let action = "read the state";
        let text = self.read("stat", action)?;
        parse_stat(&text).ok_or_else(|| InspectError::io(action, Errno::INVAL))
    }

    /// The cgroup that says most: of the unified hierarchy, or, where that is the topmost one,
    /// of the first version 1 controller that has it elsewhere. The order is the sensor's.
    pub(super) fn cgroup(&self) -> Result<Vec<u8>, InspectError> {
        Ok(container::most_telling_cgroup(&self.read("cgroup", "read the cgroup")?).to_vec())
    }

    /// The mounts that it can reach from its root and that `keep` takes.
    pub(super) fn mounts(&self, keep: impl Fn(&Mount) -> bool) -> Result<Vec<Mount>, InspectError> {
        let action = "read the mounts";
        let file = self.file("mountinfo", action)?;
        read_mounts(file, keep)
            .map_err(|error| self.failed(action, Errno::from_io_error(&error).unwrap_or(Errno::IO)))
    }

    /// What stat says of its root directory.
    pub(super) fn root_facts(&self) -> Result<Facts, InspectError> {
        Facts::of(&self.root()?).map_err(|errno| self.failed("look at the root directory", errno))
    }

    fn link(&self, name: &str, action: &str) -> Result<Vec<u8>, InspectError> {
        let link = rustix::fs::readlinkat(&self.directory, name, Vec::new());
        link.map(CString::into_bytes).map_err(|errno| self.failed(action, errno))
    }

    fn file(&self, name: &str, action: &str) -> Result<File, InspectError> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.directory, name, flags, Mode::empty())
            .map(File::from)
            .map_err(|errno| self.failed(action, errno))
    }

    fn read(&self, name: &str, action: &str) -> Result<Vec<u8>, InspectError> {
        let mut bytes = Vec::new();
        let read = self.file(name, action)?.take(SMALL_FILE).read_to_end(&mut bytes);
        match read {
            Ok(_) => Ok(bytes),
            Err(error) => {
                Err(self.failed(action, Errno::from_io_error(&error).unwrap_or(Errno::IO)))
            }
        }
    }
}

/// The number in `mnt:[4026531840]`, `mnt` being the kind.
fn namespace_number(link: &[u8], kind: &[u8]) -> Option<u32> {
    let number = link.strip_prefix(kind)?.strip_prefix(b":[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// Parent and start in the text of `/proc/PID/stat`. The name, which may have any bytes, is in
/// brackets; nothing behind it has one.
fn parse_stat(text: &[u8]) -> Option<Stat> {
    let name_end = text.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(text.get(name_end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let ppid = fields.nth(1)?.parse().ok()?;
    let start = fields.nth(17)?.parse().ok()?;
    Some(Stat { ppid, start })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn proc() -> OwnedFd {
        rustix::fs::open("/proc", DIRECTORY, Mode::empty()).unwrap()
    }

    #[test]
    fn a_process_that_ended_is_none() {
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let process = Process::open(&proc(), child.id()).unwrap();
        assert_eq!(process.stat().unwrap().ppid, std::process::id());
        assert!(process.mount_namespace().is_ok());
        child.kill().unwrap();
        child.wait().unwrap();
        for result in [
            process.stat().map(|_| ()),
            process.root().map(|_| ()),
            process.mount_namespace().map(|_| ()),
            process.mounts(|_| true).map(|_| ()),
            Process::open(&proc(), child.id()).map(|_| ()),
        ] {
            assert!(
                matches!(result, Err(InspectError::NoSuchProcess(pid)) if pid == child.id()),
                "{result:?}"
            );
        }
    }

    #[test]
    fn a_name_with_brackets_does_not_move_the_fields() {
        let text = b"7 (a) S 99 () b) S 5 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 10";
        assert_eq!(parse_stat(text), Some(Stat { ppid: 5, start: 4242 }));
        assert_eq!(parse_stat(b"7 (a) S 5"), None);
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text: Vec<u8>) {
            parse_stat(&text);
            container::most_telling_cgroup(&text);
            namespace_number(&text, b"mnt");
        }
    }
}
