//! The file that an event is about.

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
        });
        Some(sized::fill(file, filled))
    })
}
