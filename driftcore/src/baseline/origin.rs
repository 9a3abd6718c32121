//! What may run under a path.

use std::fmt;

use super::selector::parse_sha256;
use crate::event::Verdict;

/// Where the content of a file that runs came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Origin {
    /// The image's own content.
    Image,
    /// A file of the host, as runtimes run in containers.
    Host,
    /// Other content, which has this SHA-256.
    Content([u8; 32]),
}

impl Origin {
    /// Of a file with this verdict and, where that is known, digest. `None` where it is drift and the
    /// digest is not known: nothing then tells it from any other file.
    pub(crate) fn of(verdict: Verdict, sha256: Option<&str>) -> Option<Self> {
        Self::of_content(verdict, sha256.and_then(parse_sha256))
    }

    /// The same with the digest's bytes.
    pub(crate) fn of_content(verdict: Verdict, sha256: Option<[u8; 32]>) -> Option<Self> {
        match verdict {
            Verdict::Image | Verdict::CopiedUp => Some(Self::Image),
            Verdict::Host => Some(Self::Host),
            _ => sha256.map(Self::Content),
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "image" => Some(Self::Image),
            "host" => Some(Self::Host),
            _ => parse_sha256(text.strip_prefix("sha256:")?).map(Self::Content),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image => f.write_str("image"),
            Self::Host => f.write_str("host"),
            Self::Content(digest) => {
                write!(f, "sha256:{}", data_encoding::HEXLOWER.encode_display(digest))
            }
        }
    }
}
