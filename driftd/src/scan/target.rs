//! What is scanned.

use std::path::Path;
use std::path::PathBuf;

use anyhow::anyhow;
use anyhow::bail;
use driftcore::container::FindError;
use driftcore::container::Layers;
use driftcore::container::Runtimes;
use driftcore::event::Container;
use driftcore::event::Text;
use driftcore::image::Users;
use serde_json::Value;
use serde_json::json;

use crate::config::Config;

/// What to do where a container is not found.
const NOT_FOUND: &str = "Name it by its id, its name or a prefix of its id: `driftd containers` lists those \
     that run. Where a runtime keeps its state elsewhere than usual, say so with --docker-root, or \
     --containerd-state and --containerd-root";

/// A container, the directories of an overlay, or a root directory.
pub(super) struct Target {
    pub(super) container: Option<Container>,
    /// None of a root directory.
    pub(super) layers: Layers,
    /// The root directory, where that is compared as a whole, and what with.
    pub(super) root: Option<(PathBuf, String)>,
    /// Absolute paths in the container.
    pub(super) mount_points: Vec<Text>,
    /// The device of the root and the proc filesystem, while the container's root is mounted.
    mounted: Option<((u32, u32), PathBuf)>,
}

fn no_layers() -> Layers {
    Layers { upper: PathBuf::new(), lowers: Vec::new(), user_xattrs: false }
}

/// Filesystems that are mounted for one container alone, so that who uses their files is the
/// container's.
const PRIVATE: [&str; 2] = ["overlay", "fuse.fuse-overlayfs"];

impl Target {
    /// A container. `against` is what it is compared with, where that is not the lower layers of its
    /// overlay.
    pub(super) fn container(
        config: &Config,
        name: &str,
        against: Option<&str>,
    ) -> anyhow::Result<Self> {
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
        let mounts = stored.details.mounts.unwrap_or_default();
        let mount_points = mounts.iter().map(|mount| mount.destination.as_str().into()).collect();
        if let Some(against) = against {
            let Some(root) = stored.root else {
                bail!(
                    "the root of container {} is not mounted: only while it runs is it compared as a \
                     whole. {}",
                    stored.container.id,
                    stored.problems.join("; ")
                );
            };
            let private = PRIVATE.contains(&root.fs_type.as_str());
            return Ok(Self {
                container: Some(stored.container),
                layers: no_layers(),
                root: Some((root.mount_point, against.to_owned())),
                mount_points,
                mounted: private.then_some((root.device, proc)),
            });
        }
        let Some(layers) = stored.layers else {
            let root = stored.root.as_ref().map_or("not mounted", |root| &root.fs_type);
            bail!(
                "the layers of container {} are not known: its root is {root}, and only overlays \
                 are compared by their layers: give the image by --image or --manifest. {}",
                stored.container.id,
                stored.problems.join("; ")
            );
        };
        let mounted = stored.root.map(|root| (root.device, proc));
        Ok(Self { container: Some(stored.container), layers, root: None, mount_points, mounted })
    }

    pub(super) fn directories(upper: &Path, lowers: &[PathBuf], user_xattrs: bool) -> Self {
        let layers = Layers { upper: upper.to_owned(), lowers: lowers.to_vec(), user_xattrs };
        Self { container: None, layers, root: None, mount_points: Vec::new(), mounted: None }
    }

    pub(super) fn root_directory(root: &Path, against: &str) -> Self {
        let root = Some((root.to_owned(), against.to_owned()));
        Self { container: None, layers: no_layers(), root, mount_points: Vec::new(), mounted: None }
    }

    /// Whether the container's root is mounted.
    pub(super) const fn is_mounted(&self) -> bool {
        self.mounted.is_some() || self.root.is_some()
    }

    /// What it is compared by, for people.
    pub(super) fn extent(&self) -> String {
        match &self.root {
            Some((_, against)) => format!("all files, by {against}"),
            None => match self.layers.lowers.len() {
                1 => "1 layer".to_owned(),
                layers => format!("{layers} layers"),
            },
        }
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
            None => match &self.root {
                Some((root, _)) => root.display().to_string(),
                None => self.layers.upper.display().to_string(),
            },
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let lossy = |path: &PathBuf| path.to_string_lossy().into_owned();
        let mut target = json!({
            "container": self.container,
            "mounted": self.container.is_some().then_some(self.is_mounted()),
            "upper": self.root.is_none().then(|| lossy(&self.layers.upper)),
            "lowers": self.layers.lowers.iter().map(lossy).collect::<Vec<_>>(),
        });
        if let Some((root, against)) = &self.root {
            target["rootfs"] = json!(lossy(root));
            target["against"] = json!(against);
        }
        target
    }
}
