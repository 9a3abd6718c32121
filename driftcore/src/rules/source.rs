//! Rule files in memory, and places in them.

/// Index of a file among those that are loaded together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub(super) u32);

/// A place in a file: bytes `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Which file.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// Behind the last byte.
    pub end: u32,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path as it was given, or what else names it (`<memory>`).
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// The files that are loaded together, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: Vec<Source>,
    /// Files that were not UTF-8, and the first place where that shows.
    invalid: Vec<Span>,
}

impl Sources {
    /// Takes a file in.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.files.push(Source { name: name.into(), text: text.into() });
        SourceId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// Takes a file in as it was read. What is not UTF-8 is replaced by U+FFFD, and loading the file
    /// is an error.
    pub fn add_bytes(&mut self, name: impl Into<String>, bytes: Vec<u8>) -> SourceId {
        let (text, invalid) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let start = error.utf8_error().valid_up_to();
                (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(start))
            }
        };
        let source = self.add(name, text);
        if let Some(start) = invalid.and_then(|start| u32::try_from(start).ok()) {
            let end = start.saturating_add(3);
            self.invalid.push(Span { source, start, end });
        }
        source
    }

    /// The files, in order.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0..).map(SourceId).zip(&self.files)
    }

    /// Where a file is not UTF-8, if it is not.
    pub(super) fn invalid(&self, id: SourceId) -> Option<Span> {
        self.invalid.iter().find(|span| span.source == id).copied()
    }

    /// The file.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }
}

/// Text that YAML decoded, or that was put together from several places, and where each byte of it
/// came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappedText {
    /// The text.
    pub text: String,
    /// Runs of bytes that stand one for one in a file: (offset in the text, offset in the file).
    /// The last run that begins at or before a byte holds it.
    runs: Vec<(u32, SourceId, u32)>,
}

impl MappedText {
    /// Appends text that stands one for one in `source` from `start` on.
    pub fn push(&mut self, text: &str, source: SourceId, start: u32) {
        let at = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.runs.push((at, source, start));
        self.text.push_str(text);
    }

    /// Appends a text with its places.
    pub fn append(&mut self, other: &Self) {
        let at = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let moved = |&(offset, source, start): &(u32, SourceId, u32)| {
            (at.saturating_add(offset), source, start)
        };
        self.runs.extend(other.runs.iter().map(moved));
        self.text.push_str(&other.text);
    }

    /// The part of the text between two of its offsets, with its places; empty when they are no
    /// character boundaries.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let text = self.text.get(start..end).unwrap_or("").to_owned();
        let (from, to) =
            (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX));
        let mut runs = Vec::new();
        if let Some((source, place)) = self.place(start) {
            runs.push((0, source, place));
        }
        let inside = |&&(at, _, _): &&(u32, SourceId, u32)| from < at && at < to;
        runs.extend(
            self.runs
                .iter()
                .filter(inside)
                .map(|&(at, source, place)| (at.saturating_sub(from), source, place)),
        );
        Self { text, runs }
    }

    /// Without the white space at both ends.
    #[must_use]
    pub fn trim(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        self.slice(start, start + self.text.trim().len())
    }

    /// The place of the bytes `start..end` of the text. Where they come from several files, the
    /// place of the first of them.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let Some((source, from)) = self.place(start) else { return Span::default() };
        let last = end.saturating_sub(1).max(start);
        let to = match self.place(last) {
            Some((other, to)) if other == source && end > start => to.saturating_add(1).max(from),
            _ => from,
        };
        Span { source, start: from, end: to }
    }

    fn place(&self, offset: usize) -> Option<(SourceId, u32)> {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let behind = self.runs.partition_point(|&(at, _, _)| at <= offset);
        let &(at, source, start) = self.runs.get(behind.checked_sub(1)?)?;
        Some((source, start.saturating_add(offset - at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_through_the_runs() {
        let (a, b) = (SourceId(0), SourceId(1));
        let mut text = MappedText::default();
        text.push("folded ", a, 100);
        text.push("line", a, 113);
        text.push(" and more", b, 7);
        assert_eq!(text.span(0, 6), Span { source: a, start: 100, end: 106 });
        assert_eq!(text.span(3, 11), Span { source: a, start: 103, end: 117 });
        assert_eq!(text.span(12, 15), Span { source: b, start: 8, end: 11 });
        assert_eq!(text.span(8, 15), Span { source: a, start: 114, end: 114 });
        assert_eq!(MappedText::default().span(0, 1), Span::default());
    }
}
