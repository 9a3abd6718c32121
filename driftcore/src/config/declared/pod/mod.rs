//! What a pod's JSON says of one of its containers, for the bundle that was made from it.

mod confinement;
mod find;
mod quantity;
mod spec;
mod volume;

use std::collections::BTreeMap;

pub(in crate::config) use confinement::Labels;
pub(in crate::config) use confinement::Profile;
pub(in crate::config) use find::find;
pub(in crate::config) use volume::VolumeKind;

use crate::event::Text;

/// What is said of a container, by itself or by its pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::config) struct PodContainer {
    /// Its own name.
    pub(in crate::config) name: String,
    pub(in crate::config) pod_name: Option<String>,
    pub(in crate::config) namespace: Option<String>,
    /// None of a pod that the kubelet has from a file: it knows it by another one.
    pub(in crate::config) uid: Option<String>,
    /// As it is written.
    pub(in crate::config) image: Option<String>,
    /// Variables, with their values as they may be shown; `None` where the value comes from elsewhere.
    pub(in crate::config) env: BTreeMap<Text, Option<Text>>,
    /// Whether it has more of them from elsewhere.
    pub(in crate::config) env_from: bool,
    /// Whether it is given devices: whoever provides them may give it variables, too.
    pub(in crate::config) devices: bool,
    /// Another command than the image's; none for that.
    pub(in crate::config) command: Vec<String>,
    /// Other arguments than the image's; none for these.
    pub(in crate::config) args: Vec<String>,
    pub(in crate::config) working_dir: Option<String>,
    pub(in crate::config) mounts: Vec<PodMount>,
    pub(in crate::config) user: Option<i64>,
    pub(in crate::config) group: Option<i64>,
    /// `fsGroup` and `supplementalGroups`.
    pub(in crate::config) groups: Vec<i64>,
    pub(in crate::config) non_root: bool,
    pub(in crate::config) privileged: bool,
    pub(in crate::config) allow_privilege_escalation: Option<bool>,
    pub(in crate::config) read_only_root: bool,
    pub(in crate::config) seccomp: Option<Profile>,
    pub(in crate::config) app_armor: Option<Profile>,
    pub(in crate::config) se_linux: Labels,
    /// Whether nothing of /proc is to be masked.
    pub(in crate::config) unmasked: bool,
    pub(in crate::config) add: Vec<String>,
    pub(in crate::config) drop: Vec<String>,
    pub(in crate::config) sysctls: Vec<(String, String)>,
    pub(in crate::config) host_network: bool,
    pub(in crate::config) host_pid: bool,
    pub(in crate::config) host_ipc: bool,
    /// `None` where nothing is said of it.
    pub(in crate::config) host_users: Option<bool>,
    pub(in crate::config) shares_processes: bool,
    /// Whether it looks into the processes of another container.
    pub(in crate::config) has_target: bool,
    /// Paths of block devices.
    pub(in crate::config) volume_devices: Vec<String>,
    /// In thousandths of a processor. Kubernetes makes one of a limit.
    pub(in crate::config) cpu_request: Option<u64>,
    /// In bytes.
    pub(in crate::config) memory: Option<u64>,
    /// In thousandths of a processor.
    pub(in crate::config) cpu: Option<u64>,
    /// Where it leaves its last words.
    pub(in crate::config) termination_log: Option<String>,
}

/// Where a volume is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct PodMount {
    pub(in crate::config) path: String,
    pub(in crate::config) read_only: bool,
    /// What is mounted, where the pod says so.
    pub(in crate::config) volume: Option<VolumeKind>,
}
