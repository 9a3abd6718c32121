//! Expressions: what stands between the comparisons.

use super::comparison::check;
use super::shown::shown;
use crate::matcher::Condition;
use crate::rules::Diagnostic;
use crate::rules::Severity;
use crate::rules::ast::Expr;
use crate::rules::ast::ExprKind;

/// What the parts of the checker share: where diagnostics go.
pub(super) struct Checker<'d> {
    pub(super) diagnostics: &'d mut Vec<Diagnostic>,
    errors: usize,
}

/// Errors that are said of one condition. Each looks for similar names; a file can be made to have
/// a hundred thousand.
const ERRORS: usize = 1000;

impl<'d> Checker<'d> {
    pub(super) fn new(diagnostics: &'d mut Vec<Diagnostic>) -> Self {
        Self { diagnostics, errors: 0 }
    }

    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        self.diagnostics.push(diagnostic);
    }

    // One level of the tree is one level of the stack: its frame is kept small.
    fn expression(&mut self, expr: &Expr) -> Option<Condition> {
        match &expr.kind {
            ExprKind::And(parts) => self.expressions(parts).map(Condition::All),
            ExprKind::Or(parts) => self.expressions(parts).map(Condition::Any),
            ExprKind::Not(part) => self.expression(part).map(|part| Condition::Not(Box::new(part))),
            // It failed before.
            ExprKind::Check(_) if self.errors >= ERRORS => None,
            ExprKind::Check(comparison) => check(self, comparison, expr.span),
            ExprKind::Macro(name) => {
                self.error(
                    Diagnostic::error(
                        "unknown-macro",
                        format!("there is no macro `{}`", shown(&name.text)),
                        name.span,
                    )
                    .label("not a macro"),
                );
                None
            }
        }
    }

    /// All of them, so that the errors of all are found.
    fn expressions(&mut self, parts: &[Expr]) -> Option<Vec<Condition>> {
        let mut conditions = Some(Vec::with_capacity(parts.len()));
        for part in parts {
            match (self.expression(part), &mut conditions) {
                (Some(condition), Some(conditions)) => conditions.push(condition),
                _ => conditions = None,
            }
        }
        conditions
    }
}

/// The typed condition of an expression in which macros and lists are expanded.
///
/// `None` when there are errors, all of which are then in `diagnostics`.
pub fn check_condition(expr: &Expr, diagnostics: &mut Vec<Diagnostic>) -> Option<Condition> {
    let before = diagnostics.len();
    let condition = Checker::new(diagnostics).expression(expr);
    let new = diagnostics.get(before..).unwrap_or_default();
    if new.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return None;
    }
    condition
}
