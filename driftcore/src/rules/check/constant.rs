//! Values as rules write them, of the type that the field has.

use std::net::IpAddr;
use std::sync::Arc;

use super::checker::Checker;
use super::field::unknown_event_type;
use super::number;
use super::number::NumberError;
use super::operand::Typed;
use super::service;
use super::shown::shown;
use crate::fields::EventType;
use crate::fields::FieldType;
use crate::matcher::Constant;
use crate::matcher::Network;
use crate::matcher::Operand;
use crate::rules::Diagnostic;
use crate::rules::ast::Literal;
use crate::rules::nearest::nearest;

/// The constant that a value means beside what is on the left.
pub(super) fn constant(
    checker: &mut Checker<'_>,
    literal: &Literal,
    left: &Typed,
) -> Option<Constant> {
    let result = match left.kind.kind {
        FieldType::Text | FieldType::Path => text(checker, literal).map(Constant::Text).ok_or(None),
        FieldType::Bytes => Ok(Constant::Bytes((*literal.text).into())),
        FieldType::Bool => boolean(literal).map_err(Some),
        FieldType::Signed(bits) => {
            numeric(literal, left, |text| number::signed(text, bits)).map_err(Some)
        }
        FieldType::Unsigned(bits) => {
            numeric(literal, left, |text| number::unsigned(text, bits)).map_err(Some)
        }
        FieldType::Time | FieldType::Duration => {
            numeric(literal, left, |text| number::unsigned(text, 64)).map_err(Some)
        }
        FieldType::Port => port(literal, left).map_err(Some),
        FieldType::Address => address(literal).map_err(Some),
        FieldType::Network => network(literal).map_err(Some),
    };
    let constant = match result {
        Ok(constant) => constant,
        Err(diagnostic) => {
            if let Some(diagnostic) = diagnostic {
                checker.error(*diagnostic);
            }
            return None;
        }
    };
    Some(constant)
}

/// All of them, so that the errors of all are found.
pub(super) fn constants(
    checker: &mut Checker<'_>,
    literals: &[Literal],
    left: &Typed,
) -> Option<Vec<Constant>> {
    let constants: Vec<_> =
        literals.iter().map(|literal| constant(checker, literal, left)).collect();
    constants.into_iter().collect()
}

/// A text without NUL, which no field holds.
pub(super) fn text(checker: &mut Checker<'_>, literal: &Literal) -> Option<Arc<[u8]>> {
    if literal.text.contains(&0) {
        checker.error(
            Diagnostic::error("value-type", "text cannot hold NUL", literal.span)
                .label("no field ever holds this"),
        );
        return None;
    }
    Some(Arc::clone(&literal.text))
}

/// The bytes that a value of hexadecimal digits stands for.
pub(super) fn hex(checker: &mut Checker<'_>, literal: &Literal) -> Option<Box<[u8]>> {
    let digits: Option<Vec<u8>> = literal
        .text
        .iter()
        .map(|&digit| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    match digits {
        Some(digits) if digits.len().is_multiple_of(2) && !digits.is_empty() => {
            Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        _ => {
            checker.error(
                Diagnostic::error(
                    "value-type",
                    format!("`{}` is not bytes in hexadecimal", display(literal)),
                    literal.span,
                )
                .label("expected two hexadecimal digits a byte"),
            );
            None
        }
    }
}

/// Tells whether the values of an operand are names of event types, and checks that they are.
pub(super) fn event_type(
    checker: &mut Checker<'_>,
    left: &Typed,
    literals: &[Literal],
) -> Option<()> {
    let named =
        matches!(&left.operand, Operand::Field(field) if field.id.field().name == "evt.type");
    let mut good = Some(());
    for literal in literals.iter().filter(|_| named) {
        let name = String::from_utf8_lossy(&literal.text);
        if EventType::of(&name).is_none() {
            checker.error(unknown_event_type(&name, literal.span));
            good = None;
        }
    }
    good
}

fn boolean(literal: &Literal) -> Result<Constant, Box<Diagnostic>> {
    match &*literal.text {
        b"true" => Ok(Constant::Bool(true)),
        b"false" => Ok(Constant::Bool(false)),
        _ => Err(wrong(literal, "neither `true` nor `false`", "expected `true` or `false`").into()),
    }
}

fn numeric(
    literal: &Literal,
    left: &Typed,
    parse: impl Fn(&str) -> Result<Constant, NumberError>,
) -> Result<Constant, Box<Diagnostic>> {
    let text = std::str::from_utf8(&literal.text).unwrap_or_default();
    parse(text).map_err(|error| {
        let diagnostic = match error {
            NumberError::NotNumber => wrong(literal, "no number", "expected a decimal number"),
            NumberError::NotDecimal(form) => {
                wrong(literal, "no decimal number", "expected decimal digits only")
                    .help(format!("Falco takes no number {form} either"))
            }
            NumberError::Negative => wrong(literal, "negative", "expected 0 or more")
                .help(format!("the value is {}; only -1 is taken, as the largest one", left.kind)),
            NumberError::Range => {
                wrong(literal, "out of range", "no value is ever this large or small")
                    .help(format!("the value is {}", left.kind))
            }
        };
        Box::new(diagnostic)
    })
}

fn port(literal: &Literal, left: &Typed) -> Result<Constant, Box<Diagnostic>> {
    let text = std::str::from_utf8(&literal.text).unwrap_or_default();
    if let Some(port) = service::port(text) {
        return Ok(Constant::Unsigned(port.into()));
    }
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let diagnostic =
            wrong(literal, "neither a port nor a known service", "expected 0 to 65535");
        return Err(Box::new(match nearest(text, service::names()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("name the port by its number"),
        }));
    }
    numeric(literal, left, |text| number::unsigned(text, 16))
}

fn address(literal: &Literal) -> Result<Constant, Box<Diagnostic>> {
    let text = std::str::from_utf8(&literal.text).unwrap_or_default();
    text.parse::<IpAddr>().map(Constant::Address).map_err(|_| {
        let diagnostic = wrong(literal, "no IP address", "expected an IPv4 or IPv6 address");
        Box::new(if text.contains('/') {
            diagnostic.help("networks are tested with `fd.net`, `fd.snet`, `fd.cnet`, ...")
        } else {
            diagnostic
        })
    })
}

fn network(literal: &Literal) -> Result<Constant, Box<Diagnostic>> {
    let text = std::str::from_utf8(&literal.text).unwrap_or_default();
    let parsed = text.split_once('/').and_then(|(address, prefix)| {
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|_| digits)?;
        Network::new(address.parse().ok()?, prefix)
    });
    parsed.map(Constant::Network).ok_or_else(|| {
        let diagnostic =
            wrong(literal, "no IP network", "expected `address/prefix`, e.g. `10.0.0.0/8`");
        Box::new(match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => diagnostic.help(format!("one address is `{text}/32`")),
            Ok(IpAddr::V6(_)) => diagnostic.help(format!("one address is `{text}/128`")),
            Err(_) => diagnostic,
        })
    })
}

fn wrong(literal: &Literal, what: &str, expected: &'static str) -> Diagnostic {
    Diagnostic::error("value-type", format!("`{}` is {what}", display(literal)), literal.span)
        .label(expected)
}

fn display(literal: &Literal) -> String {
    shown(&String::from_utf8_lossy(&literal.text))
}
