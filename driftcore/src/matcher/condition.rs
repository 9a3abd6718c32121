//! A condition whose types are settled: what the rule language is compiled to, and what the
//! matcher is compiled from.

use std::net::IpAddr;
use std::sync::Arc;

use crate::fields::FieldRef;

/// A condition over the fields of one event.
///
/// Two-valued: a test of a missing value is false, whatever the comparison, and [`Not`] of it is
/// true.
///
/// [`Not`]: Condition::Not
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of them; true when there are none.
    All(Vec<Condition>),
    /// At least one of them; false when there are none.
    Any(Vec<Condition>),
    /// Exactly one of them (the modifier `oneof`).
    One(Vec<Condition>),
    /// The opposite.
    Not(Box<Condition>),
    /// One test.
    Test(Test),
}

/// One test: a value of the event compared with something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// What is compared.
    pub left: Operand,
    /// How, and with what.
    pub comparison: Comparison,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A field of the event.
    Field(FieldRef),
    /// A text that is the same for every event (a transformer's argument).
    Text(Box<[u8]>),
    /// A number that is the same for every event (a transformer's argument).
    Number(u64),
    /// A list of operands (a transformer's argument).
    List(Vec<Operand>),
    /// A function of other operands. Missing when one of them is, or when it fails.
    Transformed {
        /// The function.
        transformer: Transformer,
        /// Its arguments; their number and types are those that the function takes.
        arguments: Vec<Operand>,
        /// What stood in brackets behind it (`getopt(...)[c]`).
        key: Option<Box<str>>,
    },
}

/// The functions of the rule language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transformer {
    /// ASCII lower case.
    ToLower,
    /// ASCII upper case.
    ToUpper,
    /// Base64 decoded; missing when it is not Base64.
    Base64,
    /// What follows the last slash.
    Basename,
    /// Number of bytes, or of a list's values.
    Length,
    /// A list's values with a separator between them: `join(separator, list)`.
    Join,
    /// Its arguments one after another.
    Concat,
    /// Values of a command line option: `getopt(list, "a:b")`, `getopt(list, "a:b")[a]`.
    GetOpt,
}

/// How a value is compared. Constants are of the type of the value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Comparison {
    /// There is a value.
    Exists,
    /// `=`; for a [`Constant::Network`], the address is in it.
    Equal(Constant),
    /// `!=`: there is a value, and it is another (or not in the network).
    NotEqual(Constant),
    /// `<`, `<=`, `>`, `>=`: numbers by value, text byte by byte.
    Order(Order, Constant),
    /// A substring, prefix, pattern and their like, of text or bytes.
    Text(TextTest, Box<[u8]>),
    /// `in`: the value is among these; of a list, every value is.
    In(Vec<Constant>),
    /// `intersects`: the value is among these; of a list, at least one value is.
    Intersects(Vec<Constant>),
    /// `pmatch`: one of these paths is the value or one of its parent directories. Components may
    /// hold `?`, `*` and `[`.
    PathMatch(Vec<Box<[u8]>>),
    /// Compared with another value of the same event; false when that is missing.
    With(Relation, Operand),
}

/// Which way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What is asked of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextTest {
    /// Holds it (`contains`, `bcontains`).
    Contains,
    /// Holds it, ASCII case ignored (`icontains`).
    ContainsIgnoringCase,
    /// Begins with it (`startswith`, `bstartswith`).
    StartsWith,
    /// Ends with it (`endswith`).
    EndsWith,
    /// Is matched whole by the pattern, as `fnmatch(3)` without flags does (`glob`).
    Glob,
    /// The same, ASCII case ignored (`iglob`).
    GlobIgnoringCase,
    /// Is matched whole by the regular expression (`regex`).
    Regex,
}

/// How two values of one event are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Relation {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`, `<=`, `>`, `>=`
    Order(Order),
    /// `contains`, `startswith`, ... with the other value as the needle. Never `Regex`.
    Text(TextTest),
    /// `in` with the values of the other, a list.
    In,
    /// `intersects` with the values of the other, a list.
    Intersects,
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Constant {
    /// For `Value::Bool`.
    Bool(bool),
    /// For `Value::Signed`.
    Signed(i64),
    /// For `Value::Unsigned`.
    Unsigned(u64),
    /// For `Value::Text`. No NUL. Shared by its copies.
    Text(Arc<[u8]>),
    /// For `Value::Bytes`.
    Bytes(Box<[u8]>),
    /// For `Value::Address`.
    Address(IpAddr),
    /// For `Value::Address`: the network that it is in.
    Network(Network),
}

/// An IP network; the bits behind the prefix are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network of `prefix` bits that `address` is in; `None` when it has fewer bits.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(address) if prefix <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V4((u32::from(address) & mask).into())
            }
            IpAddr::V6(address) if prefix <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V6((u128::from(address) & mask).into())
            }
            _ => return None,
        };
        Some(Self { address, prefix })
    }

    /// Its first address.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits its addresses share.
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether the address is in it. One of the other family never is.
    pub fn contains(&self, address: IpAddr) -> bool {
        Self::new(address, self.prefix).is_some_and(|network| network == *self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_mask_their_host_bits() {
        let network = Network::new("142.251.3.4".parse().unwrap(), 8).unwrap();
        assert!(network.contains("142.0.0.1".parse().unwrap()));
        assert!(!network.contains("143.0.0.1".parse().unwrap()));
        assert!(!network.contains("::1".parse().unwrap()));
        assert!(
            Network::new("::1".parse().unwrap(), 0).unwrap().contains("fe80::1".parse().unwrap())
        );
        assert!(Network::new("1.2.3.4".parse().unwrap(), 33).is_none());
    }
}
