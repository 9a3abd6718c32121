//! What is compared: fields, transformers and their arguments, each with its type.

use super::checker::Checker;
use super::field::field_error;
use super::transformer::transformer;
use crate::fields::FieldRef;
use crate::fields::FieldType;
use crate::fields::Multiplicity;
use crate::matcher::Operand;
use crate::rules::Diagnostic;
use crate::rules::Span;
use crate::rules::ast::Literal;
use crate::rules::ast::Name;
use crate::rules::ast::Term;
use crate::rules::ast::TermArgument;
use crate::rules::ast::TermKind;

/// The type of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) kind: FieldType,
    pub(super) multiplicity: Multiplicity,
}

impl Type {
    pub(super) const fn one(kind: FieldType) -> Self {
        Self { kind, multiplicity: Multiplicity::One }
    }

    pub(super) const fn list(kind: FieldType) -> Self {
        Self { kind, multiplicity: Multiplicity::List }
    }

    pub(super) fn is_list(self) -> bool {
        self.multiplicity == Multiplicity::List
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self.kind, FieldType::Text | FieldType::Path)
    }

    /// Whether two values of one event may be compared. Text and paths are one type.
    pub(super) fn agrees(self, other: Self) -> bool {
        let same = self.kind == other.kind || self.is_text() && other.is_text();
        same && self.is_list() == other.is_list()
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_list() {
            f.write_str("a list of ")?;
        }
        write!(f, "{}", self.kind)
    }
}

/// An operand with its type and its place.
pub(super) struct Typed {
    pub(super) operand: Operand,
    pub(super) kind: Type,
    pub(super) span: Span,
}

/// What stands on the left of an operator.
pub(super) fn left(checker: &mut Checker<'_>, term: &Term) -> Option<Typed> {
    if let TermKind::Transformer { name, .. } = &term.kind
        && name.text == "val"
    {
        checker.error(
            Diagnostic::error("misplaced-val", "`val()` stands on the right only", term.span)
                .help("write the field without `val()`"),
        );
        return None;
    }
    operand(checker, term)
}

/// What stands on the right: `val(field)` or a transformer.
pub(super) fn right(checker: &mut Checker<'_>, term: &Term) -> Option<Typed> {
    match &term.kind {
        TermKind::Transformer { name, arguments } if name.text == "val" => {
            let inner = match arguments.as_slice() {
                [TermArgument::Term(inner)] if matches!(inner.kind, TermKind::Field(_)) => inner,
                _ => {
                    checker.error(
                        Diagnostic::error(
                            "transformer-arguments",
                            "`val()` takes one field",
                            term.span,
                        )
                        .label("expected `val(field)`"),
                    );
                    return None;
                }
            };
            if term.argument.is_some() {
                checker.error(
                    Diagnostic::error(
                        "field-argument",
                        "`val()` takes no argument in brackets",
                        term.span,
                    )
                    .help("put the brackets behind the field: `val(field[argument])`"),
                );
                return None;
            }
            transformed_field(checker, inner)
        }
        TermKind::Transformer { .. } => operand(checker, term),
        // The parser makes a term of nothing else, but a field here means the same.
        TermKind::Field(_) => transformed_field(checker, term),
    }
}

fn operand(checker: &mut Checker<'_>, term: &Term) -> Option<Typed> {
    match &term.kind {
        TermKind::Field(name) => field(checker, name, term),
        TermKind::Transformer { name, arguments } => transformer(checker, name, arguments, term),
    }
}

fn field(checker: &mut Checker<'_>, name: &Name, term: &Term) -> Option<Typed> {
    let argument = match &term.argument {
        None => None,
        Some(literal) => Some(argument_text(checker, literal)?),
    };
    match FieldRef::resolve(&name.text, argument) {
        Ok(field) => {
            let kind = Type { kind: field.kind(), multiplicity: field.multiplicity() };
            Some(Typed { operand: Operand::Field(field), kind, span: term.span })
        }
        Err(error) => {
            checker.error(field_error(&error, &name.text, term.span));
            None
        }
    }
}

/// A field as the argument of a transformer or of `val()`.
pub(super) fn transformed_field(checker: &mut Checker<'_>, term: &Term) -> Option<Typed> {
    let typed = operand(checker, term)?;
    if let Operand::Field(field) = &typed.operand
        && !field.id.field().transformable
    {
        checker.error(Diagnostic::error(
            "not-transformable",
            format!(
                "`{field}` can be neither transformed nor the value that another is compared with"
            ),
            term.span,
        ));
        return None;
    }
    Some(typed)
}

/// What stands in brackets, as text.
pub(super) fn argument_text<'l>(
    checker: &mut Checker<'_>,
    literal: &'l Literal,
) -> Option<&'l str> {
    match std::str::from_utf8(&literal.text) {
        Ok(text) if !text.contains('\0') => Some(text),
        _ => {
            checker.error(Diagnostic::error(
                "field-argument",
                "an argument must be UTF-8 without NUL",
                literal.span,
            ));
            None
        }
    }
}

/// A term of an output: a field or a transformer, as on the left of an operator.
pub(crate) fn operand_in_output(
    term: &Term,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Operand, FieldType, Multiplicity)> {
    let typed = left(&mut Checker::new(diagnostics), term)?;
    Some((typed.operand, typed.kind.kind, typed.kind.multiplicity))
}
