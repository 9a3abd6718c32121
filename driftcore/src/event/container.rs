//! The container that an event happened in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::Timestamp;

/// What is known of a container, from its runtime's own state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// The id, as long as the runtime has it; `mnt-<inode>` where no runtime knows the container.
    pub id: String,
    /// The name, without a leading slash.
    pub name: Option<String>,
    /// `docker`, `containerd`, `cri-o`, `podman` or `unknown`.
    pub runtime: String,
    /// The image reference as it was given, e.g. `docker.io/library/nginx:1.27`.
    pub image: Option<String>,
    /// The manifest digest (`sha256:...`).
    pub image_digest: Option<String>,
    /// The config digest (`sha256:...`), Docker's image id.
    pub image_id: Option<String>,
    /// Kubernetes pod name.
    pub pod: Option<String>,
    /// Kubernetes namespace.
    pub namespace: Option<String>,
    /// Labels of the container.
    pub labels: BTreeMap<String, String>,
    /// When it was started.
    pub started_at: Option<Timestamp>,
}
