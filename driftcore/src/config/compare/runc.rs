//! What runc keeps of the container, against the bundle that it was made of: by it programs are started in the
//! container later, and programs of the host when it ends.

use std::path::Path;

use super::capabilities::bits;
use super::capabilities::names;
use super::declaration::Sides;
use crate::config::declared::Bundle;
use crate::config::declared::CapabilitySets;
use crate::config::declared::Declared;
use crate::config::declared::Hook;
use crate::config::declared::IdMapping;
use crate::config::declared::Runc;
use crate::config::declared::RuncConfig;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::secret;

/// Namespaces as bundles call them, as runc does, and as the kernel does.
const KINDS: [(&str, &str, &str); 8] = [
    ("cgroup", "NEWCGROUP", "cgroup"),
    ("ipc", "NEWIPC", "ipc"),
    ("mount", "NEWNS", "mnt"),
    ("network", "NEWNET", "net"),
    ("pid", "NEWPID", "pid"),
    ("time", "NEWTIME", "time"),
    ("user", "NEWUSER", "user"),
    ("uts", "NEWUTS", "uts"),
];
const FILE: &str = "state.json";
const ABSENT: &str = "absent";

pub(super) fn compare(declared: &Declared, items: &mut Vec<Item>) {
    let Some(runc) = &declared.runc else { return };
    let Some(config) = &runc.config else { return };
    let bundle = &declared.bundle;
    let before = items.len();
    // Most of it is what the bundle says, once more.
    let mut sides = Sides { items, file: FILE, tells_all: false };
    sides.flag("readonlyfs", bundle.root.readonly, config.readonlyfs);
    let no_new = bundle.process.no_new_privileges;
    sides.flag("no_new_privileges", no_new, config.no_new_privileges);
    let filter = |has: bool| if has { "filter" } else { "none" };
    sides.push("seccomp", filter(bundle.linux.seccomp), filter(config.seccomp));
    for (member, bundle, runc) in [
        ("apparmor_profile", &bundle.process.apparmor_profile, &config.apparmor_profile),
        ("process_label", &bundle.process.selinux_label, &config.process_label),
    ] {
        sides.push(member, bundle.clone().unwrap_or_default(), runc.as_str());
    }
    sides.list("mask_paths", &bundle.linux.masked_paths, &config.mask_paths);
    sides.list("readonly_paths", &bundle.linux.readonly_paths, &config.readonly_paths);
    capabilities(bundle, config, &mut sides);
    sysctls(bundle, config, &mut sides);
    for (member, bundle, runc) in [
        ("uid_mappings", &bundle.linux.uid_mappings, &config.uid_mappings),
        ("gid_mappings", &bundle.linux.gid_mappings, &config.gid_mappings),
    ] {
        // Of a namespace that the container joins, runc finds them by itself.
        if bundle.is_empty() {
            continue;
        }
        let runc: Vec<IdMapping> = runc.iter().copied().map(Into::into).collect();
        sides.push(member, map_text(bundle), map_text(&runc));
    }
    root(bundle, config, &mut sides);
    mounts(bundle, config, &mut sides);
    hooks(bundle, config, &mut sides);
    namespaces(declared, runc, config, &mut sides);
    groups(bundle, runc, &mut sides);
    if items.len() == before {
        let same = Some("as config.json says");
        items.push(Item::new(Aspect::Declaration, FILE).declared(same).live(same));
    }
}

fn map_text(map: &[IdMapping]) -> String {
    let lines = map.iter().map(|it| format!("{} {} {}", it.inside, it.outside, it.size));
    lines.collect::<Vec<_>>().join(", ")
}

fn capabilities(bundle: &Bundle, config: &RuncConfig, sides: &mut Sides<'_>) {
    // Without a word in the bundle runc has a set of its own.
    let (Some(bundle), Some(runc)) = (&bundle.process.capabilities, &config.capabilities) else {
        return;
    };
    let all = |sets: &CapabilitySets| {
        [&sets.bounding, &sets.effective, &sets.inheritable, &sets.permitted, &sets.ambient]
            .map(|set| names(bits(set)))
    };
    let sets = ["bounding", "effective", "inheritable", "permitted", "ambient"];
    for ((name, bundle), runc) in sets.into_iter().zip(all(bundle)).zip(all(&runc.0)) {
        sides.push(&format!("capabilities.{name}"), bundle, runc);
    }
}

fn sysctls(bundle: &Bundle, config: &RuncConfig, sides: &mut Sides<'_>) {
    let (bundle, runc) = (&bundle.linux.sysctl, &config.sysctl);
    let text = |value: Option<&String>| value.cloned().unwrap_or_else(|| ABSENT.to_owned());
    for name in bundle.keys().chain(runc.keys().filter(|name| !bundle.contains_key(*name))) {
        sides.push(&format!("sysctl.{name}"), text(bundle.get(name)), text(runc.get(name)));
    }
}

/// Where it is seen from a bundle, no path tells it.
fn root(bundle: &Bundle, config: &RuncConfig, sides: &mut Sides<'_>) {
    let (wanted, is) = (Path::new(&bundle.root.path), Path::new(&config.rootfs));
    if wanted.as_os_str().is_empty() || is.as_os_str().is_empty() {
        return;
    }
    // A relative one is below the directory of the bundle.
    let is_same = if wanted.is_absolute() { wanted == is } else { is.ends_with(wanted) };
    let shown = if is_same { wanted } else { is };
    sides.push("rootfs", wanted.display().to_string(), shown.display().to_string());
}

fn mounts(bundle: &Bundle, config: &RuncConfig, sides: &mut Sides<'_>) {
    let point = |path: &str| Path::new("/").join(path);
    let mode = |is_read_only: bool| if is_read_only { "ro" } else { "rw" };
    for mount in &bundle.mounts {
        let is =
            config.mounts.iter().rfind(|it| point(&it.destination) == point(&mount.destination));
        let last = bundle.mounts.iter().rfind(|it| it.destination == mount.destination);
        if last.is_some_and(|it| !std::ptr::eq(it, mount)) {
            continue;
        }
        // Where something is mounted from counts of what the host has.
        let wanted = mount.source.as_deref().filter(|it| mount.is_bind() && it.starts_with('/'));
        let text = |source: Option<&str>, is_read_only: bool| match source {
            Some(source) => format!("{source} {}", mode(is_read_only)),
            None => mode(is_read_only).to_owned(),
        };
        let is_read_only = mount.options.iter().rev().find_map(|it| match it.as_str() {
            "ro" | "rro" => Some(true),
            "rw" | "rrw" => Some(false),
            _ => None,
        });
        let of_bundle = text(wanted, is_read_only.unwrap_or(false));
        let of_runc = is.map_or_else(
            || ABSENT.to_owned(),
            |it| text(wanted.map(|_| it.source.as_str()), it.is_read_only()),
        );
        sides.push(&format!("mounts.{}", mount.destination), of_bundle, of_runc);
    }
    for mount in &config.mounts {
        if !bundle.mounts.iter().any(|it| point(&it.destination) == point(&mount.destination)) {
            let is = format!("{} {}", mount.source, mode(mount.is_read_only()));
            sides.push(&format!("mounts.{}", mount.destination), ABSENT, is);
        }
    }
}

/// Programs of the host, by their paths; their arguments by a digest.
fn hooks(bundle: &Bundle, config: &RuncConfig, sides: &mut Sides<'_>) {
    let text = |hooks: Option<&Option<Vec<Hook>>>| {
        let hooks = hooks.iter().flat_map(|it| it.iter()).flatten();
        let hooks: Vec<String> = hooks
            .map(|hook| {
                format!("{} {}", hook.path, secret::digest(hook.args.join("\0").as_bytes()))
            })
            .collect();
        if hooks.is_empty() { "none".to_owned() } else { hooks.join(", ") }
    };
    for name in
        ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
    {
        let is = config.hooks.get(name);
        sides.push(&format!("Hooks.{name}"), text(bundle.hooks.get(name)), text(is));
    }
}

fn namespaces(declared: &Declared, runc: &Runc, config: &RuncConfig, sides: &mut Sides<'_>) {
    let text = |found: Option<&str>| match found {
        None => "the host's".to_owned(),
        Some("") => "its own".to_owned(),
        Some(path) => path.to_owned(),
    };
    for (name, kind, _) in KINDS {
        let of_bundle = declared.bundle.linux.namespaces.iter().find(|it| it.r#type == name);
        let of_bundle = of_bundle.map(|it| it.path.as_deref().unwrap_or_default());
        let of_runc = config.namespaces.iter().find(|it| it.r#type == kind);
        let of_runc = of_runc.map(|it| it.path.as_str());
        sides.push(&format!("namespaces.{name}"), text(of_bundle), text(of_runc));
    }
    let Some(pid) = declared.pid else { return };
    sides.push("init_process_pid", pid.to_string(), runc.init_process_pid.to_string());
    for (kind, path) in &runc.namespace_paths {
        let Some((name, _, file)) = KINDS.iter().find(|(_, it, _)| it == kind) else { continue };
        let wanted = format!("/proc/{pid}/ns/{file}");
        sides.push(&format!("namespace_paths.{name}"), wanted, path.as_str());
    }
}

/// The control group that programs are put into, by its last name.
fn groups(bundle: &Bundle, runc: &Runc, sides: &mut Sides<'_>) {
    let Some(path) = bundle.linux.cgroups_path.as_deref() else { return };
    let name = match path.splitn(3, ':').collect::<Vec<_>>().as_slice() {
        // As systemd's unit: of a slice, with a prefix.
        [_, _, name] if name.ends_with(".slice") => (*name).to_owned(),
        [_, "", name] => format!("{name}.scope"),
        [_, prefix, name] => format!("{prefix}-{name}.scope"),
        _ => path.rsplit('/').next().unwrap_or_default().to_owned(),
    };
    if name.is_empty() {
        return;
    }
    for (controller, path) in &runc.cgroup_paths {
        let is = path.rsplit('/').next().unwrap_or_default();
        let controller = if controller.is_empty() { "unified" } else { controller.as_str() };
        sides.push(&format!("cgroup_paths.{controller}"), name.as_str(), is);
    }
}
