//! The declaration itself: what Docker keeps, against the bundle that it made when the container was
//! started. They part when somebody edits a file, and at `docker update`.

use super::capabilities::DEFAULT;
use super::capabilities::NAMES;
use super::capabilities::bits;
use crate::config::declared::Bundle;
use crate::config::declared::Declared;
use crate::config::declared::Docker;
use crate::config::declared::DockerHost;
use crate::config::declared::Mount;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::secret;
use crate::event::Text;

/// Items named by file and member: what the bundle has, and what the file says now.
struct Sides<'a> {
    items: &'a mut Vec<Item>,
}

impl Sides<'_> {
    fn push(&mut self, name: &str, bundle: impl Into<Text>, file: impl Into<Text>) {
        let (bundle, file) = (bundle.into(), file.into());
        let differs = bundle != file;
        let item = Item::new(Aspect::Declaration, name);
        self.items.push(item.declared(Some(bundle)).live(Some(file)).differs(differs));
    }

    fn number(&mut self, member: &str, bundle: Option<i64>, file: i64) {
        // No limit has several names.
        let text = |number: i64| if number > 0 { number.to_string() } else { "none".to_owned() };
        let name = format!("hostconfig.json:{member}");
        self.push(&name, text(bundle.unwrap_or(0)), text(file));
    }

    fn flag(&mut self, member: &str, bundle: bool, file: bool) {
        self.push(&format!("hostconfig.json:{member}"), bundle.to_string(), file.to_string());
    }
}

pub(super) fn compare(declared: &Declared, items: &mut Vec<Item>) {
    if let Some(edited) = declared.edited {
        let item = Item::new(Aspect::Declaration, "config.json");
        items.push(
            item.declared(Some("as it was at the start"))
                .live(Some(format!("changed at {edited}")))
                .differs(true),
        );
    }
    let Some(docker) = &declared.docker else { return };
    let mut sides = Sides { items };
    if let Some(host) = &docker.host {
        resources(&declared.bundle, host, &mut sides);
        rights(&declared.bundle, host, &mut sides);
        lists(&declared.bundle, host, &mut sides);
    }
    process(&declared.bundle, docker, &mut sides);
}

fn resources(bundle: &Bundle, host: &DockerHost, sides: &mut Sides<'_>) {
    let resources = &bundle.linux.resources;
    sides.number("Memory", resources.memory.limit, host.memory);
    sides.number("MemoryReservation", resources.memory.reservation, host.memory_reservation);
    if resources.memory.swap.is_some() || host.memory > 0 {
        sides.number("MemorySwap", resources.memory.swap, host.memory_swap);
    }
    let number = |number: Option<u64>| number.and_then(|it| i64::try_from(it).ok());
    sides.number(
        "CpuShares",
        number(resources.cpu.shares),
        number(Some(host.cpu_shares)).unwrap_or(0),
    );
    // Docker makes a quota for a period of 100 ms of a number of processors.
    let (name, quota, period) = if host.nano_cpus > 0 {
        ("NanoCpus", host.nano_cpus / 10_000, 100_000)
    } else {
        ("CpuQuota", host.cpu_quota, i64::try_from(host.cpu_period).unwrap_or(0))
    };
    sides.number(name, resources.cpu.quota, quota);
    if quota > 0 && period > 0 {
        sides.number("CpuPeriod", number(resources.cpu.period), period);
    }
    let cpus = |text: &Option<String>| text.clone().unwrap_or_default();
    sides.push("hostconfig.json:CpusetCpus", cpus(&resources.cpu.cpus), host.cpuset_cpus.as_str());
    sides.push("hostconfig.json:CpusetMems", cpus(&resources.cpu.mems), host.cpuset_mems.as_str());
    sides.number("PidsLimit", resources.pids.limit, host.pids_limit);
    let adjusted = bundle.process.oom_score_adj.unwrap_or(0).to_string();
    sides.push("hostconfig.json:OomScoreAdj", adjusted, host.oom_score_adj.to_string());
    for limit in &host.ulimits {
        let name = format!("RLIMIT_{}", limit.name.to_ascii_uppercase());
        let of_bundle = bundle.process.rlimits.iter().find(|it| it.r#type == name);
        // Docker writes -1 for no limit, the bundle its unsigned form.
        #[allow(clippy::cast_possible_wrap)]
        let text = |soft: u64, hard: u64| format!("{}:{}", soft as i64, hard as i64);
        sides.push(
            &format!("hostconfig.json:Ulimits.{}", limit.name),
            of_bundle.map_or("none".to_owned(), |it| text(it.soft, it.hard)),
            format!("{}:{}", limit.soft, limit.hard),
        );
    }
}

fn rights(bundle: &Bundle, host: &DockerHost, sides: &mut Sides<'_>) {
    sides.flag("ReadonlyRootfs", bundle.root.readonly, host.readonly_rootfs);
    for (member, kind, mode) in [
        ("PidMode", "pid", &host.pid_mode),
        ("IpcMode", "ipc", &host.ipc_mode),
        ("NetworkMode", "network", &host.network_mode),
        ("UTSMode", "uts", &host.uts_mode),
    ] {
        let is_hosts = !bundle.linux.namespaces.iter().any(|it| it.r#type == kind);
        let text = |is_hosts: bool| if is_hosts { "host" } else { "not host" };
        sides.push(&format!("hostconfig.json:{member}"), text(is_hosts), text(mode == "host"));
    }
    let empty = Vec::new();
    let bounding = bundle.process.capabilities.as_ref().map_or(&empty, |sets| &sets.bounding);
    capabilities(bits(bounding), host, sides);
    let option = |name: &str| host.security_opt.iter().any(|it| it == name);
    if option("seccomp=unconfined") || option("seccomp:unconfined") {
        let text = if bundle.linux.seccomp { "filter" } else { "unconfined" };
        sides.push("hostconfig.json:SecurityOpt.seccomp", text, "unconfined");
    }
    if option("no-new-privileges")
        || option("no-new-privileges:true")
        || option("no-new-privileges=true")
    {
        let name = "SecurityOpt.no-new-privileges";
        sides.flag(name, bundle.process.no_new_privileges, true);
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
        sides.push(&format!("hostconfig.json:{list}.{name}"), bundle, file);
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
    if host.privileged {
        return;
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

fn lists(bundle: &Bundle, host: &DockerHost, sides: &mut Sides<'_>) {
    for (name, value) in &host.sysctls {
        let of_bundle = bundle.linux.sysctl.get(name).cloned().unwrap_or_default();
        sides.push(&format!("hostconfig.json:Sysctls.{name}"), of_bundle, value.as_str());
    }
    for device in &host.devices {
        let path = &device.path_in_container;
        // A directory stands for all devices in it.
        let is_it = |it: &str| it == path.as_str() || it.starts_with(&format!("{path}/"));
        let there = bundle.linux.devices.iter().any(|it| is_it(&it.path));
        let text = if there { "there" } else { "absent" };
        sides.push(&format!("hostconfig.json:Devices.{path}"), text, "there");
    }
    for bind in &host.binds {
        let clean = |path: &str| path.trim_end_matches('/').to_owned();
        let at = |mount: &&Mount| clean(&mount.destination) == clean(&bind.destination);
        let mode = |read_only: bool| if read_only { "ro" } else { "rw" };
        // The name of a volume is not its path.
        let named = !bind.source.starts_with('/');
        let source = |source: &str| if named { bind.source.clone() } else { clean(source) };
        let of_bundle = bundle.mounts.iter().find(at).map_or("absent".to_owned(), |mount| {
            let is_read_only = mount.has("ro") || mount.has("rro");
            let shown = source(mount.source.as_deref().unwrap_or_default());
            format!("{shown} {}", mode(is_read_only))
        });
        let of_file = format!("{} {}", source(&bind.source), mode(bind.is_read_only));
        let name = format!("hostconfig.json:Binds.{}", bind.destination);
        sides.push(&name, of_bundle, of_file);
    }
}

/// What is started, and with which variables. Docker adds to both.
fn process(bundle: &Bundle, docker: &Docker, sides: &mut Sides<'_>) {
    let config = &docker.config;
    let mut command = vec![config.path.clone()];
    command.extend(config.args.iter().cloned());
    let args = &bundle.process.args;
    // With `--init` its own program stands before.
    let tail = args.len().checked_sub(command.len()).map_or(&[][..], |at| &args[at..]);
    if !config.path.is_empty() {
        let bundle = if tail == command { &command } else { args };
        // Arguments hold passwords now and then.
        let text = |args: &[String]| secret::digest(args.join("\0").as_bytes());
        sides.push("config.v2.json:Args", text(bundle), text(&command));
    }
    for (name, value) in &config.config.env {
        let of_bundle = bundle.process.env.get(name).cloned().unwrap_or_else(|| "absent".into());
        sides.push(&format!("config.v2.json:Env.{name}"), of_bundle, value.clone());
    }
}
