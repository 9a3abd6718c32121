//! CRI-O and Podman: containers/storage and the bundles in it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::found::Found;
use super::oci::Bundle;
use super::ports;
use super::roots::StateRoots;
use super::state::StateDir;
use crate::event::Timestamp;

/// Where containers are listed.
const LISTS: [&str; 2] = ["containers.json", "volatile-containers.json"];

/// Of `overlay-containers/containers.json`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Stored {
    id: String,
    names: Option<Vec<String>>,
    image: Option<String>,
    layer: Option<String>,
    created: Option<String>,
    /// JSON in a string.
    metadata: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(rename = "image-name")]
    image_name: Option<String>,
}

/// Of `overlay-images/images.json`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Image {
    id: String,
    digest: Option<String>,
}

/// Of CRI-O's `state.json`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct State {
    started: Option<String>,
}

/// The ids of all containers in all storage roots.
///
/// # Errors
///
/// Text that names the file, when the state is there but cannot be read.
pub(super) fn list(roots: &StateRoots) -> Result<Vec<String>, String> {
    let mut ids = Vec::new();
    for root in &roots.storage {
        let Some(dir) = StateDir::open(roots, root)? else {
            continue;
        };
        for list in LISTS {
            let list: Option<Vec<Stored>> = dir.json(&format!("overlay-containers/{list}"))?;
            ids.extend(list.into_iter().flatten().map(|entry| entry.id));
        }
    }
    Ok(ids)
}

/// Looks a container up in all storage roots. `None` when none has that id.
///
/// # Errors
///
/// Text that names the file, when the state is there but cannot be read whole.
pub(super) fn look_up(roots: &StateRoots, id: &str) -> Result<Option<Found>, String> {
    let mut stored = None;
    let mut bundle = None;
    let mut started = None;
    let mut images: Vec<Image> = Vec::new();
    for root in &roots.storage {
        let Some(dir) = StateDir::open(roots, root)? else {
            continue;
        };
        for list in LISTS {
            let list: Option<Vec<Stored>> = dir.json(&format!("overlay-containers/{list}"))?;
            let entry = list.into_iter().flatten().find(|entry| entry.id == id);
            if let Some(entry) = entry {
                stored = Some((entry, root.clone()));
            }
        }
        let userdata = format!("overlay-containers/{id}/userdata");
        if bundle.is_none() {
            bundle = dir.json::<Bundle>(&format!("{userdata}/config.json"))?;
        }
        if let Some(state) = dir.json::<State>(&format!("{userdata}/state.json"))? {
            started = state.started;
        }
        images.extend(dir.json::<Vec<Image>>("overlay-images/images.json")?.unwrap_or_default());
    }
    let Some((stored, root)) = stored else {
        return Ok(None);
    };
    let whole = bundle.is_some();
    let details = bundle.as_ref().map(Bundle::details).unwrap_or_default();
    let annotations = bundle.and_then(|bundle| bundle.annotations).unwrap_or_default();
    let annotation = |key: &str| annotations.get(key).filter(|text| !text.is_empty()).cloned();
    let crio = |key: &str| annotation(&format!("io.kubernetes.cri-o.{key}"));
    let is_crio = annotation("io.container.manager").as_deref() == Some("cri-o")
        || annotations.contains_key("io.kubernetes.cri-o.ContainerID");
    let mut found = Found::new(id, if is_crio { "cri-o" } else { "podman" });
    found.complete = whole;
    found.details = details;
    let metadata: Metadata =
        stored.metadata.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let name = stored.names.and_then(|names| names.into_iter().next());
    found.container.name = annotation("io.kubernetes.container.name").or(name);
    found.container.image = crio("ImageName").or(metadata.image_name);
    found.container.pod = annotation("io.kubernetes.pod.name");
    found.container.namespace = annotation("io.kubernetes.pod.namespace");
    // CRI-O keeps the container's own annotations in one of the bundle's.
    let own = crio("Annotations").and_then(|text| serde_json::from_str(&text).ok());
    let own: BTreeMap<String, String> = own.unwrap_or_default();
    let named = annotation(ports::ANNOTATION).or_else(|| own.get(ports::ANNOTATION).cloned());
    found.details.ports = named.map_or_else(Vec::new, |text| ports::of(&text));
    let labels = crio("Labels").and_then(|text| serde_json::from_str(&text).ok());
    found.container.labels = labels.unwrap_or_default();
    found.created_at = stored.created.as_deref().and_then(Timestamp::parse);
    found.container.started_at = started.as_deref().and_then(Timestamp::parse);
    if let Some(image) = stored.image.filter(|image| !image.is_empty()) {
        let known = images.into_iter().find(|known| known.id == image);
        found.container.image_digest = known.and_then(|known| known.digest);
        found.container.image_id = Some(format!("sha256:{image}"));
    }
    if let Some(layer) = stored.layer.filter(|layer| super::cgroup::is_id(layer)) {
        found.mount_points.push(root.join("overlay").join(layer).join("merged"));
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const LAYER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn storage(config: &str) -> (tempfile::TempDir, StateRoots) {
        let host = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = host.path().join("store").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let metadata = r#"{\"image-name\":\"docker.io/library/nginx:1\",\"name\":\"web\"}"#;
        write(
            "overlay-containers/containers.json",
            &format!(
                r#"[{{"id":"{ID}","names":["web"],"image":"cc","layer":"{LAYER}",
                "metadata":"{metadata}","created":"2026-01-01T00:00:00Z"}}]"#
            ),
        );
        write("overlay-images/images.json", r#"[{"id":"cc","digest":"sha256:dd","names":[]}]"#);
        write(&format!("overlay-containers/{ID}/userdata/config.json"), config);
        write(
            &format!("overlay-containers/{ID}/userdata/state.json"),
            r#"{"started":"2026-01-01T00:00:01Z"}"#,
        );
        let roots = StateRoots {
            host: host.path().to_owned(),
            storage: vec!["/store".into()],
            ..StateRoots::default()
        };
        (host, roots)
    }

    #[test]
    fn podman_names_its_container_in_the_store() {
        let (_host, roots) = storage(r#"{"annotations":{"io.container.manager":"libpod"}}"#);
        let found = look_up(&roots, ID).unwrap().unwrap();
        assert!(found.complete);
        assert_eq!(found.created_at, Timestamp::parse("2026-01-01T00:00:00Z"));
        assert_eq!(found.container.runtime, "podman");
        assert_eq!(found.container.name.as_deref(), Some("web"));
        assert_eq!(found.container.image.as_deref(), Some("docker.io/library/nginx:1"));
        assert_eq!(found.container.image_id.as_deref(), Some("sha256:cc"));
        assert_eq!(found.container.image_digest.as_deref(), Some("sha256:dd"));
        assert!(found.mount_points[0].ends_with(format!("overlay/{LAYER}/merged")));
    }

    #[test]
    fn crio_names_pod_and_labels_in_the_bundle() {
        let (_host, roots) = storage(
            r#"{"annotations":{"io.container.manager":"cri-o","io.kubernetes.container.name":"n",
            "io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"prod",
            "io.kubernetes.cri-o.ImageName":"quay.io/x:1","io.kubernetes.cri-o.Labels":"{\"a\":\"b\"}"}}"#,
        );
        let container = look_up(&roots, ID).unwrap().unwrap().container;
        assert_eq!(container.runtime, "cri-o");
        assert_eq!(container.name.as_deref(), Some("n"));
        assert_eq!(container.image.as_deref(), Some("quay.io/x:1"));
        assert_eq!(container.pod.as_deref(), Some("web-0"));
        assert_eq!(container.namespace.as_deref(), Some("prod"));
        assert_eq!(container.labels["a"], "b");
        assert!(container.started_at.is_some());
    }

    #[test]
    fn half_written_state_is_an_error_and_an_unknown_id_is_none() {
        let (_host, roots) = storage("{\"annot");
        assert!(look_up(&roots, ID).is_err());
        let (_host, roots) = storage("{}");
        assert!(look_up(&roots, LAYER).unwrap().is_none());
    }
}
