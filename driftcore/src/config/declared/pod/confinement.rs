//! What confines a container, as pods say it: in a field since Kubernetes 1.19 (seccomp) and 1.30 (AppArmor), in
//! annotations before.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::bundle::or_default;

/// A profile of seccomp or AppArmor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Profile {
    /// `RuntimeDefault`, `Localhost` or `Unconfined`.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) r#type: String,
    /// Which of the node's.
    #[serde(rename = "localhostProfile")]
    pub(in crate::config) name: Option<String>,
}

impl Profile {
    /// Of an annotation's value.
    fn of_annotation(value: &str) -> Option<Self> {
        let (kind, name) = match value {
            "runtime/default" | "docker/default" => ("RuntimeDefault", None),
            "unconfined" => ("Unconfined", None),
            _ => ("Localhost", Some(value.strip_prefix("localhost/")?.to_owned())),
        };
        Some(Self { r#type: kind.to_owned(), name })
    }
}

type Annotations = BTreeMap<String, Option<String>>;

fn annotated(annotations: &Annotations, key: &str) -> Option<Profile> {
    Profile::of_annotation(annotations.get(key)?.as_deref()?)
}

/// The profile of AppArmor that an annotation gives a container.
pub(super) fn app_armor(annotations: &Annotations, container: &str) -> Option<Profile> {
    annotated(annotations, &format!("container.apparmor.security.beta.kubernetes.io/{container}"))
}

/// The filter that an annotation gives a container, or its pod.
pub(super) fn seccomp(annotations: &Annotations, container: &str) -> Option<Profile> {
    let own = format!("container.seccomp.security.alpha.kubernetes.io/{container}");
    annotated(annotations, &own)
        .or_else(|| annotated(annotations, "seccomp.security.alpha.kubernetes.io/pod"))
}

/// Parts of a label of SELinux; none where nothing is said of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Labels {
    pub(in crate::config) user: Option<String>,
    pub(in crate::config) role: Option<String>,
    pub(in crate::config) r#type: Option<String>,
    pub(in crate::config) level: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_what_the_fields_are() {
        let annotations: Annotations = serde_json::from_str(
            r#"{"container.apparmor.security.beta.kubernetes.io/app": "localhost/k8s-deny",
                "container.seccomp.security.alpha.kubernetes.io/app": "unconfined",
                "seccomp.security.alpha.kubernetes.io/pod": "docker/default",
                "container.apparmor.security.beta.kubernetes.io/odd": "nonsense", "x": null}"#,
        )
        .unwrap();
        let told = |profile: Option<Profile>| profile.map(|it| (it.r#type, it.name));
        let localhost = ("Localhost".to_owned(), Some("k8s-deny".to_owned()));
        assert_eq!(told(app_armor(&annotations, "app")), Some(localhost));
        assert_eq!(told(app_armor(&annotations, "odd")), None);
        assert_eq!(told(app_armor(&annotations, "other")), None);
        assert_eq!(told(seccomp(&annotations, "app")), Some(("Unconfined".to_owned(), None)));
        assert_eq!(told(seccomp(&annotations, "other")), Some(("RuntimeDefault".to_owned(), None)));
    }
}
