//! Whether a field takes a value.

use super::derive::Role;
use crate::fields::Argument;
use crate::fields::FieldRef;
use crate::fields::FieldType;
use crate::fields::Multiplicity;
use crate::fields::Value;

/// Errs when nothing may be given for this field: why.
pub(super) fn check_field(field: &FieldRef) -> Result<(), String> {
    field.validate().map_err(|error| error.to_string())?;
    let definition = field.id.field();
    if let Some(others) = Role::of(field.id).given_by() {
        return Err(format!("it follows from {others}: give those"));
    }
    if definition.multiplicity == Multiplicity::Ancestors
        && let Some(Argument::Index(_)) = field.argument
    {
        let name = definition.name;
        return Err(format!("give all ancestors as one array, from the parent upwards: `{name}`"));
    }
    Ok(())
}

/// The value as a field of this type has it; what is wrong with it otherwise. Allocates only then.
#[inline]
pub(super) fn checked(value: Value<'_>, kind: FieldType) -> Result<Value<'_>, String> {
    fitting(value, kind).ok_or_else(|| fault(value, kind))
}

#[inline]
fn fitting(value: Value<'_>, kind: FieldType) -> Option<Value<'_>> {
    match (kind, value) {
        (FieldType::Text | FieldType::Path, Value::Text(text)) => {
            memchr::memchr(0, text).is_none().then_some(value)
        }
        (FieldType::Bool, Value::Bool(_))
        | (FieldType::Bytes, Value::Bytes(_))
        | (FieldType::Address | FieldType::Network, Value::Address(_)) => Some(value),
        (FieldType::Signed(bits), value) => signed(value, bits),
        (FieldType::Unsigned(bits), value) => unsigned(value, bits),
        (FieldType::Port, value) => unsigned(value, 16),
        (FieldType::Time | FieldType::Duration, value) => unsigned(value, 64),
        _ => None,
    }
}

/// Why a value does not fit.
#[cold]
fn fault(value: Value<'_>, kind: FieldType) -> String {
    match (kind, value) {
        (FieldType::Text | FieldType::Path, Value::Text(_)) => "text cannot hold NUL".to_owned(),
        _ => format!("expected {kind}, found {}", found(value)),
    }
}

#[inline]
fn signed(value: Value<'_>, bits: u8) -> Option<Value<'_>> {
    let number = match value {
        Value::Signed(number) => number,
        Value::Unsigned(number) => i64::try_from(number).ok()?,
        _ => return None,
    };
    let largest = i64::MAX >> (64 - bits.clamp(1, 64));
    (-largest - 1..=largest).contains(&number).then_some(Value::Signed(number))
}

#[inline]
fn unsigned(value: Value<'_>, bits: u8) -> Option<Value<'_>> {
    let number = match value {
        Value::Unsigned(number) => number,
        Value::Signed(number) => u64::try_from(number).ok()?,
        _ => return None,
    };
    let largest = u64::MAX >> (64 - bits.clamp(1, 64));
    (number <= largest).then_some(Value::Unsigned(number))
}

/// What a value is, in words.
pub(super) fn found(value: Value<'_>) -> String {
    match value {
        Value::Missing => "nothing".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Signed(number) => format!("the number {number}"),
        Value::Unsigned(number) => format!("the number {number}"),
        Value::Text(text) => found_text(&String::from_utf8_lossy(text)),
        Value::Bytes(_) => "bytes".to_owned(),
        Value::Address(address) => format!("the address {address}"),
        Value::List(_) => "a list".to_owned(),
    }
}

/// A text, of which a message repeats the beginning only.
pub(super) fn found_text(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("the text {short:?}")
}
