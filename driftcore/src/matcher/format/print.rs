//! Values as Falco prints them, in text and in JSON.

use std::fmt::Write;
use std::sync::OnceLock;

use serde_json::Value as Json;

use crate::event::Timestamp;
use crate::fields::FieldId;
use crate::fields::FieldRef;
use crate::fields::Multiplicity;
use crate::fields::Print;
use crate::fields::Value;

/// What stands for a missing value.
const MISSING: &str = "<NA>";

/// Where a time of the event comes from that is printed in a form of its own.
pub(super) fn time_source(print: Print) -> Option<&'static FieldRef> {
    static RAW: OnceLock<Option<FieldRef>> = OnceLock::new();
    match print {
        Print::Plain | Print::Padded | Print::Hex => None,
        Print::Clock
        | Print::ClockSeconds
        | Print::Iso8601
        | Print::DateTime
        | Print::DateTimeSeconds => {
            RAW.get_or_init(|| FieldId::of("evt.rawtime").map(FieldRef::new)).as_ref()
        }
    }
}

/// Appends the event's time; false when it is missing and `<NA>` was appended.
pub(super) fn time(value: &Value<'_>, print: Print, out: &mut String) -> bool {
    let Value::Unsigned(nanos) = value else {
        out.push_str(MISSING);
        return false;
    };
    // 2023-11-14T22:13:20.000000001Z
    let whole = Timestamp::from_nanos(i64::try_from(*nanos).unwrap_or(i64::MAX)).to_string();
    let whole = whole.trim_end_matches('Z');
    let (date, clock) = whole.split_once('T').unwrap_or(("", whole));
    let seconds = clock.split('.').next().unwrap_or(clock);
    // Writing to a String cannot fail.
    let _ = match print {
        Print::Clock => write!(out, "{clock}"),
        Print::ClockSeconds => write!(out, "{seconds}"),
        Print::Iso8601 => write!(out, "{whole}+0000"),
        Print::DateTime => write!(out, "{date} {clock}"),
        Print::DateTimeSeconds => write!(out, "{date} {seconds}"),
        Print::Plain | Print::Padded | Print::Hex => write!(out, "{nanos}"),
    };
    true
}

/// Appends a value; false when it is missing and `<NA>` was appended.
pub(super) fn text(
    value: &Value<'_>,
    print: Print,
    multiplicity: Multiplicity,
    out: &mut String,
) -> bool {
    // Writing to a String cannot fail.
    match value {
        _ if !exists(value, multiplicity) => out.push_str(MISSING),
        Value::Missing => {}
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Signed(value) => {
            let _ = match print {
                Print::Hex => write!(out, "{value:X}"),
                Print::Padded => write!(out, "{value:09}"),
                _ => write!(out, "{value}"),
            };
        }
        Value::Unsigned(value) => {
            let _ = match print {
                Print::Hex => write!(out, "{value:X}"),
                Print::Padded => write!(out, "{value:09}"),
                _ => write!(out, "{value}"),
            };
        }
        Value::Text(value) => lossy(value, out),
        Value::Bytes(value) => {
            // Falco's form of a buffer: what is not printable is a dot.
            out.extend(value.iter().map(|&byte| match byte {
                b' '..=b'~' => char::from(byte),
                _ => '.',
            }));
        }
        Value::Address(value) => {
            let _ = write!(out, "{value}");
        }
        Value::List(values) => {
            let (open, between, close) = match multiplicity {
                Multiplicity::Ancestors => ("", " ", ""),
                _ => ("(", ",", ")"),
            };
            out.push_str(open);
            for index in 0..values.len() {
                if index > 0 {
                    out.push_str(between);
                }
                let value = values.get(index);
                // Lists hold no lists; what breaks that rule must not break the stack.
                match value {
                    Value::List(_) => out.push_str(MISSING),
                    value => {
                        text(&value, print, Multiplicity::One, out);
                    }
                }
            }
            out.push_str(close);
        }
    }
    exists(value, multiplicity)
}

/// A process without ancestors has no value of them.
fn exists(value: &Value<'_>, multiplicity: Multiplicity) -> bool {
    match value {
        Value::List(values) => multiplicity != Multiplicity::Ancestors || !values.is_empty(),
        value => value.exists(),
    }
}

/// A value as JSON.
pub(super) fn json(value: &Value<'_>, print: Print, field: &FieldRef) -> Json {
    match value {
        value if !exists(value, field.multiplicity()) => Json::Null,
        Value::Bool(value) => Json::from(*value),
        Value::Signed(value) if print == Print::Plain => Json::from(*value),
        Value::Unsigned(value) if print == Print::Plain => Json::from(*value),
        Value::List(values) if field.multiplicity() != Multiplicity::Ancestors => {
            let values = (0..values.len()).map(|index| match values.get(index) {
                Value::List(_) => Json::Null,
                value => json(&value, print, field),
            });
            Json::Array(values.collect())
        }
        _ => {
            let mut out = String::new();
            text(value, print, field.multiplicity(), &mut out);
            Json::String(out)
        }
    }
}

fn lossy(bytes: &[u8], out: &mut String) {
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}
