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

impl Container {
    /// The first 12 characters of the id, as runtimes and Falco print it.
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// The image reference without tag and digest.
    pub fn image_repository(&self) -> Option<&str> {
        self.image.as_deref().map(|image| split_reference(image).0)
    }

    /// The tag of the image reference.
    pub fn image_tag(&self) -> Option<&str> {
        self.image.as_deref().and_then(|image| split_reference(image).1)
    }
}

/// An image reference as (repository, tag), without a digest. A colon before the last slash is a
/// registry's port.
fn split_reference(reference: &str) -> (&str, Option<&str>) {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split_at_the_tag() {
        assert_eq!(split_reference("nginx"), ("nginx", None));
        assert_eq!(split_reference("r:5000/a/b"), ("r:5000/a/b", None));
        assert_eq!(split_reference("r:5000/a:1@sha256:ab"), ("r:5000/a", Some("1")));
    }
}
