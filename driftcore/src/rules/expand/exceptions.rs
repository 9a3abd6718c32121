//! Exceptions of rules as conditions.

use crate::rules::Diagnostic;
use crate::rules::Span;
use crate::rules::ast::Check;
use crate::rules::ast::Expr;
use crate::rules::ast::ExprKind;
use crate::rules::ast::Modifier;
use crate::rules::ast::Operator;
use crate::rules::ast::Right;
use crate::rules::ast::Term;
use crate::rules::collect::Exception;
use crate::rules::condition::Operand;
use crate::rules::condition::item_value;
use crate::rules::condition::parse_field;
use crate::rules::condition::parse_operator;
use crate::rules::condition::parse_right;
use crate::rules::items::ExceptionValue;
use crate::rules::items::OneOrMany;

type Comparison = (Operator, Option<Modifier>, Span);

/// The condition, and none of the exceptions.
///
/// # Errors
/// The first thing that is wrong with an exception.
pub(crate) fn with_exceptions(
    condition: Expr,
    exceptions: &[Exception],
) -> Result<Expr, Box<Diagnostic>> {
    let span = condition.span;
    let mut operands = vec![condition];
    for exception in exceptions {
        if let Some(excepted) = excepted(exception)? {
            let span = excepted.span;
            operands.push(Expr { kind: ExprKind::Not(Box::new(excepted)), span });
        }
    }
    Ok(join(operands, ExprKind::And, span))
}

/// One operand is itself; of more, the operation.
fn join(mut operands: Vec<Expr>, kind: fn(Vec<Expr>) -> ExprKind, span: Span) -> Expr {
    match operands.len() {
        1 => operands.pop().unwrap_or(Expr { kind: kind(Vec::new()), span }),
        _ => Expr { kind: kind(operands), span },
    }
}

fn fault(message: String, span: Span) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("bad-exception", message, span))
}

/// What the exception excepts; `None` without values. Its fields and operators are checked in any
/// case.
fn excepted(exception: &Exception) -> Result<Option<Expr>, Box<Diagnostic>> {
    match &exception.fields {
        OneOrMany::One(field, span) => {
            let left = parse_field(field)?;
            one_field(exception, left, *span)
        }
        OneOrMany::Many(fields, span) => {
            let lefts = fields
                .iter()
                .map(|(field, _)| parse_field(field))
                .collect::<Result<Vec<Term>, _>>()?;
            many_fields(exception, &lefts, *span)
        }
    }
}

/// `fields: f`, `comps: in`, `values: [a, b]`: the field is compared with all values at once.
fn one_field(
    exception: &Exception,
    left: Term,
    fields: Span,
) -> Result<Option<Expr>, Box<Diagnostic>> {
    let name = &exception.name;
    let (operator, modifier, operator_span) = match &exception.operators {
        None => (Operator::In, None, fields),
        Some(OneOrMany::One(text, span)) => {
            let (operator, modifier) = parse_operator(text)?;
            (operator, modifier, *span)
        }
        Some(OneOrMany::Many(_, span)) => {
            let message = format!(
                "`comps` of the exception `{}` is a sequence, and `fields` is not",
                name.text
            );
            return Err(Box::new(fault(message, *span).also(fields, "one field")));
        }
    };
    if modifier.is_none() && operator.operand() != Operand::List {
        let message = format!("`{}` does not compare with a list", operator.as_str());
        return Err(Box::new(
            fault(message, operator_span)
                .label("`in`, `intersects`, `pmatch` or a modifier expected")
                .help("for an operator with one value, write `fields`, `comps` and each of the `values` as sequences"),
        ));
    }
    let mut values = Vec::with_capacity(exception.values.len());
    for value in &exception.values {
        match value {
            ExceptionValue::One(text, _) => values.push(item_value(text)?),
            ExceptionValue::Many(_, span) => {
                let message = format!("a value of the exception `{}` is a sequence", name.text);
                return Err(Box::new(
                    fault(message, *span)
                        .label("one value expected")
                        .also(fields, "because there is one field"),
                ));
            }
        }
    }
    if values.is_empty() {
        return Ok(None);
    }
    let span = span_of(&exception.values).unwrap_or(name.span);
    let check = Check { left, operator, operator_span, modifier, right: Right::List(values, span) };
    Ok(Some(Expr { kind: ExprKind::Check(Box::new(check)), span }))
}

/// `fields: [f, g]`, `comps: [=, in]`, `values: [[a, [b, c]], ...]`: each tuple has a value for each
/// field.
fn many_fields(
    exception: &Exception,
    lefts: &[Term],
    fields: Span,
) -> Result<Option<Expr>, Box<Diagnostic>> {
    let name = &exception.name;
    if lefts.is_empty() {
        let message = format!("`fields` of the exception `{}` is empty", name.text);
        return Err(fault(message, fields));
    }
    let comparisons: Vec<Comparison> = match &exception.operators {
        None => lefts.iter().map(|left| (Operator::Equal, None, left.span)).collect(),
        Some(OneOrMany::One(_, span)) => {
            let message = format!(
                "`fields` of the exception `{}` is a sequence, and `comps` is not",
                name.text
            );
            return Err(Box::new(fault(message, *span).also(fields, "a sequence of fields")));
        }
        Some(OneOrMany::Many(texts, span)) => {
            let parsed = texts
                .iter()
                .map(|(text, span)| {
                    parse_operator(text).map(|(operator, modifier)| (operator, modifier, *span))
                })
                .collect::<Result<Vec<Comparison>, _>>()?;
            if parsed.len() != lefts.len() {
                let message = format!(
                    "the exception `{}` has {} fields and {} operators",
                    name.text,
                    lefts.len(),
                    parsed.len()
                );
                return Err(Box::new(
                    fault(message, *span)
                        .label(format!("{} expected", lefts.len()))
                        .also(fields, "the fields"),
                ));
            }
            parsed
        }
    };
    let mut tuples = Vec::with_capacity(exception.values.len());
    for value in &exception.values {
        let (values, span) = match value {
            ExceptionValue::Many(values, span) => (values, *span),
            ExceptionValue::One(_, span) => {
                let message = format!("a value of the exception `{}` is not a sequence", name.text);
                return Err(Box::new(
                    fault(message, *span)
                        .label(format!("a sequence of {} values expected", lefts.len()))
                        .also(fields, "one value for each field"),
                ));
            }
        };
        if values.len() != lefts.len() {
            let message = format!(
                "the exception `{}` has {} fields, and {} values stand here",
                name.text,
                lefts.len(),
                values.len()
            );
            return Err(Box::new(
                fault(message, span)
                    .label(format!("{} expected", lefts.len()))
                    .also(fields, "the fields"),
            ));
        }
        let mut checks = Vec::with_capacity(values.len());
        for ((left, comparison), value) in lefts.iter().zip(&comparisons).zip(values) {
            checks.push(one_check(left, *comparison, value)?);
        }
        tuples.push(join(checks, ExprKind::And, span));
    }
    if tuples.is_empty() {
        return Ok(None);
    }
    let span = span_of(&exception.values).unwrap_or(name.span);
    Ok(Some(join(tuples, ExprKind::Or, span)))
}

fn one_check(
    left: &Term,
    (operator, modifier, operator_span): Comparison,
    value: &ExceptionValue,
) -> Result<Expr, Box<Diagnostic>> {
    let (right, span) = match value {
        ExceptionValue::One(text, span) => (parse_right(text, operator, modifier)?, *span),
        ExceptionValue::Many(values, span) => {
            if modifier.is_none() && operator.operand() != Operand::List {
                let message = format!("`{}` does not compare with a list", operator.as_str());
                return Err(Box::new(
                    fault(message, *span)
                        .label("one value expected")
                        .also(operator_span, "because of this operator")
                        .help("name an operator such as `in` in `comps`"),
                ));
            }
            let mut items = Vec::with_capacity(values.len());
            for value in values {
                let ExceptionValue::One(text, _) = value else {
                    let message = "a list in a list of values".to_owned();
                    return Err(fault(message, *span));
                };
                items.push(item_value(text)?);
            }
            (Right::List(items, *span), *span)
        }
    };
    let check = Check { left: left.clone(), operator, operator_span, modifier, right };
    Ok(Expr { kind: ExprKind::Check(Box::new(check)), span })
}

/// From the first value to the last, so far as they stand in one file.
fn span_of(values: &[ExceptionValue]) -> Option<Span> {
    let span = |value: &ExceptionValue| match value {
        ExceptionValue::One(_, span) | ExceptionValue::Many(_, span) => *span,
    };
    let (first, last) = (span(values.first()?), span(values.last()?));
    let together = first.source == last.source && last.end > first.start;
    Some(if together { Span { end: last.end, ..first } } else { first })
}
