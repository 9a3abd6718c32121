//! Enumerations of an event.

use std::ffi::CStr;
use std::ffi::c_char;

use driftcore::event::Action;
use driftcore::event::Evidence;
use driftcore::event::Kind;
use driftcore::event::Ruling;
use driftcore::event::Verdict;

/// What an event is about. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_kind {
    /// One that this header does not name.
    DRIFTCORE_KIND_OTHER = 0,
    /// Code that ran.
    DRIFTCORE_KIND_BINARY = 1,
    /// The sensor itself.
    DRIFTCORE_KIND_SENSOR = 2,
    /// A container's files.
    DRIFTCORE_KIND_FILE = 3,
    /// Its listeners and connections.
    DRIFTCORE_KIND_NETWORK = 4,
    /// Another system call.
    DRIFTCORE_KIND_SYSCALL = 5,
    /// Its packages.
    DRIFTCORE_KIND_PACKAGE = 6,
    /// How it is set up.
    DRIFTCORE_KIND_CONFIG = 7,
    /// The image that it runs.
    DRIFTCORE_KIND_DIGEST = 8,
}

impl From<Kind> for driftcore_kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Binary => Self::DRIFTCORE_KIND_BINARY,
            Kind::Sensor => Self::DRIFTCORE_KIND_SENSOR,
            Kind::File => Self::DRIFTCORE_KIND_FILE,
            Kind::Network => Self::DRIFTCORE_KIND_NETWORK,
            Kind::Syscall => Self::DRIFTCORE_KIND_SYSCALL,
            Kind::Package => Self::DRIFTCORE_KIND_PACKAGE,
            Kind::Config => Self::DRIFTCORE_KIND_CONFIG,
            Kind::Digest => Self::DRIFTCORE_KIND_DIGEST,
            _ => Self::DRIFTCORE_KIND_OTHER,
        }
    }
}

/// What happened. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_action {
    /// One that this header does not name.
    DRIFTCORE_ACTION_OTHER = 0,
    /// Binary: a program was executed.
    DRIFTCORE_ACTION_EXEC = 1,
    /// Sensor: events were lost.
    DRIFTCORE_ACTION_DROPPED = 2,
    /// Sensor: it does not see what it should.
    DRIFTCORE_ACTION_BLIND = 3,
    /// Binary: an interpreter runs a script.
    DRIFTCORE_ACTION_SCRIPT = 4,
    /// Binary: a file was mapped executable.
    DRIFTCORE_ACTION_LIBRARY = 5,
    /// File: it was made.
    DRIFTCORE_ACTION_CREATE = 6,
    /// File: opened for writing, written, cut off.
    DRIFTCORE_ACTION_MODIFY = 7,
    /// File: a name was removed.
    DRIFTCORE_ACTION_DELETE = 8,
    /// File: it has another name.
    DRIFTCORE_ACTION_RENAME = 9,
    /// File: it has one more name, or a symbolic link was made.
    DRIFTCORE_ACTION_LINK = 10,
    /// File: mode, owner or attributes were set.
    DRIFTCORE_ACTION_ATTRIBUTES = 11,
    /// File: opened for reading.
    DRIFTCORE_ACTION_READ = 12,
    /// Network: a socket listens.
    DRIFTCORE_ACTION_LISTEN = 13,
    /// Network: a connection out.
    DRIFTCORE_ACTION_CONNECT = 14,
    /// Network: a local address was taken.
    DRIFTCORE_ACTION_BIND = 15,
    /// Network: a connection in.
    DRIFTCORE_ACTION_ACCEPT = 16,
    /// Network: a message was sent.
    DRIFTCORE_ACTION_SEND = 17,
    /// Syscall: a system call that rules ask for.
    DRIFTCORE_ACTION_CALL = 18,
    /// Sensor: a container's budget kept events back.
    DRIFTCORE_ACTION_SUPPRESSED = 19,
    /// Package: it was not there.
    DRIFTCORE_ACTION_INSTALL = 20,
    /// Package: it is there no more.
    DRIFTCORE_ACTION_REMOVE = 21,
    /// Package: it has another version, a later or an earlier one, or is in another state.
    DRIFTCORE_ACTION_UPGRADE = 22,
    /// Config: a variable of the environment.
    DRIFTCORE_ACTION_ENVIRONMENT = 23,
    /// Config: a mount.
    DRIFTCORE_ACTION_MOUNT = 24,
    /// Config: a set of capabilities.
    DRIFTCORE_ACTION_CAPABILITY = 25,
    /// Config: a limit of the control group or of a process.
    DRIFTCORE_ACTION_LIMIT = 26,
    /// Config: a user, a group, what confines a process, a namespace.
    DRIFTCORE_ACTION_IDENTITY = 27,
    /// Config: a setting of the kernel for the container's namespaces, or its host name.
    DRIFTCORE_ACTION_SYSCTL = 28,
    /// Config: what the runtime wrote down.
    DRIFTCORE_ACTION_DECLARATION = 29,
    /// Digest: other digests of the image's repository were approved, or other tags.
    DRIFTCORE_ACTION_MISMATCH = 30,
    /// Digest: approved by a tag alone.
    DRIFTCORE_ACTION_MUTABLE_TAG = 31,
    /// Digest: no image of the repository was approved.
    DRIFTCORE_ACTION_UNAPPROVED = 32,
    /// Config: a file of a secrets or configuration mount.
    DRIFTCORE_ACTION_SECRET = 33,
}

impl From<Action> for driftcore_action {
    fn from(action: Action) -> Self {
        match action {
            Action::Exec => Self::DRIFTCORE_ACTION_EXEC,
            Action::Dropped => Self::DRIFTCORE_ACTION_DROPPED,
            Action::Blind => Self::DRIFTCORE_ACTION_BLIND,
            Action::Script => Self::DRIFTCORE_ACTION_SCRIPT,
            Action::Library => Self::DRIFTCORE_ACTION_LIBRARY,
            Action::Create => Self::DRIFTCORE_ACTION_CREATE,
            Action::Modify => Self::DRIFTCORE_ACTION_MODIFY,
            Action::Delete => Self::DRIFTCORE_ACTION_DELETE,
            Action::Rename => Self::DRIFTCORE_ACTION_RENAME,
            Action::Link => Self::DRIFTCORE_ACTION_LINK,
            Action::Attributes => Self::DRIFTCORE_ACTION_ATTRIBUTES,
            Action::Read => Self::DRIFTCORE_ACTION_READ,
            Action::Listen => Self::DRIFTCORE_ACTION_LISTEN,
            Action::Connect => Self::DRIFTCORE_ACTION_CONNECT,
            Action::Bind => Self::DRIFTCORE_ACTION_BIND,
            Action::Accept => Self::DRIFTCORE_ACTION_ACCEPT,
            Action::Send => Self::DRIFTCORE_ACTION_SEND,
            Action::Call => Self::DRIFTCORE_ACTION_CALL,
            Action::Suppressed => Self::DRIFTCORE_ACTION_SUPPRESSED,
            Action::Install => Self::DRIFTCORE_ACTION_INSTALL,
            Action::Remove => Self::DRIFTCORE_ACTION_REMOVE,
            Action::Upgrade => Self::DRIFTCORE_ACTION_UPGRADE,
            Action::Environment => Self::DRIFTCORE_ACTION_ENVIRONMENT,
            Action::Mount => Self::DRIFTCORE_ACTION_MOUNT,
            Action::Capability => Self::DRIFTCORE_ACTION_CAPABILITY,
            Action::Limit => Self::DRIFTCORE_ACTION_LIMIT,
            Action::Identity => Self::DRIFTCORE_ACTION_IDENTITY,
            Action::Sysctl => Self::DRIFTCORE_ACTION_SYSCTL,
            Action::Declaration => Self::DRIFTCORE_ACTION_DECLARATION,
            Action::Mismatch => Self::DRIFTCORE_ACTION_MISMATCH,
            Action::MutableTag => Self::DRIFTCORE_ACTION_MUTABLE_TAG,
            Action::Unapproved => Self::DRIFTCORE_ACTION_UNAPPROVED,
            Action::Secret => Self::DRIFTCORE_ACTION_SECRET,
            _ => Self::DRIFTCORE_ACTION_OTHER,
        }
    }
}

/// Why an event is drift, or none, other than by its own nature. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_ruling {
    /// By its own nature.
    DRIFTCORE_RULING_NONE = 0,
    /// One that this header does not name.
    DRIFTCORE_RULING_OTHER = 1,
    /// It would be drift, and a baseline expects it.
    DRIFTCORE_RULING_BASELINE = 2,
    /// It would be drift, and an approved exception takes it.
    DRIFTCORE_RULING_EXCEPTION = 3,
    /// It would be drift, and its container has only just started.
    DRIFTCORE_RULING_GRACE = 4,
    /// It is drift because the baseline of its container does not expect it.
    DRIFTCORE_RULING_DEPARTS = 5,
}

impl From<Option<Ruling>> for driftcore_ruling {
    fn from(ruling: Option<Ruling>) -> Self {
        match ruling {
            None => Self::DRIFTCORE_RULING_NONE,
            Some(Ruling::Baseline) => Self::DRIFTCORE_RULING_BASELINE,
            Some(Ruling::Exception) => Self::DRIFTCORE_RULING_EXCEPTION,
            Some(Ruling::Grace) => Self::DRIFTCORE_RULING_GRACE,
            Some(Ruling::Departs) => Self::DRIFTCORE_RULING_DEPARTS,
            Some(_) => Self::DRIFTCORE_RULING_OTHER,
        }
    }
}

/// Where a file came from. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_verdict {
    /// No file was judged.
    DRIFTCORE_VERDICT_NONE = 0,
    /// One that this header does not name.
    DRIFTCORE_VERDICT_OTHER = 1,
    /// The host's filesystem; no container.
    DRIFTCORE_VERDICT_HOST = 2,
    /// An anonymous memory file.
    DRIFTCORE_VERDICT_MEMFD = 3,
    /// A file with no name left.
    DRIFTCORE_VERDICT_DELETED = 4,
    /// On a tmpfs of the container.
    DRIFTCORE_VERDICT_TMPFS = 5,
    /// On any other mount than the container's root.
    DRIFTCORE_VERDICT_VOLUME = 6,
    /// Served by an image layer.
    DRIFTCORE_VERDICT_IMAGE = 7,
    /// In the upper layer, content proved equal to the image file's.
    DRIFTCORE_VERDICT_COPIED_UP = 8,
    /// An image file whose content differs.
    DRIFTCORE_VERDICT_MODIFIED = 9,
    /// Another file in the place of an image file.
    DRIFTCORE_VERDICT_REPLACED = 10,
    /// The image has no such path.
    DRIFTCORE_VERDICT_ADDED = 11,
    /// It could not be proved; the reason says why.
    DRIFTCORE_VERDICT_UNKNOWN = 12,
}

impl From<Verdict> for driftcore_verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Host => Self::DRIFTCORE_VERDICT_HOST,
            Verdict::Memfd => Self::DRIFTCORE_VERDICT_MEMFD,
            Verdict::Deleted => Self::DRIFTCORE_VERDICT_DELETED,
            Verdict::Tmpfs => Self::DRIFTCORE_VERDICT_TMPFS,
            Verdict::Volume => Self::DRIFTCORE_VERDICT_VOLUME,
            Verdict::Image => Self::DRIFTCORE_VERDICT_IMAGE,
            Verdict::CopiedUp => Self::DRIFTCORE_VERDICT_COPIED_UP,
            Verdict::Modified => Self::DRIFTCORE_VERDICT_MODIFIED,
            Verdict::Replaced => Self::DRIFTCORE_VERDICT_REPLACED,
            Verdict::Added => Self::DRIFTCORE_VERDICT_ADDED,
            Verdict::Unknown => Self::DRIFTCORE_VERDICT_UNKNOWN,
            _ => Self::DRIFTCORE_VERDICT_OTHER,
        }
    }
}

/// What a verdict rests on. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_evidence_kind {
    /// Nothing was proved.
    DRIFTCORE_EVIDENCE_NONE = 0,
    /// One that this header does not name.
    DRIFTCORE_EVIDENCE_OTHER = 1,
    /// Kernel objects alone.
    DRIFTCORE_EVIDENCE_KERNEL = 2,
    /// The file's content, compared with the image's.
    DRIFTCORE_EVIDENCE_CONTENT = 3,
    /// An image manifest.
    DRIFTCORE_EVIDENCE_MANIFEST = 4,
    /// The file's times against the container's start.
    DRIFTCORE_EVIDENCE_TIME = 5,
}

impl From<Evidence> for driftcore_evidence_kind {
    fn from(evidence: Evidence) -> Self {
        match evidence {
            Evidence::None => Self::DRIFTCORE_EVIDENCE_NONE,
            Evidence::Kernel => Self::DRIFTCORE_EVIDENCE_KERNEL,
            Evidence::Content => Self::DRIFTCORE_EVIDENCE_CONTENT,
            Evidence::Manifest => Self::DRIFTCORE_EVIDENCE_MANIFEST,
            Evidence::Time => Self::DRIFTCORE_EVIDENCE_TIME,
            _ => Self::DRIFTCORE_EVIDENCE_OTHER,
        }
    }
}

/// The name of a `driftcore_verdict` in events and rules, a C string that is always there; of other
/// numbers, `none` or `other`. Any thread, signal handlers too. Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn driftcore_verdict_name(verdict: u32) -> *const c_char {
    let name: &'static CStr = match verdict {
        0 => c"none",
        2 => c"host",
        3 => c"memfd",
        4 => c"deleted",
        5 => c"tmpfs",
        6 => c"volume",
        7 => c"image",
        8 => c"copied_up",
        9 => c"modified",
        10 => c"replaced",
        11 => c"added",
        12 => c"unknown",
        _ => c"other",
    };
    name.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_have_the_names_that_events_give_them() {
        for verdict in [
            Verdict::Host,
            Verdict::Memfd,
            Verdict::Deleted,
            Verdict::Tmpfs,
            Verdict::Volume,
            Verdict::Image,
            Verdict::CopiedUp,
            Verdict::Modified,
            Verdict::Replaced,
            Verdict::Added,
            Verdict::Unknown,
        ] {
            let number = driftcore_verdict::from(verdict) as u32;
            // SAFETY: a constant that ends with NUL.
            let name = unsafe { CStr::from_ptr(driftcore_verdict_name(number)) };
            assert_eq!(name.to_str(), Ok(verdict.as_str()));
        }
    }
}
