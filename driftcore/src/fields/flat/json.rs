//! Events of JSON objects.

use serde_json::Value as Json;

use super::check::check_field;
use super::check::checked;
use super::check::found_text;
use super::derive::EVENT_TYPE;
use super::derive::TIME;
use super::error::FlatEventError;
use super::event::FlatEvent;
use super::slot::List;
use crate::fields::EventType;
use crate::fields::FieldRef;
use crate::fields::FieldType;
use crate::fields::Multiplicity;
use crate::fields::Value;

impl FlatEvent {
    /// The event of a JSON text. Errs when it is no JSON, no object, or holds a key that is no
    /// field, a value of another type, or no `evt.type`.
    pub fn parse(text: &str) -> Result<Self, FlatEventError> {
        let json: Json = serde_json::from_str(text)
            .map_err(|error| FlatEventError::new(format!("this is no JSON: {error}")))?;
        Self::from_json(&json)
    }

    /// The event of a JSON object.
    pub fn from_json(json: &Json) -> Result<Self, FlatEventError> {
        let object = json.as_object().ok_or_else(|| {
            FlatEventError::new(format!("expected an object of fields, found {}", found(json)))
        })?;
        // Of some type until its own has been read, which may come last.
        let mut event = Self::new(EventType::EXECVE);
        let mut event_type = None;
        for (key, json) in object {
            let at = |message| FlatEventError::at(key, message);
            let field = FieldRef::parse(key).map_err(|error| at(error.to_string()))?;
            check_field(&field).map_err(at)?;
            if field.id == EVENT_TYPE {
                event_type = type_name(json).map_err(at)?;
                continue;
            }
            if event.is_given(&field) {
                return Err(at("the field is given twice".to_owned()));
            }
            give(&mut event, &field, json).map_err(at)?;
        }
        let Some(name) = event_type else {
            return Err(FlatEventError::at("evt.type", "every event needs its type"));
        };
        event.event_type = EventType::of(&name).ok_or_else(|| {
            FlatEventError::at("evt.type", format!("there is no event type {name:?}"))
        })?;
        Ok(event)
    }
}

/// The name of the event's type; `None` for null.
fn type_name(json: &Json) -> Result<Option<String>, String> {
    if json.is_null() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let value = scalar(json, FieldType::Text, &mut bytes)?;
    match checked(value, FieldType::Text)? {
        Value::Text(name) => Ok(Some(String::from_utf8_lossy(name).into_owned())),
        _ => Ok(None),
    }
}

fn give(event: &mut FlatEvent, field: &FieldRef, json: &Json) -> Result<(), String> {
    let kind = match field.id {
        // The alert's form of the event's time.
        TIME if json.is_u64() => FieldType::Time,
        _ => field.kind(),
    };
    let mut bytes = Vec::new();
    match (field.multiplicity(), json) {
        (_, Json::Null) => {
            event.set_null(field);
            Ok(())
        }
        (Multiplicity::List | Multiplicity::Ancestors, Json::Array(items)) => {
            event.try_set(field, Value::List(&List::default()))?;
            for (index, item) in items.iter().enumerate() {
                let value = match item {
                    // The chain goes on above an ancestor of which this is not known.
                    Json::Null if field.multiplicity() == Multiplicity::Ancestors => {
                        Ok(Value::Missing)
                    }
                    item => scalar(item, kind, &mut bytes),
                };
                value
                    .and_then(|value| event.try_push(field, value))
                    .map_err(|fault| format!("item {index}: {fault}"))?;
            }
            Ok(())
        }
        (Multiplicity::List | Multiplicity::Ancestors, json) => {
            Err(format!("expected an array of {kind}, found {}", found(json)))
        }
        (Multiplicity::One | Multiplicity::Ends, json) => {
            event.try_set(field, scalar(json, kind, &mut bytes)?)
        }
    }
}

/// One value in the form that a field of this type takes, whatever its width; what is wrong with
/// it otherwise. `bytes` holds what the value borrows, where that is not in the JSON.
fn scalar<'a>(
    json: &'a Json,
    kind: FieldType,
    bytes: &'a mut Vec<u8>,
) -> Result<Value<'a>, String> {
    let value = match (kind, json) {
        (FieldType::Bool, Json::Bool(value)) => Some(Value::Bool(*value)),
        (
            FieldType::Signed(_)
            | FieldType::Unsigned(_)
            | FieldType::Port
            | FieldType::Time
            | FieldType::Duration,
            Json::Number(number),
        ) => number.as_u64().map(Value::Unsigned).or_else(|| number.as_i64().map(Value::Signed)),
        (FieldType::Text | FieldType::Path, Json::String(text)) => {
            Some(Value::Text(text.as_bytes()))
        }
        (FieldType::Bytes, Json::String(text)) => Some(Value::Bytes(text.as_bytes())),
        (FieldType::Text | FieldType::Path | FieldType::Bytes, Json::Object(object)) => {
            let digits = match (object.len(), object.get("hex")) {
                (1, Some(Json::String(digits))) => digits,
                _ => return Err("an object here must be `{\"hex\": \"...\"}`".to_owned()),
            };
            *bytes = hex(digits)
                .ok_or_else(|| "`hex` must hold hexadecimal digits in pairs".to_owned())?;
            Some(match kind {
                FieldType::Bytes => Value::Bytes(bytes),
                _ => Value::Text(bytes),
            })
        }
        (FieldType::Address | FieldType::Network, Json::String(text)) => {
            text.parse().ok().map(Value::Address)
        }
        _ => None,
    };
    value.ok_or_else(|| format!("expected {kind}, found {}", found(json)))
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = digits
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// What a JSON value is, in words.
fn found(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(_) => "a boolean".to_owned(),
        Json::Number(number) => format!("the number {number}"),
        Json::String(text) => found_text(text),
        Json::Array(_) => "an array".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}
