//! Suggestions as documents.

use std::fmt;

use serde_json::Value;
use serde_json::json;

use super::suggest::Suggestions;

impl Suggestions {
    /// All of them as a JSON object: docs/baselines.md says what is in it.
    pub fn report(&self) -> Value {
        let list = self.list.iter().map(|it| {
            json!({
                "exception": it.exception.to_string(),
                "silences": it.silences,
                "others": it.others,
                "examples": it.examples,
            })
        });
        json!({
            "version": 1,
            "suggestions": list.collect::<Vec<_>>(),
            "not_covered": self.not_covered,
            "left_out": self.left_out,
        })
    }
}

/// A document of exceptions that lacks nothing but the reasons: YAML.
impl fmt::Display for Suggestions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let silenced: u64 = self.list.iter().map(|it| it.silences).sum();
        writeln!(
            f,
            "# {} exception(s) would have silenced {silenced} event(s). Give each a reason, or leave it out.",
            self.list.len()
        )?;
        for (count, what) in [
            (self.not_covered, "event(s) can be silenced by no exception"),
            (self.left_out, "event(s) were not looked at: there are too many different ones"),
        ] {
            if count > 0 {
                writeln!(f, "# {count} {what}.")?;
            }
        }
        writeln!(f, "version: 1\nexceptions:{}", if self.list.is_empty() { " []" } else { "" })?;
        for suggestion in &self.list {
            writeln!(
                f,
                "  # silences {} event(s); would take {} other(s){}",
                suggestion.silences,
                suggestion.others,
                if suggestion.examples.is_empty() { "" } else { ", among them:" }
            )?;
            for example in &suggestion.examples {
                writeln!(f, "  #   {}", comment(example))?;
            }
            write!(f, "{}", suggestion.exception)?;
        }
        Ok(())
    }
}

/// Text in a comment, which ends with its line: letters of any language stay, what ends lines, is not seen or turns
/// the direction of writing does not.
fn comment(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_graphic() || character == ' ' || character.is_alphanumeric() {
            shown.push(character);
        } else {
            shown.extend(character.escape_default());
        }
    }
    shown
}
