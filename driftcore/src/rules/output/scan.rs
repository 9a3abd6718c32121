//! A transformer as an output has it: the same grammar as in a condition.

use crate::rules::MappedText;
use crate::rules::Span;
use crate::rules::ast::Literal;
use crate::rules::ast::Name;
use crate::rules::ast::Quote;
use crate::rules::ast::Term;
use crate::rules::ast::TermArgument;
use crate::rules::ast::TermKind;

/// Levels of nesting.
const DEEPEST: usize = 32;

/// What is wrong, and where in the text.
type Fault = (String, usize);

/// A cursor over an output.
pub(super) struct Scanner<'t> {
    text: &'t MappedText,
    at: usize,
    depth: usize,
}

impl<'t> Scanner<'t> {
    pub(super) const fn new(text: &'t MappedText, at: usize) -> Self {
        Self { text, at, depth: 0 }
    }

    /// Behind what was read.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// `name(argument, ...)` with an optional `[key]`.
    pub(super) fn transformer(&mut self) -> Result<Term, Fault> {
        let name = self.name();
        self.call(name)
    }

    fn call(&mut self, name: Name) -> Result<Term, Fault> {
        let start = name.span;
        self.expect(b'(')?;
        let arguments = self.arguments()?;
        let argument = self.brackets()?;
        let kind = TermKind::Transformer { name, arguments };
        Ok(Term { kind, argument, span: self.since(start) })
    }

    fn arguments(&mut self) -> Result<Vec<TermArgument>, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err((format!("more than {DEEPEST} levels of nesting"), self.at));
        }
        let mut arguments = Vec::new();
        self.blanks();
        if self.peek() == Some(b')') {
            self.at += 1;
        } else {
            loop {
                arguments.push(self.argument()?);
                self.blanks();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b')') => {
                        self.at += 1;
                        break;
                    }
                    _ => return Err(("expected `,` or `)`".to_owned(), self.at)),
                }
            }
        }
        self.depth -= 1;
        Ok(arguments)
    }

    fn argument(&mut self) -> Result<TermArgument, Fault> {
        self.blanks();
        let start = self.at;
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => self.quoted(quote).map(TermArgument::Literal),
            Some(b'(') => {
                self.at += 1;
                let items = self.arguments()?;
                Ok(TermArgument::List(items, self.text.span(start, self.at)))
            }
            Some(b'0'..=b'9' | b'-' | b'+') => {
                self.at += 1;
                while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'.') {
                    self.at += 1;
                }
                Ok(TermArgument::Literal(self.literal(start, self.at, None)))
            }
            _ => {
                let name = self.name();
                if name.text.is_empty() {
                    return Err(("expected a field, a transformer or a value".to_owned(), start));
                }
                if self.peek() == Some(b'(') {
                    return self.call(name).map(TermArgument::Term);
                }
                let start = name.span;
                let argument = self.brackets()?;
                let kind = TermKind::Field(name);
                Ok(TermArgument::Term(Term { kind, argument, span: self.since(start) }))
            }
        }
    }

    fn brackets(&mut self) -> Result<Option<Literal>, Fault> {
        if self.peek() != Some(b'[') {
            return Ok(None);
        }
        self.at += 1;
        let start = self.at;
        let rest = self.text.text.get(start..).unwrap_or_default();
        let Some(length) = rest.find(']') else {
            return Err(("expected `]`".to_owned(), self.text.text.len()));
        };
        self.at = start + length + 1;
        Ok(Some(self.literal(start, start + length, None)))
    }

    fn quoted(&mut self, quote: u8) -> Result<Literal, Fault> {
        let start = self.at;
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let Some(byte) = self.peek() else {
                return Err(("this quotation mark is not closed".to_owned(), start));
            };
            self.at += 1;
            match byte {
                _ if byte == quote => break,
                b'\\' => bytes.push(self.escape(quote)?),
                _ => bytes.push(byte),
            }
        }
        let kind = if quote == b'"' { Quote::Double } else { Quote::Single };
        Ok(Literal { text: bytes.into(), quote: Some(kind), span: self.text.span(start, self.at) })
    }

    fn escape(&mut self, quote: u8) -> Result<u8, Fault> {
        let at = self.at;
        let byte = self.peek();
        self.at += 1;
        match byte {
            Some(b'b') => Ok(8),
            Some(b'f') => Ok(12),
            Some(b'n') => Ok(b'\n'),
            Some(b'r') => Ok(b'\r'),
            Some(b't') => Ok(b'\t'),
            Some(byte @ (b'\\' | b'/')) => Ok(byte),
            Some(b' ') => Ok(b'\\'),
            Some(byte) if byte == quote => Ok(byte),
            Some(b'x') => {
                let digits = self.text.text.get(self.at..self.at + 2);
                self.at += 2;
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                byte.ok_or_else(|| ("expected two hexadecimal digits".to_owned(), at))
            }
            _ => Err(("there is no such escape".to_owned(), at)),
        }
    }

    fn name(&mut self) -> Name {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        {
            self.at += 1;
        }
        let text = self.text.text.get(start..self.at).unwrap_or_default().to_owned();
        Name { text, span: self.text.span(start, self.at) }
    }

    fn literal(&self, start: usize, end: usize, quote: Option<Quote>) -> Literal {
        let text = self.text.text.get(start..end).unwrap_or_default();
        Literal { text: text.as_bytes().into(), quote, span: self.text.span(start, end) }
    }

    fn since(&self, start: Span) -> Span {
        let end = self.text.span(self.at.saturating_sub(1), self.at);
        Span { end: end.end.max(start.end), ..start }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err((format!("expected `{}`", char::from(byte)), self.at));
        }
        self.at += 1;
        Ok(())
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.text.as_bytes().get(self.at).copied()
    }
}
