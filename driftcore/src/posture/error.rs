//! Why a posture cannot be told.

use crate::config::ConfigError;
use crate::image::ScanError;

/// Why a posture cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostureError {
    /// Pods are not what they should be.
    #[error("{place}: {message}")]
    Content {
        /// File, line and column, as far as they are known.
        place: String,
        /// What is wrong there.
        message: String,
    },
    /// What the runtime of a container wrote down cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The layers of a container cannot be read.
    #[error(transparent)]
    Scan(#[from] ScanError),
}
