//! Of a pod's JSON, what a bundle is made from.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;

use super::PodContainer;
use super::PodMount;
use super::quantity::Quantity;
use crate::config::secret;
use crate::event::Text;
use crate::pods::List;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) name: Option<String>,
    namespace: Option<String>,
    pub(super) uid: Option<String>,
}

impl Metadata {
    pub(super) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Spec {
    security_context: Option<PodContext>,
    host_network: Option<bool>,
    #[serde(rename = "hostPID")]
    host_pid: Option<bool>,
    #[serde(rename = "hostIPC")]
    host_ipc: Option<bool>,
    containers: List<Container>,
    init_containers: List<Container>,
    ephemeral_containers: List<Container>,
}

/// Of status, which containers there are.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    container_statuses: List<ContainerStatus>,
    init_container_statuses: List<ContainerStatus>,
    ephemeral_container_statuses: List<ContainerStatus>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    name: Option<String>,
    #[serde(rename = "containerID")]
    container_id: Option<String>,
}

impl Status {
    /// The names of containers and their ids, without the name of the runtime before them.
    pub(super) fn ids(&self) -> impl Iterator<Item = (&str, &str)> {
        let lists = [
            &self.container_statuses,
            &self.init_container_statuses,
            &self.ephemeral_container_statuses,
        ];
        lists.into_iter().flat_map(|list| list.iter()).filter_map(|status| {
            let id = status.container_id.as_deref()?;
            Some((status.name.as_deref()?, id.rsplit_once("://").map_or(id, |(_, id)| id)))
        })
    }
}

/// Of a pod.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodContext {
    run_as_user: Option<i64>,
    run_as_group: Option<i64>,
    run_as_non_root: Option<bool>,
    fs_group: Option<i64>,
    supplemental_groups: List<i64>,
    seccomp_profile: Option<Profile>,
    sysctls: List<Sysctl>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sysctl {
    name: String,
    value: String,
}

/// Of a container.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Context {
    run_as_user: Option<i64>,
    run_as_group: Option<i64>,
    run_as_non_root: Option<bool>,
    privileged: Option<bool>,
    allow_privilege_escalation: Option<bool>,
    read_only_root_filesystem: Option<bool>,
    capabilities: Option<Capabilities>,
    seccomp_profile: Option<Profile>,
    proc_mount: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Capabilities {
    add: List<String>,
    drop: List<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Profile {
    r#type: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    name: Option<String>,
    env: List<Variable>,
    env_from: List<IgnoredAny>,
    command: List<IgnoredAny>,
    args: List<IgnoredAny>,
    working_dir: Option<String>,
    security_context: Option<Context>,
    volume_mounts: List<VolumeMount>,
    resources: Option<Resources>,
    termination_message_path: Option<String>,
}

/// A variable; its value ends here.
#[derive(Default)]
struct Variable(Text, Option<Text>);

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Raw {
            name: String,
            value: Option<String>,
            value_from: Option<IgnoredAny>,
        }

        let raw = Raw::deserialize(deserializer)?;
        // A value may name other variables; what they are is told elsewhere.
        let value = raw.value.unwrap_or_default();
        let is_own = raw.value_from.is_none() && !value.replace("$$", "").contains("$(");
        let shown = || secret::shown(raw.name.as_bytes(), value.replace("$$", "$").as_bytes());
        Ok(Self(Text::from(raw.name.as_str()), is_own.then(shown)))
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VolumeMount {
    mount_path: String,
    read_only: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resources {
    limits: Option<BTreeMap<String, Quantity>>,
    claims: List<IgnoredAny>,
}

impl Resources {
    fn limit(&self, name: &str) -> Option<Quantity> {
        self.limits.as_ref()?.get(name).copied()
    }

    /// Resources that are not Kubernetes' own have a domain in their names.
    fn has_devices(&self) -> bool {
        let mut names = self.limits.iter().flat_map(BTreeMap::keys);
        !self.claims.is_empty() || names.any(|name| name.contains('/'))
    }
}

impl Spec {
    /// What is said of the container of that name.
    pub(super) fn container(&self, name: &str) -> Option<PodContainer> {
        let lists = [&self.containers, &self.init_containers, &self.ephemeral_containers];
        let mut all = lists.into_iter().flat_map(|list| list.iter());
        let container = all.find(|it| it.name.as_deref() == Some(name))?;
        Some(self.of(container))
    }

    fn of(&self, container: &Container) -> PodContainer {
        let (of_pod, own) = (&PodContext::default(), &Context::default());
        let of_pod = self.security_context.as_ref().unwrap_or(of_pod);
        let own = container.security_context.as_ref().unwrap_or(own);
        let profile = own.seccomp_profile.as_ref().or(of_pod.seccomp_profile.as_ref());
        let (mut add, mut drop) = (Vec::new(), Vec::new());
        if let Some(capabilities) = &own.capabilities {
            (add, drop) = (capabilities.add.to_vec(), capabilities.drop.to_vec());
        }
        let env: BTreeMap<Text, Option<Text>> = container
            .env
            .iter()
            .map(|Variable(name, value)| (name.clone(), value.clone()))
            .collect();
        let mount = |it: &VolumeMount| PodMount {
            path: it.mount_path.clone(),
            read_only: it.read_only == Some(true),
        };
        let resources = container.resources.as_ref();
        PodContainer {
            env,
            env_from: !container.env_from.is_empty(),
            devices: resources.is_some_and(Resources::has_devices),
            command: !container.command.is_empty(),
            args: !container.args.is_empty(),
            working_dir: container.working_dir.as_deref().is_some_and(|it| !it.is_empty()),
            mounts: container.volume_mounts.iter().map(mount).collect(),
            user: own.run_as_user.or(of_pod.run_as_user),
            group: own.run_as_group.or(of_pod.run_as_group),
            groups: of_pod.supplemental_groups.iter().copied().chain(of_pod.fs_group).collect(),
            non_root: own.run_as_non_root.or(of_pod.run_as_non_root) == Some(true),
            privileged: own.privileged == Some(true),
            allow_privilege_escalation: own.allow_privilege_escalation,
            read_only_root: own.read_only_root_filesystem == Some(true),
            seccomp: profile.and_then(|it| it.r#type.clone()),
            unmasked: own.proc_mount.as_deref() == Some("Unmasked"),
            add,
            drop,
            sysctls: of_pod.sysctls.iter().map(|it| (it.name.clone(), it.value.clone())).collect(),
            host_network: self.host_network == Some(true),
            host_pid: self.host_pid == Some(true),
            host_ipc: self.host_ipc == Some(true),
            memory: resources.and_then(|it| it.limit("memory")?.whole()),
            cpu: resources.and_then(|it| it.limit("cpu")?.thousandths()),
            termination_log: container.termination_message_path.clone(),
        }
    }
}
