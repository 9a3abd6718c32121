//! The fields that Falco's `container` plugin suggests for every output.

use crate::fields::FieldRef;
use crate::fields::Print;
use crate::matcher::Format;
use crate::matcher::Operand;
use crate::matcher::Piece;

/// What is appended to every output when suggested fields are on, as Falco does by default.
pub const SUGGESTED_FIELDS: [&str; 6] = [
    "container.id",
    "container.name",
    "container.image.repository",
    "container.image.tag",
    "k8s.ns.name",
    "k8s.pod.name",
];

/// The format with ` name_with_underscores=%field` appended for each of the suggested fields.
#[must_use]
pub fn append_suggested(format: &Format) -> Format {
    let mut pieces = format.pieces().to_vec();
    let mut fields: Vec<(Box<str>, FieldRef)> =
        format.fields().map(|(text, field)| (text.into(), field.clone())).collect();
    for name in SUGGESTED_FIELDS {
        let Ok(field) = FieldRef::parse(name) else { continue };
        pieces.push(Piece::Text(format!(" {}=", name.replace('.', "_")).into()));
        pieces.push(Piece::Value {
            operand: Operand::Field(field.clone()),
            print: Print::Plain,
            width: None,
        });
        fields.push((name.into(), field));
    }
    Format::new(pieces, fields)
}
