//! Lines and columns of a file.

use crate::rules::Span;

/// A place as people count it, from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        // A byte order mark is no column.
        let first = text.len() - text.trim_start_matches('\u{feff}').len();
        let starts = std::iter::once(first).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Whether there is no text.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The bytes of a span, moved to the nearest boundaries of characters.
    pub(super) fn bytes(&self, span: Span) -> (usize, usize) {
        let mut start = (span.start as usize).min(self.text.len());
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (span.end as usize).clamp(start, self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        (start, end)
    }

    /// The number of the line that a byte is in.
    pub(super) fn line_of(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at).max(1)
    }

    /// The position of a byte. Takes time with the length of the line.
    pub(super) fn position(&self, at: usize) -> Position {
        let line = self.line_of(at);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..at).unwrap_or("");
        Position { line, column: before.chars().count() + 1 }
    }

    /// The byte at which a line begins, and its text without the line break.
    pub(super) fn line(&self, line: usize) -> (usize, &'a str) {
        let start = line.checked_sub(1).and_then(|at| self.starts.get(at)).copied();
        let Some(start) = start else { return (self.text.len(), "") };
        let end = self.starts.get(line).map_or(self.text.len(), |&next| next - 1);
        let text = self.text.get(start..end).unwrap_or("");
        (start, text.strip_suffix('\r').unwrap_or(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::SourceId;

    #[test]
    fn positions_count_characters() {
        let lines = Lines::new("é a\r\nbc\n");
        assert_eq!(lines.position(0), Position { line: 1, column: 1 });
        assert_eq!(lines.position(3), Position { line: 1, column: 3 });
        assert_eq!(lines.position(6), Position { line: 2, column: 1 });
        assert_eq!(lines.position(9), Position { line: 3, column: 1 });
        assert_eq!(lines.line(1), (0, "é a"));
        assert_eq!(lines.line(2), (6, "bc"));
        assert_eq!(lines.line(3), (9, ""));
        assert_eq!(lines.line(4), (9, ""));
        let marked = Lines::new("\u{feff}ab");
        assert_eq!(marked.position(0), Position { line: 1, column: 1 });
        assert_eq!(marked.position(4), Position { line: 1, column: 2 });
        assert_eq!(marked.line(1), (3, "ab"));
    }

    #[test]
    fn spans_are_moved_to_whole_characters() {
        let lines = Lines::new("aé");
        let span = |start, end| Span { source: SourceId::default(), start, end };
        assert_eq!(lines.bytes(span(2, 2)), (1, 3));
        assert_eq!(lines.bytes(span(0, 2)), (0, 3));
        assert_eq!(lines.bytes(span(90, 20)), (3, 3));
    }
}
