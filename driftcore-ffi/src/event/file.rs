//! The file that an event is about.

use driftcore::event::Changed;
use driftcore::event::Timestamp;
use driftcore::event::WriterOrigin;

use crate::event::driftcore_event;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::text::driftcore_text;

/// A file. Texts are borrowed from the event. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_file {
    /// `sizeof(driftcore_file)`, set by the caller.
    pub size: usize,
    /// Its path as the container sees it: any bytes.
    pub path: driftcore_text,
    /// Its device, as `8:1`.
    pub device: driftcore_text,
    /// Its permission bits, in octal.
    pub mode: driftcore_text,
    /// SHA-256 of its content in hexadecimal; absent where it was not computed.
    pub sha256: driftcore_text,
    /// Its inode number.
    pub inode: u64,
    /// Its size in bytes.
    pub byte_count: u64,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Of a rename its former path, of a link its target; absent of everything else.
    pub old_path: driftcore_text,
    /// What was changed: `DRIFTCORE_CHANGED_` bits.
    pub changed: u32,
    /// A `driftcore_written`.
    pub written: u32,
}

/// What was changed in a file, bits of `driftcore_file.changed`. New bits may be added. Since 0.1.0.
pub const DRIFTCORE_CHANGED_MODE: u32 = 1 << 0;
/// Owner or group.
pub const DRIFTCORE_CHANGED_OWNER: u32 = 1 << 1;
/// An extended attribute that is no file capability.
pub const DRIFTCORE_CHANGED_XATTR: u32 = 1 << 2;
/// A file capability.
pub const DRIFTCORE_CHANGED_CAPABILITY: u32 = 1 << 3;
/// The size.
pub const DRIFTCORE_CHANGED_SIZE: u32 = 1 << 4;
/// A bit that lets it run was set; beside `DRIFTCORE_CHANGED_MODE`.
pub const DRIFTCORE_CHANGED_EXECUTABLE: u32 = 1 << 5;
/// A setuid or setgid bit was set; beside `DRIFTCORE_CHANGED_MODE`.
pub const DRIFTCORE_CHANGED_SETUID: u32 = 1 << 6;

/// Whether the content of a file was really written. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_written {
    /// It is not known, or not the question.
    DRIFTCORE_WRITTEN_UNKNOWN = 0,
    /// It was opened for writing, and nothing was written so far.
    DRIFTCORE_WRITTEN_NO = 1,
    /// It was.
    DRIFTCORE_WRITTEN_YES = 2,
}

/// From where a file was written last. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_origin {
    /// Nobody saw it.
    DRIFTCORE_ORIGIN_UNKNOWN = 0,
    /// By a process of the container.
    DRIFTCORE_ORIGIN_INSIDE = 1,
    /// By a process outside, as `docker cp` does.
    DRIFTCORE_ORIGIN_OUTSIDE = 2,
}

impl From<WriterOrigin> for driftcore_origin {
    fn from(origin: WriterOrigin) -> Self {
        match origin {
            WriterOrigin::Inside => Self::DRIFTCORE_ORIGIN_INSIDE,
            WriterOrigin::Outside => Self::DRIFTCORE_ORIGIN_OUTSIDE,
            _ => Self::DRIFTCORE_ORIGIN_UNKNOWN,
        }
    }
}

/// Who created, wrote or renamed a file last. Texts are borrowed from the event and may be any bytes;
/// they are absent, and the ids 0, where nobody saw it. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_writer {
    /// `sizeof(driftcore_writer)`, set by the caller.
    pub size: usize,
    /// `comm`.
    pub name: driftcore_text,
    /// Its executable as the container sees it.
    pub exe: driftcore_text,
    /// When, in nanoseconds since the epoch; 0 where it is not known.
    pub time_ns: i64,
    /// Process id on the host.
    pub pid: u32,
    /// Real user id on the host.
    pub uid: u32,
    /// A `driftcore_origin`.
    pub origin: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_writer {
    name: driftcore_text,
    exe: driftcore_text,
    time_ns: i64,
    pid: u32,
    uid: u32,
    origin: u32,
    reserved: u32,
} first: 64);

const fn changed_bit(changed: Changed) -> u32 {
    match changed {
        Changed::Mode => DRIFTCORE_CHANGED_MODE,
        Changed::Owner => DRIFTCORE_CHANGED_OWNER,
        Changed::Xattr => DRIFTCORE_CHANGED_XATTR,
        Changed::Capability => DRIFTCORE_CHANGED_CAPABILITY,
        Changed::Size => DRIFTCORE_CHANGED_SIZE,
        Changed::Executable => DRIFTCORE_CHANGED_EXECUTABLE,
        Changed::Setuid => DRIFTCORE_CHANGED_SETUID,
        _ => 0,
    }
}

sized!(driftcore_file {
    path: driftcore_text,
    device: driftcore_text,
    mode: driftcore_text,
    sha256: driftcore_text,
    inode: u64,
    byte_count: u64,
    uid: u32,
    gid: u32,
    old_path: driftcore_text,
    changed: u32,
    written: u32,
} first: 96);

/// Fills a record, whose size is set, with the event's file, and returns 1; 0 when the event has
/// none, or for NULL or a wrong size; then the record
/// is all zero behind its size. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_file(
    event: *const driftcore_event,
    file: *mut driftcore_file,
) -> u32 {
    quiet(0, || {
        let of_event = handle::lend!(event).and_then(|event| event.get().file.as_ref());
        let filled = of_event.map(|of_event| driftcore_file {
            size: 0,
            path: (&of_event.path).into(),
            device: (&*of_event.device).into(),
            mode: (&*of_event.mode).into(),
            sha256: of_event.sha256.as_deref().into(),
            inode: of_event.inode,
            byte_count: of_event.size,
            uid: of_event.owner.uid,
            gid: of_event.owner.gid,
            old_path: of_event.old_path.as_ref().into(),
            changed: of_event.changed.iter().fold(0, |bits, &it| bits | changed_bit(it)),
            written: match of_event.written {
                None => driftcore_written::DRIFTCORE_WRITTEN_UNKNOWN,
                Some(false) => driftcore_written::DRIFTCORE_WRITTEN_NO,
                Some(true) => driftcore_written::DRIFTCORE_WRITTEN_YES,
            } as u32,
        });
        Some(sized::fill(file, filled))
    })
}

/// Fills a record, whose size is set, with the last writer of the event's file, and returns 1; 0 when
/// the event says nothing of one, or for NULL or a wrong size; then the record is all zero behind its
/// size. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_event_writer(
    event: *const driftcore_event,
    writer: *mut driftcore_writer,
) -> u32 {
    quiet(0, || {
        let of_event = handle::lend!(event).and_then(|event| event.get().file.as_ref());
        let filled = of_event.and_then(|file| file.writer.as_deref()).map(|found| {
            let process = found.process.as_ref();
            driftcore_writer {
                size: 0,
                name: process.map(|it| &it.name).into(),
                exe: process.map(|it| &it.exe).into(),
                time_ns: found.time.map_or(0, Timestamp::as_nanos),
                pid: process.map_or(0, |it| it.pid),
                uid: process.map_or(0, |it| it.uid),
                origin: driftcore_origin::from(found.origin) as u32,
                reserved: 0,
            }
        });
        Some(sized::fill(writer, filled))
    })
}
