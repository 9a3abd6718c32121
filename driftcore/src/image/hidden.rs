//! What the image has and the container has not.

use super::EntryKind;
use super::ScanError;
use super::attributes;
use super::entry::Entry;
use super::lower::Found;
use super::lower::Merged;
use super::names::Names;
use super::names::as_path;
use super::place::Route;
use super::walk::DEPTH;
use super::walk::TOO_DEEP;
use super::walk::Walk;
use crate::provenance::Dir;
use crate::provenance::FileKind;
use crate::provenance::Located;

/// A directory of the image, the names of its parts one after the other.
struct Frame {
    merged: Merged,
    /// The part whose names are read.
    part: usize,
    names: Option<Names>,
    /// What the route goes back to.
    length: usize,
}

impl Walk<'_, '_> {
    /// Tells that something of the image is deleted, with all that is below it. What was renamed is
    /// not.
    pub(super) fn tell_hidden(&mut self, found: Found, path: &[u8]) -> Result<(), ScanError> {
        self.tell_deleted(found.located(), path)?;
        match found {
            Found::Directory { merged, .. } => self.tell_hidden_in(&merged, path, None),
            Found::Other { .. } => Ok(()),
        }
    }

    /// Tells that all in a directory of the image is deleted, except for what `except`, a directory
    /// of the upper layer, has in its place.
    pub(super) fn tell_hidden_in(
        &mut self,
        merged: &Merged,
        path: &[u8],
        except: Option<(&Dir, bool)>,
    ) -> Result<(), ScanError> {
        let mut route = Route::at(path);
        let mut frames = vec![Frame::new(merged.clone(), route.len())];
        let mut name = Vec::new();
        while let Some(frame) = frames.last_mut() {
            let held = frame.names.as_ref().map_or(0, Names::held);
            match frame.next(held, &mut name) {
                Ok(true) => {}
                Ok(false) => {
                    route.back_to(frame.length);
                    frames.pop();
                    continue;
                }
                Err(errno) => {
                    let reason = format!("the image's directory cannot be read: {errno}");
                    self.out.problem(route.path(), reason)?;
                    continue;
                }
            }
            self.out.looked_at()?;
            if self.marks.hidden_by(&name).is_some() {
                continue;
            }
            let at_top = frames.len() == 1;
            if at_top && except.is_some_and(|except| self.has(except, as_path(&name))) {
                continue;
            }
            let Some(frame) = frames.last() else { break };
            let length = route.down(&name);
            let below = match self.image.child(&frame.merged, as_path(&name)) {
                Ok(Some(found)) if !self.moves.contains(route.path()) => {
                    self.tell_deleted(found.located(), route.path())?;
                    match found {
                        Found::Directory { merged, .. } => Some(merged),
                        Found::Other { .. } => None,
                    }
                }
                Ok(_) => None,
                Err(errno) => {
                    let reason = format!("the image cannot be read there: {errno}");
                    self.out.problem(route.path(), reason)?;
                    None
                }
            };
            match below {
                Some(merged) if frames.len() < DEPTH => frames.push(Frame::new(merged, length)),
                Some(_) => {
                    let reason = format!("what the image has there is not told: {TOO_DEEP}");
                    self.out.problem(route.path(), reason)?;
                    route.back_to(length);
                }
                None => route.back_to(length),
            }
        }
        Ok(())
    }

    pub(super) fn tell_deleted(&mut self, located: &Located, path: &[u8]) -> Result<(), ScanError> {
        if let Some(strays) = &mut self.strays {
            if located.facts.kind == FileKind::Regular {
                strays.gone(located.facts.number, path);
            }
            return Ok(());
        }
        let mut entry = Entry::new(path, EntryKind::Deleted);
        entry.before = Some(attributes::state(located));
        self.out.entry(entry)
    }
}

impl Frame {
    const fn new(merged: Merged, length: usize) -> Self {
        Self { merged, part: 0, names: None, length }
    }

    /// Puts the next name that no part above has into `name`. False when there is none.
    fn next(&mut self, held: usize, name: &mut Vec<u8>) -> Result<bool, rustix::io::Errno> {
        loop {
            let names = match &mut self.names {
                Some(names) => names,
                None => {
                    let Some(directory) = self.merged.directories().nth(self.part) else {
                        return Ok(false);
                    };
                    match Names::of(directory) {
                        Ok(names) => self.names.insert(names),
                        Err(errno) => {
                            self.part += 1;
                            return Err(errno);
                        }
                    }
                }
            };
            if names.needs_batch() {
                names.read_batch(held)?;
                continue;
            }
            let Some(next) = names.next() else {
                self.names = None;
                self.part += 1;
                continue;
            };
            if self.part > 0 && self.merged.has_above(self.part, next.as_path()) {
                continue;
            }
            name.clear();
            name.extend_from_slice(next.bytes);
            return Ok(true);
        }
    }
}
