//! Which kinds of events the sensor gives, and what brings the others.

use super::EventType;
use super::EventTypes;
use crate::fields::Availability;

/// Calls on files. Of writes the first of an open file and process alone.
pub(super) const FILE: EventTypes = set(&[
    "chmod",
    "chown",
    "copy_file_range",
    "creat",
    "fallocate",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "fchown",
    "fchownat",
    "fremovexattr",
    "fsetxattr",
    "ftruncate",
    "lchown",
    "link",
    "linkat",
    "lremovexattr",
    "lsetxattr",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "mmap",
    "mprotect",
    "open",
    "open_by_handle_at",
    "openat",
    "openat2",
    "pwrite",
    "pwritev",
    "pwritev2",
    "removexattr",
    "removexattrat",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "setxattr",
    "setxattrat",
    "splice",
    "symlink",
    "symlinkat",
    "truncate",
    "unlink",
    "unlinkat",
    "write",
    "writev",
]);

/// What is done with sockets: of datagrams, the first to each remote.
pub(super) const SOCKETS: EventTypes = set(&["bind", "connect", "listen", "sendto"]);

/// Calls on sockets that are, or may come to be, events.
pub(super) const NETWORK: EventTypes =
    set(&["accept", "accept4", "bind", "connect", "listen", "sendmsg", "sendto"]);

/// Calls that no kind of drift is seen by, but rules about escapes and injections name.
pub(super) const CALLS: EventTypes = set(&[
    "accept",
    "accept4",
    "bpf",
    "capset",
    "chroot",
    "clone",
    "clone3",
    "delete_module",
    "dup",
    "dup2",
    "dup3",
    "finit_module",
    "fork",
    "fsconfig",
    "fsmount",
    "fsopen",
    "init_module",
    "io_uring_setup",
    "kill",
    "memfd_create",
    "mount",
    "move_mount",
    "open_tree",
    "pidfd_send_signal",
    "pivot_root",
    "prctl",
    "process_vm_writev",
    "ptrace",
    "setgid",
    "setns",
    "setpgid",
    "setregid",
    "setresgid",
    "setresuid",
    "setreuid",
    "setsid",
    "setuid",
    "socket",
    "tgkill",
    "tkill",
    "umount2",
    "unshare",
    "userfaultfd",
    "vfork",
]);

/// Others that such rules name, which nothing gives so far.
const OTHER: EventTypes = set(&["procexit", "umount"]);

pub(super) const fn set(names: &[&str]) -> EventTypes {
    let mut types = EventTypes::EMPTY;
    let mut index = 0;
    while index < names.len() {
        types = types.with(EventType::known(names[index]));
        index += 1;
    }
    types
}

impl EventType {
    /// What the sensor must do for such events to come.
    pub fn availability(self) -> Availability {
        if EventTypes::TOLD.contains(self) {
            Availability::Always
        } else if NETWORK.contains(self) {
            Availability::Needs("messages beside the first, which is told as sendto")
        } else if OTHER.contains(self) {
            Availability::Needs("events of other calls")
        } else {
            Availability::Never("no kind of drift is seen by it")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::FileOperations;

    #[test]
    fn every_event_type_is_of_one_group() {
        let of = |name| EventType::of(name).unwrap().availability();
        assert_eq!(of("execve"), Availability::Always);
        assert_eq!(of("openat"), Availability::Always);
        let files = EventTypes::of_file_operations(FileOperations::ALL);
        assert_eq!(files, FILE, "what an operation on files comes by");
        assert_eq!(of("connect"), Availability::Always);
        assert_eq!(of("accept"), Availability::Always);
        assert!(matches!(of("sendmsg"), Availability::Needs(_)));
        let seen = EventType::all().filter(|kind| kind.socket_operation().is_some());
        assert_eq!(seen.collect::<EventTypes>(), SOCKETS);
        assert_eq!(of("ptrace"), Availability::Always);
        assert_eq!(of("procexit"), Availability::Needs("events of other calls"));
        assert_eq!(of("asyncevent"), Availability::Always, "of packages, and no hook gives it");
        assert!(matches!(of("brk"), Availability::Never(_)));
        let unmade = NETWORK.intersection(EventTypes::PRODUCED.complement());
        let groups = [unmade, OTHER, EventTypes::PRODUCED];
        let together = groups.iter().fold(EventTypes::EMPTY, |all, group| all.union(*group));
        assert_eq!(together.len(), groups.iter().map(EventTypes::len).sum::<usize>());
    }
}
