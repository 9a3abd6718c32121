//! Transformed values, for outputs only: here a value may be built on the heap.

use std::net::IpAddr;

use crate::fields::Fields;
use crate::fields::Value;
use crate::fields::Values;
use crate::matcher::Operand;
use crate::matcher::Transformer;
use crate::matcher::base64::decode_in_place;
use crate::matcher::getopt::State;

/// A value of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Owned {
    Missing,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Text(Vec<u8>),
    Bytes(Vec<u8>),
    Address(IpAddr),
    List(Vec<Owned>),
}

impl Owned {
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Missing => Self::Missing,
            Value::Bool(value) => Self::Bool(*value),
            Value::Signed(value) => Self::Signed(*value),
            Value::Unsigned(value) => Self::Unsigned(*value),
            Value::Text(value) => Self::Text(value.to_vec()),
            Value::Bytes(value) => Self::Bytes(value.to_vec()),
            Value::Address(value) => Self::Address(*value),
            Value::List(values) => {
                let values = (0..values.len()).map(|index| match values.get(index) {
                    // Lists hold no lists.
                    Value::List(_) => Self::Missing,
                    value => Self::of(&value),
                });
                Self::List(values.collect())
            }
        }
    }

    fn value(&self) -> Value<'_> {
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

    /// Lends the value.
    pub(super) fn with<T>(&self, take: impl FnOnce(Value<'_>) -> T) -> T {
        take(self.value())
    }

    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(bytes) | Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Values for Vec<Owned> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    fn get(&self, index: usize) -> Value<'_> {
        self.as_slice().get(index).map_or(Value::Missing, Owned::value)
    }
}

/// The value of an operand.
pub(super) fn evaluate(operand: &Operand, event: &dyn Fields) -> Owned {
    match operand {
        Operand::Field(field) => Owned::of(&event.get(field)),
        Operand::Text(text) => Owned::Text(text.to_vec()),
        Operand::Number(number) => Owned::Unsigned(*number),
        Operand::List(items) => {
            let items: Vec<_> = items.iter().map(|item| evaluate(item, event)).collect();
            if items.contains(&Owned::Missing) { Owned::Missing } else { Owned::List(items) }
        }
        Operand::Transformed { transformer, arguments, key } => {
            let arguments: Vec<_> =
                arguments.iter().map(|argument| evaluate(argument, event)).collect();
            if arguments.contains(&Owned::Missing) {
                return Owned::Missing;
            }
            transform(*transformer, arguments, key.as_deref()).unwrap_or(Owned::Missing)
        }
    }
}

fn transform(
    transformer: Transformer,
    mut arguments: Vec<Owned>,
    key: Option<&str>,
) -> Option<Owned> {
    match transformer {
        Transformer::ToLower | Transformer::ToUpper => {
            let Owned::Text(mut text) = arguments.pop()? else { return None };
            if transformer == Transformer::ToLower {
                text.make_ascii_lowercase();
            } else {
                text.make_ascii_uppercase();
            }
            Some(Owned::Text(text))
        }
        Transformer::Base64 => match arguments.pop()? {
            Owned::Text(text) => base64(text).map(Owned::Text),
            Owned::Bytes(bytes) => base64(bytes).map(Owned::Bytes),
            _ => None,
        },
        Transformer::Basename => {
            let Owned::Text(text) = arguments.pop()? else { return None };
            let start = text.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
            text.get(start..).map(|name| Owned::Text(name.to_vec()))
        }
        Transformer::Length => {
            let argument = arguments.pop()?;
            let length = match &argument {
                Owned::List(values) => values.len(),
                other => other.bytes()?.len(),
            };
            u64::try_from(length).ok().map(Owned::Unsigned)
        }
        Transformer::Join => {
            let Owned::List(values) = arguments.pop()? else { return None };
            let separator = arguments.pop()?;
            let values: Option<Vec<&[u8]>> = values.iter().map(Owned::bytes).collect();
            Some(Owned::Text(values?.join(separator.bytes()?)))
        }
        Transformer::Concat => {
            let parts: Option<Vec<&[u8]>> = arguments.iter().map(Owned::bytes).collect();
            Some(Owned::Text(parts?.concat()))
        }
        Transformer::GetOpt => {
            let options = arguments.pop()?;
            let Owned::List(values) = arguments.pop()? else { return None };
            let values: Option<Vec<&[u8]>> = values.iter().map(Owned::bytes).collect();
            getopt(&values?, options.bytes()?, key)
        }
    }
}

fn base64(mut text: Vec<u8>) -> Option<Vec<u8>> {
    let length = decode_in_place(&mut text)?;
    text.truncate(length);
    Some(text)
}

/// The values of all options in order, or the last value of one.
fn getopt(arguments: &[&[u8]], options: &[u8], key: Option<&str>) -> Option<Owned> {
    let mut state = State::default();
    let mut values: Vec<(u8, Vec<u8>)> = Vec::new();
    let argument = |index: usize| arguments.get(index).copied().unwrap_or_default();
    while let Some(found) = state.next(options, arguments.len(), argument) {
        let value = argument(found.argument).get(found.skip..).filter(|_| found.has_value);
        values.push((found.option, value.unwrap_or_default().to_vec()));
    }
    match key {
        None => {
            Some(Owned::List(values.into_iter().map(|(_, value)| Owned::Text(value)).collect()))
        }
        Some(key) => {
            let &[letter] = key.as_bytes() else { return None };
            let (_, value) = values.into_iter().rev().find(|(option, _)| *option == letter)?;
            Some(Owned::Text(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_in_conditions() {
        let arguments: [&[u8]; 6] = [b"-ab", b"-c", b"x", b"file", b"-cy", b"--"];
        let text = |text: &str| Owned::Text(text.as_bytes().to_vec());
        assert_eq!(getopt(&arguments, b"abc:", Some("c")), Some(text("y")));
        assert_eq!(getopt(&arguments, b"abc:", Some("a")), Some(text("")));
        assert_eq!(getopt(&arguments, b"abc:", Some("d")), None);
        let all = ["", "", "x", "y"].map(text).to_vec();
        assert_eq!(getopt(&arguments, b"abc:", None), Some(Owned::List(all)));
    }
}
