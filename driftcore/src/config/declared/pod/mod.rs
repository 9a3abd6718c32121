//! What a pod's JSON says of one of its containers, for the bundle that was made from it.

mod find;
mod quantity;
mod spec;

use std::collections::BTreeMap;

pub(in crate::config) use find::find;

use crate::event::Text;

/// What is said of a container, by itself or by its pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::config) struct PodContainer {
    /// Variables, with their values as they may be shown; `None` where the value comes from elsewhere.
    pub(in crate::config) env: BTreeMap<Text, Option<Text>>,
    /// Whether it has more of them from elsewhere.
    pub(in crate::config) env_from: bool,
    /// Whether it is given devices: whoever provides them may give it variables, too.
    pub(in crate::config) devices: bool,
    /// Whether another command than the image's is started.
    pub(in crate::config) command: bool,
    /// Whether it is given other arguments than the image's.
    pub(in crate::config) args: bool,
    pub(in crate::config) working_dir: bool,
    pub(in crate::config) mounts: Vec<PodMount>,
    pub(in crate::config) user: Option<i64>,
    pub(in crate::config) group: Option<i64>,
    /// `fsGroup` and `supplementalGroups`.
    pub(in crate::config) groups: Vec<i64>,
    pub(in crate::config) non_root: bool,
    pub(in crate::config) privileged: bool,
    pub(in crate::config) allow_privilege_escalation: Option<bool>,
    pub(in crate::config) read_only_root: bool,
    /// The type of the profile.
    pub(in crate::config) seccomp: Option<String>,
    /// Whether nothing of /proc is to be masked.
    pub(in crate::config) unmasked: bool,
    pub(in crate::config) add: Vec<String>,
    pub(in crate::config) drop: Vec<String>,
    pub(in crate::config) sysctls: Vec<(String, String)>,
    pub(in crate::config) host_network: bool,
    pub(in crate::config) host_pid: bool,
    pub(in crate::config) host_ipc: bool,
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
}
