//! Writing HTML in which nothing is markup but what stands in this program.

use std::io;
use std::io::Write;

use crate::scan::printable::is_unsafe;

/// Where a page goes. Markup is `&'static str`; all else is text and escaped, whatever it is.
pub(super) struct Markup<W>(W);

impl<W: Write> Markup<W> {
    pub(super) const fn new(out: W) -> Self {
        Self(out)
    }

    /// Markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) -> io::Result<()> {
        self.0.write_all(markup.as_bytes())
    }

    /// Text of anybody's, in an element or in a quoted attribute that is no address, style or script.
    /// What cannot be seen, turns the direction of writing, or is no UTF-8 is written out.
    pub(super) fn text(&mut self, text: impl AsRef<[u8]>) -> io::Result<()> {
        for chunk in text.as_ref().utf8_chunks() {
            let valid = chunk.valid();
            let mut plain = 0;
            for (at, character) in valid.char_indices() {
                let entity = match character {
                    '&' => "&amp;",
                    '<' => "&lt;",
                    '>' => "&gt;",
                    '"' => "&quot;",
                    '\'' => "&#39;",
                    _ if is_unsafe(character) => "",
                    _ => continue,
                };
                self.0.write_all(&valid.as_bytes()[plain..at])?;
                plain = at + character.len_utf8();
                if entity.is_empty() {
                    write!(self.0, "{}", character.escape_default())?;
                } else {
                    self.0.write_all(entity.as_bytes())?;
                }
            }
            self.0.write_all(&valid.as_bytes()[plain..])?;
            for byte in chunk.invalid() {
                write!(self.0, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }

    /// A name or path, which may be in a script that is written from right to left: it turns nothing
    /// around it.
    pub(super) fn name(&mut self, class: &'static str, name: impl AsRef<[u8]>) -> io::Result<()> {
        self.raw("<bdi class=\"")?;
        self.raw(class)?;
        self.raw("\">")?;
        self.text(name)?;
        self.raw("</bdi>")
    }

    /// A number, in groups of three digits.
    pub(super) fn number(&mut self, number: u64) -> io::Result<()> {
        let digits = number.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                self.0.write_all("\u{202f}".as_bytes())?;
            }
            write!(self.0, "{digit}")?;
        }
        Ok(())
    }

    /// Bytes as hexadecimal digits.
    pub(super) fn hexadecimal(&mut self, bytes: &[u8]) -> io::Result<()> {
        bytes.iter().try_for_each(|byte| write!(self.0, "{byte:02x}"))
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        Markup::new(&mut out).text(bytes).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(text(b"<b a='\"'>&amp;"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;amp;");
        assert_eq!(text(b"a\xff\xfe<\xe2\x80"), r"a\xff\xfe&lt;\xe2\x80");
        assert_eq!(text("\u{202e}\u{1b}\0é".as_bytes()), r"\u{202e}\u{1b}\u{0}é");
        assert_eq!(text(b"plain"), "plain");
    }

    #[test]
    fn numbers_are_grouped() {
        let number = |number| {
            let mut out = Vec::new();
            Markup::new(&mut out).number(number).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(number(0), "0");
        assert_eq!(number(1234), "1\u{202f}234");
        assert_eq!(number(123_456), "123\u{202f}456");
    }
}
