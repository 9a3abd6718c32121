//! What an event keeps of one field: the value, and the memory of those that were there before.

use std::net::IpAddr;

use crate::fields::Value;
use crate::fields::Values;

/// One value. Its bytes lie in a buffer that outlives it.
#[derive(Clone, Debug, Default)]
pub(super) struct Scalar {
    kind: Kind,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Kind {
    #[default]
    Missing,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Text,
    Bytes,
    Address(IpAddr),
}

impl Scalar {
    #[inline]
    fn set(&mut self, value: Value<'_>) {
        self.kind = match value {
            // Lists hold no lists.
            Value::Missing | Value::List(_) => Kind::Missing,
            Value::Bool(value) => Kind::Bool(value),
            Value::Signed(value) => Kind::Signed(value),
            Value::Unsigned(value) => Kind::Unsigned(value),
            Value::Address(value) => Kind::Address(value),
            Value::Text(text) => self.copied(text, Kind::Text),
            Value::Bytes(bytes) => self.copied(bytes, Kind::Bytes),
        };
    }

    fn copied(&mut self, bytes: &[u8], kind: Kind) -> Kind {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        kind
    }

    fn value(&self) -> Value<'_> {
        match self.kind {
            Kind::Missing => Value::Missing,
            Kind::Bool(value) => Value::Bool(value),
            Kind::Signed(value) => Value::Signed(value),
            Kind::Unsigned(value) => Value::Unsigned(value),
            Kind::Text => Value::Text(&self.bytes),
            Kind::Bytes => Value::Bytes(&self.bytes),
            Kind::Address(value) => Value::Address(value),
        }
    }
}

/// One value as a list: the parent, where nothing else is known of the ancestors.
impl Values for Scalar {
    fn len(&self) -> usize {
        1
    }

    fn get(&self, index: usize) -> Value<'_> {
        if index == 0 { self.value() } else { Value::Missing }
    }
}

/// Several values. Items beyond the length are there for their buffers.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    items: Vec<Scalar>,
    length: usize,
}

impl List {
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    pub(super) fn push(&mut self, value: Value<'_>) {
        if self.length == self.items.len() {
            self.items.push(Scalar::default());
        }
        if let Some(item) = self.items.get_mut(self.length) {
            item.set(value);
            self.length += 1;
        }
    }
}

impl Values for List {
    fn len(&self) -> usize {
        self.length
    }

    fn get(&self, index: usize) -> Value<'_> {
        let items = self.items.get(..self.length).unwrap_or_default();
        items.get(index).map_or(Value::Missing, Scalar::value)
    }
}

/// The value of one field, single or a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    /// In which life of the event it was filled; 0 when it holds nothing.
    filled: u64,
    form: Form,
    one: Scalar,
    many: List,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// Missing, and said to be so: nothing takes its place.
    #[default]
    Null,
    One,
    Many,
}

impl Slot {
    pub(super) fn is_filled(&self, life: u64) -> bool {
        self.filled == life
    }

    pub(super) fn empty(&mut self) {
        self.filled = 0;
    }

    pub(super) fn set_null(&mut self, life: u64) {
        self.filled = life;
        self.form = Form::Null;
    }

    pub(super) fn set(&mut self, life: u64, value: Value<'_>) {
        self.filled = life;
        self.form = Form::One;
        self.one.set(value);
    }

    /// The list to append to.
    pub(super) fn list(&mut self, life: u64) -> &mut List {
        if !self.is_filled(life) || self.form != Form::Many {
            self.many.clear();
        }
        self.filled = life;
        self.form = Form::Many;
        &mut self.many
    }

    pub(super) fn value(&self) -> Value<'_> {
        match self.form {
            Form::Null => Value::Missing,
            Form::One => self.one.value(),
            Form::Many => Value::List(&self.many),
        }
    }

    /// A single value as a list of one.
    pub(super) fn alone(&self) -> Value<'_> {
        match self.form {
            Form::One => Value::List(&self.one),
            Form::Null | Form::Many => Value::Missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_begins_anew_in_another_life() {
        let mut slot = Slot::default();
        slot.list(1).push(Value::Text(b"first"));
        slot.list(1).push(Value::Text(b"second"));
        assert_eq!(format!("{:?}", slot.value()), r#"[Text("first"), Text("second")]"#);
        slot.list(2).push(Value::Text(b"x"));
        assert_eq!(format!("{:?}", slot.value()), r#"[Text("x")]"#);
        assert!(slot.is_filled(2) && !slot.is_filled(1));
        slot.set_null(2);
        slot.list(2).push(Value::Missing);
        assert_eq!(format!("{:?}", slot.value()), "[Missing]");
    }
}
