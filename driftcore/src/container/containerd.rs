//! containerd's bundles, CRI state and metadata.

mod image;
mod metadata;
mod snapshot;

use std::collections::BTreeSet;
use std::path::PathBuf;

#[cfg(feature = "manifest")]
pub(super) use image::chain_id;
pub(super) use image::sha256;
use metadata::Record;
#[cfg(feature = "manifest")]
pub(super) use metadata::images;
use serde::Deserialize;
pub(super) use snapshot::layers;

use super::found::Found;
use super::oci::Bundle;
use super::ports;
use super::roots::ContainerdRoots;
use super::roots::StateRoots;
use super::state::StateDir;
use crate::event::Container;
use crate::event::Timestamp;

/// The directories of bundles in a state directory: today's runtime and the one of 1.x.
pub(super) const TASKS: [&str; 2] =
    ["io.containerd.runtime.v2.task", "io.containerd.runtime.v1.linux"];

/// The namespace of Docker's containers.
pub(super) const DOCKER: &str = "moby";

/// Of CRI's `status`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Status {
    /// Nanoseconds since the epoch; 0 before the start.
    started_at: i64,
}

/// A bundle, found and read.
pub(super) struct Task {
    /// What its state tells.
    pub(super) found: Found,
    /// The containerd namespace; [`DOCKER`] is Docker's.
    pub(super) namespace: String,
}

/// Looks a container up in the bundles of one daemon, in the namespace if one is given.
/// `None` when it has none of that id.
///
/// # Errors
///
/// Text that names the file, when the bundle is there but cannot be read whole.
pub(super) fn look_up(
    roots: &StateRoots,
    daemon: &ContainerdRoots,
    namespace: Option<&str>,
    id: &str,
) -> Result<Option<Task>, String> {
    let Some(state) = StateDir::open(roots, &daemon.state)? else {
        return Ok(None);
    };
    for tasks in TASKS {
        let namespaces = match namespace {
            Some(namespace) => vec![namespace.to_owned()],
            None => state.entries(tasks),
        };
        for namespace in namespaces {
            let bundle = format!("{tasks}/{namespace}/{id}");
            let Some(config) = state.json::<Bundle>(&format!("{bundle}/config.json"))? else {
                continue;
            };
            let mut found = facts(id, config);
            found.mount_points.push(daemon.state.join(&bundle).join("rootfs"));
            // A daemon found by its mounts alone says by the bundle where its root is.
            let root = state.link(&format!("{bundle}/work")).and_then(|work| root_of(&work));
            let root = root.unwrap_or_else(|| daemon.root.clone());
            match StateDir::open(roots, &root) {
                Ok(Some(root)) => {
                    started(&root, id, &mut found);
                    record(&root, &namespace, id, &mut found);
                }
                Ok(None) => found.lack(format!(
                    "{}: no such directory; labels and image of {id} are not known",
                    roots.seen(&root).display()
                )),
                Err(problem) => found.problem(problem),
            }
            return Ok(Some(Task { found, namespace }));
        }
    }
    Ok(None)
}

/// The containers of one daemon, running or not, as namespace and id; those of Docker left out.
///
/// # Errors
///
/// Text that names the file, when the state is there but cannot be read.
pub(super) fn list(
    roots: &StateRoots,
    daemon: &ContainerdRoots,
) -> Result<BTreeSet<(String, String)>, String> {
    let mut containers = BTreeSet::new();
    if let Some(state) = StateDir::open(roots, &daemon.state)? {
        for tasks in TASKS {
            for namespace in state.entries(tasks) {
                let ids = state.entries(&format!("{tasks}/{namespace}"));
                containers.extend(ids.into_iter().map(|id| (namespace.clone(), id)));
            }
        }
    }
    if let Some(root) = StateDir::open(roots, &daemon.root)? {
        containers.extend(metadata::list(&root)?);
    }
    containers.retain(|(namespace, _)| namespace != DOCKER);
    Ok(containers)
}

/// Looks up a container that does not run, by what the metadata alone says. `None` where the daemon
/// has none of that id.
///
/// # Errors
///
/// Text that names the file, when the state is there but cannot be read.
pub(super) fn stopped(
    roots: &StateRoots,
    daemon: &ContainerdRoots,
    namespace: &str,
    id: &str,
) -> Result<Option<Found>, String> {
    let Some(root) = StateDir::open(roots, &daemon.root)? else {
        return Ok(None);
    };
    if !matches!(metadata::look_up(&root, namespace, id)?, Some(Some(_))) {
        return Ok(None);
    }
    let mut found = Found::new(id, "containerd");
    record(&root, namespace, id, &mut found);
    Ok(Some(found))
}

/// `<root>/<tasks>/<namespace>/<id>` -> `<root>`.
fn root_of(work: &std::path::Path) -> Option<PathBuf> {
    work.ancestors().nth(3).filter(|root| root.is_absolute()).map(PathBuf::from)
}

/// What the annotations say; they are settings of the bundle, not labels.
fn facts(id: &str, bundle: Bundle) -> Found {
    let mut found = Found::new(id, "containerd");
    found.details = bundle.details();
    let mut annotations = bundle.annotations.unwrap_or_default();
    if let Some(ports) = annotations.get(ports::ANNOTATION) {
        found.details.ports = ports::of(ports);
    }
    let mut take = |key: &str| annotations.remove(key).filter(|text| !text.is_empty());
    let container = &mut found.container;
    container.name = take("io.kubernetes.cri.container-name").or_else(|| take("nerdctl/name"));
    container.image = take("io.kubernetes.cri.image-name");
    container.pod = take("io.kubernetes.cri.sandbox-name");
    container.namespace = take("io.kubernetes.cri.sandbox-namespace");
    found
}

/// What CRI's state says.
fn started(root: &StateDir, id: &str, found: &mut Found) {
    let file = format!("io.containerd.grpc.v1.cri/containers/{id}/status");
    match found.try_take(root.json::<Status>(&file)) {
        Some(Status { started_at: 0 }) => found.complete = false,
        Some(Status { started_at }) => {
            found.container.started_at = Some(Timestamp::from_nanos(started_at));
        }
        None => {}
    }
}

/// What the metadata database says, and which image it is.
fn record(root: &StateDir, namespace: &str, id: &str, found: &mut Found) {
    if namespace == DOCKER {
        // Docker keeps labels and image to itself.
        return;
    }
    let database = root.name(metadata::FILE);
    let record = match metadata::look_up(root, namespace, id) {
        Ok(Some(Some(record))) => record,
        Ok(Some(None)) => {
            return found.lack(format!("{database}: has no container {namespace}/{id}"));
        }
        Ok(None) => {
            return found
                .lack(format!("{database}: no such file; labels and image of {id} are not known"));
        }
        Err(problem) => return found.problem(problem),
    };
    found.created_at = record.created_at;
    image::identify(root, &record, found);
    fill_in(&mut found.container, record);
}

/// Takes the labels, and from them what the annotations did not say.
fn fill_in(container: &mut Container, record: Record) {
    let label = |key: &str| record.labels.get(key).filter(|text| !text.is_empty());
    let either = |fact: &mut Option<String>, keys: &[&str]| {
        if fact.is_none() {
            *fact = keys.iter().find_map(|key| label(key)).cloned();
        }
    };
    either(&mut container.name, &["io.kubernetes.container.name", "nerdctl/name"]);
    either(&mut container.pod, &["io.kubernetes.pod.name"]);
    either(&mut container.namespace, &["io.kubernetes.pod.namespace"]);
    container.image = container.image.take().or(record.image);
    container.labels = record.labels;
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_pods_container_is_known_by_its_annotations_and_status() {
        let host = tempfile::tempdir().unwrap();
        let bundle = host.path().join("run/io.containerd.runtime.v2.task/k8s.io/web");
        let status = host.path().join("lib/io.containerd.grpc.v1.cri/containers/web");
        std::fs::create_dir_all(&bundle).unwrap();
        std::fs::create_dir_all(&status).unwrap();
        std::fs::write(
            bundle.join("config.json"),
            r#"{"ociVersion":"1.0.2","annotations":{"io.kubernetes.cri.container-name":"nginx",
            "io.kubernetes.cri.image-name":"docker.io/library/nginx:1.27",
            "io.kubernetes.cri.sandbox-name":"web-0","io.kubernetes.cri.sandbox-namespace":"prod"}}"#,
        )
        .unwrap();
        std::fs::write(status.join("status"), r#"{"Version":"v1","StartedAt":5}"#).unwrap();
        let roots = StateRoots { host: host.path().to_owned(), ..StateRoots::default() };
        let daemon = ContainerdRoots { state: "/run".into(), root: "/lib".into() };

        for namespace in [None, Some("k8s.io")] {
            let task = look_up(&roots, &daemon, namespace, "web").unwrap().unwrap();
            assert_eq!(task.namespace, "k8s.io");
            let container = task.found.container;
            assert_eq!(container.name.as_deref(), Some("nginx"));
            assert_eq!(container.image.as_deref(), Some("docker.io/library/nginx:1.27"));
            assert_eq!(container.pod.as_deref(), Some("web-0"));
            assert_eq!(container.namespace.as_deref(), Some("prod"));
            assert_eq!(container.started_at, Some(Timestamp::from_nanos(5)));
            assert!(container.labels.is_empty(), "annotations are not labels");
            assert!(task.found.complete, "there never will be a database");
            assert!(task.found.problems[0].contains("no such file"));
        }
        assert!(look_up(&roots, &daemon, Some("default"), "web").unwrap().is_none());
        std::fs::write(bundle.join("config.json"), "{\"annot").unwrap();
        assert!(look_up(&roots, &daemon, None, "web").is_err());
        assert_eq!(root_of(Path::new("/r/t/n/i")).unwrap(), Path::new("/r"));
    }

    /// A bundle of container `web`, and a root directory with containerd's database.
    fn web(namespace: &str) -> (tempfile::TempDir, StateRoots, ContainerdRoots) {
        let (host, _) = metadata::tests::root(crate::container::bolt::tests::REAL);
        let bundle = format!("run/{}/{namespace}/web", TASKS[0]);
        let bundle = host.path().join(bundle);
        std::fs::create_dir_all(&bundle).unwrap();
        std::fs::write(bundle.join("config.json"), "{}").unwrap();
        let link = format!("/lib/{}/{namespace}/web", TASKS[0]);
        std::os::unix::fs::symlink(link, bundle.join("work")).unwrap();
        let roots = StateRoots { host: host.path().to_owned(), ..StateRoots::default() };
        // As for a daemon that was found by its mounts.
        let daemon = ContainerdRoots { state: "/run".into(), root: "/run".into() };
        (host, roots, daemon)
    }

    #[test]
    fn the_database_tells_what_the_bundle_does_not() {
        let (host, roots, daemon) = web("default");
        let task = look_up(&roots, &daemon, None, "web").unwrap().unwrap();
        let (found, container) = (&task.found, &task.found.container);
        assert!(found.complete);
        assert_eq!(container.image.as_deref(), Some("example.test/x:1"));
        assert_eq!(container.labels["my"], "label");
        assert!(found.created_at.is_some());
        assert!(container.started_at.is_none(), "made is not started");
        assert!(container.image_digest.is_none());
        assert!(found.problems[0].contains("not in the content store"));

        std::fs::write(host.path().join("lib").join(metadata::FILE), b"torn").unwrap();
        let task = look_up(&roots, &daemon, None, "web").unwrap().unwrap();
        assert!(!task.found.complete);
        assert!(task.found.problems[0].contains("no valid meta page"));
        std::fs::remove_dir_all(host.path().join("lib")).unwrap();
        let task = look_up(&roots, &daemon, None, "web").unwrap().unwrap();
        assert!(task.found.complete);
        assert!(task.found.problems[0].contains("no such directory"));
    }

    #[test]
    fn labels_name_the_pod_where_no_annotation_does() {
        let labels = [
            ("io.kubernetes.container.name", "nginx"),
            ("io.kubernetes.pod.name", "web-0"),
            ("io.kubernetes.pod.namespace", ""),
        ];
        let record = Record {
            image: Some("sha256:00".into()),
            labels: labels.map(|(key, value)| (key.into(), value.into())).into(),
            ..Record::default()
        };
        let given = Container {
            name: Some("own".into()),
            image: Some("nginx:1.27".into()),
            ..Container::default()
        };
        for (before, name, image) in
            [(given, "own", "nginx:1.27"), (Container::default(), "nginx", "sha256:00")]
        {
            let mut container = before;
            fill_in(&mut container, record.clone());
            assert_eq!(container.name.as_deref(), Some(name));
            assert_eq!(container.image.as_deref(), Some(image));
            assert_eq!(container.pod.as_deref(), Some("web-0"));
            assert_eq!(container.namespace, None, "an empty label says nothing");
            assert_eq!(container.labels.len(), 3);
        }
    }

    #[test]
    fn a_container_that_the_database_does_not_have_is_a_lack() {
        let (_host, roots, daemon) = web("other");
        let task = look_up(&roots, &daemon, None, "web").unwrap().unwrap();
        assert!(task.found.complete);
        assert!(task.found.problems[0].contains("has no container other/web"));
        let (_host, roots, daemon) = web(DOCKER);
        let task = look_up(&roots, &daemon, None, "web").unwrap().unwrap();
        assert!(task.found.problems.is_empty());
    }
}
