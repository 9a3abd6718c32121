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
    /// Runs of bytes that stand one for one in a file. The last run that begins at or before a byte
    /// holds it. Most texts have one: it stands here without an allocation.
    first: Option<Run>,
    more: Vec<Run>,
}

/// Bytes that stand one for one in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// Offset of the first byte in the text.
    at: u32,
    source: SourceId,
    /// Offset of the first byte in the file.
    start: u32,
}

impl MappedText {
    /// Appends text that stands one for one in `source` from `start` on.
    pub fn push(&mut self, text: &str, source: SourceId, start: u32) {
        self.push_run(Run { at: offset(self.text.len()), source, start });
        self.text.push_str(text);
    }

    /// Appends a text with its places.
    pub fn append(&mut self, other: &Self) {
        let moved = offset(self.text.len());
        for run in other.runs() {
            self.push_run(Run { at: moved.saturating_add(run.at), ..*run });
        }
        self.text.push_str(&other.text);
    }

    /// The part of the text between two of its offsets, with its places; empty when they are no
    /// character boundaries.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let text = self.text.get(start..end).unwrap_or("").to_owned();
        let first = self.place(start).map(|(source, start)| Run { at: 0, source, start });
        let (from, to) = (offset(start), offset(end));
        let inside = self.more.iter().filter(|run| from < run.at && run.at < to);
        let more = inside.map(|run| Run { at: run.at - from, ..*run }).collect();
        Self { text, first, more }
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

    fn place(&self, at: usize) -> Option<(SourceId, u32)> {
        let at = offset(at);
        let behind = self.more.partition_point(|run| run.at <= at);
        let run = match behind.checked_sub(1) {
            Some(last) => self.more.get(last)?,
            None => self.first.as_ref().filter(|run| run.at <= at)?,
        };
        Some((run.source, run.start.saturating_add(at - run.at)))
    }

    fn runs(&self) -> impl Iterator<Item = &Run> {
        self.first.iter().chain(&self.more)
    }

    fn push_run(&mut self, run: Run) {
        match self.first {
            None => self.first = Some(run),
            // Nothing stands in a run that is empty.
            Some(first) if self.more.is_empty() && first.at == run.at => self.first = Some(run),
            Some(_) => self.more.push(run),
        }
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
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
