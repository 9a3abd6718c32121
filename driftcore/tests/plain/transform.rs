//! Operands: fields and transformers.

use driftcore::fields::Fields;
use driftcore::fields::Value;
use driftcore::matcher::Operand;
use driftcore::matcher::Transformer;

use super::event::List;
use super::event::Owned;
use super::event::PlainEvent;

pub fn value(operand: &Operand, event: &PlainEvent) -> Owned {
    match operand {
        Operand::Field(field) => owned(event.get(field)),
        Operand::Text(text) => Owned::Text(text.to_vec()),
        Operand::Number(number) => Owned::Unsigned(*number),
        Operand::List(items) => {
            let values: Vec<Owned> = items.iter().map(|item| value(item, event)).collect();
            if values.iter().all(|value| matches!(value, Owned::Text(_))) {
                Owned::list(values)
            } else {
                Owned::Missing
            }
        }
        Operand::Transformed { transformer, arguments, key } => {
            let arguments: Vec<Owned> =
                arguments.iter().map(|argument| value(argument, event)).collect();
            transformed(*transformer, &arguments, key.as_deref()).unwrap_or(Owned::Missing)
        }
    }
}

fn owned(value: Value<'_>) -> Owned {
    match value {
        Value::Missing => Owned::Missing,
        Value::Bool(value) => Owned::Bool(value),
        Value::Signed(value) => Owned::Signed(value),
        Value::Unsigned(value) => Owned::Unsigned(value),
        Value::Text(text) => Owned::Text(text.to_vec()),
        Value::Bytes(bytes) => Owned::Bytes(bytes.to_vec()),
        Value::Address(address) => Owned::Address(address),
        Value::List(values) => {
            Owned::list((0..values.len()).map(|index| owned(values.get(index))).collect())
        }
    }
}

fn text(value: &Owned) -> Option<&[u8]> {
    match value {
        Owned::Text(text) => Some(text),
        _ => None,
    }
}

fn texts(value: &Owned) -> Option<Vec<&[u8]>> {
    match value {
        Owned::List(List(values)) => values.iter().map(text).collect(),
        _ => None,
    }
}

fn transformed(transformer: Transformer, arguments: &[Owned], key: Option<&str>) -> Option<Owned> {
    let first = arguments.first()?;
    Some(match transformer {
        Transformer::ToLower => Owned::Text(text(first)?.to_ascii_lowercase()),
        Transformer::ToUpper => Owned::Text(text(first)?.to_ascii_uppercase()),
        Transformer::Base64 => match first {
            Owned::Text(text) => {
                let decoded = base64(text)?;
                Owned::Text(decoded.split(|byte| *byte == 0).next()?.to_vec())
            }
            Owned::Bytes(bytes) => Owned::Bytes(base64(bytes)?),
            _ => return None,
        },
        Transformer::Basename => {
            Owned::Text(text(first)?.rsplit(|byte| *byte == b'/').next()?.to_vec())
        }
        Transformer::Length => Owned::Unsigned(match first {
            Owned::Text(bytes) | Owned::Bytes(bytes) => bytes.len() as u64,
            Owned::List(List(values)) => values.len() as u64,
            _ => return None,
        }),
        Transformer::Join => {
            let separator = text(first)?;
            Owned::Text(texts(arguments.get(1)?)?.join(separator))
        }
        Transformer::Concat => {
            let all: Option<Vec<&[u8]>> = arguments.iter().map(text).collect();
            Owned::Text(all?.concat())
        }
        Transformer::GetOpt => {
            let given = options(&texts(first)?, text(arguments.get(1)?)?);
            match key {
                None => {
                    Owned::list(given.into_iter().map(|(_, value)| Owned::Text(value)).collect())
                }
                Some(key) => {
                    let of_key = |(option, _): &&(u8, Vec<u8>)| [*option] == *key.as_bytes();
                    let last = given.iter().rfind(of_key);
                    Owned::Text(last?.1.clone())
                }
            }
        }
        _ => panic!("a transformer that is not known here"),
    })
}

fn base64(text: &[u8]) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let without = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    if without.is_empty() {
        return text.is_empty().then(Vec::new);
    }
    let mut bits = Vec::new();
    for byte in without {
        let digit = ALPHABET.iter().position(|known| known == byte)?;
        bits.extend((0..6).rev().map(|bit| digit >> bit & 1 == 1));
    }
    let whole = bits.chunks_exact(8);
    let rest = whole.remainder();
    if rest.len() == 6 || rest.contains(&true) {
        return None;
    }
    Some(whole.map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit))).collect())
}

/// Every option with its value, in order.
fn options(arguments: &[&[u8]], known: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if *argument == b"--" {
            break;
        }
        if argument.len() < 2 || argument[0] != b'-' {
            continue;
        }
        for at in 1..argument.len() {
            let letter = argument[at];
            let Some(place) = known.iter().position(|k| *k == letter && letter != b':') else {
                continue;
            };
            if known.get(place + 1) != Some(&b':') {
                found.push((letter, Vec::new()));
                continue;
            }
            if at + 1 < argument.len() {
                found.push((letter, argument[at + 1..].to_vec()));
            } else if let Some(next) = rest.next() {
                found.push((letter, next.to_vec()));
            }
            break;
        }
    }
    found
}
