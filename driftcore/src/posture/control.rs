//! The controls of the standard.

use std::fmt;

use serde::Serialize;
use serde::Serializer;

use super::Level;

/// A control of the Pod Security Standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Control {
    /// Windows containers that are processes of the host.
    HostProcess,
    /// Namespaces of the host.
    HostNamespaces,
    /// Privileged containers.
    PrivilegedContainers,
    /// Capabilities that are added, and that are not dropped.
    Capabilities,
    /// Directories of the host.
    HostPathVolumes,
    /// Ports of the host.
    HostPorts,
    /// Probes and hooks that name a host.
    HostProbes,
    /// The AppArmor profile.
    AppArmor,
    /// The SELinux label.
    SeLinux,
    /// What of `/proc` is masked.
    ProcMount,
    /// The seccomp profile.
    Seccomp,
    /// Settings of the kernel.
    Sysctls,
    /// Kinds of volumes.
    VolumeTypes,
    /// Whether a program may get more privileges than what started it.
    PrivilegeEscalation,
    /// Whether the user must not be root.
    NonRoot,
    /// Which user.
    NonRootUser,
}

impl Control {
    /// The name in the standard, without the version from which on it is there.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HostProcess => "HostProcess",
            Self::HostNamespaces => "Host Namespaces",
            Self::PrivilegedContainers => "Privileged Containers",
            Self::Capabilities => "Capabilities",
            Self::HostPathVolumes => "HostPath Volumes",
            Self::HostPorts => "Host Ports",
            Self::HostProbes => "Host Probes / Lifecycle Hooks",
            Self::AppArmor => "AppArmor",
            Self::SeLinux => "SELinux",
            Self::ProcMount => "/proc Mount Type",
            Self::Seccomp => "Seccomp",
            Self::Sysctls => "Sysctls",
            Self::VolumeTypes => "Volume Types",
            Self::PrivilegeEscalation => "Privilege Escalation",
            Self::NonRoot => "Running as Non-root",
            Self::NonRootUser => "Running as Non-root user",
        }
    }

    /// The check of the admission controller that holds it at a level.
    pub const fn check(self, level: Level) -> &'static str {
        let is_restricted = matches!(level, Level::Restricted);
        match self {
            Self::HostProcess => "windowsHostProcess",
            Self::HostNamespaces => "hostNamespaces",
            Self::PrivilegedContainers => "privileged",
            Self::Capabilities if is_restricted => "capabilities_restricted",
            Self::Capabilities => "capabilities_baseline",
            Self::HostPathVolumes => "hostPathVolumes",
            Self::HostPorts => "hostPorts",
            Self::HostProbes => "hostProbesAndHostLifecycle",
            Self::AppArmor => "appArmorProfile",
            Self::SeLinux => "seLinuxOptions",
            Self::ProcMount if is_restricted => "procMount_restricted",
            Self::ProcMount => "procMount",
            Self::Seccomp if is_restricted => "seccompProfile_restricted",
            Self::Seccomp => "seccompProfile_baseline",
            Self::Sysctls => "sysctls",
            Self::VolumeTypes => "restrictedVolumes",
            Self::PrivilegeEscalation => "allowPrivilegeEscalation",
            Self::NonRoot => "runAsNonRoot",
            Self::NonRootUser => "runAsUser",
        }
    }
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Control {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
