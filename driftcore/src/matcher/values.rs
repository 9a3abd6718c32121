//! One hash look-up for all constants that a value is compared with: `=`, `!=`, `in` and
//! `intersects` become comparisons of small numbers.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::fields::Value;

use super::condition::Constant;

/// The number of a value that is none of the constants.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// The type of a value; a test only fits values of its constant's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Missing, or a list in a list.
    None,
    Bool,
    Signed,
    Unsigned,
    Text,
    Bytes,
    Address,
}

impl Kind {
    pub(super) const fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Missing | Value::List(_) => Self::None,
            Value::Bool(_) => Self::Bool,
            Value::Signed(_) => Self::Signed,
            Value::Unsigned(_) => Self::Unsigned,
            Value::Text(_) => Self::Text,
            Value::Bytes(_) => Self::Bytes,
            Value::Address(_) => Self::Address,
        }
    }

    pub(super) const fn of_constant(constant: &Constant) -> Self {
        match constant {
            Constant::Bool(_) => Self::Bool,
            Constant::Signed(_) => Self::Signed,
            Constant::Unsigned(_) => Self::Unsigned,
            Constant::Text(_) => Self::Text,
            Constant::Bytes(_) => Self::Bytes,
            Constant::Address(_) | Constant::Network(_) => Self::Address,
        }
    }
}

/// The constants of one input, numbered.
#[derive(Debug, Default)]
pub(super) struct ValueIds {
    texts: Strings,
    bytes: Strings,
    numbers: FxHashMap<(Kind, u64), u32>,
    addresses: FxHashMap<IpAddr, u32>,
    common: FxHashMap<u32, f32>,
}

impl ValueIds {
    /// The constant's number, a new one from `next` when it has none yet. A network has none: it
    /// is not one value.
    pub(super) fn intern(&mut self, constant: &Constant, next: &mut u32) -> Option<u32> {
        let fresh = || {
            *next += 1;
            *next - 1
        };
        let id = match constant {
            Constant::Bool(value) => {
                *self.numbers.entry((Kind::Bool, u64::from(*value))).or_insert_with(fresh)
            }
            Constant::Signed(value) => {
                *self.numbers.entry((Kind::Signed, value.cast_unsigned())).or_insert_with(fresh)
            }
            Constant::Unsigned(value) => {
                *self.numbers.entry((Kind::Unsigned, *value)).or_insert_with(fresh)
            }
            Constant::Text(text) => self.texts.intern(text, Arc::clone, fresh),
            Constant::Bytes(bytes) => self.bytes.intern(bytes, |bytes| (**bytes).into(), fresh),
            Constant::Address(address) => *self.addresses.entry(*address).or_insert_with(fresh),
            Constant::Network(_) => return None,
        };
        let common = match constant {
            Constant::Bool(_) => 0.5,
            Constant::Signed(-1..=1) | Constant::Unsigned(0..=1) => 0.3,
            Constant::Text(text) if text.len() < 2 => 0.3,
            _ => return Some(id),
        };
        self.common.insert(id, common);
        Some(id)
    }

    /// The number of the constant that the value equals.
    pub(super) fn find(&self, value: &Value<'_>) -> u32 {
        let found = match *value {
            Value::Missing | Value::List(_) => None,
            Value::Bool(value) => self.numbers.get(&(Kind::Bool, u64::from(value))).copied(),
            Value::Signed(value) => {
                self.numbers.get(&(Kind::Signed, value.cast_unsigned())).copied()
            }
            Value::Unsigned(value) => self.numbers.get(&(Kind::Unsigned, value)).copied(),
            Value::Text(text) => self.texts.find(text),
            Value::Bytes(bytes) => self.bytes.find(bytes),
            Value::Address(address) => self.addresses.get(&address).copied(),
        };
        found.unwrap_or(UNKNOWN)
    }

    /// How often values have this number, at a guess: of booleans there are but two, numbers are
    /// mostly flags and results.
    pub(super) fn commonness(&self, id: u32) -> f32 {
        self.common.get(&id).copied().unwrap_or(0.0005)
    }

    /// Every constant with its number, for people to read.
    pub(super) fn describe(&self) -> impl Iterator<Item = (u32, String)> {
        let number = |(&(kind, value), &id): (&(Kind, u64), &u32)| {
            let text = match kind {
                Kind::Bool => (value != 0).to_string(),
                Kind::Signed => value.cast_signed().to_string(),
                _ => value.to_string(),
            };
            (id, text)
        };
        let texts = self.texts.ids.iter();
        let bytes = self.bytes.ids.iter();
        texts
            .map(|(text, &id)| (id, format!("\"{}\"", text.escape_ascii())))
            .chain(bytes.map(|(bytes, &id)| (id, format!("x\"{}\"", bytes.escape_ascii()))))
            .chain(self.numbers.iter().map(number))
            .chain(self.addresses.iter().map(|(address, &id)| (id, address.to_string())))
    }
}

#[derive(Debug, Default)]
struct Strings {
    ids: FxHashMap<Arc<[u8]>, u32>,
    /// Which lengths there are; all above 62 share one bit. Most values are of another length, and
    /// long ones are not even hashed.
    lengths: u64,
}

impl Strings {
    fn intern<B: Deref<Target = [u8]>>(
        &mut self,
        bytes: &B,
        shared: impl FnOnce(&B) -> Arc<[u8]>,
        fresh: impl FnOnce() -> u32,
    ) -> u32 {
        if let Some(&id) = self.ids.get(&**bytes) {
            return id;
        }
        let id = fresh();
        self.lengths |= 1 << bytes.len().min(63);
        self.ids.insert(shared(bytes), id);
        id
    }

    fn find(&self, bytes: &[u8]) -> Option<u32> {
        if self.lengths & (1 << bytes.len().min(63)) == 0 {
            return None;
        }
        self.ids.get(bytes).copied()
    }
}
