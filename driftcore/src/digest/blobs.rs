//! What digests are of, where the content is at hand.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use serde::Deserialize;
use sha2::Digest as _;
use sha2::Sha256;

use super::Digest;

/// The most bytes of an index or manifest: what registries take.
const BLOB_MAX: u64 = 4 << 20;
/// The most manifests of an index that are looked at.
const MANIFESTS_MAX: usize = 1024;

/// Directories that keep content by its digest: OCI image layouts, and containerd's content store
/// (`io.containerd.content.v1.content`), which both have `blobs/sha256/HEX`.
#[derive(Clone, Debug, Default)]
pub struct Blobs {
    roots: Vec<PathBuf>,
}

/// What a digest is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// An image index, with the digests of its manifests and the platform of each.
    Index(Vec<(Digest, Option<Platform>)>),
    /// An image manifest, with the digest of the configuration.
    Manifest(Digest),
    /// Something else, as a configuration is.
    Other,
}

/// For which machines an image is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Platform {
    os: String,
    architecture: String,
}

impl Platform {
    /// Whether it is this machine's.
    pub(super) fn is_ours(&self) -> bool {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        self.os == "linux" && self.architecture == architecture
    }
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Document {
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
}

impl Blobs {
    /// Looks into these directories, each of which has a `blobs`.
    pub fn new(roots: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { roots: roots.into_iter().collect() }
    }

    /// What a digest is of; `None` where the content is not at hand, or is not what the digest says.
    pub(super) fn content(&self, digest: &Digest) -> Option<Content> {
        let (algorithm, encoded) = digest.parts();
        if algorithm != "sha256" {
            return None;
        }
        self.roots.iter().find_map(|root| {
            let path = root.join("blobs").join(algorithm).join(encoded);
            // A pipe that stands there must not be waited for.
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
            if !file.metadata().ok()?.is_file() {
                return None;
            }
            let mut bytes = Vec::new();
            file.take(BLOB_MAX + 1).read_to_end(&mut bytes).ok()?;
            let is_whole = bytes.len() as u64 <= BLOB_MAX;
            let hex: String = Sha256::digest(&bytes).iter().map(|it| format!("{it:02x}")).collect();
            (is_whole && hex == encoded).then(|| content(&bytes))
        })
    }
}

fn content(bytes: &[u8]) -> Content {
    let Ok(document) = serde_json::from_slice::<Document>(bytes) else { return Content::Other };
    if let Some(manifests) = document.manifests {
        let of = |it: Descriptor| Some((it.digest.parse().ok()?, it.platform));
        return Content::Index(manifests.into_iter().take(MANIFESTS_MAX).filter_map(of).collect());
    }
    match document.config.map(|it| it.digest.parse()) {
        Some(Ok(digest)) => Content::Manifest(digest),
        _ => Content::Other,
    }
}
