//! Paths that may differ, by patterns as in `.gitignore`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::bail;
use driftcore::image::Entry;
use driftcore::image::FileType;
use ignore::Match;
use ignore::gitignore::Gitignore;
use ignore::gitignore::GitignoreBuilder;
use serde::Serialize;

/// Patterns, and how many entries each of them took.
pub(super) struct Ignored {
    patterns: Gitignore,
    /// By the text of the pattern, in the order of the file.
    index: HashMap<String, usize>,
    used: Vec<Pattern>,
}

/// A pattern that takes entries out of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Pattern {
    pub(super) pattern: String,
    /// The comment above it.
    pub(super) reason: Option<String>,
    /// How many entries it took.
    pub(super) entries: u64,
}

impl Default for Ignored {
    fn default() -> Self {
        Self { patterns: Gitignore::empty(), index: HashMap::new(), used: Vec::new() }
    }
}

impl Ignored {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the ignore file {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in the ignore file {}", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut builder = GitignoreBuilder::new("");
        let mut ignored = Self::default();
        let mut reason: Vec<&str> = Vec::new();
        // A comment counts for all patterns up to the next comment or empty line.
        let mut after_pattern = false;
        for (line, number) in text.lines().zip(1..) {
            if let Some(comment) = line.strip_prefix('#') {
                if after_pattern {
                    reason.clear();
                    after_pattern = false;
                }
                reason.push(comment.trim());
                continue;
            }
            if line.trim().is_empty() {
                reason.clear();
                continue;
            }
            if let Err(error) = builder.add_line(None, line) {
                bail!("line {number}: {error}");
            }
            after_pattern = true;
            let pattern = line.trim_end().to_owned();
            let reason = (!reason.is_empty()).then(|| reason.join(" "));
            let next = ignored.used.len();
            ignored.index.entry(pattern.clone()).or_insert_with(|| {
                ignored.used.push(Pattern { pattern, reason, entries: 0 });
                next
            });
        }
        ignored.patterns = builder.build().context("the patterns are too many or too large")?;
        Ok(ignored)
    }

    /// Whether an entry is ignored; counts it, if so.
    pub(super) fn takes(&mut self, entry: &Entry) -> bool {
        let path = entry.path.as_path();
        let state = entry.after.as_ref().or(entry.before.as_ref());
        let is_directory = state.is_some_and(|state| state.file_type == FileType::Directory);
        self.takes_path(path.strip_prefix("/").unwrap_or(path), is_directory)
    }

    fn takes_path(&mut self, path: &Path, is_directory: bool) -> bool {
        if path.as_os_str().is_empty() || self.patterns.is_empty() {
            return false;
        }
        let Match::Ignore(glob) = self.patterns.matched_path_or_any_parents(path, is_directory)
        else {
            return false;
        };
        let index = self.index.get(glob.original().trim_end());
        if let Some(pattern) = index.and_then(|&index| self.used.get_mut(index)) {
            pattern.entries += 1;
        }
        true
    }

    /// The patterns that took entries.
    pub(super) fn used(&self) -> Vec<Pattern> {
        self.used.iter().filter(|pattern| pattern.entries > 0).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Caches that every start fills\n/var/cache/\n*.pyc\n\n/tmp/*\n!/tmp/keep\n\
                        \n# Rotated\n# by hand\n/var/log/**/*.log\n";

    #[test]
    fn patterns_are_those_of_git_and_have_the_comment_above_them_as_reason() {
        let mut ignored = Ignored::parse(FILE).unwrap();
        for (path, is_directory, expected) in [
            ("var/cache", true, true),
            ("var/cache/apt/x", false, true),
            ("var/cache", false, false),
            ("usr/lib/a.pyc", false, true),
            ("tmp/x", false, true),
            ("tmp/keep", false, false),
            ("var/log/a/b/c.log", false, true),
            ("etc/passwd", false, false),
            ("", true, false),
        ] {
            assert_eq!(ignored.takes_path(Path::new(path), is_directory), expected, "{path}");
        }
        let used: Vec<_> = ignored
            .used()
            .into_iter()
            .map(|it| (it.pattern, it.reason.unwrap_or_default(), it.entries))
            .collect();
        let expected = [
            ("/var/cache/", "Caches that every start fills", 2),
            ("*.pyc", "Caches that every start fills", 1),
            ("/tmp/*", "", 1),
            ("/var/log/**/*.log", "Rotated by hand", 1),
        ];
        let expected = expected.map(|(p, r, n)| (p.to_owned(), r.to_owned(), n));
        assert_eq!(used, expected);
    }

    #[test]
    fn a_pattern_that_is_none_is_an_error_with_its_line() {
        let error = Ignored::parse("/a\n/b[z-a]\n").map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("line 2: "), "{error}");
        assert!(!Ignored::parse("").unwrap().takes_path(Path::new("a"), false));
    }
}
