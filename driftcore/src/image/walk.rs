//! The walk of the upper layer.

use std::path::Path;

use rustix::io::Errno;

use super::Changes;
use super::EntryKind;
use super::ScanError;
use super::attributes;
use super::entry::Entry;
use super::entry::FileType;
use super::lower::Found;
use super::lower::Image;
use super::lower::Merged;
use super::marks::CameFrom;
use super::marks::Marks;
use super::moves::Moves;
use super::names::Names;
use super::names::as_path;
use super::place::Moved;
use super::place::Route;
use super::place::image_path;
use super::place::redirected;
use super::reading::Then;
use super::reading::Unfinished;
use super::scan::Out;
use super::strays::Strays;
use crate::event::Text;
use crate::provenance::Dir;
use crate::provenance::FileKind;
use crate::provenance::Located;

/// How many directories deep a walk goes. No path that a program may name is that deep, but a
/// container can make one.
pub(super) const DEPTH: usize = 2048;
/// What is said of what is deeper.
pub(super) const TOO_DEEP: &str = "it is more than 2048 directories deep";

/// A walk of the upper layer beside the image.
pub(super) struct Walk<'a, 'v> {
    pub(super) image: &'a Image,
    pub(super) moves: &'a Moves,
    pub(super) out: &'a mut Out<'v>,
    pub(super) marks: Marks,
    times: bool,
    route: Route,
    /// Where deleted files are looked for and nothing is told: what is looked for.
    pub(super) strays: Option<&'a mut Strays>,
}

/// A directory of the upper layer, open.
struct Frame {
    directory: Dir,
    names: Names,
    /// What the image has at the same path, or the directory had before it was renamed.
    image: Option<Merged>,
    /// Whether the image shows through.
    shows: bool,
    /// Whiteouts in it may be extended attributes.
    by_attribute: bool,
    moved: Option<Moved>,
    /// What the route goes back to.
    length: usize,
}

/// A directory of the upper layer as the walk is about to go down into it.
struct Down {
    located: Located,
    image: Option<Merged>,
    shows: bool,
    moved: Option<Moved>,
}

impl<'a, 'v> Walk<'a, 'v> {
    pub(super) fn new(
        image: &'a Image,
        marks: Marks,
        moves: &'a Moves,
        times: bool,
        out: &'a mut Out<'v>,
    ) -> Self {
        Self { image, moves, out, marks, times, route: Route::default(), strays: None }
    }

    /// Looks for what was deleted alone.
    pub(super) fn seek(mut self, upper: Dir, strays: &'a mut Strays) -> Result<(), ScanError> {
        self.strays = Some(strays);
        self.go(upper)
    }

    /// Tells all.
    pub(super) fn run(mut self, upper: Dir) -> Result<(), ScanError> {
        self.go(upper)?;
        // A renamed file that went, or became another one, while the scan ran.
        for old_path in self.moves.files_not_met() {
            if let Ok(Some(found)) = self.image.at(old_path) {
                self.tell_deleted(found.located(), old_path)?;
            }
        }
        Ok(())
    }

    fn go(&mut self, upper: Dir) -> Result<(), ScanError> {
        let mut frames = Vec::new();
        frames.extend(self.root(upper)?);
        let mut name = Vec::new();
        while let Some(frame) = frames.last_mut() {
            if frame.names.needs_batch() {
                let held = frames.iter().map(|frame: &Frame| frame.names.held()).sum();
                let Some(frame) = frames.last_mut() else { break };
                if let Err(errno) = frame.names.read_batch(held) {
                    let reason = format!("the directory cannot be read to its end: {errno}");
                    self.out.problem(self.route.path(), reason)?;
                }
                continue;
            }
            let Some(next) = frame.names.next() else {
                let Some(frame) = frames.pop() else { break };
                if !frame.shows
                    && let Some(image) = &frame.image
                {
                    let path = image_path(&self.route, frame.moved.as_ref());
                    self.tell_hidden_in(
                        image,
                        &path,
                        Some((&frame.directory, frame.by_attribute)),
                    )?;
                }
                self.route.back_to(frame.length);
                continue;
            };
            name.clear();
            name.extend_from_slice(next.bytes);
            self.out.looked_at()?;
            let length = self.route.down(&name);
            let down = self.visit(frame, &name)?;
            let deep = frames.len() >= DEPTH;
            let below = match down {
                Some(_) if deep => {
                    let reason = format!("not looked into: {TOO_DEEP}");
                    self.out.problem(self.route.path(), reason)?;
                    None
                }
                Some(down) => self.enter(down, length)?,
                None => None,
            };
            match below {
                Some(frame) => frames.push(frame),
                None => self.route.back_to(length),
            }
        }
        Ok(())
    }

    fn root(&mut self, upper: Dir) -> Result<Option<Frame>, ScanError> {
        let image = self.image.root().clone();
        let here = Path::new(".");
        let top = image.directories().next().map(|directory| directory.locate(here));
        let located = match (upper.locate(here), top) {
            (Ok(ours), Some(Ok(theirs))) => {
                self.compare_directory(&ours, &theirs, None)?;
                Ok(ours)
            }
            (Err(errno), _) | (_, Some(Err(errno))) => Err(errno),
            (Ok(ours), None) => Ok(ours),
        };
        match located {
            Ok(located) => {
                let down = Down { located, image: Some(image), shows: true, moved: None };
                self.enter(down, 0)
            }
            Err(errno) => {
                self.unread(errno)?;
                Ok(None)
            }
        }
    }

    fn enter(&mut self, down: Down, length: usize) -> Result<Option<Frame>, ScanError> {
        let opened = down.located.directory().and_then(|directory| {
            let names = Names::of(&directory)?;
            Ok((directory, names))
        });
        let (directory, names) = match opened {
            Ok(opened) => opened,
            Err(errno) => {
                self.unread(errno)?;
                return Ok(None);
            }
        };
        let opaque = self.marks.opaque(&directory);
        Ok(Some(Frame {
            directory,
            names,
            image: down.image,
            shows: down.shows && opaque != Some(b'y'),
            by_attribute: opaque == Some(b'x'),
            moved: down.moved,
            length,
        }))
    }

    /// Looks at a name of the upper layer. Returns the directory to go down into, if it is one.
    fn visit(&mut self, frame: &Frame, name: &[u8]) -> Result<Option<Down>, ScanError> {
        if let Some(hidden) = self.marks.hidden_by(name) {
            self.visit_whiteout_file(frame, name, hidden)?;
            return Ok(None);
        }
        let name_path = as_path(name);
        let located = match frame.directory.locate(name_path) {
            Ok(located) => located,
            Err(Errno::NOENT) => {
                self.out.vanished(self.route.path())?;
                return Ok(None);
            }
            Err(errno) => {
                self.unread(errno)?;
                return Ok(None);
            }
        };
        let theirs = match self.of_image(frame, name_path) {
            Ok(theirs) => theirs,
            Err(errno) => {
                let reason = format!("the image cannot be read there: {errno}");
                self.out.problem(self.route.path(), reason)?;
                return Ok(None);
            }
        };
        if self.marks.is_whiteout(&located, frame.by_attribute) {
            if let Some(theirs) = theirs.filter(|_| frame.shows) {
                let path = image_path(&self.route, frame.moved.as_ref());
                self.tell_hidden(theirs, &path)?;
            }
            return Ok(None);
        }
        let is_directory = FileType::of(&located.facts) == FileType::Directory;
        let metacopy = !is_directory
            && located.facts.kind == FileKind::Regular
            && self.marks.metacopy(&located);
        if (is_directory || metacopy)
            && let Some((old_path, found)) = self.renamed(frame, &located)
        {
            return self.visit_renamed(frame, located, theirs, &old_path, found);
        }
        if is_directory {
            return self.visit_directory(frame, located, theirs).map(Some);
        }
        self.visit_file(frame, name, located, theirs, metacopy)?;
        Ok(None)
    }

    /// A file of the upper layer that marks another name as deleted.
    fn visit_whiteout_file(
        &mut self,
        frame: &Frame,
        name: &[u8],
        hidden: &[u8],
    ) -> Result<(), ScanError> {
        let is_there = || self.has((&frame.directory, frame.by_attribute), as_path(hidden));
        if hidden.is_empty() || !frame.shows || is_there() {
            return Ok(());
        }
        // The route leads to the mark.
        self.route.back_to(self.route.len() - name.len() - 1);
        self.route.down(hidden);
        match self.of_image(frame, as_path(hidden)) {
            Ok(Some(theirs)) => {
                let path = image_path(&self.route, frame.moved.as_ref());
                self.tell_hidden(theirs, &path)
            }
            Ok(None) => Ok(()),
            Err(errno) => {
                let reason = format!("the image cannot be read there: {errno}");
                self.out.problem(self.route.path(), reason)
            }
        }
    }

    /// What the image has at the path of a name, unless it was renamed.
    fn of_image(&self, frame: &Frame, name: &Path) -> Result<Option<Found>, Errno> {
        let Some(image) = &frame.image else { return Ok(None) };
        let found = self.image.child(image, name)?;
        Ok(found.filter(|_| !self.is_moved(frame.moved.as_ref())))
    }

    fn is_moved(&self, moved: Option<&Moved>) -> bool {
        !self.moves.is_empty() && self.moves.contains(&image_path(&self.route, moved))
    }

    /// What of the image a file was before it was renamed, if it was.
    fn renamed(&self, frame: &Frame, located: &Located) -> Option<(Vec<u8>, Found)> {
        let redirect = self.marks.redirect(located)?;
        let path = redirected(&self.route, frame.moved.as_ref(), &redirect);
        // They were made of the redirects that lead somewhere.
        let leads = self.moves.leads(&path, self.route.path());
        let found = leads.then(|| self.image.at(&path).ok().flatten())??;
        Some((path, found))
    }

    fn visit_renamed(
        &mut self,
        frame: &Frame,
        located: Located,
        theirs: Option<Found>,
        old_path: &[u8],
        found: Found,
    ) -> Result<Option<Down>, ScanError> {
        let mut entry = Entry::new(self.route.path(), EntryKind::Renamed);
        entry.old_path = Some(Text::from(old_path));
        let changed = attributes::compare(self.marks, found.located(), &located, self.times);
        match changed {
            Ok(changed) => entry.changed = changed,
            Err(errno) => self.unread(errno)?,
        }
        entry.before = Some(attributes::state(found.located()));
        entry.after = Some(attributes::state(&located));
        self.out.entry(entry)?;
        // What the image has at the new path is gone, if it was not renamed itself.
        if let Some(Found::Directory { merged, .. }) = theirs {
            let path = image_path(&self.route, frame.moved.as_ref());
            self.tell_hidden_in(&merged, &path, None)?;
        }
        Ok(match found {
            Found::Directory { merged, .. } => {
                let moved = Some(Moved::new(&self.route, old_path));
                Some(Down { located, image: Some(merged), shows: true, moved })
            }
            Found::Other { .. } => None,
        })
    }

    fn visit_directory(
        &mut self,
        frame: &Frame,
        located: Located,
        theirs: Option<Found>,
    ) -> Result<Down, ScanError> {
        let (image, moved) = match theirs {
            Some(Found::Directory { located: theirs, merged }) => {
                self.compare_directory(&located, &theirs, frame.moved.as_ref())?;
                (Some(merged), frame.moved.clone())
            }
            Some(Found::Other { located: theirs, .. }) => {
                self.tell_directory(EntryKind::Type, frame, Some(&theirs), &located)?;
                (None, None)
            }
            None => {
                self.tell_directory(EntryKind::Added, frame, None, &located)?;
                (None, None)
            }
        };
        Ok(Down { located, image, shows: frame.shows, moved })
    }

    fn compare_directory(
        &mut self,
        ours: &Located,
        theirs: &Located,
        moved: Option<&Moved>,
    ) -> Result<(), ScanError> {
        if self.strays.is_some() {
            return Ok(());
        }
        let changed = match attributes::compare(self.marks, theirs, ours, self.times) {
            Ok(changed) => changed,
            Err(errno) => return self.unread(errno),
        };
        if changed.is_empty() {
            return Ok(());
        }
        let mut entry = self.new_entry(EntryKind::Attributes, moved);
        entry.changed = changed;
        entry.before = Some(attributes::state(theirs));
        entry.after = Some(attributes::state(ours));
        self.out.entry(entry)
    }

    fn visit_file(
        &mut self,
        frame: &Frame,
        name: &[u8],
        ours: Located,
        theirs: Option<Found>,
        metacopy: bool,
    ) -> Result<(), ScanError> {
        if self.strays.is_some() {
            return match theirs {
                Some(Found::Directory { merged, .. }) => {
                    let path = image_path(&self.route, frame.moved.as_ref());
                    self.tell_hidden_in(&merged, &path, None)
                }
                _ => Ok(()),
            };
        }
        if let Some((old_path, located, data)) = self.renamed_file(&ours) {
            return self.compare_file(frame, name, ours, (located, data), Some(old_path));
        }
        let (theirs, data) = match theirs {
            Some(Found::Other { located, data }) => (located, data),
            Some(Found::Directory { located, merged }) => {
                self.tell_file(EntryKind::Type, frame, name, Some(&located), ours)?;
                let path = image_path(&self.route, frame.moved.as_ref());
                return self.tell_hidden_in(&merged, &path, None);
            }
            None if metacopy => return self.visit_name_of_metacopy(frame, name, &ours),
            None => return self.tell_file(EntryKind::Added, frame, name, None, ours),
        };
        if FileType::of(&ours.facts) != FileType::of(&theirs.facts) {
            return self.tell_file(EntryKind::Type, frame, name, Some(&theirs), ours);
        }
        self.compare_file(frame, name, ours, (theirs, data), None)
    }

    /// What of the image a regular file was before it was renamed, where its origin alone tells:
    /// the path, the file, and the one with its content where that is another one.
    fn renamed_file(&self, ours: &Located) -> Option<(&'a [u8], Located, Option<Located>)> {
        let file = self.moves.file(self.route.path())?;
        let found = self.image.at(&file.old_path).ok().flatten();
        let Some(Found::Other { located, data }) = found else { return None };
        let same = self.marks.came_from(ours) == CameFrom::Number(located.facts.number);
        if !same || ours.facts.kind != located.facts.kind {
            return None;
        }
        file.met.set(true);
        Some((&file.old_path, located, data))
    }

    /// Compares a file with the image's of the same type; `old_path` if it was renamed.
    fn compare_file(
        &mut self,
        frame: &Frame,
        name: &[u8],
        ours: Located,
        (theirs, data): (Located, Option<Located>),
        old_path: Option<&[u8]>,
    ) -> Result<(), ScanError> {
        let changed = match attributes::compare(self.marks, &theirs, &ours, self.times) {
            Ok(changed) => changed,
            Err(errno) if old_path.is_none() => return self.unread(errno),
            // That it has another name is to be told all the same.
            Err(errno) => {
                self.unread(errno)?;
                Changes::NONE
            }
        };
        let mut entry = match old_path {
            Some(old_path) => {
                let mut entry = self.new_entry(EntryKind::Renamed, None);
                entry.old_path = Some(Text::from(old_path));
                entry
            }
            // What it is turns out when its content was read.
            None => self.new_entry(EntryKind::CopiedUp, frame.moved.as_ref()),
        };
        entry.changed = changed;
        let mut after = attributes::state(&ours);
        entry.before = Some(attributes::state(&theirs));
        let then = Then::Compare {
            marks: self.marks,
            number: theirs.facts.number,
            links: theirs.facts.links,
            same_size: ours.facts.size == theirs.facts.size,
        };
        let data = data.unwrap_or(theirs);
        if ours.facts.kind == FileKind::Regular && self.marks.metacopy(&ours) {
            // That the content is the image's is the kernel's own word.
            after.code = self.out.reader.code_of(&data, name, ours.facts.mode);
            entry.after = Some(after);
            return self.out.finish(Unfinished {
                entry,
                ours,
                theirs: None,
                name: name.into(),
                then,
            });
        }
        entry.after = Some(after);
        self.out.read(Unfinished { entry, ours, theirs: Some(data), name: name.into(), then })
    }

    /// A new name of a file whose content the image has under another one.
    fn visit_name_of_metacopy(
        &mut self,
        frame: &Frame,
        name: &[u8],
        ours: &Located,
    ) -> Result<(), ScanError> {
        let redirect = self.marks.redirect(ours);
        let path = redirect.map(|to| redirected(&self.route, frame.moved.as_ref(), &to));
        let found = path.and_then(|path| self.image.at(&path).ok().flatten());
        let Some(Found::Other { located, data }) = found else {
            let reason = "the image has no content for it where the overlay says";
            return self.out.problem(self.route.path(), reason);
        };
        let mut entry = self.new_entry(EntryKind::Added, None);
        entry.after = Some(attributes::state(ours));
        let data = data.unwrap_or(located);
        self.out.read(Unfinished {
            entry,
            ours: data,
            theirs: None,
            name: name.into(),
            then: Then::Tell,
        })
    }

    /// Tells what is compared with nothing, once it was read.
    fn tell_file(
        &mut self,
        kind: EntryKind,
        frame: &Frame,
        name: &[u8],
        before: Option<&Located>,
        ours: Located,
    ) -> Result<(), ScanError> {
        let mut entry = self.new_entry(kind, frame.moved.as_ref().filter(|_| before.is_some()));
        entry.before = before.map(attributes::state);
        entry.after = Some(attributes::state(&ours));
        self.out.read(Unfinished { entry, ours, theirs: None, name: name.into(), then: Then::Tell })
    }

    fn tell_directory(
        &mut self,
        kind: EntryKind,
        frame: &Frame,
        before: Option<&Located>,
        after: &Located,
    ) -> Result<(), ScanError> {
        let mut entry = self.new_entry(kind, frame.moved.as_ref().filter(|_| before.is_some()));
        entry.before = before.map(attributes::state);
        entry.after = Some(attributes::state(after));
        self.out.entry(entry)
    }

    fn new_entry(&self, kind: EntryKind, moved: Option<&Moved>) -> Entry {
        let mut entry = Entry::new(self.route.path(), kind);
        entry.old_path = moved.map(|moved| Text::from(image_path(&self.route, Some(moved))));
        entry
    }

    fn unread(&mut self, errno: Errno) -> Result<(), ScanError> {
        if errno == Errno::NOENT {
            return self.out.vanished(self.route.path());
        }
        self.out.problem(self.route.path(), format!("cannot be read: {errno}"))
    }

    /// Whether a directory of the upper layer has a name that is no whiteout.
    pub(super) fn has(&self, (directory, by_attribute): (&Dir, bool), name: &Path) -> bool {
        match directory.locate(name) {
            Ok(located) => !self.marks.is_whiteout(&located, by_attribute),
            Err(_) => false,
        }
    }
}
