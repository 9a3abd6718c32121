//! What is read of a pod: what controls and measures look at.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::Visitor;

use crate::pods::List;

/// Of a container's name, in an annotation.
pub(super) const APPARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) annotations: Annotations,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Spec {
    pub(super) node_name: Option<String>,
    pub(super) os: Option<Os>,
    pub(super) host_network: Option<bool>,
    #[serde(rename = "hostPID")]
    pub(super) host_pid: Option<bool>,
    #[serde(rename = "hostIPC")]
    pub(super) host_ipc: Option<bool>,
    pub(super) host_users: Option<bool>,
    pub(super) security_context: Option<PodContext>,
    pub(super) volumes: List<Volume>,
    pub(super) containers: List<Container>,
    pub(super) init_containers: List<Container>,
    pub(super) ephemeral_containers: List<Container>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Os {
    pub(super) name: Option<String>,
}

/// What a pod and a container may both say.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PodContext {
    pub(super) run_as_non_root: Option<bool>,
    pub(super) run_as_user: Option<i64>,
    pub(super) se_linux_options: Option<SeLinux>,
    pub(super) seccomp_profile: Option<Profile>,
    pub(super) app_armor_profile: Option<Profile>,
    pub(super) windows_options: Option<Windows>,
    pub(super) sysctls: List<Sysctl>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ContainerContext {
    pub(super) privileged: Option<bool>,
    pub(super) allow_privilege_escalation: Option<bool>,
    pub(super) read_only_root_filesystem: Option<bool>,
    pub(super) capabilities: Option<Capabilities>,
    pub(super) proc_mount: Option<String>,
    pub(super) run_as_non_root: Option<bool>,
    pub(super) run_as_user: Option<i64>,
    pub(super) se_linux_options: Option<SeLinux>,
    pub(super) seccomp_profile: Option<Profile>,
    pub(super) app_armor_profile: Option<Profile>,
    pub(super) windows_options: Option<Windows>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Capabilities {
    pub(super) add: List<String>,
    pub(super) drop: List<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SeLinux {
    pub(super) user: Option<String>,
    pub(super) role: Option<String>,
    pub(super) r#type: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    pub(super) r#type: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Windows {
    pub(super) host_process: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sysctl {
    pub(super) name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: Option<String>,
    pub(super) restart_policy: Option<String>,
    pub(super) security_context: Option<ContainerContext>,
    pub(super) ports: List<Port>,
    pub(super) liveness_probe: Option<Handler>,
    pub(super) readiness_probe: Option<Handler>,
    pub(super) startup_probe: Option<Handler>,
    pub(super) lifecycle: Option<Lifecycle>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Port {
    pub(super) host_port: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Lifecycle {
    pub(super) post_start: Option<Handler>,
    pub(super) pre_stop: Option<Handler>,
}

/// Of a probe or a hook.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Handler {
    pub(super) http_get: Option<Endpoint>,
    pub(super) tcp_socket: Option<Endpoint>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Endpoint {
    pub(super) host: Option<String>,
}

/// The profiles of AppArmor that annotations name, by the names of containers.
#[derive(Default)]
pub(super) struct Annotations(pub(super) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnnotationsVisitor)
    }
}

struct AnnotationsVisitor;

impl<'de> Visitor<'de> for AnnotationsVisitor {
    type Value = Annotations;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("annotations")
    }

    fn visit_unit<E>(self) -> Result<Annotations, E> {
        Ok(Annotations::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Annotations, A::Error> {
        let mut kept = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.strip_prefix(APPARMOR) {
                Some(container) => {
                    let profile: Option<String> = map.next_value()?;
                    kept.insert(container.to_owned(), profile.unwrap_or_default());
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Annotations(kept))
    }
}

/// A volume, by what it is of.
#[derive(Default)]
pub(super) struct Volume {
    pub(super) name: String,
    /// Fields that are set, besides the name. An object may set one; a hostile one may set more.
    pub(super) kinds: Vec<String>,
    /// Of a directory of the host.
    pub(super) host_path: Option<String>,
}

impl<'de> Deserialize<'de> for Volume {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(VolumeVisitor)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostPath {
    path: Option<String>,
}

struct VolumeVisitor;

impl<'de> Visitor<'de> for VolumeVisitor {
    type Value = Volume;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a volume")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Volume, A::Error> {
        let mut volume = Volume::default();
        while let Some(key) = map.next_key::<String>()? {
            let is_set = match key.as_str() {
                "name" => {
                    volume.name = map.next_value::<Option<String>>()?.unwrap_or_default();
                    false
                }
                "hostPath" => match map.next_value::<Option<HostPath>>()? {
                    Some(host) => {
                        volume.host_path = Some(host.path.unwrap_or_default());
                        true
                    }
                    None => false,
                },
                _ => map.next_value::<Option<IgnoredAny>>()?.is_some(),
            };
            if is_set {
                volume.kinds.push(key);
            }
        }
        Ok(volume)
    }
}
