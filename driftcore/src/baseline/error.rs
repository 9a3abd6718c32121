//! Why a baseline cannot be read.

use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Why a baseline or a file of exceptions cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// The kernel refuses.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The content is not what it should be.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1 on.
        line: usize,
        /// The column in characters, from 1 on.
        column: usize,
        /// What is wrong there.
        message: String,
    },
}

/// A place in a document: line and column, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) place: Place,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }

    /// In this file.
    pub(super) fn of(self, path: &Path) -> BaselineError {
        let Self { place: Place { line, column }, message } = self;
        BaselineError::Content { path: path.to_owned(), line, column, message }
    }
}
