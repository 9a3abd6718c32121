//! Records of a usual process.

use driftcore::event::Event;
use driftcore::event::EvidenceFlags;
use driftcore::event::Exit;
use driftcore::event::FileEvidence;
use driftcore::event::Fork;
use driftcore::event::Inode;
use driftcore::event::KernelPath;

use crate::container::ID;
use crate::container::ROOT_DEVICE;
use crate::record::record;
use crate::record::usual_exec;

const CONTAINER: u64 = 7;
const PARENT: u32 = 1;
const PARENT_START_NS: u64 = 1_000_000_000;

const ON_ROOT: EvidenceFlags = EvidenceFlags::ON_ROOT_SUPERBLOCK
    .union(EvidenceFlags::ON_ROOT_MOUNT)
    .union(EvidenceFlags::OVERLAY)
    .union(EvidenceFlags::LAYERS_KNOWN);

/// An exec with a path of three components, three arguments, and this file.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What the kernel saw of the file.
    pub file: FileEvidence,
    cgroup: Vec<u8>,
}

impl Sample {
    fn new(file: FileEvidence) -> Self {
        let cgroup = format!("{ID}\0docker\0").into_bytes();
        Self { file, cgroup }
    }

    /// A file of an image layer.
    pub fn image() -> Self {
        let lower = Inode { number: 3, size: 100, ..Inode::default() };
        Self::on_overlay(None, Some(lower))
    }

    /// An image file whose copy has another size.
    pub fn other_size() -> Self {
        let inode = |number, size| Some(Inode { number, size, ..Inode::default() });
        Self::on_overlay(inode(2, 101), inode(3, 100))
    }

    /// An anonymous memory file.
    pub fn memfd() -> Self {
        let flags = EvidenceFlags::ANONYMOUS;
        Self::new(FileEvidence { flags, fs_magic: 0x0102_1994, ..FileEvidence::default() })
    }

    /// A file on the container's root overlay with these layer inodes.
    pub fn on_overlay(upper: Option<Inode>, lower: Option<Inode>) -> Self {
        let data = if upper.is_some() { EvidenceFlags::UPPER_DATA } else { EvidenceFlags(0) };
        let inode = Inode { device: device(ROOT_DEVICE), number: 9, ..Inode::default() };
        Self::new(FileEvidence {
            inode,
            mode: 0o100_755,
            nlink: 1,
            fs_magic: 0x794c_7630,
            flags: ON_ROOT.union(data),
            upper,
            lower,
            ..FileEvidence::default()
        })
    }

    /// The record of process `pid` executing it as its program number `exec_id`.
    pub fn record(&self, pid: u32, exec_id: u64) -> Vec<u8> {
        let mut exec = usual_exec(self.file);
        exec.boot_ns = start_ns(pid, exec_id) + 1;
        exec.task.container = CONTAINER;
        exec.task.root_device = device(ROOT_DEVICE);
        exec.task.pid = pid;
        exec.task.tid = pid;
        exec.task.ppid = if pid == PARENT { 0 } else { PARENT };
        exec.task.container_pid = pid;
        exec.task.start_ns = start_ns(pid, exec_id);
        exec.task.parent_start_ns = PARENT_START_NS;
        exec.task.exec_id = exec_id;
        exec.task.cgroup = KernelPath { components: &self.cgroup, truncated: false };
        record(&Event::Exec(exec))
    }

    /// The record of the container's first process, everyone's parent.
    pub fn first(&self) -> Vec<u8> {
        self.record(PARENT, 0)
    }
}

/// The record of the birth of `pid`, which then executes its program number `exec_id`.
pub fn fork(pid: u32, exec_id: u64) -> Vec<u8> {
    record(&Event::Fork(Fork {
        boot_ns: start_ns(pid, exec_id),
        container: CONTAINER,
        pid,
        start_ns: start_ns(pid, exec_id),
        parent_pid: PARENT,
        parent_start_ns: PARENT_START_NS,
    }))
}

/// The record of the end of `pid` that executed its program number `exec_id`.
pub fn exit(pid: u32, exec_id: u64) -> Vec<u8> {
    record(&Event::Exit(Exit {
        boot_ns: start_ns(pid, exec_id) + 2,
        container: CONTAINER,
        pid,
        start_ns: start_ns(pid, exec_id),
    }))
}

/// The first process started before all others, and every program has a process of its own.
fn start_ns(pid: u32, exec_id: u64) -> u64 {
    if pid == PARENT { PARENT_START_NS } else { PARENT_START_NS + 10 * exec_id }
}

/// A device as the kernel encodes it.
const fn device((major, minor): (u32, u32)) -> u32 {
    major << 20 | minor
}
