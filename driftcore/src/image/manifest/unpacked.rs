//! Whether the directories that a container runs on are what its image says.

use std::ops::ControlFlow;
use std::path::Path;
use std::path::PathBuf;

use super::Image;
use super::ManifestError;
use super::Node;
use super::NodeKind;
use super::Nodes;
use super::Options;
use super::layers::LayerNodes;
use super::walk_order;
use crate::container::Runtimes;
use crate::container::Stored;
use crate::image::Change;
use crate::image::Changes;
use crate::image::Entry;
use crate::image::EntryKind;
use crate::image::OverlayScan;
use crate::image::Problem;
use crate::image::ScanError;
use crate::image::Visitor;
use crate::image::lower::Image as Merged;
use crate::image::marks::Marks;

/// What was compared of a container's layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerCheck {
    /// Layers of the image, each of which was proved by its digest.
    pub layers: u64,
    /// Files of the image that were compared.
    pub files: u64,
    /// Paths at which the directories are not what the image says.
    pub differences: u64,
}

/// Holds the layer directories that a container runs on against its image: the digests of manifest, configuration
/// and layers are proved, and each path that the directories show is compared with what the layers
/// say: type, mode, owner, extended attributes, content, target. Each difference is handed to `visit`, with the
/// image's file as `before`; with [`ControlFlow::Break`] it ends the check.
///
/// Layers are read from containerd's content store; of Docker's layer store they are put together again from the
/// directories and Docker's record of the archives. So that nothing hides in it, the layer that Docker
/// puts between image and container may hold nothing but what Docker makes.
///
/// # Errors
///
/// When the image or its layers are not at hand, when something is not what its digest says, and when a
/// directory cannot be read.
pub fn check_layers(
    runtimes: &Runtimes,
    container: &Stored,
    options: &Options,
    visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Result<LayerCheck, ManifestError> {
    let id = &container.container.id;
    let Some(layers) = &container.layers else {
        let reason =
            "its root is no overlay whose layers are known: `driftd scan --manifest` compares it";
        return Err(ManifestError::image(id, reason));
    };
    let mut options = options.clone();
    options.prove = true;
    let image = image_of(runtimes, container, &options)?;
    let (own, lowers) = split(&layers.lowers);
    let mut check =
        LayerCheck { layers: image.head().layers.len() as u64, ..LayerCheck::default() };
    let marks = Marks::new(layers.user_xattrs);
    let opened = |error: ScanError| ManifestError::image(id, error.to_string());
    let merged = Merged::open(&lowers, marks).map_err(opened)?;
    let mut differs = |entry: Entry| {
        check.differences += 1;
        visit(entry)
    };
    let mut found = LayerNodes::new(&merged, marks, options.limits.file);
    let (files, flow) = compare(&mut *image.nodes(), &mut found, &mut differs)?;
    if let (Some(own), ControlFlow::Continue(())) = (own, flow) {
        let layers = crate::container::Layers { upper: own, lowers, ..layers.clone() };
        let mut own = Own { differs: &mut differs, problem: None };
        match OverlayScan::new(&layers).run(&mut own) {
            Ok(_) | Err(ScanError::Stopped) => {}
            Err(error) => return Err(opened(error)),
        }
        if let Some(problem) = own.problem {
            return Err(ManifestError::image(id, problem.to_string()));
        }
    }
    check.files = files;
    Ok(check)
}

/// The image of a container. A name may be another image's by now: the digest decides.
fn image_of(
    runtimes: &Runtimes,
    container: &Stored,
    options: &Options,
) -> Result<Image, ManifestError> {
    let own = &container.container;
    let mut failure = None;
    for name in [&own.image_digest, &own.image_id, &own.image].into_iter().flatten() {
        match Image::stored(runtimes, name, options) {
            Ok(image) => {
                let ids = [&own.image_id, &own.image_digest];
                let is_it = name != own.image.as_ref().unwrap_or(&String::new())
                    || ids
                        .into_iter()
                        .flatten()
                        .any(|id| image.head().digests().any(|it| it == id));
                if is_it {
                    return Ok(image);
                }
                failure.get_or_insert_with(|| {
                    ManifestError::image(name, "the image of this name is another one by now")
                });
            }
            // What is wrong with the content says more than that there is none of another name.
            Err(error @ ManifestError::Image { .. }) => {
                failure.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    let nothing = || ManifestError::image(&own.id, "nothing tells which image it is of");
    Err(failure.unwrap_or_else(nothing))
}

/// The layer that Docker makes for each container, if there is one, and those of the image.
fn split(lowers: &[PathBuf]) -> (Option<PathBuf>, Vec<PathBuf>) {
    let is_own = |path: &Path| {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let layer = real.parent().and_then(Path::file_name).map(|name| name.to_string_lossy());
        real.ends_with("diff") && layer.is_some_and(|name| name.ends_with("-init"))
    };
    match lowers.split_first() {
        Some((first, rest)) if is_own(first) => (Some(first.clone()), rest.to_vec()),
        _ => (None, lowers.to_vec()),
    }
}

/// What is in the layer that Docker makes, beside what it makes there.
struct Own<'a> {
    differs: &'a mut dyn FnMut(Entry) -> ControlFlow<()>,
    problem: Option<Problem>,
}

impl Visitor for Own<'_> {
    fn entry(&mut self, entry: Entry) -> ControlFlow<()> {
        if entry.is_drift() { (self.differs)(entry) } else { ControlFlow::Continue(()) }
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        self.problem = Some(problem);
        ControlFlow::Break(())
    }
}

/// Compares two lists of files. Returns how many of the first were looked at.
fn compare(
    image: &mut dyn Nodes,
    found: &mut dyn Nodes,
    differs: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Result<(u64, ControlFlow<()>), ManifestError> {
    let (mut has_image, mut has_found) = (image.advance()?, found.advance()?);
    let mut files = 0;
    while has_image || has_found {
        let ours = has_found.then(|| found.node());
        let theirs = has_image.then(|| image.node());
        let order = match (theirs, ours) {
            (Some(theirs), Some(ours)) => walk_order(&theirs.path, &ours.path),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, _) => std::cmp::Ordering::Greater,
        };
        let entry = match (order, theirs, ours) {
            (std::cmp::Ordering::Equal, Some(theirs), Some(ours)) => difference(theirs, ours),
            // Archives need not describe the root.
            (std::cmp::Ordering::Less, Some(theirs), _) => one_side(theirs, EntryKind::Deleted),
            (_, _, Some(ours)) => one_side(ours, EntryKind::Added),
            _ => None,
        };
        if let Some(entry) = entry
            && differs(entry).is_break()
        {
            return Ok((files, ControlFlow::Break(())));
        }
        if order.is_le() {
            files += 1;
            has_image = image.advance()?;
        }
        if order.is_ge() {
            has_found = found.advance()?;
        }
    }
    Ok((files, ControlFlow::Continue(())))
}

fn one_side(node: &Node, kind: EntryKind) -> Option<Entry> {
    if node.path.is_empty() {
        return None;
    }
    let mut entry = Entry::new(node.absolute().as_bytes(), kind);
    let state = Some(node.state());
    match kind {
        EntryKind::Deleted => entry.before = state,
        _ => entry.after = state,
    }
    Some(entry)
}

/// In what two files of one path differ, if they do. Times are nobody's promise.
fn difference(image: &Node, found: &Node) -> Option<Entry> {
    let path = image.absolute();
    let mut entry = Entry::new(path.as_bytes(), EntryKind::Attributes);
    let (mut before, mut after) = (image.state(), found.state());
    if image.file_type() != found.file_type() {
        entry.kind = EntryKind::Type;
        (entry.before, entry.after) = (Some(before), Some(after));
        return Some(entry);
    }
    let mut changed = Changes::NONE;
    match (&image.kind, &found.kind) {
        (NodeKind::File { sha256: theirs, .. }, NodeKind::File { sha256: ours, .. })
            if theirs != ours =>
        {
            changed.insert(Change::Content);
            (before.sha256, after.sha256) = (Some(*theirs), Some(*ours));
        }
        (NodeKind::Symlink(theirs), NodeKind::Symlink(ours)) if theirs != ours => {
            changed.insert(Change::Target);
        }
        (theirs, ours) if before.device != after.device => {
            debug_assert_ne!(theirs, ours);
            changed.insert(Change::Device);
        }
        _ => {}
    }
    if image.mode != found.mode {
        changed.insert(Change::Mode);
    }
    if image.owner != found.owner {
        changed.insert(Change::Owner);
    }
    if image.xattrs != found.xattrs {
        changed.insert(Change::Xattr);
    }
    if changed.is_empty() {
        return None;
    }
    if changed.contains(Change::Content) {
        entry.kind = EntryKind::Modified;
    } else if changed.in_substance() {
        entry.kind = EntryKind::Replaced;
    }
    entry.changed = changed;
    (entry.before, entry.after) = (Some(before), Some(after));
    Some(entry)
}
