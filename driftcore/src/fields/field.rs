//! What a field is: its name, its type, what it may be asked.

use std::fmt;

use super::event_argument::raw_type;

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

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("true or false"),
            Self::Signed(bits) => write!(f, "a signed number of {bits} bits"),
            Self::Unsigned(bits) => write!(f, "an unsigned number of {bits} bits"),
            Self::Port => f.write_str("a port"),
            Self::Text => f.write_str("text"),
            Self::Path => f.write_str("a path"),
            Self::Bytes => f.write_str("bytes"),
            Self::Address => f.write_str("an IP address"),
            Self::Network => f.write_str("an IP network"),
            Self::Time => f.write_str("a time in nanoseconds"),
            Self::Duration => f.write_str("a duration in nanoseconds"),
        }
    }
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

/// What the running sensor must do for a field to have a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Availability {
    /// Nothing more: it comes with the events of processes.
    Always,
    /// More than it does yet: the kind of event or the knowledge that is missing.
    Needs(&'static str),
    /// It never has one: why.
    Never(&'static str),
}

impl Availability {
    /// Whether the running sensor can fill the field.
    pub const fn is_available(self) -> bool {
        matches!(self, Self::Always)
    }
}

/// How an output prints a value that is not printed by its type alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Print {
    /// By its type.
    Plain,
    /// The event's time of day with nanoseconds: `12:34:56.000000001`.
    Clock,
    /// The event's time of day: `12:34:56`.
    ClockSeconds,
    /// The event's time by ISO 8601 with nanoseconds and `+0000`.
    Iso8601,
    /// The event's date and time of day with nanoseconds.
    DateTime,
    /// The event's date and time of day.
    DateTimeSeconds,
    /// A number with leading zeros to nine digits.
    Padded,
    /// A number in hexadecimal, which JSON carries as text.
    Hex,
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
    /// The argument may follow a dot instead: `evt.arg.flags`.
    pub dotted: bool,
    /// May stand in a condition only, not in an output (`fd.net`).
    pub filter_only: bool,
    /// May be the argument of a transformer or of `val()`.
    pub transformable: bool,
    /// What the running sensor must do for it to have a value.
    pub availability: Availability,
    /// How an output prints it.
    pub print: Print,
    /// One sentence for people.
    pub description: &'static str,
}

/// How the catalogue is written: one value, no argument and no further property, unless said.
impl Field {
    pub(super) const fn new(
        name: &'static str,
        kind: FieldType,
        description: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            multiplicity: Multiplicity::One,
            argument: ArgumentKind::None,
            dotted: false,
            filter_only: false,
            transformable: true,
            availability: Availability::Always,
            print: Print::Plain,
            description,
        }
    }

    pub(super) const fn list(self) -> Self {
        Self { multiplicity: Multiplicity::List, ..self }
    }

    pub(super) const fn ancestors(self) -> Self {
        let argument = ArgumentKind::OptionalIndex;
        Self { multiplicity: Multiplicity::Ancestors, argument, transformable: false, ..self }
    }

    pub(super) const fn ends(self) -> Self {
        Self { multiplicity: Multiplicity::Ends, ..self }.filter_only()
    }

    pub(super) const fn filter_only(self) -> Self {
        Self { filter_only: true, transformable: false, ..self }
    }

    pub(super) const fn not_transformable(self) -> Self {
        Self { transformable: false, ..self }
    }

    pub(super) const fn argument(self, argument: ArgumentKind) -> Self {
        Self { argument, ..self }
    }

    pub(super) const fn dotted(self) -> Self {
        Self { dotted: true, ..self }
    }

    pub(super) const fn needs(self, what: &'static str) -> Self {
        Self { availability: Availability::Needs(what), ..self }
    }

    pub(super) const fn never(self, why: &'static str) -> Self {
        Self { availability: Availability::Never(why), ..self }
    }

    pub(super) const fn print(self, print: Print) -> Self {
        Self { print, ..self }
    }
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

    /// The type of its value, which for `evt.rawarg` depends on the argument.
    pub fn kind(&self) -> FieldType {
        match &self.argument {
            Some(Argument::Key(key)) if self.id.field().name == "evt.rawarg" => {
                raw_type(key).unwrap_or(FieldType::Signed(64))
            }
            _ => self.id.field().kind,
        }
    }

    /// How many values it has: of one ancestor, one.
    pub fn multiplicity(&self) -> Multiplicity {
        match self.id.field().multiplicity {
            Multiplicity::Ancestors if self.argument.is_some() => Multiplicity::One,
            multiplicity => multiplicity,
        }
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
