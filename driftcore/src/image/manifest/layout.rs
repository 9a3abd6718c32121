//! Finding an image in a layout, and what it is made of.
//!
//! Of the documents of an image a handful of members counts; they are spelled out here instead of
//! taken from a crate that brings a dozen others with it.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::Digest;
use sha2::Sha256;

use super::Limits;
use super::ManifestError;
use super::Platform;
use super::blob::Store;
use super::blob::parse;
use super::blob::read;
use super::digest::digest_text;

/// Annotations that name an image in a layout: the specification's, and containerd's.
const NAMES: [&str; 2] = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];
/// What marks a manifest as one about another: it is no image.
const REFERENCE: &str = "vnd.docker.reference.type";
/// How deep indexes lie within indexes, and how many manifests are looked at.
const DEPTH: u32 = 4;
const MANIFESTS: usize = 1024;
/// How many names an error lists.
const LISTED: usize = 16;

/// An index or the manifest of an image; what it is shows in what it has.
#[derive(Deserialize)]
struct Document {
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Descriptor {
    digest: String,
    platform: Option<Platform>,
    annotations: Option<BTreeMap<String, String>>,
}

/// The configuration of an image.
#[derive(Deserialize)]
struct Config {
    #[serde(flatten)]
    platform: Platform,
    rootfs: Rootfs,
}

#[derive(Deserialize)]
struct Rootfs {
    diff_ids: Vec<String>,
}

/// An image in the `manifest.json` of `docker save`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// What an image is made of.
#[derive(Debug)]
pub(super) struct Parts {
    /// The digest of its manifest, if it has one.
    pub(super) digest: Option<String>,
    /// The digest of its configuration.
    pub(super) id: String,
    pub(super) platform: Platform,
    /// Lowest first.
    pub(super) layers: Vec<Layer>,
}

/// A layer of an image.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) place: LayerPlace,
    /// The digest of its content, decompressed.
    pub(super) content: String,
}

#[derive(Debug)]
pub(super) enum LayerPlace {
    /// By digest.
    Blob(String),
    /// By a path in the archive.
    Path(String),
}

/// Which image is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// What was asked for, for errors.
    pub(super) image: &'a str,
    pub(super) tag: Option<&'a str>,
    /// Another than the host's.
    pub(super) platform: Option<&'a Platform>,
}

/// Finds an image in a layout, or in what `docker save` wrote.
pub(super) fn find(
    store: &Store,
    wanted: Wanted<'_>,
    limits: &Limits,
) -> Result<Parts, ManifestError> {
    if let Some(index) = store.open("index.json")? {
        let name = index.name.clone();
        let index: Document = parse(name.clone(), &read(index, limits)?)?;
        let Some(manifests) = index.manifests else {
            return Err(ManifestError::document(name, "it lists no manifests"));
        };
        return choose(store, named(manifests, wanted)?, wanted, limits);
    }
    if let Some(saved) = store.open("manifest.json")? {
        let name = saved.name.clone();
        let images: Vec<Saved> = parse(name, &read(saved, limits)?)?;
        return find_saved(store, images, wanted, limits);
    }
    let reason = "there is neither an index.json nor a manifest.json in it: it is no OCI layout \
                  and not what `docker save` writes";
    Err(ManifestError::image(wanted.image, reason))
}

/// Finds the image that a digest stands for: of a manifest or an index.
pub(super) fn find_digest(
    store: &Store,
    digest: &str,
    wanted: Wanted<'_>,
    limits: &Limits,
) -> Result<Parts, ManifestError> {
    let descriptor = Descriptor { digest: digest.to_owned(), ..Descriptor::default() };
    choose(store, vec![descriptor], wanted, limits)
}

/// Whether a name that an image has is the one that was asked for: in full, or its tag alone.
fn fits(name: &str, tag: &str) -> bool {
    if name == tag {
        return true;
    }
    let familiar = |name: &str| {
        let name = name.strip_prefix("docker.io/").unwrap_or(name).to_owned();
        name.strip_prefix("library/").map(str::to_owned).unwrap_or(name)
    };
    let last = name.rsplit('/').next().unwrap_or(name);
    familiar(name) == familiar(tag) || last.split_once(':').is_some_and(|(_, own)| own == tag)
}

fn names(descriptor: &Descriptor) -> impl Iterator<Item = &str> {
    let annotations = descriptor.annotations.as_ref();
    NAMES.into_iter().filter_map(move |key| annotations?.get(key)).map(String::as_str)
}

/// The manifests of an index that have the name that was asked for.
fn named(manifests: Vec<Descriptor>, wanted: Wanted<'_>) -> Result<Vec<Descriptor>, ManifestError> {
    let all: Vec<String> = manifests
        .iter()
        .map(|it| names(it).next().unwrap_or("one without a name").to_owned())
        .collect();
    let Some(tag) = wanted.tag else {
        // Several without a name, or with the same one, are those of several platforms; one may have
        // several names.
        let one_name = all.windows(2).all(|two| two[0] == two[1]);
        let one_image = manifests.windows(2).all(|two| two[0].digest == two[1].digest);
        if !one_name && !one_image {
            let reason = format!("it has several images: {}; name one by :TAG", list(&all));
            return Err(ManifestError::image(wanted.image, reason));
        }
        return Ok(manifests);
    };
    let fits = |it: &Descriptor| it.digest == tag || names(it).any(|name| fits(name, tag));
    let found: Vec<Descriptor> = manifests.into_iter().filter(fits).collect();
    if found.is_empty() {
        let reason = format!("it has no image {tag:?}, but {}", list(&all));
        return Err(ManifestError::image(wanted.image, reason));
    }
    Ok(found)
}

fn list(all: &[String]) -> String {
    let mut text = all.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => text.push_str("none"),
        many if many > LISTED => text.push_str(", ..."),
        _ => {}
    }
    text
}

/// A manifest that may be the one.
struct Candidate {
    digest: String,
    platform: Option<Platform>,
}

/// The image for the wanted platform among manifests and what indexes list.
fn choose(
    store: &Store,
    from: Vec<Descriptor>,
    wanted: Wanted<'_>,
    limits: &Limits,
) -> Result<Parts, ManifestError> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut open: Vec<(Descriptor, u32)> = from.into_iter().rev().map(|it| (it, 0)).collect();
    let only = open.len() == 1;
    let mut seen = 0;
    while let Some((descriptor, depth)) = open.pop() {
        seen += 1;
        if seen > MANIFESTS {
            let reason = format!("it lists more than {MANIFESTS} manifests");
            return Err(ManifestError::image(wanted.image, reason));
        }
        let annotations = descriptor.annotations.as_ref();
        let is_about_another = annotations.is_some_and(|all| all.contains_key(REFERENCE));
        let known = candidates.iter().any(|it| it.digest == descriptor.digest);
        // Only the platforms that were pulled are there.
        let is_asked_for = only && depth == 0;
        let absent = !is_asked_for && !store.has(&descriptor.digest);
        if is_about_another || known || absent {
            continue;
        }
        let document: Document = store.document(&descriptor.digest, limits)?;
        let bad = |reason: &str| ManifestError::document(descriptor.digest.clone(), reason);
        match document {
            Document { manifests: Some(_), layers: Some(_), .. } => {
                return Err(bad("it is an index and a manifest at the same time"));
            }
            Document { manifests: Some(_), .. } if depth == DEPTH => {
                return Err(bad("indexes lie too deep within one another"));
            }
            Document { manifests: Some(manifests), .. } => {
                open.extend(manifests.into_iter().rev().map(|it| (it, depth + 1)));
            }
            Document { config: Some(_), layers: Some(_), .. } => {
                let Descriptor { digest, platform, .. } = descriptor;
                candidates.push(Candidate { digest, platform });
            }
            Document { .. } => {
                return Err(bad("it is neither an index nor the manifest of an image"));
            }
        }
    }
    if let [one] = candidates.as_slice()
        && wanted.platform.is_none()
    {
        return parts(store, &one.digest, limits);
    }
    let host = Platform::host();
    let platform = wanted.platform.unwrap_or(&host);
    let mut others = Vec::new();
    for candidate in &candidates {
        let own = match &candidate.platform {
            Some(own) => own.clone(),
            None => parts(store, &candidate.digest, limits)?.platform,
        };
        if platform.takes(&own) {
            return parts(store, &candidate.digest, limits);
        }
        others.push(own.to_string());
    }
    let reason = format!("it has no image for {platform}, but for {}", list(&others));
    Err(ManifestError::image(wanted.image, reason))
}

/// What the image of a manifest is made of.
fn parts(store: &Store, digest: &str, limits: &Limits) -> Result<Parts, ManifestError> {
    let manifest: Document = store.document(digest, limits)?;
    let (Some(config), Some(layers)) = (manifest.config, manifest.layers) else {
        return Err(ManifestError::document(digest, "it is not the manifest of an image"));
    };
    let Config { platform, rootfs } = store.document(&config.digest, limits)?;
    let places = layers.into_iter().map(|layer| LayerPlace::Blob(layer.digest)).collect();
    let layers = zip(digest, places, rootfs, limits)?;
    Ok(Parts { digest: Some(digest.to_owned()), id: config.digest, platform, layers })
}

fn zip(
    document: &str,
    places: Vec<LayerPlace>,
    rootfs: Rootfs,
    limits: &Limits,
) -> Result<Vec<Layer>, ManifestError> {
    let diff_ids = rootfs.diff_ids;
    if places.len() != diff_ids.len() {
        let (layers, ids) = (places.len(), diff_ids.len());
        let reason = format!("it has {layers} layers, and its configuration tells of {ids}");
        return Err(ManifestError::document(document, reason));
    }
    if places.len() > limits.layers {
        let reason = format!("it has more than {} layers", limits.layers);
        return Err(ManifestError::document(document, reason));
    }
    let layers = places.into_iter().zip(diff_ids);
    Ok(layers.map(|(place, content)| Layer { place, content }).collect())
}

fn find_saved(
    store: &Store,
    mut images: Vec<Saved>,
    wanted: Wanted<'_>,
    limits: &Limits,
) -> Result<Parts, ManifestError> {
    let tags = |image: &Saved| image.repo_tags.clone().unwrap_or_default();
    let all: Vec<String> = images.iter().flat_map(tags).collect();
    if let Some(tag) = wanted.tag {
        images.retain(|image| tags(image).iter().any(|own| fits(own, tag)));
    }
    let image = match (images.pop(), images.is_empty()) {
        (Some(image), true) => image,
        (None, _) => {
            let tag = wanted.tag.unwrap_or_default();
            let reason = format!("it has no image {tag:?}, but {}", list(&all));
            return Err(ManifestError::image(wanted.image, reason));
        }
        (Some(_), false) => {
            let reason = format!("it has several images: {}; name one by :TAG", list(&all));
            return Err(ManifestError::image(wanted.image, reason));
        }
    };
    let missing = || ManifestError::document(store.name(&image.config), "it is not there");
    let config = store.open(&image.config)?.ok_or_else(missing)?;
    let name = config.name.clone();
    let bytes = read(config, limits)?;
    let Config { platform, rootfs } = parse(name.clone(), &bytes)?;
    if let Some(other) = wanted.platform.filter(|wanted| !wanted.takes(&platform)) {
        let reason = format!("it is an image for {platform}, not for {other}");
        return Err(ManifestError::image(wanted.image, reason));
    }
    let places = image.layers.into_iter().map(LayerPlace::Path).collect();
    let layers = zip(&name, places, rootfs, limits)?;
    let id = digest_text(Sha256::digest(&bytes).into());
    Ok(Parts { digest: None, id, platform, layers })
}
