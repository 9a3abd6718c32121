//! Finding an image file by its inode number, when its path there is not known.
//!
//! The kernel knows which lower inode a renamed or hard-linked image file came from, but not
//! by what name. A file handle would open it at once; no safe wrapper of
//! `open_by_handle_at(2)` exists, so the layers are read until a name of the inode turns up.
//! Directory entries carry the inode number, so that only directories are opened. Layers do
//! not change, and what was found is remembered in [`Layers`].

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::fs::FileType;

use super::Layers;
use super::beneath::Dir;
use super::beneath::Located;
use super::compare::Limits;

/// How many directory entries one search reads at most.
const ENTRIES: usize = 1_000_000;

/// Searches the layers, topmost first, for a file with this inode number that is the one.
/// `Ok(None)` when it has no name there.
pub(super) fn search(
    layers: &Layers,
    number: u64,
    is_it: &dyn Fn(&Located) -> bool,
    limits: &Limits<'_>,
) -> Result<Option<Located>, Cow<'static, str>> {
    let mut budget = ENTRIES;
    for (layer, directory) in layers.lowers().iter().enumerate() {
        let root = Dir::open(directory)
            .map_err(|errno| format!("lower layer {layer} could not be read: {errno}"))?;
        if let Some((path, located)) = search_layer(&root, number, is_it, limits, &mut budget)? {
            layers.remember(number, layer, path);
            return Ok(Some(located));
        }
    }
    Ok(None)
}

fn search_layer(
    root: &Dir,
    number: u64,
    is_it: &dyn Fn(&Located) -> bool,
    limits: &Limits<'_>,
    budget: &mut usize,
) -> Result<Option<(PathBuf, Located)>, Cow<'static, str>> {
    let mut pending = vec![PathBuf::new()];
    while let Some(path) = pending.pop() {
        if let Some(reason) = limits.exceeded() {
            return Err(reason);
        }
        let opened = if path.as_os_str().is_empty() {
            root.entries()
        } else {
            root.subdirectory(&path).and_then(|directory| directory.entries())
        };
        // What cannot be read is passed over: at worst the file is not found.
        let Ok(entries) = opened else { continue };
        for entry in entries {
            let Ok(entry) = entry else { break };
            *budget = budget.checked_sub(1).ok_or("the image has too many files to search")?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let kind = entry.file_type();
            if kind == FileType::Directory {
                pending.push(path.join(OsStr::from_bytes(name)));
            } else if entry.ino() == number
                && matches!(kind, FileType::RegularFile | FileType::Unknown)
            {
                let path = path.join(OsStr::from_bytes(name));
                let located = root.locate(&path).ok();
                if let Some(located) = located.filter(is_it) {
                    return Ok(Some((path, located)));
                }
            }
        }
    }
    Ok(None)
}
