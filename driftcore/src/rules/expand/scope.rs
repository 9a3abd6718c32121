//! All macros and lists, ready to be put into conditions.

use super::lists::Lists;
use super::lists::named_list;
use super::macros::Macros;
use super::references::Walk;
use super::references::list_names;
use super::references::macro_names;
use crate::rules::Diagnostic;
use crate::rules::Limits;
use crate::rules::ast::Expr;
use crate::rules::ast::ExprKind;
use crate::rules::ast::Literal;
use crate::rules::ast::Name;
use crate::rules::ast::Right;
use crate::rules::collect::Collection;
use crate::rules::items::Kind;
use crate::rules::sink::Sink;

/// All macros and lists.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    collection: &'a Collection,
    limits: &'a Limits,
    lists: Lists,
    macros: Macros,
    /// Which lists and macros something refers to.
    used_lists: Vec<bool>,
    used_macros: Vec<bool>,
    /// What all expanded conditions cost so far.
    total: u64,
}

impl<'a> Scope<'a> {
    /// Checks lists and macros; `conditions` are those of the macros, `None` where they have
    /// errors.
    pub(crate) fn new(
        collection: &'a Collection,
        conditions: Vec<Option<Expr>>,
        limits: &'a Limits,
        sink: &mut Sink,
    ) -> Self {
        let mut used_lists = vec![false; collection.lists.len()];
        let lists = Lists::new(collection, limits, &mut used_lists, sink);
        let used_macros = vec![false; collection.macros.len()];
        let mut macros = Macros::new(conditions);
        macros.check(collection, &lists, sink);
        let mut scope =
            Self { collection, limits, lists, macros, used_lists, used_macros, total: 0 };
        for at in 0..collection.macros.len() {
            if let Some(condition) = scope.macros.condition(at) {
                let used = references(collection, condition);
                scope.mark(&used);
            }
        }
        scope
    }

    /// Remembers that what a condition refers to is used.
    pub(crate) fn mark_used(&mut self, condition: &Expr) {
        let used = references(self.collection, condition);
        self.mark(&used);
    }

    fn mark(&mut self, (macros, lists): &(Vec<usize>, Vec<usize>)) {
        for &at in macros {
            if let Some(used) = self.used_macros.get_mut(at) {
                *used = true;
            }
        }
        for &at in lists {
            if let Some(used) = self.used_lists.get_mut(at) {
                *used = true;
            }
        }
    }

    /// The condition of a rule with all macros and lists in it replaced; when something is wrong with
    /// them, which is said once, the condition as it was.
    pub(crate) fn expand(
        &mut self,
        rule: &Name,
        mut condition: Expr,
        sink: &mut Sink,
    ) -> Result<Expr, Expr> {
        let walk = Walk {
            collection: self.collection,
            lists: &self.lists,
            macros: &self.macros,
            sees_before: usize::MAX,
            owner: (Kind::Rule, rule),
        };
        let Some(cost) = walk.cost(&condition, sink) else { return Err(condition) };
        if cost.depth > self.limits.levels() as u64 {
            let message = format!(
                "the condition of the rule `{}` is nested more than {} levels deep with its macros",
                rule.text,
                self.limits.levels()
            );
            sink.push(Diagnostic::error("nesting", message, rule.span));
            return Err(condition);
        }
        if cost.size > self.limits.expanded_condition as u64 {
            let message = format!(
                "the condition of the rule `{}` has more than {} checks and values with its macros \
                 and lists",
                rule.text, self.limits.expanded_condition
            );
            sink.push(Diagnostic::error("expanded-size", message, rule.span));
            return Err(condition);
        }
        let total = self.total.saturating_add(cost.size);
        if total > self.limits.expanded_total as u64 {
            if self.total <= self.limits.expanded_total as u64 {
                let message = format!(
                    "the conditions of all rules have more than {} checks and values with their \
                     macros and lists",
                    self.limits.expanded_total
                );
                sink.push(
                    Diagnostic::error("expanded-size", message, rule.span)
                        .label("exceeded at this rule"),
                );
                self.total = u64::MAX;
            }
            return Err(condition);
        }
        self.total = total;
        self.replace(&mut condition);
        Ok(condition)
    }

    /// In place: most of a condition stays as it was parsed.
    fn replace(&self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::And(operands) | ExprKind::Or(operands) => {
                operands.iter_mut().for_each(|operand| self.replace(operand));
            }
            ExprKind::Not(inner) => self.replace(inner),
            ExprKind::Check(check) => self.replace_right(&mut check.right),
            ExprKind::Macro(name) => {
                let found = self.collection.find(Kind::Macro, &name.text);
                if let Some(condition) = found.and_then(|at| self.macros.condition(at)) {
                    *expr = condition.clone();
                    self.replace(expr);
                }
            }
        }
    }

    fn replace_right(&self, right: &mut Right) {
        match right {
            Right::Nothing | Right::Term(_) => {}
            Right::Value(value) => {
                if let Some(list) = named_list(self.collection, value) {
                    let mut items = Vec::new();
                    self.lists.items(self.collection, list, &mut items);
                    *value = items.pop().unwrap_or_else(|| value.clone());
                }
            }
            Right::List(values, _) => {
                if values.iter().any(|value| named_list(self.collection, value).is_some()) {
                    *values = self.values(&*values);
                }
            }
            Right::Named(name) => {
                let value =
                    Literal { text: name.text.as_bytes().into(), quote: None, span: name.span };
                *right = Right::List(self.values([&value]), name.span);
            }
        }
    }

    fn values<'l>(&self, values: impl IntoIterator<Item = &'l Literal>) -> Vec<Literal> {
        let mut expanded = Vec::new();
        for value in values {
            match named_list(self.collection, value) {
                Some(list) => self.lists.items(self.collection, list, &mut expanded),
                None => expanded.push(value.clone()),
            }
        }
        expanded
    }

    /// Warns of what nothing refers to.
    pub(crate) fn warn_unused(&self, sink: &mut Sink) {
        let macros = self.collection.macros.iter().zip(&self.used_macros);
        let unused = macros.filter(|(_, used)| !**used).map(|(known, _)| ("macro", &known.name));
        let lists = self.collection.lists.iter().zip(&self.used_lists);
        let unused =
            unused.chain(lists.filter(|(_, used)| !**used).map(|(known, _)| ("list", &known.name)));
        for (what, name) in unused {
            let code = if what == "list" { "unused-list" } else { "unused-macro" };
            let message = format!("the {what} `{}` is used by nothing", name.text);
            sink.push(Diagnostic::warning(code, message, name.span));
        }
    }
}

/// What of a condition needs no macro and no list to be checked; `None` when nothing does.
pub(crate) fn without_names(collection: &Collection, expr: &Expr) -> Option<Expr> {
    let all = |operands: &[Expr]| {
        let kept = operands.iter().filter_map(|operand| without_names(collection, operand));
        let kept: Vec<Expr> = kept.collect();
        (!kept.is_empty()).then_some(kept)
    };
    let kind = match &expr.kind {
        ExprKind::And(operands) => ExprKind::And(all(operands)?),
        ExprKind::Or(operands) => ExprKind::Or(all(operands)?),
        ExprKind::Not(inner) => ExprKind::Not(Box::new(without_names(collection, inner)?)),
        ExprKind::Macro(_) => return None,
        ExprKind::Check(check) => {
            let named = match &check.right {
                Right::Nothing | Right::Term(_) => false,
                Right::Named(_) => true,
                Right::Value(value) => collection.may_be_list(value),
                Right::List(values, _) => values.iter().any(|value| collection.may_be_list(value)),
            };
            return (!named).then(|| expr.clone());
        }
    };
    Some(Expr { kind, span: expr.span })
}

/// The macros and lists that a condition names.
fn references(collection: &Collection, condition: &Expr) -> (Vec<usize>, Vec<usize>) {
    let mut names = Vec::new();
    macro_names(condition, &mut names);
    let macros =
        names.into_iter().filter_map(|name| collection.find(Kind::Macro, &name.text)).collect();
    let mut lists = Vec::new();
    list_names(condition, collection, &mut |list| lists.push(list));
    (macros, lists)
}
