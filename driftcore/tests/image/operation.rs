//! Operations on a tree, as a container may do them.

use std::fs;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use proptest::prelude::*;
use rustix::fs::AtFlags;
use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::XattrFlags;

/// A path below the root, of few names, so that operations meet.
#[derive(Clone, Debug)]
pub(crate) struct Place(Vec<u8>);

impl Place {
    fn below(&self, root: &Path) -> PathBuf {
        self.0.iter().fold(root.to_owned(), |path, &name| path.join(NAMES[usize::from(name)]))
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "d d\n"];

fn place() -> impl Strategy<Value = Place> {
    proptest::collection::vec(0_u8..4, 1..4).prop_map(Place)
}

/// One operation. Many fail, as nothing is where they look for it: that is as well.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Write(Place, u8),
    Append(Place),
    Truncate(Place, u8),
    Touch(Place),
    Mkdir(Place),
    Unlink(Place),
    Rmdir(Place),
    RemoveAll(Place),
    /// Removes a directory with all that is in it and makes it again.
    Remake(Place),
    Chmod(Place, u16),
    Chown(Place, u8),
    SetXattr(Place, u8, u8),
    RemoveXattr(Place, u8),
    Rename(Place, Place),
    Link(Place, Place),
    Symlink(Place, u8),
    Mknod(Place, u8),
}

/// Operations, those that build more often than those that destroy.
pub(crate) fn operations(most: usize) -> impl Strategy<Value = Vec<Operation>> {
    use Operation as O;

    let one = prop_oneof![
        4 => (place(), 0_u8..4).prop_map(|(at, content)| O::Write(at, content)),
        1 => place().prop_map(O::Append),
        1 => (place(), 0_u8..4).prop_map(|(at, size)| O::Truncate(at, size)),
        1 => place().prop_map(O::Touch),
        4 => place().prop_map(O::Mkdir),
        2 => place().prop_map(O::Unlink),
        1 => place().prop_map(O::Rmdir),
        1 => place().prop_map(O::RemoveAll),
        2 => place().prop_map(O::Remake),
        2 => (place(), 0_u16..0o10000).prop_map(|(at, mode)| O::Chmod(at, mode)),
        1 => (place(), 0_u8..3).prop_map(|(at, owner)| O::Chown(at, owner)),
        2 => (place(), 0_u8..4, 0_u8..3).prop_map(|(at, name, value)| O::SetXattr(at, name, value)),
        1 => (place(), 0_u8..4).prop_map(|(at, name)| O::RemoveXattr(at, name)),
        4 => (place(), place()).prop_map(|(from, to)| O::Rename(from, to)),
        1 => (place(), place()).prop_map(|(from, to)| O::Link(from, to)),
        1 => (place(), 0_u8..3).prop_map(|(at, target)| O::Symlink(at, target)),
        1 => (place(), 0_u8..5).prop_map(|(at, kind)| O::Mknod(at, kind)),
    ];
    proptest::collection::vec(one, 0..most)
}

const XATTRS: [&str; 4] = ["user.x", "security.capability", "trusted.t", "system.posix_acl_access"];

/// The value of an attribute; of a capability and of an access control list one that the kernel
/// takes.
fn xattr_value(name: u8, value: u8) -> Vec<u8> {
    match name {
        1 => {
            let mut capability = vec![0; 20];
            capability[3] = 2;
            capability[4] = value + 1;
            capability
        }
        3 => {
            // Version 2; owner, a named user, group, mask and others.
            let entry = |tag: u16, permissions: u16, id: u32| {
                [&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat()
            };
            let none = u32::MAX;
            [
                2_u32.to_le_bytes().to_vec(),
                entry(1, 6, none),
                entry(2, u16::from(value), 7),
                entry(4, 4, none),
                entry(16, 6, none),
                entry(32, 4, none),
            ]
            .concat()
        }
        _ => vec![value; usize::from(value)],
    }
}

impl Operation {
    /// Does it below a root; that it fails is no fault.
    pub(crate) fn apply(&self, root: &Path) {
        let _ = self.try_apply(root);
    }

    fn try_apply(&self, root: &Path) -> std::io::Result<()> {
        let at = |place: &Place| place.below(root);
        match self {
            Self::Write(place, content) => {
                let path = at(place);
                if fs::symlink_metadata(&path).is_ok_and(|it| !it.is_file()) {
                    return Ok(());
                }
                fs::write(path, vec![b'0' + content; 3])?;
            }
            Self::Append(place) => {
                let metadata = fs::symlink_metadata(at(place))?;
                if metadata.is_file() {
                    OpenOptions::new().append(true).open(at(place))?.write_all(b"more")?;
                }
            }
            Self::Truncate(place, size) => {
                let metadata = fs::symlink_metadata(at(place))?;
                if metadata.is_file() {
                    let file = OpenOptions::new().write(true).open(at(place))?;
                    file.set_len(u64::from(*size))?;
                }
            }
            Self::Touch(place) => {
                let now = rustix::fs::Timespec { tv_sec: 5, tv_nsec: 0 };
                let times = rustix::fs::Timestamps { last_access: now, last_modification: now };
                rustix::fs::utimensat(CWD, at(place), &times, AtFlags::SYMLINK_NOFOLLOW)?;
            }
            Self::Mkdir(place) => fs::create_dir(at(place))?,
            Self::Unlink(place) => fs::remove_file(at(place))?,
            Self::Rmdir(place) => fs::remove_dir(at(place))?,
            Self::RemoveAll(place) => fs::remove_dir_all(at(place))?,
            Self::Remake(place) => {
                fs::remove_dir_all(at(place))?;
                fs::create_dir(at(place))?;
            }
            Self::Chmod(place, mode) => {
                if !fs::symlink_metadata(at(place))?.is_symlink() {
                    fs::set_permissions(at(place), fs::Permissions::from_mode((*mode).into()))?;
                }
            }
            Self::Chown(place, owner) => {
                let owner = u32::from(*owner);
                std::os::unix::fs::lchown(at(place), Some(owner), Some(owner + 1))?;
            }
            Self::SetXattr(place, name, value) => {
                let content = xattr_value(*name, *value);
                let name = XATTRS[usize::from(*name)];
                rustix::fs::lsetxattr(at(place), name, &content, XattrFlags::empty())?;
            }
            Self::RemoveXattr(place, name) => {
                rustix::fs::lremovexattr(at(place), XATTRS[usize::from(*name)])?;
            }
            Self::Rename(from, to) => fs::rename(at(from), at(to))?,
            Self::Link(from, to) => fs::hard_link(at(from), at(to))?,
            Self::Symlink(place, target) => {
                let target = ["/", "a", "../../outside"][usize::from(*target)];
                std::os::unix::fs::symlink(target, at(place))?;
            }
            Self::Mknod(place, kind) => {
                let (kind, device) = [
                    (FileType::Fifo, 0),
                    (FileType::Socket, 0),
                    (FileType::CharacterDevice, rustix::fs::makedev(1, 3)),
                    (FileType::CharacterDevice, rustix::fs::makedev(1, 5)),
                    (FileType::BlockDevice, rustix::fs::makedev(7, 250)),
                ][usize::from(*kind)];
                let mode = Mode::from_bits_truncate(0o640);
                rustix::fs::mknodat(CWD, at(place), kind, mode, device)?;
            }
        }
        Ok(())
    }
}
