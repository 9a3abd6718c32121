//! What a container may: capabilities, namespaces, what confines it.

use crate::config::compare::capabilities::DEFAULT;
use crate::config::compare::capabilities::NAMES;
use crate::config::compare::capabilities::bits;
use crate::config::compare::declaration::Sides;
use crate::config::declared::Bundle;
use crate::config::declared::DockerHost;

/// The profile that Docker gives where it is told none.
const APP_ARMOR: &str = "docker-default";
const UNCONFINED: &str = "unconfined";

pub(super) fn compare(bundle: &Bundle, host: &DockerHost, sides: &mut Sides<'_>) {
    sides.flag("ReadonlyRootfs", bundle.root.readonly, host.readonly_rootfs);
    namespaces(bundle, host, sides);
    let option = |name: &str| host.security_opt.iter().any(|it| it == name);
    if option("no-new-privileges")
        || option("no-new-privileges:true")
        || option("no-new-privileges=true")
    {
        sides.flag("SecurityOpt.no-new-privileges", bundle.process.no_new_privileges, true);
    }
    let is_privileged = is_privileged(bundle);
    sides.flag("Privileged", is_privileged, host.privileged);
    if is_privileged || host.privileged {
        // All the rest follows from that.
        return;
    }
    let empty = Vec::new();
    let bounding = bundle.process.capabilities.as_ref().map_or(&empty, |sets| &sets.bounding);
    capabilities(bits(bounding), host, sides);
    confinement(bundle, host, sides);
    for (member, bundle, file) in [
        ("MaskedPaths", &bundle.linux.masked_paths, &host.masked_paths),
        ("ReadonlyPaths", &bundle.linux.readonly_paths, &host.readonly_paths),
    ] {
        // What the file leaves to the daemon, no bundle of another version tells.
        if let Some(file) = file {
            sides.list(member, bundle, file);
        }
    }
    for group in host.group_add.iter().filter_map(|it| it.parse::<u32>().ok()) {
        let user = &bundle.process.user;
        let has = user.gid == group || user.additional_gids.contains(&group);
        let text = if has { "there" } else { "absent" };
        sides.push(&format!("GroupAdd.{group}"), text, "there");
    }
}

/// Docker allows nothing but a privileged container all devices by a rule that names no kind of them.
pub(super) fn is_privileged(bundle: &Bundle) -> bool {
    let linux = &bundle.linux;
    match &linux.resources.devices {
        Some(rules) => rules.iter().any(|rule| {
            let names_none = rule.r#type.as_deref().is_none_or(str::is_empty);
            rule.allow && names_none && rule.major.is_none() && rule.minor.is_none()
        }),
        // Rootless, it says nothing of devices.
        None => {
            let sets = bundle.process.capabilities.as_ref();
            let has_all = sets.is_some_and(|sets| bits(&sets.bounding) & ALL == ALL);
            has_all && linux.masked_paths.is_empty() && !linux.seccomp
        }
    }
}

fn namespaces(bundle: &Bundle, host: &DockerHost, sides: &mut Sides<'_>) {
    let is_hosts = |kind: &str| !bundle.linux.namespaces.iter().any(|it| it.r#type == kind);
    let text = |is_hosts: bool| if is_hosts { "host" } else { "not host" };
    for (member, kind, mode) in [
        ("PidMode", "pid", &host.pid_mode),
        ("IpcMode", "ipc", &host.ipc_mode),
        ("NetworkMode", "network", &host.network_mode),
        ("UTSMode", "uts", &host.uts_mode),
    ] {
        sides.push(member, text(is_hosts(kind)), text(mode == "host"));
    }
    // Without a word, both are as the daemon has it.
    for (member, kind, mode) in
        [("UsernsMode", "user", &host.userns_mode), ("CgroupnsMode", "cgroup", &host.cgroupns_mode)]
    {
        if !mode.is_empty() {
            sides.push(member, text(is_hosts(kind)), text(mode == "host"));
        }
    }
}

/// What `SecurityOpt` says. What it does not say is the daemon's to choose.
fn confinement(bundle: &Bundle, host: &DockerHost, sides: &mut Sides<'_>) {
    let of = |key: &str| {
        host.security_opt.iter().find_map(|it| it.strip_prefix(key)?.strip_prefix(['=', ':']))
    };
    if of("seccomp").is_some_and(|it| it == UNCONFINED) {
        let text = if bundle.linux.seccomp { "filter" } else { UNCONFINED };
        sides.push("SecurityOpt.seccomp", text, UNCONFINED);
    } else if of("seccomp").is_some() {
        let text = if bundle.linux.seccomp { "filter" } else { UNCONFINED };
        sides.push("SecurityOpt.seccomp", text, "filter");
    }
    // A bundle names a profile, and a label, where the kernel knows such.
    let profile = bundle.process.apparmor_profile.as_deref().filter(|it| !it.is_empty());
    if let Some(profile) = profile {
        sides.push("SecurityOpt.apparmor", profile, of("apparmor").unwrap_or(APP_ARMOR));
    }
    let label = bundle.process.selinux_label.as_deref().filter(|it| !it.is_empty());
    if let Some(label) = label {
        let mut parts = label.splitn(4, ':');
        for key in ["user", "role", "type", "level"] {
            let part = parts.next().unwrap_or_default();
            let wanted = host.security_opt.iter().filter_map(|it| it.strip_prefix("label"));
            let mut wanted = wanted
                .filter_map(|it| it.strip_prefix(['=', ':'])?.strip_prefix(key)?.strip_prefix(':'));
            if let Some(wanted) = wanted.next() {
                sides.push(&format!("SecurityOpt.label.{key}"), part, wanted);
            }
        }
        if of("label").is_some_and(|it| it == "disable") {
            sides.push("SecurityOpt.label", label, "disable");
        }
    }
    if of("writable-cgroups").is_some_and(|it| it == "true") {
        let group = bundle.mounts.iter().rfind(|it| it.destination == "/sys/fs/cgroup");
        let is_writable = group.is_some_and(|it| !it.has("ro"));
        sides.flag("SecurityOpt.writable-cgroups", is_writable, true);
    }
}

/// What every kernel has that runs containers: those up to `CAP_AUDIT_READ`, of Linux 3.16.
const ALL: u64 = (1 << 38) - 1;

/// What the file adds and drops, against what the bundle has; and what the bundle adds and drops besides.
fn capabilities(bounding: u64, host: &DockerHost, sides: &mut Sides<'_>) {
    let bit = |name: &String| bits(std::slice::from_ref(name));
    let all = |list: &[String]| list.iter().any(|name| name.eq_ignore_ascii_case("ALL"));
    let (adds, drops) = (all(&host.cap_add), all(&host.cap_drop));
    let added: u64 = host.cap_add.iter().map(bit).fold(0, |all, bit| all | bit);
    let dropped: u64 = host.cap_drop.iter().map(bit).fold(0, |all, bit| all | bit);
    let add = |has: bool| if has { "added" } else { "not added" };
    let drop = |has: bool| if has { "not dropped" } else { "dropped" };
    let mut of = |list: &str, name: &str, bundle: &str, file: &str| {
        sides.push(&format!("{list}.{name}"), bundle, file);
    };
    if adds {
        of("CapAdd", "ALL", add(bounding & ALL & !dropped == ALL & !dropped), add(true));
    }
    if drops {
        of("CapDrop", "ALL", drop(bounding & !added != 0), drop(false));
    }
    for name in host.cap_add.iter().filter(|name| bit(name) != 0) {
        of("CapAdd", name, add(bounding & bit(name) != 0), add(true));
    }
    for name in host.cap_drop.iter().filter(|name| bit(name) & !added != 0) {
        of("CapDrop", name, drop(bounding & bit(name) != 0), drop(false));
    }
    let given = bits(&DEFAULT.map(str::to_owned));
    for (index, name) in NAMES.iter().enumerate() {
        let bit = 1 << index;
        let (is_given, has) = (given & bit != 0, bounding & bit != 0);
        if !is_given && has && !adds && added & bit == 0 {
            of("CapAdd", name, add(true), add(false));
        } else if is_given && !has && !drops && dropped & bit == 0 {
            of("CapDrop", name, drop(false), drop(true));
        }
    }
}
