//! Values: quoted, bare, numbers.

use super::cursor::Cursor;
use super::cursor::Fault;
use super::cursor::is_bare;
use crate::rules::Diagnostic;
use crate::rules::Span;
use crate::rules::ast::Literal;
use crate::rules::ast::Quote;

/// Takes the quoted string here, if there is one.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<Option<Literal>, Fault> {
    let quote = match cursor.peek() {
        Some(b'"') => Quote::Double,
        Some(b'\'') => Quote::Single,
        _ => return Ok(None),
    };
    let mark = match quote {
        Quote::Double => '"',
        Quote::Single => '\'',
    };
    let start = cursor.at();
    cursor.go_to(start + 1);
    let Some(length) = quoted_length(cursor.rest(), mark) else {
        let escaped = cursor.rest().ends_with(&format!("\\{mark}"));
        let mut fault = Diagnostic::error(
            "unclosed-quote",
            "this quote is not closed",
            cursor.span(start, start + 1),
        )
        .label(format!("no `{mark}` closes it"));
        if escaped {
            fault = fault.help(format!(
                "a `{mark}` behind a backslash does not close; write a backslash at the end as \
                 `\\x5c`"
            ));
        }
        return Err(Box::new(fault));
    };
    let inside = cursor.rest().get(..length).unwrap_or("");
    let text = unescape(inside, quote, &|from, to| cursor.span(start + 1 + from, start + 1 + to))?;
    cursor.go_to(start + 1 + length + 1);
    Ok(Some(Literal { text: text.into(), quote: Some(quote), span: cursor.span_from(start) }))
}

/// Length of the text up to the quote that closes it. As Falco does it, that is the first that no
/// backslash stands before, even where that backslash is itself escaped: `"\\"` does not end.
fn quoted_length(text: &str, mark: char) -> Option<usize> {
    let mut behind_backslash = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == mark && !behind_backslash;
        behind_backslash = c == '\\';
        closes.then_some(at)
    })
}

/// Steps over the quoted string here, whatever is in it; false when no quote closes it.
pub(super) fn skip_quoted(cursor: &mut Cursor<'_>) -> bool {
    let Some(mark) = cursor.rest().chars().next() else { return false };
    let inside = cursor.at() + mark.len_utf8();
    cursor.go_to(inside);
    let Some(length) = quoted_length(cursor.rest(), mark) else { return false };
    cursor.go_to(inside + length + mark.len_utf8());
    true
}

/// What the text between two quotes means.
pub(super) fn unescape(
    inside: &str,
    quote: Quote,
    place: &dyn Fn(usize, usize) -> Span,
) -> Result<Vec<u8>, Fault> {
    let bytes = inside.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'\\' {
            text.push(byte);
            at += 1;
            continue;
        }
        let (means, length) = match (bytes.get(at + 1), quote) {
            (Some(b'b'), _) => (0x08, 2),
            (Some(b'f'), _) => (0x0c, 2),
            (Some(b'n'), _) => (b'\n', 2),
            (Some(b'r'), _) => (b'\r', 2),
            (Some(b't'), _) => (b'\t', 2),
            // Not an escape in the field's other languages. Falco keeps it for its rule about
            // sudo's CVE-2021-3156, which writes a backslash as `"\ "`.
            (Some(b'\\' | b' '), _) => (b'\\', 2),
            (Some(b'/'), _) => (b'/', 2),
            (Some(b'"'), Quote::Double) => (b'"', 2),
            (Some(b'\''), Quote::Single) => (b'\'', 2),
            (Some(b'x'), _) => match inside.get(at + 2..at + 4).map(|hex| (hex, hex_byte(hex))) {
                Some((_, Some(value))) => (value, 4),
                _ => {
                    let end = (at + 2..=(at + 4).min(bytes.len()))
                        .rev()
                        .find(|&end| inside.is_char_boundary(end))
                        .unwrap_or(at + 2);
                    let fault = Diagnostic::error(
                        "bad-escape",
                        "`\\x` without two hexadecimal digits",
                        place(at, end),
                    )
                    .label("two hexadecimal digits expected");
                    return Err(Box::new(fault));
                }
            },
            _ => {
                let next = inside.get(at + 1..).and_then(|rest| rest.chars().next());
                let end = at + 1 + next.map_or(0, char::len_utf8);
                let shown = inside.get(at..end).unwrap_or("\\");
                let fault = Diagnostic::error(
                    "bad-escape",
                    format!("`{shown}` is no escape sequence"),
                    place(at, end),
                )
                .label("unknown escape sequence")
                .help("known are \\b \\f \\n \\r \\t \\\\ \\/ \\xHH and the escaped quote itself; write a backslash as \\\\");
                return Err(Box::new(fault));
            }
        };
        text.push(means);
        at += length;
    }
    Ok(text)
}

fn hex_byte(hex: &str) -> Option<u8> {
    if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return u8::from_str_radix(hex, 16).ok();
    }
    None
}

/// Takes the string without quotes here, if there is one.
pub(super) fn bare(cursor: &mut Cursor<'_>) -> Option<Literal> {
    let start = cursor.at();
    let text = cursor.take_while(is_bare);
    (!text.is_empty()).then(|| Literal {
        text: text.as_bytes().into(),
        quote: None,
        span: cursor.span_from(start),
    })
}

/// Takes the number here, if there is one.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Option<Literal> {
    let start = cursor.at();
    let length = number_length(cursor.rest().as_bytes());
    let text = cursor.rest().get(..length)?;
    if text.is_empty() {
        return None;
    }
    cursor.go_to(start + length);
    Some(Literal { text: text.as_bytes().into(), quote: None, span: cursor.span_from(start) })
}

/// Length of the number at the start of the text: hexadecimal, or decimal with an optional sign,
/// fraction, and exponent with a sign.
pub(super) fn number_length(text: &[u8]) -> usize {
    let count = |from: usize, predicate: fn(&u8) -> bool| {
        text.iter().skip(from).take_while(|byte| predicate(byte)).count()
    };
    if let [b'0', b'x' | b'X', ..] = text {
        let digits = count(2, u8::is_ascii_hexdigit);
        if digits > 0 {
            return 2 + digits;
        }
    }
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let digits = count(sign, u8::is_ascii_digit);
    if digits == 0 {
        return 0;
    }
    let mut length = sign + digits;
    if text.get(length) == Some(&b'.') {
        length += 1 + count(length + 1, u8::is_ascii_digit);
    }
    if matches!(text.get(length), Some(b'e' | b'E'))
        && matches!(text.get(length + 1), Some(b'+' | b'-'))
    {
        let exponent = count(length + 2, u8::is_ascii_digit);
        if exponent > 0 {
            length += 2 + exponent;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_falco_takes_them() {
        for (text, length) in [
            ("5 ", 2 - 1),
            ("-1)", 2),
            ("0x1Fz", 4),
            ("0xz", 1),
            ("1.5e+3 ", 6),
            ("1.5e3", 3),
            ("+7", 2),
            ("7.", 2),
            ("-", 0),
            ("abc", 0),
            (".5", 0),
        ] {
            assert_eq!(number_length(text.as_bytes()), length, "{text}");
        }
    }

    #[test]
    fn escapes_mean_what_they_mean_in_falco() {
        let place = |_: usize, _: usize| Span::default();
        let means = |text: &str, quote| unescape(text, quote, &place).map_err(|fault| fault.code);
        assert_eq!(
            means(r"\b\f\n\r\t\\\/\x41\xff", Quote::Single).unwrap(),
            b"\x08\x0c\n\r\t\\/A\xff"
        );
        assert_eq!(means(r"a\ b", Quote::Double).unwrap(), br"a\b");
        assert_eq!(means(r#"\""#, Quote::Double).unwrap(), b"\"");
        assert_eq!(means(r"\'", Quote::Single).unwrap(), b"'");
        for (text, quote) in [
            (r"\'", Quote::Double),
            (r#"\""#, Quote::Single),
            (r"\d", Quote::Double),
            (r"\x4", Quote::Double),
            (r"\x+4", Quote::Double),
            ("\\é", Quote::Double),
            (r"\x4é", Quote::Double),
            ("\\", Quote::Double),
        ] {
            assert_eq!(means(text, quote), Err("bad-escape"), "{text}");
        }
    }
}
