//! Why there is no manifest.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::event::Text;

/// Why an image or a manifest could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A file could not be opened, read or written.
    #[error("{}: {reason}", file.display())]
    File {
        /// Its path.
        file: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// There is no such image, or more than one.
    #[error("{image}: {reason}")]
    Image {
        /// What was asked for.
        image: String,
        /// Why it was not found, and what there is.
        reason: String,
    },
    /// A document of an image is not what it should be.
    #[error("{document}: {reason}")]
    Document {
        /// Its place, e.g. `layout/index.json`.
        document: String,
        /// What is wrong.
        reason: String,
    },
    /// The content of a document or layer is another one than its digest says.
    #[error("{blob}: its digest should be {expected} and is {found}")]
    Digest {
        /// Its place.
        blob: String,
        /// What the image says.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Files of a layer that Docker unpacked are not what was unpacked.
    #[error("{}: {count} of its files are not what was unpacked there: {}", layer.display(), list(paths, *count))]
    Altered {
        /// The layer's directory.
        layer: PathBuf,
        /// The first of the files, from the layer's root on.
        paths: Vec<Text>,
        /// How many there are.
        count: u64,
    },
    /// An archive holds what no image may hold, or more than it may.
    #[error("{archive}: {}at byte {offset}: {fault}", of(entry))]
    Archive {
        /// Its place.
        archive: String,
        /// The path of the entry, as the archive has it; `None` where none was read.
        entry: Option<Text>,
        /// Where in the archive, decompressed, the entry or what is wrong begins.
        offset: u64,
        /// What is wrong.
        fault: Fault,
    },
    /// A manifest is damaged, or not one.
    #[error("{}: at byte {offset} of its content: {reason}", file.display())]
    Manifest {
        /// Its path.
        file: PathBuf,
        /// Where in the content, decompressed.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// A layer's directory cannot be read.
    #[error("the layers cannot be read at {path}: {reason}")]
    Layers {
        /// The path from the image's root on.
        path: Text,
        /// Why.
        reason: String,
    },
}

fn of(entry: &Option<Text>) -> String {
    entry.as_ref().map(|entry| format!("entry {entry} ")).unwrap_or_default()
}

fn list(paths: &[Text], count: u64) -> String {
    let shown: Vec<String> = paths.iter().map(ToString::to_string).collect();
    let more = if count > paths.len() as u64 { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

impl ManifestError {
    pub(super) fn file(file: &Path, reason: impl Into<io::Error>) -> Self {
        Self::File { file: file.to_owned(), reason: reason.into() }
    }

    pub(super) fn document(document: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Document { document: document.into(), reason: reason.into() }
    }

    pub(super) fn image(image: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Image { image: image.into(), reason: reason.into() }
    }
}

/// What is wrong with an entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The archive was cut.
    #[error("the archive ends within it")]
    Truncated,
    /// A header whose sum is another one than it says.
    #[error("it is no header of an archive: its checksum is wrong")]
    Checksum,
    /// A field that is no number, or one that is too large for what it is.
    #[error("its {0} is no number that can be")]
    Number(&'static str),
    /// An extended header (PAX, or a long name of GNU's) that cannot be read.
    #[error("its extended header is broken")]
    Extended,
    /// `..` in a path.
    #[error("its path leads upwards")]
    Upwards,
    /// `..` in the target of a hard link.
    #[error("it is a hard link that leads upwards")]
    LinkUpwards,
    /// A NUL byte in a name.
    #[error("there is a NUL byte in a name")]
    Nul,
    /// A path or a name in it that is longer than Linux takes.
    #[error("its path or a name in it is too long: {0} bytes")]
    Long(usize),
    /// The root of the image as a file, or a file without a name.
    #[error("it has no name and is no directory")]
    Root,
    /// A hard link to what is not there.
    #[error("it is a hard link to {0}, which is not there")]
    LinkMissing(Text),
    /// A hard link to a directory.
    #[error("it is a hard link to {0}, which is a directory")]
    LinkDirectory(Text),
    /// A file beneath a file or link of the same layer.
    #[error("it lies beneath {0}, which is no directory")]
    Beneath(Text),
    /// A whiteout that names nothing.
    #[error("it is a whiteout of no name")]
    Whiteout,
    /// A sparse file: none of the tools that make images write one.
    #[error("it is a sparse file, which images do not have")]
    Sparse,
    /// An entry of a type that nobody knows.
    #[error("its type {0:?} is none that images have")]
    Type(char),
    /// More than [`Limits`](super::Limits) allow.
    #[error("{what}: more than {limit}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// Compressed data that cannot be decompressed.
    #[error("it cannot be decompressed: {0}")]
    Compression(String),
}
