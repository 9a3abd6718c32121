//! Of a pod's JSON, what a bundle is made from.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;

use super::PodContainer;
use super::PodMount;
use super::VolumeKind;
use super::confinement;
use super::confinement::Labels;
use super::confinement::Profile;
use super::quantity::Quantity;
use super::volume;
use super::volume::Volume;
use crate::config::secret;
use crate::event::Text;
use crate::pods::List;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) name: Option<String>,
    namespace: Option<String>,
    pub(super) uid: Option<String>,
    annotations: Option<BTreeMap<String, Option<String>>>,
}

/// What the kubelet writes to pods that it has from files: the API server gives them another `uid`.
const MIRROR: &str = "kubernetes.io/config.mirror";

impl Metadata {
    pub(super) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }

    fn own_uid(&self) -> Option<String> {
        let is_mirror = self.annotations.as_ref().is_some_and(|it| it.contains_key(MIRROR));
        self.uid.clone().filter(|_| !is_mirror)
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
    host_users: Option<bool>,
    share_process_namespace: Option<bool>,
    volumes: List<Volume>,
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
    app_armor_profile: Option<Profile>,
    se_linux_options: Option<Labels>,
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
    app_armor_profile: Option<Profile>,
    se_linux_options: Option<Labels>,
    proc_mount: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Capabilities {
    add: List<String>,
    drop: List<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    name: Option<String>,
    env: List<Variable>,
    env_from: List<IgnoredAny>,
    image: Option<String>,
    command: List<String>,
    args: List<String>,
    working_dir: Option<String>,
    security_context: Option<Context>,
    volume_mounts: List<VolumeMount>,
    volume_devices: List<VolumeDevice>,
    target_container_name: Option<String>,
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
    name: Option<String>,
    mount_path: String,
    read_only: Option<bool>,
    sub_path: Option<String>,
    sub_path_expr: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VolumeDevice {
    device_path: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resources {
    limits: Option<BTreeMap<String, Quantity>>,
    requests: Option<BTreeMap<String, Quantity>>,
    claims: List<IgnoredAny>,
}

impl Resources {
    fn limit(&self, name: &str) -> Option<Quantity> {
        self.limits.as_ref()?.get(name).copied()
    }

    fn request(&self, name: &str) -> Option<Quantity> {
        self.requests.as_ref()?.get(name).copied()
    }

    /// Resources that are not Kubernetes' own have a domain in their names.
    fn has_devices(&self) -> bool {
        let mut names = self.limits.iter().flat_map(BTreeMap::keys);
        !self.claims.is_empty() || names.any(|name| name.contains('/'))
    }
}

impl Spec {
    /// What is said of the container of that name.
    pub(super) fn container(&self, metadata: &Metadata, name: &str) -> Option<PodContainer> {
        let lists = [&self.containers, &self.init_containers, &self.ephemeral_containers];
        let mut all = lists.into_iter().flat_map(|list| list.iter());
        let container = all.find(|it| it.name.as_deref() == Some(name))?;
        Some(self.of(metadata, container))
    }

    fn of(&self, metadata: &Metadata, container: &Container) -> PodContainer {
        let (of_pod, own) = (&PodContext::default(), &Context::default());
        let of_pod = self.security_context.as_ref().unwrap_or(of_pod);
        let own = container.security_context.as_ref().unwrap_or(own);
        let name = container.name.as_deref().unwrap_or_default();
        let annotations = metadata.annotations.as_ref();
        let annotated = |of: fn(&BTreeMap<String, Option<String>>, &str) -> Option<Profile>| {
            annotations.and_then(|it| of(it, name))
        };
        let seccomp = own.seccomp_profile.clone().or_else(|| of_pod.seccomp_profile.clone());
        let app_armor = own.app_armor_profile.clone().or_else(|| of_pod.app_armor_profile.clone());
        let se_linux = own.se_linux_options.clone().or_else(|| of_pod.se_linux_options.clone());
        let (mut add, mut drop) = (Vec::new(), Vec::new());
        if let Some(capabilities) = &own.capabilities {
            (add, drop) = (capabilities.add.to_vec(), capabilities.drop.to_vec());
        }
        let env: BTreeMap<Text, Option<Text>> = container
            .env
            .iter()
            .map(|Variable(name, value)| (name.clone(), value.clone()))
            .collect();
        let volumes = volume::by_name(&self.volumes);
        let mount = |it: &VolumeMount| PodMount {
            path: it.mount_path.clone(),
            read_only: it.read_only == Some(true),
            volume: it.name.as_deref().and_then(|name| kind(volumes.get(name)?, it)),
        };
        let devices = container.volume_devices.iter();
        let resources = container.resources.as_ref();
        PodContainer {
            name: name.to_owned(),
            pod_name: metadata.name.clone(),
            namespace: metadata.namespace.clone(),
            uid: metadata.own_uid(),
            image: container.image.clone(),
            env,
            env_from: !container.env_from.is_empty(),
            devices: resources.is_some_and(Resources::has_devices),
            command: container.command.to_vec(),
            args: container.args.to_vec(),
            working_dir: container.working_dir.clone().filter(|it| !it.is_empty()),
            mounts: container.volume_mounts.iter().map(mount).collect(),
            user: own.run_as_user.or(of_pod.run_as_user),
            group: own.run_as_group.or(of_pod.run_as_group),
            groups: of_pod.supplemental_groups.iter().copied().chain(of_pod.fs_group).collect(),
            non_root: own.run_as_non_root.or(of_pod.run_as_non_root) == Some(true),
            privileged: own.privileged == Some(true),
            allow_privilege_escalation: own.allow_privilege_escalation,
            read_only_root: own.read_only_root_filesystem == Some(true),
            seccomp: seccomp.or_else(|| annotated(confinement::seccomp)),
            app_armor: app_armor.or_else(|| annotated(confinement::app_armor)),
            se_linux: se_linux.unwrap_or_default(),
            unmasked: own.proc_mount.as_deref() == Some("Unmasked"),
            add,
            drop,
            sysctls: of_pod.sysctls.iter().map(|it| (it.name.clone(), it.value.clone())).collect(),
            host_network: self.host_network == Some(true),
            host_pid: self.host_pid == Some(true),
            host_ipc: self.host_ipc == Some(true),
            host_users: self.host_users,
            shares_processes: self.share_process_namespace == Some(true),
            has_target: container.target_container_name.as_deref().is_some_and(|it| !it.is_empty()),
            volume_devices: devices.filter_map(|it| it.device_path.clone()).collect(),
            cpu_request: resources.and_then(|it| it.request("cpu")?.thousandths()),
            memory: resources.and_then(|it| it.limit("memory")?.whole()),
            cpu: resources.and_then(|it| it.limit("cpu")?.thousandths()),
            termination_log: container.termination_message_path.clone(),
        }
    }
}

/// What a mount of a volume is of. Where its path is made of variables, nobody tells.
fn kind(volume: &Volume, mount: &VolumeMount) -> Option<VolumeKind> {
    if mount.sub_path_expr.as_deref().is_some_and(|it| !it.is_empty()) {
        return None;
    }
    let below = mount.sub_path.as_deref().filter(|it| !it.is_empty());
    Some(match (volume.kind()?, below) {
        (VolumeKind::HostPath(path), Some(below)) => {
            VolumeKind::HostPath(format!("{}/{below}", path.trim_end_matches('/')))
        }
        (kind, _) => kind,
    })
}
