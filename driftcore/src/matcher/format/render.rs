//! A compiled format, and its two forms over an event.

use std::fmt::Write;

use serde_json::Value as Json;

use super::evaluate::evaluate;
use super::print;
use crate::fields::FieldRef;
use crate::fields::Fields;
use crate::fields::Multiplicity;
use crate::fields::Print;
use crate::matcher::Operand;

/// One part of a format.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text that stands for itself.
    Text(Box<str>),
    /// A value of the event.
    Value {
        /// Which.
        operand: Operand,
        /// How it is printed.
        print: Print,
        /// Padded with blanks or cut to so many characters.
        width: Option<u16>,
    },
}

/// A compiled output format.
///
/// Compiled by [`rules::output`](crate::rules::compile_output); any combination of pieces can be
/// rendered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Format {
    pieces: Vec<Piece>,
    /// By the text that the rule has; sorted, each once.
    fields: Vec<(Box<str>, FieldRef)>,
    /// Whether nothing is printed where a value is missing.
    complete: bool,
}

impl Format {
    /// A format of these pieces. `fields` are its plain fields by the text that the rule has for
    /// them; they are the keys of `output_fields`.
    pub fn new(pieces: Vec<Piece>, mut fields: Vec<(Box<str>, FieldRef)>) -> Self {
        fields.sort_unstable();
        fields.dedup_by(|a, b| a.0 == b.0);
        Self { pieces, fields, complete: false }
    }

    /// Prints nothing at all where a value is missing, as Falco does for a format that has no `*`
    /// before it. (Formats of rules always print.)
    #[must_use]
    pub fn only_complete(self) -> Self {
        Self { complete: true, ..self }
    }

    /// Its parts, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Its plain fields, those in transformers too, by the text that the rule has for them.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &FieldRef)> {
        self.fields.iter().map(|(text, field)| (&**text, field))
    }

    /// Appends the message to `out`; `<NA>` stands for what is missing. False, and nothing is
    /// appended, when a value is missing of a format that prints only complete messages.
    ///
    /// Bytes that are not UTF-8 become U+FFFD. Control characters are left to the writer of the
    /// line. Allocates for transformed values only, and what `out` needs.
    pub fn render(&self, event: &dyn Fields, out: &mut String) -> bool {
        let before = out.len();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value { operand, print, width } => {
                    let start = out.len();
                    let present = text(operand, *print, event, out);
                    if !present && self.complete {
                        out.truncate(before);
                        return false;
                    }
                    if let Some(width) = width {
                        fit(out, start, usize::from(*width));
                    }
                }
            }
        }
        true
    }

    /// Falco's `output_fields`: each plain field as typed JSON, null where it is missing; sorted
    /// by name.
    pub fn output_fields(&self, event: &dyn Fields) -> Vec<(&str, Json)> {
        self.fields
            .iter()
            .map(|(name, field)| {
                let definition = field.id.field();
                let value = match print::time_source(definition.print) {
                    Some(time) => print::json(&event.get(time), Print::Plain, field),
                    None => print::json(&event.get(field), definition.print, field),
                };
                (&**name, value)
            })
            .collect()
    }
}

/// Appends a value; false when it is missing and `<NA>` was appended.
fn text(operand: &Operand, print: Print, event: &dyn Fields, out: &mut String) -> bool {
    match operand {
        Operand::Field(field) => match print::time_source(print) {
            Some(time) => print::time(&event.get(time), print, out),
            None => print::text(&event.get(field), print, field.multiplicity(), out),
        },
        Operand::Number(number) => write!(out, "{number}").is_ok(),
        other => {
            let value = evaluate(other, event);
            value.with(|value| print::text(&value, print, Multiplicity::One, out))
        }
    }
}

/// Pads or cuts what begins at `start`.
fn fit(out: &mut String, start: usize, width: usize) {
    let printed = out.get(start..).unwrap_or_default();
    match printed.char_indices().nth(width) {
        Some((end, _)) => out.truncate(start + end),
        None => {
            let missing = width - printed.chars().count();
            out.extend(std::iter::repeat_n(' ', missing));
        }
    }
}
