//! What runc keeps of a container that runs: by this it starts programs in it, and ends it. Others than runc
//! keep nothing of the kind.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::bundle::CapabilitySets;
use super::bundle::Hook;
use super::bundle::is_there;
use super::bundle::or_default;

/// `state.json`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Runc {
    pub(in crate::config) init_process_pid: i64,
    /// By the kernel's names, as `NEWPID`.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) namespace_paths: BTreeMap<String, String>,
    /// By controllers of version 1; by no name of version 2.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cgroup_paths: BTreeMap<String, String>,
    /// What it made of the bundle. Other runtimes have files of that name without.
    pub(in crate::config) config: Option<Config>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Config {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) rootfs: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) readonlyfs: bool,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) mounts: Vec<Mount>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) namespaces: Vec<Namespace>,
    pub(in crate::config) capabilities: Option<Sets>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) apparmor_profile: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) process_label: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) mask_paths: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) readonly_paths: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) sysctl: BTreeMap<String, String>,
    #[serde(deserialize_with = "is_there")]
    pub(in crate::config) seccomp: bool,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) no_new_privileges: bool,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) uid_mappings: Vec<IdMapping>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) gid_mappings: Vec<IdMapping>,
    /// By the same names as in the bundle.
    #[serde(rename = "Hooks", deserialize_with = "or_default")]
    pub(in crate::config) hooks: BTreeMap<String, Option<Vec<Hook>>>,
}

/// The flag of a mount that is read-only, as the kernel has it.
const READ_ONLY: u64 = 1;

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Mount {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) source: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) destination: String,
    flags: u64,
    #[serde(deserialize_with = "or_default")]
    rec_attr: RecursiveFlags,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct RecursiveFlags {
    attr_set: u64,
}

impl Mount {
    pub(in crate::config) const fn is_read_only(&self) -> bool {
        (self.flags | self.rec_attr.attr_set) & READ_ONLY != 0
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct Namespace {
    /// As `NEWPID`.
    pub(in crate::config) r#type: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) path: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct IdMapping {
    #[serde(alias = "ContainerID")]
    container_id: u32,
    #[serde(alias = "HostID")]
    host_id: u32,
    #[serde(alias = "Size")]
    size: u32,
}

impl From<IdMapping> for super::IdMapping {
    fn from(it: IdMapping) -> Self {
        Self { inside: it.container_id, outside: it.host_id, size: it.size }
    }
}

/// The sets, by runc's own spelling.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "BTreeMap<String, Option<Vec<String>>>")]
pub(in crate::config) struct Sets(pub(in crate::config) CapabilitySets);

impl From<BTreeMap<String, Option<Vec<String>>>> for Sets {
    fn from(sets: BTreeMap<String, Option<Vec<String>>>) -> Self {
        let mut all: BTreeMap<String, Vec<String>> = sets
            .into_iter()
            .map(|(name, set)| (name.to_ascii_lowercase(), set.unwrap_or_default()))
            .collect();
        let mut set = |name: &str| all.remove(name).unwrap_or_default();
        Self(CapabilitySets {
            bounding: set("bounding"),
            effective: set("effective"),
            inheritable: set("inheritable"),
            permitted: set("permitted"),
            ambient: set("ambient"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runc_keeps_is_read() {
        let state: Runc = serde_json::from_str(
            r#"{"init_process_pid":7,"namespace_paths":{"NEWPID":"/proc/7/ns/pid"},"config":{
            "mounts":[{"destination":"/a","flags":20481,"rec_attr":null},{"destination":"/b","rec_attr":{"attr_set":1}},{"flags":0}],
            "capabilities":{"Bounding":["CAP_CHOWN"],"Ambient":null},"seccomp":null,"mask_paths":null,
            "uid_mappings":[{"container_id":0,"host_id":9,"size":1}],
            "Hooks":{"poststop":[{"path":"/x","args":["a"],"env":null}],"prestart":null}}}"#,
        )
        .unwrap();
        let config = state.config.unwrap();
        let read_only: Vec<_> = config.mounts.iter().map(Mount::is_read_only).collect();
        assert_eq!(read_only, [true, true, false]);
        assert_eq!(config.capabilities.unwrap().0.bounding, ["CAP_CHOWN"]);
        assert_eq!(super::super::IdMapping::from(config.uid_mappings[0]).outside, 9);
        assert!(config.hooks["poststop"].is_some() && config.hooks["prestart"].is_none());
        // Of another runtime.
        let other: Runc =
            serde_json::from_str(r#"{"ociVersion":"1.0","id":"x","status":"running","pid":7}"#)
                .unwrap();
        assert_eq!(other, Runc::default());
    }
}
