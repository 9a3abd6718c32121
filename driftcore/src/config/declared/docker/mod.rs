//! What Docker keeps of a container beside its bundle, and makes the next bundle from.

mod members;
mod mounts;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;

pub(in crate::config) use self::members::Members;
pub(in crate::config) use self::mounts::ApiMount;
pub(in crate::config) use self::mounts::Bind;
pub(in crate::config) use self::mounts::MountPoint;
use super::Environment;
use super::bundle::or_default;
use super::environment;
use super::image::names;
use crate::container::Document;

/// Docker's own two files about a container.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::config) struct Docker {
    /// `hostconfig.json`, where it could be read.
    pub(in crate::config) host: Option<Host>,
    /// `config.v2.json`.
    pub(in crate::config) config: Config,
    /// What both say, member by member.
    pub(in crate::config) members: Arc<Members>,
}

impl Docker {
    /// Reads the two. `None` where Docker has none, or `config.v2.json` cannot be read; what cannot be read is among
    /// the problems.
    pub(in crate::config) fn read(
        config: Option<&Document>,
        host: Option<&Document>,
        problems: &mut Vec<String>,
    ) -> Option<Self> {
        let of_config: Config = super::take(config, problems)?;
        let of_host: Option<Host> = super::take(host, problems);
        let members = Members::of(config, host.filter(|_| of_host.is_some()));
        Some(Self { host: of_host, config: of_config, members: Arc::new(members) })
    }

    /// Whether it was written when the container ran already: Docker completes it while it starts one.
    pub(in crate::config) fn is_of_running(&self) -> bool {
        self.config.state.pid > 0
    }
}

/// Of `hostconfig.json`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct Host {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) memory: i64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) memory_swap: i64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) memory_reservation: i64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cpu_shares: u64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cpu_period: u64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cpu_quota: i64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) nano_cpus: i64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cpuset_cpus: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cpuset_mems: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) pids_limit: i64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) oom_score_adj: i32,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) readonly_rootfs: bool,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) pid_mode: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) ipc_mode: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) network_mode: String,
    #[serde(rename = "UTSMode", deserialize_with = "or_default")]
    pub(in crate::config) uts_mode: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cap_add: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cap_drop: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) sysctls: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) ulimits: Vec<Ulimit>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) security_opt: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) devices: Vec<Device>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) binds: Vec<Bind>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) mounts: Vec<ApiMount>,
    /// Options by mount point.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) tmpfs: BTreeMap<String, String>,
    /// Containers whose volumes it has, too.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) volumes_from: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) shm_size: i64,
    /// Which is none of those is a path that the daemon chose when it made the container.
    pub(in crate::config) masked_paths: Option<Vec<String>>,
    pub(in crate::config) readonly_paths: Option<Vec<String>>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) device_cgroup_rules: Vec<String>,
    /// Devices that somebody else finds, and may give the container mounts and variables for.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) device_requests: Vec<IgnoredAny>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) userns_mode: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cgroupns_mode: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) group_add: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) blkio_weight: i64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) blkio_weight_device: Vec<Weight>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) blkio_device_read_bps: Vec<Throttle>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) blkio_device_write_bps: Vec<Throttle>,
    #[serde(rename = "BlkioDeviceReadIOps", deserialize_with = "or_default")]
    pub(in crate::config) blkio_device_read_iops: Vec<Throttle>,
    #[serde(rename = "BlkioDeviceWriteIOps", deserialize_with = "or_default")]
    pub(in crate::config) blkio_device_write_iops: Vec<Throttle>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) oom_kill_disable: bool,
    /// Whose variables it has, too.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) links: Vec<String>,
    pub(in crate::config) init: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) runtime: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) privileged: bool,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) publish_all_ports: bool,
    /// By the container's port, as `80/tcp`.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) port_bindings: BTreeMap<String, Option<Vec<PortBinding>>>,
}

/// A port of the host; none for one that is to be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct PortBinding {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) host_port: String,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct Ulimit {
    pub(in crate::config) name: String,
    pub(in crate::config) soft: i64,
    pub(in crate::config) hard: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct Device {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) path_in_container: String,
    /// Of `rwm`.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cgroup_permissions: String,
}

/// Of a disk; which one, a path of the host says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct Weight {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) weight: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct Throttle {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) rate: u64,
}

/// Of `config.v2.json`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct Config {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) path: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) args: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) config: Settings,
    /// By where they are mounted.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) mount_points: BTreeMap<String, MountPoint>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) no_new_privileges: bool,
    #[serde(rename = "AppArmorProfile", deserialize_with = "or_default")]
    pub(in crate::config) app_armor_profile: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) process_label: String,
    #[serde(deserialize_with = "or_default")]
    state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct State {
    #[serde(deserialize_with = "or_default")]
    pid: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct Settings {
    #[serde(deserialize_with = "environment::deserialize")]
    pub(in crate::config) env: Environment,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) user: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) working_dir: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) hostname: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) domainname: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) entrypoint: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cmd: Vec<String>,
    /// Mount points, those of the image among them.
    #[serde(deserialize_with = "names")]
    pub(in crate::config) volumes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_configuration_is_read() {
        let host: Host = serde_json::from_str(
            r#"{"Binds":["/srv:/data:ro,z","vol:/v"],"Memory":1048576,"PidsLimit":null,"CapAdd":null,
            "UTSMode":"host","Ulimits":[{"Name":"nofile","Hard":9,"Soft":8}]}"#,
        )
        .unwrap();
        assert_eq!(host.binds[0].source, "/srv");
        assert!(host.binds[0].is_read_only && !host.binds[1].is_read_only);
        assert_eq!((host.memory, host.pids_limit, host.uts_mode.as_str()), (1_048_576, 0, "host"));
        assert_eq!(host.ulimits[0].hard, 9);
    }

    #[test]
    fn the_environment_is_read_without_its_values() {
        let text = r#"{"Path":"sh","Args":["-c"],"Config":{"Env":["TOKEN=hunter2"]}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        assert_eq!(config.config.env.len(), 1);
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
