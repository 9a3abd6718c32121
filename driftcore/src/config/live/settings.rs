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

/// What was asked for, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Settings {
    /// With white space as single spaces; those that cannot be read are not there.
    pub(in crate::config) values: BTreeMap<String, String>,
    /// Why some are not there.
    pub(in crate::config) problems: Vec<String>,
}

impl Settings {
    /// Reads sysctls, by names with dots, in the namespaces of a process.
    pub(in crate::config) fn read(proc: &Path, process: &Process, names: Vec<String>) -> Self {
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
        let visit = move || visit(&namespaces, &root, names);
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

fn visit(namespaces: &[(File, LinkNameSpaceType)], root: &Path, names: Vec<String>) -> Settings {
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
        let mut text = String::new();
        let read = File::open(root.join(relative))
            .and_then(|file| file.take(FILE_LIMIT).read_to_string(&mut text));
        match read {
            Ok(_) => {
                settings.values.insert(name, normal(&text));
            }
            Err(error) => settings.problems.push(format!("sysctl {name}: {error}")),
        }
    }
    settings
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
    fn ones_own_host_name_is_read_and_what_is_not_there_is_a_problem() {
        let process = Process::myself().unwrap();
        let names = ["kernel.hostname", "kernel.nonsense", ".."].map(str::to_owned).to_vec();
        let found = Settings::read(Path::new("/proc"), &process, names);
        if rustix::process::geteuid().is_root() {
            let host = rustix::system::uname();
            assert_eq!(found.values["kernel.hostname"], host.nodename().to_string_lossy());
            assert_eq!(found.problems.len(), 2, "{:?}", found.problems);
        } else {
            assert!(found.problems[0].contains("cannot enter"), "{:?}", found.problems);
        }
    }
}
