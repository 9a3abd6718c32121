//! The images that runtimes keep on this node.

use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use super::Runtimes;
use super::containerd;
use super::docker;
use super::roots::StateRoots;
use super::state::FILE_LIMIT;
use super::state::StateDir;

/// The one storage driver of Docker whose layers are directories that overlay merges.
const DRIVER: &str = "overlay2";
/// Shortest beginning of an id that names an image: as much as Docker shows of one.
const ID_MIN: usize = 12;

/// An image that a runtime keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoredImage {
    /// In a content store, compressed.
    Content {
        /// containerd's root directory as we see it.
        root: PathBuf,
        name: String,
        /// Of the manifest or index.
        digest: String,
    },
    /// As directories of unpacked layers.
    Layers {
        name: String,
        /// Digest of the configuration.
        id: String,
        os: String,
        architecture: String,
        variant: Option<String>,
        /// Lowest first.
        diff_ids: Vec<String>,
        /// As we see them, topmost first.
        lowers: Vec<PathBuf>,
        /// Docker's records of their archives, beside each.
        records: Vec<PathBuf>,
    },
}

impl StoredImage {
    /// The digest by which it is named, of whichever document.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Content { digest, .. } => digest,
            Self::Layers { id, .. } => id,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    os: String,
    architecture: String,
    variant: Option<String>,
    rootfs: Rootfs,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rootfs {
    diff_ids: Vec<String>,
}

impl Runtimes {
    /// The images of a name or digest, each once, and what could not be read on the way.
    pub(crate) fn images(&self, name: &str) -> (Vec<StoredImage>, Vec<String>) {
        let roots = self.all_roots();
        let mut problems = Vec::new();
        let mut found: Vec<StoredImage> = Vec::new();
        for root in &roots.docker {
            match of_docker(&roots, root, name) {
                Ok(images) => found.extend(images),
                Err(problem) => problems.push(problem),
            }
        }
        for daemon in &roots.containerd {
            match of_containerd(&roots, &daemon.root, name) {
                Ok(images) => found.extend(images),
                Err(problem) => problems.push(problem),
            }
        }
        // Namespaces share content, and an image has many names.
        let mut seen: Vec<String> = Vec::new();
        found.retain(|image| {
            let new = !seen.iter().any(|id| id == image.id());
            seen.push(image.id().to_owned());
            new
        });
        (found, problems)
    }
}

fn of_containerd(roots: &StateRoots, root: &Path, name: &str) -> Result<Vec<StoredImage>, String> {
    let Some(directory) = StateDir::open(roots, root)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (own, digest) in containerd::images(&directory)? {
        if own == name || digest == name || docker::familiar(&own) == docker::familiar(name) {
            found.push(StoredImage::Content { root: roots.seen(root), name: own, digest });
        }
    }
    Ok(found)
}

fn of_docker(roots: &StateRoots, root: &Path, name: &str) -> Result<Option<StoredImage>, String> {
    let Some(directory) = StateDir::open(roots, root)? else { return Ok(None) };
    let store = format!("image/{DRIVER}");
    let Some((name, id)) = docker_id(&directory, &store, name)? else { return Ok(None) };
    let hex = id.strip_prefix("sha256:").filter(|hex| is_hex(hex) && hex.len() == 64);
    let hex = hex.ok_or_else(|| format!("{}: {id:?} is no digest", directory.name(&store)))?;
    let file = format!("{store}/imagedb/content/sha256/{hex}");
    let Some(bytes) = directory.read(&file, FILE_LIMIT)? else { return Ok(None) };
    if containerd::sha256(&bytes) != id {
        return Err(format!("{}: has another digest", directory.name(&file)));
    }
    let config: Config = serde_json::from_slice(&bytes)
        .map_err(|error| format!("{}: {error}", directory.name(&file)))?;
    let Config { os, architecture, variant, rootfs: Rootfs { diff_ids } } = config;
    let mut lowers = Vec::with_capacity(diff_ids.len());
    let mut records = Vec::with_capacity(diff_ids.len());
    for count in (1..=diff_ids.len()).rev() {
        let layer = diff_ids.get(..count).unwrap_or_default();
        let (lower, record) = layer_directory(&directory, &store, layer, roots, root)?;
        lowers.push(lower);
        records.push(record);
    }
    Ok(Some(StoredImage::Layers { name, id, os, architecture, variant, diff_ids, lowers, records }))
}

/// The directory of the topmost of these layers, and Docker's record of its archive.
fn layer_directory(
    directory: &StateDir,
    store: &str,
    layers: &[String],
    roots: &StateRoots,
    root: &Path,
) -> Result<(PathBuf, PathBuf), String> {
    let chain = containerd::chain_id(layers).unwrap_or_default();
    let hex = chain.strip_prefix("sha256:").filter(|hex| is_hex(hex)).unwrap_or("none");
    let record = format!("{store}/layerdb/sha256/{hex}");
    let text = |name: &str| {
        let file = format!("{record}/{name}");
        let bytes = directory.read(&file, 256)?;
        let bytes = bytes.ok_or_else(|| format!("{}: is not there", directory.name(&file)))?;
        String::from_utf8(bytes).map_err(|_| format!("{}: is no text", directory.name(&file)))
    };
    if Some(&text("diff")?) != layers.last() {
        return Err(format!("{}: is about another layer", directory.name(&record)));
    }
    let cache = text("cache-id")?;
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if cache.is_empty() || !cache.bytes().all(sound) {
        return Err(format!("{}: {cache:?} is no layer", directory.name(&record)));
    }
    let lower = roots.seen(&root.join(DRIVER).join(cache).join("diff"));
    Ok((lower, roots.seen(&root.join(record).join("tar-split.json.gz"))))
}

/// The name and the id of an image, by its name, its id or the beginning of it.
fn docker_id(
    directory: &StateDir,
    store: &str,
    name: &str,
) -> Result<Option<(String, String)>, String> {
    let repositories = docker::repositories(directory, store)?;
    let wanted = docker::familiar(name);
    let latest = format!("{wanted}:latest");
    let of_name = |wanted: &str| repositories.get(wanted).map(|id| (wanted.to_owned(), id.clone()));
    if let Some(found) = of_name(wanted).or_else(|| of_name(&latest)) {
        return Ok(Some(found));
    }
    let hex = name.strip_prefix("sha256:").unwrap_or(name);
    if !is_hex(hex) || hex.len() < ID_MIN {
        return Ok(None);
    }
    let ids = directory.entries(&format!("{store}/imagedb/content/sha256"));
    let mut fitting = ids.into_iter().filter(|id| id.starts_with(hex));
    match (fitting.next(), fitting.next()) {
        (Some(id), None) => {
            let id = format!("sha256:{id}");
            let own = repositories.iter().find(|(_, other)| **other == id);
            Ok(Some((own.map_or_else(|| id.clone(), |(name, _)| name.clone()), id)))
        }
        (Some(_), Some(_)) => Err(format!("{name} is the beginning of several images' ids")),
        (None, _) => Ok(None),
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
