//! Finding a container by what people call it, running or not.

use super::containerd;
use super::docker;
use super::found::Found;
use super::mounts;
use super::mounts::RootMount;
use super::overlay;
use super::overlay::Layers;
use super::resolve::Runtimes;
use super::roots::ContainerdRoots;
use super::roots::StateRoots;
use super::storage;
use crate::event::Container;
use crate::event::ContainerDetails;

/// How many candidates an error names.
const CANDIDATES: usize = 8;

/// A container that a runtime keeps.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stored {
    /// What its runtime says about it.
    pub container: Container,
    /// How it is set up.
    pub details: ContainerDetails,
    /// Its root mount, while it is mounted: while it runs, usually.
    pub root: Option<RootMount>,
    /// The layers of its root, mounted or not; `None` where it is no overlay, or they are not known.
    pub layers: Option<Layers>,
    /// What could not be read or is not known, and why.
    pub problems: Vec<String>,
}

/// Why no container was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// None has this id, name or prefix.
    #[error("no container has the id, name or prefix of an id {name:?}{}", because(problems))]
    NotFound {
        /// What was looked for.
        name: String,
        /// What could not be read on the way: it may be there.
        problems: Vec<String>,
    },
    /// Several have.
    #[error("{name:?} is the name or prefix of several containers: {}", candidates.join(", "))]
    Ambiguous {
        /// What was looked for.
        name: String,
        /// The first of them, each as id and name.
        candidates: Vec<String>,
    },
}

fn because(problems: &[String]) -> String {
    let reasons = problems.iter().map(|problem| format!("; {problem}"));
    reasons.collect()
}

/// A container, and where to look for its layers.
struct Candidate {
    found: Found,
    /// The daemon and namespace, of containerd's.
    containerd: Option<(ContainerdRoots, String)>,
}

impl Runtimes {
    /// Finds a container, running or stopped, by its id, its name or a prefix of its id that no other
    /// has. Reads the state of all containers.
    ///
    /// # Errors
    ///
    /// [`FindError`] when there is none, or more than one.
    pub fn find(&self, name: &str) -> Result<Stored, FindError> {
        let roots = self.all_roots();
        let mut problems = Vec::new();
        let all = candidates(&roots, &mut problems);
        let id = |candidate: &Candidate| candidate.found.container.id.clone();
        let named = |candidate: &Candidate| candidate.found.container.name.as_deref() == Some(name);
        let mut chosen: Vec<Candidate> = Vec::new();
        let ways: [&dyn Fn(&Candidate) -> bool; 3] =
            [&|candidate| candidate.found.container.id == name, &named, &|candidate| {
                !name.is_empty() && candidate.found.container.id.starts_with(name)
            }];
        let mut all = all;
        for way in ways {
            if chosen.is_empty() {
                let (yes, no) = all.into_iter().partition(way);
                (chosen, all) = (yes, no);
            }
        }
        if chosen.len() > 1 {
            let label = |candidate: &Candidate| match &candidate.found.container.name {
                Some(name) => format!("{} ({name})", id(candidate)),
                None => id(candidate),
            };
            let candidates = chosen.iter().take(CANDIDATES).map(label).collect();
            return Err(FindError::Ambiguous { name: name.to_owned(), candidates });
        }
        match chosen.pop() {
            Some(candidate) => Ok(candidate.stored(&roots)),
            None => Err(FindError::NotFound { name: name.to_owned(), problems }),
        }
    }
}

/// All containers of all runtimes. What cannot be read is a problem and hides no other.
fn candidates(roots: &StateRoots, problems: &mut Vec<String>) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = Vec::new();
    let mut take = |found: Result<Option<Found>, String>, containerd| match found {
        Ok(Some(found)) => {
            let known = |other: &Candidate| {
                other.found.container.id == found.container.id
                    && containerd_is_same(other, &containerd)
            };
            if !all.iter().any(known) {
                all.push(Candidate { found, containerd });
            }
        }
        Ok(None) => {}
        Err(problem) => problems.push(problem),
    };
    for root in &roots.docker {
        match docker::list(roots, root) {
            Ok(ids) => ids
                .iter()
                .filter(|id| super::cgroup::is_id(id))
                .for_each(|id| take(docker::look_up(roots, root, id), None)),
            Err(problem) => take(Err(problem), None),
        }
    }
    match storage::list(roots) {
        Ok(ids) => ids.iter().for_each(|id| take(storage::look_up(roots, id), None)),
        Err(problem) => take(Err(problem), None),
    }
    for daemon in &roots.containerd {
        match containerd::list(roots, daemon) {
            Ok(containers) => {
                for (namespace, id) in containers {
                    let task = containerd::look_up(roots, daemon, Some(&namespace), &id);
                    let found = match task {
                        Ok(Some(task)) => Ok(Some(task.found)),
                        Ok(None) => containerd::stopped(roots, daemon, &namespace, &id),
                        Err(problem) => Err(problem),
                    };
                    take(found, Some((daemon.clone(), namespace)));
                }
            }
            Err(problem) => take(Err(problem), None),
        }
    }
    all
}

/// Whether a container of the same id is the same one: ids of containerd are unique in a namespace
/// alone.
fn containerd_is_same(other: &Candidate, containerd: &Option<(ContainerdRoots, String)>) -> bool {
    match (&other.containerd, containerd) {
        (Some((_, a)), Some((_, b))) => a == b,
        (None, None) => true,
        _ => false,
    }
}

impl Candidate {
    fn stored(self, roots: &StateRoots) -> Stored {
        let Self { found, containerd } = self;
        let mut problems = found.problems;
        let id = &found.container.id;
        let mut take = |result: Result<Option<Layers>, String>| {
            result.unwrap_or_else(|problem| {
                problems.push(problem);
                None
            })
        };
        let root = match mounts::of_container(roots, &found.mount_points, id) {
            Ok(root) => root,
            Err(problem) => take(Err(problem)).and(None),
        };
        let mut layers = root.as_ref().and_then(|root| root.layers.clone());
        if layers.is_none() {
            layers = found.mount_points.iter().find_map(|at| take(overlay::stored(roots, at)));
        }
        if layers.is_none()
            && let Some((daemon, namespace)) = &containerd
        {
            layers = take(containerd::layers(roots, daemon, namespace, id));
        }
        Stored { container: found.container, details: found.details, root, layers, problems }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// A data root of Docker with stopped containers, by the first byte of their ids and their names.
    fn docker(containers: &[(char, &str)]) -> (tempfile::TempDir, Runtimes) {
        let host = tempfile::tempdir().unwrap();
        let write = |path: String, text: &str| {
            let path = host.path().join("docker").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for (first, name) in containers {
            let id = id(*first);
            write(
                format!("containers/{id}/config.v2.json"),
                &format!(r#"{{"ID":"{id}","Name":"/{name}","Driver":"overlay2"}}"#),
            );
            write(format!("image/overlay2/layerdb/mounts/{id}/mount-id"), name);
            write(format!("overlay2/{name}/lower"), "l/A:l/B");
        }
        for process in ["self", "1"] {
            let process = host.path().join("proc").join(process);
            fs::create_dir_all(&process).unwrap();
            fs::write(process.join("mountinfo"), "").unwrap();
        }
        let roots = StateRoots {
            host: host.path().to_owned(),
            proc: host.path().join("proc"),
            docker: vec!["/docker".into()],
            ..StateRoots::default()
        };
        (host, Runtimes::new(roots))
    }

    fn id(first: char) -> String {
        format!("{first}{}", "0".repeat(63))
    }

    #[test]
    fn a_stopped_container_is_found_with_its_layers() {
        let (host, runtimes) = docker(&[('a', "web"), ('b', "db")]);
        for name in ["web".to_owned(), id('a'), "a0".to_owned()] {
            let stored = runtimes.find(&name).unwrap();
            assert_eq!(stored.container.name.as_deref(), Some("web"));
            assert!(stored.root.is_none() && stored.problems.is_empty(), "{stored:?}");
            let layers = stored.layers.unwrap();
            let seen = |path: &str| host.path().join("docker/overlay2").join(path);
            assert_eq!(layers.upper, seen("web/diff"));
            assert_eq!(layers.lowers, [seen("l/A"), seen("l/B")]);
        }
    }

    #[test]
    fn a_name_goes_before_a_prefix_and_what_is_not_clear_is_an_error() {
        let (_host, runtimes) = docker(&[('a', "b0"), ('b', "x"), ('c', "twin"), ('d', "twin")]);
        assert_eq!(runtimes.find("b0").unwrap().container.id, id('a'));
        let error = runtimes.find("twin").unwrap_err().to_string();
        assert!(error.contains(&format!("{} (twin)", id('c'))), "{error}");
        assert!(matches!(runtimes.find(""), Err(FindError::NotFound { .. })));
        assert!(matches!(runtimes.find("e"), Err(FindError::NotFound { .. })));
    }

    #[test]
    fn state_that_cannot_be_read_is_told_and_hides_no_other_container() {
        let (host, runtimes) = docker(&[('a', "web"), ('b', "torn")]);
        let torn = format!("docker/containers/{}/config.v2.json", id('b'));
        fs::write(host.path().join(torn), "{\"ID").unwrap();
        assert!(runtimes.find("web").is_ok());
        let error = runtimes.find("torn").unwrap_err().to_string();
        assert!(error.contains("config.v2.json"), "{error}");
        assert_eq!(runtimes.roots().docker, [Path::new("/docker")]);
    }
}
