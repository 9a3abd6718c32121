//! The lists of the standard.
//!
//! By <https://kubernetes.io/docs/concepts/security/pod-security-standards/> and, where that page is behind
//! it, by the admission controller (`k8s.io/pod-security-admission`), which is what clusters hold pods to:
//! image volumes (1.33), buffers of TCP (1.32) and two more of its settings (1.37), and what user namespaces
//! relax (1.35).

/// The version that is held. Older ones allow less of what is in the lists, and do not look at probes and hooks
/// (before 1.34).
pub const VERSION: &str = "v1.37";

/// What `capabilities.add` may have at baseline: what runtimes give anyway, without `NET_RAW`.
pub(super) const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// What it may have at restricted.
pub(super) const CAPABILITY_RESTRICTED: &str = "NET_BIND_SERVICE";

/// What `capabilities.drop` must have at restricted.
pub(super) const CAPABILITIES_ALL: &str = "ALL";

/// Settings of the kernel that reach no further than the pod.
pub(super) const SYSCTLS: [&str; 14] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

/// Types of SELinux labels.
pub(super) const SELINUX_TYPES: [&str; 4] =
    ["container_engine_t", "container_init_t", "container_kvm_t", "container_t"];

/// Kinds of volumes at restricted.
pub(super) const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Profiles of seccomp and AppArmor.
pub(super) fn is_profile(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

/// Profiles of AppArmor in annotations, which were there before the field.
pub(super) fn is_annotated_profile(profile: &str) -> bool {
    matches!(profile, "" | "runtime/default") || profile.starts_with("localhost/")
}
