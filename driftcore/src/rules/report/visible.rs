//! Text that a terminal shows as it is: no control characters, bounded length.

use unicode_width::UnicodeWidthChar;

/// Columns of a tab.
const TAB: usize = 4;

/// How a character is shown, and on how many columns.
pub(super) fn show(c: char, into: &mut String) -> usize {
    match c {
        '\t' => {
            into.push_str(&" ".repeat(TAB));
            TAB
        }
        // The control pictures.
        '\0'..='\x1f' => {
            into.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'));
            1
        }
        '\x7f' => {
            into.push('\u{2421}');
            1
        }
        // What would be invisible, or would turn around the rest of the line.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => {
            let escaped = format!("\\u{{{:x}}}", u32::from(c));
            into.push_str(&escaped);
            escaped.len()
        }
        c => {
            into.push(c);
            c.width().unwrap_or(1)
        }
    }
}

/// A text on one line, cut behind so many characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most * 4));
    for (count, c) in text.chars().enumerate() {
        if count == most {
            shown.push('…');
            break;
        }
        show(c, &mut shown);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_unseen() {
        assert_eq!(one_line("a\x1b[31m\n\0\u{202e}é漢", 100), "a␛[31m␊␀\\u{202e}é漢");
        assert_eq!(one_line("abcdef", 3), "abc…");
        let mut shown = String::new();
        assert_eq!(show('漢', &mut shown), 2);
        assert_eq!(show('\t', &mut shown), 4);
        assert_eq!(show('\u{301}', &mut shown), 0);
    }
}
