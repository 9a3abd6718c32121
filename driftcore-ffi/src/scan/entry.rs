//! A path at which a container differs.

use std::cell::OnceCell;

use driftcore::image::Change;
use driftcore::image::Entry;
use driftcore::image::State;
use driftcore::package::Owner;

use super::driftcore_side;
use super::names;
use crate::error::driftcore_error;
use crate::event::DRIFTCORE_CHANGED_CAPABILITY;
use crate::event::DRIFTCORE_CHANGED_MODE;
use crate::event::DRIFTCORE_CHANGED_OWNER;
use crate::event::DRIFTCORE_CHANGED_XATTR;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::status::driftcore_status;
use crate::text::driftcore_text;

/// The content of a regular file; of `driftcore_entry_info.changed`, beside the bits of
/// `driftcore_file.changed`. Since 0.1.0.
pub const DRIFTCORE_CHANGED_CONTENT: u32 = 1 << 7;
/// The target of a symbolic link.
pub const DRIFTCORE_CHANGED_TARGET: u32 = 1 << 8;
/// The numbers of a device.
pub const DRIFTCORE_CHANGED_DEVICE: u32 = 1 << 9;
/// The time of the last modification.
pub const DRIFTCORE_CHANGED_TIMES: u32 = 1 << 10;

/// A path at which a container differs from its image, or that its upper layer holds though nothing
/// differs. The library's, for as long as the callback that gets it, unless it is a copy; one thread
/// at a time. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_entry {
    entry: Entry,
    /// The package that claims the file.
    pub(super) owner: Option<Owner>,
    /// In hexadecimal, of both sides.
    sha256: [Option<String>; 2],
    json: OnceCell<String>,
}

impl driftcore_entry {
    pub(super) fn new(entry: Entry, owner: Option<Owner>) -> Self {
        let sha256 = [&entry.before, &entry.after].map(|state| {
            let sha256 = state.as_ref()?.sha256?;
            Some(sha256.iter().map(|byte| format!("{byte:02x}")).collect())
        });
        Self { entry, owner, sha256, json: OnceCell::new() }
    }
}

/// What an entry is. Texts are borrowed from it. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_entry_info {
    /// `sizeof(driftcore_entry_info)`, set by the caller.
    pub size: usize,
    /// The path from the container's root on: any bytes. Of a deleted file, that in the image.
    pub path: driftcore_text,
    /// The path in the image where that is another one; absent otherwise.
    pub old_path: driftcore_text,
    /// How many processes use the file, for `driftcore_entry_user`; the first sixteen are known.
    pub user_count: usize,
    /// A `driftcore_entry_kind`.
    pub kind: u32,
    /// What differs: `DRIFTCORE_CHANGED_` bits.
    pub changed: u32,
    /// 1 for drift: neither copied up nor noise.
    pub is_drift: u32,
    /// 1 for what runtimes make themselves.
    pub is_noise: u32,
}

sized!(driftcore_entry_info {
    path: driftcore_text,
    old_path: driftcore_text,
    user_count: usize,
    kind: u32,
    changed: u32,
    is_drift: u32,
    is_noise: u32,
} first: 64);

/// A file as it is in the image or in the container. Texts are borrowed from the entry. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_file_state {
    /// `sizeof(driftcore_file_state)`, set by the caller.
    pub size: usize,
    /// The target of a symbolic link: any bytes. Absent of everything else.
    pub target: driftcore_text,
    /// SHA-256 of the content in hexadecimal; absent where it does not differ or was not read.
    pub sha256: driftcore_text,
    /// Its size in bytes.
    pub byte_count: u64,
    /// When its content was modified last, in nanoseconds since the epoch.
    pub modified_ns: i64,
    /// When its inode was changed last.
    pub changed_ns: i64,
    /// How many names it has in its layer.
    pub links: u64,
    /// A `driftcore_file_type`.
    pub file_type: u32,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Its owner, as the layer's filesystem has it.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Major number of a device; 0 of everything else.
    pub device_major: u32,
    /// Minor number of a device; 0 of everything else.
    pub device_minor: u32,
    /// A `driftcore_code`; not told of deleted files.
    pub code: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_file_state {
    target: driftcore_text,
    sha256: driftcore_text,
    byte_count: u64,
    modified_ns: i64,
    changed_ns: i64,
    links: u64,
    file_type: u32,
    mode: u32,
    uid: u32,
    gid: u32,
    device_major: u32,
    device_minor: u32,
    code: u32,
    reserved: u32,
} first: 104);

/// A process that uses a file. The name is borrowed from the entry. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_file_user {
    /// `sizeof(driftcore_file_user)`, set by the caller.
    pub size: usize,
    /// `comm`: any bytes.
    pub name: driftcore_text,
    /// Process id on the host.
    pub pid: u32,
    /// A `driftcore_use`.
    pub how: u32,
}

sized!(driftcore_file_user { name: driftcore_text, pid: u32, how: u32 } first: 32);

const fn bit(change: Change) -> u32 {
    match change {
        Change::Content => DRIFTCORE_CHANGED_CONTENT,
        Change::Target => DRIFTCORE_CHANGED_TARGET,
        Change::Device => DRIFTCORE_CHANGED_DEVICE,
        Change::Mode => DRIFTCORE_CHANGED_MODE,
        Change::Owner => DRIFTCORE_CHANGED_OWNER,
        Change::Xattr => DRIFTCORE_CHANGED_XATTR,
        Change::Capability => DRIFTCORE_CHANGED_CAPABILITY,
        Change::Times => DRIFTCORE_CHANGED_TIMES,
        _ => 0,
    }
}

/// Fills a record, whose size is set, with what an entry is. NULL anywhere but in `error`: refused.
/// The thread of the callback. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_entry_get(
    entry: *const driftcore_entry,
    info: *mut driftcore_entry_info,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let entry = &handle::borrow!(entry)?.entry;
        let filled = driftcore_entry_info {
            size: 0,
            path: (&entry.path).into(),
            old_path: entry.old_path.as_ref().into(),
            user_count: entry.processes.len(),
            kind: names::kind(entry.kind) as u32,
            changed: entry.changed.iter().fold(0, |bits, it| bits | bit(it)),
            is_drift: entry.is_drift().into(),
            is_noise: entry.noise.into(),
        };
        sized::write("info", info, &filled)
    })
}

/// Fills a record, whose size is set, with the file of an entry on a side, a `driftcore_side`, and
/// returns 1; 0 when there is none on that side, or for NULL, another side or a wrong size; then
/// the record is all zero behind its size. The thread of the callback. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_entry_state(
    entry: *const driftcore_entry,
    side: u32,
    state: *mut driftcore_file_state,
) -> u32 {
    quiet(0, || {
        let found = handle::lend!(entry).and_then(|entry| {
            if side == driftcore_side::DRIFTCORE_SIDE_BEFORE as u32 {
                Some((entry.entry.before.as_ref()?, &entry.sha256[0]))
            } else if side == driftcore_side::DRIFTCORE_SIDE_AFTER as u32 {
                Some((entry.entry.after.as_ref()?, &entry.sha256[1]))
            } else {
                None
            }
        });
        Some(sized::fill(state, found.map(|(state, sha256)| filled(state, sha256.as_deref()))))
    })
}

fn filled(state: &State, sha256: Option<&str>) -> driftcore_file_state {
    let (device_major, device_minor) = state.device.unwrap_or_default();
    driftcore_file_state {
        size: 0,
        target: state.target.as_ref().into(),
        sha256: sha256.into(),
        byte_count: state.size,
        modified_ns: state.modified.as_nanos(),
        changed_ns: state.changed.as_nanos(),
        links: state.links,
        file_type: names::file_type(state.file_type) as u32,
        mode: state.mode,
        uid: state.owner.uid,
        gid: state.owner.gid,
        device_major,
        device_minor,
        code: names::code(state.code) as u32,
        reserved: 0,
    }
}

/// Fills a record, whose size is set, with the process of that index that uses the file of an entry,
/// and returns 1; 0 when there is none, or for NULL or a wrong size; then the record is all zero
/// behind its size. The thread of the callback. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_entry_user(
    entry: *const driftcore_entry,
    index: usize,
    user: *mut driftcore_file_user,
) -> u32 {
    quiet(0, || {
        let found = handle::lend!(entry).and_then(|entry| entry.entry.processes.get(index));
        let filled = found.map(|found| driftcore_file_user {
            size: 0,
            name: (&found.name).into(),
            pid: found.pid,
            how: names::used(found.how) as u32,
        });
        Some(sized::fill(user, filled))
    })
}

/// The entry as a JSON object, as `driftd scan --format json` prints it (docs/scan.schema.json), with
/// the package that claims its file. Borrowed from the entry, made at the first call. NULL: absent. The
/// thread of the callback. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_entry_json(entry: *const driftcore_entry) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        let entry = handle::lend!(entry)?;
        let json = || {
            let mut json = serde_json::to_value(&entry.entry).unwrap_or_default();
            if let Some(owner) = &entry.owner {
                json["package"] = serde_json::to_value(owner).unwrap_or_default();
            }
            json.to_string()
        };
        Some((&**entry.json.get_or_init(json)).into())
    })
}

/// A copy of an entry that outlives the callback, for `driftcore_entry_free`. NULL: NULL. The thread of
/// the callback, or whoever has the copy. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_entry_copy(
    entry: *const driftcore_entry,
) -> *mut driftcore_entry {
    quiet(std::ptr::null_mut(), || {
        let driftcore_entry { entry, owner, .. } = handle::lend!(entry)?;
        Some(handle::give(driftcore_entry::new(entry.clone(), owner.clone())))
    })
}

/// Frees a copy and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread,
/// while no other uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_entry_free(entry: *mut *mut driftcore_entry) {
    handle::free!(entry);
}
