//! A syntax tree as the text of a condition.

use std::fmt;
use std::fmt::Display;
use std::fmt::Formatter;
use std::fmt::Write;

use super::cursor::is_bare;
use super::cursor::is_bare_argument;
use crate::rules::ast::Check;
use crate::rules::ast::Expr;
use crate::rules::ast::ExprKind;
use crate::rules::ast::Literal;
use crate::rules::ast::Quote;
use crate::rules::ast::Right;
use crate::rules::ast::Term;
use crate::rules::ast::TermArgument;
use crate::rules::ast::TermKind;

/// As a rule would write it: parsed, it gives the same tree.
impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::And(operands) => joined(f, operands, " and ", |inner| {
                matches!(inner, ExprKind::And(_) | ExprKind::Or(_))
            }),
            ExprKind::Or(operands) => {
                joined(f, operands, " or ", |inner| matches!(inner, ExprKind::Or(_)))
            }
            ExprKind::Not(inner) => {
                f.write_str("not ")?;
                let grouped = matches!(inner.kind, ExprKind::And(_) | ExprKind::Or(_));
                operand(f, inner, grouped)
            }
            ExprKind::Macro(name) => f.write_str(&name.text),
            ExprKind::Check(check) => check.fmt(f),
        }
    }
}

fn joined(
    f: &mut Formatter<'_>,
    operands: &[Expr],
    between: &str,
    grouped: fn(&ExprKind) -> bool,
) -> fmt::Result {
    for (at, inner) in operands.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        operand(f, inner, grouped(&inner.kind))?;
    }
    Ok(())
}

fn operand(f: &mut Formatter<'_>, inner: &Expr, grouped: bool) -> fmt::Result {
    if grouped { write!(f, "({inner})") } else { inner.fmt(f) }
}

impl Display for Check {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.left, self.operator.as_str())?;
        if let Some(modifier) = self.modifier {
            write!(f, " {}", modifier.as_str())?;
        }
        match &self.right {
            Right::Nothing => Ok(()),
            Right::Value(value) => write!(f, " {value}"),
            Right::Term(term) => write!(f, " {term}"),
            Right::List(values, _) => {
                f.write_str(" (")?;
                comma_separated(f, values)?;
                f.write_char(')')
            }
            Right::Named(name) => write!(f, " {}", name.text),
        }
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            TermKind::Field(name) => f.write_str(&name.text)?,
            TermKind::Transformer { name, arguments } => {
                write!(f, "{}(", name.text)?;
                comma_separated(f, arguments)?;
                f.write_char(')')?;
            }
        }
        match &self.argument {
            None => Ok(()),
            Some(argument) => {
                f.write_char('[')?;
                literal(f, argument, is_bare_argument)?;
                f.write_char(']')
            }
        }
    }
}

impl Display for TermArgument {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => term.fmt(f),
            Self::Literal(literal) => literal.fmt(f),
            Self::List(arguments, _) => {
                f.write_char('(')?;
                comma_separated(f, arguments)?;
                f.write_char(')')
            }
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        literal(f, self, is_bare)
    }
}

fn comma_separated<T: Display>(f: &mut Formatter<'_>, parts: &[T]) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        part.fmt(f)?;
    }
    Ok(())
}

/// A value without quotes that cannot stand so, such as an item of a list, is put in quotes.
fn literal(f: &mut Formatter<'_>, literal: &Literal, bare: fn(u8) -> bool) -> fmt::Result {
    let quote = match (literal.quote, std::str::from_utf8(&literal.text)) {
        (None, Ok(text)) if !text.is_empty() && text.bytes().all(bare) => {
            return f.write_str(text);
        }
        (Some(quote), _) => quote,
        (None, _) => Quote::Double,
    };
    let mark = match quote {
        Quote::Double => '"',
        Quote::Single => '\'',
    };
    f.write_char(mark)?;
    let mut rest = &*literal.text;
    while !rest.is_empty() {
        let (text, invalid) = match std::str::from_utf8(rest) {
            Ok(text) => (text, rest.len()),
            Err(error) => {
                let (valid, _) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(valid).unwrap_or(""), error.valid_up_to())
            }
        };
        for (at, c) in text.char_indices() {
            let last = at + 1 == rest.len();
            match c {
                // The closing quote must not stand behind a backslash.
                '\\' if last => f.write_str("\\x5c")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c == mark => write!(f, "\\{mark}")?,
                c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        rest = rest.get(invalid..).unwrap_or(&[]);
        if let Some((byte, behind)) = rest.split_first() {
            write!(f, "\\x{byte:02x}")?;
            rest = behind;
        }
    }
    f.write_char(mark)
}
