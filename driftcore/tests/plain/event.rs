//! Events that are a map of fields.

use std::collections::BTreeMap;
use std::net::IpAddr;

use driftcore::fields::EventType;
use driftcore::fields::FieldId;
use driftcore::fields::FieldRef;
use driftcore::fields::Fields;
use driftcore::fields::Value;
use driftcore::fields::Values;
use driftcore::matcher::Constant;

/// A value of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Owned {
    Missing,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Text(Vec<u8>),
    Bytes(Vec<u8>),
    Address(IpAddr),
    List(List),
}

/// Several values.
#[derive(Clone, Debug, PartialEq)]
pub struct List(pub Vec<Owned>);

impl Owned {
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub fn list(values: Vec<Self>) -> Self {
        Self::List(List(values))
    }

    /// The value of a constant; a network is none.
    pub fn of(constant: &Constant) -> Option<Self> {
        Some(match constant {
            Constant::Bool(value) => Self::Bool(*value),
            Constant::Signed(value) => Self::Signed(*value),
            Constant::Unsigned(value) => Self::Unsigned(*value),
            Constant::Text(text) => Self::Text(text.to_vec()),
            Constant::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Constant::Address(address) => Self::Address(*address),
            Constant::Network(_) => return None,
        })
    }

    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Missing => Value::Missing,
            Self::Bool(value) => Value::Bool(*value),
            Self::Signed(value) => Value::Signed(*value),
            Self::Unsigned(value) => Value::Unsigned(*value),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Address(address) => Value::Address(*address),
            Self::List(values) => Value::List(values),
        }
    }
}

impl Values for List {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Value<'_> {
        self.0.get(index).map_or(Value::Missing, Owned::as_value)
    }
}

/// An event: its type and the values that are not missing.
#[derive(Clone, Debug)]
pub struct PlainEvent {
    pub event_type: EventType,
    pub values: BTreeMap<FieldRef, Owned>,
}

impl PlainEvent {
    /// An event of this type, which is also its field `evt.type`.
    pub fn new(event_type: EventType) -> Self {
        let mut event = Self { event_type, values: BTreeMap::new() };
        event.set("evt.type", Owned::text(event_type.name()));
        event
    }

    pub fn set(&mut self, field: &str, value: Owned) {
        let id = FieldId::of(field).expect("a field of the catalogue");
        self.values.insert(FieldRef::new(id), value);
    }
}

impl Fields for PlainEvent {
    fn event_type(&self) -> EventType {
        self.event_type
    }

    fn get(&self, field: &FieldRef) -> Value<'_> {
        self.values.get(field).map_or(Value::Missing, Owned::as_value)
    }
}
