//! Who the processes are, what confines them, and which namespaces they are in.

use super::capabilities::is_nested;
use crate::config::declared::Declared;
use crate::config::declared::IdMapping;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::live::Live;
use crate::config::live::NAMESPACES;
use crate::config::live::ProcessFacts;

/// What security modules call processes that they leave alone.
const UNCONFINED: &[u8] = b"unconfined";

pub(super) fn compare(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    super::of_processes(live, items, Aspect::Identity, &|process| {
        let mut found = ids(declared, live, process);
        found.append(&mut confinement(declared, process));
        found.append(&mut namespaces(declared, live, process));
        found
    });
    for (name, wanted, is) in [
        ("uid_map", &declared.bundle.linux.uid_mappings, &live.uid_map),
        ("gid_map", &declared.bundle.linux.gid_mappings, &live.gid_map),
    ] {
        // Without a user namespace of its own it has the runtime's.
        if !wanted.is_empty() && !is.is_empty() {
            let item = Item::new(Aspect::Identity, name)
                .declared(Some(map_text(wanted)))
                .live(Some(map_text(is)))
                .differs(wanted != is);
            items.push(item);
        }
    }
}

fn map_text(map: &[IdMapping]) -> String {
    let lines = map.iter().map(|it| format!("{} {} {}", it.inside, it.outside, it.size));
    lines.collect::<Vec<_>>().join(", ")
}

/// An id as the container's first process has it; `host N` where it has none.
fn inside(map: &[IdMapping], id: u32) -> Result<u32, String> {
    let entry = map
        .iter()
        .find(|entry| id.checked_sub(entry.outside).is_some_and(|offset| offset < entry.size));
    let inside = entry.and_then(|entry| entry.inside.checked_add(id - entry.outside));
    inside.ok_or_else(|| format!("host {id}"))
}

/// An id of the container as the host has it.
#[cfg(feature = "sensor")]
pub(super) fn outside(map: &[IdMapping], id: u32) -> Option<u32> {
    let has =
        |entry: &&IdMapping| id.checked_sub(entry.inside).is_some_and(|offset| offset < entry.size);
    let entry = map.iter().find(has)?;
    entry.outside.checked_add(id - entry.inside)
}

/// User and groups. Whoever starts as root may become anybody: that is no more than was declared.
pub(super) fn ids(declared: &Declared, live: &Live, process: &ProcessFacts) -> Vec<Item> {
    let user = &declared.bundle.process.user;
    let starts_as_root = user.uid == 0;
    let status = &process.status;
    let text = |map: &[IdMapping], ids: &[u32]| {
        let mut texts: Vec<String> = ids
            .iter()
            .map(|&id| inside(map, id).map_or_else(|host| host, |id| id.to_string()))
            .collect();
        // Four ids that are one are said once.
        if texts.len() == 4 && texts.iter().all(|text| *text == texts[0]) {
            texts.truncate(1);
        }
        texts.join(",")
    };
    let foreign = |map: &[IdMapping], ids: &[u32], wanted: u32| {
        ids.iter().any(|&id| match inside(map, id) {
            Ok(id) => id != wanted && !starts_as_root,
            Err(_) => !is_nested(live, process),
        })
    };
    let item = |name, map: &[IdMapping], ids: &[u32], wanted: u32| {
        Item::new(Aspect::Identity, name)
            .declared(Some(wanted.to_string()))
            .live(Some(text(map, ids)))
            .differs(!map.is_empty() && foreign(map, ids, wanted))
    };
    let mut allowed = user.additional_gids.clone();
    allowed.push(user.gid);
    let more = |&id: &u32| inside(&live.gid_map, id).is_ok_and(|id| !allowed.contains(&id));
    let list = |ids: Vec<String>| if ids.is_empty() { "none".to_owned() } else { ids.join(",") };
    let groups = status.groups.iter();
    let live_groups = groups
        .clone()
        .map(|&id| inside(&live.gid_map, id).map_or_else(|host| host, |id| id.to_string()))
        .collect();
    vec![
        item("uid", &live.uid_map, &status.uids, user.uid),
        item("gid", &live.gid_map, &status.gids, user.gid),
        Item::new(Aspect::Identity, "groups")
            .declared(Some(list(user.additional_gids.iter().map(ToString::to_string).collect())))
            .live(Some(list(live_groups)))
            .differs(!starts_as_root && !live.gid_map.is_empty() && status.groups.iter().any(more)),
    ]
}

/// What holds a process down: less of it than was declared differs.
fn confinement(declared: &Declared, process: &ProcessFacts) -> Vec<Item> {
    let wanted = &declared.bundle.process;
    let status = &process.status;
    let mut items = vec![
        Item::new(Aspect::Identity, "no_new_privileges")
            .declared(Some(wanted.no_new_privileges.to_string()))
            .live(Some(status.no_new_privileges.to_string()))
            .differs(wanted.no_new_privileges && !status.no_new_privileges),
    ];
    if let Some(mode) = status.seccomp {
        let filtered = declared.bundle.linux.seccomp;
        let live = match (mode, status.filters) {
            (0, _) => "none".to_owned(),
            (1, _) => "strict".to_owned(),
            (_, Some(count)) => format!("{count} filter(s)"),
            (_, None) => "filters".to_owned(),
        };
        items.push(
            Item::new(Aspect::Identity, "seccomp")
                .declared(Some(if filtered { "1 filter(s)" } else { "none" }))
                .live(Some(live))
                .differs(filtered && mode == 0),
        );
    }
    let profile = wanted.apparmor_profile.as_deref().filter(|it| !it.is_empty());
    let selinux = wanted.selinux_label.as_deref().filter(|it| !it.is_empty());
    if let (Some(label), Some(declared)) = (&process.label, profile.or(selinux)) {
        let bytes = label.as_bytes();
        // AppArmor adds the mode in parentheses.
        let name = match bytes.iter().position(|&byte| byte == b' ') {
            Some(at) if bytes.ends_with(b")") => &bytes[..at],
            _ => bytes,
        };
        let complains = bytes.ends_with(b" (complain)");
        let differs =
            declared.as_bytes() != UNCONFINED && (name != declared.as_bytes() || complains);
        items.push(
            Item::new(Aspect::Identity, "security_label")
                .declared(Some(declared))
                .live(Some(label.clone()))
                .differs(differs),
        );
    }
    items
}

/// The kind's name in a bundle, by its name in /proc.
fn bundle_name(kind: &str) -> &str {
    match kind {
        "mnt" => "mount",
        "net" => "network",
        other => other,
    }
}

/// Namespaces: the host's where one's own was declared differs, and another one than was named. A process
/// that makes new ones only separates itself more, but for a user namespace: it has all rights there.
fn namespaces(declared: &Declared, live: &Live, process: &ProcessFacts) -> Vec<Item> {
    let mut items = Vec::new();
    let is_first = process.pid == live.first.pid;
    for (index, kind) in NAMESPACES.into_iter().enumerate() {
        let (Some(is), Some(host)) = (process.namespaces[index], live.host_namespaces[index])
        else {
            continue;
        };
        let wanted = declared.bundle.linux.namespaces.iter();
        let wanted = wanted.clone().find(|it| it.r#type == bundle_name(kind));
        let path = wanted.and_then(|it| it.path.as_deref()).filter(|it| !it.is_empty());
        let named = path.and_then(|path| live.named_namespaces.get(path)).copied();
        let is_containers = Some(is) == live.first.namespaces[index];
        let text = match is {
            _ if is == host => "the host's",
            _ if is_first || is_containers => "its own",
            _ => "another one",
        };
        let (declared, differs) = match (wanted, path, named) {
            (None, ..) => ("the host's".to_owned(), false),
            (_, Some(path), Some(named)) => {
                (path.to_owned(), is != named && (is_first || is == host))
            }
            // One that is joined may be the host's: the path would tell, and it is gone.
            (_, Some(path), None) => (path.to_owned(), false),
            (Some(_), None, _) => ("its own".to_owned(), is == host),
        };
        let nested = kind == "user" && !is_containers && is != host;
        let live = match path {
            Some(path) if named == Some(is) => path,
            _ => text,
        };
        items.push(
            Item::new(Aspect::Identity, format!("namespace.{}", bundle_name(kind)))
                .declared(Some(declared))
                .live(Some(live))
                .differs(differs || nested),
        );
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_container() {
        let map = [IdMapping { inside: 0, outside: 100_000, size: 10 }];
        assert_eq!(inside(&map, 100_003), Ok(3));
        assert_eq!(inside(&map, 100_010), Err("host 100010".to_owned()));
        assert_eq!(inside(&map, 0), Err("host 0".to_owned()));
        let whole = [IdMapping { inside: 0, outside: 0, size: u32::MAX }];
        assert_eq!(inside(&whole, 7), Ok(7));
        #[cfg(feature = "sensor")]
        assert_eq!([3, 9, 10].map(|id| outside(&map, id)), [Some(100_003), Some(100_009), None]);
    }
}
