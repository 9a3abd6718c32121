//! What the kernel tells only from within a namespace: host names and sysctls. A thread of its own goes
//! there for it; it keeps our mounts, so that nothing of the container's is opened.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;

use procfs::process::Process;
use rustix::fs::OFlags;
use rustix::thread::LinkNameSpaceType;

/// Most that is read of one setting, in bytes.
const FILE_LIMIT: u64 = 16 << 10;

/// What is looked at though nobody declared it, by the namespace that it is of: what leads packets elsewhere, lets
/// them pass, or opens what is shared. Of those that this kernel does not have, nothing is known.
const LOOKED_AT: [(usize, &[&str]); 3] = [
    (UTS, &["kernel.domainname"]),
    (
        IPC,
        &[
            "fs.mqueue.msg_max",
            "fs.mqueue.msgsize_max",
            "fs.mqueue.queues_max",
            "kernel.msgmax",
            "kernel.msgmnb",
            "kernel.msgmni",
            "kernel.sem",
            "kernel.shm_rmid_forced",
            "kernel.shmall",
            "kernel.shmmax",
            "kernel.shmmni",
        ],
    ),
    (
        NET,
        &[
            "net.core.somaxconn",
            "net.ipv4.conf.all.accept_local",
            "net.ipv4.conf.all.accept_redirects",
            "net.ipv4.conf.all.accept_source_route",
            "net.ipv4.conf.all.arp_announce",
            "net.ipv4.conf.all.arp_ignore",
            "net.ipv4.conf.all.proxy_arp",
            "net.ipv4.conf.all.route_localnet",
            "net.ipv4.conf.all.rp_filter",
            "net.ipv4.conf.all.send_redirects",
            "net.ipv4.icmp_echo_ignore_all",
            "net.ipv4.ip_forward",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.ip_nonlocal_bind",
            "net.ipv4.ip_unprivileged_port_start",
            "net.ipv4.ping_group_range",
            "net.ipv4.tcp_syncookies",
            "net.ipv6.conf.all.accept_ra",
            "net.ipv6.conf.all.accept_redirects",
            "net.ipv6.conf.all.accept_source_route",
            "net.ipv6.conf.all.disable_ipv6",
            "net.ipv6.conf.all.forwarding",
        ],
    ),
];
/// The indices of a process's namespaces.
const NET: usize = 2;
const IPC: usize = 3;
const UTS: usize = 4;

/// What was asked for, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Settings {
    /// With white space as single spaces; those that cannot be read are not there.
    pub(in crate::config) values: BTreeMap<String, String>,
    /// The same of what nobody declared, in namespaces of the container's own.
    pub(in crate::config) undeclared: BTreeMap<String, String>,
    /// Why some are not there.
    pub(in crate::config) problems: Vec<String>,
}

/// What is looked at though nobody declared it: `is_own` says of which namespaces, by the order of
/// [`NAMESPACES`](super::NAMESPACES).
pub(super) fn looked_at(is_own: impl Fn(usize) -> bool, declared: &[String]) -> Vec<&'static str> {
    let own = LOOKED_AT.iter().filter(|(namespace, _)| is_own(*namespace));
    let is_declared = |name: &&str| declared.iter().any(|it| path_of(it) == path_of(name));
    own.flat_map(|(_, names)| *names).copied().filter(|name| !is_declared(name)).collect()
}

impl Settings {
    /// Reads sysctls, by names with dots, in the namespaces of a process.
    /// Those of `undeclared` that are not there are no problem.
    pub(in crate::config) fn read(
        proc: &Path,
        process: &Process,
        names: Vec<String>,
        undeclared: Vec<&'static str>,
    ) -> Self {
        let mut settings = Self::default();
        let kinds = [
            ("uts", LinkNameSpaceType::HostNameAndNISDomainName),
            ("ipc", LinkNameSpaceType::InterProcessCommunication),
            ("net", LinkNameSpaceType::Network),
        ];
        let mut namespaces = Vec::new();
        for (name, kind) in kinds {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            match process.open_relative_flags(format!("ns/{name}"), flags) {
                Ok(file) => namespaces.push((file, kind)),
                Err(error) => {
                    settings.problems.push(format!("/proc/{}/ns/{name}: {error}", process.pid()));
                    return settings;
                }
            }
        }
        let root = proc.join("sys");
        let visit = move || visit(&namespaces, &root, names, &undeclared);
        let thread = std::thread::Builder::new().name("driftcore-sysctl".into()).spawn(visit);
        match thread.map(std::thread::JoinHandle::join) {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => settings.failed("the thread that reads them ended early"),
            Err(error) => settings.failed(&error.to_string()),
        }
    }

    fn failed(mut self, why: &str) -> Self {
        self.problems.push(format!("sysctls: {why}"));
        self
    }
}

fn visit(
    namespaces: &[(File, LinkNameSpaceType)],
    root: &Path,
    names: Vec<String>,
    undeclared: &[&str],
) -> Settings {
    let mut settings = Settings::default();
    for (file, kind) in namespaces {
        if let Err(error) = rustix::thread::move_into_link_name_space(file.as_fd(), Some(*kind)) {
            return settings.failed(&format!("cannot enter a {kind:?} namespace: {error}"));
        }
    }
    for name in names {
        let Some(relative) = path_of(&name) else {
            settings.problems.push(format!("sysctl {name:?}: no such name"));
            continue;
        };
        match read(root, &relative) {
            Ok(text) => {
                settings.values.insert(name, text);
            }
            Err(error) => settings.problems.push(format!("sysctl {name}: {error}")),
        }
    }
    for name in undeclared {
        let text = path_of(name).and_then(|relative| read(root, &relative).ok());
        settings.undeclared.extend(text.map(|text| ((*name).to_owned(), text)));
    }
    settings
}

fn read(root: &Path, relative: &str) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(root.join(relative))?.take(FILE_LIMIT).read_to_string(&mut text)?;
    Ok(normal(&text))
}

/// White space as single spaces.
pub(in crate::config) fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `net.ipv4.ip_forward` and `net/ipv4/ip_forward` -> `net/ipv4/ip_forward`. As sysctl(8) has it, the first
/// of both marks separates, and the other stands for itself.
fn path_of(name: &str) -> Option<String> {
    let slash = name.find('/').unwrap_or(usize::MAX);
    let path = if name.find('.').unwrap_or(usize::MAX) < slash {
        let swap = |character| match character {
            '.' => '/',
            '/' => '.',
            other => other,
        };
        name.chars().map(swap).collect()
    } else {
        name.to_owned()
    };
    let sound = |part: &str| !matches!(part, "" | "." | "..");
    path.split('/').all(sound).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_paths_and_lead_nowhere_else() {
        for name in ["net.ipv4.ip_forward", "net/ipv4/ip_forward"] {
            assert_eq!(path_of(name).unwrap(), "net/ipv4/ip_forward");
        }
        assert_eq!(path_of("net.ipv4.conf.eth0/1.x").unwrap(), "net/ipv4/conf/eth0.1/x");
        for name in ["", "..", "../x", "a/../x", "/etc/passwd", "net..x", "a./"] {
            let path = path_of(name);
            let inside = |path: &String| path.split('/').all(|part| !matches!(part, "" | ".."));
            assert!(path.as_ref().is_none_or(inside), "{name}: {path:?}");
        }
        assert_eq!(path_of("/etc/passwd"), None);
        assert_eq!(normal("0\t2147483647\n"), "0 2147483647");
    }

    #[test]
    fn of_namespaces_that_are_not_the_containers_own_nothing_is_looked_at() {
        let all = looked_at(|_| true, &[]);
        let own = looked_at(|namespace| namespace == UTS, &[]);
        assert_eq!(own, ["kernel.domainname"]);
        assert!(all.iter().all(|name| path_of(name).is_some()) && all.len() > 30);
    }

    #[test]
    fn ones_own_host_name_is_read_and_what_is_not_there_is_a_problem() {
        let process = Process::myself().unwrap();
        let names = ["kernel.hostname", "kernel.nonsense", ".."].map(str::to_owned).to_vec();
        let undeclared = looked_at(|_| true, &["net/ipv4/ip_forward".to_owned()]);
        let found = Settings::read(Path::new("/proc"), &process, names, undeclared);
        if rustix::process::geteuid().is_root() {
            let host = rustix::system::uname();
            assert_eq!(found.values["kernel.hostname"], host.nodename().to_string_lossy());
            assert_eq!(found.problems.len(), 2, "{:?}", found.problems);
            assert!(found.undeclared.contains_key("kernel.shmmax"), "{:?}", found.undeclared);
            assert!(!found.undeclared.contains_key("net.ipv4.ip_forward"), "it was declared");
        } else {
            assert!(found.problems[0].contains("cannot enter"), "{:?}", found.problems);
        }
    }
}
