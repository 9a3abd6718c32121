//! Why images cannot be verified.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::pods::unquoted;

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

    /// Of a text that is neither JSON nor YAML: the error of what it seems to be.
    pub(super) fn of(
        path: &Path,
        text: &str,
        json: &serde_json::Error,
        yaml: &serde_saphyr::Error,
    ) -> Self {
        let mut start = text.trim_start().chars();
        let is_json = start.next() == Some('{') && start.as_str().trim_start().starts_with('"');
        if is_json { Self::json(path, json) } else { Self::yaml(path, yaml) }
    }

    fn json(path: &Path, error: &serde_json::Error) -> Self {
        let place = format!("{}:{}:{}", path.display(), error.line(), error.column());
        // What is read may be quoted in it; where it is, is said before it.
        let message = match error.classify() {
            serde_json::error::Category::Data => "a member of another type than Kubernetes has",
            serde_json::error::Category::Eof => "ends in the middle",
            _ => "no JSON",
        };
        Self::Content { place, message: message.to_owned() }
    }

    /// Of YAML.
    fn yaml(path: &Path, error: &serde_saphyr::Error) -> Self {
        let location = error.location();
        let place = location.map_or_else(
            || path.display().to_string(),
            |at| format!("{}:{}:{}", path.display(), at.line(), at.column()),
        );
        Self::Content { place, message: of_yaml(&error.without_snippet().to_string()) }
    }
}

/// The reader's message without what it quotes, as in JSON's, and without the place, which is said before it.
fn of_yaml(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let told = unquoted(message);
    if told != message || message.starts_with("invalid ") {
        return told;
    }
    // Behind these stands a name or a value: `duplicate mapping key: NAME`.
    let told = message.split([':', '"', '`']).next().unwrap_or_default().trim_end();
    told.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_document_is_quoted() {
        for (text, what) in [
            ("spec: {containers: [{name: a, hunter2: 1, hunter2: 2}]}", "duplicate mapping key"),
            ("spec: {containers: hunter2}", "expected sequence"),
            ("spec: {containers: [{name: [hunter2]}]}", ""),
            ("spec: *hunter2", ""),
            ("spec: !!int hunter2", ""),
            ("spec: {containers: [{name: \"hunter2", ""),
            ("spec:\n  containers:\n    - hunter2: x\n   - y: z", ""),
            ("\"hunter2\"", ""),
        ] {
            let mut approved = super::super::Approved::new();
            let told = approved.add(Path::new("m"), text).unwrap_err().to_string();
            assert!(told.starts_with("m:"), "{told}");
            assert!(told.contains(what) && !told.contains("hunter2"), "{told}");
            assert!(!told.contains("DuplicateKeyPolicy"), "{told}");
        }
    }
}
