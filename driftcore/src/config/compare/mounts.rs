//! The container's mounts: those that were declared, what masks /proc and /sys, what came besides, and what processes
//! with mounts of their own have that the first one has not.

use std::path::Path;
use std::path::PathBuf;

use rustc_hash::FxHashMap;

use super::Alike;
use super::REST;
use super::TOLD;
use super::rest_of;
use crate::config::declared::Declared;
use crate::config::declared::Mount;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::live::Elsewhere;
use crate::config::live::Expected;
use crate::config::live::FLAGS;
use crate::config::live::Live;
use crate::config::live::LiveMount;
use crate::config::live::Origin;
use crate::event::ConfigMark;
use crate::event::Text;

/// Names of the sockets by which container runtimes are commanded.
const SOCKETS: [&str; 6] = [
    "containerd.sock",
    "cri-dockerd.sock",
    "crio.sock",
    "docker.sock",
    "dockershim.sock",
    "podman.sock",
];
/// The device nodes that a runtime binds where it may make none.
const DEVICES: [&str; 6] = ["full", "null", "random", "tty", "urandom", "zero"];

/// The live mounts, and which of them are accounted for.
struct Table<'a> {
    live: &'a [LiveMount],
    known: Vec<bool>,
    /// Those at a point, in the kernel's order.
    at: FxHashMap<&'a Path, Vec<usize>>,
}

impl<'a> Table<'a> {
    fn new(live: &'a [LiveMount]) -> Self {
        let mut at: FxHashMap<&Path, Vec<usize>> = FxHashMap::default();
        for (index, mount) in live.iter().enumerate() {
            at.entry(&mount.point).or_default().push(index);
        }
        Self { live, known: vec![false; live.len()], at }
    }

    /// The mount that is seen at a point, of all that are there.
    fn take(&mut self, point: &Path) -> Option<(&'a LiveMount, usize)> {
        let all = self.at.get(point)?;
        for &index in all {
            self.known[index] = true;
        }
        Some((&self.live[*all.last()?], all.len()))
    }

    /// The mount that a path lies on.
    fn covering(&self, path: &Path) -> Option<&'a LiveMount> {
        let above = self.live.iter().filter(|mount| path.starts_with(&mount.point));
        above.max_by_key(|mount| mount.point.as_os_str().len())
    }
}

pub(super) fn compare(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    let mounts = &live.mounts;
    if mounts.live.is_empty() {
        // It could not be read, and a problem says so.
        return;
    }
    let mut table = Table::new(&mounts.live);
    root(declared, &mut table, items);
    let mut groups: Vec<(PathBuf, &Mount)> = Vec::new();
    for (index, (mount, expected)) in
        declared.bundle.mounts.iter().zip(&mounts.expected).enumerate()
    {
        let point = expected.point.as_path();
        if point == Path::new("/") {
            continue;
        }
        let count = |expected: &[Expected]| expected.iter().filter(|it| it.point == point).count();
        if count(&mounts.expected[index + 1..]) > 0 {
            // The last of several at one point is the one that is seen.
            continue;
        }
        if mount.r#type.as_deref() == Some("cgroup") {
            groups.push((point.to_owned(), mount));
        }
        let count = count(&mounts.expected);
        let found = table.take(point);
        let differs = match found {
            None => true,
            Some((is, times)) => {
                times > count
                    || is_other(mount, expected.origin.as_ref(), is)
                    || is_looser(mount, is)
            }
        };
        let live = found.map(|(is, times)| {
            let text = live_text(is);
            if times > count { format!("{text} (over {})", times - 1) } else { text }
        });
        items.push(item(point).declared(Some(declared_text(mount))).live(live).differs(differs));
    }
    guarded(declared, live, &mut table, items);
    undeclared(declared, live, &mut table, &groups, items);
    elsewhere(live, items);
}

fn item(point: &Path) -> Item {
    Item::new(Aspect::Mount, Text::from(point))
}

fn root(declared: &Declared, table: &mut Table<'_>, items: &mut Vec<Item>) {
    let point = Path::new("/");
    if let Some((is, _)) = table.take(point) {
        let read_only = declared.bundle.root.readonly;
        items.push(
            item(point)
                .declared(Some(if read_only { "root ro" } else { "root rw" }))
                .live(Some(format!("root {}", flags_text(&is.flags))))
                .differs(read_only && !is.flags.contains(&FLAGS[0])),
        );
    }
}

/// Whether something else is mounted there.
fn is_other(mount: &Mount, origin: Option<&Origin>, is: &LiveMount) -> bool {
    if mount.is_bind() {
        return origin.is_some_and(|origin| *origin != is.origin);
    }
    match mount.r#type.as_deref() {
        // Version 1 has a directory in memory with a mount for each controller.
        Some("cgroup") => !matches!(is.fs_type.as_str(), "tmpfs" | "cgroup" | "cgroup2"),
        Some("" | "none") | None => false,
        Some(kind) => kind != is.fs_type,
    }
}

/// The flags that were declared; the last word counts.
pub(super) fn flags(mount: &Mount) -> Vec<&'static str> {
    let mut set = [false; FLAGS.len()];
    for option in &mount.options {
        let (flag, on) = match option.as_str() {
            "ro" | "rro" => (0, true),
            "rw" | "rrw" => (0, false),
            "nosuid" => (1, true),
            "suid" => (1, false),
            "nodev" => (2, true),
            "dev" => (2, false),
            "noexec" => (3, true),
            "exec" => (3, false),
            _ => continue,
        };
        set[flag] = on;
    }
    FLAGS.into_iter().zip(set).filter_map(|(flag, on)| on.then_some(flag)).collect()
}

/// How mounts propagate, by the last word of it.
pub(super) fn propagation(mount: &Mount) -> Option<&str> {
    const ALL: [&str; 8] = [
        "private",
        "rprivate",
        "slave",
        "rslave",
        "shared",
        "rshared",
        "unbindable",
        "runbindable",
    ];
    mount.options.iter().map(String::as_str).rfind(|option| ALL.contains(option))
}

/// Whether it allows more than was declared.
fn is_looser(mount: &Mount, is: &LiveMount) -> bool {
    // Of the directory with the groups of version 1, some runtimes make only these read-only.
    let holds_groups = mount.r#type.as_deref() == Some("cgroup") && is.fs_type == "tmpfs";
    let counts = |flag: &&&str| !(holds_groups && **flag == FLAGS[0]);
    let lacks = flags(mount).iter().filter(counts).any(|flag| !is.flags.contains(flag));
    let (shared, slave) = match propagation(mount) {
        None | Some("shared" | "rshared") => (true, true),
        Some("slave" | "rslave") => (false, true),
        Some(_) => (false, false),
    };
    lacks || is.is_shared && !shared || is.is_slave && !slave
}

fn flags_text(flags: &[&str]) -> String {
    let mut words = vec![if flags.contains(&FLAGS[0]) { FLAGS[0] } else { "rw" }];
    words.extend(flags.iter().filter(|flag| **flag != FLAGS[0]));
    words.join(",")
}

fn declared_text(mount: &Mount) -> String {
    let what = match (mount.is_bind(), mount.source.as_deref()) {
        (true, Some(source)) => source,
        _ => mount.r#type.as_deref().unwrap_or("bind"),
    };
    let propagation = propagation(mount).map_or(String::new(), |word| format!(" {word}"));
    format!("{what} {}{propagation}", flags_text(&flags(mount)))
}

/// What is mounted: as the host sees it, else by the filesystem.
fn live_text(mount: &LiveMount) -> String {
    let what = match &mount.host {
        Some(host) => host.display().to_string(),
        None if mount.origin.root == b"/" => mount.fs_type.clone(),
        None => format!("{} {}", mount.fs_type, String::from_utf8_lossy(&mount.origin.root)),
    };
    let mut text = format!("{what} {}", flags_text(&mount.flags));
    for (has, word) in [(mount.is_shared, " shared"), (mount.is_slave, " slave")] {
        if has {
            text.push_str(word);
        }
    }
    text
}

/// Paths of /proc and /sys that are masked or read-only, as long as these filesystems are there.
fn guarded(declared: &Declared, live: &Live, table: &mut Table<'_>, items: &mut Vec<Item>) {
    let linux = &declared.bundle.linux;
    let all = linux.masked_paths.iter().map(|path| (path, true));
    let all = all.chain(linux.readonly_paths.iter().map(|path| (path, false)));
    for (path, masked) in all {
        let point = Path::new(path);
        let found = table.take(point).map(|(mount, _)| mount);
        let covering = table.covering(point);
        let is_kernels = |mount: &LiveMount| matches!(mount.fs_type.as_str(), "proc" | "sysfs");
        if !live.mounts.guarded.contains(path)
            || found.is_none() && !covering.is_some_and(is_kernels)
        {
            continue;
        }
        let (wanted, is, holds) = if masked {
            let holds = found.is_some_and(|mount| {
                matches!(mount.fs_type.as_str(), "tmpfs" | "devtmpfs")
                    || mount.origin.root.ends_with(b"/null")
            });
            ("masked", if holds { "masked" } else { "visible" }, holds)
        } else {
            let holds = covering.is_some_and(|mount| mount.flags.contains(&FLAGS[0]));
            ("ro", if holds { "ro" } else { "rw" }, holds)
        };
        items.push(item(point).declared(Some(wanted)).live(Some(is)).differs(!holds));
    }
}

fn undeclared(
    declared: &Declared,
    live: &Live,
    table: &mut Table<'_>,
    groups: &[(PathBuf, &Mount)],
    items: &mut Vec<Item>,
) {
    let bundle = &declared.bundle;
    let own_users = bundle.linux.namespaces.iter().any(|it| it.r#type == "user");
    let (mut told, mut left_out) = (0, 0);
    for index in 0..table.live.len() {
        if table.known[index] {
            continue;
        }
        let Some((mount, _)) = table.take(&table.live[index].point) else { continue };
        let point = mount.point.as_path();
        let name = point.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_console = bundle.process.terminal
            && point == Path::new("/dev/console")
            && mount.fs_type == "devpts";
        let is_node = own_users
            && mount.fs_type == "devtmpfs"
            && point.starts_with("/dev")
            && mount.origin.root.strip_prefix(b"/") == Some(name.as_bytes())
            && (DEVICES.contains(&name.as_str())
                || bundle.linux.devices.iter().any(|it| Path::new(&it.path) == point));
        if is_console || is_node || came_along(declared, live, mount) {
            continue;
        }
        let group = groups.iter().find(|(above, _)| point.starts_with(above));
        if let Some((_, group)) = group.filter(|_| mount.fs_type.starts_with("cgroup")) {
            let wanted = flags(group);
            items.push(
                item(point)
                    .declared(Some(format!("cgroup {}", flags_text(&wanted))))
                    .live(Some(format!("cgroup {}", flags_text(&mount.flags))))
                    .differs(wanted.iter().any(|flag| !mount.flags.contains(flag))),
            );
            continue;
        }
        told += 1;
        if told > TOLD {
            left_out += 1;
            continue;
        }
        let mut found = item(point).live(Some(live_text(mount))).differs(true);
        found.mark = mount.host.as_deref().map(mark_of);
        items.push(found);
    }
    if left_out > 0 {
        items.push(rest_of(Aspect::Mount, left_out));
    }
}

/// What other mount namespaces of the container show that the first process's does not.
fn elsewhere(live: &Live, items: &mut Vec<Item>) {
    let of_first = Table::new(&live.mounts.live);
    let mut alike = Alike::new(items);
    for other in &live.mounts.elsewhere {
        for item in beyond(&of_first, other, &live.mounts.guarded) {
            alike.add_of(item, other.pid, &other.name);
        }
    }
    alike.finish(Aspect::Mount);
    let more = live.mounts.more_elsewhere;
    if more > 0 {
        let text = format!("{more} more mount namespaces");
        items.push(Item::new(Aspect::Mount, REST).live(Some(text)).differs(true));
    }
}

/// What one of them shows: of a root of its own, that alone.
fn beyond(of_first: &Table<'_>, other: &Elsewhere, guarded: &[String]) -> Vec<Item> {
    let table = Table::new(&other.live);
    let seen = |table: &Table<'_>, point: &Path| {
        table
            .at
            .get(point)
            .and_then(|all| all.last())
            .and_then(|&index| table.live.get(index))
            .cloned()
    };
    let root = Path::new("/");
    let (own, firsts) = (seen(&table, root), seen(of_first, root));
    if own.as_ref().map(|it| &it.origin) != firsts.as_ref().map(|it| &it.origin) {
        let count = other.live.len();
        let what = own.map_or("none".to_owned(), |it| live_text(&it));
        let text = format!("another root: {what}, {count} mount(s)");
        return vec![item(root).live(Some(text)).differs(true)];
    }
    let mut items = Vec::new();
    for (index, mount) in other.live.iter().enumerate() {
        let point = mount.point.as_path();
        let is_seen = table.at.get(point).and_then(|all| all.last()) == Some(&index);
        // Tighter than the first process has it is no more.
        let is_firsts = |it: &LiveMount| {
            it.origin == mount.origin && it.flags.iter().all(|flag| mount.flags.contains(flag))
        };
        let mut firsts = of_first.at.get(point).into_iter().flatten();
        if is_seen && !firsts.any(|&at| of_first.live.get(at).is_some_and(is_firsts)) {
            let mut found = item(point).live(Some(live_text(mount))).differs(true);
            found.mark = mount.host.as_deref().map(mark_of);
            items.push(found);
        }
    }
    for path in guarded {
        let point = Path::new(path);
        let covered =
            table.covering(point).is_some_and(|it| matches!(it.fs_type.as_str(), "proc" | "sysfs"));
        if covered && of_first.at.contains_key(point) && !table.at.contains_key(point) {
            let declared = seen(of_first, point).map(|it| live_text(&it));
            items.push(item(point).declared(declared).live(Some("not mounted")).differs(true));
        }
    }
    items
}

/// What a path of the host is to a container.
pub(super) fn mark_of(host: &Path) -> ConfigMark {
    let name = host.file_name().unwrap_or_default();
    let is_socket = SOCKETS.iter().any(|socket| name == *socket);
    if is_socket { ConfigMark::RuntimeSocket } else { ConfigMark::HostPath }
}

/// Whether it lies below the source of a recursive bind mount on the host, too: it came with that.
fn came_along(declared: &Declared, live: &Live, mount: &LiveMount) -> bool {
    let Some(host) = &mount.host else { return false };
    let pairs = declared.bundle.mounts.iter().zip(&live.mounts.expected);
    let above = pairs.filter(|(_, expected)| mount.point.starts_with(&expected.point));
    let nearest = above.max_by_key(|(_, expected)| expected.point.as_os_str().len());
    nearest.is_some_and(|(declared, expected)| {
        let rest = mount.point.strip_prefix(&expected.point);
        match (rest, &expected.source) {
            (Ok(rest), Some(source)) => declared.has("rbind") && source.join(rest) == *host,
            _ => false,
        }
    })
}
