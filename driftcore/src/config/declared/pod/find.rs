//! Containers among pods as kubectl prints them.

use std::io::Read;
use std::path::Path;

use rustc_hash::FxHashMap;

use super::PodContainer;
use super::spec::Metadata;
use super::spec::Spec;
use super::spec::Status;
use crate::config::ConfigError;
use crate::event::Container;
use crate::pods::Object;

const CONTAINER_NAME: &str = "io.kubernetes.container.name";
const POD_UID: &str = "io.kubernetes.pod.uid";

/// Finds containers, by the ids in the status of pods, else by the names of pod and container. Of several pods
/// of one name the last one counts. Gives one for each that was asked for, in that order.
///
/// # Errors
///
/// The place where the text is not what is expected. Nothing of it is quoted: it may hold secrets.
pub(in crate::config) fn find(
    path: &Path,
    input: impl Read,
    wanted: &[&Container],
) -> Result<Vec<Option<PodContainer>>, ConfigError> {
    let mut by_id = FxHashMap::default();
    let mut by_pod: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (at, container) in wanted.iter().enumerate() {
        by_id.insert(container.id.as_str(), at);
        if let Some(pod) = &container.pod {
            by_pod.entry(pod).or_default().push(at);
        }
    }
    let mut found: Vec<Option<PodContainer>> = vec![None; wanted.len()];
    let mut is_exact = vec![false; wanted.len()];
    let each = |pod: Object<Metadata, Spec, Status>| {
        for (name, id) in pod.status.ids() {
            if let Some(&at) = by_id.get(id)
                && let Some(container) = pod.spec.container(&pod.metadata, name)
            {
                (found[at], is_exact[at]) = (Some(container), true);
            }
        }
        let Some(named) = pod.metadata.name.as_deref().and_then(|name| by_pod.get(name)) else {
            return;
        };
        for &at in named {
            if !is_exact[at]
                && is_of(wanted[at], &pod.metadata)
                && let Some(container) =
                    name_of(wanted[at]).and_then(|it| pod.spec.container(&pod.metadata, it))
            {
                found[at] = Some(container);
            }
        }
    };
    crate::pods::read(path, input, each)
        .map_err(|error| ConfigError::Content(format!("{}: {}", error.place, error.message)))?;
    Ok(found)
}

/// Whether a container is of a pod of its pod's name: not of one that had it before.
fn is_of(container: &Container, pod: &Metadata) -> bool {
    let uid = container.labels.get(POD_UID);
    container.namespace.as_deref().is_none_or(|it| it == pod.namespace())
        && (uid.is_none() || pod.uid.is_none() || uid == pod.uid.as_ref())
}

/// Its name in its pod.
fn name_of(container: &Container) -> Option<&str> {
    container.labels.get(CONTAINER_NAME).map(String::as_str).or(container.name.as_deref())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::Text;

    const PODS: &str = r#"{"kind": "List", "items": [
        {"kind": "Pod", "metadata": {"name": "web", "namespace": "other"}, "spec": {"containers": [{"name": "app"}]}},
        {"kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "uid": "u-1"}, "spec": {
            "hostNetwork": true, "hostPID": null, "hostIPC": false,
            "securityContext": {"runAsUser": 1000, "runAsGroup": 2000, "runAsNonRoot": true, "fsGroup": 3, "supplementalGroups": [4],
                "seccompProfile": {"type": "RuntimeDefault"}, "sysctls": [{"name": "net.ipv4.ip_forward", "value": "1"}]},
            "initContainers": [{"name": "init", "env": [{"name": "A", "value": "$$(B)"}]}],
            "containers": [{
                "name": "app",
                "env": [{"name": "TOKEN", "value": "hunter2"}, {"name": "EMPTY"}, {"name": "URL", "value": "x$(TOKEN)"},
                        {"name": "IP", "valueFrom": {"fieldRef": {}}}],
                "securityContext": {"runAsUser": 7, "readOnlyRootFilesystem": true, "procMount": "Unmasked",
                    "capabilities": {"drop": ["ALL"], "add": null}},
                "volumeMounts": [{"name": "v", "mountPath": "/data", "readOnly": true}, {"mountPath": "/tmp"}],
                "resources": {"limits": {"memory": "64Mi", "cpu": "1500m"}}
            }],
            "ephemeralContainers": [{"name": "debug", "securityContext": {"privileged": true}}]
        }, "status": {
            "containerStatuses": [{"name": "app", "containerID": "containerd://1a"}, {"name": "gone", "containerID": "containerd://2b"}],
            "initContainerStatuses": [{"name": "init", "containerID": "docker://3c"}],
            "ephemeralContainerStatuses": [{"name": "debug", "containerID": "4d"}, {"name": "waits"}]
        }}
    ]}"#;

    fn container(id: &str, pod: &str, namespace: Option<&str>) -> Container {
        Container {
            id: id.to_owned(),
            name: Some("app".to_owned()),
            pod: Some(pod.to_owned()),
            namespace: namespace.map(str::to_owned),
            ..Container::default()
        }
    }

    fn one(container: &Container) -> Option<PodContainer> {
        find(Path::new("pods"), PODS.as_bytes(), &[container]).unwrap().remove(0)
    }

    #[test]
    fn a_container_is_found_by_its_pod_with_what_it_has_from_that() {
        let found = one(&container("9", "web", Some("shop"))).unwrap();
        let env: Vec<_> =
            found.env.iter().map(|(name, it)| (name.to_string(), it.is_some())).collect();
        let expected = [("EMPTY", true), ("IP", false), ("TOKEN", true), ("URL", false)];
        assert_eq!(env, expected.map(|(name, is)| (name.to_owned(), is)));
        assert!(!format!("{found:?}").contains("hunter2"));
        assert_eq!((found.user, found.group), (Some(7), Some(2000)));
        assert_eq!((found.groups.as_slice(), found.non_root), ([4, 3].as_slice(), true));
        assert_eq!(
            (found.seccomp.map(|it| it.r#type).as_deref(), found.read_only_root),
            (Some("RuntimeDefault"), true)
        );
        assert_eq!((found.memory, found.cpu), (Some(64 << 20), Some(1500)));
        assert_eq!((found.drop, found.unmasked), (vec!["ALL".to_owned()], true));
        assert!(found.host_network && !found.host_pid && !found.host_ipc);
        assert_eq!(found.sysctls[0].0, "net.ipv4.ip_forward");
        assert!(found.mounts[0].read_only && !found.mounts[1].read_only);
        let other = one(&container("9", "web", Some("other"))).unwrap();
        assert_eq!((other.namespace.as_deref(), other.user), (Some("other"), None));
        assert!(one(&container("9", "none", None)).is_none());
        assert_eq!(one(&container("9", "web", None)).unwrap().user, Some(7), "the last one");
    }

    #[test]
    fn the_id_tells_before_the_name_does() {
        let ids = ["1a", "2b", "3c", "4d", "1"];
        let wanted = ids.map(|id| container(id, "web", Some("other")));
        let wanted: Vec<&Container> = wanted.iter().collect();
        let found = find(Path::new("pods"), PODS.as_bytes(), &wanted).unwrap();
        let users = found.iter().map(|it| it.as_ref().and_then(|it| it.user)).collect::<Vec<_>>();
        // Of the second, the pod says no more than its id: its name is another pod's.
        assert_eq!(users, [Some(7), None, Some(1000), Some(1000), None]);
        assert!(found[3].as_ref().unwrap().privileged);
        let init = found[2].as_ref().unwrap();
        assert_eq!(init.env[&Text::from("A")], Some(crate::config::secret::digest(b"$(B)")));
        // The name of a pod that another one had before.
        let mut old = container("9", "web", Some("shop"));
        old.labels.insert(POD_UID.to_owned(), "u-0".to_owned());
        assert!(one(&old).is_none());
        old.labels.insert(POD_UID.to_owned(), "u-1".to_owned());
        old.labels.insert(CONTAINER_NAME.to_owned(), "init".to_owned());
        assert_eq!(one(&old).unwrap().user, Some(1000));
    }

    #[test]
    fn a_pod_of_the_same_name_that_comes_later_changes_nothing_about_an_id() {
        let other = r#"{"metadata": {"name": "web", "namespace": "shop"}, "spec": {"containers": [{"name": "app"}]}}"#;
        let text = format!("{PODS}{other}");
        let wanted = container("1a", "web", Some("shop"));
        let found = find(Path::new("pods"), text.as_bytes(), &[&wanted]).unwrap();
        assert_eq!(found[0].as_ref().unwrap().user, Some(7));
        let named = container("9", "web", Some("shop"));
        let found = find(Path::new("pods"), text.as_bytes(), &[&named]).unwrap();
        assert_eq!(found[0].as_ref().unwrap().user, None, "the last one of that name");
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place_and_without_its_content() {
        let wrong = PODS.replace(r#""value": "hunter2""#, r#""value": ["hunter2"]"#);
        let error =
            |text: &str| find(Path::new("pods"), text.as_bytes(), &[]).unwrap_err().to_string();
        let told = error(&wrong);
        assert!(told.starts_with("pods:10:") && !told.contains("hunter2"), "{told}");
        let wrong = PODS.replace(r#""readOnly": true"#, r#""readOnly": "hunter2""#);
        let told = error(&wrong);
        assert!(
            told.starts_with("pods:14:") && told.ends_with("string, expected a boolean"),
            "{told}"
        );
        let told = error(&PODS[..300]);
        assert!(told.starts_with("pods:") && told.contains("EOF"), "{told}");
    }

    proptest! {
        #[test]
        fn a_text_that_is_cut_or_changed_anywhere_is_an_error_or_read(at in 0..PODS.len(), byte: u8) {
            let mut bytes = PODS.as_bytes().to_vec();
            bytes[at] = byte;
            for text in [&bytes[..], &PODS.as_bytes()[..at]] {
                if let Err(error) = find(Path::new("pods"), text, &[]) {
                    prop_assert!(!error.to_string().contains("hunter"), "{}", error);
                }
            }
        }
    }
}
