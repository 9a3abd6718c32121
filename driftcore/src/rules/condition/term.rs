//! Fields and transformers.

use super::cursor::Cursor;
use super::cursor::Fault;
use super::cursor::is_bare_argument;
use super::literal::number;
use super::literal::quoted;
use crate::rules::Diagnostic;
use crate::rules::ast::Literal;
use crate::rules::ast::Name;
use crate::rules::ast::Term;
use crate::rules::ast::TermArgument;
use crate::rules::ast::TermKind;

/// How deep transformers and lists may stand in one another. Far above use, and little enough for
/// the stack.
const DEEPEST: usize = 64;

/// Takes the field or transformer here, if one begins here: a name with a dot in it, or a name with
/// a parenthesis right behind it.
pub(super) fn term(cursor: &mut Cursor<'_>) -> Result<Option<Term>, Fault> {
    term_at_depth(cursor, 0)
}

fn term_at_depth(cursor: &mut Cursor<'_>, depth: usize) -> Result<Option<Term>, Fault> {
    let start = cursor.at();
    if let Some(name) = field_name(cursor) {
        let argument = argument(cursor)?;
        return Ok(Some(Term {
            kind: TermKind::Field(name),
            argument,
            span: cursor.span_from(start),
        }));
    }
    let length = cursor.identifier_length();
    let keyword = ["and", "or", "not"].iter().any(|keyword| cursor.is_at_keyword(keyword));
    if length == 0 || keyword || cursor.peek_at(length) != Some(b'(') {
        return Ok(None);
    }
    if depth == DEEPEST {
        let message = format!("transformers stand more than {DEEPEST} deep in one another");
        let span = cursor.span(start, start + length);
        return Err(Box::new(Diagnostic::error("nesting", message, span)));
    }
    let name = take_name(cursor, length);
    let open = cursor.at();
    cursor.go_to(open + 1);
    let arguments = arguments(cursor, open, depth + 1)?;
    let argument = argument(cursor)?;
    let kind = TermKind::Transformer { name, arguments };
    Ok(Some(Term { kind, argument, span: cursor.span_from(start) }))
}

/// Takes the name of a field here, if there is one.
fn field_name(cursor: &mut Cursor<'_>) -> Option<Name> {
    let mut look = *cursor;
    let first = look.identifier_length();
    if first == 0 {
        return None;
    }
    look.go_to(look.at() + first);
    let mut segments = 1;
    while look.peek() == Some(b'.') {
        let mut behind = look;
        behind.go_to(look.at() + 1);
        let length = behind.identifier_length();
        if length == 0 {
            break;
        }
        behind.go_to(behind.at() + length);
        look = behind;
        segments += 1;
    }
    let length = look.at() - cursor.at();
    (segments > 1).then(|| take_name(cursor, length))
}

pub(super) fn take_name(cursor: &mut Cursor<'_>, length: usize) -> Name {
    let start = cursor.at();
    let text = cursor.rest().get(..length).unwrap_or("").to_owned();
    cursor.go_to(start + length);
    Name { text, span: cursor.span_from(start) }
}

/// Takes `[...]` here, if it is here.
fn argument(cursor: &mut Cursor<'_>) -> Result<Option<Literal>, Fault> {
    let open = cursor.at();
    if !cursor.eat("[") {
        return Ok(None);
    }
    let literal = match quoted(cursor)? {
        Some(literal) => literal,
        None => {
            let start = cursor.at();
            let text = cursor.take_while(is_bare_argument);
            if text.is_empty() {
                let fault = Diagnostic::error(
                    "expected-argument",
                    format!("an argument is expected between the brackets, not {}", cursor.found()),
                    cursor.span_here(),
                )
                .label("a number, a name or a quoted string expected");
                return Err(Box::new(fault));
            }
            Literal { text: text.as_bytes().into(), quote: None, span: cursor.span_from(start) }
        }
    };
    if cursor.eat("]") {
        return Ok(Some(literal));
    }
    let fault = Diagnostic::error(
        "unclosed-bracket",
        format!("`]` is expected behind the argument, not {}", cursor.found()),
        cursor.span_here(),
    )
    .label("`]` expected")
    .also(cursor.span(open, open + 1), "the bracket that is open");
    Err(Box::new(fault))
}

/// Takes what a transformer is given, with the closing parenthesis.
fn arguments(
    cursor: &mut Cursor<'_>,
    open: usize,
    depth: usize,
) -> Result<Vec<TermArgument>, Fault> {
    let mut arguments = Vec::new();
    loop {
        cursor.skip_blanks();
        if arguments.is_empty() && cursor.eat(")") {
            return Ok(arguments);
        }
        arguments.push(one_argument(cursor, depth)?);
        cursor.skip_blanks();
        if cursor.eat(")") {
            return Ok(arguments);
        }
        if !cursor.eat(",") {
            let fault = Diagnostic::error(
                "unclosed-parenthesis",
                format!("`,` or `)` is expected, not {}", cursor.found()),
                cursor.span_here(),
            )
            .label("`,` or `)` expected")
            .also(cursor.span(open, open + 1), "the parenthesis that is open");
            return Err(Box::new(fault));
        }
    }
}

fn one_argument(cursor: &mut Cursor<'_>, depth: usize) -> Result<TermArgument, Fault> {
    if let Some(literal) = quoted(cursor)? {
        return Ok(TermArgument::Literal(literal));
    }
    if let Some(literal) = number(cursor) {
        return Ok(TermArgument::Literal(literal));
    }
    let open = cursor.at();
    if depth < DEEPEST && cursor.eat("(") {
        let list = arguments(cursor, open, depth + 1)?;
        return Ok(TermArgument::List(list, cursor.span_from(open)));
    }
    if let Some(term) = term_at_depth(cursor, depth)? {
        return Ok(TermArgument::Term(term));
    }
    let fault = Diagnostic::error(
        "expected-argument",
        format!("an argument of a transformer is expected, not {}", cursor.found()),
        cursor.span_here(),
    )
    .label("a field, a transformer, a number, a quoted string or a list expected");
    Err(Box::new(fault))
}
