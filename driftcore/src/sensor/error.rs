//! Why the sensor cannot see.

use std::io;

use thiserror::Error;

use super::HookSet;

/// Why the sensor could not be started or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SensorError {
    /// A capability that loading needs is missing.
    #[error("missing {}: run as root, or grant {}", .0.join(", "), .0.join(" and "))]
    MissingCapabilities(Vec<&'static str>),
    /// The kernel has no type information of its own.
    #[error(
        "the kernel has no BTF (/sys/kernel/btf/vmlinux): it needs CONFIG_DEBUG_INFO_BTF, Linux 5.10 or newer"
    )]
    NoBtf,
    /// libbpf or the kernel refused a probe.
    #[error("cannot {action}: {source}{}", hint(.source))]
    Bpf {
        /// What was tried.
        action: &'static str,
        /// What libbpf says.
        source: libbpf_rs::Error,
    },
    /// Process 1 of the initial pid namespace is not visible.
    #[error(
        "cannot see the host's first process: run in the host's pid namespace (docker run --pid=host, hostPID: true)"
    )]
    NotInHostPidNamespace,
    /// The hook set that was asked for cannot be had.
    #[error("the hook set {set} cannot be used here: {reason}")]
    NoHookSet {
        /// Which.
        set: HookSet,
        /// Why not.
        reason: String,
    },
    /// A system call failed.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the kernel says.
        source: io::Error,
    },
}

impl SensorError {
    /// Whether a right is missing, rather than something in the kernel.
    pub fn is_permission_denied(&self) -> bool {
        match self {
            Self::MissingCapabilities(_) => true,
            Self::Bpf { source, .. } => source.kind() == libbpf_rs::ErrorKind::PermissionDenied,
            Self::Io { source, .. } => source.kind() == io::ErrorKind::PermissionDenied,
            Self::NoBtf | Self::NotInHostPidNamespace | Self::NoHookSet { .. } => false,
        }
    }
}

fn hint(error: &libbpf_rs::Error) -> &'static str {
    match error.kind() {
        libbpf_rs::ErrorKind::PermissionDenied => {
            " (CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, are needed; a kernel in lockdown or a \
             seccomp filter may refuse BPF too)"
        }
        _ => "",
    }
}

/// Says what was tried when a libbpf call fails.
pub(super) trait Tried<T> {
    fn tried(self, action: &'static str) -> Result<T, SensorError>;
}

impl<T> Tried<T> for Result<T, libbpf_rs::Error> {
    fn tried(self, action: &'static str) -> Result<T, SensorError> {
        self.map_err(|source| SensorError::Bpf { action, source })
    }
}

impl<T> Tried<T> for io::Result<T> {
    fn tried(self, action: &'static str) -> Result<T, SensorError> {
        self.map_err(|source| SensorError::Io { action, source })
    }
}

impl<T> Tried<T> for rustix::io::Result<T> {
    fn tried(self, action: &'static str) -> Result<T, SensorError> {
        self.map_err(|errno| SensorError::Io { action, source: errno.into() })
    }
}
