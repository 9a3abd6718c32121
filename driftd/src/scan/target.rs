//! What is scanned.

use std::path::Path;
use std::path::PathBuf;

use anyhow::anyhow;
use anyhow::bail;
use driftcore::container::FindError;
use driftcore::container::Layers;
use driftcore::container::Runtimes;
use driftcore::event::Container;
use driftcore::image::Users;
use serde_json::Value;
use serde_json::json;

use crate::config::Config;

/// What to do where a container is not found.
const NOT_FOUND: &str = "Name it by its id, its name or a prefix of its id: `driftd containers` lists those \
     that run. Where a runtime keeps its state elsewhere than usual, say so with --docker-root, or \
     --containerd-state and --containerd-root";

/// A container, or the directories of an overlay.
pub(super) struct Target {
    pub(super) container: Option<Container>,
    pub(super) layers: Layers,
    /// Absolute paths in the container.
    pub(super) mount_points: Vec<String>,
    /// The device of the root and the proc filesystem, while the container's root is mounted.
    mounted: Option<((u32, u32), PathBuf)>,
}

impl Target {
    pub(super) fn container(config: &Config, name: &str) -> anyhow::Result<Self> {
        let roots = config.state_roots();
        let proc = roots.proc.clone();
        let stored = Runtimes::new(roots).find(name).map_err(|error| {
            let advice = match error {
                FindError::Ambiguous { .. } => "Name one of them by more of its id.",
                _ => NOT_FOUND,
            };
            anyhow!("{error}. {advice}")
        })?;
        for problem in &stored.problems {
            tracing::debug!(problem, "the runtime's state is not whole");
        }
        let Some(layers) = stored.layers else {
            let root = stored.root.as_ref().map_or("not mounted", |root| &root.fs_type);
            bail!(
                "the layers of container {} are not known: its root is {root}, and only overlays \
                 are compared. {}",
                stored.container.id,
                stored.problems.join("; ")
            );
        };
        let mounts = stored.details.mounts.unwrap_or_default();
        let mount_points = mounts.iter().map(|mount| mount.destination.clone()).collect();
        let mounted = stored.root.map(|root| (root.device, proc));
        Ok(Self { container: Some(stored.container), layers, mount_points, mounted })
    }

    pub(super) fn directories(upper: &Path, lowers: &[PathBuf], user_xattrs: bool) -> Self {
        let layers = Layers { upper: upper.to_owned(), lowers: lowers.to_vec(), user_xattrs };
        Self { container: None, layers, mount_points: Vec::new(), mounted: None }
    }

    /// Whether the container's root is mounted.
    pub(super) const fn is_mounted(&self) -> bool {
        self.mounted.is_some()
    }

    /// Who uses its files.
    pub(super) fn users(&self) -> Users {
        match &self.mounted {
            Some((device, proc)) => Users::of(proc, *device),
            None => Users::default(),
        }
    }

    /// What people call it.
    pub(super) fn name(&self) -> String {
        match &self.container {
            Some(Container { name: Some(name), .. }) => format!("container {name}"),
            Some(container) => format!("container {}", container.id),
            None => self.layers.upper.display().to_string(),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let lossy = |path: &PathBuf| path.to_string_lossy().into_owned();
        json!({
            "container": self.container,
            "mounted": self.container.is_some().then_some(self.is_mounted()),
            "upper": lossy(&self.layers.upper),
            "lowers": self.layers.lowers.iter().map(lossy).collect::<Vec<_>>(),
        })
    }
}
