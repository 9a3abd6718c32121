//! What a container was declared to be, as its runtime wrote it down.

mod bundle;
mod docker;
mod environment;
mod image;
mod pod;
mod runc;

pub(super) use bundle::Bundle;
pub(super) use bundle::CapabilitySets;
pub(super) use bundle::Device;
pub(super) use bundle::DeviceRule;
pub(super) use bundle::Hook;
pub(super) use bundle::IdMapping;
pub(super) use bundle::Mount;
pub(super) use bundle::Resources;
pub(super) use docker::ApiMount;
pub(super) use docker::Bind;
pub(super) use docker::Config as DockerConfig;
pub(super) use docker::Docker;
pub(super) use docker::Host as DockerHost;
pub(super) use docker::Members;
pub(super) use docker::MountPoint;
pub(super) use docker::Throttle as DockerThrottle;
pub(super) use environment::Environment;
pub(super) use environment::parse as parse_environment;
pub(super) use environment::parse_some as parse_environment_of;
pub(super) use image::ImageConfig;
pub(super) use pod::PodContainer;
pub(super) use pod::VolumeKind;
pub(super) use runc::Config as RuncConfig;
pub(super) use runc::Runc;

use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::ConfigError;
use crate::container::Declaration as Found;
use crate::container::Document;
use crate::container::RootMount;
use crate::container::Runtimes;
use crate::container::Sources;
#[cfg(feature = "sensor")]
use crate::container::StateRoots;
use crate::container::Stored;
use crate::event::Container;
use crate::event::Timestamp;

/// What a container was declared to be: its bundle's `config.json`, what Docker keeps besides, and what its image
/// says.
///
/// Values of environment variables are not kept, only their digests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    pub(super) id: String,
    pub(super) runtime: String,
    /// Its first process, by what the runtime wrote down.
    pub(super) pid: Option<u32>,
    /// Where its root is seen without what is mounted on it, and on which device it lies.
    pub(super) root: Option<(PathBuf, (u32, u32))>,
    pub(super) bundle: Bundle,
    pub(super) docker: Option<Docker>,
    /// What Docker's files said when they were read of the running container for the first time.
    pub(super) first: Option<Arc<Members>>,
    /// What runc keeps of it.
    pub(super) runc: Option<Runc>,
    /// What its image says, where that is on this node.
    pub(super) image: Option<ImageConfig>,
    /// The digest of the image that it was made of, by what the runtime wrote down.
    pub(super) image_digest: Option<String>,
    /// What the JSON of its pod says, where that was given.
    pub(super) pod: Option<PodContainer>,
    /// When the bundle was changed after the runtime had read it.
    pub(super) edited: Option<Timestamp>,
    /// What Docker's part and the time of the edit were read from.
    pub(super) sources: Sources,
    pub(super) problems: Vec<String>,
    /// Why its image could not be read.
    pub(super) image_problem: Option<String>,
}

impl Declared {
    /// Reads what the runtime of a container wrote down. Reads files of bounded size; waits for nobody.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotDeclared`] when there is no bundle, and [`ConfigError::Content`] when it is not
    /// what an OCI runtime takes. What else cannot be read is told in the comparison.
    pub fn read(runtimes: &Runtimes, stored: &Stored) -> Result<Self, ConfigError> {
        Self::of(runtimes, &stored.container, stored.root.as_ref())
    }

    /// The same, of a container whose root is mounted there.
    ///
    /// # Errors
    ///
    /// As [`Declared::read`].
    pub(crate) fn of(
        runtimes: &Runtimes,
        container: &Container,
        root: Option<&RootMount>,
    ) -> Result<Self, ConfigError> {
        // To find the roots takes a look at all mounts.
        let roots = runtimes.all_roots();
        let found = Found::find(&roots, &container.id, &container.runtime);
        let mut problems = found.problems.clone();
        let Some(document) = &found.bundle else {
            return Err(ConfigError::NotDeclared { id: container.id.clone(), problems });
        };
        let bundle = document.json().map_err(ConfigError::Content)?;
        let image = image::read(&roots, container.image_id.as_deref());
        let (image, image_problem) = match image {
            Ok(image) => (image, None),
            Err(problem) => (None, Some(problem)),
        };
        let docker = docker(&found, &mut problems);
        Ok(Self {
            id: container.id.clone(),
            runtime: container.runtime.clone(),
            pid: found.pid,
            root: root.map(|root| (root.mount_point.clone(), root.device)),
            bundle,
            first: first(docker.as_ref()),
            docker,
            runc: take(found.runc.as_ref(), &mut problems),
            image,
            image_digest: container.image_digest.clone(),
            pod: None,
            edited: edited(&found),
            sources: found.sources(),
            problems,
            image_problem,
        })
    }

    /// Takes in what the JSON of its pod says: of the container whose id is in the pod's status, else of the one of
    /// that name in the pod that `container` says it is of. `input` is what `kubectl get pods -o json` prints: a
    /// pod, a list, or several; it is read one pod at a time, each of 16 MiB at most. `path` is for messages.
    /// Whether a pod there has the container.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Content`]: file, line and column of what is not what Kubernetes prints. Nothing of it is
    /// quoted.
    pub fn take_pods(
        &mut self,
        container: &Container,
        path: &Path,
        input: impl Read,
    ) -> Result<bool, ConfigError> {
        take_pods(&mut [(container, self)], path, input)?;
        Ok(self.pod.is_some())
    }

    /// One of which nothing is known but its first process.
    #[cfg(all(test, feature = "sensor"))]
    pub(crate) fn of_process(pid: u32) -> Self {
        Self { pid: Some(pid), ..Self::default() }
    }

    /// Its first process, by what its runtime wrote down.
    #[cfg(feature = "sensor")]
    pub(crate) const fn first_process(&self) -> Option<u32> {
        self.pid
    }

    /// The directories that it was read from.
    #[cfg(feature = "sensor")]
    pub(crate) fn directories(&self) -> Vec<std::path::PathBuf> {
        self.sources.directories()
    }

    /// Takes in what Docker's and runc's files say now, and whether the bundle was changed since. The rest stays as
    /// it was when it was first read. Whether they say otherwise than before.
    #[cfg(feature = "sensor")]
    pub(crate) fn renew<'a>(&mut self, roots: impl FnOnce() -> &'a StateRoots) -> bool {
        if self.sources.are_same() {
            return false;
        }
        let found = Found::find(roots(), &self.id, &self.runtime);
        let mut problems = found.problems.clone();
        let docker = docker(&found, &mut problems);
        let runc = take(found.runc.as_ref(), &mut problems);
        let edited = edited(&found);
        let is_news = docker != self.docker || runc != self.runc || edited != self.edited;
        self.first = self.first.take().or_else(|| first(docker.as_ref()));
        (self.docker, self.runc) = (docker, runc);
        (self.edited, self.problems) = (edited, problems);
        self.sources = found.sources();
        is_news
    }
}

/// The same of several, with one look at the pods.
pub(crate) fn take_pods(
    all: &mut [(&Container, &mut Declared)],
    path: &Path,
    input: impl Read,
) -> Result<(), ConfigError> {
    let wanted: Vec<&Container> = all.iter().map(|(container, _)| *container).collect();
    let found = pod::find(path, input, &wanted)?;
    for ((_, declared), pod) in all.iter_mut().zip(found) {
        declared.pod = pod;
    }
    Ok(())
}

/// Docker's own files.
fn docker(found: &Found, problems: &mut Vec<String>) -> Option<Docker> {
    Docker::read(found.config.as_ref(), found.host_config.as_ref(), problems)
}

/// What is compared with later: what a daemon wrote that had started the container.
fn first(docker: Option<&Docker>) -> Option<Arc<Members>> {
    let is_whole = |it: &&Docker| it.host.is_some() && it.is_of_running();
    docker.filter(is_whole).map(|it| Arc::clone(&it.members))
}

/// When the bundle was changed, if the runtime had read it by then.
fn edited(found: &Found) -> Option<Timestamp> {
    let changed = found.bundle.as_ref()?.changed?;
    (changed > found.made?).then_some(changed)
}

fn take<T: DeserializeOwned>(document: Option<&Document>, problems: &mut Vec<String>) -> Option<T> {
    document?.json().map_err(|problem| problems.push(problem)).ok()
}
