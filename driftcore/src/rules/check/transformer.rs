//! Transformers: how many arguments of which types each takes, and what it gives.

use super::checker::Checker;
use super::operand::Type;
use super::operand::Typed;
use super::operand::argument_text;
use super::operand::transformed_field;
use super::shown::shown;
use crate::fields::FieldType;
use crate::matcher::Operand;
use crate::matcher::Transformer;
use crate::rules::Diagnostic;
use crate::rules::ast::Literal;
use crate::rules::ast::Name;
use crate::rules::ast::Term;
use crate::rules::ast::TermArgument;
use crate::rules::nearest::nearest;

const NAMES: [(&str, Transformer); 8] = [
    ("b64", Transformer::Base64),
    ("basename", Transformer::Basename),
    ("concat", Transformer::Concat),
    ("getopt", Transformer::GetOpt),
    ("join", Transformer::Join),
    ("len", Transformer::Length),
    ("tolower", Transformer::ToLower),
    ("toupper", Transformer::ToUpper),
];

const TEXT: Type = Type::one(FieldType::Text);
const TEXTS: Type = Type::list(FieldType::Text);

/// A transformer with its arguments.
pub(super) fn transformer(
    checker: &mut Checker<'_>,
    name: &Name,
    arguments: &[TermArgument],
    term: &Term,
) -> Option<Typed> {
    let Some(&(_, transformer)) = NAMES.iter().find(|(known, _)| *known == name.text) else {
        let diagnostic = Diagnostic::error(
            "unknown-transformer",
            format!("there is no transformer `{}`", shown(&name.text)),
            name.span,
        )
        .label("not a transformer");
        let known = NAMES.iter().map(|&(known, _)| known);
        checker.error(match nearest(&name.text, known.clone()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("there are {}", known.collect::<Vec<_>>().join(", "))),
        });
        return None;
    };

    let (least, most) = match transformer {
        Transformer::Concat => (2, usize::MAX),
        Transformer::Join | Transformer::GetOpt => (2, 2),
        _ => (1, 1),
    };
    if arguments.len() < least || arguments.len() > most {
        let expected = match (least, most) {
            (1, _) => "one argument",
            (_, usize::MAX) => "two arguments or more",
            _ => "two arguments",
        };
        checker.error(
            Diagnostic::error(
                "transformer-arguments",
                format!("`{}()` takes {expected}, not {}", name.text, arguments.len()),
                term.span,
            )
            .label(format!("expected {expected}")),
        );
        return None;
    }

    // All of them, so that the errors of all are found.
    let typed: Vec<Option<Typed>> =
        arguments.iter().map(|argument| self::argument(checker, argument)).collect();
    let typed: Vec<Typed> = typed.into_iter().collect::<Option<_>>()?;
    let kind = result(checker, transformer, name, &typed)?;
    let (kind, key) = match &term.argument {
        None => (kind, None),
        Some(literal) if transformer == Transformer::GetOpt => {
            let key = argument_text(checker, literal)?;
            (TEXT, Some(Box::from(key)))
        }
        Some(literal) => {
            checker.error(Diagnostic::error(
                "field-argument",
                format!("`{}()` takes no argument in brackets", name.text),
                literal.span,
            ));
            return None;
        }
    };
    let arguments = typed.into_iter().map(|typed| typed.operand).collect();
    let operand = Operand::Transformed { transformer, arguments, key };
    Some(Typed { operand, kind, span: term.span })
}

/// The type of what a transformer gives, when its arguments are of the types that it takes.
fn result(
    checker: &mut Checker<'_>,
    transformer: Transformer,
    name: &Name,
    arguments: &[Typed],
) -> Option<Type> {
    let mut good = true;
    let mut expect = |typed: Option<&Typed>, what: &str, test: &dyn Fn(Type) -> bool| {
        if let Some(typed) = typed
            && !test(typed.kind)
        {
            good = false;
            checker.error(
                Diagnostic::error(
                    "transformer-arguments",
                    format!("`{}()` takes {what} here, not {}", name.text, typed.kind),
                    typed.span,
                )
                .label(format!("expected {what}")),
            );
        }
    };
    let first = arguments.first();
    let one_text = |kind: Type| kind.is_text() && !kind.is_list();
    let texts = |kind: Type| kind.is_text() && kind.is_list();
    let kind = match transformer {
        Transformer::ToLower | Transformer::ToUpper => {
            expect(first, "text", &one_text);
            first.map(|typed| typed.kind)
        }
        Transformer::Basename => {
            expect(first, "text", &one_text);
            Some(TEXT)
        }
        Transformer::Base64 => {
            expect(first, "text or bytes", &|kind| {
                (kind.is_text() || kind.kind == FieldType::Bytes) && !kind.is_list()
            });
            first.map(|typed| typed.kind)
        }
        Transformer::Length => {
            expect(first, "text, bytes or a list", &|kind| {
                kind.is_list() || kind.is_text() || kind.kind == FieldType::Bytes
            });
            Some(Type::one(FieldType::Unsigned(64)))
        }
        Transformer::Join => {
            expect(first, "text", &one_text);
            expect(arguments.get(1), "a list of text", &texts);
            Some(TEXT)
        }
        Transformer::Concat => {
            for typed in arguments {
                expect(Some(typed), "text", &one_text);
            }
            Some(TEXT)
        }
        Transformer::GetOpt => {
            expect(first, "a list of text", &texts);
            expect(arguments.get(1), "text", &one_text);
            Some(TEXTS)
        }
    };
    kind.filter(|_| good)
}

fn argument(checker: &mut Checker<'_>, argument: &TermArgument) -> Option<Typed> {
    match argument {
        TermArgument::Term(term) => transformed_field(checker, term),
        TermArgument::Literal(literal) => constant(checker, literal),
        TermArgument::List(items, span) => {
            let items: Vec<Option<Typed>> =
                items.iter().map(|item| self::argument(checker, item)).collect();
            let items: Vec<Typed> = items.into_iter().collect::<Option<_>>()?;
            // An empty list is one of text: nothing else takes a list of constants.
            let kind = items.first().map_or(TEXT, |item| item.kind);
            for item in &items {
                if item.kind.is_list() || !item.kind.agrees(kind) {
                    checker.error(
                        Diagnostic::error(
                            "transformer-arguments",
                            format!("a list of {} cannot hold {}", kind.kind, item.kind),
                            item.span,
                        )
                        .label(format!("expected {}", kind.kind)),
                    );
                    return None;
                }
            }
            let operands = items.into_iter().map(|item| item.operand).collect();
            Some(Typed {
                operand: Operand::List(operands),
                kind: Type::list(kind.kind),
                span: *span,
            })
        }
    }
}

fn constant(checker: &mut Checker<'_>, literal: &Literal) -> Option<Typed> {
    let span = literal.span;
    if literal.quote.is_some() {
        let operand = Operand::Text((*literal.text).into());
        return Some(Typed { operand, kind: TEXT, span });
    }
    let number = std::str::from_utf8(&literal.text).ok().and_then(|text| text.parse().ok());
    let Some(number) = number else {
        checker.error(
            Diagnostic::error(
                "value-type",
                format!("`{}` is no number", shown(&String::from_utf8_lossy(&literal.text))),
                span,
            )
            .label("expected decimal digits, or text in quotation marks"),
        );
        return None;
    };
    let kind = Type::one(FieldType::Unsigned(64));
    Some(Typed { operand: Operand::Number(number), kind, span })
}
