//! What a field is: its name, its type, what it may be asked.

use std::fmt;

/// Index of a field in the [`CATALOGUE`](super::CATALOGUE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub(super) u16);

impl FieldId {
    /// The index itself.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Type of a field's value. Falco's types with the same operators fall together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldType {
    /// `true` or `false`.
    Bool,
    /// A signed number of 8, 16, 32 or 64 bits.
    Signed(u8),
    /// An unsigned number of 8, 16, 32 or 64 bits.
    Unsigned(u8),
    /// A TCP or UDP port; rules may name the service.
    Port,
    /// Text.
    Text,
    /// A path; behaves as text.
    Path,
    /// Raw bytes.
    Bytes,
    /// An IPv4 or IPv6 address.
    Address,
    /// An address that is tested against networks.
    Network,
    /// Nanoseconds since the epoch.
    Time,
    /// Nanoseconds.
    Duration,
}

/// How many values a field has, and what a test of it means then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Multiplicity {
    /// One value.
    One,
    /// A list: only `exists`, `in` (all of its values are among those given; true when empty)
    /// and `intersects` (at least one is).
    List,
    /// Without an argument all ancestors from the parent upwards: a test is true when it is true
    /// for any of them, `!=` too. With `[n]` one value: 0 is the process itself.
    Ancestors,
    /// Both ends of a connection: a test is true when it is true for either end, `!=` only when it
    /// is true for both. A listening socket has one end.
    Ends,
}

/// What may stand in brackets behind a field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArgumentKind {
    /// Nothing.
    None,
    /// A number, or nothing.
    OptionalIndex,
    /// A number.
    Index,
    /// A name or key (which may be a number), or nothing.
    OptionalKey,
    /// A name or key.
    Key,
}

/// One field of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name as rules write it, e.g. `proc.name`.
    pub name: &'static str,
    /// Type of its value, or of each of its values.
    pub kind: FieldType,
    /// How many values it has.
    pub multiplicity: Multiplicity,
    /// What may stand in brackets.
    pub argument: ArgumentKind,
    /// May stand in a condition only, not in an output (`fd.net`).
    pub filter_only: bool,
    /// May be the argument of a transformer or of `val()`.
    pub transformable: bool,
    /// One sentence for people.
    pub description: &'static str,
}

/// What stands in brackets behind a field's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Argument {
    /// A number.
    Index(u32),
    /// A name or key.
    Key(Box<str>),
}

/// A field with its argument: what a condition or an output refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldRef {
    /// Which field.
    pub id: FieldId,
    /// Its argument.
    pub argument: Option<Argument>,
}

impl FieldRef {
    /// The field without an argument.
    pub const fn new(id: FieldId) -> Self {
        Self { id, argument: None }
    }
}

impl fmt::Display for FieldRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id.field().name)?;
        match &self.argument {
            None => Ok(()),
            Some(Argument::Index(index)) => write!(f, "[{index}]"),
            Some(Argument::Key(key)) => write!(f, "[{key}]"),
        }
    }
}
