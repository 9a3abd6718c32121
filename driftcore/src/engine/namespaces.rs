//! The host's own namespaces, to tell what a container shares with it.

use std::path::Path;

use procfs::process::Process;

use crate::event::ContainerDetails;
use crate::event::NamespaceIds;

/// Inode numbers of the host's namespaces, as far as they can be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HostNamespaces {
    pid: Option<u32>,
    ipc: Option<u32>,
    net: Option<u32>,
}

impl HostNamespaces {
    /// Those of the host's first process.
    pub(super) fn read(proc: &Path) -> Self {
        let of = |kind: &str| number(&std::fs::read_link(proc.join("1/ns").join(kind)).ok()?);
        Self { pid: of("pid"), ipc: of("ipc"), net: of("net") }
    }

    /// Fills in what the runtime's state left open, by what a process of the container has. A
    /// pod's containers join the namespaces of its sandbox by path, and those may be the host's.
    pub(super) fn complete(&self, details: &mut ContainerDetails, own: &NamespaceIds) {
        let fill = |shared: &mut Option<bool>, host: Option<u32>, own: u32| {
            if let (None, Some(host)) = (*shared, host)
                && own != 0
            {
                *shared = Some(own == host);
            }
        };
        fill(&mut details.host_pid, self.pid, own.pid);
        fill(&mut details.host_ipc, self.ipc, own.ipc);
        fill(&mut details.host_network, self.net, own.net);
    }
}

/// Those of a process; 0 for what cannot be read.
pub(super) fn of(process: &Process) -> NamespaceIds {
    let namespaces = process.namespaces().map(|all| all.0).unwrap_or_default();
    let of = |kind: &str| {
        let found = namespaces.get(std::ffi::OsStr::new(kind));
        found.and_then(|it| u32::try_from(it.identifier).ok()).unwrap_or(0)
    };
    NamespaceIds {
        mnt: of("mnt"),
        pid: of("pid"),
        net: of("net"),
        user: of("user"),
        uts: of("uts"),
        ipc: of("ipc"),
        cgroup: of("cgroup"),
    }
}

/// `net:[4026531840]` as its number.
fn number(link: &Path) -> Option<u32> {
    let (_, number) = link.to_str()?.strip_suffix(']')?.split_once(":[")?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_runtime_says_stays_and_the_rest_is_compared() {
        let host = HostNamespaces { pid: Some(1), ipc: Some(2), net: Some(3) };
        let own = NamespaceIds { pid: 1, ipc: 9, net: 3, ..NamespaceIds::default() };
        let mut details =
            ContainerDetails { host_network: Some(false), ..ContainerDetails::default() };
        host.complete(&mut details, &own);
        assert_eq!(
            (details.host_pid, details.host_ipc, details.host_network),
            (Some(true), Some(false), Some(false))
        );
        let mut details = ContainerDetails::default();
        host.complete(&mut details, &NamespaceIds::default());
        HostNamespaces::default().complete(&mut details, &own);
        assert_eq!(details, ContainerDetails::default(), "nothing to compare");
    }

    #[test]
    fn the_hosts_are_read_from_its_first_process() {
        let proc = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(proc.path().join("1/ns")).unwrap();
        std::os::unix::fs::symlink("net:[4026531840]", proc.path().join("1/ns/net")).unwrap();
        let host = HostNamespaces::read(proc.path());
        assert_eq!((host.net, host.pid), (Some(4_026_531_840), None));
    }
}
