//! What a pod's JSON says of the container, against the bundle that was made from it, and against what is where
//! no bundle tells. They part when somebody between the two changes what is asked for, and when either was
//! edited since.

mod profiles;
mod started;
mod volumes;

use std::path::Path;

use crate::config::compare::capabilities::DEFAULT;
use crate::config::compare::capabilities::bits;
use crate::config::compare::capabilities::names;
use crate::config::compare::image::is_of_services;
use crate::config::compare::limits::weights;
use crate::config::compare::mounts::mark_of;
use crate::config::declared::Bundle;
use crate::config::declared::Declared;
use crate::config::declared::PodContainer;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::live::Live;
use crate::config::live::NAMESPACES;
use crate::config::live::normal;
use crate::config::secret;
use crate::event::ConfigMark;
use crate::event::Text;

/// Every capability.
const ALL: &str = "ALL";
/// What only a privileged container has without asking for it.
const PRIVILEGED: [&str; 2] = ["SYS_MODULE", "SYS_RAWIO"];
/// Where the kubelet and runtimes mount files of their own in every container.
const OWN: [&str; 6] = [
    "/dev/shm",
    "/dev/termination-log",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/run/.containerenv",
];
/// Variables that runtimes give to each container of a pod.
const RUNTIMES: [&[u8]; 5] = [b"HOME", b"HOSTNAME", b"NSS_SDB_USE_CACHE", b"PATH", b"TERM"];
/// Parts of the paths of files that runtimes make for a container: volumes of its image among them.
const MADE: [&str; 2] = ["/io.containerd.grpc.v1.cri/", "/overlay-containers/"];

/// Items named by what the pod calls them.
struct Sides<'a> {
    items: &'a mut Vec<Item>,
}

impl Sides<'_> {
    fn push(&mut self, name: &str, pod: impl Into<Text>, is: impl Into<Text>, differs: bool) {
        let item = Item::new(Aspect::Declaration, format!("pod:{name}"));
        self.items.push(item.declared(Some(pod)).live(Some(is)).differs(differs));
    }

    fn same(&mut self, name: &str, pod: impl Into<Text>, is: impl Into<Text>) {
        let (pod, is) = (pod.into(), is.into());
        let differs = pod != is;
        self.push(name, pod, is, differs);
    }

    fn flag(&mut self, name: &str, pod: bool, is: bool) {
        self.same(name, pod.to_string(), is.to_string());
    }
}

pub(super) fn compare(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    let Some(pod) = &declared.pod else { return };
    let bundle = &declared.bundle;
    let mut sides = Sides { items };
    for (name, value) in &pod.env {
        let Some(value) = value else { continue };
        let is = bundle.process.env.get(name).cloned().unwrap_or_else(|| "absent".into());
        sides.same(&format!("env.{name}"), value.clone(), is);
    }
    more_variables(pod, declared, sides.items);
    started::compare(pod, declared, &mut sides);
    volumes::compare(pod, declared, live, &mut sides);
    mounts(pod, declared, &mut sides);
    ids(pod, bundle, &mut sides);
    confinement(pod, bundle, &mut sides);
    profiles::compare(pod, bundle, &mut sides);
    capabilities(pod, bundle, &mut sides);
    shared(pod, live, &mut sides);
    limits(pod, live, sides.items);
}

fn mode(read_only: bool) -> &'static str {
    if read_only { "ro" } else { "rw" }
}

/// Variables that neither the pod has nor its image: where both are known, and nobody else may give any.
fn more_variables(pod: &PodContainer, declared: &Declared, items: &mut Vec<Item>) {
    let Some(image) = declared.image.as_ref().filter(|_| !pod.env_from && !pod.devices) else {
        return;
    };
    for (name, is) in &declared.bundle.process.env {
        let bytes = name.as_bytes();
        let is_known = pod.env.contains_key(name)
            || image.config.env.contains_key(name)
            || RUNTIMES.contains(&bytes)
            || is_of_services(&name.to_string());
        if is_known {
            continue;
        }
        let item = Item::new(Aspect::Declaration, format!("pod:env.{name}"));
        let mut item = item.live(Some(is.clone())).differs(true);
        item.mark = secret::is_injecting(bytes).then_some(ConfigMark::CodeInjection);
        items.push(item);
    }
}

/// Mounts of volumes, and mounts of something of the host that are of no volume.
fn mounts(pod: &PodContainer, declared: &Declared, sides: &mut Sides<'_>) {
    let bundle = &declared.bundle;
    let at =
        |path: &str| bundle.mounts.iter().rfind(|it| Path::new(&it.destination) == Path::new(path));
    for mount in &pod.mounts {
        let is_read_only = at(&mount.path).map(|it| it.has("ro") || it.has("rro"));
        // The kubelet makes those of secrets read-only by itself.
        let differs = is_read_only.is_none_or(|is| mount.read_only && !is);
        let name = format!("volumeMounts.{}", mount.path);
        sides.push(&name, mode(mount.read_only), is_read_only.map_or("absent", mode), differs);
    }
    let log = pod.termination_log.as_deref();
    for mount in bundle.mounts.iter().filter(|it| it.is_bind()) {
        let point = Path::new(&mount.destination);
        let source = mount.source.as_deref().unwrap_or_default();
        let is_own = OWN.into_iter().chain(log).any(|it| Path::new(it) == point)
            || MADE.iter().any(|part| source.contains(part))
            || !declared.id.is_empty() && source.contains(&declared.id);
        if is_own || pod.mounts.iter().any(|it| Path::new(&it.path) == point) {
            continue;
        }
        let item =
            Item::new(Aspect::Declaration, format!("pod:volumeMounts.{}", mount.destination));
        let live = format!("{source} {}", mode(mount.has("ro") || mount.has("rro")));
        let mut item = item.live(Some(live)).differs(true);
        item.mark = Some(mark_of(Path::new(source)));
        sides.items.push(item);
    }
}

fn ids(pod: &PodContainer, bundle: &Bundle, sides: &mut Sides<'_>) {
    let user = &bundle.process.user;
    for (name, wanted, is) in
        [("runAsUser", pod.user, user.uid), ("runAsGroup", pod.group, user.gid)]
    {
        if let Some(wanted) = wanted {
            sides.same(name, wanted.to_string(), is.to_string());
        }
    }
    if pod.non_root {
        sides.flag("runAsNonRoot", true, user.uid != 0);
    }
    for group in &pod.groups {
        let has = user.additional_gids.iter().any(|it| i64::from(*it) == *group)
            || i64::from(user.gid) == *group;
        sides.same(&format!("groups.{group}"), "there", if has { "there" } else { "absent" });
    }
}

/// What a container does without may be more than the pod asks for.
fn confinement(pod: &PodContainer, bundle: &Bundle, sides: &mut Sides<'_>) {
    if pod.read_only_root {
        sides.flag("readOnlyRootFilesystem", true, bundle.root.readonly);
    }
    if pod.allow_privilege_escalation == Some(false) {
        sides.flag("allowPrivilegeEscalation", false, !bundle.process.no_new_privileges);
    }
    if let Some(profile) = pod.seccomp.as_ref().filter(|_| !pod.privileged) {
        let kind = profile.r#type.as_str();
        let is = if bundle.linux.seccomp { "filter" } else { "Unconfined" };
        sides.push("seccompProfile.type", kind, is, kind != is && !bundle.linux.seccomp);
    }
    if !pod.unmasked && !pod.privileged {
        let is_masked = !bundle.linux.masked_paths.is_empty();
        sides.same("procMount", "Default", if is_masked { "Default" } else { "Unmasked" });
    }
}

fn capabilities(pod: &PodContainer, bundle: &Bundle, sides: &mut Sides<'_>) {
    let Some(sets) = &bundle.process.capabilities else { return };
    let bounding = bits(&sets.bounding);
    let bit = |name: &str| bits(&[name.to_owned()]);
    let is_all = |list: &[String]| list.iter().any(|it| it.eq_ignore_ascii_case(ALL));
    let added = bits(&pod.add);
    if is_all(&pod.add) {
        return;
    }
    // Asked for one by one they are no sign.
    let telling = PRIVILEGED.iter().map(|name| bit(name)).filter(|bit| added & bit == 0);
    let telling = telling.fold(0, |all, bit| all | bit);
    if telling != 0 {
        sides.flag("privileged", pod.privileged, bounding & telling == telling);
    }
    if pod.privileged {
        return;
    }
    for name in pod.add.iter().filter(|name| bit(name) != 0) {
        let is = if bounding & bit(name) == 0 { "not added" } else { "added" };
        sides.same(&format!("capabilities.add.{name}"), "added", is);
    }
    for name in &pod.drop {
        let dropped = if is_all(std::slice::from_ref(name)) { u64::MAX } else { bit(name) };
        let dropped = dropped & !added;
        if dropped != 0 {
            let is = if bounding & dropped == 0 { "dropped" } else { "not dropped" };
            sides.same(&format!("capabilities.drop.{name}"), "dropped", is);
        }
    }
    let more = bounding & !added & !bits(&DEFAULT.map(str::to_owned));
    let text = if more == 0 { "none".to_owned() } else { names(more) };
    sides.same("capabilities.others", "none", text);
}

/// What containers of a pod have together, and no bundle of one of them tells.
fn shared(pod: &PodContainer, live: &Live, sides: &mut Sides<'_>) {
    for (name, kind, wanted) in [
        ("hostNetwork", "net", pod.host_network),
        ("hostPID", "pid", pod.host_pid),
        ("hostIPC", "ipc", pod.host_ipc),
    ] {
        let of = |all: &[Option<u64>; 8]| {
            NAMESPACES.iter().position(|it| *it == kind).and_then(|at| all[at])
        };
        if let (Some(is), Some(host)) = (of(&live.first.namespaces), of(&live.host_namespaces)) {
            sides.flag(name, wanted, is == host);
        }
    }
    let users = NAMESPACES.iter().position(|it| *it == "user");
    if let (Some(false), Some(at)) = (pod.host_users, users)
        && let (Some(is), Some(host)) = (live.first.namespaces[at], live.host_namespaces[at])
    {
        sides.flag("hostUsers", false, is == host);
    }
    for (name, wanted) in &pod.sysctls {
        if let Some(is) = live.settings.values.get(name) {
            sides.same(&format!("sysctls.{name}"), normal(wanted), is.as_str());
        }
    }
}

/// Limits, which Kubernetes changes while a container runs and the bundle stays as it was: what the pod declares is
/// no drift.
fn limits(pod: &PodContainer, live: &Live, items: &mut Vec<Item>) {
    let page = live.page_size.max(1);
    let memory = pod.memory.filter(|it| *it > 0).map(|it| (it - it % page).to_string());
    take_limit(items, "limits.memory", "memory.limit", &|_| memory.clone());
    // Together with swap, of which there is none without a word about it.
    let swap =
        items.iter_mut().find(|it| it.aspect == Aspect::Limit && it.name == "memory.swap".into());
    if let (Some(swap), Some(memory)) = (swap, &memory) {
        swap.differs &= swap.live != Some(Text::from(memory.as_str()));
    }
    // In thousandths of a processor. Kubernetes gives a quota of a thousandth of a second at least.
    let cpu = pod.cpu.filter(|it| *it > 0);
    take_limit(items, "limits.cpu", "cpu.quota", &|is| {
        let period = is.split_once('/').and_then(|(_, period)| period.parse::<u64>().ok());
        let period = period.unwrap_or(100_000);
        let quota = cpu?.saturating_mul(period) / 1000;
        Some(format!("{}/{period}", quota.max(1000)))
    });
    // A thousand shares and a few are a processor.
    let shares = pod.cpu_request.map(|it| (it.saturating_mul(1024) / 1000).clamp(2, 262_144));
    take_limit(items, "requests.cpu", "cpu.shares", &|_| Some(shares?.to_string()));
    take_limit(items, "requests.cpu", "cpu.weight", &|is| {
        let fits = weights(shares?);
        let is = is.parse().ok().filter(|is| fits.contains(is));
        Some(is.unwrap_or(fits[0]).to_string())
    });
}

fn take_limit(
    items: &mut Vec<Item>,
    name: &str,
    of: &str,
    wanted: &dyn Fn(&str) -> Option<String>,
) {
    let limit = items.iter_mut().find(|it| it.aspect == Aspect::Limit && it.name == Text::from(of));
    let Some((limit, is)) = limit.and_then(|it| it.live.clone().map(|is| (it, is))) else { return };
    let Some(wanted) = wanted(&is.to_string()).map(|it| Text::from(it.as_str())) else { return };
    let differs = wanted != is;
    limit.differs &= differs;
    let item = Item::new(Aspect::Declaration, format!("pod:{name}"));
    items.push(item.declared(Some(wanted)).live(Some(is)).differs(differs));
}
