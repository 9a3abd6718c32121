//! Where the runtimes keep their state.

use std::path::Path;
use std::path::PathBuf;

/// The directories of one containerd daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerdRoots {
    /// Its `state` directory, with the bundles of the running tasks.
    pub state: PathBuf,
    /// Its `root` directory, with the metadata database and the content store.
    pub root: PathBuf,
}

/// Where the runtimes keep their state. The default is where distributions put it.
///
/// Paths are as the host sees them, [`host`](Self::host) says where the host's root is for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRoots {
    /// The host's root directory: `/`, or a mount of it when we run in a container ourselves.
    pub host: PathBuf,
    /// The proc filesystem as we see it; it must show the host's processes.
    pub proc: PathBuf,
    /// Docker's data roots. Others are found by the mounts that they hold.
    pub docker: Vec<PathBuf>,
    /// The containerd daemons. Others are found by the mounts that they hold.
    pub containerd: Vec<ContainerdRoots>,
    /// Roots of containers/storage, as CRI-O and Podman use it: the `graphroot` and `runroot`.
    /// Rootless users keep theirs in `~/.local/share/containers/storage`.
    pub storage: Vec<PathBuf>,
}

impl Default for StateRoots {
    fn default() -> Self {
        let containerd = |state: &str, root: &str| ContainerdRoots {
            state: PathBuf::from(state),
            root: PathBuf::from(root),
        };
        Self {
            host: PathBuf::from("/"),
            proc: PathBuf::from("/proc"),
            docker: vec![PathBuf::from("/var/lib/docker")],
            containerd: vec![
                containerd("/run/containerd", "/var/lib/containerd"),
                containerd("/run/docker/containerd/daemon", "/var/lib/docker/containerd/daemon"),
                containerd("/run/k3s/containerd", "/var/lib/rancher/k3s/agent/containerd"),
            ],
            storage: vec![
                PathBuf::from("/var/lib/containers/storage"),
                PathBuf::from("/run/containers/storage"),
            ],
        }
    }
}

impl StateRoots {
    /// The path as we see it, of a path as the host sees it.
    pub(super) fn seen(&self, path: &Path) -> PathBuf {
        self.host.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The path as the host sees it, of a path as we see it.
    pub(super) fn unseen(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.host) {
            Ok(rest) => Path::new("/").join(rest),
            Err(_) => path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_paths_are_seen_below_the_host_root() {
        let roots = StateRoots { host: PathBuf::from("/host"), ..StateRoots::default() };
        assert_eq!(roots.seen(Path::new("/var/x")), Path::new("/host/var/x"));
        assert_eq!(roots.unseen(Path::new("/host/var/x")), Path::new("/var/x"));
        assert_eq!(StateRoots::default().seen(Path::new("/var/x")), Path::new("/var/x"));
    }
}
