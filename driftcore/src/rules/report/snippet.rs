//! One line of a file and the mark under it.

use super::visible::show;

/// Columns that are shown of a line.
const WIDTH: usize = 120;
/// Columns that are shown before the mark, where the line is longer.
const BEFORE: usize = 40;

/// A line, and where the mark stands under it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Snippet {
    pub(super) line: String,
    /// Columns before the mark.
    pub(super) indent: usize,
    /// Columns of the mark.
    pub(super) length: usize,
}

/// Whether the whole line fits.
pub(super) fn fits(line: &str) -> bool {
    line.len() <= WIDTH
}

/// The line with the bytes `start..end` of it marked; of a long one, the part around them.
pub(super) fn snippet(line: &str, start: usize, end: usize) -> Snippet {
    let (start, end) = (start.min(line.len()), end.min(line.len()));
    let before = line.get(..start).unwrap_or("");
    let mut from = 0;
    if !fits(line) {
        let kept = before.chars().rev().take(BEFORE).map(char::len_utf8).sum::<usize>();
        from = start - kept;
    }
    let mut shown = String::new();
    let mut column = 0;
    if from > 0 {
        shown.push('…');
        column = 1;
    }
    let mut indent = None;
    let mut behind = None;
    for (at, c) in line.get(from..).unwrap_or("").char_indices() {
        let at = from + at;
        if at >= start {
            indent.get_or_insert(column);
        }
        if at >= end {
            behind.get_or_insert(column);
        }
        if column >= WIDTH && !fits(line) {
            shown.push('…');
            break;
        }
        column += show(c, &mut shown);
    }
    let indent = indent.unwrap_or(column);
    let length = behind.unwrap_or(column).saturating_sub(indent).max(1);
    Snippet { line: shown.trim_end().to_owned(), indent, length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_under_what_they_mark() {
        let text = "\tcondition: 漢字 é x";
        let start = text.find('字').unwrap();
        let found = snippet(text, start, start + '字'.len_utf8());
        assert_eq!(found.line, "    condition: 漢字 é x");
        assert_eq!((found.indent, found.length), (17, 2));
        let end = snippet("abc", 3, 3);
        assert_eq!((end.indent, end.length), (3, 1));
    }

    #[test]
    fn long_lines_are_shown_around_the_mark() {
        let text = format!("{}WRONG{}", "é".repeat(5000), "b".repeat(1_000_000));
        let found = snippet(&text, 10_000, 10_005);
        assert_eq!(found.line.chars().count(), WIDTH + 1);
        let marked: String = found.line.chars().skip(found.indent).take(found.length).collect();
        assert_eq!(marked, "WRONG");
        let all = snippet(&text, 0, text.len());
        assert_eq!((all.indent, all.length), (0, WIDTH));
    }
}
