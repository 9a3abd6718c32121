//! In which layers an overlay file lies, found out from user space.
//!
//! The kernel hands out no pointer from an overlay file to its layers. What it does show is the
//! inode number: of a copied-up file that of the lower file it came from, of every other file
//! that of the file which serves it (`ovl_getattr`, since 4.15). So a file that stands at the
//! same path in the upper layer is believed to be the one only if number, size and times fit.

use std::borrow::Cow;
use std::ffi::CStr;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use rustix::io::Errno;

use super::Bounds;
use super::Layers;
use super::beneath::Dir;
use super::beneath::FileKind;
use super::beneath::Located;
use super::beneath::below_root;
use super::beneath::xattr;
use super::compare::Limits;
use super::layers::InImage;
use super::origin;
use super::origin::Origin;
use super::proof::NEVER;
use super::search::search;
use crate::event::Inode;

/// Most bytes of a redirect that are read: a path.
const REDIRECT_MAX: usize = 4096;
/// More than a metacopy's head and digest take.
const METACOPY_MAX: usize = 256;
/// With inodes of several filesystems in one overlay (`xino`), the topmost bits of the number
/// name the filesystem.
const XINO_BITS: u32 = 12;

/// What was found out about an overlay file.
#[derive(Debug)]
pub(crate) enum InLayers {
    /// It lies in these.
    Known {
        /// The file in the upper layer, held.
        upper: Option<(Inode, Located)>,
        /// The file in the lower layers that it came from, or that serves it.
        lower: Option<Inode>,
        /// False for a metacopy: the upper layer has its attributes alone.
        upper_data: bool,
    },
    /// It could not be found out, and why.
    Unknown(Cow<'static, str>),
    /// At the path is another file by now: look again.
    Changed,
}

/// How much is to be done to find a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) bounds: Bounds,
    /// When a search is given up; `None` for never.
    pub(crate) deadline: Option<Instant>,
    /// Whether the layers are searched for a file that no layer has at its path. False: it is
    /// taken for a file that has just been renamed.
    pub(crate) search: bool,
    /// Whether the overlay keeps its marks in `user.overlay.*` (mount option `userxattr`). If
    /// not, the container may write those itself, and they mean nothing.
    pub(crate) user_xattrs: bool,
}

/// Finds the layers of the overlay file `shown` (as its mount shows it) at `path` beneath the
/// overlay's root. `unhashed` when its name is known to be gone.
pub(crate) fn in_layers(
    layers: &Layers,
    path: &[u8],
    shown: &Inode,
    unhashed: bool,
    effort: Effort,
) -> InLayers {
    let Some(relative) = below_root(path) else {
        return InLayers::Unknown("the path of the file is not known from the root on".into());
    };
    let finder = Finder { layers, relative, shown, effort };
    let found = if unhashed { finder.lower_alone(true) } else { finder.at_its_path() };
    found.unwrap_or_else(InLayers::Unknown)
}

struct Finder<'a> {
    layers: &'a Layers,
    relative: &'a Path,
    shown: &'a Inode,
    effort: Effort,
}

impl Finder<'_> {
    fn at_its_path(&self) -> Result<InLayers, Cow<'static, str>> {
        let located = Dir::open(self.layers.upper())
            .map_err(|errno| format!("the upper layer could not be read: {errno}"))?
            .locate(self.relative);
        match located {
            Ok(located) if located.facts.kind == FileKind::Regular => self.upper(located),
            Ok(_) => Ok(InLayers::Changed),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => self.lower_alone(false),
            Err(errno) => Err(format!("the file could not be found: {errno}").into()),
        }
    }

    fn upper(&self, located: Located) -> Result<InLayers, Cow<'static, str>> {
        if !self.same_state(&located) {
            return Ok(InLayers::Changed);
        }
        let file = located
            .open()
            .map_err(|errno| format!("the file's attributes could not be read: {errno}"))?;
        let own = same_number(self.shown.number, located.facts.number);
        let name = self.name(c"trusted.overlay.origin", c"user.overlay.origin");
        let origin = xattr(&file, name, origin::ORIGIN_MAX).and_then(|value| origin::parse(&value));
        let has_origin = match origin {
            Some(Origin::Number(number)) => same_number(self.shown.number, number),
            // By its own number the kernel says that it takes no origin.
            Some(Origin::Opaque) => !own,
            None => false,
        };
        if !own && !has_origin {
            // Size and times fit. If it stays so, the origin is there and we may not read it.
            let persists = origin.is_none() && self.effort.search;
            return if persists {
                Err("its origin could not be read".into())
            } else {
                Ok(InLayers::Changed)
            };
        }
        let name = self.name(c"trusted.overlay.metacopy", c"user.overlay.metacopy");
        let upper_data = xattr(&file, name, METACOPY_MAX).is_none();
        let lower = if has_origin {
            Some(self.came_from()?)
        } else if upper_data {
            None
        } else {
            Some(self.serves_data(&file)?)
        };
        Ok(InLayers::Known { upper: Some((located.facts.inode(), located)), lower, upper_data })
    }

    /// The lower file with the number that the kernel shows.
    fn came_from(&self) -> Result<Inode, Cow<'static, str>> {
        let is_it = |located: &Located| same_number(self.shown.number, located.facts.number);
        let found = self.find(&is_it, true)?;
        found.ok_or_else(|| "the image file it came from was not found in the layers".into())
    }

    /// The lower file that has the data of a metacopy without origin.
    fn serves_data(&self, file: &File) -> Result<Inode, Cow<'static, str>> {
        let name = self.name(c"trusted.overlay.redirect", c"user.overlay.redirect");
        let target = match xattr(file, name, REDIRECT_MAX) {
            None => self.relative.to_owned(),
            Some(value) => redirected(self.relative, &value)
                .ok_or("the redirect of the file is no path beneath the root")?,
        };
        match self.layers.in_image(&target).map_err(|error| error.to_string())? {
            InImage::File(located) => Ok(located.facts.inode()),
            _ => Err("the image file that serves its data was not found".into()),
        }
    }

    /// A file that the upper layer does not have, or no longer.
    fn lower_alone(&self, unhashed: bool) -> Result<InLayers, Cow<'static, str>> {
        let is_it = |located: &Located| {
            self.same_state(located) && same_number(self.shown.number, located.facts.number)
        };
        match (self.find(&is_it, self.effort.search)?, self.effort.search) {
            (Some(lower), _) => {
                Ok(InLayers::Known { upper: None, lower: Some(lower), upper_data: true })
            }
            (None, false) => Ok(InLayers::Changed),
            (None, true) if unhashed => {
                Err("its name is gone, and it is no file of the image layers".into())
            }
            (None, true) => Err("no layer has the file at its path".into()),
        }
    }

    fn find(
        &self,
        is_it: &dyn Fn(&Located) -> bool,
        search_layers: bool,
    ) -> Result<Option<Inode>, Cow<'static, str>> {
        let number = self.shown.number;
        let mut found = self.layers.find(number, self.relative, is_it);
        if found.is_none() && search_layers {
            let Effort { bounds, deadline, .. } = self.effort;
            let limits = Limits { bounds, deadline, stop: &NEVER };
            found = search(self.layers, number, is_it, &limits)?;
        }
        Ok(found.map(|located| located.facts.inode()))
    }

    const fn name(&self, trusted: &'static CStr, user: &'static CStr) -> &'static CStr {
        if self.effort.user_xattrs { user } else { trusted }
    }

    /// Whether a layer's file has the size and the times that the overlay shows.
    fn same_state(&self, located: &Located) -> bool {
        let state = |inode: &Inode| (inode.size, inode.mtime_ns, inode.ctime_ns);
        state(&located.facts.inode()) == state(self.shown)
    }
}

/// Whether the number that an overlay shows is that of a layer's inode.
pub(crate) const fn same_number(shown: u64, real: u64) -> bool {
    (shown ^ real) << XINO_BITS == 0
}

/// Where a redirect leads: absolute from the overlay's root, or another name in the directory.
fn redirected(relative: &Path, value: &[u8]) -> Option<PathBuf> {
    if value.starts_with(b"/") {
        return below_root(value).map(Path::to_owned);
    }
    let name = below_root(&[b"/", value].concat()).is_some() && !value.contains(&b'/');
    name.then(|| relative.with_file_name(OsStr::from_bytes(value)))
}

#[cfg(test)]
mod tests;
