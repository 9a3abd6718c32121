//! The controls that a runtime's specification tells of.

use super::super::Control;
use super::super::Level;
use super::super::findings::Findings;
use super::super::standard;
use super::Node;
use super::mounts;
use super::mounts::Origin;
use crate::config::Security;
use crate::config::Sharing;
use crate::event::Container;

/// What runtimes give that the standard does not let anybody add.
const GIVEN: &str = "NET_RAW";
/// Of what only a privileged container has all.
const ONLY_PRIVILEGED: [&str; 4] =
    ["CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_MAC_ADMIN"];
/// A file that the default masks hide.
const MASKED: &str = "/proc/kcore";

/// Whether it has all that a privileged one has.
pub(super) fn is_privileged(security: &Security) -> bool {
    let has = |name: &&str| security.capabilities.iter().any(|it| it == name);
    let has_all = ONLY_PRIVILEGED.iter().all(has)
        && security.may_use_all_devices
        && security.masked_paths.is_empty();
    has_all || security.docker.as_ref().is_some_and(|docker| docker.is_privileged)
}

/// What it fails, and what cannot be told.
pub(super) fn judge(
    container: &Container,
    security: &Security,
    node: Node,
) -> (Findings, Vec<String>) {
    let mut found = Findings::default();
    let mut cannot_tell = Vec::new();
    namespaces(&mut found, &mut cannot_tell, security);
    if is_privileged(security) {
        let (path, value) = match &security.docker {
            Some(docker) if docker.is_privileged => ("HostConfig.Privileged", "true"),
            _ => ("linux", "all capabilities and devices, nothing masked"),
        };
        let remedy = "start it without --privileged, or with privileged: false";
        fail(&mut found, Control::PrivilegedContainers, Level::Baseline, path, Some(value), remedy);
    }
    capabilities(&mut found, security);
    mounted(&mut found, &mut cannot_tell, container, security);
    ports(&mut found, &mut cannot_tell, security);
    confinement(&mut found, &mut cannot_tell, security, node);
    for name in &security.sysctls {
        if !standard::SYSCTLS.contains(&name.as_str()) {
            let path = || format!("linux.sysctl[\"{name}\"]");
            found.fail(Control::Sysctls, Level::Baseline, path, Some(name), "leave it out");
        }
    }
    user(&mut found, security);
    if container.pod.is_some() {
        let name = Control::HostProbes.name();
        cannot_tell.push(format!("{name}: probes and hooks are the kubelet's business"));
    }
    (found, cannot_tell)
}

fn fail(
    found: &mut Findings,
    control: Control,
    level: Level,
    path: &str,
    value: Option<&str>,
    remedy: &'static str,
) {
    found.fail(control, level, || path.to_owned(), value, remedy);
}

fn namespaces(found: &mut Findings, cannot_tell: &mut Vec<String>, security: &Security) {
    for (name, sharing) in &security.namespaces {
        match sharing {
            Sharing::Apart => {}
            Sharing::Host => {
                let path = || format!("linux.namespaces[\"{name}\"]");
                let remedy = "give it a namespace of its own";
                let value = Some("the host's");
                found.fail(Control::HostNamespaces, Level::Baseline, path, value, remedy);
            }
            Sharing::Unknown(path) => cannot_tell.push(format!(
                "{}: whose {name} namespace {path} is",
                Control::HostNamespaces.name()
            )),
        }
    }
}

/// All that it may ever have; runtimes do not write down what was added.
fn capabilities(found: &mut Findings, security: &Security) {
    let names = security.capabilities.iter();
    let names: Vec<&str> = names.map(|name| name.strip_prefix("CAP_").unwrap_or(name)).collect();
    let is_given = |name: &&str| *name == GIVEN || standard::CAPABILITIES.contains(name);
    let (given, added): (Vec<&str>, Vec<&str>) = names.into_iter().partition(is_given);
    let given: Vec<&str> =
        given.into_iter().filter(|&name| name != standard::CAPABILITY_RESTRICTED).collect();
    for (level, names, remedy) in [
        (Level::Baseline, added, "add none of these"),
        (Level::Restricted, given, "drop all (--cap-drop ALL; capabilities.drop: [\"ALL\"])"),
    ] {
        if !names.is_empty() {
            let (path, value) = ("process.capabilities.bounding", names.join(", "));
            fail(found, Control::Capabilities, level, path, Some(&value), remedy);
        }
    }
}

fn mounted(
    found: &mut Findings,
    cannot_tell: &mut Vec<String>,
    container: &Container,
    security: &Security,
) {
    for bind in &security.binds {
        let path = || format!("mounts[{}].source", bind.index);
        match mounts::origin(bind, &container.id) {
            Origin::Own | Origin::Named => {}
            Origin::Host => {
                let remedy = "replace it by a volume of another kind";
                let value = Some(bind.source.as_str());
                found.fail(Control::HostPathVolumes, Level::Baseline, path, value, remedy);
            }
            Origin::Pod(kind) if mounts::is_allowed_kind(kind) => {}
            Origin::Pod(kind) => cannot_tell.push(format!(
                "{}: whether the volume at {}, of kind {kind}, is a claim's",
                Control::VolumeTypes.name(),
                bind.destination
            )),
            Origin::Part => cannot_tell.push(format!(
                "{}: of which kind the volume is that {} is a part of",
                Control::VolumeTypes.name(),
                bind.destination
            )),
        }
    }
}

fn ports(found: &mut Findings, cannot_tell: &mut Vec<String>, security: &Security) {
    let Some(docker) = &security.docker else {
        cannot_tell.push(format!(
            "{}: the runtime's specification does not tell them",
            Control::HostPorts.name()
        ));
        return;
    };
    let remedy = "publish none of its ports on the host";
    for (port, host) in &docker.ports {
        let path = || format!("HostConfig.PortBindings[\"{port}\"]");
        let value = if host.is_empty() { "any that is free" } else { host };
        found.fail(Control::HostPorts, Level::Baseline, path, Some(value), remedy);
    }
    if docker.publishes_all {
        let path = "HostConfig.PublishAllPorts";
        fail(found, Control::HostPorts, Level::Baseline, path, Some("true"), remedy);
    }
}

fn confinement(
    found: &mut Findings,
    cannot_tell: &mut Vec<String>,
    security: &Security,
    node: Node,
) {
    let profile = security.app_armor.as_deref();
    if profile == Some("unconfined") || profile.is_none() && node.has_app_armor {
        let remedy = "leave the runtime's profile on";
        let path = "process.apparmorProfile";
        fail(found, Control::AppArmor, Level::Baseline, path, profile, remedy);
    }
    if let Some(label) = &security.se_linux {
        se_linux(found, label);
    }
    if !security.masked_paths.iter().any(|path| path == MASKED) {
        let level = if security.has_own_users { Level::Restricted } else { Level::Baseline };
        let value = security.masked_paths.join(", ");
        let value = Some(value.as_str()).filter(|value| !value.is_empty());
        let remedy = "leave the default masks on (procMount: Default)";
        fail(found, Control::ProcMount, level, "linux.maskedPaths", value, remedy);
    }
    if !security.has_seccomp {
        let remedy = "leave the runtime's profile on (seccompProfile.type: RuntimeDefault)";
        // Docker gives each container a profile that was not told otherwise.
        let level = if security.docker.is_some() { Level::Baseline } else { Level::Restricted };
        fail(found, Control::Seccomp, level, "linux.seccomp", None, remedy);
        if security.docker.is_none() {
            cannot_tell.push(format!(
                "{}: whether Unconfined was asked for, which baseline forbids, or nothing",
                Control::Seccomp.name()
            ));
        }
    }
    if !security.no_new_privileges {
        let path = "process.noNewPrivileges";
        let remedy = "set it (--security-opt no-new-privileges; allowPrivilegeEscalation: false)";
        fail(found, Control::PrivilegeEscalation, Level::Restricted, path, Some("false"), remedy);
    }
}

/// `USER:ROLE:TYPE:LEVEL`.
fn se_linux(found: &mut Findings, label: &str) {
    let mut parts = label.splitn(4, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (user, role, kind) = (next(), next(), next());
    let is_given = user == "system_u" && role == "system_r";
    if !is_given || !standard::SELINUX_TYPES.contains(&kind) {
        let remedy = "leave the runtime's label on";
        let path = "process.selinuxLabel";
        fail(found, Control::SeLinux, Level::Baseline, path, Some(label), remedy);
    }
}

/// What it starts as tells more than what was asked for.
fn user(found: &mut Findings, security: &Security) {
    if security.uid == 0 && !security.has_own_users {
        let path = "process.user.uid";
        let remedy = "start it as another user (--user; runAsNonRoot: true with runAsUser)";
        for control in [Control::NonRoot, Control::NonRootUser] {
            fail(found, control, Level::Restricted, path, Some("0"), remedy);
        }
    }
}
