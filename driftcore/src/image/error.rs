//! Why there is no answer at all.

use std::path::PathBuf;

use rustix::io::Errno;

/// Why a scan could not be done, or not to its end. What hinders a part of it only is a
/// [`Problem`](super::Problem).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// A layer directory cannot be opened.
    #[error("cannot open the layer {}: {reason}", path.display())]
    Layer {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The root directory cannot be opened.
    #[cfg(feature = "manifest")]
    #[error("cannot open the root directory {}: {reason}", path.display())]
    Root {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The image's files cannot be read.
    #[cfg(feature = "manifest")]
    #[error(transparent)]
    Manifest(#[from] super::manifest::ManifestError),
    /// The visitor asked for the end.
    #[error("the scan was stopped")]
    Stopped,
}

impl ScanError {
    #[cfg(feature = "manifest")]
    pub(super) fn root(path: &std::path::Path, errno: Errno) -> Self {
        Self::Root { path: path.to_owned(), reason: errno.into() }
    }

    pub(super) fn layer(path: &std::path::Path, errno: Errno) -> Self {
        Self::Layer { path: path.to_owned(), reason: errno.into() }
    }
}
