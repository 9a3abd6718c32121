//! What Docker keeps of a container beside its bundle, and makes the next bundle from.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Environment;
use super::bundle::or_default;
use super::environment;

/// Docker's own two files about a container.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::config) struct Docker {
    /// `hostconfig.json`, where it could be read.
    pub(in crate::config) host: Option<Host>,
    /// `config.v2.json`.
    pub(in crate::config) config: Config,
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
    pub(in crate::config) path_in_container: String,
}

/// `SOURCE:DESTINATION[:OPTIONS]`; the source is a path of the host or the name of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(in crate::config) struct Bind {
    pub(in crate::config) source: String,
    pub(in crate::config) destination: String,
    pub(in crate::config) is_read_only: bool,
}

impl From<String> for Bind {
    fn from(text: String) -> Self {
        let mut parts = text.split(':');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        let (source, destination, options) = (next(), next(), next());
        Self { source, destination, is_read_only: options.split(',').any(|it| it == "ro") }
    }
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
