//! A format, piece by piece.

use super::scan::Scanner;
use crate::fields::CATALOGUE;
use crate::fields::Field;
use crate::fields::FieldError;
use crate::fields::FieldRef;
use crate::fields::Print;
use crate::matcher::Format;
use crate::matcher::Operand;
use crate::matcher::Piece;
use crate::rules::Diagnostic;
use crate::rules::MappedText;
use crate::rules::ast::Name;
use crate::rules::ast::Term;
use crate::rules::ast::TermKind;
use crate::rules::check::field_error;
use crate::rules::check::operand_in_output;
use crate::rules::check::shown;
use crate::rules::nearest::nearest;

/// Bytes of a name that are looked at: no field's name with its argument is longer.
const LONGEST_NAME: usize = 256;

/// What Falco's container engine once filled; it is empty now.
const LEGACY: &str = "container.info";

/// Compiles an output. `None` when there are errors, all of which are then in `diagnostics`.
///
/// Behind `%` stands the longest text that is a field or a transformer; what follows it stands for
/// itself. A leading `*` (print although values are missing) is what rules always do; it is
/// dropped.
pub fn compile_output(text: &MappedText, diagnostics: &mut Vec<Diagnostic>) -> Option<Format> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut fields: Vec<(Box<str>, FieldRef)> = Vec::new();
    let mut good = true;
    let mut at = usize::from(text.text.starts_with('*'));
    while let Some(rest) = text.text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(percent) = rest.find('%') else {
            push_text(&mut pieces, rest);
            break;
        };
        push_text(&mut pieces, rest.get(..percent).unwrap_or_default());
        let start = at + percent;
        match placeholder(text, start, &mut fields, diagnostics) {
            Ok((end, piece)) => {
                pieces.extend(piece);
                at = end;
            }
            Err(end) => {
                good = false;
                at = end;
            }
        }
    }
    good.then(|| Format::new(pieces, fields))
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.into()));
    }
}

/// What stands behind the `%` at `start`: where it ends, and the piece that it is, if any. An
/// error, which is reported, says where to go on.
fn placeholder(
    text: &MappedText,
    start: usize,
    fields: &mut Vec<(Box<str>, FieldRef)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(usize, Option<Piece>), usize> {
    let behind = start + 1;
    let rest = text.text.get(behind..).unwrap_or_default();
    if rest.is_empty() {
        diagnostics.push(
            Diagnostic::error("output-format", "a `%` at the end", text.span(start, behind))
                .label("expected a field")
                .help("a `%` cannot be printed"),
        );
        return Err(behind);
    }
    if rest.starts_with('%') {
        diagnostics.push(
            Diagnostic::error("output-format", "no field behind `%`", text.span(start, behind + 1))
                .label("expected a field")
                .help("a `%` cannot be printed: Falco has no `%%` either"),
        );
        return Err(behind + 1);
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let width = match rest.get(..digits).unwrap_or_default() {
        "" => None,
        number => match number.parse::<u16>() {
            Ok(width) => Some(width),
            Err(_) => {
                diagnostics.push(
                    Diagnostic::error(
                        "output-format",
                        format!("a width of {} is too large", shown(number)),
                        text.span(behind, behind + digits),
                    )
                    .label("expected at most 65535"),
                );
                return Err(behind + digits);
            }
        },
    };
    let name_at = behind + digits;
    let rest = text.text.get(name_at..).unwrap_or_default();
    let length = rest
        .bytes()
        .take(LONGEST_NAME)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        .count();
    let name = rest.get(..length).unwrap_or_default();

    if !name.contains('.') && rest.as_bytes().get(length) == Some(&b'(') {
        return transformed(text, start, name_at, width, fields, diagnostics);
    }
    if let Some(end) = longest_field(rest, name) {
        let written = rest.get(..end).unwrap_or_default();
        if written.starts_with(LEGACY) {
            return Ok((name_at + LEGACY.len(), None));
        }
        if let Ok(field) = FieldRef::parse(written) {
            let definition = field.id.field();
            if definition.filter_only {
                diagnostics.push(filter_only(definition, text, start, name_at + end));
                return Err(name_at + end);
            }
            fields.push((written.into(), field.clone()));
            let print = definition.print;
            let piece = Piece::Value { operand: Operand::Field(field), print, width };
            return Ok((name_at + end, Some(piece)));
        }
    }
    let end = name_at + length;
    let bracketed = rest.get(length..).and_then(|rest| rest.strip_prefix('['));
    let argument = bracketed.and_then(|rest| rest.split_once(']')).map(|(argument, _)| argument);
    diagnostics.push(unknown(name, argument, text, start, end));
    Err(end)
}

/// The end of the longest text that is a field, with or without an argument in brackets.
fn longest_field(rest: &str, name: &str) -> Option<usize> {
    if let Some(bracket) = rest.get(name.len()..).filter(|rest| rest.starts_with('['))
        && let Some(close) = bracket.find(']')
    {
        let end = name.len() + close + 1;
        if FieldRef::parse(rest.get(..end)?).is_ok() {
            return Some(end);
        }
    }
    if name.starts_with(LEGACY) {
        return Some(LEGACY.len());
    }
    // All bytes of a name are ASCII.
    (1..=name.len())
        .rev()
        .find(|&end| name.get(..end).is_some_and(|name| FieldRef::resolve(name, None).is_ok()))
}

fn transformed(
    text: &MappedText,
    start: usize,
    name_at: usize,
    width: Option<u16>,
    fields: &mut Vec<(Box<str>, FieldRef)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(usize, Option<Piece>), usize> {
    let mut scanner = Scanner::new(text, name_at);
    let term = match scanner.transformer() {
        Ok(term) => term,
        Err((message, at)) => {
            let last = at.min(text.text.len().saturating_sub(1));
            diagnostics.push(
                Diagnostic::error("output-format", message, text.span(last, last + 1))
                    .also(text.span(start, name_at), "the transformer begins here"),
            );
            return Err(at.max(name_at));
        }
    };
    let end = scanner.at();
    let before = diagnostics.len();
    let operand = operand_in_output(&term, diagnostics);
    if diagnostics.len() > before {
        return Err(end);
    }
    let Some((operand, ..)) = operand else { return Err(end) };
    plain_fields(&term, text, diagnostics, fields)?;
    Ok((end, Some(Piece::Value { operand, print: Print::Plain, width })))
}

/// The fields in a term: they are in `output_fields`, transformed values are not.
fn plain_fields(
    term: &Term,
    text: &MappedText,
    diagnostics: &mut Vec<Diagnostic>,
    fields: &mut Vec<(Box<str>, FieldRef)>,
) -> Result<(), usize> {
    use crate::rules::ast::TermArgument;

    fn arguments<'t>(term: &'t Term, names: &mut Vec<(&'t Name, Option<&'t [u8]>)>) {
        fn list<'t>(items: &'t [TermArgument], names: &mut Vec<(&'t Name, Option<&'t [u8]>)>) {
            for item in items {
                match item {
                    TermArgument::Term(term) => arguments(term, names),
                    TermArgument::Literal(_) => {}
                    TermArgument::List(items, _) => list(items, names),
                }
            }
        }
        match &term.kind {
            TermKind::Field(name) => {
                names.push((name, term.argument.as_ref().map(|argument| &*argument.text)));
            }
            TermKind::Transformer { arguments, .. } => list(arguments, names),
        }
    }

    let mut names = Vec::new();
    arguments(term, &mut names);
    for (name, argument) in names {
        let argument = argument.and_then(|argument| std::str::from_utf8(argument).ok());
        let Ok(field) = FieldRef::resolve(&name.text, argument) else { continue };
        if field.id.field().filter_only {
            diagnostics.push(filter_only(field.id.field(), text, 0, text.text.len()));
            return Err(text.text.len());
        }
        let written = match argument {
            None => name.text.clone(),
            Some(argument) => format!("{}[{argument}]", name.text),
        };
        fields.push((written.into(), field));
    }
    Ok(())
}

fn filter_only(field: &Field, text: &MappedText, start: usize, end: usize) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "filter-only-field",
        format!("`{}` stands in conditions only", field.name),
        text.span(start, end),
    )
    .label("cannot be printed");
    match field.name {
        "fd.ip" => diagnostic.help("print `%fd.cip` and `%fd.sip`, or `%fd.lip` and `%fd.rip`"),
        "fd.port" | "fd.proto" => {
            diagnostic.help("print `%fd.cport` and `%fd.sport`, or `%fd.lport` and `%fd.rport`")
        }
        name if name.ends_with("net") => diagnostic.help("print the address instead"),
        _ => diagnostic,
    }
}

fn unknown(
    name: &str,
    argument: Option<&str>,
    text: &MappedText,
    start: usize,
    end: usize,
) -> Diagnostic {
    let span = text.span(start, end);
    if name.is_empty() {
        return Diagnostic::error("output-format", "no field behind `%`", span)
            .label("expected a field")
            .help("a `%` cannot be printed");
    }
    match FieldRef::resolve(name, argument) {
        Err(error) if error != FieldError::Unknown => field_error(&error, name, span),
        _ => {
            let name = name.trim_end_matches('.');
            let diagnostic = Diagnostic::error(
                "unknown-output-field",
                format!("there is no field `{}`", shown(name)),
                span,
            )
            .label("not a field");
            match nearest(name, CATALOGUE.iter().map(|field| field.name)) {
                Some(near) => diagnostic.help(format!("did you mean `%{near}`?")),
                None => diagnostic.help("`driftd rules fields` prints all fields"),
            }
        }
    }
}
