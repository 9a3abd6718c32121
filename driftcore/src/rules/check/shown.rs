//! Names and values in messages: never longer than a line, whatever a rule holds.

/// Characters that are shown.
const LONGEST: usize = 60;

/// The text with control characters escaped, cut where it is long.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(LONGEST) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_and_control_characters_are_escaped() {
        assert_eq!(shown("it's\n"), "it's\\n");
        assert_eq!(shown(&"x".repeat(60)), "x".repeat(60));
        assert_eq!(shown(&"\u{e9}".repeat(1000)), "\u{e9}".repeat(60) + "...");
    }
}
