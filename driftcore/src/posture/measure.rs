//! What makes drift impossible or hard.

use std::fmt;

use serde::Serialize;

/// What can be set to confine a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum MeasureKind {
    /// The root filesystem cannot be written to.
    ReadOnlyRootFilesystem,
    /// The container has not all that the host has.
    Privileged,
    /// No program gets more privileges than what started it.
    AllowPrivilegeEscalation,
    /// The first process is not root's.
    RunAsNonRoot,
    /// No capabilities, or that to listen on ports below 1024 alone.
    Capabilities,
    /// System calls that no program needs are refused.
    SeccompProfile,
}

impl MeasureKind {
    /// The name of the field that sets it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnlyRootFilesystem => "readOnlyRootFilesystem",
            Self::Privileged => "privileged",
            Self::AllowPrivilegeEscalation => "allowPrivilegeEscalation",
            Self::RunAsNonRoot => "runAsNonRoot",
            Self::Capabilities => "capabilities",
            Self::SeccompProfile => "seccompProfile",
        }
    }

    /// What is so when it is set, for people.
    pub const fn effect(self) -> &'static str {
        match self {
            Self::ReadOnlyRootFilesystem => {
                "no file of the image can be changed and none added beside it"
            }
            Self::Privileged => "the host's devices and kernel are out of reach",
            Self::AllowPrivilegeEscalation => {
                "set-user-ID programs and file capabilities give nothing"
            }
            Self::RunAsNonRoot => "what root owns in the image cannot be written",
            Self::Capabilities => "file permissions hold, nothing can be mounted or traced",
            Self::SeccompProfile => "rare system calls are refused",
        }
    }
}

impl fmt::Display for MeasureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that confines a container, and whether it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Measure {
    /// What.
    pub kind: MeasureKind,
    /// Whether it confines; `None` where that cannot be told, or has no meaning there.
    pub holds: Option<bool>,
    /// The field that decides, or that could.
    pub path: String,
    /// Its value; `None` where it is not set.
    pub value: Option<String>,
}
