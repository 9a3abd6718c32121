//! Transformed values, for outputs only: here a value may be built on the heap.

use std::net::IpAddr;

use crate::fields::Fields;
use crate::fields::Value;
use crate::fields::Values;
use crate::matcher::Operand;
use crate::matcher::Transformer;

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
            Owned::Text(text) => base64(&text).map(Owned::Text),
            Owned::Bytes(bytes) => base64(&bytes).map(Owned::Bytes),
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

/// Standard Base64, with or without padding at the end.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    let digits = text.get(..text.len().checked_sub(padding)?)?;
    if padding > 2 || digits.len() % 4 == 1 || padding > 0 && !text.len().is_multiple_of(4) {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for &digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    Some(out)
}

/// Options as getopt(3) reads them, short ones only: all that were given, as letter and value in
/// turn, or the last value of one.
fn getopt(arguments: &[&[u8]], options: &[u8], key: Option<&str>) -> Option<Owned> {
    let takes_value = |letter: u8| {
        let at = options.iter().position(|&option| option == letter && letter != b':')?;
        Some(options.get(at + 1) == Some(&b':'))
    };
    let mut found: Vec<(u8, Vec<u8>)> = Vec::new();
    let mut rest = arguments.iter().copied();
    while let Some(argument) = rest.next() {
        if argument == b"--" {
            break;
        }
        let Some(mut letters) = argument.strip_prefix(b"-") else { continue };
        while let Some((&letter, behind)) = letters.split_first() {
            letters = behind;
            match takes_value(letter) {
                Some(true) => {
                    let value = if behind.is_empty() { rest.next()? } else { behind };
                    found.push((letter, value.to_vec()));
                    break;
                }
                Some(false) => found.push((letter, Vec::new())),
                None => {}
            }
        }
    }
    match key {
        None => {
            let pairs = found.into_iter().flat_map(|(letter, value)| [vec![letter], value]);
            Some(Owned::List(pairs.map(Owned::Text).collect()))
        }
        Some(key) => {
            let &[letter] = key.as_bytes() else { return None };
            let (_, value) = found.into_iter().rev().find(|(option, _)| *option == letter)?;
            Some(Owned::Text(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_or_refused() {
        assert_eq!(base64(b"aGVsbG8="), Some(b"hello".to_vec()));
        assert_eq!(base64(b"aGVsbG8"), Some(b"hello".to_vec()));
        assert_eq!(base64(b""), Some(Vec::new()));
        for text in ["a", "aGVsbG8==", "====", "a b=", "aGVs=G8="] {
            assert_eq!(base64(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn options_are_read_as_getopt_does() {
        let arguments: [&[u8]; 6] = [b"-ab", b"-c", b"x", b"file", b"-cy", b"--"];
        let text = |text: &str| Owned::Text(text.as_bytes().to_vec());
        assert_eq!(getopt(&arguments, b"abc:", Some("c")), Some(text("y")));
        assert_eq!(getopt(&arguments, b"abc:", Some("a")), Some(text("")));
        assert_eq!(getopt(&arguments, b"abc:", Some("d")), None);
        let all = ["a", "", "b", "", "c", "x", "c", "y"].map(text).to_vec();
        assert_eq!(getopt(&arguments, b"abc:", None), Some(Owned::List(all)));
    }
}
