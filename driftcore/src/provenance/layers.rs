//! A container's layer directories and what they hold at a path.

use std::collections::HashMap;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rustix::io::Errno;

use super::beneath::Dir;
use super::beneath::FileKind;
use super::beneath::Located;
#[cfg(feature = "sensor")]
use super::beneath::below_root;
use crate::event::Timestamp;

/// How many places of image files that were found by a search are remembered per container.
const PLACES: usize = 1024;

/// The layer directories of one container's root, on the host. Shared between threads.
#[derive(Debug)]
pub struct Layers {
    id: u64,
    upper: PathBuf,
    lowers: Vec<PathBuf>,
    container_start: Option<Timestamp>,
    /// Where image files were found: inode number to layer and path within. A hint that is
    /// verified at each use.
    places: Mutex<HashMap<u64, (usize, PathBuf)>>,
}

impl Layers {
    /// The layers of one container: the upper directory and the lower ones, topmost first, as
    /// paths on the host that the container cannot change.
    ///
    /// Each value gets an [`id`](Self::id) of its own: make one per run of a container.
    pub fn new(upper: PathBuf, lowers: Vec<PathBuf>, container_start: Option<Timestamp>) -> Self {
        Self { id: next_id(), upper, lowers, container_start, places: Mutex::default() }
    }

    /// Tells these layers from all others that this process has seen; what was proved against
    /// one container's layers is never an answer about another's.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The upper (writable) directory.
    pub fn upper(&self) -> &Path {
        &self.upper
    }

    /// The lower (image) directories, topmost first.
    pub fn lowers(&self) -> &[PathBuf] {
        &self.lowers
    }

    /// When the container started, where that is known.
    pub const fn container_start(&self) -> Option<Timestamp> {
        self.container_start
    }

    /// Where the image file with this inode number was found before.
    fn place(&self, number: u64) -> Option<(usize, PathBuf)> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(&number).cloned()
    }

    /// Remembers where an image file was found.
    pub(super) fn remember(&self, number: u64, layer: usize, path: PathBuf) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= PLACES {
            places.clear();
        }
        places.insert(number, (layer, path));
    }

    /// An image file by its inode number, at the path given or where it was found before.
    pub(super) fn find(
        &self,
        number: u64,
        relative: &Path,
        is_it: &dyn Fn(&Located) -> bool,
    ) -> Option<Located> {
        let accept = |directory: &Path, path: &Path| {
            let located = Dir::open(directory).and_then(|root| root.locate(path)).ok()?;
            (located.facts.kind == FileKind::Regular && is_it(&located)).then_some(located)
        };
        self.lowers.iter().find_map(|layer| accept(layer, relative)).or_else(|| {
            let (layer, path) = self.place(number)?;
            accept(self.lowers.get(layer)?, &path)
        })
    }

    /// Whether the image has something at an absolute path of the container. Looks into each layer
    /// once; `None` where one cannot be read, or a directory was renamed within them.
    #[cfg(feature = "sensor")]
    pub(crate) fn image_has(&self, path: &[u8]) -> Option<ImageHas> {
        match self.in_image(below_root(path)?).ok()? {
            InImage::File(located) => Some(ImageHas::File { size: located.facts.size }),
            InImage::NotAFile => Some(ImageHas::Other),
            InImage::Absent => Some(ImageHas::Nothing),
            InImage::Redirected => None,
        }
    }

    /// What the image has at a path: the merged view of the lower layers alone, whatever the
    /// upper layer hides.
    pub(super) fn in_image(&self, relative: &Path) -> Result<InImage, LayerError> {
        for (layer, directory) in self.lowers.iter().enumerate() {
            let failed = |errno| LayerError { layer, errno };
            let root = Dir::open(directory).map_err(failed)?;
            match in_layer(root, relative).map_err(failed)? {
                InLayer::NothingHere => {}
                InLayer::Hidden => return Ok(InImage::Absent),
                InLayer::Redirected => return Ok(InImage::Redirected),
                InLayer::File(located) => return Ok(InImage::File(located)),
                InLayer::NotAFile => return Ok(InImage::NotAFile),
            }
        }
        Ok(InImage::Absent)
    }
}

/// A number for what containers are compared with.
pub(super) fn next_id() -> u64 {
    static NEXT_ID: AtomicU64 = AtomicU64::new(1);
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// What the image has at a path, in short.
#[cfg(feature = "sensor")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageHas {
    /// A regular file of this size.
    File { size: u64 },
    /// A directory, a symbolic link or a special file.
    Other,
    /// Nothing.
    Nothing,
}

/// A layer that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("lower layer {layer} could not be read: {errno}")]
pub(super) struct LayerError {
    pub(super) layer: usize,
    pub(super) errno: Errno,
}

/// What the image has at a path.
#[derive(Debug)]
pub(super) enum InImage {
    File(Located),
    /// A directory, a symbolic link or a special file.
    NotAFile,
    Absent,
    /// A directory above it was renamed by an overlay within the layers.
    Redirected,
}

/// What one layer says about a path.
enum InLayer {
    /// Nothing: ask the next layer.
    NothingHere,
    /// The path exists neither here nor, for the merged view, in the layers below.
    Hidden,
    Redirected,
    File(Located),
    NotAFile,
}

/// Walks a path within one layer, a component at a time: each directory on the way may hide
/// the layers below.
fn in_layer(root: Dir, relative: &Path) -> Result<InLayer, Errno> {
    let (parents, name) = match (relative.parent(), relative.file_name()) {
        (Some(parents), Some(name)) => (parents, Path::new(name)),
        _ => return Ok(InLayer::NotAFile),
    };
    let mut directory = root;
    let mut opaque = false;
    for component in parents.components() {
        let Component::Normal(component) = component else {
            return Err(Errno::INVAL);
        };
        directory = match directory.subdirectory(Path::new(component)) {
            Ok(next) => next,
            Err(Errno::NOENT) => return Ok(nothing(opaque)),
            // A file, a link or a whiteout where the path needs a directory.
            Err(Errno::NOTDIR | Errno::LOOP) => return Ok(InLayer::Hidden),
            Err(errno) => return Err(errno),
        };
        opaque |= directory.opaque() == Some(b'y');
        if directory.redirected() {
            return Ok(InLayer::Redirected);
        }
    }
    let located = match directory.locate(name) {
        Ok(located) => located,
        Err(Errno::NOENT) => return Ok(nothing(opaque)),
        Err(errno) => return Err(errno),
    };
    Ok(match located.facts.kind {
        FileKind::Whiteout => InLayer::Hidden,
        FileKind::Other => InLayer::NotAFile,
        FileKind::Regular if directory.opaque() == Some(b'x') && located.is_xattr_whiteout() => {
            InLayer::Hidden
        }
        FileKind::Regular => InLayer::File(located),
    })
}

const fn nothing(opaque: bool) -> InLayer {
    if opaque { InLayer::Hidden } else { InLayer::NothingHere }
}
