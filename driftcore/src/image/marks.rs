//! The marks that overlay leaves in its layers.

use std::ffi::CStr;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use crate::provenance::FileKind;
use crate::provenance::Located;
use crate::provenance::ORIGIN_MAX;
use crate::provenance::Origin;
use crate::provenance::parse_origin;

/// Most bytes of a redirect: a path.
const REDIRECT_MAX: usize = 4096;

/// Which extended attributes an overlay takes for its marks. In the other ones a container or
/// an image may write what it likes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    user: bool,
    /// Names that begin with `.wh.` are marks, too: aufs, and fuse-overlayfs where it may make no
    /// devices. On a kernel's overlay they are files as any others, which a container may make.
    files: bool,
}

/// What a file that marks another one begins with.
const WHITEOUT: &[u8] = b".wh.";
/// Marks a directory that hides the layers below.
const OPAQUE: &CStr = c".wh..wh..opq";

/// By what a file was copied up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CameFrom {
    /// It was not: a new file, or the kernel keeps no origin of its kind.
    Nowhere,
    /// From the lower file of this number.
    Number(u64),
    /// From a lower file that the kernel names in a way that is not ours to read.
    Somewhere,
}

impl Marks {
    pub(super) const fn new(user: bool) -> Self {
        Self { user, files: false }
    }

    /// With marks that are files.
    pub(super) const fn with_files(self, files: bool) -> Self {
        Self { files, ..self }
    }

    /// The name that a file of this name marks as deleted; empty where it is a mark of another kind.
    pub(super) fn hidden_by<'a>(&self, name: &'a [u8]) -> Option<&'a [u8]> {
        let rest = name.strip_prefix(WHITEOUT).filter(|_| self.files)?;
        Some(if rest.starts_with(WHITEOUT) { b"" } else { rest })
    }

    /// Whether a directory has a file that marks this name as deleted in the layers below.
    pub(super) fn hides(self, directory: &impl AsFd, name: &[u8]) -> bool {
        self.files && has(directory, [WHITEOUT, name].concat())
    }

    const fn name(self, trusted: &'static CStr, user: &'static CStr) -> &'static CStr {
        if self.user { user } else { trusted }
    }

    /// `y`: the directory hides the layers below. `x`: whiteouts in it may be attributes.
    pub(super) fn opaque(self, directory: &impl AsFd) -> Option<u8> {
        if self.files && has(directory, OPAQUE) {
            return Some(b'y');
        }
        let name = self.name(c"trusted.overlay.opaque", c"user.overlay.opaque");
        let mut value = [0; 2];
        match rustix::fs::fgetxattr(directory, name, &mut value[..]) {
            Ok(1) => Some(value[0]),
            _ => None,
        }
    }

    /// Where in the lower layers the rest of a renamed directory or the data of a metacopy is:
    /// an absolute path, or another name in the same directory.
    ///
    /// `file` may be held by `O_PATH` alone.
    pub(super) fn redirect(self, file: &impl AsFd) -> Option<Vec<u8>> {
        let path = link(file);
        self.redirect_by(|name, value| rustix::fs::getxattr(&path, name, value))
    }

    /// The same of a name in a directory that is held.
    pub(super) fn redirect_of(self, directory: &impl AsFd, name: &[u8]) -> Option<Vec<u8>> {
        let path = in_directory(directory, name);
        self.redirect_by(|name, value| rustix::fs::lgetxattr(&path, name, value))
    }

    fn redirect_by(
        self,
        get: impl Fn(&CStr, &mut [u8]) -> Result<usize, Errno>,
    ) -> Option<Vec<u8>> {
        let name = self.name(c"trusted.overlay.redirect", c"user.overlay.redirect");
        let mut short = [0; 256];
        let value = match get(name, &mut short) {
            Ok(length) => short.get(..length)?.to_vec(),
            Err(Errno::RANGE) => {
                let mut long = vec![0; REDIRECT_MAX];
                let length = get(name, &mut long).ok()?;
                long.truncate(length);
                long
            }
            Err(_) => return None,
        };
        let relative = !value.is_empty()
            && !value.contains(&b'/')
            && !matches!(value.as_slice(), b"." | b"..");
        let sound = relative || crate::provenance::below_root(&value).is_some();
        (sound && !value.contains(&0)).then_some(value)
    }

    /// Whether the layer has the attributes alone of the regular file of a name in a directory.
    pub(super) fn metacopy_of(self, directory: &impl AsFd, name: &[u8]) -> bool {
        let attribute = self.name(c"trusted.overlay.metacopy", c"user.overlay.metacopy");
        let mut value = [0; 0];
        let found = rustix::fs::lgetxattr(in_directory(directory, name), attribute, &mut value);
        matches!(found, Ok(_) | Err(Errno::RANGE))
    }

    /// By what the regular file of a name in a directory was copied up.
    pub(super) fn came_from_of(self, directory: &impl AsFd, name: &[u8]) -> CameFrom {
        let path = in_directory(directory, name);
        self.came_from_by(|name, value| rustix::fs::lgetxattr(&path, name, value))
    }

    /// Whether the layer has a regular file's attributes alone.
    pub(super) fn metacopy(self, file: &impl AsFd) -> bool {
        let name = self.name(c"trusted.overlay.metacopy", c"user.overlay.metacopy");
        let mut value = [0; 0];
        matches!(get(file, name, &mut value), Ok(_) | Err(Errno::RANGE))
    }

    /// By what the file was copied up.
    pub(super) fn came_from(self, file: &impl AsFd) -> CameFrom {
        self.came_from_by(|name, value| get(file, name, value))
    }

    fn came_from_by(self, get: impl Fn(&CStr, &mut [u8]) -> Result<usize, Errno>) -> CameFrom {
        let name = self.name(c"trusted.overlay.origin", c"user.overlay.origin");
        let mut value = [0; ORIGIN_MAX];
        match get(name, &mut value) {
            // Where the filesystem of the layer has no file handles the value is empty.
            Ok(length) => match value.get(..length).and_then(parse_origin) {
                Some(Origin::Number(number)) => CameFrom::Number(number),
                Some(Origin::Opaque) | None => CameFrom::Somewhere,
            },
            Err(_) => CameFrom::Nowhere,
        }
    }

    /// Whether a name is marked as deleted. `by_attribute`: the directory allows for marks that
    /// are extended attributes.
    pub(super) fn is_whiteout(self, file: &Located, by_attribute: bool) -> bool {
        match file.facts.kind {
            FileKind::Whiteout => true,
            FileKind::Regular if by_attribute && file.facts.size == 0 => {
                let name = self.name(c"trusted.overlay.whiteout", c"user.overlay.whiteout");
                let mut value = [0; 0];
                matches!(get(file, name, &mut value), Ok(_) | Err(Errno::RANGE))
            }
            FileKind::Regular | FileKind::Other => false,
        }
    }

    /// Whether an extended attribute is a mark, which the overlay shows to nobody.
    pub(super) fn is_mark(self, name: &[u8]) -> bool {
        let prefix: &[u8] = if self.user { b"user.overlay." } else { b"trusted.overlay." };
        // With `overlay.` once more it is that of an overlay within this one.
        name.strip_prefix(prefix).is_some_and(|rest| !rest.starts_with(b"overlay."))
    }
}

fn has(directory: &impl AsFd, name: impl rustix::path::Arg) -> bool {
    rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

/// The path by which the kernel leads to an open file, also to one that is held by `O_PATH` and to
/// a symbolic link itself.
pub(super) fn link(file: &impl AsFd) -> String {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())
}

/// The path of a name in a directory that is held.
fn in_directory(directory: &impl AsFd, name: &[u8]) -> OsString {
    let mut path = OsString::from(link(directory));
    path.push("/");
    path.push(OsStr::from_bytes(name));
    path
}

fn get(file: &impl AsFd, name: &CStr, value: &mut [u8]) -> Result<usize, Errno> {
    rustix::fs::getxattr(link(file), name, value)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rustix::fs::XattrFlags;

    use super::*;
    use crate::provenance::Dir;

    #[test]
    fn a_mark_counts_in_its_own_namespace_alone() {
        let directory = tempfile::tempdir().unwrap();
        let sub = directory.path().join("sub");
        fs::create_dir(&sub).unwrap();
        let set = |name: &CStr, value: &[u8]| {
            rustix::fs::lsetxattr(&sub, name, value, XattrFlags::empty()).unwrap();
        };
        set(c"user.overlay.opaque", b"y");
        set(c"user.overlay.redirect", b"/else/where");
        let open = || Dir::open(&sub).unwrap();
        assert_eq!(Marks::new(true).opaque(&open()), Some(b'y'));
        assert_eq!(Marks::new(false).opaque(&open()), None);
        assert_eq!(Marks::new(true).redirect(&open()).unwrap(), b"/else/where");
        assert_eq!(Marks::new(false).redirect(&open()), None);
        assert!(Marks::new(true).is_mark(b"user.overlay.opaque"));
        assert!(!Marks::new(false).is_mark(b"user.overlay.opaque"));
        assert!(!Marks::new(false).is_mark(b"trusted.overlay.overlay.opaque"));
    }

    #[test]
    fn a_redirect_that_leads_out_of_the_root_is_none() {
        let directory = tempfile::tempdir().unwrap();
        for (value, sound) in [
            (&b"name"[..], true),
            (b"/a/b", true),
            (b"..", false),
            (b"/a/../b", false),
            (b"a/b", false),
            (b"/", false),
            (b"x\0y", false),
        ] {
            let name = c"user.overlay.redirect";
            rustix::fs::lsetxattr(directory.path(), name, value, XattrFlags::empty()).unwrap();
            let found = Marks::new(true).redirect(&Dir::open(directory.path()).unwrap());
            assert_eq!(found.is_some(), sound, "{value:?}");
        }
    }
}
