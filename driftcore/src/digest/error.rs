//! Why images cannot be verified.

use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Why approved images or pods cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The kernel refuses.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The content is not what it should be.
    #[error("{place}: {message}")]
    Content {
        /// File, line and column, as far as they are known.
        place: String,
        /// What is wrong there.
        message: String,
    },
}

impl VerifyError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }

    /// At a line, from 1 on; 0 for none.
    pub(super) fn at(path: &Path, line: usize, message: String) -> Self {
        let place = match line {
            0 => path.display().to_string(),
            line => format!("{}:{line}", path.display()),
        };
        Self::Content { place, message }
    }

    /// Of YAML.
    pub(super) fn document(path: &Path, error: &serde_saphyr::Error) -> Self {
        let location = error.location();
        let place = location.map_or_else(
            || path.display().to_string(),
            |at| format!("{}:{}:{}", path.display(), at.line(), at.column()),
        );
        Self::Content { place, message: error.without_snippet().to_string() }
    }
}
