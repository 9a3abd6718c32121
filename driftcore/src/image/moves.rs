//! Which paths of the image the container has under another name.
//!
//! The upper layer names them in `redirect` attributes, anywhere. They have to be known before the
//! first whiteout is judged, so the upper layer's directories are read once for them alone.

use std::collections::HashMap;
use std::collections::HashSet;

use rustix::fs::FileType;

use super::ScanError;
use super::lower::Image;
use super::marks::Marks;
use super::names::Names;
use super::place::Moved;
use super::place::Route;
use super::place::image_path;
use super::place::redirected;
use super::scan::Out;
use super::walk::DEPTH;
use crate::provenance::Dir;

/// Paths of the image that were renamed, each with its new one. Where a renamed file has several
/// names, the first one counts.
#[derive(Debug, Default)]
pub(super) struct Moves(HashMap<Box<[u8]>, Box<[u8]>>);

struct Frame {
    directory: Dir,
    names: Names,
    moved: Option<Moved>,
    /// Whether the image shows through.
    shows: bool,
    /// What the route goes back to.
    length: usize,
}

impl Moves {
    /// Reads the upper layer's directories. What cannot be read is passed over: the walk that
    /// follows finds it too, and says so.
    pub(super) fn collect(
        upper: Dir,
        image: &Image,
        marks: Marks,
        out: &mut Out<'_>,
    ) -> Result<Self, ScanError> {
        let mut moves = Self::default();
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
                match found(image, parent, &route, redirect) {
                    Some((path, true)) => moves.add(path, &route),
                    Some((path, false)) => _ = stay.insert(path),
                    None => {}
                }
            }
            out.looked_at()?;
            let deeper = child
                .filter(|_| frames.len() < DEPTH)
                .and_then(|(directory, moved, shows)| Frame::new(directory, moved, shows, length));
            match deeper {
                Some(frame) => frames.push(frame),
                None => route.back_to(length),
            }
        }
        moves.0.retain(|old, _| !stay.contains(&**old));
        Ok(moves)
    }

    fn add(&mut self, old: Vec<u8>, route: &Route) {
        self.0.entry(old.into()).or_insert_with(|| route.path().into());
    }

    /// Whether nothing was renamed.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the container has what the image has at this path under another name.
    pub(super) fn contains(&self, path: &[u8]) -> bool {
        self.0.contains_key(path)
    }

    /// Whether this is the new path of what the image has at an old one.
    pub(super) fn leads(&self, old: &[u8], new: &[u8]) -> bool {
        self.0.get(old).is_some_and(|found| **found == *new)
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
        Some(Self { directory, names, moved, shows, length })
    }
}
