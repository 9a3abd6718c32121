//! The image: its layers merged, looked up by name and never read as a whole.

use std::cell::Cell;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

use rustix::io::Errno;

use super::ScanError;
use super::entry::FileType;
use super::marks::Marks;
use super::names::as_path;
use crate::provenance::Dir;
use crate::provenance::FileKind;
use crate::provenance::Located;

/// How many redirects one look-up follows. Layers of an image that was built on an overlay with
/// redirects have one or two in a row.
const REDIRECTS: u32 = 64;

/// An image by its layers.
#[derive(Clone, Debug)]
pub(super) struct Image {
    marks: Marks,
    root: Merged,
    /// All layers are on one filesystem: inode numbers are unique.
    numbered: bool,
    redirects: Cell<u32>,
}

/// A directory of the image: what the layers have of it, topmost first.
#[derive(Clone, Debug)]
pub(super) struct Merged {
    parts: Rc<[Part]>,
}

#[derive(Clone, Debug)]
struct Part {
    layer: usize,
    directory: Rc<Dir>,
    /// Whiteouts in it may be extended attributes.
    by_attribute: bool,
}

/// What the image has at a path.
#[derive(Debug)]
pub(super) enum Found {
    Directory {
        /// The topmost part, whose attributes the image shows.
        located: Located,
        merged: Merged,
    },
    Other {
        located: Located,
        /// The file with the content, where a layer has the attributes alone.
        data: Option<Located>,
    },
}

impl Found {
    pub(super) const fn located(&self) -> &Located {
        match self {
            Self::Directory { located, .. } | Self::Other { located, .. } => located,
        }
    }
}

impl Merged {
    /// The directories of the layers, topmost first.
    pub(super) fn directories(&self) -> impl Iterator<Item = &Dir> {
        self.parts.iter().map(|part| &*part.directory)
    }

    /// Whether one of the first `parts` layers has something of that name, a whiteout too.
    pub(super) fn has_above(&self, parts: usize, name: &Path) -> bool {
        self.directories().take(parts).any(|directory| directory.locate(name).is_ok())
    }
}

impl Image {
    /// Opens the layers, topmost first.
    pub(super) fn open(layers: &[PathBuf], marks: Marks) -> Result<Self, ScanError> {
        let mut parts = Vec::with_capacity(layers.len());
        let mut devices = Vec::with_capacity(layers.len());
        for (layer, path) in layers.iter().enumerate() {
            let directory = Dir::open(path).map_err(|errno| ScanError::layer(path, errno))?;
            let by_attribute = marks.opaque(&directory) == Some(b'x');
            let here = directory.locate(Path::new("."));
            devices.push(here.ok().map(|located| located.facts.device));
            parts.push(Part { layer, directory: Rc::new(directory), by_attribute });
        }
        let root = Merged { parts: parts.into() };
        devices.dedup();
        let numbered = matches!(devices[..], [Some(_)]);
        Ok(Self { marks, root, numbered, redirects: Cell::new(0) })
    }

    /// Opens one directory alone, where that is allowed without what is mounted in it.
    pub(super) fn root_directory(path: &Path, marks: Marks) -> Result<Self, ScanError> {
        let directory = Dir::open_bare(path).or_else(|_| Dir::open(path));
        let directory = directory.map_err(|errno| ScanError::layer(path, errno))?;
        let part = Part { layer: 0, directory: Rc::new(directory), by_attribute: false };
        let root = Merged { parts: [part].into() };
        Ok(Self { marks, root, numbered: true, redirects: Cell::new(0) })
    }

    /// Whether an inode number is that of one file of the image.
    pub(super) const fn is_numbered(&self) -> bool {
        self.numbered
    }

    /// Its root directory.
    pub(super) const fn root(&self) -> &Merged {
        &self.root
    }

    /// What a directory of the image has under a name.
    pub(super) fn child(&self, parent: &Merged, name: &Path) -> Result<Option<Found>, Errno> {
        self.redirects.set(0);
        self.find(&parent.parts, name)
    }

    /// What the image has at an absolute path.
    pub(super) fn at(&self, path: &[u8]) -> Result<Option<Found>, Errno> {
        self.redirects.set(0);
        self.walk(&self.root.parts, path)
    }

    fn walk(&self, parts: &[Part], path: &[u8]) -> Result<Option<Found>, Errno> {
        let mut found = None;
        let mut parts = parts;
        let mut merged;
        for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            found = self.find(parts, as_path(name))?;
            parts = match &found {
                Some(Found::Directory { merged: below, .. }) => {
                    merged = below.clone();
                    &merged.parts
                }
                Some(Found::Other { .. }) => &[],
                None => return Ok(None),
            };
        }
        Ok(found)
    }

    /// As the kernel's `ovl_lookup` does it for a part of the layers.
    fn find(&self, parts: &[Part], name: &Path) -> Result<Option<Found>, Errno> {
        let mut top = None;
        let mut merged = Vec::new();
        for (part, below) in parts.iter().zip(1..).map(|(part, below)| (part, &parts[below..])) {
            let located = match part.directory.locate(name) {
                Ok(located) => located,
                Err(Errno::NOENT) if self.hides(part, name) => break,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(errno),
            };
            if self.marks.is_whiteout(&located, part.by_attribute) {
                break;
            }
            if FileType::of(&located.facts) != FileType::Directory {
                if top.is_some() {
                    break;
                }
                let data = self.data(part.layer, below, name, &located)?;
                return Ok(Some(Found::Other { located, data }));
            }
            let directory = located.directory()?;
            let opaque = self.marks.opaque(&directory);
            let redirect = self.marks.redirect(&directory);
            let by_attribute = opaque == Some(b'x');
            merged.push(Part { layer: part.layer, directory: Rc::new(directory), by_attribute });
            top.get_or_insert(located);
            if opaque == Some(b'y') || self.hides(part, name) {
                break;
            }
            if let Some(redirect) = redirect {
                let rest = self.follow(part.layer, below, &redirect)?;
                if let Some(Found::Directory { merged: rest, .. }) = rest {
                    merged.extend(rest.parts.iter().cloned());
                }
                break;
            }
        }
        Ok(top.map(|located| Found::Directory { located, merged: Merged { parts: merged.into() } }))
    }

    fn hides(&self, part: &Part, name: &Path) -> bool {
        self.marks.hides(&*part.directory, name.as_os_str().as_bytes())
    }

    /// The file with the content of a metacopy.
    fn data(
        &self,
        layer: usize,
        below: &[Part],
        name: &Path,
        file: &Located,
    ) -> Result<Option<Located>, Errno> {
        if file.facts.kind != FileKind::Regular || !self.marks.metacopy(file) {
            return Ok(None);
        }
        let found = match self.marks.redirect(file) {
            Some(redirect) => self.follow(layer, below, &redirect)?,
            None => self.find(below, name)?,
        };
        match found {
            Some(Found::Other { located, data }) if located.facts.kind == FileKind::Regular => {
                Ok(Some(data.unwrap_or(located)))
            }
            // The image is broken: the kernel refuses such a file too.
            _ => Err(Errno::NODATA),
        }
    }

    fn follow(
        &self,
        layer: usize,
        below: &[Part],
        redirect: &[u8],
    ) -> Result<Option<Found>, Errno> {
        let followed = self.redirects.get();
        if followed >= REDIRECTS {
            return Err(Errno::LOOP);
        }
        self.redirects.set(followed + 1);
        if redirect.starts_with(b"/") {
            let first = self.root.parts.partition_point(|part| part.layer <= layer);
            return self.walk(&self.root.parts[first..], redirect);
        }
        self.find(below, as_path(redirect))
    }
}
