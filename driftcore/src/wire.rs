//! The bytes that come out of the kernel's rings: bounds-checked, never cast.
//!
//! `bpf/include/wire.h` draws the format. The structs here mirror it for their offsets alone:
//! no value of them is ever made, and no byte of a ring becomes a Rust enum or bool. A test
//! compares both layouts through the BTF of the compiled probes.

use std::mem::offset_of;
use std::mem::size_of;

use thiserror::Error;

/// Version of the record layout. Probes and library must agree.
pub const VERSION: u16 = 2;

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WireError {
    /// Fewer bytes than the record says or needs.
    #[error("record is cut: {got} bytes where {wanted} are needed")]
    Truncated {
        /// Bytes that are needed.
        wanted: usize,
        /// Bytes that are there.
        got: usize,
    },
    /// The record's own size is not the number of bytes that came.
    #[error("record says {stated} bytes but has {got}")]
    SizeMismatch {
        /// The size that the record states.
        stated: usize,
        /// Bytes that are there.
        got: usize,
    },
    /// Another schema version.
    #[error("record has schema version {0}, this library reads {VERSION}")]
    Version(u16),
    /// A kind that this version does not have.
    #[error("record has unknown kind {0}")]
    Kind(u16),
    /// The sizes of the strings do not add up to the tail.
    #[error("strings take {stated} bytes of a tail of {got}")]
    Strings {
        /// The sum of the sizes that the record states.
        stated: usize,
        /// Bytes of the tail.
        got: usize,
    },
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// A program was executed.
    Exec,
    /// A process was made.
    Fork,
    /// A process ended.
    Exit,
    /// A process that already runs, from the task iterator.
    Task,
}

/// Strings of an exec record, in the order of the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StringId {
    Exe,
    Cwd,
    Cgroup,
    Filename,
    Interp,
    Args,
}

pub(crate) const STRINGS: usize = 6;

#[repr(C)]
pub(crate) struct Header {
    size: u32,
    version: u16,
    kind: u16,
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
    string_size: [u16; STRINGS],
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

/// One record whose frame is in order: the header is of this schema version, the body is whole,
/// the strings fill the tail exactly.
#[derive(Clone, Copy, Debug)]
pub struct RawEvent<'a> {
    kind: RecordKind,
    bytes: &'a [u8],
}

impl<'a> RawEvent<'a> {
    /// Checks the frame of a record that fills `bytes`.
    ///
    /// # Errors
    ///
    /// [`WireError`] says what is out of order. Nothing is read beyond `bytes`.
    pub fn new(bytes: &'a [u8]) -> Result<Self, WireError> {
        need(bytes, size_of::<Header>())?;
        let stated = u32_at(bytes, offset_of!(Header, size)) as usize;
        let version = u16_at(bytes, offset_of!(Header, version));
        let kind = u16_at(bytes, offset_of!(Header, kind));
        if version != VERSION {
            return Err(WireError::Version(version));
        }
        if stated != bytes.len() {
            return Err(WireError::SizeMismatch { stated, got: bytes.len() });
        }
        let (kind, size) = match kind {
            1 => (RecordKind::Exec, size_of::<Exec>()),
            2 => (RecordKind::Fork, size_of::<Fork>()),
            3 => (RecordKind::Exit, size_of::<Exit>()),
            4 => (RecordKind::Task, size_of::<Exec>()),
            other => return Err(WireError::Kind(other)),
        };
        need(bytes, size)?;
        let raw = Self { kind, bytes };
        let tail = bytes.len() - size;
        let strings: usize = match kind {
            RecordKind::Exec | RecordKind::Task => (0..STRINGS).map(|id| raw.string_size(id)).sum(),
            RecordKind::Fork | RecordKind::Exit => 0,
        };
        if strings != tail {
            return Err(WireError::Strings { stated: strings, got: tail });
        }
        Ok(raw)
    }

    /// Splits the first record off a buffer in which several follow one another.
    ///
    /// # Errors
    ///
    /// As [`RawEvent::new`]; [`WireError::Truncated`] when the record goes on beyond `buffer`.
    pub fn split(buffer: &'a [u8]) -> Result<(Self, &'a [u8]), WireError> {
        need(buffer, size_of::<Header>())?;
        let size = u32_at(buffer, offset_of!(Header, size)) as usize;
        need(buffer, size.max(size_of::<Header>()))?;
        let (record, rest) = buffer.split_at(size.max(size_of::<Header>()));
        Ok((Self::new(record)?, rest))
    }

    /// What the record is.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    pub(crate) fn u32(&self, offset: usize) -> u32 {
        u32_at(self.bytes, offset)
    }

    pub(crate) fn u64(&self, offset: usize) -> u64 {
        u64_at(self.bytes, offset)
    }

    pub(crate) fn i64(&self, offset: usize) -> i64 {
        self.u64(offset).cast_signed()
    }

    /// Bytes up to the first NUL of a fixed array.
    pub(crate) fn chars(&self, offset: usize, size: usize) -> &'a [u8] {
        let bytes = self.bytes.get(offset..offset + size).unwrap_or_default();
        bytes.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    fn string_size(&self, id: usize) -> usize {
        let at = offset_of!(Exec, string_size) + id * size_of::<u16>();
        usize::from(u16_at(self.bytes, at))
    }

    pub(crate) fn string(&self, id: StringId) -> &'a [u8] {
        let id = id as usize;
        let before: usize = (0..id).map(|id| self.string_size(id)).sum();
        let start = size_of::<Exec>() + before;
        self.bytes.get(start..start + self.string_size(id)).unwrap_or_default()
    }
}

fn need(bytes: &[u8], wanted: usize) -> Result<(), WireError> {
    if bytes.len() < wanted {
        return Err(WireError::Truncated { wanted, got: bytes.len() });
    }
    Ok(())
}

/// Reads that a frame check has made safe; out of bounds they read as zero.
fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    bytes.get(offset..offset + N).and_then(|slice| slice.try_into().ok()).unwrap_or([0; N])
}

fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_ne_bytes(array_at(bytes, offset))
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_ne_bytes(array_at(bytes, offset))
}

fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_ne_bytes(array_at(bytes, offset))
}

#[cfg(all(test, feature = "sensor"))]
mod layout {
    use std::io::Write;

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
        compare!(&btf, Exec, "dc_exec", [header, task, file, flags, string_size]);
        compare!(
            &btf,
            Fork,
            "dc_fork",
            [header, container, start_ns, parent_start_ns, pid, parent_pid]
        );
        compare!(&btf, Exit, "dc_exit", [header, container, start_ns, pid, reserved]);
    }
}
