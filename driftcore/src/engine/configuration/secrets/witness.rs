//! Who changed a file, as far as anybody can still tell.

use procfs::process::Process;

use crate::event::Text;

/// A process that changed something. What was not to be read any more is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Witnessed {
    pub(in crate::engine) pid: u32,
    /// Whether it is in the container's mount namespace, or its control group names the container.
    pub(in crate::engine) is_inside: Option<bool>,
    /// Whether its control group names the container.
    pub(in crate::engine) is_in_group: Option<bool>,
    pub(in crate::engine) facts: Option<Facts>,
}

/// What /proc says of a process while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Facts {
    pub(in crate::engine) name: Text,
    pub(in crate::engine) ppid: u32,
    /// Clock ticks since the boot.
    pub(in crate::engine) start: u64,
    pub(in crate::engine) uid: u32,
    pub(in crate::engine) gid: u32,
}

impl Witnessed {
    /// Looks at the process now: it may be gone in a moment. `container` and its mount namespace, by inode
    /// number, say what inside is.
    pub(super) fn look(pid: u32, container: &str, namespace: Option<u64>) -> Self {
        let unknown = Self { pid, ..Self::default() };
        let number = i32::try_from(pid).ok().filter(|&pid| pid > 0);
        let Some(process) = number.and_then(|pid| Process::new(pid).ok()) else { return unknown };
        let (Ok(stat), Ok(status)) = (process.stat(), process.status()) else { return unknown };
        let own = std::fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
        let own = own.and_then(|link| {
            let link = link.into_os_string().into_string().ok()?;
            link.strip_prefix("mnt:[")?.strip_suffix(']')?.parse::<u64>().ok()
        });
        let groups = process.cgroups().map(|it| it.0).ok();
        let is_in_group =
            groups.map(|all| all.iter().any(|group| group.pathname.contains(container)));
        let is_inside = own.map(|own| Some(own) == namespace || is_in_group == Some(true));
        let facts = Facts {
            name: Text::from(stat.comm.as_str()),
            ppid: u32::try_from(stat.ppid).unwrap_or(0),
            start: stat.starttime,
            uid: status.euid,
            gid: status.egid,
        };
        Self { pid, is_inside, is_in_group, facts: Some(facts) }
    }
}
