//! Where each byte of a decoded scalar stands in the file.

use crate::rules::MappedText;
use crate::rules::SourceId;

/// How a scalar is written, so far as its decoding differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes, or as a block: nothing but line breaks and indentation differs.
    Lines,
    /// In `'`: `''` is one `'`.
    Single,
    /// In `"`: with escapes.
    Double,
}

/// Aligns the decoded text of a scalar with its source, which stands in the file from `start` on
/// (quotes included). What YAML makes of blanks and line breaks is not computed again: every
/// character but blanks stands in the source in the same order, so walking along both finds it.
/// Blanks are as exact as that allows: at most as far off as the indentation.
pub(super) fn align(
    decoded: &str,
    written: &str,
    style: Style,
    source: SourceId,
    start: usize,
) -> MappedText {
    let place = |at: usize| u32::try_from(start + at).unwrap_or(u32::MAX);
    let mut text = MappedText::default();
    if style == Style::Lines && written.starts_with(decoded) {
        text.push(decoded, source, place(0));
        return text;
    }
    text.text.reserve(decoded.len());
    let mut walk = Walk { written, at: usize::from(style != Style::Lines), style };
    // The run that is open: where it begins in the decoded text and in the source.
    let mut run = (0, walk.at);
    for (offset, c) in decoded.char_indices() {
        let at = walk.find(c);
        // One for one only while decoded and source go on in step.
        if at - run.1.min(at) != offset - run.0 || at < run.1 {
            text.push(decoded.get(run.0..offset).unwrap_or(""), source, place(run.1));
            run = (offset, at);
        }
    }
    text.push(decoded.get(run.0..).unwrap_or(""), source, place(run.1));
    text
}

struct Walk<'a> {
    written: &'a str,
    at: usize,
    style: Style,
}

impl Walk<'_> {
    /// Where the next decoded character stands in the source; steps behind it.
    fn find(&mut self, decoded: char) -> usize {
        loop {
            let rest = self.written.get(self.at..).unwrap_or("");
            let Some(c) = rest.chars().next() else { return self.at };
            if self.style == Style::Double && c == '\\' {
                match escape_length(rest) {
                    Escape::LineBreak(length) => {
                        let behind = rest.get(length..).unwrap_or("");
                        self.at +=
                            length + behind.len() - behind.trim_start_matches([' ', '\t']).len();
                        continue;
                    }
                    Escape::Character(length) => {
                        let at = self.at;
                        self.at += length;
                        return at;
                    }
                }
            }
            let at = self.at;
            if c == decoded {
                self.at += c.len_utf8();
                if self.style == Style::Single && c == '\'' && rest.starts_with("''") {
                    self.at += 1;
                }
                return at;
            }
            if !is_white(c) {
                // A blank of the decoded text for which none is left in the source.
                return at;
            }
            self.at += c.len_utf8();
            if is_white(decoded) {
                return at;
            }
        }
    }
}

const fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

enum Escape {
    /// An escaped line break, which stands for nothing.
    LineBreak(usize),
    /// Stands for one character.
    Character(usize),
}

fn escape_length(rest: &str) -> Escape {
    let mut chars = rest.chars().skip(1);
    let digits = match chars.next() {
        None => return Escape::Character(1),
        Some('\n') => return Escape::LineBreak(2),
        Some('\r') => {
            return Escape::LineBreak(if chars.next() == Some('\n') { 3 } else { 2 });
        }
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some(c) => return Escape::Character(1 + c.len_utf8()),
    };
    Escape::Character((2 + digits).min(rest.len()))
}
