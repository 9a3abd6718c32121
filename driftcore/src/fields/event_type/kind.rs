//! One kind of event.

use super::EVENT_TYPES;

/// Index of an event's name in [`EVENT_TYPES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventType(pub(super) u16);

impl EventType {
    /// A successful `execve`, also what stands for a process that was found running.
    pub const EXECVE: Self = Self::known("execve");
    /// A successful `execveat`.
    pub const EXECVEAT: Self = Self::known("execveat");
    /// A file opened or made.
    pub const OPENAT: Self = Self::known("openat");
    /// A connection made.
    pub const CONNECT: Self = Self::known("connect");
    /// A connection taken.
    pub const ACCEPT: Self = Self::known("accept");
    /// The same, with flags.
    pub const ACCEPT4: Self = Self::known("accept4");
    /// A local address taken.
    pub const BIND: Self = Self::known("bind");
    /// A socket that listens.
    pub const LISTEN: Self = Self::known("listen");
    /// A message sent.
    pub const SENDTO: Self = Self::known("sendto");
    /// A file mapped.
    pub const MMAP: Self = Self::known("mmap");
    /// A name removed.
    pub const UNLINKAT: Self = Self::known("unlinkat");
    /// A name changed.
    pub const RENAMEAT2: Self = Self::known("renameat2");
    /// A name added.
    pub const LINKAT: Self = Self::known("linkat");
    /// A mode changed.
    pub const FCHMODAT: Self = Self::known("fchmodat");

    /// What is told later than it was done, and by no call: what became of a package, or of how a container is
    /// set up, and which image it runs.
    pub const ASYNCEVENT: Self = Self::known("asyncevent");

    /// What the sensor says of itself.
    pub const DROP: Self = Self::known("drop");

    /// The event type of this exact name.
    pub fn of(name: &str) -> Option<Self> {
        let index = EVENT_TYPES.binary_search(&name).ok()?;
        u16::try_from(index).ok().map(Self)
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        EVENT_TYPES[self.0 as usize]
    }

    /// The index itself.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..u16::try_from(EVENT_TYPES.len()).unwrap_or(u16::MAX)).map(Self)
    }

    /// The event type of a name that is in the table; when the program is compiled only.
    pub(super) const fn known(name: &str) -> Self {
        let mut index = 0;
        while !same(EVENT_TYPES[index].as_bytes(), name.as_bytes()) {
            index += 1;
        }
        Self(index as u16)
    }
}

/// Whether two texts are equal, when the program is compiled.
pub(in crate::fields) const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_type_is_found_by_its_name() {
        assert!(EVENT_TYPES.is_sorted_by(|a, b| a < b));
        for kind in EventType::all() {
            assert_eq!(EventType::of(kind.name()), Some(kind));
        }
        assert_eq!(EventType::of("execv"), None);
        assert_eq!(EventType::EXECVE.name(), "execve");
    }

    #[test]
    fn what_official_rules_name_is_there() {
        let names = "execve execveat open openat openat2 creat connect accept accept4 listen sendto \
            sendmsg recvfrom recvmsg rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat \
            chmod fchmod fchmodat chown fchown fchownat lchown symlink symlinkat link linkat dup \
            dup2 dup3 ptrace setns unshare mount umount umount2 setuid setgid setresuid capset bpf \
            init_module finit_module userfaultfd kill chroot socket bind clone clone3 fork vfork \
            procexit mmap mprotect splice io_uring_setup io_uring_enter io_uring_register \
            memfd_create open_by_handle_at pivot_root container";
        for name in names.split_whitespace() {
            assert!(EventType::of(name).is_some(), "{name}");
        }
    }
}
