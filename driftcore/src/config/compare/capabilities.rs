//! The five sets of capabilities of every process.

use crate::config::declared::Declared;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::live::Live;
use crate::config::live::ProcessFacts;

/// By number, without `CAP_`.
pub(super) const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];
/// What runtimes give without being asked: containerd, CRI-O and Docker none but these.
pub(super) const DEFAULT: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// The index of a process's user namespace.
const USER: usize = 5;

/// Whether the process's rights are those of a user namespace below the container's: it may have all
/// there, and they are good for nothing else.
pub(super) fn is_nested(live: &Live, process: &ProcessFacts) -> bool {
    let own = |process: &ProcessFacts| process.namespaces[USER];
    own(process) != own(&live.first) && own(process) != live.host_namespaces[USER]
}

/// The bits of a list of names.
pub(super) fn bits(names: &[String]) -> u64 {
    let bit = |name: &String| {
        let name = name.strip_prefix("CAP_").unwrap_or(name);
        NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)).map_or(0, |at| 1 << at)
    };
    names.iter().map(bit).fold(0, |all, bit| all | bit)
}

/// The names of bits, by number; of those without a name the number.
pub(super) fn names(bits: u64) -> String {
    let named = (0..64).filter(|bit| bits & 1 << bit != 0);
    let names: Vec<String> = named
        .map(|bit: usize| NAMES.get(bit).map_or_else(|| bit.to_string(), ToString::to_string))
        .collect();
    if names.is_empty() { "none".to_owned() } else { names.join(",") }
}

pub(super) fn compare(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    let of_process = |process: &ProcessFacts| of_process(declared, live, process);
    super::of_processes(live, items, Aspect::Capability, &of_process);
}

/// The sets of one process.
pub(super) fn of_process(declared: &Declared, live: &Live, process: &ProcessFacts) -> Vec<Item> {
    // A bundle that names no capabilities leaves them to its runtime.
    let sets = declared.bundle.process.capabilities.as_ref();
    let Some(sets) = sets.filter(|_| !is_nested(live, process)) else { return Vec::new() };
    let status = &process.status;
    let pairs = [
        ("capabilities.inheritable", &sets.inheritable, status.inheritable),
        ("capabilities.permitted", &sets.permitted, status.permitted),
        ("capabilities.effective", &sets.effective, status.effective),
        ("capabilities.bounding", &sets.bounding, status.bounding),
        ("capabilities.ambient", &sets.ambient, status.ambient),
    ];
    let item = |(name, declared, live): (&str, &Vec<String>, u64)| {
        let declared = bits(declared);
        Item::new(Aspect::Capability, name)
            .declared(Some(names(declared)))
            .live(Some(names(live)))
            .differs(live & !declared != 0)
    };
    pairs.map(item).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_are_one() {
        let list = ["CAP_CHOWN", "sys_admin", "CAP_CHECKPOINT_RESTORE", "CAP_NONSENSE"];
        let all = bits(&list.map(str::to_owned));
        assert_eq!(all, 1 | 1 << 21 | 1 << 40);
        assert_eq!(names(all), "CHOWN,SYS_ADMIN,CHECKPOINT_RESTORE");
        assert_eq!(names(0), "none");
        assert_eq!(names(1 << 63), "63");
    }
}
