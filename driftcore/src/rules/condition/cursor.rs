//! A place in the text of a condition.

use crate::rules::Diagnostic;
use crate::rules::MappedText;
use crate::rules::Span;

/// What goes wrong on the way.
pub(super) type Fault = Box<Diagnostic>;

/// A place in the text of a condition, moving forwards.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a MappedText,
    at: usize,
}

/// Blanks of a condition.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x08 | b'\r' | b'\n')
}

/// What a value without quotes may hold.
pub(super) const fn is_bare(byte: u8) -> bool {
    !is_blank(byte) && !matches!(byte, b'(' | b')' | b'"' | b'\'' | b'=' | b',' | 0x0b | 0x0c)
}

/// What a field's argument without quotes may hold.
pub(super) const fn is_bare_argument(byte: u8) -> bool {
    !is_blank(byte) && !matches!(byte, b'[' | b']' | b'"' | b'\'' | 0x0b | 0x0c)
}

/// What an identifier may hold behind its first letter.
pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a MappedText) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn go_to_end(&mut self) {
        self.at = self.text.text.len();
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.text.as_bytes().get(self.at + ahead).copied()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.text.text.len()
    }

    /// Steps over the blanks here; whether there were any.
    pub(super) fn skip_blanks(&mut self) -> bool {
        let start = self.at;
        self.at += self.rest().bytes().take_while(|&byte| is_blank(byte)).count();
        self.at > start
    }

    /// Steps over this text if it is here.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let here = self.rest().starts_with(token);
        if here {
            self.at += token.len();
        }
        here
    }

    /// Takes the bytes here that the predicate holds for. It must hold for either all or none of
    /// the bytes that are not ASCII.
    pub(super) fn take_while(&mut self, predicate: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().take_while(|&byte| predicate(byte)).count();
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    /// Length of the identifier here; 0 when there is none.
    pub(super) fn identifier_length(&self) -> usize {
        let rest = self.rest().as_bytes();
        match rest.first() {
            Some(first) if first.is_ascii_alphabetic() => {
                rest.iter().take_while(|&&byte| is_word(byte)).count()
            }
            _ => 0,
        }
    }

    /// Whether this keyword (`and`, `or`, `not`) is here, with a blank or a parenthesis behind it.
    pub(super) fn is_at_keyword(&self, keyword: &str) -> bool {
        self.rest()
            .strip_prefix(keyword)
            .and_then(|behind| behind.bytes().next())
            .is_some_and(|next| is_blank(next) || next == b'(')
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.text.span(start, end)
    }

    /// The place from `start` to here.
    pub(super) fn span_from(&self, start: usize) -> Span {
        self.span(start, self.at)
    }

    /// The place of what stands here: a word, or one character; behind the last character when
    /// nothing is left.
    pub(super) fn span_here(&self) -> Span {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            let written =
                self.text.text.trim_end_matches(|c: char| c.is_ascii() && is_blank(c as u8));
            let last = self.text.span(written.len().saturating_sub(1), written.len());
            return Span { start: last.end, ..last };
        };
        let word = rest.bytes().take_while(|&byte| is_bare(byte)).count();
        self.span(self.at, self.at + word.max(first.len_utf8()))
    }

    /// What stands here, for a message.
    pub(super) fn found(&self) -> String {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return "the end of the condition".to_owned() };
        let word = rest.bytes().take_while(|&byte| is_bare(byte)).count();
        let found = rest.get(..word.max(first.len_utf8())).unwrap_or("");
        match found.char_indices().nth(40) {
            Some((cut, _)) => format!("`{}…`", found.get(..cut).unwrap_or("")),
            None => format!("`{found}`"),
        }
    }
}
