//! JSON values to values of the type that a field has.

use std::net::IpAddr;

use serde_json::Value as Json;

use crate::fields::FieldType;
use crate::fields::Value;
use crate::fields::Values;

/// A value that the event keeps.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stored {
    Missing,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Text(Box<[u8]>),
    Bytes(Box<[u8]>),
    Address(IpAddr),
    List(List),
}

/// Several values. A type of its own so that it can be lent as a trait object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct List(pub(super) Vec<Stored>);

impl Stored {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Missing => Value::Missing,
            Self::Bool(value) => Value::Bool(*value),
            Self::Signed(value) => Value::Signed(*value),
            Self::Unsigned(value) => Value::Unsigned(*value),
            Self::Text(value) => Value::Text(value),
            Self::Bytes(value) => Value::Bytes(value),
            Self::Address(value) => Value::Address(*value),
            Self::List(values) => Value::List(values),
        }
    }
}

impl Values for List {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Value<'_> {
        self.0.get(index).map_or(Value::Missing, Stored::value)
    }
}

/// One value; what is wrong with it otherwise.
pub(super) fn scalar(json: &Json, kind: FieldType) -> Result<Stored, String> {
    match kind {
        FieldType::Bool => json.as_bool().map(Stored::Bool),
        FieldType::Signed(bits) => json.as_i64().and_then(|value| {
            let largest = i64::MAX >> (64 - bits.clamp(1, 64));
            (-largest - 1..=largest).contains(&value).then_some(Stored::Signed(value))
        }),
        FieldType::Unsigned(bits) => unsigned(json, bits),
        FieldType::Port => unsigned(json, 16),
        FieldType::Time | FieldType::Duration => unsigned(json, 64),
        FieldType::Text | FieldType::Path => {
            let bytes = bytes(json)?;
            if bytes.as_ref().is_some_and(|bytes| bytes.contains(&0)) {
                return Err("text cannot hold NUL".to_owned());
            }
            bytes.map(Stored::Text)
        }
        FieldType::Bytes => bytes(json)?.map(Stored::Bytes),
        FieldType::Address | FieldType::Network => {
            json.as_str().and_then(|text| text.parse().ok()).map(Stored::Address)
        }
    }
    .ok_or_else(|| format!("expected {kind}, found {}", found(json)))
}

fn unsigned(json: &Json, bits: u8) -> Option<Stored> {
    let largest = u64::MAX >> (64 - bits.clamp(1, 64));
    json.as_u64().filter(|&value| value <= largest).map(Stored::Unsigned)
}

/// A string, or `{"hex": "..."}`; `None` when it is neither.
fn bytes(json: &Json) -> Result<Option<Box<[u8]>>, String> {
    match json {
        Json::String(text) => Ok(Some(text.as_bytes().into())),
        Json::Object(object) => match (object.len(), object.get("hex")) {
            (1, Some(Json::String(digits))) => hex(digits)
                .map(Some)
                .ok_or_else(|| "`hex` must hold hexadecimal digits in pairs".to_owned()),
            _ => Err("an object here must be `{\"hex\": \"...\"}`".to_owned()),
        },
        _ => Ok(None),
    }
}

fn hex(digits: &str) -> Option<Box<[u8]>> {
    let digits: Option<Vec<u8>> = digits
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// What a JSON value is, in words.
pub(super) fn found(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(_) => "a boolean".to_owned(),
        Json::Number(number) => format!("the number {number}"),
        Json::String(text) => {
            let short: String = text.chars().take(40).collect();
            format!("the text {short:?}")
        }
        Json::Array(_) => "an array".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}
