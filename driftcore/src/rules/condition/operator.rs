//! Operators and their modifiers.

use super::cursor::Cursor;
use super::cursor::is_blank;
use crate::rules::ast::Modifier;
use crate::rules::ast::Operator;

/// What may stand on the right of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// Nothing.
    Nothing,
    /// A number, or a value of the same event.
    Number,
    /// One value; with a modifier, a list.
    Text,
    /// A list.
    List,
}

/// As rules write them; what begins with another stands before it.
const SIGNS: [(&str, Operator); 7] = [
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("!=", Operator::NotEqual),
    ("==", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("=", Operator::Equal),
];

pub(super) const WORDS: [Operator; 13] = [
    Operator::Exists,
    Operator::Contains,
    Operator::IContains,
    Operator::BContains,
    Operator::StartsWith,
    Operator::BStartsWith,
    Operator::EndsWith,
    Operator::Glob,
    Operator::IGlob,
    Operator::Regex,
    Operator::In,
    Operator::Intersects,
    Operator::PMatch,
];

const MODIFIERS: [Modifier; 3] = [Modifier::OneOf, Modifier::AnyOf, Modifier::AllOf];

impl Operator {
    /// What may stand on its right.
    pub(crate) const fn operand(self) -> Operand {
        match self {
            Self::Exists => Operand::Nothing,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => {
                Operand::Number
            }
            Self::Equal
            | Self::NotEqual
            | Self::Contains
            | Self::IContains
            | Self::BContains
            | Self::StartsWith
            | Self::BStartsWith
            | Self::EndsWith
            | Self::Glob
            | Self::IGlob
            | Self::Regex => Operand::Text,
            Self::In | Self::Intersects | Self::PMatch => Operand::List,
        }
    }
}

/// Takes the operator here, if there is one.
pub(super) fn operator(cursor: &mut Cursor<'_>) -> Option<Operator> {
    if let Some((sign, operator)) = SIGNS.iter().find(|(sign, _)| cursor.rest().starts_with(sign)) {
        cursor.eat(sign);
        return Some(*operator);
    }
    let length = cursor.identifier_length();
    let word = cursor.rest().get(..length)?;
    let operator = WORDS.into_iter().find(|operator| operator.as_str() == word)?;
    cursor.eat(word);
    Some(operator)
}

/// Takes the modifier here, if there is one: the word, and behind it a list or the name of one.
/// Without a list behind it the word is a value.
pub(super) fn modifier(cursor: &mut Cursor<'_>) -> Option<Modifier> {
    let modifier =
        MODIFIERS.into_iter().find(|modifier| cursor.rest().starts_with(modifier.as_str()))?;
    let mut look = *cursor;
    look.eat(modifier.as_str());
    if !look.peek().is_some_and(|next| is_blank(next) || next == b'(') {
        return None;
    }
    look.skip_blanks();
    let list = look.peek() == Some(b'(')
        || look.identifier_length() > 0 && !is_keyword(look.rest(), look.identifier_length());
    if list {
        *cursor = look;
    }
    list.then_some(modifier)
}

fn is_keyword(rest: &str, length: usize) -> bool {
    matches!(rest.get(..length), Some("and" | "or" | "not"))
}
