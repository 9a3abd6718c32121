//! Volumes of a pod, as far as the directory that is mounted tells them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::Visitor;

/// What a volume is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) enum VolumeKind {
    /// A path of the node.
    HostPath(String),
    /// What the kubelet keeps in a directory that is named by kind and volume, as
    /// `kubernetes.io~secret/creds`.
    Kubelet {
        /// As pods call it.
        kind: &'static str,
        directory: String,
    },
    /// One that some driver mounts somewhere.
    Other(String),
}

/// Kinds of volumes, and what the kubelet calls their directories.
const KUBELETS: [(&str, &str); 5] = [
    ("configMap", "configmap"),
    ("downwardAPI", "downward-api"),
    ("emptyDir", "empty-dir"),
    ("projected", "projected"),
    ("secret", "secret"),
];

/// Of `volumes`: a name, and one member more that is named by the kind.
#[derive(Default)]
pub(super) struct Volume {
    pub(super) name: String,
    kind: Option<String>,
    host_path: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostPath {
    path: Option<String>,
}

impl Volume {
    pub(super) fn kind(&self) -> Option<VolumeKind> {
        let kind = self.kind.as_deref()?;
        if kind == "hostPath" {
            return self.host_path.clone().map(VolumeKind::HostPath);
        }
        let Some((kind, directory)) = KUBELETS.iter().find(|(name, _)| *name == kind) else {
            return Some(VolumeKind::Other(kind.to_owned()));
        };
        let directory = format!("kubernetes.io~{directory}/{}", self.name);
        Some(VolumeKind::Kubelet { kind, directory })
    }
}

impl<'de> Deserialize<'de> for Volume {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Volume;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a volume")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Volume, A::Error> {
                let mut volume = Volume::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "name" => volume.name = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "hostPath" => {
                            if let Some(host) = map.next_value::<Option<HostPath>>()? {
                                (volume.host_path, volume.kind) = (host.path, Some(key));
                            }
                        }
                        _ => {
                            if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                                volume.kind = Some(key);
                            }
                        }
                    }
                }
                Ok(volume)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// By name.
pub(super) fn by_name(volumes: &[Volume]) -> BTreeMap<&str, &Volume> {
    volumes.iter().map(|it| (it.name.as_str(), it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_told_by_the_member_that_it_has() {
        let volumes: Vec<Volume> = serde_json::from_str(
            r#"[{"name": "a", "hostPath": {"path": "/srv", "type": ""}}, {"emptyDir": {}, "name": "b"},
                {"name": "c", "secret": null, "csi": {"driver": "x"}}, {"name": "d"}, {"name": "e", "hostPath": null}]"#,
        )
        .unwrap();
        let kinds: Vec<_> = volumes.iter().map(Volume::kind).collect();
        let kubelet = |kind, directory: &str| {
            Some(VolumeKind::Kubelet { kind, directory: directory.to_owned() })
        };
        assert_eq!(
            kinds,
            [
                Some(VolumeKind::HostPath("/srv".to_owned())),
                kubelet("emptyDir", "kubernetes.io~empty-dir/b"),
                Some(VolumeKind::Other("csi".to_owned())),
                None,
                None,
            ]
        );
        assert!(serde_json::from_str::<Volume>(r#"{"hostPath": {"path": 7}}"#).is_err());
        assert!(by_name(&volumes)["a"].host_path.is_some());
    }
}
