//! Writes records as the probes do, from the events that they must become: the other half of
//! `RawEvent` and `decode`, written from `bpf/include/wire.h` alone.
// Each test uses its own part.
#![allow(dead_code)]

use driftcore::event::Capabilities;
use driftcore::event::Event;
use driftcore::event::Exec;
use driftcore::event::Exit;
use driftcore::event::FileEvidence;
use driftcore::event::Fork;
use driftcore::event::HOST_ANCESTORS;
use driftcore::event::HostAncestor;
use driftcore::event::Inode;
use driftcore::event::KernelPath;
use driftcore::event::NamespaceIds;
use driftcore::event::TaskFacts;
use driftcore::event::WriterFacts;

const EXEC: u16 = 1;
const FORK: u16 = 2;
const EXIT: u16 = 3;
const TASK: u16 = 4;

const HAS_UPPER: u32 = 1 << 16;
const HAS_LOWER: u32 = 1 << 17;

/// The record that decodes to `event`.
pub(crate) fn record(event: &Event<'_>) -> Vec<u8> {
    match event {
        Event::Exec(exec) => of_exec(exec),
        Event::Fork(fork) => of_fork(fork),
        Event::Exit(exit) => of_exit(exit),
        other => panic!("no record is known for {other:?}"),
    }
}

/// `/usr/bin/payload --verbose /etc/hosts`, run from this file by process 2 of a container.
pub(crate) fn usual_exec(file: FileEvidence) -> Exec<'static> {
    let path = |components| KernelPath { components, truncated: false };
    Exec {
        boot_ns: 2_000_000_000,
        found_running: false,
        task: TaskFacts {
            container: 7,
            root_device: 39,
            pid: 2,
            tid: 2,
            ppid: 0,
            container_pid: 2,
            container_tid: 2,
            container_sid: 2,
            container_pgid: 2,
            parent_container_pid: 0,
            start_ns: 1_000_000_000,
            parent_start_ns: 0,
            exec_id: 1,
            uid: 0,
            gid: 0,
            euid: 0,
            egid: 0,
            loginuid: u32::MAX,
            audit_session: u32::MAX,
            sid: 2,
            pgid: 2,
            session_start_ns: 1_000_000_000,
            group_start_ns: 1_000_000_000,
            pid_namespace_start_ns: 500_000_000,
            tty: 0,
            capabilities: Capabilities {
                effective: 0xa804_25fb,
                permitted: 0xa804_25fb,
                inheritable: 0,
            },
            cgroup_id: 42,
            namespaces: NamespaceIds { mnt: 77, ..NamespaceIds::default() },
            comm: b"payload",
            cwd: path(b"tmp\0"),
            cgroup: path(b"web.service\0system.slice\0"),
        },
        file,
        exe: path(b"payload\0bin\0usr\0"),
        filename: b"/usr/bin/payload",
        interp: b"/usr/bin/payload",
        args: b"payload\0--verbose\0/etc/hosts\0",
        args_truncated: false,
        writer: None,
        host_ancestors: [None; HOST_ANCESTORS],
        secure: false,
    }
}

fn of_exec(exec: &Exec<'_>) -> Vec<u8> {
    let Exec {
        boot_ns,
        found_running,
        task,
        file,
        exe,
        filename,
        interp,
        args,
        args_truncated,
        writer,
        host_ancestors,
        secure,
    } = exec;
    let flags =
        [*secure, *args_truncated, exe.truncated, task.cwd.truncated, task.cgroup.truncated];
    let writer = writer.as_ref().map_or_else(Vec::new, of_writer);
    let ancestors: Vec<u8> = host_ancestors.iter().flatten().flat_map(of_ancestor).collect();
    let (cwd, cgroup) = (task.cwd.components, task.cgroup.components);
    let strings = [exe.components, cwd, cgroup, filename, interp, args, &writer, &ancestors];
    let mut record = Record::new(if *found_running { TASK } else { EXEC }, *boot_ns);
    record.task(task);
    record.file(file);
    record.u32(bits(&flags));
    record.u32(0);
    for string in strings {
        let size = u16::try_from(string.len()).expect("a string of a record is below 64 KiB");
        record.bytes(&size.to_ne_bytes());
    }
    for string in strings {
        record.bytes(string);
    }
    record.finish()
}

/// `struct dc_ancestor`
fn of_ancestor(ancestor: &HostAncestor<'_>) -> [u8; 32] {
    let mut out = [0; 32];
    out[..8].copy_from_slice(&ancestor.start_ns.to_ne_bytes());
    out[8..12].copy_from_slice(&ancestor.pid.to_ne_bytes());
    out[16..16 + ancestor.comm.len()].copy_from_slice(ancestor.comm);
    out
}

/// `struct dc_writer`
fn of_writer(writer: &WriterFacts<'_>) -> Vec<u8> {
    const ARGS: usize = 176;
    let mut out = Vec::new();
    for long in [writer.boot_ns, writer.start_ns, writer.parent_start_ns, writer.exec_id] {
        out.extend(long.to_ne_bytes());
    }
    let WriterFacts { pid, ppid, container_pid, uid, gid, loginuid, flags, .. } = *writer;
    for word in [pid, ppid, container_pid, uid, gid, loginuid, flags.0] {
        out.extend(word.to_ne_bytes());
    }
    out.extend(writer.operation.number().to_ne_bytes());
    let size = u16::try_from(writer.args.len()).expect("arguments of a writer are short");
    out.extend(size.to_ne_bytes());
    for (text, room) in [(writer.comm, 16), (writer.parent_comm, 16), (writer.args, ARGS)] {
        assert!(text.len() <= room, "longer than its place");
        out.extend(text);
        out.extend(std::iter::repeat_n(0, room - text.len()));
    }
    out
}

fn of_fork(fork: &Fork) -> Vec<u8> {
    let Fork { boot_ns, container, pid, start_ns, parent_pid, parent_start_ns } = fork;
    let mut record = Record::new(FORK, *boot_ns);
    record.u64(*container);
    record.u64(*start_ns);
    record.u64(*parent_start_ns);
    record.u32(*pid);
    record.u32(*parent_pid);
    record.finish()
}

fn of_exit(exit: &Exit) -> Vec<u8> {
    let Exit { boot_ns, container, pid, start_ns } = exit;
    let mut record = Record::new(EXIT, *boot_ns);
    record.u64(*container);
    record.u64(*start_ns);
    record.u32(*pid);
    record.u32(0);
    record.finish()
}

/// The first flag in the lowest bit.
fn bits(flags: &[bool]) -> u32 {
    flags.iter().rev().fold(0, |bits, &flag| bits << 1 | u32::from(flag))
}

struct Record(Vec<u8>);

impl Record {
    fn new(kind: u16, boot_ns: u64) -> Self {
        let mut record = Self(vec![0; size_of::<u32>()]);
        record.bytes(&driftcore::wire::VERSION.to_ne_bytes());
        record.bytes(&kind.to_ne_bytes());
        record.u64(boot_ns);
        record
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn u32(&mut self, value: u32) {
        self.bytes(&value.to_ne_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.bytes(&value.to_ne_bytes());
    }

    fn task(&mut self, task: &TaskFacts<'_>) {
        let TaskFacts {
            container,
            root_device,
            pid,
            tid,
            ppid,
            container_pid,
            container_tid,
            container_sid,
            container_pgid,
            parent_container_pid,
            start_ns,
            parent_start_ns,
            exec_id,
            uid,
            gid,
            euid,
            egid,
            loginuid,
            audit_session,
            sid,
            pgid,
            session_start_ns,
            group_start_ns,
            pid_namespace_start_ns,
            tty,
            capabilities,
            cgroup_id,
            namespaces,
            comm,
            cwd: _,
            cgroup: _,
        } = task;
        let NamespaceIds { mnt, pid: pid_ns, net, user, uts, ipc, cgroup } = namespaces;
        let Capabilities { effective, permitted, inheritable } = capabilities;
        for value in [container, start_ns, parent_start_ns, exec_id] {
            self.u64(*value);
        }
        for value in [effective, permitted, inheritable, cgroup_id] {
            self.u64(*value);
        }
        for value in [session_start_ns, group_start_ns, pid_namespace_start_ns] {
            self.u64(*value);
        }
        for value in [root_device, pid, tid, ppid] {
            self.u32(*value);
        }
        for value in [container_pid, container_tid, container_sid, container_pgid] {
            self.u32(*value);
        }
        for value in [parent_container_pid, uid, gid, euid, egid] {
            self.u32(*value);
        }
        for value in [loginuid, audit_session, sid, pgid, tty] {
            self.u32(*value);
        }
        for value in [mnt, pid_ns, net, user, uts, ipc, cgroup, &0] {
            self.u32(*value);
        }
        let mut chars = [0; 16];
        chars[..comm.len()].copy_from_slice(comm);
        self.bytes(&chars);
    }

    fn file(&mut self, file: &FileEvidence) {
        let FileEvidence { inode, mode, uid, gid, nlink, fs_magic, flags, upper, lower } = file;
        for inode in [*inode, upper.unwrap_or_default(), lower.unwrap_or_default()] {
            self.inode(&inode);
        }
        self.u64(*fs_magic);
        for value in [mode, uid, gid, nlink] {
            self.u32(*value);
        }
        let has = |layer: &Option<Inode>, flag| if layer.is_some() { flag } else { 0 };
        self.u32(flags.0 | has(upper, HAS_UPPER) | has(lower, HAS_LOWER));
        self.u32(0);
    }

    fn inode(&mut self, inode: &Inode) {
        let Inode { device, number, generation, size, mtime_ns, ctime_ns } = inode;
        self.u64(*number);
        self.u64(*size);
        self.bytes(&mtime_ns.to_ne_bytes());
        self.bytes(&ctime_ns.to_ne_bytes());
        self.u32(*device);
        self.u32(*generation);
    }

    fn finish(mut self) -> Vec<u8> {
        let size = u32::try_from(self.0.len()).expect("a record is below 4 GiB");
        self.0[..4].copy_from_slice(&size.to_ne_bytes());
        self.0
    }
}
