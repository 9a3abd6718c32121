//! From a cgroup path and a root device to what the runtimes know.

use std::path::Path;

use super::cgroup;
use super::cgroup::Candidate;
use super::cgroup::Hint;
use super::containerd;
use super::docker;
use super::found::Found;
use super::mounts;
use super::mounts::Mount;
use super::mounts::RootMount;
use super::roots::ContainerdRoots;
use super::roots::StateRoots;
use super::storage;
use crate::event::Container;
use crate::event::ContainerDetails;
use crate::event::Timestamp;

/// A container as the kernel shows it.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Cgroup path of the first process that was seen in it, e.g. `/docker/<id>`.
    pub cgroup: &'a [u8],
    /// A process in it; it may be gone.
    pub pid: u32,
    /// Inode number of its mount namespace.
    pub mnt_namespace: u32,
    /// Major and minor number of the device of its root filesystem.
    pub root_device: (u32, u32),
}

/// What was found out about a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The container; with a runtime-less id where no runtime knows it.
    pub container: Container,
    /// How it is set up, as far as its runtime's state tells.
    pub details: ContainerDetails,
    /// When the runtime made it: at or before its start, which some runtimes do not write down.
    pub created_at: Option<Timestamp>,
    /// Uid of the Kubernetes pod that the cgroup path names.
    pub pod_uid: Option<String>,
    /// Its root mount, if that exists now.
    pub root: Option<RootMount>,
    /// False when the runtime's state was missing or half written: ask again later. What will
    /// never be known leaves it true.
    pub complete: bool,
    /// What could not be read or is not known, and why.
    pub problems: Vec<String>,
}

/// The runtimes of this host, by their state on disk.
#[derive(Clone, Debug, Default)]
pub struct Runtimes {
    roots: StateRoots,
}

impl Runtimes {
    /// The runtimes that keep their state in `roots`.
    pub fn new(roots: StateRoots) -> Self {
        Self { roots }
    }

    /// Where they keep it.
    pub fn roots(&self) -> &StateRoots {
        &self.roots
    }

    /// Finds out what the runtimes know of a container. Reads files; bounded in size and
    /// number, but to be called once per container and not on a hot path.
    ///
    /// An id is never a guess: a name that any service could have counts only if a runtime's
    /// state confirms it, and one whose root is mounted from another filesystem than the
    /// container's is refused.
    pub fn resolve(&self, query: &Query<'_>) -> Resolved {
        let mut problems = Vec::new();
        let mounts = mounts::of_device(&self.roots, query.root_device).unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        });
        let roots = self.with_discovered(&mounts);
        let mut complete = true;
        let mut named = None;
        for candidate in cgroup::candidates(query.cgroup) {
            let found = match look_up(&roots, &candidate) {
                Ok(Some(found)) => found,
                Ok(None) => match candidate.hint {
                    Some(hint) => {
                        let mut found = Found::new(candidate.id, hint.runtime());
                        found.problem(format!("{}: no runtime state found", candidate.id));
                        found
                    }
                    None => continue,
                },
                Err(problem) => match candidate.hint {
                    Some(hint) => {
                        let mut found = Found::new(candidate.id, hint.runtime());
                        found.problem(problem);
                        found
                    }
                    None => {
                        complete = false;
                        problems.push(problem);
                        continue;
                    }
                },
            };
            if mounts::contradicts(&roots, &found.mount_points, query.root_device) {
                problems.push(format!("{}: has another root filesystem", candidate.id));
                continue;
            }
            named = Some(found);
            break;
        }
        let found =
            named.unwrap_or_else(|| Found::new(&format!("mnt-{}", query.mnt_namespace), "unknown"));
        problems.extend(found.problems);
        let root = mounts::choose(
            &roots,
            &mounts,
            &found.mount_points,
            query.pid,
            query.mnt_namespace,
            query.root_device,
        );
        Resolved {
            container: found.container,
            details: found.details,
            created_at: found.created_at,
            pod_uid: cgroup::pod_uid(query.cgroup),
            root,
            complete: complete && found.complete,
            problems,
        }
    }

    /// True when a cgroup's path names a container: by its form, or by a runtime's state.
    pub(crate) fn knows(&self, cgroup: &[u8]) -> bool {
        let mounts = mounts::of_runtimes(&self.roots).unwrap_or_default();
        let roots = self.with_discovered(&mounts);
        cgroup::candidates(cgroup).iter().any(|candidate| {
            candidate.hint.is_some() || matches!(look_up(&roots, candidate), Ok(Some(_)))
        })
    }

    /// The root mount that the runtime made on the host for the container of a cgroup. What the
    /// container does in its own mount namespace does not change it. `None` where no runtime's state knows the container, or its root is not
    /// mounted on the host.
    pub(crate) fn own_mount(&self, cgroup: &[u8]) -> Option<Mount> {
        let mounts = mounts::of_runtimes(&self.roots).ok()?;
        let roots = self.with_discovered(&mounts);
        let found = cgroup::candidates(cgroup)
            .iter()
            .find_map(|candidate| look_up(&roots, candidate).ok().flatten())?;
        let points: Vec<_> = found.mount_points.iter().map(|point| roots.seen(point)).collect();
        mounts.into_iter().find(|mount| points.contains(&mount.mount_point))
    }

    /// The roots, and before them those that the containers that run lie in.
    pub(crate) fn all_roots(&self) -> StateRoots {
        self.with_discovered(&mounts::of_runtimes(&self.roots).unwrap_or_default())
    }

    /// The roots, and before them those that the container's own mounts lie in.
    fn with_discovered(&self, mounts: &[Mount]) -> StateRoots {
        let mut roots = self.roots.clone();
        for mount in mounts {
            let point = self.roots.unseen(&mount.mount_point);
            let above = |levels: usize| point.ancestors().nth(levels).map(Path::to_owned);
            if point.ends_with("merged") {
                // `<data root>/overlay2/<layer>/merged`, `<graphroot>/overlay/<layer>/merged`.
                prefer(&mut roots.docker, above(3));
                prefer(&mut roots.storage, above(3));
            } else if point.ends_with("rootfs") {
                // `<state>/<tasks>/<namespace>/<id>/rootfs`.
                let daemon = above(4).map(|state| ContainerdRoots { root: state.clone(), state });
                let known = |daemon: &ContainerdRoots| {
                    roots.containerd.iter().any(|other| other.state == daemon.state)
                };
                let new = daemon.filter(|daemon| !known(daemon));
                prefer(&mut roots.containerd, new);
            }
        }
        roots
    }
}

fn prefer<T: PartialEq>(list: &mut Vec<T>, item: Option<T>) {
    if let Some(item) = item.filter(|item| !list.contains(item)) {
        list.insert(0, item);
    }
}

/// Asks the runtimes that may have named the candidate. An error of one does not hide another
/// that has the container.
fn look_up(roots: &StateRoots, candidate: &Candidate<'_>) -> Result<Option<Found>, String> {
    let mut problem = None;
    let mut keep = |result: Result<Option<Found>, String>| {
        result.unwrap_or_else(|text| {
            problem.get_or_insert(text);
            None
        })
    };
    let hint = candidate.hint;
    let any = matches!(hint, None | Some(Hint::Kubernetes));
    let long = cgroup::is_id(candidate.id) && (candidate.namespace.is_none() || hint.is_some());
    if long && (any || hint == Some(Hint::Docker)) {
        for root in &roots.docker {
            if let Some(found) = keep(docker::look_up(roots, root, candidate.id)) {
                return Ok(Some(found));
            }
        }
    }
    let stored = long && (any || matches!(hint, Some(Hint::Crio | Hint::Podman)));
    if stored && let Some(found) = keep(storage::look_up(roots, candidate.id)) {
        return Ok(Some(found));
    }
    if any || matches!(hint, Some(Hint::Containerd | Hint::Docker)) {
        for daemon in &roots.containerd {
            let task = containerd::look_up(roots, daemon, candidate.namespace, candidate.id);
            let found = keep(task.map(|task| task.map(from_task)));
            if let Some(found) = found {
                return Ok(Some(found));
            }
        }
    }
    problem.map_or(Ok(None), Err)
}

/// A bundle in Docker's namespace is a Docker container whose own state was not found.
fn from_task(task: containerd::Task) -> Found {
    let mut found = task.found;
    if task.namespace == containerd::DOCKER {
        found.container.runtime = Hint::Docker.runtime().to_owned();
        found.problem(format!("{}: Docker's data root was not found", found.container.id));
    }
    found
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
