//! From a checked record to a typed, borrowed event. Allocates nothing, cannot fail.

use std::mem::offset_of;

use crate::event::Capabilities;
use crate::event::Event;
use crate::event::EvidenceFlags;
use crate::event::Exec;
use crate::event::Exit;
use crate::event::FileEvidence;
use crate::event::Fork;
use crate::event::Inode;
use crate::event::KernelPath;
use crate::event::NamespaceIds;
use crate::event::TaskFacts;
use crate::wire;
use crate::wire::RawEvent;
use crate::wire::RecordKind;
use crate::wire::StringId;
use crate::wire::exec_flag;
use crate::wire::file_flag;

/// The event that a record holds.
pub fn decode<'a>(raw: &RawEvent<'a>) -> Event<'a> {
    match raw.kind() {
        RecordKind::Exec => Event::Exec(exec(raw, false)),
        RecordKind::Task => Event::Exec(exec(raw, true)),
        RecordKind::Fork => Event::Fork(Fork {
            boot_ns: raw.u64(offset_of!(wire::Header, boot_ns)),
            container: raw.u64(offset_of!(wire::Fork, container)),
            pid: raw.u32(offset_of!(wire::Fork, pid)),
            start_ns: raw.u64(offset_of!(wire::Fork, start_ns)),
            parent_pid: raw.u32(offset_of!(wire::Fork, parent_pid)),
            parent_start_ns: raw.u64(offset_of!(wire::Fork, parent_start_ns)),
        }),
        RecordKind::Exit => Event::Exit(Exit {
            boot_ns: raw.u64(offset_of!(wire::Header, boot_ns)),
            container: raw.u64(offset_of!(wire::Exit, container)),
            pid: raw.u32(offset_of!(wire::Exit, pid)),
            start_ns: raw.u64(offset_of!(wire::Exit, start_ns)),
        }),
    }
}

fn exec<'a>(raw: &RawEvent<'a>, found_running: bool) -> Exec<'a> {
    let flags = raw.u32(offset_of!(wire::Exec, flags));
    let path = |id, cut| KernelPath { components: raw.string(id), truncated: flags & cut != 0 };
    Exec {
        boot_ns: raw.u64(offset_of!(wire::Header, boot_ns)),
        found_running,
        task: task(
            raw,
            path(StringId::Cwd, exec_flag::CWD_TRUNCATED),
            path(StringId::Cgroup, exec_flag::CGROUP_TRUNCATED),
        ),
        file: file(raw),
        exe: path(StringId::Exe, exec_flag::EXE_TRUNCATED),
        filename: raw.string(StringId::Filename),
        interp: raw.string(StringId::Interp),
        args: raw.string(StringId::Args),
        args_truncated: flags & exec_flag::ARGS_TRUNCATED != 0,
        secure: flags & exec_flag::SECURE != 0,
    }
}

fn task<'a>(raw: &RawEvent<'a>, cwd: KernelPath<'a>, cgroup: KernelPath<'a>) -> TaskFacts<'a> {
    macro_rules! word {
        ($field:ident) => {
            raw.u32(offset_of!(wire::Exec, task.$field))
        };
    }
    macro_rules! long {
        ($field:ident) => {
            raw.u64(offset_of!(wire::Exec, task.$field))
        };
    }
    TaskFacts {
        container: long!(container),
        root_device: word!(root_dev),
        pid: word!(pid),
        tid: word!(tid),
        ppid: word!(ppid),
        container_pid: word!(container_pid),
        container_tid: word!(container_tid),
        container_sid: word!(container_sid),
        container_pgid: word!(container_pgid),
        parent_container_pid: word!(parent_container_pid),
        start_ns: long!(start_ns),
        parent_start_ns: long!(parent_start_ns),
        exec_id: long!(exec_id),
        uid: word!(uid),
        gid: word!(gid),
        euid: word!(euid),
        egid: word!(egid),
        loginuid: word!(loginuid),
        audit_session: word!(audit_session),
        sid: word!(sid),
        pgid: word!(pgid),
        session_start_ns: long!(session_start_ns),
        group_start_ns: long!(group_start_ns),
        pid_namespace_start_ns: long!(pid_ns_start_ns),
        tty: word!(tty),
        capabilities: Capabilities {
            effective: long!(cap_effective),
            permitted: long!(cap_permitted),
            inheritable: long!(cap_inheritable),
        },
        cgroup_id: long!(cgroup_id),
        namespaces: NamespaceIds {
            mnt: word!(mnt_ns),
            pid: word!(pid_ns),
            net: word!(net_ns),
            user: word!(user_ns),
            uts: word!(uts_ns),
            ipc: word!(ipc_ns),
            cgroup: word!(cgroup_ns),
        },
        comm: raw.chars(offset_of!(wire::Exec, task.comm), 16),
        cwd,
        cgroup,
    }
}

fn file(raw: &RawEvent<'_>) -> FileEvidence {
    macro_rules! word {
        ($field:ident) => {
            raw.u32(offset_of!(wire::Exec, file.$field))
        };
    }
    let flags = word!(flags);
    let layer = |bit, at| (flags & bit != 0).then(|| inode(raw, at));
    FileEvidence {
        inode: inode(raw, offset_of!(wire::Exec, file.inode)),
        mode: word!(mode),
        uid: word!(uid),
        gid: word!(gid),
        nlink: word!(nlink),
        fs_magic: raw.u64(offset_of!(wire::Exec, file.fs_magic)),
        flags: EvidenceFlags(flags & file_flag::EVIDENCE),
        upper: layer(file_flag::HAS_UPPER, offset_of!(wire::Exec, file.upper)),
        lower: layer(file_flag::HAS_LOWER, offset_of!(wire::Exec, file.lower)),
    }
}

fn inode(raw: &RawEvent<'_>, at: usize) -> Inode {
    Inode {
        device: raw.u32(at + offset_of!(wire::Inode, dev)),
        number: raw.u64(at + offset_of!(wire::Inode, ino)),
        generation: raw.u32(at + offset_of!(wire::Inode, generation)),
        size: raw.u64(at + offset_of!(wire::Inode, size)),
        mtime_ns: raw.i64(at + offset_of!(wire::Inode, mtime_ns)),
        ctime_ns: raw.i64(at + offset_of!(wire::Inode, ctime_ns)),
    }
}
