//! Parts of a condition that stand alone in YAML: items of lists, and the fields, operators and
//! values of exceptions.

use super::cursor::Cursor;
use super::cursor::is_bare;
use super::cursor::is_blank;
use super::literal::number_length;
use super::literal::quoted;
use super::literal::unescape;
use super::operator::Operand;
use super::operator::WORDS;
use super::operator::operator;
use super::term::term;
use crate::rules::Diagnostic;
use crate::rules::MappedText;
use crate::rules::ast::Literal;
use crate::rules::ast::Modifier;
use crate::rules::ast::Operator;
use crate::rules::ast::Quote;
use crate::rules::ast::Right;
use crate::rules::ast::Term;
use crate::rules::nearest::nearest;

/// Whether a value can be written without quotes.
pub(crate) fn is_bare_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_bare)
}

/// A value that is an item of a YAML list. In quotes of its own it is a quoted string; with blanks
/// in it, it is one too, as Falco puts quotes around it; otherwise it is a bare one.
pub(crate) fn item_value(text: &MappedText) -> Result<Literal, Box<Diagnostic>> {
    let span = text.span(0, text.text.len());
    if text.text.starts_with(['"', '\'']) {
        let mut cursor = Cursor::new(text);
        if let Some(literal) = quoted(&mut cursor)?
            && cursor.is_at_end()
        {
            return Ok(literal);
        }
    }
    if text.text.bytes().any(is_blank) {
        let place = |from, to| text.span(from, to);
        let value = unescape(&text.text, Quote::Double, &place)?;
        return Ok(Literal { text: value.into(), quote: Some(Quote::Double), span });
    }
    Ok(Literal { text: text.text.as_bytes().into(), quote: None, span })
}

/// A field or a transformer of fields, and nothing else.
pub(crate) fn parse_field(text: &MappedText) -> Result<Term, Box<Diagnostic>> {
    let mut cursor = Cursor::new(text);
    cursor.skip_blanks();
    let field = term(&mut cursor)?;
    cursor.skip_blanks();
    match field {
        Some(field) if cursor.is_at_end() => Ok(field),
        _ => {
            let span = text.span(0, text.text.len());
            let fault = Diagnostic::error(
                "expected-field",
                format!("`{}` is not a field", text.text),
                span,
            )
            .label("a field expected")
            .help("the name of a field has a dot in it, as in `proc.name`");
            Err(Box::new(fault))
        }
    }
}

/// An operator that compares with something, with its modifier, and nothing else.
pub(crate) fn parse_operator(
    text: &MappedText,
) -> Result<(Operator, Option<Modifier>), Box<Diagnostic>> {
    let mut cursor = Cursor::new(text);
    cursor.skip_blanks();
    let found = operator(&mut cursor);
    cursor.skip_blanks();
    let modifier = match cursor.rest().trim_end() {
        "" => Some(None),
        "oneof" => Some(Some(Modifier::OneOf)),
        "anyof" => Some(Some(Modifier::AnyOf)),
        "allof" => Some(Some(Modifier::AllOf)),
        _ => None,
    };
    match (found, modifier) {
        (Some(operator), Some(modifier))
            if operator.operand() != Operand::Nothing
                && (modifier.is_none() || operator.operand() == Operand::Text) =>
        {
            Ok((operator, modifier))
        }
        _ => {
            let span = text.span(0, text.text.len());
            let mut fault = Diagnostic::error(
                "expected-operator",
                format!("`{}` is not an operator that compares", text.text),
                span,
            )
            .label("an operator expected");
            if let Some(name) = nearest(&text.text, WORDS.iter().map(|word| word.as_str())) {
                fault = fault.help(format!("an operator with a similar name: `{name}`"));
            }
            Err(Box::new(fault))
        }
    }
}

/// The right-hand side of a comparison, from one YAML scalar.
pub(crate) fn parse_right(
    text: &MappedText,
    operator: Operator,
    modifier: Option<Modifier>,
) -> Result<Right, Box<Diagnostic>> {
    let list = modifier.is_some() || operator.operand() == Operand::List;
    let mut cursor = Cursor::new(text);
    if !text.text.starts_with(['"', '\'', '('])
        && let Ok(Some(field)) = term(&mut cursor)
        && cursor.is_at_end()
        && matches!(field.kind, crate::rules::ast::TermKind::Transformer { .. })
        && modifier.is_none()
    {
        return Ok(Right::Term(field));
    }
    let span = text.span(0, text.text.len());
    if list {
        let inside = text.text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let mut at = usize::from(inside.is_some());
        // Falco puts parentheses around it: commas separate values.
        let inside = inside.unwrap_or(&text.text);
        let mut values = Vec::new();
        for part in split_values(inside) {
            let leading = part.len() - part.trim_start().len();
            let piece = text.slice(at + leading, at + leading + part.trim().len());
            if !piece.text.is_empty() {
                values.push(item_value(&piece)?);
            }
            at += part.len() + 1;
        }
        return Ok(Right::List(values, span));
    }
    let value = item_value(text)?;
    if operator.operand() == Operand::Number
        && (value.quote.is_some() || number_length(&value.text) != value.text.len())
    {
        let message = format!("`{}` is not a number", text.text);
        let fault = Diagnostic::error("expected-number", message, span).label("a number expected");
        return Err(Box::new(fault));
    }
    Ok(Right::Value(value))
}

/// The parts between commas that stand in no quotes.
fn split_values(inside: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut open: Option<char> = None;
    let mut before = ' ';
    for (at, c) in inside.char_indices() {
        match open {
            Some(quote) if c == quote && before != '\\' => open = None,
            None if matches!(c, '"' | '\'') => open = Some(c),
            None if c == ',' => {
                parts.push(inside.get(start..at).unwrap_or(""));
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    parts.push(inside.get(start..).unwrap_or(""));
    parts
}
