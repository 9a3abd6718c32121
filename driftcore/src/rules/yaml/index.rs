//! From the YAML scanner's places, which are numbers of characters, to those of bytes.

/// Every how many characters a place is remembered.
const STEP: usize = 128;

/// Where the characters of a text begin.
pub(super) struct CharIndex<'a> {
    text: &'a str,
    /// The byte at which every [`STEP`]th character begins; empty when all are ASCII.
    steps: Vec<usize>,
}

impl<'a> CharIndex<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let steps = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STEP).map(|(at, _)| at).collect()
        };
        Self { text, steps }
    }

    /// The byte at which this character begins; the end of the text when there are fewer.
    pub(super) fn byte(&self, character: usize) -> usize {
        if self.steps.is_empty() {
            return character.min(self.text.len());
        }
        let Some(&start) = self.steps.get(character / STEP) else { return self.text.len() };
        let rest = self.text.get(start..).unwrap_or("");
        rest.char_indices().nth(character % STEP).map_or(self.text.len(), |(at, _)| start + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_found() {
        let text = "aé€𝄞".repeat(200);
        let index = CharIndex::new(&text);
        for (number, (at, _)) in text.char_indices().enumerate() {
            assert_eq!(index.byte(number), at);
        }
        assert_eq!(index.byte(800), text.len());
        assert_eq!(index.byte(8000), text.len());
        assert_eq!(CharIndex::new("abc").byte(2), 2);
        assert_eq!(CharIndex::new("abc").byte(9), 3);
    }
}
