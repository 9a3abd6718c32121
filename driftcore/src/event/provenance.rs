//! Where a file came from, and how that is known.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// The verdict about a file at the moment of an event. The first one that applies, in the
/// order given here, wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// The host's filesystem; no container.
    Host,
    /// An anonymous memory file (memfd, SysV or `/dev/zero` shared memory).
    Memfd,
    /// A file with no name left.
    Deleted,
    /// On a tmpfs of the container.
    Tmpfs,
    /// On any other mount than the container's root.
    Volume,
    /// On the container's root, served by an image layer.
    Image,
    /// In the upper layer, content proved equal to the image file it came from.
    CopiedUp,
    /// In the upper layer, an image file whose content differs.
    Modified,
    /// A new upper file over an image path, content differs.
    Replaced,
    /// A new upper file; the image has no such path.
    Added,
    /// Could not be proved; the reason says why.
    Unknown,
}

impl Verdict {
    /// The name in events and rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Memfd => "memfd",
            Self::Deleted => "deleted",
            Self::Tmpfs => "tmpfs",
            Self::Volume => "volume",
            Self::Image => "image",
            Self::CopiedUp => "copied_up",
            Self::Modified => "modified",
            Self::Replaced => "replaced",
            Self::Added => "added",
            Self::Unknown => "unknown",
        }
    }

    /// Whether code with this provenance is drift unless a policy says otherwise.
    pub const fn is_drift_for_code(self) -> bool {
        !matches!(self, Self::Host | Self::Image | Self::CopiedUp)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// Kernel objects alone: inode, superblock, overlay layers.
    Kernel,
    /// The file's content, compared with the image's.
    Content,
    /// An image manifest: path, size and digest.
    Manifest,
    /// The file's times against the container's start.
    Time,
    /// Nothing: the verdict is `unknown`.
    None,
}

impl Evidence {
    /// The name in events and rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Content => "content",
            Self::Manifest => "manifest",
            Self::Time => "time",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A verdict, what it rests on, and why in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Where the file came from.
    pub verdict: Verdict,
    /// What the verdict rests on.
    pub evidence: Evidence,
    /// Why, in words for people. Not for parsing.
    pub reason: Cow<'static, str>,
}

impl Provenance {
    /// A provenance with a reason that is known at compile time or built for the occasion.
    pub fn new(verdict: Verdict, evidence: Evidence, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { verdict, evidence, reason: reason.into() }
    }
}
