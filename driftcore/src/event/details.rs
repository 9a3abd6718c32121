//! How a container is set up, beside what its events carry.

use super::PortRange;

/// How a container is set up, as its runtime's state tells it. `None` is not known.
///
/// It is not part of an event: it says the same of all events of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerDetails {
    /// It may do what root on the host may.
    pub privileged: Option<bool>,
    /// It shares the host's pid namespace.
    pub host_pid: Option<bool>,
    /// It shares the host's IPC namespace.
    pub host_ipc: Option<bool>,
    /// It shares the host's network namespace.
    pub host_network: Option<bool>,
    /// What of the host, and which volumes, it was given.
    pub mounts: Option<Vec<MountPoint>>,
    /// Its IP address.
    pub ip: Option<String>,
    /// The ports that its image exposes, that are published, or that Kubernetes names. Empty where
    /// nobody declares any, or where that is not known.
    pub ports: Vec<PortRange>,
}

/// A directory or file of the host, or a volume, that a container was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountPoint {
    /// What it shows, as the host sees it.
    pub source: String,
    /// Where it stands in the container.
    pub destination: String,
    /// The mode that it was asked for with, e.g. `z`; usually empty.
    pub mode: String,
    /// Whether it may be written.
    pub writable: bool,
    /// How mounts below it propagate, e.g. `rprivate`; empty where that was left open.
    pub propagation: String,
    line: String,
}

impl MountPoint {
    /// A mount with these properties.
    pub fn new(
        source: String,
        destination: String,
        mode: String,
        writable: bool,
        propagation: String,
    ) -> Self {
        let line = format!("{source}:{destination}:{mode}:{writable}:{propagation}");
        Self { source, destination, mode, writable, propagation, line }
    }

    /// `source:destination:mode:writable:propagation`, as Falco writes it.
    pub fn as_str(&self) -> &str {
        &self.line
    }
}
