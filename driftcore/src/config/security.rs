//! What a runtime was told of a container's privileges, in the words of no runtime's own.

use super::declared::Declared;
use super::declared::Mount;
use super::live::host_namespace;
use super::live::namespace;
use crate::container::Runtimes;

/// What a container may, by what its runtime wrote down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Security {
    pub(crate) uid: u32,
    /// By name, as `CAP_CHOWN`: all that any process of it can ever have.
    pub(crate) capabilities: Vec<String>,
    pub(crate) no_new_privileges: bool,
    pub(crate) is_root_read_only: bool,
    pub(crate) app_armor: Option<String>,
    pub(crate) se_linux: Option<String>,
    pub(crate) has_seccomp: bool,
    pub(crate) masked_paths: Vec<String>,
    /// Ids of its own: its root is not the host's.
    pub(crate) has_own_users: bool,
    /// The network, process and IPC namespaces, in this order.
    pub(crate) namespaces: [(&'static str, Sharing); 3],
    pub(crate) sysctls: Vec<String>,
    pub(crate) may_use_all_devices: bool,
    pub(crate) binds: Vec<Bind>,
    pub(crate) docker: Option<DockerSecurity>,
    /// What could not be read.
    pub(crate) problems: Vec<String>,
}

/// Whose namespace a container is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Its own, or another container's.
    #[default]
    Apart,
    /// The host's.
    Host,
    /// That at a path which tells no more.
    Unknown(String),
}

/// Something of the host that is mounted in the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bind {
    /// Which of the declared mounts it is.
    pub(crate) index: usize,
    pub(crate) source: String,
    pub(crate) destination: String,
}

/// What Docker keeps besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DockerSecurity {
    pub(crate) is_privileged: bool,
    pub(crate) publishes_all: bool,
    /// Ports of the container, as `80/tcp`, and the host's that lead there; empty for one that the kernel
    /// chooses.
    pub(crate) ports: Vec<(String, String)>,
}

impl Declared {
    /// What the runtime was told of privileges. Namespaces that the container joins are looked up in /proc.
    pub(crate) fn security(&self, runtimes: &Runtimes) -> Security {
        let process = &self.bundle.process;
        let linux = &self.bundle.linux;
        let capabilities =
            process.capabilities.as_ref().map(|sets| sets.bounding.clone()).unwrap_or_default();
        let mut devices = linux.resources.devices.iter().flatten();
        let is_all = |kind: &Option<String>| kind.as_deref().is_none_or(|kind| kind == "a");
        // The last rule that speaks of all has the last word on them.
        let rule = devices
            .rfind(|rule| is_all(&rule.r#type) && rule.major.is_none() && rule.minor.is_none());
        let mounts = self.bundle.mounts.iter().enumerate();
        let has_user_namespace = linux.namespaces.iter().any(|it| it.r#type == "user");
        Security {
            uid: process.user.uid,
            capabilities,
            no_new_privileges: process.no_new_privileges,
            is_root_read_only: self.bundle.root.readonly,
            app_armor: process.apparmor_profile.clone().filter(|it| !it.is_empty()),
            se_linux: process.selinux_label.clone().filter(|it| !it.is_empty()),
            has_seccomp: linux.seccomp,
            masked_paths: linux.masked_paths.clone(),
            has_own_users: has_user_namespace || !linux.uid_mappings.is_empty(),
            namespaces: [("network", "net"), ("pid", "pid"), ("ipc", "ipc")]
                .map(|(name, kind)| (name, self.sharing(runtimes, name, kind))),
            sysctls: linux.sysctl.keys().cloned().collect(),
            may_use_all_devices: rule.is_some_and(|rule| rule.allow),
            binds: mounts.filter_map(|(index, mount)| bind(index, mount)).collect(),
            docker: self.docker_security(),
            problems: self.problems.clone(),
        }
    }

    fn docker_security(&self) -> Option<DockerSecurity> {
        let host = self.docker.as_ref()?.host.as_ref()?;
        let ports = host.port_bindings.iter();
        let ports = ports.flat_map(|(port, bindings)| {
            let bindings = bindings.iter().flatten();
            bindings.map(move |binding| (port.clone(), binding.host_port.clone()))
        });
        Some(DockerSecurity {
            is_privileged: host.privileged,
            publishes_all: host.publish_all_ports,
            ports: ports.collect(),
        })
    }

    fn sharing(&self, runtimes: &Runtimes, name: &str, kind: &str) -> Sharing {
        let Some(declared) = self.bundle.linux.namespaces.iter().find(|it| it.r#type == name)
        else {
            return Sharing::Host;
        };
        let Some(path) = declared.path.as_deref().filter(|path| !path.is_empty()) else {
            return Sharing::Apart;
        };
        let roots = runtimes.roots();
        let host = host_namespace(&roots.proc, kind);
        // The container's own process is in it as long as it runs; the path may be of one that ended.
        let joined = match self.pid.and_then(|pid| namespace(&roots.proc, pid, kind)) {
            Some(joined) => Some(joined),
            None => self.named_namespace(runtimes, path),
        };
        match (host, joined) {
            (Some(host), Some(joined)) if host == joined => Sharing::Host,
            (Some(_), Some(_)) => Sharing::Apart,
            _ => Sharing::Unknown(path.to_owned()),
        }
    }

    fn named_namespace(&self, runtimes: &Runtimes, path: &str) -> Option<u64> {
        use std::os::unix::fs::MetadataExt;

        let roots = runtimes.roots();
        let seen = match path.strip_prefix("/proc/") {
            Some(rest) => roots.proc.join(rest),
            None => roots.host.join(path.trim_start_matches('/')),
        };
        std::fs::metadata(seen).ok().map(|stat| stat.ino())
    }
}

fn bind(index: usize, mount: &Mount) -> Option<Bind> {
    let source = mount.source.clone().filter(|_| mount.is_bind())?;
    Some(Bind { index, source, destination: mount.destination.clone() })
}
