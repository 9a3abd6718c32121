//! The controls of one container.

use super::super::ContainerPosture;
use super::super::Control;
use super::super::Level;
use super::super::Role;
use super::super::findings::Findings;
use super::super::standard;
use super::judge;
use super::judge::FALSE;
use super::judge::Pod;
use super::measures::measures;
use super::path::At;
use super::spec::Capabilities;
use super::spec::Container;
use super::spec::ContainerContext;
use super::spec::Handler;
use super::spec::Profile;

/// Holds a container to the standard; `of_pod` is what its pod meets as a whole.
pub(super) fn judge(
    pod: &Pod<'_>,
    of_pod: Level,
    at: At,
    role: Role,
    container: &Container,
) -> ContainerPosture {
    let none = ContainerContext::default();
    let context = container.security_context.as_ref().unwrap_or(&none);
    let mut found = Findings::default();
    baseline(&mut found, pod, at, container, context);
    restricted(&mut found, pod, at, context);
    let level = found.level().min(of_pod);
    let (failures, more_failures) = found.finish();
    ContainerPosture {
        name: container.name.clone(),
        role,
        image: container.image.clone(),
        level,
        failures,
        more_failures,
        measures: measures(pod, at, context),
        cannot_tell: Vec::new(),
    }
}

fn baseline(
    found: &mut Findings,
    pod: &Pod<'_>,
    at: At,
    container: &Container,
    context: &ContainerContext,
) {
    let level = Level::Baseline;
    if context.windows_options.as_ref().is_some_and(|it| it.host_process == Some(true)) {
        let path = || at.context("windowsOptions.hostProcess");
        found.fail(Control::HostProcess, level, path, Some("true"), FALSE);
    }
    if context.privileged == Some(true) {
        let path = || at.context("privileged");
        found.fail(Control::PrivilegedContainers, level, path, Some("true"), FALSE);
    }
    let none = Capabilities::default();
    let capabilities = context.capabilities.as_ref().unwrap_or(&none);
    for (index, name) in capabilities.add.iter().enumerate() {
        let is_baseline = standard::CAPABILITIES.contains(&name.as_str());
        let is_restricted = name == standard::CAPABILITY_RESTRICTED || pod.is_windows;
        let level = match (is_baseline, is_restricted) {
            (false, _) => Level::Baseline,
            (true, false) => Level::Restricted,
            (true, true) => continue,
        };
        let path = || at.context(&format!("capabilities.add[{index}]"));
        found.fail(Control::Capabilities, level, path, Some(name), "leave it out");
    }
    for (index, port) in container.ports.iter().enumerate() {
        if let Some(number) = port.host_port.filter(|&number| number != 0) {
            let path = || at.field(&format!("ports[{index}].hostPort"));
            let remedy = "leave it out and use a service";
            found.fail(Control::HostPorts, level, path, Some(&number.to_string()), remedy);
        }
    }
    let lifecycle = container.lifecycle.as_ref();
    for (name, handler) in [
        ("livenessProbe", container.liveness_probe.as_ref()),
        ("readinessProbe", container.readiness_probe.as_ref()),
        ("startupProbe", container.startup_probe.as_ref()),
        ("lifecycle.postStart", lifecycle.and_then(|it| it.post_start.as_ref())),
        ("lifecycle.preStop", lifecycle.and_then(|it| it.pre_stop.as_ref())),
    ] {
        if let Some(handler) = handler {
            self::handler(found, at, name, handler);
        }
    }
    if let Some(profile) = &context.app_armor_profile {
        let kind = profile.r#type.as_deref();
        if !kind.is_some_and(standard::is_profile) {
            let path = || at.context("appArmorProfile.type");
            found.fail(Control::AppArmor, level, path, kind, judge::PROFILE_OR_NONE);
        }
    }
    if let Some(profile) = pod.metadata.annotations.0.get(&container.name)
        && !standard::is_annotated_profile(profile)
    {
        judge::annotated(found, &container.name, profile);
    }
    if let Some(options) = &context.se_linux_options {
        judge::se_linux(found, options, |field| at.context(field));
    }
    if let Some(kind) = context.proc_mount.as_deref().filter(|&kind| kind != "Default") {
        // A /proc of a user namespace of the pod's own shows less; only restricted asks for the masks then.
        let level = if pod.has_own_users { Level::Restricted } else { level };
        let path = || at.context("procMount");
        found.fail(
            Control::ProcMount,
            level,
            path,
            Some(kind),
            "set it to Default or leave it out",
        );
    }
    if let Some(profile) = &context.seccomp_profile {
        let kind = profile.r#type.as_deref();
        if !kind.is_some_and(standard::is_profile) {
            let path = || at.context("seccompProfile.type");
            found.fail(Control::Seccomp, level, path, kind, judge::PROFILE);
        }
    }
}

/// A probe or a hook asks its own pod.
fn handler(found: &mut Findings, at: At, name: &str, handler: &Handler) {
    for (kind, endpoint) in [("httpGet", &handler.http_get), ("tcpSocket", &handler.tcp_socket)] {
        let host = endpoint.as_ref().and_then(|it| it.host.as_deref());
        if let Some(host) = host.filter(|host| !host.is_empty()) {
            let path = || at.field(&format!("{name}.{kind}.host"));
            let remedy = "leave it out: the pod's own address is asked then";
            found.fail(Control::HostProbes, Level::Baseline, path, Some(host), remedy);
        }
    }
}

fn restricted(found: &mut Findings, pod: &Pod<'_>, at: At, context: &ContainerContext) {
    let level = Level::Restricted;
    if !pod.is_windows {
        if context.allow_privilege_escalation != Some(false) {
            let value = context.allow_privilege_escalation.map(|_| "true");
            let path = || at.context("allowPrivilegeEscalation");
            found.fail(Control::PrivilegeEscalation, level, path, value, "set it to false");
        }
        let dropped = context.capabilities.as_ref().map(|it| &*it.drop).unwrap_or_default();
        if !dropped.iter().any(|name| name == standard::CAPABILITIES_ALL) {
            let value = (!dropped.is_empty()).then(|| dropped.join(", "));
            let path = || at.context("capabilities.drop");
            let remedy = "set it to [\"ALL\"]";
            found.fail(Control::Capabilities, level, path, value.as_deref(), remedy);
        }
        // What is set and wrong fails baseline already, here or at the pod.
        if context.seccomp_profile.is_none() && pod.context.seccomp_profile.is_none() {
            let path = || at.context("seccompProfile.type");
            found.fail(Control::Seccomp, level, path, None, judge::PROFILE);
        }
    }
    if pod.has_own_users {
        return;
    }
    match (context.run_as_non_root, pod.context.run_as_non_root) {
        (Some(true), _) | (None, Some(_)) => {}
        (own, _) => {
            let path = || at.context("runAsNonRoot");
            found.fail(Control::NonRoot, level, path, own.map(|_| "false"), judge::TRUE);
        }
    }
    if context.run_as_user == Some(0) {
        let path = || at.context("runAsUser");
        found.fail(Control::NonRootUser, level, path, Some("0"), judge::NOT_ROOT);
    }
}

/// The kind of a profile, the container's own before its pod's; and whether it is its own.
pub(super) fn profile<'a>(
    own: Option<&'a Profile>,
    of_pod: Option<&'a Profile>,
) -> Option<(&'a str, bool)> {
    let kind = |profile: &'a Profile| profile.r#type.as_deref().unwrap_or_default();
    own.map(|it| (kind(it), true)).or(of_pod.map(|it| (kind(it), false)))
}
