//! Which image a container was made of.
//!
//! A name is moved by the next pull, so what it stands for now proves nothing about a container
//! that runs already. What counts is the content: the manifest and the configuration by their
//! digests, and the chain id of the configuration's layers, which names the snapshot that the
//! container's own one is based on. Two images of equal layers and unlike configuration are not
//! told apart by it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::IgnoredAny;
use sha2::Digest;
use sha2::Sha256;

use super::super::found::Found;
use super::super::state::FILE_LIMIT;
use super::super::state::StateDir;
use super::metadata::Record;
use super::metadata::Target;
use crate::event::PortRange;

const INDEX_TYPES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
/// Most manifests and indexes that are looked at.
const DOCUMENT_LIMIT: usize = 128;
/// Most bytes of manifests, indexes and configurations that are read and hashed together.
const BYTE_LIMIT: u64 = 2 * FILE_LIMIT;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Manifest {
    config: Descriptor,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    rootfs: Rootfs,
    config: Settings,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Settings {
    /// By port and protocol.
    exposed_ports: Option<BTreeMap<String, IgnoredAny>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rootfs {
    diff_ids: Vec<String>,
}

/// An image, by its content.
#[derive(Debug, PartialEq)]
struct Image {
    manifest: String,
    config: String,
    ports: Vec<PortRange>,
}

/// Why a document of the content store was not read.
enum Missing {
    /// It is not there.
    Absent,
    /// It is there and is not what it should be.
    Wrong(String),
    /// It could not be read now.
    Unread(String),
}

/// Sets the container's digests if they can be proved, else says why not.
pub(super) fn identify(root: &StateDir, record: &Record, found: &mut Found) {
    let Some(name) = &record.image else {
        return;
    };
    let (Some(target), Some(chain)) = (&record.target, &record.chain) else {
        let what = if record.target.is_none() { "image" } else { "snapshot" };
        return found.lack(format!("{name}: digest not known: its {what} has no record"));
    };
    let images = match candidates(root, target, chain) {
        Ok(images) => images,
        Err(Missing::Absent) => {
            return found.lack(format!(
                "{name}: digest not known: {} is not in the content store",
                target.digest
            ));
        }
        Err(Missing::Wrong(problem)) => {
            return found.lack(format!("{name}: digest not known: {problem}"));
        }
        Err(Missing::Unread(problem)) => return found.problem(problem),
    };
    match images.as_slice() {
        [image] => {
            found.container.image_digest = Some(image.manifest.clone());
            found.container.image_id = Some(image.config.clone());
            found.details.ports.extend(&image.ports);
        }
        [] => found.lack(format!(
            "{name}: digest not known: {} has other layers than the container",
            target.digest
        )),
        [..] => found.lack(format!(
            "{name}: digest not known: several manifests of {} have the container's layers",
            target.digest
        )),
    }
}

/// The manifests that the target is or lists and that have the layers. Of an index, only the
/// platforms that were pulled are in the store; the layers say which one was run.
fn candidates(root: &StateDir, target: &Target, chain: &str) -> Result<Vec<Image>, Missing> {
    let mut store = Store { root, left: BYTE_LIMIT };
    let mut images = Vec::new();
    let mut wrong = None;
    let mut open = vec![(target.digest.clone(), target.media_type.clone())];
    let mut seen: Vec<String> = Vec::new();
    while let Some((digest, media_type)) = open.pop() {
        if seen.contains(&digest) {
            continue;
        }
        if seen.len() == DOCUMENT_LIMIT {
            return Err(Missing::Wrong(format!(
                "{} lists more than {DOCUMENT_LIMIT} manifests",
                target.digest
            )));
        }
        seen.push(digest.clone());
        let is_target = seen.len() == 1;
        let step = if INDEX_TYPES.contains(&media_type.as_str()) {
            store.blob::<Index>(&digest).map(|index| {
                let listed = index.manifests.into_iter();
                open.extend(listed.map(|entry| (entry.digest, entry.media_type)));
            })
        } else {
            store.image(&digest, chain).map(|image| images.extend(image))
        };
        match step {
            Ok(()) => {}
            // Another platform's, as a rule.
            Err(Missing::Absent) if !is_target => {}
            // A bad entry does not hide a good one.
            Err(Missing::Wrong(problem)) if !is_target => wrong = Some(problem),
            Err(missing) => return Err(missing),
        }
    }
    match wrong {
        Some(problem) if images.is_empty() => Err(Missing::Wrong(problem)),
        _ => Ok(images),
    }
}

/// The content store.
struct Store<'a> {
    root: &'a StateDir,
    /// How many bytes may still be read.
    left: u64,
}

impl Store<'_> {
    /// The image of a manifest if it has the layers.
    fn image(&mut self, digest: &str, chain: &str) -> Result<Option<Image>, Missing> {
        let config = self.blob::<Manifest>(digest)?.config.digest;
        let Config { rootfs, config: settings } = self.blob(&config)?;
        let same = chain_id(&rootfs.diff_ids).is_some_and(|own| own == chain);
        let exposed = settings.exposed_ports.unwrap_or_default();
        let ports = exposed.keys().filter_map(|name| PortRange::parse(name)).collect();
        Ok(same.then(|| Image { manifest: digest.to_owned(), config, ports }))
    }

    /// Reads a JSON document and proves it by its digest.
    fn blob<T: DeserializeOwned>(&mut self, digest: &str) -> Result<T, Missing> {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        // The digest becomes part of a path.
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if hex.len() != 64 || !hex.bytes().all(is_hex) {
            return Err(Missing::Wrong(format!("{digest:?} is not a SHA-256 digest")));
        }
        let file = format!("io.containerd.content.v1.content/blobs/sha256/{hex}");
        let bytes = self.root.read(&file, self.left.min(FILE_LIMIT));
        let bytes = bytes.map_err(Missing::Unread)?.ok_or(Missing::Absent)?;
        self.left = self.left.saturating_sub(bytes.len() as u64);
        if sha256(&bytes) != digest {
            return Err(Missing::Wrong(format!("{}: has another digest", self.root.name(&file))));
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| Missing::Wrong(format!("{}: {error}", self.root.name(&file))))
    }
}

/// The name of the snapshot that holds the layers, lowest first:
/// <https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md#layer-chainid>. `None`
/// for no layers.
pub(in crate::container) fn chain_id(layers: &[String]) -> Option<String> {
    let (first, rest) = layers.split_first()?;
    let add = |chain: String, layer: &String| sha256(format!("{chain} {layer}").as_bytes());
    Some(rest.iter().fold(first.clone(), add))
}

pub(in crate::container) fn sha256(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

#[cfg(test)]
mod tests;
