//! Which paths of the image the container has under another name.
//!
//! The upper layer names them in `redirect` attributes, anywhere, and files without `metacopy` by
//! their origin alone. They have to be known before the first whiteout is judged, so the upper
//! layer's directories are read once for them alone; and where files came from elsewhere, what was
//! deleted is gone through once more to find from where.

use std::cell::Cell;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;

use rustix::fs::FileType;

use super::ScanError;
use super::lower::Found;
use super::lower::Image;
use super::lower::Merged;
use super::marks::CameFrom;
use super::marks::Marks;
use super::names::Names;
use super::place::Moved;
use super::place::Route;
use super::place::image_path;
use super::place::redirected;
use super::scan::Out;
use super::strays::Strays;
use super::walk::DEPTH;
use crate::provenance::Dir;

/// Paths of the image that were renamed. Where a renamed file has several names, the first one
/// counts.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// The new path by the old one.
    new: HashMap<Box<[u8]>, Box<[u8]>>,
    /// Files that their origin alone tells, by the new path.
    files: HashMap<Box<[u8]>, MovedFile>,
}

/// A file that was renamed, as its origin alone tells.
#[derive(Debug)]
pub(super) struct MovedFile {
    pub(super) old_path: Box<[u8]>,
    /// The walk found it there.
    pub(super) met: Cell<bool>,
}

struct Frame {
    directory: Dir,
    names: Names,
    moved: Option<Moved>,
    /// Whether the image shows through.
    shows: bool,
    /// What the route goes back to.
    length: usize,
    here: Here,
}

/// What the image has at a directory of the upper layer, looked up when it is first asked for.
#[derive(Default)]
struct Here(OnceCell<Option<Merged>>);

impl Moves {
    /// Reads the upper layer's directories. What cannot be read is passed over: the walk that
    /// follows finds it too, and says so.
    pub(super) fn collect(
        upper: Dir,
        image: &Image,
        marks: Marks,
        out: &mut Out<'_>,
    ) -> Result<(Self, Strays), ScanError> {
        let mut moves = Self::default();
        let mut strays = Strays::default();
        // Back at their old names.
        let mut stay: HashSet<Vec<u8>> = HashSet::new();
        let mut route = Route::default();
        let shows = marks.opaque(&upper) != Some(b'y');
        let mut frames = Vec::new();
        frames.extend(Frame::new(upper, None, shows, 0));
        while let Some(frame) = frames.last_mut() {
            if frame.names.needs_batch() {
                let held = frames.iter().map(|frame| frame.names.held()).sum();
                let Some(frame) = frames.last_mut() else { break };
                let _ = frame.names.read_batch(held);
                continue;
            }
            let Some(name) = frame.names.next() else {
                route.back_to(frame.length);
                frames.pop();
                continue;
            };
            let length = route.down(name.bytes);
            let parent = (frame.moved.as_ref(), frame.shows);
            let mut child = None;
            let directory = match name.file_type {
                FileType::Directory | FileType::Unknown => {
                    frame.directory.subdirectory(name.as_path()).ok()
                }
                _ => None,
            };
            if let Some(directory) = directory {
                let shows = marks.opaque(&directory) != Some(b'y');
                let redirect = marks.redirect(&directory);
                child = Some(match found(image, parent, &route, redirect) {
                    Some((path, true)) => {
                        let moved = Some(Moved::new(&route, &path));
                        moves.add(path, &route);
                        (directory, moved, shows)
                    }
                    Some((_, false)) => (directory, frame.moved.clone(), shows),
                    None => (directory, frame.moved.clone(), frame.shows && shows),
                });
            } else if matches!(name.file_type, FileType::RegularFile | FileType::Unknown) {
                let redirect = marks.redirect_of(&frame.directory, name.bytes);
                // It stays on a file whose content was copied up later.
                let redirect = redirect.filter(|_| marks.metacopy_of(&frame.directory, name.bytes));
                match found(image, parent, &route, redirect) {
                    Some((path, true)) => moves.add(path, &route),
                    Some((path, false)) => _ = stay.insert(path),
                    None if image.is_numbered() => {
                        if let CameFrom::Number(number) =
                            marks.came_from_of(&frame.directory, name.bytes)
                            && !frame.here.has(
                                image,
                                &route.up_to(length),
                                parent.0,
                                name.as_path(),
                            )
                        {
                            strays.add(number, route.path());
                        }
                    }
                    None => {}
                }
            }
            out.upcoming(route.path());
            out.looked_at()?;
            let deeper = child
                .filter(|_| frames.len() < DEPTH)
                .and_then(|(directory, moved, shows)| Frame::new(directory, moved, shows, length));
            match deeper {
                Some(frame) => frames.push(frame),
                None => route.back_to(length),
            }
        }
        moves.new.retain(|old, _| !stay.contains(&**old));
        Ok((moves, strays))
    }

    /// Takes in files that were found by their origin.
    pub(super) fn add_files(&mut self, strays: Strays) {
        for (old, new) in strays.found() {
            self.new.insert(old.clone(), new.clone());
            self.files.insert(new, MovedFile { old_path: old, met: Cell::new(false) });
        }
    }

    /// The file that their origin alone tells, by its new path.
    pub(super) fn file(&self, new: &[u8]) -> Option<&MovedFile> {
        self.files.get(new)
    }

    /// The old paths of such files that the walk did not find at the new ones, in order.
    pub(super) fn files_not_met(&self) -> Vec<&[u8]> {
        let files = self.files.values().filter(|file| !file.met.get());
        let mut paths: Vec<&[u8]> = files.map(|file| &*file.old_path).collect();
        paths.sort_unstable();
        paths
    }

    fn add(&mut self, old: Vec<u8>, route: &Route) {
        self.new.entry(old.into()).or_insert_with(|| route.path().into());
    }

    /// Whether nothing was renamed.
    pub(super) fn is_empty(&self) -> bool {
        self.new.is_empty()
    }

    /// Whether the container has what the image has at this path under another name.
    pub(super) fn contains(&self, path: &[u8]) -> bool {
        self.new.contains_key(path)
    }

    /// Whether this is the new path of what the image has at an old one.
    pub(super) fn leads(&self, old: &[u8], new: &[u8]) -> bool {
        self.new.get(old).is_some_and(|found| **found == *new)
    }
}

/// The path in the image that a redirect at the route leads to, if the image has it, and whether
/// that is another one than the image has for the route.
fn found(
    image: &Image,
    (moved, shows): (Option<&Moved>, bool),
    route: &Route,
    redirect: Option<Vec<u8>>,
) -> Option<(Vec<u8>, bool)> {
    let redirect = redirect?;
    if !redirect.starts_with(b"/") && !shows {
        return None;
    }
    let path = redirected(route, moved, &redirect);
    image.at(&path).ok().flatten()?;
    let is_other = path != image_path(route, moved);
    Some((path, is_other))
}

impl Frame {
    fn new(directory: Dir, moved: Option<Moved>, shows: bool, length: usize) -> Option<Self> {
        let names = Names::of(&directory).ok()?;
        Some(Self { directory, names, moved, shows, length, here: Here::default() })
    }
}

impl Here {
    /// Whether the image has something under a name in the directory at the route.
    fn has(&self, image: &Image, route: &Route, moved: Option<&Moved>, name: &Path) -> bool {
        let merged = self.0.get_or_init(|| {
            let path = image_path(route, moved);
            match image.at(&path) {
                _ if path == b"/" => Some(image.root().clone()),
                Ok(Some(Found::Directory { merged, .. })) => Some(merged),
                _ => None,
            }
        });
        let Some(merged) = merged else { return false };
        // What cannot be read is not nothing.
        !matches!(image.child(merged, name), Ok(None))
    }
}
