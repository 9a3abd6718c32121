//! The controls of a pod as a whole, and what its containers are held to.

use std::collections::HashSet;

use super::super::Control;
use super::super::Level;
use super::super::Posture;
use super::super::Role;
use super::super::Source;
use super::super::findings::Findings;
use super::super::standard;
use super::container;
use super::path;
use super::path::At;
use super::spec::APPARMOR;
use super::spec::Metadata;
use super::spec::PodContext;
use super::spec::SeLinux;
use super::spec::Spec;
use super::spec::Volume;

pub(super) const FALSE: &str = "set it to false or leave it out";
pub(super) const TRUE: &str = "set it to true";
pub(super) const PROFILE: &str = "set it to RuntimeDefault or Localhost";
pub(super) const PROFILE_OR_NONE: &str = "set it to RuntimeDefault or Localhost, or leave it out";
pub(super) const NOT_ROOT: &str = "set it to another user than 0 or leave it out";

/// What containers take over from their pod, and what relaxes controls.
pub(super) struct Pod<'a> {
    pub(super) metadata: &'a Metadata,
    pub(super) context: &'a PodContext,
    /// Controls that Windows does not have are not asked for there.
    pub(super) is_windows: bool,
    /// Root in a user namespace of the pod's own is not the host's.
    pub(super) has_own_users: bool,
}

pub(super) fn judge(metadata: &Metadata, spec: &Spec) -> Posture {
    let none = PodContext::default();
    let os = spec.os.as_ref().and_then(|os| os.name.as_deref());
    let pod = Pod {
        metadata,
        context: spec.security_context.as_ref().unwrap_or(&none),
        is_windows: os == Some("windows"),
        has_own_users: spec.host_users == Some(false),
    };
    let mut found = Findings::default();
    for (name, value) in [
        ("spec.hostNetwork", spec.host_network),
        ("spec.hostPID", spec.host_pid),
        ("spec.hostIPC", spec.host_ipc),
    ] {
        if value == Some(true) {
            found.fail(
                Control::HostNamespaces,
                Level::Baseline,
                || name.to_owned(),
                Some("true"),
                FALSE,
            );
        }
    }
    pod_context(&mut found, &pod);
    for (index, volume) in spec.volumes.iter().enumerate() {
        self::volume(&mut found, index, volume);
    }
    annotations(&mut found, metadata, spec);

    let of_pod = found.level();
    let groups = [
        ("initContainers", &spec.init_containers),
        ("containers", &spec.containers),
        ("ephemeralContainers", &spec.ephemeral_containers),
    ];
    let mut containers = Vec::new();
    for (list, group) in groups {
        for (index, container) in group.iter().enumerate() {
            let role = match list {
                "initContainers" => Role::of_init(container.restart_policy.as_deref()),
                "containers" => Role::Main,
                _ => Role::Ephemeral,
            };
            containers.push(container::judge(&pod, of_pod, At { list, index }, role, container));
        }
    }
    let level = containers.iter().map(|it| it.level).min().unwrap_or(of_pod);
    let (failures, more_failures) = found.finish();
    Posture {
        source: Source::Pod,
        pod: metadata.name.clone(),
        namespace: metadata.namespace.clone(),
        node: spec.node_name.clone(),
        level,
        failures,
        more_failures,
        containers,
    }
}

/// What the pod's security context says for all its containers.
fn pod_context(found: &mut Findings, pod: &Pod<'_>) {
    let context = pod.context;
    if context.windows_options.as_ref().is_some_and(|it| it.host_process == Some(true)) {
        let path = || path::context("windowsOptions.hostProcess");
        found.fail(Control::HostProcess, Level::Baseline, path, Some("true"), FALSE);
    }
    if let Some(profile) = &context.app_armor_profile {
        let kind = profile.r#type.as_deref();
        if !kind.is_some_and(standard::is_profile) {
            let path = || path::context("appArmorProfile.type");
            found.fail(Control::AppArmor, Level::Baseline, path, kind, PROFILE_OR_NONE);
        }
    }
    if let Some(options) = &context.se_linux_options {
        se_linux(found, options, path::context);
    }
    if let Some(profile) = &context.seccomp_profile {
        let kind = profile.r#type.as_deref();
        if !kind.is_some_and(standard::is_profile) {
            let path = || path::context("seccompProfile.type");
            found.fail(Control::Seccomp, Level::Baseline, path, kind, PROFILE);
        }
    }
    for (index, sysctl) in context.sysctls.iter().enumerate() {
        let name = sysctl.name.as_deref().unwrap_or_default();
        if !standard::SYSCTLS.contains(&name) {
            let path = || path::context(&format!("sysctls[{index}].name"));
            found.fail(Control::Sysctls, Level::Baseline, path, Some(name), "leave it out");
        }
    }
    if context.run_as_non_root == Some(false) && !pod.has_own_users {
        let path = || path::context("runAsNonRoot");
        found.fail(Control::NonRoot, Level::Restricted, path, Some("false"), TRUE);
    }
    if context.run_as_user == Some(0) && !pod.has_own_users {
        let path = || path::context("runAsUser");
        found.fail(Control::NonRootUser, Level::Restricted, path, Some("0"), NOT_ROOT);
    }
}

/// The label that a pod or a container asks for; `path` of a field of its context.
pub(super) fn se_linux(
    found: &mut Findings,
    options: &SeLinux,
    path: impl Fn(&str) -> String + Copy,
) {
    let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let kind = set(&options.r#type).filter(|it| !standard::SELINUX_TYPES.contains(&it.as_str()));
    let kinds = "set it to container_t, container_init_t, container_kvm_t or container_engine_t, \
                 or leave it out";
    for (field, value, remedy) in [
        ("seLinuxOptions.type", kind, kinds),
        ("seLinuxOptions.user", set(&options.user), "leave it out"),
        ("seLinuxOptions.role", set(&options.role), "leave it out"),
    ] {
        if let Some(value) = value {
            let path = || path(field);
            found.fail(Control::SeLinux, Level::Baseline, path, Some(&value), remedy);
        }
    }
}

fn volume(found: &mut Findings, index: usize, volume: &Volume) {
    let at = |field: &str| format!("spec.volumes[{index}].{field}");
    if let Some(host) = &volume.host_path {
        found.fail(
            Control::HostPathVolumes,
            Level::Baseline,
            || at("hostPath"),
            Some(host),
            "replace it by a volume of another kind",
        );
    }
    let allowed = |kind: &String| standard::VOLUMES.contains(&kind.as_str());
    if !volume.kinds.iter().any(allowed) {
        let kind = volume.kinds.first().map(String::as_str);
        found.fail(
            Control::VolumeTypes,
            Level::Restricted,
            || format!("spec.volumes[{index}]"),
            kind,
            "replace it by an emptyDir, a persistentVolumeClaim or another kind that is allowed",
        );
    }
}

/// AppArmor profiles of containers that are not there: a profile is looked at whomever it is for.
fn annotations(found: &mut Findings, metadata: &Metadata, spec: &Spec) {
    if metadata.annotations.0.is_empty() {
        return;
    }
    let groups = [&spec.init_containers, &spec.containers, &spec.ephemeral_containers];
    let all = groups.into_iter().flat_map(|group| group.iter());
    let names: HashSet<&str> = all.map(|container| container.name.as_str()).collect();
    for (container, profile) in &metadata.annotations.0 {
        if !standard::is_annotated_profile(profile) && !names.contains(container.as_str()) {
            annotated(found, container, profile);
        }
    }
}

/// An AppArmor profile that is not allowed.
pub(super) fn annotated(found: &mut Findings, container: &str, profile: &str) {
    found.fail(
        Control::AppArmor,
        Level::Baseline,
        || format!("metadata.annotations[\"{APPARMOR}{container}\"]"),
        Some(profile),
        "set it to runtime/default or localhost/…, or leave it out",
    );
}
