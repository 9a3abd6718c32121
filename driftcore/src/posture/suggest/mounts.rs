//! The fewest directories that hold all that was written.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::behaviour::Place;
use super::suggestion::WrittenDirectory;
use crate::event::Text;
use crate::image::Tree;

/// How many names of a directory of the image are counted.
const NAMES_MAX: u64 = 1000;
/// How deep a path is looked at, name by name.
const DEPTH_MAX: usize = 64;

/// What the image has at a path.
enum Side {
    Nothing,
    Empty,
    /// So many names, 1,000 at most.
    Names(u64),
    Unknown,
}

/// Directories to be mounted, none of them beneath another; and what was written into the root itself.
pub(super) fn mounts(
    places: &BTreeMap<Vec<u8>, Place>,
    image: Option<&Tree>,
) -> (Vec<WrittenDirectory>, Option<Place>) {
    let mut wanted: BTreeMap<Vec<u8>, WrittenDirectory> = BTreeMap::new();
    let mut root = None;
    for (path, place) in places {
        if path.is_empty() {
            // Its own attributes are no file in it.
            root = (place.operations > 0).then(|| place.clone());
            continue;
        }
        let (anchor, hides) = match image {
            Some(image) => anchor(path, image),
            None => (made_above(path, places), place.has_image_file.then_some(1)),
        };
        let one = wanted.entry(anchor.to_owned()).or_insert_with(|| WrittenDirectory {
            path: Text::from(anchor),
            operations: 0,
            example: Text::default(),
            hides: None,
        });
        one.operations += place.operations;
        if one.example.is_empty() {
            one.example = Text::from(place.example.as_slice());
        }
        one.hides = one.hides.max(hides);
    }
    (topmost(wanted), root)
}

/// What is beneath another one is in it. The order of the map has `/a-b` between `/a` and `/a/b`.
fn topmost(wanted: BTreeMap<Vec<u8>, WrittenDirectory>) -> Vec<WrittenDirectory> {
    let mut kept: BTreeMap<Vec<u8>, WrittenDirectory> = BTreeMap::new();
    for (path, one) in wanted {
        let above = prefixes(&path).find(|above| kept.contains_key(*above)).map(<[u8]>::to_owned);
        match above.and_then(|above| kept.get_mut(&above)) {
            Some(above) => {
                above.operations += one.operations;
                if above.example.is_empty() {
                    above.example = one.example;
                }
            }
            None => {
                kept.insert(path, one);
            }
        }
    }
    kept.into_values().collect()
}

/// Directories above a path, the topmost first, and the path itself: `/a`, `/a/b`.
fn prefixes(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/');
    let ends = ends.map(|(at, _)| at).take(DEPTH_MAX).chain(std::iter::once(path.len()));
    ends.filter_map(|end| path.get(..end))
}

/// The topmost directory in which the image has nothing, on the way to one; that one itself where there is
/// none. And how much of the image a mount there would hide.
fn anchor<'a>(path: &'a [u8], image: &Tree) -> (&'a [u8], Option<u64>) {
    for above in prefixes(path) {
        match side(above, image) {
            Side::Nothing | Side::Empty => return (above, Some(0)),
            Side::Names(count) if above.len() == path.len() => return (path, Some(count)),
            Side::Names(_) => {}
            Side::Unknown => return (path, None),
        }
    }
    (path, None)
}

fn side(path: &[u8], image: &Tree) -> Side {
    let mut names = 0;
    let listed = image.list(path, &mut |_, _| {
        names += 1;
        if names < NAMES_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    match listed {
        Ok(false) => Side::Nothing,
        Ok(true) if names == 0 => Side::Empty,
        Ok(true) => Side::Names(names),
        Err(_) => Side::Unknown,
    }
}

/// The topmost directory above a path that the container made itself: the image has nothing there.
fn made_above<'a>(path: &'a [u8], places: &BTreeMap<Vec<u8>, Place>) -> &'a [u8] {
    let is_made = |above: &&[u8]| places.get(*above).is_some_and(|place| place.is_made);
    prefixes(path).find(is_made).unwrap_or(path)
}
