//! Comparisons: which operators a type has, and what they are compared with.

use super::checker::Checker;
use super::constant::constant;
use super::constant::constants;
use super::constant::event_type;
use super::constant::hex;
use super::constant::text;
use super::operand::Type;
use super::operand::Typed;
use super::operand::left;
use super::operand::right;
use super::regex;
use super::shown::shown;
use crate::fields::FieldType;
use crate::fields::Multiplicity;
use crate::matcher::Comparison;
use crate::matcher::Condition;
use crate::matcher::Order;
use crate::matcher::Relation;
use crate::matcher::Test;
use crate::matcher::TextTest;
use crate::rules::Diagnostic;
use crate::rules::Span;
use crate::rules::ast::Check;
use crate::rules::ast::Literal;
use crate::rules::ast::Modifier;
use crate::rules::ast::Operator;
use crate::rules::ast::Right;
use crate::rules::ast::Term;

/// A comparison, typed.
pub(super) fn check(checker: &mut Checker<'_>, check: &Check, span: Span) -> Option<Condition> {
    let left = left(checker, &check.left)?;
    if !operator_allowed(check.operator, left.kind) {
        checker.error(operator_error(check, &left));
        return None;
    }
    if let Some(modifier) = check.modifier {
        return modified(checker, check, modifier, left, span);
    }
    let comparison = match &check.right {
        Right::Nothing if check.operator == Operator::Exists => Comparison::Exists,
        Right::Value(literal) => with_value(checker, check.operator, literal, &left)?,
        Right::List(literals, _) => with_list(checker, check.operator, literals, &left)?,
        Right::Term(term) => with_term(checker, check, term, &left)?,
        Right::Named(name) => {
            checker.error(
                Diagnostic::error(
                    "unknown-list",
                    format!("there is no list `{}`", shown(&name.text)),
                    name.span,
                )
                .label("not a list"),
            );
            return None;
        }
        Right::Nothing => {
            checker.error(mismatch(check, "nothing to compare with"));
            return None;
        }
    };
    Some(Condition::Test(Test { left: left.operand, comparison }))
}

/// The table of operators and types.
fn operator_allowed(operator: Operator, kind: Type) -> bool {
    use Operator as O;

    if kind.is_list() {
        return matches!(operator, O::Exists | O::In | O::Intersects);
    }
    let text = kind.is_text();
    let bytes = kind.kind == FieldType::Bytes;
    let number = matches!(
        kind.kind,
        FieldType::Signed(_)
            | FieldType::Unsigned(_)
            | FieldType::Port
            | FieldType::Time
            | FieldType::Duration
    );
    match operator {
        O::Exists | O::Equal | O::NotEqual | O::In => true,
        // Of either end it would say nothing that `in` does not.
        O::Intersects => kind.multiplicity != Multiplicity::Ends,
        O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual => number || text,
        O::Contains | O::StartsWith | O::EndsWith => text || bytes,
        O::IContains | O::Glob | O::IGlob | O::Regex | O::PMatch => text,
        O::BContains | O::BStartsWith => bytes,
    }
}

fn operator_error(check: &Check, left: &Typed) -> Diagnostic {
    use Operator as O;

    let all = [
        O::Exists,
        O::Equal,
        O::NotEqual,
        O::Less,
        O::LessOrEqual,
        O::Greater,
        O::GreaterOrEqual,
        O::Contains,
        O::IContains,
        O::BContains,
        O::StartsWith,
        O::BStartsWith,
        O::EndsWith,
        O::Glob,
        O::IGlob,
        O::Regex,
        O::In,
        O::Intersects,
        O::PMatch,
    ];
    let possible: Vec<_> = all
        .into_iter()
        .filter(|&operator| operator_allowed(operator, left.kind))
        .map(|operator| format!("`{}`", operator.as_str()))
        .collect();
    Diagnostic::error(
        "operator-type",
        format!("`{}` cannot compare {}", check.operator.as_str(), left.kind),
        check.operator_span,
    )
    .label("not an operator of this type")
    .also(left.span, format!("this is {}", left.kind))
    .help(format!("possible here: {}", possible.join(", ")))
}

/// An operator with one value.
fn with_value(
    checker: &mut Checker<'_>,
    operator: Operator,
    literal: &Literal,
    left: &Typed,
) -> Option<Comparison> {
    use Operator as O;

    let test = match operator {
        O::Equal | O::NotEqual => {
            event_type(checker, left, std::slice::from_ref(literal))?;
            let constant = constant(checker, literal, left)?;
            return Some(if operator == O::Equal {
                Comparison::Equal(constant)
            } else {
                Comparison::NotEqual(constant)
            });
        }
        O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual => {
            let constant = constant(checker, literal, left)?;
            return order(operator).map(|order| Comparison::Order(order, constant));
        }
        // The parser gives these a list; one value is a list of one.
        O::In | O::Intersects | O::PMatch => {
            return with_list(checker, operator, std::slice::from_ref(literal), left);
        }
        O::BContains => {
            return hex(checker, literal).map(|b| Comparison::Text(TextTest::Contains, b));
        }
        O::BStartsWith => {
            return hex(checker, literal).map(|b| Comparison::Text(TextTest::StartsWith, b));
        }
        O::Exists => {
            checker.error(
                Diagnostic::error("operand", "`exists` takes no value", literal.span)
                    .label("not expected here"),
            );
            return None;
        }
        O::Regex => {
            let pattern = text(checker, literal)?;
            if let Some(fault) = regex::fault(&pattern) {
                checker.error(
                    Diagnostic::error("regex", "this is no regular expression", literal.span)
                        .label(fault)
                        .help("the syntax is that of https://docs.rs/regex, for the whole value"),
                );
                return None;
            }
            return Some(Comparison::Text(TextTest::Regex, (*pattern).into()));
        }
        operator => text_test(operator)?,
    };
    let needle = if left.kind.kind == FieldType::Bytes {
        (*literal.text).into()
    } else {
        (*text(checker, literal)?).into()
    };
    Some(Comparison::Text(test, needle))
}

/// An operator with values in parentheses.
fn with_list(
    checker: &mut Checker<'_>,
    operator: Operator,
    literals: &[Literal],
    left: &Typed,
) -> Option<Comparison> {
    match operator {
        Operator::In | Operator::Intersects => {
            event_type(checker, left, literals)?;
            let constants = constants(checker, literals, left)?;
            Some(if operator == Operator::In {
                Comparison::In(constants)
            } else {
                Comparison::Intersects(constants)
            })
        }
        Operator::PMatch => {
            let paths: Vec<_> = literals.iter().map(|literal| text(checker, literal)).collect();
            let paths = paths.into_iter().map(|path| path.map(|path| (*path).into()));
            paths.collect::<Option<_>>().map(Comparison::PathMatch)
        }
        // A list of one that was expanded behind an operator for one value.
        _ => match literals {
            [literal] => with_value(checker, operator, literal, left),
            _ => {
                checker.error(
                    Diagnostic::error(
                        "operand",
                        format!("`{}` takes one value, not {}", operator.as_str(), literals.len()),
                        literals.first().map_or(left.span, |literal| literal.span),
                    )
                    .help("`in`, or `anyof` behind the operator, takes several"),
                );
                None
            }
        },
    }
}

/// An operator with another value of the same event.
fn with_term(
    checker: &mut Checker<'_>,
    check: &Check,
    term: &Term,
    left: &Typed,
) -> Option<Comparison> {
    use Operator as O;

    let right = right(checker, term)?;
    let relation = match check.operator {
        O::Equal => Relation::Equal,
        O::NotEqual => Relation::NotEqual,
        // Among the values of one value is being equal to it.
        O::In if !right.kind.is_list() => Relation::Equal,
        O::Intersects if !right.kind.is_list() => Relation::Equal,
        O::In => Relation::In,
        O::Intersects => Relation::Intersects,
        O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual => {
            Relation::Order(order(check.operator)?)
        }
        O::Exists | O::Regex | O::PMatch | O::BContains | O::BStartsWith => {
            checker.error(
                Diagnostic::error(
                    "operand",
                    format!("`{}` takes no other value of the event", check.operator.as_str()),
                    right.span,
                )
                .label("expected a constant"),
            );
            return None;
        }
        operator => Relation::Text(text_test(operator)?),
    };
    // Falco flags the fields that stand for several values: they refuse the comparison too.
    if matches!(left.kind.multiplicity, Multiplicity::Ancestors | Multiplicity::Ends) {
        checker.error(
            Diagnostic::error(
                "not-comparable",
                "what stands for several values cannot be compared with another value of the event",
                left.span,
            )
            .help("name one of them, e.g. `proc.aname[1]` or `fd.sip`"),
        );
        return None;
    }
    if !left.kind.agrees(right.kind) {
        checker.error(
            Diagnostic::error(
                "comparison-types",
                format!("{} cannot be compared with {}", left.kind, right.kind),
                check.operator_span,
            )
            .also(left.span, format!("this is {}", left.kind))
            .also(right.span, format!("this is {}", right.kind)),
        );
        return None;
    }
    Some(Comparison::With(relation, right.operand))
}

/// An operator with `oneof`, `anyof` or `allof`: one test for each value.
fn modified(
    checker: &mut Checker<'_>,
    check: &Check,
    modifier: Modifier,
    left: Typed,
    span: Span,
) -> Option<Condition> {
    use Operator as O;

    if left.kind.is_list() {
        checker.error(
            Diagnostic::error(
                "operator-type",
                format!("`{}` cannot compare {}", modifier.as_str(), left.kind),
                left.span,
            )
            .help("a list is compared by `in` or `intersects`"),
        );
        return None;
    }
    if matches!(check.operator, O::Exists | O::In | O::Intersects | O::PMatch) {
        checker.error(Diagnostic::error(
            "operator-type",
            format!("`{}` takes no `{}`", check.operator.as_str(), modifier.as_str()),
            check.operator_span,
        ));
        return None;
    }
    let literals = match &check.right {
        Right::List(literals, _) => literals.as_slice(),
        Right::Value(literal) => std::slice::from_ref(literal),
        Right::Named(name) => {
            checker.error(
                Diagnostic::error(
                    "unknown-list",
                    format!("there is no list `{}`", shown(&name.text)),
                    name.span,
                )
                .label("not a list"),
            );
            return None;
        }
        Right::Nothing | Right::Term(_) => {
            checker.error(
                Diagnostic::error(
                    "operand",
                    format!("`{}` takes a list of constants", modifier.as_str()),
                    span,
                )
                .label("expected `(a, b, ...)` behind it"),
            );
            return None;
        }
    };
    let comparisons: Vec<_> = literals
        .iter()
        .map(|literal| with_value(checker, check.operator, literal, &left))
        .collect();
    let tests: Vec<Condition> = comparisons
        .into_iter()
        .map(|comparison| {
            let test = Test { left: left.operand.clone(), comparison: comparison? };
            Some(Condition::Test(test))
        })
        .collect::<Option<_>>()?;
    Some(match modifier {
        // All of none would be true; Falco makes an empty list false throughout.
        _ if tests.is_empty() => Condition::Any(tests),
        Modifier::AnyOf => Condition::Any(tests),
        Modifier::AllOf => Condition::All(tests),
        Modifier::OneOf => Condition::One(tests),
    })
}

fn mismatch(check: &Check, what: &str) -> Diagnostic {
    Diagnostic::error(
        "operand",
        format!("`{}` has {what}", check.operator.as_str()),
        check.operator_span,
    )
}

const fn order(operator: Operator) -> Option<Order> {
    match operator {
        Operator::Less => Some(Order::Less),
        Operator::LessOrEqual => Some(Order::LessOrEqual),
        Operator::Greater => Some(Order::Greater),
        Operator::GreaterOrEqual => Some(Order::GreaterOrEqual),
        _ => None,
    }
}

const fn text_test(operator: Operator) -> Option<TextTest> {
    match operator {
        Operator::Contains | Operator::BContains => Some(TextTest::Contains),
        Operator::IContains => Some(TextTest::ContainsIgnoringCase),
        Operator::StartsWith | Operator::BStartsWith => Some(TextTest::StartsWith),
        Operator::EndsWith => Some(TextTest::EndsWith),
        Operator::Glob => Some(TextTest::Glob),
        Operator::IGlob => Some(TextTest::GlobIgnoringCase),
        Operator::Regex => Some(TextTest::Regex),
        _ => None,
    }
}
