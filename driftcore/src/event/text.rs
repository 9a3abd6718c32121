//! Bytes that are usually text.

use std::borrow::Cow;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// Bytes from a container that are usually, but not always, UTF-8: a path, an argument, a
/// process name. The bytes are kept whole.
///
/// In JSON, valid UTF-8 is a plain string. Anything else is written with each bad byte as
/// `\xHH` and each backslash doubled; [`DriftEvent`](super::DriftEvent) then names the field
/// in its `escaped` list, so that a reader can tell the two forms apart and get the bytes back.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Vec<u8>);

impl Text {
    /// The bytes as they came.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as a path.
    pub fn as_path(&self) -> &Path {
        Path::new(std::ffi::OsStr::from_bytes(&self.0))
    }

    /// True when there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text if it is valid UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text as JSON carries it: as it is when valid UTF-8, escaped otherwise.
    pub fn to_json_str(&self) -> Cow<'_, str> {
        match self.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(escape(&self.0)),
        }
    }

    /// Undoes the escaping of [`Text::to_json_str`]. Sequences that it never writes are kept
    /// as they stand.
    pub(super) fn unescape(&mut self) {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_slice();
        while let Some((&first, tail)) = rest.split_first() {
            rest = match (first, tail) {
                (b'\\', [b'\\', tail @ ..]) => {
                    bytes.push(b'\\');
                    tail
                }
                (b'\\', [b'x', high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                    (Some(high), Some(low)) => {
                        bytes.push(high << 4 | low);
                        tail
                    }
                    _ => {
                        bytes.push(first);
                        &rest[1..]
                    }
                },
                _ => {
                    bytes.push(first);
                    tail
                }
            };
        }
        self.0 = bytes;
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn escape(bytes: &[u8]) -> String {
    use fmt::Write;

    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '\\' {
                text.push('\\');
            }
            text.push(character);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<&Path> for Text {
    fn from(path: &Path) -> Self {
        Self(path.as_os_str().as_bytes().to_vec())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_json_str(), f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_json_str())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn utf8_is_left_alone() {
        let text = Text::from("C:\\x41 \u{e9}\n\"");
        assert_eq!(text.to_json_str(), "C:\\x41 \u{e9}\n\"");
    }

    #[test]
    fn bad_bytes_are_escaped_and_backslashes_doubled() {
        let text = Text::from(&b"a\\x41\xff\xfe"[..]);
        assert_eq!(text.to_json_str(), "a\\\\x41\\xff\\xfe");
    }

    proptest! {
        #[test]
        fn escaping_keeps_every_byte(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let text = Text::from(bytes.clone());
            let mut back = Text::from(text.to_json_str().into_owned());
            if text.as_str().is_none() {
                back.unescape();
            }
            prop_assert_eq!(back.as_bytes(), &bytes[..]);
        }

        #[test]
        fn unescaping_takes_any_text(text in ".*") {
            Text::from(text).unescape();
        }
    }
}
