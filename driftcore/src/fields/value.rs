//! The value of a field, borrowed from the event, and the trait by which any event gives it.

use std::fmt;
use std::net::IpAddr;

use super::EventType;
use super::FieldRef;

/// The value of a field.
///
/// A list-valued field, or one that stands for every ancestor or for both ends of a connection
/// ([`Multiplicity`](super::Multiplicity)), gives a [`Value::List`] of the others.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// The event has no such value. Every test of it is false, `!=` too (Falco's rule).
    Missing,
    /// `bool`
    Bool(bool),
    /// Signed numbers of any width.
    Signed(i64),
    /// Unsigned numbers of any width, ports, times and durations (nanoseconds).
    Unsigned(u64),
    /// Text and paths: any bytes, usually UTF-8, without NUL.
    Text(&'a [u8]),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// An IP address; also the value that a network is tested against.
    Address(IpAddr),
    /// Several values.
    List(&'a dyn Values),
}

impl Value<'_> {
    /// True for everything but [`Value::Missing`].
    pub const fn exists(&self) -> bool {
        !matches!(self, Value::Missing)
    }
}

/// Equal are values of one kind: a signed number never equals an unsigned one, nor text bytes.
/// Lists are equal item by item.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Missing, Value::Missing) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Signed(left), Value::Signed(right)) => left == right,
            (Value::Unsigned(left), Value::Unsigned(right)) => left == right,
            (Value::Text(left), Value::Text(right)) => left == right,
            (Value::Bytes(left), Value::Bytes(right)) => left == right,
            (Value::Address(left), Value::Address(right)) => left == right,
            (Value::List(left), Value::List(right)) => {
                left.len() == right.len()
                    && (0..left.len()).all(|index| left.get(index) == right.get(index))
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Missing => f.write_str("Missing"),
            Value::Bool(value) => write!(f, "Bool({value})"),
            Value::Signed(value) => write!(f, "Signed({value})"),
            Value::Unsigned(value) => write!(f, "Unsigned({value})"),
            Value::Text(value) => write!(f, "Text({:?})", String::from_utf8_lossy(value)),
            Value::Bytes(value) => write!(f, "Bytes({value:02x?})"),
            Value::Address(value) => write!(f, "Address({value})"),
            Value::List(values) => {
                f.debug_list().entries((0..values.len()).map(|index| values.get(index))).finish()
            }
        }
    }
}

/// Several values of one field, in order. Never holds a list itself.
pub trait Values {
    /// How many there are.
    fn len(&self) -> usize;

    /// The value at `index`; [`Value::Missing`] beyond the end.
    fn get(&self, index: usize) -> Value<'_>;

    /// True when there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An event, as the matcher and the output formatter see it: fields by their index in the
/// catalogue, found without hashing a name.
///
/// [`get`](Fields::get) is called only for fields that a test at hand needs, but may be called
/// more than once for one: whoever has to build a value keeps it.
pub trait Fields {
    /// What kind of event this is (`evt.type`).
    fn event_type(&self) -> EventType;

    /// The value of a field. Of the type that the catalogue states, or missing.
    fn get(&self, field: &FieldRef) -> Value<'_>;
}
