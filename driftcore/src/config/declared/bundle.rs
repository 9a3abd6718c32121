//! An OCI bundle's `config.json`: what of it the kernel can be asked about.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;

use super::Environment;
use super::environment;

/// What an OCI runtime starts a container with. Lists that are `null` are empty.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Bundle {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) process: Process,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) root: Root,
    pub(in crate::config) hostname: Option<String>,
    pub(in crate::config) domainname: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) mounts: Vec<Mount>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) linux: Linux,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) annotations: BTreeMap<String, String>,
    /// What the runtime runs on the host, by when it does.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) hooks: BTreeMap<String, Option<Vec<Hook>>>,
}

/// A program of the host.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Hook {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) path: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) args: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::config) struct Process {
    pub(in crate::config) terminal: bool,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) user: User,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) args: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cwd: String,
    #[serde(deserialize_with = "environment::deserialize")]
    pub(in crate::config) env: Environment,
    pub(in crate::config) capabilities: Option<CapabilitySets>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) rlimits: Vec<Rlimit>,
    pub(in crate::config) no_new_privileges: bool,
    pub(in crate::config) apparmor_profile: Option<String>,
    pub(in crate::config) selinux_label: Option<String>,
    pub(in crate::config) oom_score_adj: Option<i32>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::config) struct User {
    pub(in crate::config) uid: u32,
    pub(in crate::config) gid: u32,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) additional_gids: Vec<u32>,
}

/// By name, as `CAP_CHOWN`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct CapabilitySets {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) bounding: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) effective: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) inheritable: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) permitted: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) ambient: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Rlimit {
    pub(in crate::config) r#type: String,
    pub(in crate::config) hard: u64,
    pub(in crate::config) soft: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Root {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) path: String,
    pub(in crate::config) readonly: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Mount {
    pub(in crate::config) destination: String,
    pub(in crate::config) r#type: Option<String>,
    pub(in crate::config) source: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) options: Vec<String>,
}

impl Mount {
    pub(in crate::config) fn is_bind(&self) -> bool {
        self.r#type.as_deref() == Some("bind") || self.has("bind") || self.has("rbind")
    }

    pub(in crate::config) fn has(&self, option: &str) -> bool {
        self.options.iter().any(|it| it == option)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::config) struct Linux {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) namespaces: Vec<Namespace>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) uid_mappings: Vec<IdMapping>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) gid_mappings: Vec<IdMapping>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) devices: Vec<Device>,
    pub(in crate::config) cgroups_path: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) resources: Resources,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) sysctl: BTreeMap<String, String>,
    #[serde(deserialize_with = "is_there")]
    pub(in crate::config) seccomp: bool,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) masked_paths: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) readonly_paths: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Namespace {
    pub(in crate::config) r#type: String,
    /// Of one that is joined.
    pub(in crate::config) path: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::config) struct IdMapping {
    #[serde(rename = "containerID")]
    pub(in crate::config) inside: u32,
    #[serde(rename = "hostID")]
    pub(in crate::config) outside: u32,
    pub(in crate::config) size: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Device {
    pub(in crate::config) path: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) r#type: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) major: i64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) minor: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::config) struct Resources {
    /// `None` where nothing is said of them.
    pub(in crate::config) devices: Option<Vec<DeviceRule>>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) memory: Memory,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cpu: Cpu,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) pids: Pids,
    /// Files of the unified hierarchy, by name.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) unified: BTreeMap<String, String>,
    #[serde(rename = "blockIO", deserialize_with = "or_default")]
    pub(in crate::config) block_io: BlockIo,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct DeviceRule {
    pub(in crate::config) allow: bool,
    pub(in crate::config) r#type: Option<String>,
    pub(in crate::config) major: Option<i64>,
    pub(in crate::config) minor: Option<i64>,
    pub(in crate::config) access: Option<String>,
}

/// In bytes; 0 and less are no limit.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::config) struct Memory {
    #[serde(rename = "disableOOMKiller", deserialize_with = "or_default")]
    pub(in crate::config) disable_oom_killer: bool,
    pub(in crate::config) limit: Option<i64>,
    /// Memory and swap together.
    pub(in crate::config) swap: Option<i64>,
    pub(in crate::config) reservation: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Cpu {
    pub(in crate::config) shares: Option<u64>,
    /// In microseconds.
    pub(in crate::config) quota: Option<i64>,
    pub(in crate::config) period: Option<u64>,
    pub(in crate::config) cpus: Option<String>,
    pub(in crate::config) mems: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Pids {
    pub(in crate::config) limit: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::config) struct BlockIo {
    pub(in crate::config) weight: Option<u64>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) weight_device: Vec<WeightDevice>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) throttle_read_bps_device: Vec<Throttle>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) throttle_write_bps_device: Vec<Throttle>,
    #[serde(rename = "throttleReadIOPSDevice", deserialize_with = "or_default")]
    pub(in crate::config) throttle_read_iops_device: Vec<Throttle>,
    #[serde(rename = "throttleWriteIOPSDevice", deserialize_with = "or_default")]
    pub(in crate::config) throttle_write_iops_device: Vec<Throttle>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Throttle {
    pub(in crate::config) major: i64,
    pub(in crate::config) minor: i64,
    pub(in crate::config) rate: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct WeightDevice {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) weight: u64,
}

/// `null` is what is not there.
pub(super) fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

pub(super) fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(deserializer)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_null_or_absent_is_empty() {
        let all = r#"{"process":null,"root":null,"mounts":null,"linux":null}"#;
        assert_eq!(serde_json::from_str::<Bundle>(all).unwrap(), Bundle::default());
        let inner = r#"{"process":{"user":null,"env":null,"rlimits":null,"capabilities":null},
            "linux":{"namespaces":null,"resources":{"devices":null,"memory":null,"blockIO":null},
            "sysctl":null,"seccomp":null,"maskedPaths":null}}"#;
        assert_eq!(serde_json::from_str::<Bundle>(inner).unwrap(), Bundle::default());
        assert_eq!(serde_json::from_str::<Bundle>("{}").unwrap(), Bundle::default());
    }

    #[test]
    fn what_the_kernel_can_be_asked_about_is_read() {
        let bundle: Bundle = serde_json::from_str(
            r#"{"ociVersion":"1.2.0","process":{"terminal":true,"user":{"uid":7,"additionalGids":[1]},
            "env":["PATH=/bin","TOKEN=hunter2"],"noNewPrivileges":true,"oomScoreAdj":-5,
            "rlimits":[{"type":"RLIMIT_NOFILE","hard":9,"soft":8}]},"root":{"readonly":true},
            "linux":{"seccomp":{"defaultAction":"x"},"uidMappings":[{"containerID":0,"hostID":9,"size":1}],
            "resources":{"unified":{"pids.max":"5"},"blockIO":{"throttleReadIOPSDevice":[{"rate":4}]}}}}"#,
        )
        .unwrap();
        assert!(bundle.process.terminal && bundle.root.readonly && bundle.linux.seccomp);
        assert_eq!(bundle.process.env.len(), 2);
        assert!(!format!("{bundle:?}").contains("hunter2"));
        assert_eq!(bundle.linux.uid_mappings[0], IdMapping { inside: 0, outside: 9, size: 1 });
        assert_eq!(bundle.linux.resources.block_io.throttle_read_iops_device[0].rate, 4);
    }
}
