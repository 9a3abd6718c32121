//! The recursive-descent parser of conditions, without the recursion: what is open stands in a
//! list of its own, so that depth costs no stack.

use super::cursor::Cursor;
use super::cursor::Fault;
use super::cursor::is_blank;
use super::literal::bare;
use super::literal::number;
use super::literal::quoted;
use super::literal::skip_quoted;
use super::operator::Operand;
use super::operator::WORDS;
use super::operator::modifier;
use super::operator::operator;
use super::term::take_name;
use super::term::term;
use crate::rules::Diagnostic;
use crate::rules::Limits;
use crate::rules::MappedText;
use crate::rules::ast::Check;
use crate::rules::ast::Expr;
use crate::rules::ast::ExprKind;
use crate::rules::ast::Literal;
use crate::rules::ast::Modifier;
use crate::rules::ast::Name;
use crate::rules::ast::Operator;
use crate::rules::ast::Right;
use crate::rules::ast::Term;
use crate::rules::nearest::nearest;

/// What a parenthesis counts as in the depth of nesting: the levels of Falco's grammar (or, and,
/// not, check, and the parenthesis itself).
const PARENTHESIS_LEVELS: usize = 5;

/// Parses a condition.
///
/// # Errors
/// The first thing that is wrong with it: its syntax, its length or its depth.
pub fn parse_condition(text: &MappedText, limits: &Limits) -> Result<Expr, Box<Diagnostic>> {
    let Parsed { expr, faults } = parse_with_faults(text, limits);
    match faults.into_iter().next() {
        Some(fault) => Err(fault),
        None => Ok(expr),
    }
}

/// A condition, and what is wrong with it.
pub(in crate::rules) struct Parsed {
    /// Where there is a fault, an `and` of nothing.
    pub(in crate::rules) expr: Expr,
    pub(in crate::rules) faults: Vec<Fault>,
}

/// Faults that are said of one condition: behind so many it was hardly meant as one.
const FAULTS: usize = 16;

/// Parses a condition, and goes on behind a fault where what follows can be told apart.
pub(in crate::rules) fn parse_with_faults(text: &MappedText, limits: &Limits) -> Parsed {
    if text.text.len() > limits.condition_bytes {
        let message = format!("a condition is longer than {} bytes", limits.condition_bytes);
        let span = text.span(0, text.text.len().min(limits.condition_bytes));
        let fault = Diagnostic::error("condition-size", message, span)
            .help("move its values into lists and its parts into macros");
        let expr = Expr { kind: ExprKind::And(Vec::new()), span };
        return Parsed { expr, faults: vec![Box::new(fault)] };
    }
    let mut parser =
        Parser { cursor: Cursor::new(text), levels: limits.levels(), faults: Vec::new() };
    let parsed = parser.condition();
    let mut faults = parser.faults;
    let expr = parsed.unwrap_or_else(|fault| {
        faults.push(fault);
        Expr { kind: ExprKind::And(Vec::new()), span: text.span(0, text.text.len()) }
    });
    Parsed { expr, faults }
}

/// Part of a condition, with where it stands in the text.
struct Placed {
    expr: Expr,
    start: usize,
    end: usize,
}

/// What is open: the whole condition, or a parenthesis.
#[derive(Default)]
struct Frame {
    /// Where its parenthesis stands.
    open: usize,
    /// The operands of `or` that are complete.
    ors: Vec<Placed>,
    /// The operands of the last `and` that are complete.
    ands: Vec<Placed>,
    /// The `not`s before the next operand.
    nots: Vec<usize>,
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    levels: usize,
    /// Those that it went on behind.
    faults: Vec<Fault>,
}

impl Parser<'_> {
    fn condition(&mut self) -> Result<Expr, Fault> {
        let mut open: Vec<Frame> = Vec::new();
        let mut frame = Frame::default();
        let mut depth = 0;
        loop {
            self.operand_start(&mut frame, &mut open, &mut depth)?;
            let first = open.last().is_none() && frame.is_empty();
            let mut operand = self.check_or_skip(first)?;
            loop {
                depth -= frame.nots.len();
                frame.add(operand, &self.cursor);
                self.cursor.skip_blanks();
                if self.keyword("and") {
                    break;
                }
                if self.keyword("or") {
                    frame.end_of_ands(&self.cursor);
                    break;
                }
                let at_end = self.cursor.is_at_end();
                if at_end && (open.is_empty() || !self.faults.is_empty()) {
                    // Behind a fault, what is still open says nothing.
                    while let Some(outer) = open.pop() {
                        let inner = std::mem::replace(&mut frame, outer).close(&self.cursor);
                        frame.add(inner, &self.cursor);
                    }
                    return Ok(frame.close(&self.cursor).expr);
                }
                if open.is_empty() || self.cursor.peek() != Some(b')') {
                    let inside = (!open.is_empty()).then_some(frame.open);
                    let end = if open.is_empty() { "the end of the condition" } else { "`)`" };
                    let fault = self.unexpected(end, inside);
                    let start = self.cursor.at();
                    // One too many may be what an earlier fault leaves.
                    let closes_nothing = open.is_empty() && self.cursor.peek() == Some(b')');
                    if closes_nothing && !self.faults.is_empty() {
                        self.cursor.go_to_end();
                        operand = self.nothing(start);
                        continue;
                    }
                    operand = self.skip(start, fault)?;
                    continue;
                }
                let outer = open.pop().unwrap_or_default();
                self.cursor.eat(")");
                depth -= PARENTHESIS_LEVELS;
                operand = frame.close(&self.cursor);
                frame = outer;
            }
        }
    }

    /// A check; or nothing in its place, when something is wrong with it and it is clear where it
    /// ends.
    fn check_or_skip(&mut self, first: bool) -> Result<Placed, Fault> {
        let start = self.cursor.at();
        self.check(first).or_else(|fault| self.skip(start, fault))
    }

    /// Goes on behind what is wrong: at the next `and`, `or` or `)` that is not inside parentheses
    /// or quotes that opened since `start`.
    fn skip(&mut self, start: usize, fault: Fault) -> Result<Placed, Fault> {
        let wrong = self.cursor.at();
        if self.faults.len() + 1 >= FAULTS {
            return Err(fault);
        }
        self.cursor.go_to(start);
        let mut depth = 0_usize;
        while let Some(byte) = self.cursor.peek() {
            let at = self.cursor.at();
            match byte {
                b'"' | b'\'' => {
                    // Where the other quote is missing, nothing behind it can be told apart.
                    if !skip_quoted(&mut self.cursor) {
                        return Err(fault);
                    }
                    continue;
                }
                b'(' => depth += 1,
                b')' if depth == 0 => break,
                b')' => depth -= 1,
                b'a' | b'o' if depth == 0 && at >= wrong && self.is_at_connective() => break,
                _ => {}
            }
            self.cursor.go_to(at + 1);
        }
        self.faults.push(fault);
        Ok(self.nothing(start))
    }

    fn is_at_connective(&self) -> bool {
        !self.is_glued() && (self.cursor.is_at_keyword("and") || self.cursor.is_at_keyword("or"))
    }

    fn nothing(&self, start: usize) -> Placed {
        let end = self.cursor.at();
        let expr = Expr { kind: ExprKind::And(Vec::new()), span: self.cursor.span(start, end) };
        Placed { expr, start, end }
    }

    /// Steps over the `not`s and parentheses before a check.
    fn operand_start(
        &mut self,
        frame: &mut Frame,
        open: &mut Vec<Frame>,
        depth: &mut usize,
    ) -> Result<(), Fault> {
        loop {
            self.cursor.skip_blanks();
            let start = self.cursor.at();
            if self.keyword("not") {
                frame.nots.push(start);
                *depth += 1;
            } else if self.cursor.eat("(") {
                let inner = Frame { open: start, ..Frame::default() };
                open.push(std::mem::replace(frame, inner));
                *depth += PARENTHESIS_LEVELS;
            } else {
                return Ok(());
            }
            if *depth > self.levels {
                let message = format!("nested more than {} levels deep", self.levels);
                let span = self.cursor.span_from(start);
                let fault = Diagnostic::error("nesting", message, span)
                    .help("a parenthesis counts as five levels, `not` as one");
                return Err(Box::new(fault));
            }
        }
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        self.cursor.is_at_keyword(keyword) && self.cursor.eat(keyword)
    }

    /// What stands where only `and`, `or` or `end` may.
    fn unexpected(&self, end: &'static str, open: Option<usize>) -> Fault {
        let cursor = &self.cursor;
        let mut fault = if cursor.is_at_end()
            && let Some(open) = open
        {
            Diagnostic::error(
                "unclosed-parenthesis",
                "this parenthesis is not closed",
                cursor.span(open, open + 1),
            )
            .label("no `)` closes it")
            .also(cursor.span_here(), "the condition ends here")
        } else if cursor.peek() == Some(b')') {
            Diagnostic::error(
                "unexpected-text",
                "this parenthesis closes nothing",
                cursor.span_here(),
            )
            .label("no `(` belongs to it")
        } else {
            Diagnostic::error(
                "unexpected-text",
                format!("`and`, `or` or {end} is expected, not {}", cursor.found()),
                cursor.span_here(),
            )
            .label(format!("`and`, `or` or {end} expected"))
        };
        let word = cursor.rest().get(..cursor.identifier_length()).unwrap_or("");
        let help = match (cursor.peek(), word) {
            (Some(b'&'), _) => Some("write `and` for `&&`".to_owned()),
            (Some(b'|'), _) => Some("write `or` for `||`".to_owned()),
            (Some(b'#'), _) => Some("there are no comments inside a condition".to_owned()),
            (Some(b','), _) => Some("values are listed in parentheses: `in (a, b)`".to_owned()),
            (_, "AND" | "And" | "OR" | "Or") => {
                Some(format!("keywords are in lower case: `{}`", word.to_ascii_lowercase()))
            }
            (_, "and" | "or") => Some(format!("an operand is expected behind `{word}`")),
            _ if cursor.at() > 0 && !word.is_empty() && self.is_glued() => {
                Some("a blank is missing before it".to_owned())
            }
            _ => None,
        };
        if let Some(help) = help {
            fault = fault.help(help);
        }
        Box::new(fault)
    }

    /// Whether no blank stands before the cursor.
    fn is_glued(&self) -> bool {
        let Some(at) = self.cursor.at().checked_sub(1) else { return false };
        let mut before = self.cursor;
        before.go_to(at);
        before.peek().is_some_and(|byte| !is_blank(byte))
    }

    /// Takes a comparison or the name of a macro.
    fn check(&mut self, first: bool) -> Result<Placed, Fault> {
        let start = self.cursor.at();
        if let Some(term) = term(&mut self.cursor)? {
            let check = self.comparison(term)?;
            return Ok(self.placed(ExprKind::Check(Box::new(check)), start));
        }
        let length = self.cursor.identifier_length();
        let word = self.cursor.rest().get(..length).unwrap_or("");
        if length == 0 || matches!(word, "and" | "or" | "not") {
            return Err(self.no_check(first));
        }
        let name = take_name(&mut self.cursor, length);
        self.no_comparison_of(&name)?;
        Ok(self.placed(ExprKind::Macro(name), start))
    }

    fn placed(&self, kind: ExprKind, start: usize) -> Placed {
        let end = self.cursor.at();
        Placed { expr: Expr { kind, span: self.cursor.span(start, end) }, start, end }
    }

    fn no_check(&self, first: bool) -> Fault {
        let cursor = &self.cursor;
        if first && cursor.is_at_end() {
            let fault =
                Diagnostic::error("empty-condition", "the condition is empty", cursor.span_here())
                    .label("a condition expected");
            return Box::new(fault);
        }
        let mut fault = Diagnostic::error(
            "expected-check",
            format!("a field, a macro, `not` or `(` is expected, not {}", cursor.found()),
            cursor.span_here(),
        )
        .label("a field, a macro, `not` or `(` expected");
        fault = match cursor.peek() {
            Some(b'!') => fault.help("write `not` for `!`"),
            Some(b'#') => fault.help("there are no comments inside a condition"),
            Some(b'"' | b'\'') => {
                fault.help("a comparison begins with a field: `proc.name = \"x\"`")
            }
            _ => fault,
        };
        Box::new(fault)
    }

    /// An operator behind a name without a dot is a field whose name is wrong.
    fn no_comparison_of(&self, name: &Name) -> Result<(), Fault> {
        let mut behind = self.cursor;
        behind.skip_blanks();
        if operator(&mut behind).is_none() {
            return Ok(());
        }
        let fault = Diagnostic::error(
            "expected-field",
            format!("`{}` is compared but is not a field", name.text),
            name.span,
        )
        .label("a field expected")
        .help("the name of a field has a dot in it, as in `proc.name`");
        Err(Box::new(fault))
    }

    fn comparison(&mut self, left: Term) -> Result<Check, Fault> {
        self.cursor.skip_blanks();
        let start = self.cursor.at();
        let Some(operator) = operator(&mut self.cursor) else { return Err(self.no_operator()) };
        let operator_span = self.cursor.span_from(start);
        self.cursor.skip_blanks();
        let modifier =
            if operator.operand() == Operand::Text { modifier(&mut self.cursor) } else { None };
        let right = self.right(operator, modifier)?;
        Ok(Check { left, operator, operator_span, modifier, right })
    }

    fn no_operator(&self) -> Fault {
        let cursor = &self.cursor;
        let mut fault = Diagnostic::error(
            "expected-operator",
            format!("an operator is expected behind the field, not {}", cursor.found()),
            cursor.span_here(),
        )
        .label("an operator expected");
        let word = cursor.rest().get(..cursor.identifier_length()).unwrap_or("");
        let help = match (cursor.rest().as_bytes(), word) {
            ([b'~', ..], _) => Some("write `regex` or `glob`".to_owned()),
            ([b'!', ..], _) => Some("write `!=`, or `not field in (...)`".to_owned()),
            (_, "not") => Some("`not` stands before the field: `not field in (...)`".to_owned()),
            (_, "and" | "or") => Some("to ask whether there is a value, write `exists`".to_owned()),
            ([], _) | ([b')', ..], _) => {
                Some("to ask whether there is a value, write `exists`".to_owned())
            }
            _ => nearest(word, WORDS.iter().map(|operator| operator.as_str()))
                .map(|name| format!("an operator with a similar name: `{name}`")),
        };
        if let Some(help) = help {
            fault = fault.help(help);
        }
        Box::new(fault)
    }

    fn right(&mut self, operator: Operator, modifier: Option<Modifier>) -> Result<Right, Fault> {
        let operand = match modifier {
            Some(_) => Operand::List,
            None => operator.operand(),
        };
        match operand {
            Operand::Nothing => Ok(Right::Nothing),
            Operand::Number => {
                if let Some(literal) = number(&mut self.cursor) {
                    return Ok(Right::Value(literal));
                }
                self.transformed()?.ok_or_else(|| {
                    self.no_value("expected-number", "a number is expected", "number expected")
                })
            }
            Operand::Text => {
                if let Some(literal) = quoted(&mut self.cursor)? {
                    return Ok(Right::Value(literal));
                }
                if let Some(right) = self.transformed()? {
                    return Ok(right);
                }
                bare(&mut self.cursor).map(Right::Value).ok_or_else(|| {
                    self.no_value("expected-value", "a value is expected", "value expected")
                })
            }
            Operand::List => {
                if self.cursor.peek() == Some(b'(') {
                    return self.list();
                }
                if modifier.is_none()
                    && let Some(right) = self.transformed()?
                {
                    return Ok(right);
                }
                self.named().ok_or_else(|| {
                    self.no_value("expected-list", "a list is expected", "list expected")
                })
            }
        }
    }

    /// Takes the transformer here, if there is one; a field by itself is a value, not a field.
    fn transformed(&mut self) -> Result<Option<Right>, Fault> {
        let length = self.cursor.identifier_length();
        if length == 0 || self.cursor.peek_at(length) != Some(b'(') {
            return Ok(None);
        }
        Ok(term(&mut self.cursor)?.map(Right::Term))
    }

    /// Takes the name of a list.
    fn named(&mut self) -> Option<Right> {
        let start = self.cursor;
        let literal = bare(&mut self.cursor)?;
        let text = String::from_utf8_lossy(&literal.text).into_owned();
        if matches!(text.as_str(), "and" | "or" | "not") {
            self.cursor = start;
            return None;
        }
        Some(Right::Named(Name { text, span: literal.span }))
    }

    fn no_value(&self, code: &'static str, message: &str, label: &str) -> Fault {
        let mut fault = Diagnostic::error(
            code,
            format!("{message} behind the operator, not {}", self.cursor.found()),
            self.cursor.span_here(),
        )
        .label(format!("a {label}"));
        fault = match (code, self.cursor.peek()) {
            ("expected-value", Some(b'(')) => fault.help(
                "for several values write `in (...)`, or `oneof`, `anyof` or `allof` before them",
            ),
            ("expected-list", Some(b'"' | b'\'')) => fault.help("write it in parentheses"),
            ("expected-number", Some(b'"' | b'\'')) => {
                fault.help("write the number without quotes")
            }
            _ => fault,
        };
        Box::new(fault)
    }

    /// Takes values in parentheses.
    fn list(&mut self) -> Result<Right, Fault> {
        let open = self.cursor.at();
        self.cursor.eat("(");
        let mut values: Vec<Literal> = Vec::new();
        loop {
            self.cursor.skip_blanks();
            if values.is_empty() && self.cursor.eat(")") {
                break;
            }
            let value = match quoted(&mut self.cursor)? {
                Some(value) => Some(value),
                None => bare(&mut self.cursor),
            };
            let Some(value) = value else { return Err(self.bad_list(open, true)) };
            values.push(value);
            self.cursor.skip_blanks();
            if self.cursor.eat(")") {
                break;
            }
            if !self.cursor.eat(",") {
                return Err(self.bad_list(open, false));
            }
        }
        Ok(Right::List(values, self.cursor.span_from(open)))
    }

    fn bad_list(&self, open: usize, value: bool) -> Fault {
        let cursor = &self.cursor;
        let mut fault = if cursor.is_at_end() {
            Diagnostic::error(
                "unclosed-parenthesis",
                "this list is not closed",
                cursor.span(open, open + 1),
            )
            .label("no `)` closes it")
            .also(cursor.span_here(), "the condition ends here")
        } else {
            let expected = if value { "a value" } else { "`,` or `)`" };
            Diagnostic::error(
                "expected-list",
                format!("{expected} is expected in the list, not {}", cursor.found()),
                cursor.span_here(),
            )
            .label(format!("{expected} expected"))
            .also(cursor.span(open, open + 1), "the list begins here")
        };
        if matches!(cursor.peek(), Some(b'=' | b'(')) {
            fault = fault.help("a value with `=`, `(` or `)` in it is written in quotes");
        }
        Box::new(fault)
    }
}

impl Frame {
    fn is_empty(&self) -> bool {
        self.ors.is_empty() && self.ands.is_empty() && self.nots.is_empty()
    }

    /// Takes an operand, with the `not`s before it.
    fn add(&mut self, operand: Placed, cursor: &Cursor<'_>) {
        let mut placed = operand;
        while let Some(start) = self.nots.pop() {
            let span = cursor.span(start, placed.end);
            let expr = Expr { kind: ExprKind::Not(Box::new(placed.expr)), span };
            placed = Placed { expr, start, end: placed.end };
        }
        self.ands.push(placed);
    }

    fn end_of_ands(&mut self, cursor: &Cursor<'_>) {
        let ands = std::mem::take(&mut self.ands);
        self.ors.extend(join(ands, ExprKind::And, cursor));
    }

    fn close(mut self, cursor: &Cursor<'_>) -> Placed {
        self.end_of_ands(cursor);
        join(self.ors, ExprKind::Or, cursor).unwrap_or_else(|| Placed {
            // Every frame is closed behind an operand.
            expr: Expr { kind: ExprKind::And(Vec::new()), span: cursor.span_here() },
            start: self.open,
            end: self.open,
        })
    }
}

/// One operand is itself; of more, the operation.
fn join(
    mut operands: Vec<Placed>,
    kind: fn(Vec<Expr>) -> ExprKind,
    cursor: &Cursor<'_>,
) -> Option<Placed> {
    if operands.len() < 2 {
        return operands.pop();
    }
    let (start, end) = (operands.first()?.start, operands.last()?.end);
    let operands = operands.into_iter().map(|placed| placed.expr).collect();
    Some(Placed { expr: Expr { kind: kind(operands), span: cursor.span(start, end) }, start, end })
}
