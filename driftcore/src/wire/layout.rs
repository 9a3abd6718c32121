//! Where the numbers of a record stand: mirrors of the structs in `bpf/include/wire.h`, for their
//! offsets alone. No value of them is ever made. A test compares both through the BTF of the compiled
//! probes.

/// Strings of an exec record, in the order of the tail.
pub(crate) mod exec_string {
    pub(crate) const EXE: usize = 0;
    pub(crate) const CWD: usize = 1;
    pub(crate) const CGROUP: usize = 2;
    pub(crate) const FILENAME: usize = 3;
    pub(crate) const INTERP: usize = 4;
    pub(crate) const ARGS: usize = 5;
    pub(crate) const WRITER: usize = 6;
    pub(crate) const ANCESTORS: usize = 7;
}
pub(crate) const STRINGS: usize = 8;

/// `enum dc_file_string`
pub(crate) mod file_string {
    pub(crate) const PATH: usize = 0;
    pub(crate) const NAME: usize = 1;
    pub(crate) const OLD_PATH: usize = 2;
    pub(crate) const OLD_NAME: usize = 3;
    pub(crate) const TEXT: usize = 4;
    pub(crate) const WRITER: usize = 5;
}
pub(crate) const FILE_STRINGS: usize = 8;

/// `enum dc_socket_string`
pub(crate) mod socket_string {
    pub(crate) const LOCAL: usize = 0;
    pub(crate) const REMOTE: usize = 1;
}
pub(crate) const SOCKET_STRINGS: usize = 4;

/// `enum dc_call_string`: three texts, then a path.
pub(crate) mod call_string {
    /// Of a call on a socket, in the place of the third text.
    pub(crate) const SOCKET: usize = 2;
    pub(crate) const PATH: usize = 3;
}
pub(crate) const CALL_STRINGS: usize = 4;

/// `DC_NO_CALL`
pub(crate) const NO_CALL: u16 = u16::MAX;

#[repr(C)]
pub(crate) struct Header {
    pub(super) size: u32,
    pub(super) version: u16,
    pub(super) kind: u16,
    pub(crate) boot_ns: u64,
}

#[repr(C)]
pub(crate) struct Inode {
    pub(crate) ino: u64,
    pub(crate) size: u64,
    pub(crate) mtime_ns: i64,
    pub(crate) ctime_ns: i64,
    pub(crate) dev: u32,
    pub(crate) generation: u32,
}

#[repr(C)]
pub(crate) struct File {
    pub(crate) inode: Inode,
    pub(crate) upper: Inode,
    pub(crate) lower: Inode,
    pub(crate) fs_magic: u64,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) nlink: u32,
    pub(crate) flags: u32,
    reserved: u32,
}

#[repr(C)]
pub(crate) struct Task {
    pub(crate) container: u64,
    pub(crate) start_ns: u64,
    pub(crate) parent_start_ns: u64,
    pub(crate) exec_id: u64,
    pub(crate) cap_effective: u64,
    pub(crate) cap_permitted: u64,
    pub(crate) cap_inheritable: u64,
    pub(crate) cgroup_id: u64,
    pub(crate) session_start_ns: u64,
    pub(crate) group_start_ns: u64,
    pub(crate) pid_ns_start_ns: u64,
    pub(crate) root_dev: u32,
    pub(crate) pid: u32,
    pub(crate) tid: u32,
    pub(crate) ppid: u32,
    pub(crate) container_pid: u32,
    pub(crate) container_tid: u32,
    pub(crate) container_sid: u32,
    pub(crate) container_pgid: u32,
    pub(crate) parent_container_pid: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) euid: u32,
    pub(crate) egid: u32,
    pub(crate) loginuid: u32,
    pub(crate) audit_session: u32,
    pub(crate) sid: u32,
    pub(crate) pgid: u32,
    pub(crate) tty: u32,
    pub(crate) mnt_ns: u32,
    pub(crate) pid_ns: u32,
    pub(crate) net_ns: u32,
    pub(crate) user_ns: u32,
    pub(crate) uts_ns: u32,
    pub(crate) ipc_ns: u32,
    pub(crate) cgroup_ns: u32,
    reserved: u32,
    pub(crate) comm: [u8; 16],
}

#[repr(C)]
pub(crate) struct Exec {
    header: Header,
    pub(crate) task: Task,
    pub(crate) file: File,
    pub(crate) flags: u32,
    reserved: u32,
    pub(super) string_size: [u16; STRINGS],
}

#[repr(C)]
pub(crate) struct Fork {
    header: Header,
    pub(crate) container: u64,
    pub(crate) start_ns: u64,
    pub(crate) parent_start_ns: u64,
    pub(crate) pid: u32,
    pub(crate) parent_pid: u32,
}

#[repr(C)]
pub(crate) struct Exit {
    header: Header,
    pub(crate) container: u64,
    pub(crate) start_ns: u64,
    pub(crate) pid: u32,
    reserved: u32,
}

#[repr(C)]
pub(crate) struct Actor {
    pub(crate) container: u64,
    pub(crate) start_ns: u64,
    pub(crate) parent_start_ns: u64,
    pub(crate) exec_id: u64,
    pub(crate) cap_effective: u64,
    pub(crate) root_dev: u32,
    pub(crate) pid: u32,
    pub(crate) tid: u32,
    pub(crate) ppid: u32,
    pub(crate) container_pid: u32,
    pub(crate) container_tid: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) euid: u32,
    pub(crate) egid: u32,
    pub(crate) loginuid: u32,
    pub(crate) flags: u32,
    pub(crate) comm: [u8; 16],
}

#[repr(C)]
pub(crate) struct FileEvent {
    header: Header,
    pub(crate) actor: Actor,
    pub(crate) file: File,
    pub(crate) value: u64,
    pub(crate) before: u64,
    pub(crate) result: i64,
    pub(crate) flags: u32,
    pub(crate) operation: u16,
    pub(crate) call: u16,
    pub(super) string_size: [u16; FILE_STRINGS],
}

#[repr(C)]
pub(crate) struct Writer {
    pub(crate) boot_ns: u64,
    pub(crate) start_ns: u64,
    pub(crate) parent_start_ns: u64,
    pub(crate) exec_id: u64,
    pub(crate) pid: u32,
    pub(crate) ppid: u32,
    pub(crate) container_pid: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) loginuid: u32,
    pub(crate) flags: u32,
    pub(crate) operation: u16,
    pub(crate) args_size: u16,
    pub(crate) comm: [u8; 16],
    pub(crate) parent_comm: [u8; 16],
    pub(crate) args: [u8; 176],
}

#[repr(C)]
pub(crate) struct Ancestor {
    pub(crate) start_ns: u64,
    pub(crate) pid: u32,
    reserved: u32,
    pub(crate) comm: [u8; 16],
}

#[repr(C)]
pub(crate) struct SocketEvent {
    header: Header,
    pub(crate) actor: Actor,
    pub(crate) cookie: u64,
    pub(crate) cgroup_id: u64,
    pub(crate) result: i64,
    pub(crate) local: [u8; 16],
    pub(crate) remote: [u8; 16],
    pub(crate) net_ns: u32,
    pub(crate) flags: u32,
    pub(crate) local_port: u16,
    pub(crate) remote_port: u16,
    pub(crate) family: u16,
    pub(crate) protocol: u16,
    pub(crate) operation: u16,
    pub(crate) call: u16,
    reserved: u32,
    pub(super) string_size: [u16; SOCKET_STRINGS],
}

#[repr(C)]
pub(crate) struct Call {
    header: Header,
    pub(crate) actor: Actor,
    pub(crate) args: [u64; 6],
    pub(crate) result: i64,
    pub(crate) flags: u32,
    pub(crate) call: u16,
    reserved: u16,
    pub(super) string_size: [u16; CALL_STRINGS],
}

#[repr(C)]
pub(crate) struct CallSocket {
    pub(crate) local: [u8; 16],
    pub(crate) remote: [u8; 16],
    pub(crate) local_port: u16,
    pub(crate) remote_port: u16,
    pub(crate) family: u16,
    pub(crate) protocol: u16,
}

/// `dc_exec.flags`
pub(crate) mod exec_flag {
    pub(crate) const SECURE: u32 = 1 << 0;
    pub(crate) const ARGS_TRUNCATED: u32 = 1 << 1;
    pub(crate) const EXE_TRUNCATED: u32 = 1 << 2;
    pub(crate) const CWD_TRUNCATED: u32 = 1 << 3;
    pub(crate) const CGROUP_TRUNCATED: u32 = 1 << 4;
}

/// `dc_file.flags`: the bits that say which layer inodes are filled in.
pub(crate) mod file_flag {
    pub(crate) const HAS_UPPER: u32 = 1 << 16;
    pub(crate) const HAS_LOWER: u32 = 1 << 17;
    /// The bits that are `event::EvidenceFlags`.
    pub(crate) const EVIDENCE: u32 = (1 << 11) - 1;
}

/// `enum dc_file_event_flag`; bit n says that string n is cut.
pub(crate) mod file_event_flag {
    pub(crate) const HAS_FILE: u32 = 1 << 8;
    pub(crate) const HAS_BEFORE: u32 = 1 << 9;
    pub(crate) const UNPROVED: u32 = 1 << 10;
    pub(crate) const DIRECTORY: u32 = 1 << 11;
}

/// `enum dc_call_flag`; bit n says that string n is cut.
pub(crate) mod call_flag {
    pub(crate) const UNSEEN_RING: u32 = 1 << 8;
    pub(crate) const HAS_SOCKET: u32 = 1 << 9;
}

#[cfg(all(test, feature = "sensor"))]
mod tests {
    use std::io::Write;
    use std::mem::offset_of;
    use std::mem::size_of;

    use libbpf_rs::HasSize;
    use libbpf_rs::btf::Btf;
    use libbpf_rs::btf::types::Composite;

    use super::*;

    /// Every member of the C struct, as (name, offset in bytes).
    #[expect(clippy::expect_used, clippy::panic, reason = "only tests call it")]
    fn members(btf: &Btf<'_>, name: &str) -> (usize, Vec<(String, usize)>) {
        let found: Composite<'_> = btf.type_by_name(name).expect("the object's BTF has it");
        let list = found
            .iter()
            .map(|member| {
                let libbpf_rs::btf::types::MemberAttr::Normal { offset } = member.attr else {
                    panic!("{name} has a bit field");
                };
                let member = member.name.expect("members have names");
                (member.to_string_lossy().into_owned(), offset as usize / 8)
            })
            .collect();
        (found.size(), list)
    }

    macro_rules! compare {
        ($btf:expr, $rust:ident, $c:literal, [$($field:ident),* $(,)?]) => {{
            let (size, members) = members($btf, $c);
            assert_eq!(size, size_of::<$rust>(), "size of {}", $c);
            let ours = [$((stringify!($field).to_owned(), offset_of!($rust, $field))),*];
            assert_eq!(members, ours, "members of {}", $c);
        }};
    }

    #[test]
    fn c_and_rust_agree() {
        let mut object = tempfile::NamedTempFile::new().unwrap();
        object.write_all(driftcore_bpf::OBJECT).unwrap();
        let btf = Btf::from_path(object.path()).unwrap();
        compare!(&btf, Header, "dc_header", [size, version, kind, boot_ns]);
        compare!(&btf, Inode, "dc_inode", [ino, size, mtime_ns, ctime_ns, dev, generation]);
        compare!(
            &btf,
            File,
            "dc_file",
            [inode, upper, lower, fs_magic, mode, uid, gid, nlink, flags, reserved]
        );
        compare!(
            &btf,
            Task,
            "dc_task",
            [
                container,
                start_ns,
                parent_start_ns,
                exec_id,
                cap_effective,
                cap_permitted,
                cap_inheritable,
                cgroup_id,
                session_start_ns,
                group_start_ns,
                pid_ns_start_ns,
                root_dev,
                pid,
                tid,
                ppid,
                container_pid,
                container_tid,
                container_sid,
                container_pgid,
                parent_container_pid,
                uid,
                gid,
                euid,
                egid,
                loginuid,
                audit_session,
                sid,
                pgid,
                tty,
                mnt_ns,
                pid_ns,
                net_ns,
                user_ns,
                uts_ns,
                ipc_ns,
                cgroup_ns,
                reserved,
                comm
            ]
        );
        compare!(&btf, Exec, "dc_exec", [header, task, file, flags, reserved, string_size]);
        compare!(
            &btf,
            Fork,
            "dc_fork",
            [header, container, start_ns, parent_start_ns, pid, parent_pid]
        );
        compare!(&btf, Exit, "dc_exit", [header, container, start_ns, pid, reserved]);
        compare!(
            &btf,
            Actor,
            "dc_actor",
            [
                container,
                start_ns,
                parent_start_ns,
                exec_id,
                cap_effective,
                root_dev,
                pid,
                tid,
                ppid,
                container_pid,
                container_tid,
                uid,
                gid,
                euid,
                egid,
                loginuid,
                flags,
                comm
            ]
        );
        compare!(
            &btf,
            CallSocket,
            "dc_call_socket",
            [local, remote, local_port, remote_port, family, protocol]
        );
        compare!(
            &btf,
            FileEvent,
            "dc_file_event",
            [header, actor, file, value, before, result, flags, operation, call, string_size]
        );
        compare!(&btf, Ancestor, "dc_ancestor", [start_ns, pid, reserved, comm]);
        compare!(
            &btf,
            Writer,
            "dc_writer",
            [
                boot_ns,
                start_ns,
                parent_start_ns,
                exec_id,
                pid,
                ppid,
                container_pid,
                uid,
                gid,
                loginuid,
                flags,
                operation,
                args_size,
                comm,
                parent_comm,
                args
            ]
        );
        compare!(
            &btf,
            SocketEvent,
            "dc_socket_event",
            [
                header,
                actor,
                cookie,
                cgroup_id,
                result,
                local,
                remote,
                net_ns,
                flags,
                local_port,
                remote_port,
                family,
                protocol,
                operation,
                call,
                reserved,
                string_size
            ]
        );
        compare!(
            &btf,
            Call,
            "dc_call",
            [header, actor, args, result, flags, call, reserved, string_size]
        );
    }
}
