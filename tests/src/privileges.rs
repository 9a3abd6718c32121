//! What this process may do, by the kernel's own names.

use std::fs;

/// A capability that the laboratory needs, and what for.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Names of which any one is enough, the narrowest first.
    pub any_of: &'static [&'static str],
    /// What it is needed for, in words.
    pub purpose: &'static str,
}

/// Everything that a live test with private runtimes needs.
pub const NEEDS: [Need; 4] = [
    Need { any_of: &["CAP_BPF", "CAP_SYS_ADMIN"], purpose: "load BPF programs" },
    Need { any_of: &["CAP_PERFMON", "CAP_SYS_ADMIN"], purpose: "attach them to tracepoints" },
    Need { any_of: &["CAP_SYS_ADMIN"], purpose: "mount overlays and make namespaces" },
    Need { any_of: &["CAP_DAC_READ_SEARCH"], purpose: "read the files of containers" },
];

/// Capability bits of `linux/capability.h` that [`NEEDS`] names.
const BITS: [(&str, u32); 4] =
    [("CAP_DAC_READ_SEARCH", 2), ("CAP_SYS_ADMIN", 21), ("CAP_PERFMON", 38), ("CAP_BPF", 39)];

/// The needs that are not met, in words; empty when live tests can run.
pub fn missing() -> Vec<String> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut missing = missing_in(&status);
    let root = status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:"))
        .and_then(|ids| ids.split_whitespace().nth(1))
        == Some("0");
    if !root {
        missing.push(String::from("effective user id 0 (to run private container runtimes)"));
    }
    if !fs::exists("/sys/kernel/btf/vmlinux").unwrap_or(false) {
        missing.push(String::from("/sys/kernel/btf/vmlinux (a kernel with BTF)"));
    }
    missing
}

/// The needs that the `CapEff` line of a `/proc/PID/status` text does not meet.
fn missing_in(status: &str) -> Vec<String> {
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    let has =
        |name: &&str| BITS.iter().any(|(known, bit)| known == name && effective & (1 << bit) != 0);
    NEEDS
        .iter()
        .filter(|need| !need.any_of.iter().any(has))
        .map(|need| format!("{} (to {})", need.any_of.join(" or "), need.purpose))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_capabilities_miss_nothing() {
        assert!(missing_in("CapEff:\t000001ffffffffff\n").is_empty());
    }

    #[test]
    fn no_capabilities_miss_everything() {
        assert_eq!(missing_in("CapEff:\t0000000000000000\n").len(), NEEDS.len());
        assert_eq!(missing_in("").len(), NEEDS.len());
    }

    #[test]
    fn the_wide_capability_stands_for_the_narrow_ones() {
        let admin_only = format!("CapEff:\t{:016x}\n", 1_u64 << 21);
        let missing = missing_in(&admin_only);
        assert_eq!(missing, ["CAP_DAC_READ_SEARCH (to read the files of containers)"]);
    }
}
