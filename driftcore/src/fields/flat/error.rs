//! What is wrong with a flat event.

use std::fmt;

/// Why a JSON value is no flat event, or a field does not take a value: which key or field, and what
/// is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlatEventError {
    key: Option<String>,
    message: String,
}

impl FlatEventError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { key: None, message: message.into() }
    }

    pub(super) fn at(key: &str, message: impl Into<String>) -> Self {
        Self { key: Some(key.to_owned()), message: message.into() }
    }

    /// The key or field at fault, if it is one.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl fmt::Display for FlatEventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{key:?}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for FlatEventError {}
