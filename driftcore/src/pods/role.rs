//! What a container is to its pod.

use serde::Serialize;

/// What a container is to its pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// One of those that the pod is for, or a container in no pod.
    #[default]
    Main,
    /// Runs before those.
    Init,
    /// Started before those, and runs beside them: an init container that is always restarted.
    Sidecar,
    /// Put into the running pod, to look around in it.
    Ephemeral,
}

impl Role {
    /// `main`, `init`, `sidecar` or `ephemeral`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Init => "init",
            Self::Sidecar => "sidecar",
            Self::Ephemeral => "ephemeral",
        }
    }

    /// Of an init container, by its `restartPolicy`.
    pub(crate) fn of_init(restart_policy: Option<&str>) -> Self {
        if restart_policy == Some("Always") { Self::Sidecar } else { Self::Init }
    }
}
