//! Names of containers in a cgroup path.
//!
//! Covered are v1, hybrid and v2 paths with the systemd and the cgroupfs driver of Docker,
//! containerd, CRI-O and Podman, Kubernetes' QoS groups, and containers in containers.

/// Innermost components that are looked at.
const DEPTH: usize = 16;

/// A runtime that a cgroup name points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// `docker`.
    Docker,
    /// `containerd`.
    Containerd,
    /// `cri-o`.
    Crio,
    /// `podman`.
    Podman,
    /// Below a Kubernetes pod; no runtime is named.
    Kubernetes,
}

impl Hint {
    /// The runtime's name as events have it.
    pub(super) const fn runtime(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Containerd => "containerd",
            Self::Crio => "cri-o",
            Self::Podman => "podman",
            Self::Kubernetes => "unknown",
        }
    }
}

/// A name in the path that may be a container's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate<'a> {
    /// The id.
    pub(super) id: &'a str,
    /// Who names containers so. `None`: the name counts only if a runtime's state confirms it.
    pub(super) hint: Option<Hint>,
    /// The namespace of containerd that the path names.
    pub(super) namespace: Option<&'a str>,
}

/// The candidates of a path, innermost first.
pub(super) fn candidates(path: &[u8]) -> Vec<Candidate<'_>> {
    let components: Vec<&str> = path
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty())
        .map(|component| std::str::from_utf8(component).unwrap_or(""))
        .collect();
    let mut candidates = Vec::new();
    for (index, component) in components.iter().enumerate().rev().take(DEPTH) {
        let outer = components.get(..index).unwrap_or_default();
        candidates.extend(named(component));
        let Some(&parent) = outer.last() else {
            continue;
        };
        if is_id(component) {
            candidates.push(Candidate {
                id: component,
                hint: hint(outer, parent),
                namespace: None,
            });
        }
        if is_identifier(parent) && is_identifier(component) {
            candidates.push(Candidate { id: component, hint: None, namespace: Some(parent) });
        }
    }
    candidates
}

/// The uid of the innermost Kubernetes pod in the path, with dashes.
pub(super) fn pod_uid(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    path.rsplit('/').find_map(|component| {
        let uid = match component.split_once(".slice") {
            Some((name, _)) => {
                let name = name.strip_prefix("kubepods-")?;
                name.rsplit('-').next()?.strip_prefix("pod")?.replace('_', "-")
            }
            None => component.strip_prefix("pod")?.to_owned(),
        };
        let hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        (uid.len() >= 32 && uid.len() <= 36 && uid.bytes().all(hex)).then_some(uid)
    })
}

fn hint(outer: &[&str], parent: &str) -> Option<Hint> {
    if parent == "docker" {
        return Some(Hint::Docker);
    }
    let pod = parent.starts_with("pod") || parent.contains("-pod");
    let kubernetes = outer.iter().any(|name| name.starts_with("kubepods"));
    (pod && kubernetes).then_some(Hint::Kubernetes)
}

/// A component that carries the runtime's name: `docker-<id>.scope`, `crio-<id>`, or
/// `<slice>:cri-containerd:<id>` where containerd and runc disagree about the driver. The
/// monitors (`crio-conmon-<id>.scope`) have no id right after the prefix and drop out.
fn named(component: &str) -> Option<Candidate<'_>> {
    let (prefix, id) = match component.rsplit_once(':') {
        Some((front, id)) => (front.rsplit(':').next()?, id),
        None => {
            let name = component.strip_suffix(".scope").unwrap_or(component);
            let split = name.len().checked_sub(64)?;
            let id = name.get(split..)?;
            (name.get(..split)?.strip_suffix('-')?, id)
        }
    };
    let (hint, namespace) = match prefix {
        "docker" => (Hint::Docker, None),
        "cri-containerd" => (Hint::Containerd, Some("k8s.io")),
        "nerdctl" => (Hint::Containerd, None),
        "crio" => (Hint::Crio, None),
        "libpod" => (Hint::Podman, None),
        _ => return None,
    };
    is_id(id).then_some(Candidate { id, hint: Some(hint), namespace })
}

/// 64 hexadecimal digits, as all runtimes but a bare containerd make their ids.
pub(super) fn is_id(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(hex)
}

/// What containerd takes as an identifier (`pkg/identifiers`): parts of letters and digits
/// joined by single `.`, `_` or `-`, at most 76 bytes. Never a path.
pub(super) fn is_identifier(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    text.len() <= 76 && text.split(['.', '_', '-']).all(part)
}

/// Of the lines of `/proc/PID/cgroup` the path that says most: of the unified hierarchy, or, where
/// that is the topmost one, of the first version 1 controller that has it elsewhere. The order is
/// the sensor's.
pub(crate) fn most_telling_cgroup(text: &[u8]) -> &[u8] {
    let lines = || {
        text.split(|&byte| byte == b'\n').filter_map(|line| {
            let mut parts = line.splitn(3, |&byte| byte == b':');
            let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            Some((controllers, path))
        })
    };
    let of = |controller: &[u8]| {
        let named = |list: &[u8]| list.split(|&byte| byte == b',').any(|name| name == controller);
        lines().find(|(list, _)| named(list)).map(|(_, path)| path)
    };
    [&b""[..], b"pids", b"devices", b"cpuset", b"memory", b"cpu"]
        .into_iter()
        .filter_map(of)
        .find(|path| *path != b"/")
        .unwrap_or(b"/")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn first(path: &str) -> Option<(String, Option<Hint>)> {
        let path = path.replace("<A>", A).replace("<B>", B);
        let found = candidates(path.as_bytes());
        found.first().map(|found| (found.id.to_owned(), found.hint))
    }

    #[test]
    fn runtimes_are_told_by_their_names() {
        for (path, hint) in [
            ("/docker/<A>", Hint::Docker),
            ("/../../docker/<A>", Hint::Docker),
            ("/system.slice/docker-<A>.scope", Hint::Docker),
            ("/system.slice/docker-<A>.scope/init.scope", Hint::Docker),
            ("/kubepods.slice/kubepods-pod1.slice/cri-containerd-<A>.scope", Hint::Containerd),
            ("/system.slice/x.service/kubepods-pod1.slice:cri-containerd:<A>", Hint::Containerd),
            ("/kubepods.slice/kubepods-pod1.slice/crio-<A>.scope", Hint::Crio),
            ("/kubepods/besteffort/pod1/crio-<A>", Hint::Crio),
            ("/machine.slice/libpod-<A>.scope", Hint::Podman),
            ("/machine.slice/libpod-<A>.scope/container", Hint::Podman),
            ("/libpod_parent/libpod-<A>", Hint::Podman),
            ("/kubepods/burstable/pod1/<A>", Hint::Kubernetes),
            ("/kubepods/pod1/<A>", Hint::Kubernetes),
            ("/kubepods.slice/kubepods-pod1.slice/<A>", Hint::Kubernetes),
            ("/docker/<B>/docker/<A>", Hint::Docker),
            ("/docker/<B>/kubepods/besteffort/pod1/<A>", Hint::Kubernetes),
        ] {
            let path = path.replace("<A>", A).replace("<B>", B);
            let certain = candidates(path.as_bytes()).into_iter().find(|c| c.hint.is_some());
            let certain = certain.unwrap_or_else(|| panic!("nothing in {path}"));
            assert_eq!((certain.id, certain.hint), (A, Some(hint)), "{path}");
        }
    }

    #[test]
    fn names_that_any_service_may_have_are_only_questions() {
        assert_eq!(first("/default/myname"), Some(("myname".to_owned(), None)));
        let host = candidates(b"/process_api/c8f8771d12a8efd886e60ce96e6a9d20");
        assert!(host.iter().all(|candidate| candidate.hint.is_none()));
        assert_eq!(first("/jobs/<A>"), Some((A.to_owned(), None)));
    }

    #[test]
    fn monitors_and_plain_paths_name_no_container() {
        for path in ["/", "", "/init.scope", "/a/..", "/machine.slice/libpod-conmon-<A>.scope"] {
            let path = path.replace("<A>", A);
            let found = candidates(path.as_bytes());
            assert!(found.iter().all(|c| c.hint.is_none() && c.id != A), "{path}: {found:?}");
        }
    }

    #[test]
    fn pods_are_found_with_both_drivers() {
        let uid = "12345678-9abc-def0-1234-56789abcdef0";
        let slice = uid.replace('-', "_");
        for path in [
            format!("/kubepods/burstable/pod{uid}/x"),
            format!("/kubepods/pod{uid}/x"),
            format!("/kubepods.slice/kubepods-burstable-pod{slice}.slice/x"),
            format!("/kubepods.slice/kubepods-pod{slice}.slice/x"),
            format!("/kubepods-burstable-pod{slice}.slice:cri-containerd:x"),
        ] {
            assert_eq!(pod_uid(path.as_bytes()).as_deref(), Some(uid), "{path}");
        }
        assert_eq!(pod_uid(b"/kubepods/podium/x"), None);
    }

    #[test]
    fn the_cgroup_of_the_unified_hierarchy_goes_first() {
        assert_eq!(most_telling_cgroup(b"1:pids:/a\n0::/b\n"), b"/b");
        assert_eq!(most_telling_cgroup(b"9:cpu,cpuacct:/c\n3:memory:/m\n0::/\n"), b"/m");
        assert_eq!(most_telling_cgroup(b"9:cpu,cpuacct:/c:d\n1:name=x:/e"), b"/c:d");
        assert_eq!(most_telling_cgroup(b"0::/\n"), b"/");
        assert_eq!(most_telling_cgroup(b""), b"/");
    }

    proptest! {
        #[test]
        fn any_path_gives_only_names_that_are_safe_in_paths(path in proptest::collection::vec(
            prop_oneof![Just(b'/'), Just(b'.'), Just(b'-'), any::<u8>()], 0..400)) {
            pod_uid(&path);
            for candidate in candidates(&path) {
                prop_assert!(is_identifier(candidate.id));
                prop_assert!(candidate.namespace.is_none_or(is_identifier));
            }
        }
    }
}
