//! From a checked record to a typed, borrowed event. Allocates nothing, cannot fail.

use std::mem::offset_of;
use std::mem::size_of;
use std::net::IpAddr;

use crate::event::Actor;
use crate::event::ActorFlags;
use crate::event::Call;
use crate::event::CallSocket;
use crate::event::Capabilities;
use crate::event::Event;
use crate::event::EvidenceFlags;
use crate::event::Exec;
use crate::event::Exit;
use crate::event::FileEvent;
use crate::event::FileEvidence;
use crate::event::FileOperation;
use crate::event::Fork;
use crate::event::HOST_ANCESTORS;
use crate::event::HostAncestor;
use crate::event::Inode;
use crate::event::KernelPath;
use crate::event::NamedPath;
use crate::event::NamespaceIds;
use crate::event::SocketEnd;
use crate::event::SocketEvent;
use crate::event::SocketFlags;
use crate::event::SocketOperation;
use crate::event::TaskFacts;
use crate::event::WriterFacts;
use crate::wire;
use crate::wire::RawEvent;
use crate::wire::RecordKind;
use crate::wire::call_flag;
use crate::wire::call_string;
use crate::wire::exec_flag;
use crate::wire::exec_string;
use crate::wire::file_event_flag;
use crate::wire::file_flag;
use crate::wire::file_string;
use crate::wire::socket_string;
use crate::wire::u16_in;
use crate::wire::u32_in;
use crate::wire::u64_in;

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

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
        RecordKind::File(operation) => Event::File(file_event(raw, operation)),
        RecordKind::Socket(operation) => Event::Socket(socket_event(raw, operation)),
        RecordKind::Call => Event::Call(call(raw)),
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
            path(exec_string::CWD, exec_flag::CWD_TRUNCATED),
            path(exec_string::CGROUP, exec_flag::CGROUP_TRUNCATED),
        ),
        file: file(raw, offset_of!(wire::Exec, file)),
        exe: path(exec_string::EXE, exec_flag::EXE_TRUNCATED),
        filename: raw.string(exec_string::FILENAME),
        interp: raw.string(exec_string::INTERP),
        args: raw.string(exec_string::ARGS),
        args_truncated: flags & exec_flag::ARGS_TRUNCATED != 0,
        secure: flags & exec_flag::SECURE != 0,
        writer: writer(raw.string(exec_string::WRITER)),
        host_ancestors: host_ancestors(raw.string(exec_string::ANCESTORS)),
    }
}

/// The ancestors that a string of a record holds, nearest first.
fn host_ancestors(bytes: &[u8]) -> [Option<HostAncestor<'_>>; HOST_ANCESTORS] {
    let mut ancestors = bytes.chunks_exact(size_of::<wire::Ancestor>()).map(|bytes| HostAncestor {
        pid: u32_in(bytes, offset_of!(wire::Ancestor, pid)),
        start_ns: u64_in(bytes, offset_of!(wire::Ancestor, start_ns)),
        comm: text_in(bytes, offset_of!(wire::Ancestor, comm)),
    });
    std::array::from_fn(|_| ancestors.next())
}

/// A text of 16 bytes at most.
fn text_in(bytes: &[u8], at: usize) -> &[u8] {
    let bytes = bytes.get(at..at + 16).unwrap_or_default();
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
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

fn file(raw: &RawEvent<'_>, at: usize) -> FileEvidence {
    macro_rules! word {
        ($field:ident) => {
            raw.u32(at + offset_of!(wire::File, $field))
        };
    }
    let flags = word!(flags);
    let layer = |bit, offset| (flags & bit != 0).then(|| inode(raw, at + offset));
    FileEvidence {
        inode: inode(raw, at + offset_of!(wire::File, inode)),
        mode: word!(mode),
        uid: word!(uid),
        gid: word!(gid),
        nlink: word!(nlink),
        fs_magic: raw.u64(at + offset_of!(wire::File, fs_magic)),
        flags: EvidenceFlags(flags & file_flag::EVIDENCE),
        upper: layer(file_flag::HAS_UPPER, offset_of!(wire::File, upper)),
        lower: layer(file_flag::HAS_LOWER, offset_of!(wire::File, lower)),
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

fn actor<'a>(raw: &RawEvent<'a>, at: usize) -> Actor<'a> {
    macro_rules! word {
        ($field:ident) => {
            raw.u32(at + offset_of!(wire::Actor, $field))
        };
    }
    macro_rules! long {
        ($field:ident) => {
            raw.u64(at + offset_of!(wire::Actor, $field))
        };
    }
    Actor {
        container: long!(container),
        root_device: word!(root_dev),
        pid: word!(pid),
        tid: word!(tid),
        ppid: word!(ppid),
        container_pid: word!(container_pid),
        container_tid: word!(container_tid),
        start_ns: long!(start_ns),
        parent_start_ns: long!(parent_start_ns),
        exec_id: long!(exec_id),
        cap_effective: long!(cap_effective),
        uid: word!(uid),
        gid: word!(gid),
        euid: word!(euid),
        egid: word!(egid),
        loginuid: word!(loginuid),
        flags: ActorFlags(word!(flags)),
        comm: raw.chars(at + offset_of!(wire::Actor, comm), 16),
    }
}

fn call_number(number: u16) -> Option<u16> {
    (number != wire::NO_CALL).then_some(number)
}

fn file_event<'a>(raw: &RawEvent<'a>, operation: FileOperation) -> FileEvent<'a> {
    let flags = raw.u32(offset_of!(wire::FileEvent, flags));
    let cut = |id: usize| flags & 1 << id != 0;
    let name = |path, name| NamedPath {
        base: KernelPath { components: raw.string(path), truncated: cut(path) },
        name: raw.string(name),
        name_truncated: cut(name),
    };
    let has = |flag| flags & flag != 0;
    FileEvent {
        boot_ns: raw.u64(offset_of!(wire::Header, boot_ns)),
        operation,
        actor: actor(raw, offset_of!(wire::FileEvent, actor)),
        path: name(file_string::PATH, file_string::NAME),
        old_path: name(file_string::OLD_PATH, file_string::OLD_NAME),
        file: has(file_event_flag::HAS_FILE).then(|| file(raw, offset_of!(wire::FileEvent, file))),
        value: raw.u64(offset_of!(wire::FileEvent, value)),
        before: has(file_event_flag::HAS_BEFORE)
            .then(|| raw.u64(offset_of!(wire::FileEvent, before))),
        result: raw.i64(offset_of!(wire::FileEvent, result)),
        call: call_number(raw.u16(offset_of!(wire::FileEvent, call))),
        text: raw.string(file_string::TEXT),
        text_truncated: cut(file_string::TEXT),
        unproved: has(file_event_flag::UNPROVED),
        is_directory: has(file_event_flag::DIRECTORY),
        writer: writer(raw.string(file_string::WRITER)),
    }
}

/// The writer that a string of a record holds.
fn writer(bytes: &[u8]) -> Option<WriterFacts<'_>> {
    if bytes.len() < size_of::<wire::Writer>() {
        return None;
    }
    let word = |at| u32_in(bytes, at);
    let long = |at| u64_in(bytes, at);
    let args = offset_of!(wire::Writer, args);
    let args_size = usize::from(u16_in(bytes, offset_of!(wire::Writer, args_size)));
    Some(WriterFacts {
        boot_ns: long(offset_of!(wire::Writer, boot_ns)),
        operation: FileOperation::of(u16_in(bytes, offset_of!(wire::Writer, operation)))?,
        pid: word(offset_of!(wire::Writer, pid)),
        start_ns: long(offset_of!(wire::Writer, start_ns)),
        exec_id: long(offset_of!(wire::Writer, exec_id)),
        ppid: word(offset_of!(wire::Writer, ppid)),
        parent_start_ns: long(offset_of!(wire::Writer, parent_start_ns)),
        container_pid: word(offset_of!(wire::Writer, container_pid)),
        uid: word(offset_of!(wire::Writer, uid)),
        gid: word(offset_of!(wire::Writer, gid)),
        loginuid: word(offset_of!(wire::Writer, loginuid)),
        flags: ActorFlags(word(offset_of!(wire::Writer, flags))),
        comm: text_in(bytes, offset_of!(wire::Writer, comm)),
        parent_comm: text_in(bytes, offset_of!(wire::Writer, parent_comm)),
        args: bytes.get(args..args + args_size).unwrap_or_default(),
    })
}

fn socket_event<'a>(raw: &RawEvent<'a>, operation: SocketOperation) -> SocketEvent<'a> {
    let family = raw.u16(offset_of!(wire::SocketEvent, family));
    let end = |address, port, path: usize| {
        let ip = address_of(family, &raw.bytes(address));
        SocketEnd { ip, port: raw.u16(port), path: raw.string(path) }
    };
    SocketEvent {
        boot_ns: raw.u64(offset_of!(wire::Header, boot_ns)),
        operation,
        actor: actor(raw, offset_of!(wire::SocketEvent, actor)),
        cookie: raw.u64(offset_of!(wire::SocketEvent, cookie)),
        cgroup_id: raw.u64(offset_of!(wire::SocketEvent, cgroup_id)),
        net_namespace: raw.u32(offset_of!(wire::SocketEvent, net_ns)),
        family,
        protocol: raw.u16(offset_of!(wire::SocketEvent, protocol)),
        local: end(
            offset_of!(wire::SocketEvent, local),
            offset_of!(wire::SocketEvent, local_port),
            socket_string::LOCAL,
        ),
        remote: end(
            offset_of!(wire::SocketEvent, remote),
            offset_of!(wire::SocketEvent, remote_port),
            socket_string::REMOTE,
        ),
        result: raw.i64(offset_of!(wire::SocketEvent, result)),
        call: call_number(raw.u16(offset_of!(wire::SocketEvent, call))),
        flags: SocketFlags(raw.u32(offset_of!(wire::SocketEvent, flags))),
    }
}

fn call<'a>(raw: &RawEvent<'a>) -> Call<'a> {
    let flags = raw.u32(offset_of!(wire::Call, flags));
    let cut = |id: usize| flags & 1 << id != 0;
    let at = offset_of!(wire::Call, args);
    Call {
        boot_ns: raw.u64(offset_of!(wire::Header, boot_ns)),
        actor: actor(raw, offset_of!(wire::Call, actor)),
        number: raw.u16(offset_of!(wire::Call, call)),
        args: std::array::from_fn(|index| raw.u64(at + index * size_of::<u64>())),
        result: raw.i64(offset_of!(wire::Call, result)),
        texts: std::array::from_fn(|id| {
            let is_text = id != call_string::SOCKET || flags & call_flag::HAS_SOCKET == 0;
            (if is_text { raw.string(id) } else { b"" }, cut(id))
        }),
        path: KernelPath {
            components: raw.string(call_string::PATH),
            truncated: cut(call_string::PATH),
        },
        socket: (flags & call_flag::HAS_SOCKET != 0)
            .then(|| call_socket(raw.string(call_string::SOCKET))),
        unseen_ring: flags & call_flag::UNSEEN_RING != 0,
    }
}

/// The socket that a string of a record holds.
fn call_socket(bytes: &[u8]) -> CallSocket {
    let family = u16_in(bytes, offset_of!(wire::CallSocket, family));
    let end = |address: usize, port: usize| {
        let address = bytes.get(address..).and_then(<[u8]>::first_chunk::<16>);
        let ip = address.and_then(|address| address_of(family, address));
        SocketEnd { ip, port: u16_in(bytes, port), path: b"" }
    };
    CallSocket {
        family,
        protocol: u16_in(bytes, offset_of!(wire::CallSocket, protocol)),
        local: end(offset_of!(wire::CallSocket, local), offset_of!(wire::CallSocket, local_port)),
        remote: end(
            offset_of!(wire::CallSocket, remote),
            offset_of!(wire::CallSocket, remote_port),
        ),
    }
}

/// The address in the form that its family has.
fn address_of(family: u16, bytes: &[u8; 16]) -> Option<IpAddr> {
    match family {
        AF_INET => bytes.first_chunk::<4>().map(|bytes| IpAddr::from(*bytes)),
        AF_INET6 => Some(IpAddr::from(*bytes)),
        _ => None,
    }
}
