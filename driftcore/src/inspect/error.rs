//! What can stand in the way.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

/// Why a file could not be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// No process has this id, or it ended meanwhile.
    #[error("there is no process {0}")]
    NoSuchProcess(u32),
    /// The process has no file of this name.
    #[error("process {pid} has no file {}", path.display())]
    NoSuchFile {
        /// The process.
        pid: u32,
        /// The path that was asked for.
        path: PathBuf,
    },
    /// A directory, a device, a pipe or a socket. It was not opened.
    #[error("{} is no regular file", .0.display())]
    NotRegular(PathBuf),
    /// The kernel refused something: mostly for lack of rights.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: Cow<'static, str>,
        /// Why it failed.
        source: io::Error,
    },
    /// The process, the file or its name changed again and again while it was looked at.
    #[error("{} changed while it was looked at", .0.display())]
    Changed(PathBuf),
}

impl InspectError {
    pub(super) fn io(action: impl Into<Cow<'static, str>>, errno: Errno) -> Self {
        Self::Io { action: action.into(), source: errno.into() }
    }
}
