//! Comparing what stat and the extended attributes say of two files.

use std::ffi::CStr;

use rustix::io::Errno;

use super::Change;
use super::Changes;
use super::entry::FileType;
use super::entry::State;
use super::marks::Marks;
use super::marks::link;
use crate::event::Text;
use crate::provenance::Located;

/// Most bytes of a list of attributes and of one value: `XATTR_LIST_MAX`, `XATTR_SIZE_MAX`.
const XATTRS_MAX: usize = 64 << 10;
/// Attributes that security modules give a file anew when it is copied up.
const BY_MODULES: [&[u8]; 3] = [b"security.selinux", b"security.evm", b"security.apparmor"];

/// In what two files of one type differ, the content of regular files left out.
pub(super) fn compare(
    marks: Marks,
    before: &Located,
    after: &Located,
    times: bool,
) -> Result<Changes, Errno> {
    let mut changes = Changes::NONE;
    let (ours, theirs) = (&after.facts, &before.facts);
    let is = FileType::of(ours);
    match is {
        FileType::Symlink if target(before)? != target(after)? => changes.insert(Change::Target),
        FileType::CharDevice | FileType::BlockDevice if ours.is_device != theirs.is_device => {
            changes.insert(Change::Device);
        }
        _ => {}
    }
    if ours.mode & 0o7777 != theirs.mode & 0o7777 {
        changes.insert(Change::Mode);
    }
    if (ours.uid, ours.gid) != (theirs.uid, theirs.gid) {
        changes.insert(Change::Owner);
    }
    // A directory has a new time as soon as a name in it changes.
    if times && is != FileType::Directory && ours.mtime_ns != theirs.mtime_ns {
        changes.insert(Change::Times);
    }
    compare_xattrs(marks, before, after, &mut changes)?;
    Ok(changes)
}

/// The state of a file that is held.
pub(super) fn state(file: &Located) -> State {
    let mut state = State::of(&file.facts);
    if state.file_type == FileType::Symlink {
        state.target = target(file).ok().map(Text::from);
    }
    state
}

/// The target of a symbolic link that is held. It is never followed.
pub(super) fn target(link: &Located) -> Result<Vec<u8>, Errno> {
    rustix::fs::readlinkat(link, "", Vec::new()).map(std::ffi::CString::into_bytes)
}

fn compare_xattrs(
    marks: Marks,
    before: &Located,
    after: &Located,
    changes: &mut Changes,
) -> Result<(), Errno> {
    let ours = names(marks, after)?;
    let theirs = names(marks, before)?;
    let mut differs = |name: &[u8]| {
        let capability = name.starts_with(b"security.capability");
        changes.insert(if capability { Change::Capability } else { Change::Xattr });
    };
    for name in theirs.iter().filter(|name| !ours.contains(name)) {
        differs(name);
    }
    for name in &ours {
        if !theirs.contains(name) || value(before, name)? != value(after, name)? {
            differs(name);
        }
    }
    Ok(())
}

/// The names of a file's extended attributes that are its own, each with its final zero.
fn names(marks: Marks, file: &Located) -> Result<Vec<Vec<u8>>, Errno> {
    let path = link(file);
    let list = match read(|buffer| rustix::fs::listxattr(&path, buffer)) {
        Ok(list) => list,
        Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        Err(errno) => return Err(errno),
    };
    let own = |name: &&[u8]| {
        let name = name.strip_suffix(b"\0").unwrap_or(name);
        !marks.is_mark(name) && !BY_MODULES.contains(&name)
    };
    Ok(list.split_inclusive(|&byte| byte == 0).filter(own).map(<[u8]>::to_vec).collect())
}

/// Whether an attribute, without a final zero, is a file's own.
#[cfg(feature = "manifest")]
pub(super) fn is_own(marks: Marks, name: &[u8]) -> bool {
    !marks.is_mark(name) && !BY_MODULES.contains(&name)
}

/// The extended attributes of a file that are its own, sorted by name.
#[cfg(feature = "manifest")]
pub(super) fn xattrs(marks: Marks, file: &Located) -> Result<super::manifest::Xattrs, Errno> {
    let mut all = Vec::new();
    for mut name in names(marks, file)? {
        let Some(value) = value(file, &name)? else { continue };
        name.pop();
        all.push((name, value));
    }
    all.sort_unstable();
    Ok(all)
}

/// The value of an attribute; `None` when it went meanwhile.
fn value(file: &Located, name: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
    let name = CStr::from_bytes_with_nul(name).map_err(|_| Errno::INVAL)?;
    let path = link(file);
    match read(|buffer| rustix::fs::getxattr(&path, name, buffer)) {
        Ok(value) => Ok(Some(value)),
        Err(Errno::NODATA) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Reads what is nearly always short, and may be long.
fn read(get: impl Fn(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut short = [0; 256];
    match get(&mut short) {
        Ok(length) => Ok(short.get(..length).unwrap_or_default().to_vec()),
        Err(Errno::RANGE) => {
            let mut long = vec![0; XATTRS_MAX];
            let length = get(&mut long)?;
            long.truncate(length);
            Ok(long)
        }
        Err(errno) => Err(errno),
    }
}
