//! Pods, as `kubectl get pods -o json` prints them: read one at a time, so that any number of them takes the
//! memory of one.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::ImageId;
use super::Role;
use super::Running;
use super::VerifyError;
use crate::pods;
use crate::pods::Count;
use crate::pods::List;
use crate::pods::Object;

/// Hands every container of every pod in `input` to `each`: a pod, a list of pods, or several of such one after
/// another, as JSON. Objects of other kinds are counted and left out. `path` is for messages.
///
/// # Errors
///
/// [`VerifyError::Content`] names line and column; what came before has been handed over. An object of more
/// than 16 MiB and a list of more than 4,096 containers are refused.
pub fn read_pods(
    path: &Path,
    input: impl Read,
    mut each: impl FnMut(Running),
) -> Result<Count, VerifyError> {
    pods::read(path, input, |pod: Pod| hand_over(pod, &mut each))
        .map_err(|it| VerifyError::Content { place: it.place, message: it.message })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: Option<String>,
    containers: List<Container>,
    init_containers: List<Container>,
    ephemeral_containers: List<Container>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    container_statuses: List<ContainerStatus>,
    init_container_statuses: List<ContainerStatus>,
    ephemeral_container_statuses: List<ContainerStatus>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    name: String,
    image: Option<String>,
    restart_policy: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    name: String,
    image: Option<String>,
    #[serde(rename = "imageID")]
    image_id: Option<String>,
}

type Pod = Object<Metadata, Spec, Status>;

/// Hands its containers over. Those that only the status names too: a hostile or old one may.
fn hand_over(pod: Pod, each: &mut impl FnMut(Running)) {
    let Object { metadata, spec, status } = pod;
    let groups = [
        (Role::Init, spec.init_containers, status.init_container_statuses),
        (Role::Main, spec.containers, status.container_statuses),
        (Role::Ephemeral, spec.ephemeral_containers, status.ephemeral_container_statuses),
    ];
    for (group, containers, statuses) in groups {
        let mut statuses: Vec<_> = statuses.into_iter().collect();
        let mut running = |role, name: String, image: String, image_id: Option<&str>| {
            each(Running {
                name,
                role,
                pod: metadata.name.clone(),
                namespace: metadata.namespace.clone(),
                node: spec.node_name.clone(),
                image,
                image_id: image_id.map_or(ImageId::None, ImageId::parse),
            });
        };
        for container in containers {
            let at = statuses.iter().position(|status| status.name == container.name);
            let status = at.map(|at| statuses.swap_remove(at));
            let image_id = status.as_ref().and_then(|it| it.image_id.as_deref());
            let role = match group {
                Role::Init => Role::of_init(container.restart_policy.as_deref()),
                other => other,
            };
            running(role, container.name, container.image.unwrap_or_default(), image_id);
        }
        for status in statuses {
            running(
                group,
                status.name,
                status.image.unwrap_or_default(),
                status.image_id.as_deref(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "abababababababababababababababababababababababababababababababab";

    fn read(text: &str) -> (Vec<String>, Result<Count, String>) {
        let mut seen = Vec::new();
        let count = read_pods(Path::new("pods"), text.as_bytes(), |it| {
            let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let id = it.image_id.digest().map_or("-", |digest| digest.short());
            seen.push(format!(
                "{}/{} on {} {} {}: {} {id}",
                or_dash(&it.namespace),
                or_dash(&it.pod),
                or_dash(&it.node),
                it.role.as_str(),
                it.name,
                it.image
            ));
        });
        (seen, count.map_err(|error| error.to_string()))
    }

    #[test]
    fn containers_of_every_role_are_handed_over() {
        let text = format!(
            r#"{{"apiVersion": "v1", "items": [
              {{"metadata": {{"name": "p", "namespace": "n", "labels": {{"a": "b"}}}},
                "spec": {{"nodeName": "one", "initContainers": [{{"name": "i", "image": "x/i"}},
                              {{"name": "s", "image": "x/s", "restartPolicy": "Always"}}],
                          "containers": [{{"name": "a", "image": "x/a"}}, {{"name": "b", "image": "x/b"}}],
                          "ephemeralContainers": [{{"name": "d", "image": "busybox"}}]}},
                "status": {{"containerStatuses": [
                    {{"name": "b", "image": "x/b", "imageID": "x/b@sha256:{HEX}", "ready": true}},
                    {{"name": "gone", "image": "x/g", "imageID": "sha256:{HEX}"}}]}}}},
              {{"kind": "Service", "spec": {{"ports": []}}}}],
            "kind": "List"}}
            {{"kind": "Pod", "metadata": {{"name": "q"}}, "spec": {{}}, "status": null}}"#
        );
        let (seen, count) = read(&text);
        let at = "n/p on one";
        assert_eq!(
            seen,
            [
                format!("{at} init i: x/i -"),
                format!("{at} sidecar s: x/s -"),
                format!("{at} main a: x/a -"),
                format!("{at} main b: x/b sha256:abababababab"),
                format!("{at} main gone: x/g sha256:abababababab"),
                format!("{at} ephemeral d: busybox -"),
            ]
        );
        assert_eq!(count, Ok(Count { pods: 2, others: 1 }));
        assert_eq!(read(""), (Vec::new(), Ok(Count::default())));
    }

    #[test]
    fn what_is_bad_names_its_place_after_what_came_before() {
        let good = r#"{"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}]}}"#;
        let (seen, count) = read(&format!("{{\"items\": [\n{good},\n{{\"spec\": 5}}]}}"));
        assert_eq!(seen.len(), 1);
        let error = count.unwrap_err();
        assert!(error.starts_with("pods:3:"), "{error}");
        for (text, what) in [
            ("{\"items\": [", "EOF"),
            ("[1]", "a pod or a list of pods"),
            ("{\"items\": 5}", "a list of pods"),
            ("nonsense", "expected"),
        ] {
            let error = read(text).1.unwrap_err();
            assert!(error.starts_with("pods:1:") && error.contains(what), "{error}");
        }
        let deep = format!("{}{}", "{\"items\": [".repeat(10_000), "]}".repeat(10_000));
        assert!(read(&deep).1.unwrap_err().contains("recursion"));
    }
}
