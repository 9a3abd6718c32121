//! Mounts of a process that has a mount namespace of its own.

use super::*;
use crate::config::live::Elsewhere;

/// What is told of a process whose mounts are the first one's but for a change.
fn told(change: impl Fn(&mut Vec<LiveMount>)) -> Vec<(String, String)> {
    let (declared, mut live) = pair();
    let mut mounts = live.mounts.live.clone();
    change(&mut mounts);
    let elsewhere = Elsewhere { pid: 7, name: "unshare".into(), live: mounts };
    live.mounts.elsewhere = vec![elsewhere.clone(), Elsewhere { pid: 8, ..elsewhere }];
    let comparison = compare(&declared, &live);
    let text = |text: &Option<Text>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    let differences = comparison.differences().map(|item| {
        assert_eq!(item.aspect, Aspect::Mount);
        let process = item.process.as_ref().unwrap();
        assert_eq!((process.pid, item.more), (7, 1), "of two that are alike one is told");
        (item.name.to_string(), text(&item.live))
    });
    differences.collect()
}

fn one(name: &str, live: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), live.to_owned())]
}

#[test]
fn what_is_mounted_in_another_namespace_alone_is_told() {
    assert!(told(|_| ()).is_empty());
    let tmpfs = mount("/run", "tmpfs", origin(99, "/"), &[]);
    assert_eq!(told(|mounts| mounts.push(tmpfs.clone())), one("/run", "tmpfs rw"));
    let over = mount("/data", "tmpfs", origin(99, "/"), &["ro"]);
    assert_eq!(told(|mounts| mounts.push(over.clone())), one("/data", "tmpfs ro"));
    let looser = |mounts: &mut Vec<LiveMount>| mounts[6].flags.clear();
    assert_eq!(told(looser), one("/data", "/srv/data rw"));
    let unmasked = |mounts: &mut Vec<LiveMount>| {
        mounts.retain(|it| it.point != Path::new("/proc/kcore"));
    };
    assert_eq!(told(unmasked), one("/proc/kcore", "not mounted"));
}

#[test]
fn what_is_less_is_not_and_of_another_root_that_alone() {
    let tighter = |mounts: &mut Vec<LiveMount>| mounts[8].flags.push("ro");
    assert!(told(tighter).is_empty());
    let unmounted = |mounts: &mut Vec<LiveMount>| {
        mounts.retain(|it| it.point != Path::new("/open"));
    };
    assert!(told(unmounted).is_empty());
    let sandbox =
        |mounts: &mut Vec<LiveMount>| mounts[0] = mount("/", "tmpfs", origin(99, "/"), &[]);
    assert_eq!(told(sandbox), one("/", "another root: tmpfs rw, 19 mount(s)"));
}

#[test]
fn how_many_more_namespaces_there_are_is_told() {
    let (declared, mut live) = pair();
    live.mounts.more_elsewhere = 3;
    let comparison = compare(&declared, &live);
    let texts: Vec<_> =
        comparison.differences().map(|it| (it.name.clone(), it.live.clone())).collect();
    assert_eq!(texts, [("(others)".into(), Some("3 more mount namespaces".into()))]);
}
