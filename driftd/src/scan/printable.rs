//! Text from a container on somebody's terminal.

use std::fmt;
use std::fmt::Write;

use driftcore::event::Text;

/// Shows text in one line with nothing in it that a terminal would obey: control characters, line
/// ends and marks that turn the direction of writing are escaped.
pub(crate) struct Printable<'a>(pub(crate) &'a Text);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_json_str();
        // Padding counts what is seen.
        let mut shown = String::with_capacity(text.len());
        for character in text.chars() {
            if is_unsafe(character) {
                write!(shown, "{}", character.escape_default())?;
            } else {
                shown.push(character);
            }
        }
        f.pad(&shown)
    }
}

/// Control characters, and what is not seen or moves what stands beside it: marks of direction,
/// separators, fillers, tags.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let show = |bytes: &[u8]| Printable(&Text::from(bytes)).to_string();
        assert_eq!(show(b"/a\x1b[2J\n\r"), r"/a\u{1b}[2J\n\r");
        assert_eq!(show("/a\u{202e}gpj.exe".as_bytes()), r"/a\u{202e}gpj.exe");
        assert_eq!(show("/\u{9b}31m".as_bytes()), r"/\u{9b}31m");
        assert_eq!(show(b"/a\xff"), r"/a\xff");
        assert_eq!(show("/é <script>".as_bytes()), "/é <script>");
    }
}
