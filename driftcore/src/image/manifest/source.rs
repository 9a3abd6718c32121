//! An image, from wherever it is.

use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

use super::Archive;
use super::Head;
use super::Limits;
use super::ManifestError;
use super::Nodes;
use super::Platform;
use super::blob::Blob;
use super::blob::Store;
use super::kept::Keep;
use super::kept::Keeper;
use super::layer;
use super::layer::Expected;
use super::layers::LayerNodes;
use super::layout;
use super::layout::LayerPlace;
use super::layout::Parts;
use super::layout::Wanted;
use super::split::Reassembled;
use super::tree::Tree;
use crate::container::Runtimes;
use crate::container::StoredImage;
use crate::image::lower::Image as Merged;
use crate::image::marks::Marks;

/// The directory of blobs in an OCI layout, and in containerd's root.
const LAYOUT: &str = "blobs/sha256";
const CONTENT: &str = "io.containerd.content.v1.content/blobs/sha256";

/// How an image is read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Which platform, where the image is there for several. By default the host's, or the only one
    /// that is there.
    pub platform: Option<Platform>,
    /// How much it may ask for.
    pub limits: Limits,
    /// Whose content is kept, of an image in archives. Nobody's, by default.
    pub keep: Option<Keep>,
    /// Whether the archives of layers that Docker unpacked are put together again and proved by their digests. No,
    /// by default: the directories are taken as they are.
    pub prove: bool,
}

/// All files of an image.
pub struct Image {
    head: Head,
    content: Content,
}

enum Content {
    /// Of archives; all that is known of the files is in memory.
    Tree(Rc<Tree>),
    /// Of directories, which are read when the files are asked for.
    Layers(Box<Merged>, u64),
}

impl Image {
    /// Reads an image from a layout directory or an archive, by its path. Where that has several
    /// images, `:TAG` or `:NAME` follows it.
    ///
    /// # Errors
    ///
    /// When there is nothing at the path, when it has no such image, when something in it is not what
    /// its digest says, and when a layer holds what no image may hold.
    pub fn open(image: &str, options: &Options) -> Result<Self, ManifestError> {
        let (path, tag) = split(image)
            .ok_or_else(|| ManifestError::image(image, "there is no such directory or file"))?;
        let path = Path::new(path);
        let limits = &options.limits;
        let store = if path.is_dir() {
            Store::directory(path, LAYOUT)?
        } else {
            Store::archive(path, limits)?
        };
        let wanted = Wanted { image, tag, platform: options.platform.as_ref() };
        let parts = layout::find(&store, wanted, limits)?;
        Self::of_parts(image, &store, parts, options)
    }

    /// Whether a name is that of something that [`open`](Self::open) reads.
    pub fn is_path(image: &str) -> bool {
        split(image).is_some()
    }

    /// Reads an image that a runtime of this node keeps, by its name or digest; no runtime is asked.
    ///
    /// Of Docker's layer store the files are read when they are asked for, and not proved by digests:
    /// Docker keeps none of unpacked layers.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and when several images have the name.
    pub fn stored(
        runtimes: &Runtimes,
        image: &str,
        options: &Options,
    ) -> Result<Self, ManifestError> {
        let (mut found, problems) = runtimes.images(image);
        let because = |problems: &[String]| -> String {
            problems.iter().map(|problem| format!("; {problem}")).collect()
        };
        let stored = match (found.len(), found.pop()) {
            (1, Some(stored)) => stored,
            (_, None) => {
                let reason = format!("no runtime has an image of this name{}", because(&problems));
                return Err(ManifestError::image(image, reason));
            }
            (_, Some(last)) => {
                let ids: Vec<&str> = found.iter().chain([&last]).map(StoredImage::id).collect();
                let reason =
                    format!("several images have this name: {}; name one by this", ids.join(", "));
                return Err(ManifestError::image(image, reason));
            }
        };
        let limits = &options.limits;
        match stored {
            StoredImage::Content { root, name, digest } => {
                let store = Store::directory(&root, CONTENT)?;
                let wanted = Wanted { image, tag: None, platform: options.platform.as_ref() };
                let parts = layout::find_digest(&store, &digest, wanted, limits)?;
                Self::of_parts(&name, &store, parts, options)
            }
            StoredImage::Layers {
                name,
                id,
                os,
                architecture,
                variant,
                diff_ids,
                lowers,
                records,
            } => {
                let platform = Platform { os, architecture, variant };
                if let Some(other) = options.platform.as_ref().filter(|it| !it.takes(&platform)) {
                    let reason = format!("it is an image for {platform}, not for {other}");
                    return Err(ManifestError::image(image, reason));
                }
                if options.prove {
                    let parts = Docker { name, id, platform, diff_ids, lowers, records };
                    return parts.proved(options);
                }
                let merged = Merged::open(&lowers, Marks::new(false))
                    .map_err(|error| ManifestError::image(image, error.to_string()))?;
                let head = Head {
                    name,
                    image_digest: None,
                    image_id: id,
                    platform: platform.to_string(),
                    layers: diff_ids,
                    verified: false,
                };
                let content = Content::Layers(Box::new(merged), limits.file);
                Ok(Self { head, content })
            }
        }
    }

    fn of_parts(
        name: &str,
        store: &Store,
        parts: Parts,
        options: &Options,
    ) -> Result<Self, ManifestError> {
        let Parts { digest, id, platform, layers } = parts;
        let limits = &options.limits;
        let mut tree = Tree::new(Keeper::new(options.keep, limits.kept));
        let mut entries = limits.entries;
        for layer in &layers {
            let (blob, expected) = match &layer.place {
                LayerPlace::Blob(digest) => (store.blob(digest)?, Some(digest.as_str())),
                LayerPlace::Path(path) => {
                    let missing = || ManifestError::document(store.name(path), "it is not there");
                    (store.open(path)?.ok_or_else(missing)?, None)
                }
            };
            let expected = Expected { blob: expected, content: &layer.content };
            layer::apply(&mut tree, blob, expected, limits, &mut entries)?;
        }
        let head = Head {
            name: name.to_owned(),
            image_digest: digest,
            image_id: id,
            platform: platform.to_string(),
            layers: layers.into_iter().map(|layer| layer.content).collect(),
            verified: true,
        };
        Ok(Self { head, content: Content::Tree(Rc::new(tree)) })
    }

    /// What it is.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Its files by path. Of an image in archives only the contents that were [kept](Options::keep) can
    /// be read; of any other file, opening it says so.
    pub fn tree(&self) -> crate::image::Tree {
        match &self.content {
            Content::Tree(tree) => crate::image::Tree::of_archive(Archive::new(Rc::clone(tree))),
            Content::Layers(merged, _) => crate::image::Tree::of_layers((**merged).clone()),
        }
    }

    /// Its files.
    pub fn nodes(&self) -> Box<dyn Nodes + '_> {
        match &self.content {
            Content::Tree(tree) => Box::new(tree.nodes()),
            Content::Layers(merged, largest) => {
                Box::new(LayerNodes::new(merged, Marks::new(false), *largest))
            }
        }
    }
}

/// An image as Docker's layer store has it.
struct Docker {
    name: String,
    id: String,
    platform: Platform,
    /// Lowest first.
    diff_ids: Vec<String>,
    /// Topmost first, as are the records.
    lowers: Vec<PathBuf>,
    records: Vec<PathBuf>,
}

impl Docker {
    /// Puts the archives of the layers together again, and proves each by its digest.
    fn proved(self, options: &Options) -> Result<Image, ManifestError> {
        let Self { name, id, platform, diff_ids, lowers, records } = self;
        let limits = &options.limits;
        let mut tree = Tree::new(Keeper::new(options.keep, limits.kept));
        let mut entries = limits.entries;
        let directories = lowers.iter().zip(&records).rev();
        for ((directory, record), content) in directories.zip(&diff_ids) {
            let shown = directory.display().to_string();
            let reader = Reassembled::open(directory, record)
                .map_err(|error| ManifestError::file(record, error))?;
            let altered = reader.altered();
            let blob = Blob { name: shown, reader: Box::new(reader) };
            let expected = Expected { blob: None, content };
            let applied = layer::apply(&mut tree, blob, expected, limits, &mut entries);
            let altered = std::mem::take(&mut *altered.borrow_mut());
            if let Err(ManifestError::Digest { .. }) = applied
                && altered.count > 0
            {
                let (paths, count) = (altered.paths, altered.count);
                return Err(ManifestError::Altered { layer: directory.clone(), paths, count });
            }
            applied?;
        }
        let platform = platform.to_string();
        let (image_digest, image_id, layers) = (None, id, diff_ids);
        let head = Head { name, image_digest, image_id, platform, layers, verified: true };
        Ok(Image { head, content: Content::Tree(Rc::new(tree)) })
    }
}

/// Path and tag: the shortest beginning up to a colon at which something is.
fn split(image: &str) -> Option<(&str, Option<&str>)> {
    let colons = image.match_indices(':').map(|(at, _)| at);
    if Path::new(image).exists() {
        return Some((image, None));
    }
    let mut parts = colons.map(|at| (&image[..at], &image[at + 1..]));
    let (path, tag) = parts.find(|(path, _)| !path.is_empty() && Path::new(path).exists())?;
    Some((path, Some(tag)))
}

/// Reads the archive of one layer, compressed or not, and hands on what it has: for who tries what
/// hostile archives do. `name` is for errors.
///
/// # Errors
///
/// Those of [`Image::open`] about layers; no digest is looked at.
pub fn read_layer(
    name: &str,
    archive: impl Read,
    limits: &Limits,
    mut visit: impl FnMut(&super::Node),
) -> Result<(), ManifestError> {
    let mut tree = Tree::new(Keeper::default());
    let blob = Blob { name: name.to_owned(), reader: Box::new(archive) };
    layer::apply_unproved(&mut tree, blob, limits, &mut limits.entries.clone())?;
    let mut nodes = tree.nodes();
    while nodes.advance()? {
        visit(nodes.node());
    }
    Ok(())
}
