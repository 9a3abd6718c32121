//! Objects one after another, out of a list or not.

use std::cell::Cell;
use std::fmt;
use std::io::BufReader;
use std::io::Read;
use std::marker::PhantomData;
use std::path::Path;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::bounded::Bounded;

/// The most bytes of one object. A cluster keeps none of more than 1.5 MiB; printing indents it.
const OBJECT_MAX: u64 = 16 << 20;
const BUFFER: usize = 64 << 10;

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Pods.
    pub pods: u64,
    /// Objects that are none.
    pub others: u64,
}

/// A pod; what is read of its parts is up to the reader.
pub(crate) struct Object<M, S, T> {
    pub(crate) metadata: M,
    pub(crate) spec: S,
    // Only who verifies images asks for it.
    #[cfg_attr(not(feature = "digest"), allow(dead_code))]
    pub(crate) status: T,
}

/// Why pods cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// File, line and column.
    pub(crate) place: String,
    /// Quotes nothing of what was read.
    pub(crate) message: String,
}

/// Hands every pod in `input` to `each`: a pod, a list of pods, or several of such one after another, as JSON.
/// Objects of other kinds are counted and left out. `path` is for messages. What came before an error has
/// been handed over.
pub(crate) fn read<'de, M, S, T>(
    path: &Path,
    input: impl Read,
    mut each: impl FnMut(Object<M, S, T>),
) -> Result<Count, Unreadable>
where
    M: Default + Deserialize<'de>,
    S: Deserialize<'de>,
    T: Default + Deserialize<'de>,
{
    let left = Cell::new(OBJECT_MAX);
    let mut state =
        State { count: Count::default(), each: &mut each, left: &left, parts: PhantomData };
    let input = BufReader::with_capacity(BUFFER, Bounded::new(input, &left));
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    loop {
        if deserializer.end().is_ok() {
            return Ok(state.count);
        }
        // Another document, or what is wrong with it is said there.
        if let Err(error) = Document(&mut state).deserialize(&mut deserializer) {
            return Err(unreadable(path, &error, state.count));
        }
    }
}

fn unreadable(path: &Path, error: &serde_json::Error, count: Count) -> Unreadable {
    let path = path.display();
    if error.is_io() {
        let message = match error.io_error_kind() {
            Some(std::io::ErrorKind::FileTooLarge) => {
                format!("an object of more than {} MiB", OBJECT_MAX >> 20)
            }
            _ => error.to_string(),
        };
        // The reader does not say where it was.
        let after = count.pods + count.others;
        return Unreadable {
            place: path.to_string(),
            message: format!("{message}, after {after} others"),
        };
    }
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(&*text, |(message, _)| message);
    let place = format!("{path}:{}:{}", error.line(), error.column());
    Unreadable { place, message: unquoted(message) }
}

/// The message of a deserializer without what it quotes: that may be a secret.
pub(crate) fn unquoted(message: &str) -> String {
    let Some((what, found)) = ["invalid type: ", "invalid value: ", "invalid length "]
        .into_iter()
        .find_map(|what| Some((what, message.strip_prefix(what)?)))
    else {
        // What is left names members that are known.
        return match message.split_once(['`', '"']) {
            Some((_, rest)) if message.starts_with("unknown ") => {
                let rest = rest.rsplit_once(", expected ").map_or("", |(_, rest)| rest);
                format!("unknown name, expected {rest}")
            }
            _ => message.to_owned(),
        };
    };
    let kind = found.split([' ', '`', '"', ',']).next().unwrap_or_default();
    // Of several, the last one is the deserializer's own.
    let expected = found.rsplit_once(", expected ").map_or("something else", |(_, rest)| rest);
    format!("{what}{kind}, expected {expected}")
}

struct State<'a, M, S, T, F> {
    count: Count,
    each: &'a mut F,
    left: &'a Cell<u64>,
    parts: PhantomData<(M, S, T)>,
}

/// A document or an item of one, whose own items are handed over while it is read.
struct Document<'s, 'a, M, S, T, F>(&'s mut State<'a, M, S, T, F>);

impl<'de, M, S, T, F> DeserializeSeed<'de> for Document<'_, '_, M, S, T, F>
where
    M: Default + Deserialize<'de>,
    S: Deserialize<'de>,
    T: Default + Deserialize<'de>,
    F: FnMut(Object<M, S, T>),
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.left.set(OBJECT_MAX);
        deserializer.deserialize_map(self)
    }
}

impl<'de, M, S, T, F> Visitor<'de> for Document<'_, '_, M, S, T, F>
where
    M: Default + Deserialize<'de>,
    S: Deserialize<'de>,
    T: Default + Deserialize<'de>,
    F: FnMut(Object<M, S, T>),
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pod or a list of pods")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut kind: Option<String> = None;
        let mut metadata: Option<M> = None;
        let mut spec: Option<S> = None;
        let mut status: Option<T> = None;
        let mut is_list = false;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Kind => kind = map.next_value()?,
                Key::Metadata => metadata = map.next_value()?,
                Key::Spec => spec = map.next_value()?,
                Key::Status => status = map.next_value()?,
                Key::Items => {
                    is_list = true;
                    map.next_value_seed(Items(&mut *self.0))?;
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if is_list {
            return Ok(());
        }
        match spec {
            // An item of a `PodList` has no kind of its own.
            Some(spec) if kind.as_deref().is_none_or(|kind| kind == "Pod") => {
                self.0.count.pods += 1;
                let (metadata, status) = (metadata.unwrap_or_default(), status.unwrap_or_default());
                (self.0.each)(Object { metadata, spec, status });
            }
            _ => self.0.count.others += 1,
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Kind,
    Metadata,
    Spec,
    Status,
    Items,
    #[serde(other)]
    Other,
}

struct Items<'s, 'a, M, S, T, F>(&'s mut State<'a, M, S, T, F>);

impl<'de, M, S, T, F> DeserializeSeed<'de> for Items<'_, '_, M, S, T, F>
where
    M: Default + Deserialize<'de>,
    S: Deserialize<'de>,
    T: Default + Deserialize<'de>,
    F: FnMut(Object<M, S, T>),
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, M, S, T, F> Visitor<'de> for Items<'_, '_, M, S, T, F>
where
    M: Default + Deserialize<'de>,
    S: Deserialize<'de>,
    T: Default + Deserialize<'de>,
    F: FnMut(Object<M, S, T>),
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pods")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Document(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods(text: impl Read) -> Result<Count, Unreadable> {
        read::<IgnoredAny, IgnoredAny, IgnoredAny>(Path::new("pods"), text, |_| ())
    }

    #[test]
    fn nothing_that_was_read_is_quoted() {
        for (message, expected) in [
            (
                r#"invalid type: string "a, expected b", expected u32"#,
                "invalid type: string, expected u32",
            ),
            ("invalid type: map, expected a string", "invalid type: map, expected a string"),
            (
                "invalid value: integer `70000`, expected u16",
                "invalid value: integer, expected u16",
            ),
            ("unknown variant `secret`, expected `a` or `b`", "unknown name, expected `a` or `b`"),
            ("missing field `name`", "missing field `name`"),
            ("EOF while parsing a string", "EOF while parsing a string"),
        ] {
            assert_eq!(unquoted(message), expected);
        }
        let error = pods(&br#"{"items": "secret"}"#[..]).unwrap_err();
        assert_eq!(error.message, "invalid type: string, expected a list of pods");
    }

    #[test]
    fn an_object_that_is_too_large_ends_the_reading_and_any_number_of_small_ones_does_not() {
        let pod = r#"{"kind":"Pod","spec":{}},"#;
        let many = usize::try_from(OBJECT_MAX).unwrap() / pod.len() + 100;
        let text = format!("{{\"items\":[{}{{}}]}}", pod.repeat(many));
        let expected = Count { pods: many as u64, others: 1 };
        assert_eq!(pods(text.as_bytes()).unwrap(), expected);

        let head = format!("{{\"items\":[{pod}{{\"metadata\":\"").into_bytes();
        let endless = head.as_slice().chain(std::io::repeat(b'x'));
        let error = pods(endless).unwrap_err();
        assert_eq!(error.place, "pods");
        assert_eq!(error.message, "an object of more than 16 MiB, after 1 others");
    }
}
