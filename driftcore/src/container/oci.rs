//! The OCI runtime's `config.json`, which every bundle has.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::event::ContainerDetails;
use crate::event::MountPoint;

/// Of a bundle's `config.json`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Bundle {
    pub(super) annotations: Option<BTreeMap<String, String>>,
    mounts: Option<Vec<Mount>>,
    process: Option<Process>,
    linux: Option<Linux>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Mount {
    destination: String,
    r#type: Option<String>,
    source: Option<String>,
    options: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Process {
    apparmor_profile: Option<String>,
    capabilities: Option<Capabilities>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Capabilities {
    bounding: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Linux {
    namespaces: Option<Vec<Namespace>>,
    masked_paths: Option<Vec<String>>,
    readonly_paths: Option<Vec<String>>,
    seccomp: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Namespace {
    r#type: String,
    path: Option<String>,
}

impl Bundle {
    /// What the bundle tells of how the container is set up.
    pub(super) fn details(&self) -> ContainerDetails {
        let Some(linux) = &self.linux else {
            return ContainerDetails::default();
        };
        let binds = self.mounts.iter().flatten().filter(|mount| mount.is_bind());
        ContainerDetails {
            privileged: self.declared().or_else(|| self.is_privileged(linux)),
            host_pid: linux.shares("pid"),
            host_ipc: linux.shares("ipc"),
            host_network: linux.shares("network"),
            mounts: Some(binds.map(Mount::point).collect()),
            ip: None,
            ports: Vec::new(),
        }
    }

    /// What Podman writes down.
    fn declared(&self) -> Option<bool> {
        let text = self.annotations.as_ref()?.get("io.podman.annotations.privileged")?;
        Some(text.eq_ignore_ascii_case("true"))
    }

    /// Runtimes make a container privileged by leaving out each of these, and no bundle says so
    /// in one word.
    fn is_privileged(&self, linux: &Linux) -> Option<bool> {
        let process = self.process.as_ref()?;
        let bounding = process.capabilities.as_ref().and_then(|sets| sets.bounding.as_ref());
        let may_administer = bounding.is_some_and(|set| set.iter().any(|it| it == "CAP_SYS_ADMIN"));
        let none = |paths: &Option<Vec<String>>| paths.as_ref().is_none_or(Vec::is_empty);
        let confined = process.apparmor_profile.as_deref();
        let confined = confined.is_some_and(|profile| !matches!(profile, "" | "unconfined"));
        let sysfs = self.mounts.iter().flatten();
        let read_only = sysfs
            .filter(|mount| matches!(mount.r#type.as_deref(), Some("sysfs" | "cgroup")))
            .any(|mount| mount.has("ro"));
        Some(
            may_administer
                && none(&linux.masked_paths)
                && none(&linux.readonly_paths)
                && linux.seccomp.is_none()
                && !confined
                && !read_only,
        )
    }
}

impl Linux {
    /// Whether the host's namespace of a kind is shared. One that is joined by its path may be
    /// the host's or another's.
    fn shares(&self, kind: &str) -> Option<bool> {
        let own = self.namespaces.iter().flatten().find(|namespace| namespace.r#type == kind);
        match own {
            None => Some(true),
            Some(namespace) if namespace.path.as_deref().unwrap_or_default().is_empty() => {
                Some(false)
            }
            Some(_) => None,
        }
    }
}

impl Mount {
    fn is_bind(&self) -> bool {
        self.r#type.as_deref() == Some("bind") || self.has("bind") || self.has("rbind")
    }

    fn has(&self, option: &str) -> bool {
        self.options.iter().flatten().any(|it| it == option)
    }

    fn point(&self) -> MountPoint {
        const PROPAGATIONS: [&str; 8] = [
            "private",
            "rprivate",
            "slave",
            "rslave",
            "shared",
            "rshared",
            "unbindable",
            "runbindable",
        ];
        let options = || self.options.iter().flatten().map(String::as_str);
        let propagation = options().rfind(|option| PROPAGATIONS.contains(option));
        let mode = options().find_map(|option| option.strip_prefix("mode="));
        MountPoint::new(
            self.source.clone().unwrap_or_default(),
            self.destination.clone(),
            mode.unwrap_or_default().to_owned(),
            !self.has("ro") && !self.has("rro"),
            propagation.unwrap_or_default().to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn details(config: &str) -> ContainerDetails {
        serde_json::from_str::<Bundle>(config).unwrap().details()
    }

    #[test]
    fn a_confined_container_is_not_privileged() {
        let found = details(
            r#"{"process":{"capabilities":{"bounding":["CAP_CHOWN"]},"apparmorProfile":"cri"},
            "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
            {"destination":"/etc/hosts","type":"bind","source":"/var/lib/kubelet/h",
            "options":["rbind","rprivate","rw"]},
            {"destination":"/data","source":"/srv","options":["bind","rslave","ro","mode=755"]}],
            "linux":{"namespaces":[{"type":"pid"},{"type":"network","path":"/proc/7/ns/net"}],
            "maskedPaths":["/proc/kcore"],"seccomp":{"defaultAction":"SCMP_ACT_ERRNO"}}}"#,
        );
        assert_eq!(found.privileged, Some(false));
        assert_eq!(
            (found.host_pid, found.host_ipc, found.host_network),
            (Some(false), Some(true), None)
        );
        let lines: Vec<_> = found.mounts.iter().flatten().map(MountPoint::as_str).collect();
        assert_eq!(
            lines,
            ["/var/lib/kubelet/h:/etc/hosts::true:rprivate", "/srv:/data:755:false:rslave"]
        );
    }

    #[test]
    fn a_privileged_container_is_told_by_what_it_lacks() {
        let open = r#"{"process":{"capabilities":{"bounding":["CAP_SYS_ADMIN"]},
            "apparmorProfile":"unconfined"},"mounts":[{"destination":"/sys","type":"sysfs",
            "options":["rw"]}],"linux":{"namespaces":[],"maskedPaths":null}}"#;
        assert_eq!(details(open).privileged, Some(true));
        for (text, other) in [
            ("CAP_SYS_ADMIN", "CAP_CHOWN"),
            ("unconfined", "docker-default"),
            (r#""rw""#, r#""ro""#),
            (r#""maskedPaths":null"#, r#""maskedPaths":["/proc/kcore"]"#),
            (r#""maskedPaths":null"#, r#""readonlyPaths":["/proc/bus"]"#),
            (r#""maskedPaths":null"#, r#""seccomp":{}"#),
        ] {
            assert_eq!(details(&open.replace(text, other)).privileged, Some(false), "{other}");
        }
        let podman = r#"{"annotations":{"io.podman.annotations.privileged":"TRUE"},"linux":{}}"#;
        assert_eq!(details(podman).privileged, Some(true));
    }

    #[test]
    fn what_a_bundle_does_not_say_is_not_known() {
        assert_eq!(details("{}"), ContainerDetails::default());
        assert_eq!(details(r#"{"linux":{}}"#).privileged, None);
    }

    proptest! {
        #[test]
        fn any_bundle_has_details(
            options in prop::collection::vec("[a-z=]{0,8}", 0..5),
            kinds in prop::collection::vec("[a-z]{0,8}", 0..5),
        ) {
            let namespaces: Vec<_> =
                kinds.iter().map(|kind| serde_json::json!({"type": kind})).collect();
            let config = serde_json::json!({
                "mounts": [{"destination": "/x", "type": "bind", "options": options}],
                "linux": {"namespaces": namespaces},
            });
            let found = details(&config.to_string());
            prop_assert_eq!(found.mounts.map(|mounts| mounts.len()), Some(1));
        }
    }
}
