//! What this kernel gives the sensor.

use std::path::Path;

use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::Enum;
use procfs::process::Process;

use super::unified;
use super::uring;
use super::uring::Uring;

/// Facts about the running kernel and this process's rights, as `driftd doctor` reports them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Features {
    /// Release, as `uname -r` prints it.
    pub release: String,
    /// Major and minor version of the release.
    pub version: (u32, u32),
    /// The kernel describes its own types (`/sys/kernel/btf/vmlinux`).
    pub btf: bool,
    /// OverlayFS is there: built in, or its module is loaded.
    pub overlay: bool,
    /// The types of OverlayFS are described, by the kernel's BTF or the module's.
    pub overlay_btf: bool,
    /// The root of the unified control group hierarchy is at hand: UDP sockets are seen from there.
    pub unified_cgroups: bool,
    /// `bpf` stands in the list of active security modules.
    pub bpf_lsm: bool,
    /// The tracepoints of `io_uring` show what is asked of it (from 6.1 on), so that the hook set for
    /// system calls sees that too.
    pub uring_requests: bool,
    /// What `io_uring` does later it does in threads of the process that asked for it (from 5.12 on): the
    /// other hook sets see for whom.
    pub io_threads: bool,
    /// A probe finds a mapping by its address (from 5.17 on): what `mprotect` makes of mappings is seen by
    /// the hook set for system calls, too.
    pub find_vma: bool,
    /// Capabilities that are needed and that this process does not have.
    pub missing_capabilities: Vec<&'static str>,
}

const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

impl Features {
    /// Looks. Fails at nothing: what cannot be found out counts as not there.
    pub fn detect() -> Self {
        let uname = rustix::system::uname();
        let release = uname.release().to_string_lossy().into_owned();
        let effective = Process::myself().and_then(|me| me.status()).map_or(0, |s| s.capeff);
        let filesystems = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
        let modules = std::fs::read_to_string("/proc/modules").unwrap_or_default();
        let overlay = filesystems.lines().any(|line| line.trim() == "nodev\toverlay");
        let overlay_is_module = modules.lines().any(|line| line.starts_with("overlay "));
        let btf = Path::new("/sys/kernel/btf/vmlinux").exists();
        let lsm = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
        Self {
            version: parse_version(&release),
            btf,
            overlay,
            overlay_btf: Path::new("/sys/kernel/btf/overlay").exists()
                || (btf && overlay && !overlay_is_module),
            unified_cgroups: unified::open_root().is_ok(),
            uring_requests: matches!(Uring::detect(), Uring::Requests(_)),
            io_threads: uring::has_threads(),
            find_vma: has_find_vma(),
            bpf_lsm: lsm.trim().split(',').any(|name| name == "bpf"),
            missing_capabilities: missing(effective),
            release,
        }
    }

    /// Whether a task may be preempted within a probe, so that the kernel leaves the probe out for
    /// others: tracepoints have been guarded by SRCU instead of by preemption since 7.0.
    pub(super) fn preempts_probes(&self) -> bool {
        self.version >= (7, 0)
    }

    /// Which layout of the overlay inode to assume where it is not described: 1 until 5.18,
    /// 2 for 5.19 to 6.4, 3 from 6.5 (`enum dc_overlay_layout`).
    pub(super) fn overlay_layout(&self) -> u32 {
        match self.version {
            version if version < (5, 19) => 1,
            version if version < (6, 5) => 2,
            _ => 3,
        }
    }
}

/// Asked of the kernel itself: `bpf_find_vma` came in 5.17.
fn has_find_vma() -> bool {
    Btf::from_vmlinux().is_ok_and(|btf| {
        btf.type_by_name::<Enum<'_>>("bpf_func_id").is_some_and(|ids| {
            ids.iter().any(|id| id.name.is_some_and(|name| name == "BPF_FUNC_find_vma"))
        })
    })
}

/// `CAP_SYS_ADMIN` stands for the two younger ones (capabilities(7), 5.8).
fn missing(effective: u64) -> Vec<&'static str> {
    let has = |capability: u32| effective & (1 << capability) != 0;
    let mut missing = Vec::new();
    if !has(CAP_SYS_ADMIN) {
        missing.push("CAP_SYS_ADMIN");
        if !has(CAP_BPF) {
            missing.push("CAP_BPF");
        }
        if !has(CAP_PERFMON) {
            missing.push("CAP_PERFMON");
        }
    }
    missing
}

fn parse_version(release: &str) -> (u32, u32) {
    let mut numbers = release
        .split(|character: char| !character.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_as_distributions_write_them() {
        assert_eq!(parse_version("6.1.0-40-amd64"), (6, 1));
        assert_eq!(parse_version("5.10.0-46-cloud-amd64"), (5, 10));
        assert_eq!(parse_version("7.2-rc1"), (7, 2));
        assert_eq!(parse_version("what"), (0, 0));
    }

    #[test]
    fn probes_are_preempted_from_7_0_on() {
        let of = |version| Features { version, ..Features::detect() }.preempts_probes();
        assert!(of((7, 0)) && of((7, 2)) && of((10, 1)));
        assert!(!of((5, 10)) && !of((6, 18)));
    }

    #[test]
    fn sys_admin_stands_for_the_younger_capabilities() {
        assert!(missing(1 << CAP_SYS_ADMIN).is_empty());
        assert_eq!(missing(0), ["CAP_SYS_ADMIN", "CAP_BPF", "CAP_PERFMON"]);
        assert_eq!(missing(1 << CAP_BPF | 1 << CAP_PERFMON), ["CAP_SYS_ADMIN"]);
    }
}
