//! What a condition refers to, and what it will cost.

use super::cost::Cost;
use super::lists::Lists;
use super::lists::named_list;
use super::macros::Macros;
use crate::rules::Diagnostic;
use crate::rules::ast::Check;
use crate::rules::ast::Expr;
use crate::rules::ast::ExprKind;
use crate::rules::ast::Literal;
use crate::rules::ast::Name;
use crate::rules::ast::Right;
use crate::rules::collect::Collection;
use crate::rules::items::Kind;
use crate::rules::sink::Sink;

/// The names of macros in a condition, in order.
pub(super) fn macro_names<'a>(expr: &'a Expr, into: &mut Vec<&'a Name>) {
    match &expr.kind {
        ExprKind::And(operands) | ExprKind::Or(operands) => {
            operands.iter().for_each(|operand| macro_names(operand, into));
        }
        ExprKind::Not(inner) => macro_names(inner, into),
        ExprKind::Macro(name) => into.push(name),
        ExprKind::Check(_) => {}
    }
}

/// Calls back for each list that a condition names.
pub(super) fn list_names(expr: &Expr, collection: &Collection, found: &mut impl FnMut(usize)) {
    match &expr.kind {
        ExprKind::And(operands) | ExprKind::Or(operands) => {
            operands.iter().for_each(|operand| list_names(operand, collection, found));
        }
        ExprKind::Not(inner) => list_names(inner, collection, found),
        ExprKind::Macro(_) => {}
        ExprKind::Check(check) => match &check.right {
            Right::Nothing | Right::Term(_) => {}
            Right::Named(name) => {
                collection.find(Kind::List, &name.text).into_iter().for_each(found);
            }
            Right::Value(value) => named_list(collection, value).into_iter().for_each(found),
            Right::List(values, _) => {
                values.iter().filter_map(|value| named_list(collection, value)).for_each(found);
            }
        },
    }
}

/// Walks a condition whose macros are known, and says what is wrong with its names.
pub(super) struct Walk<'a> {
    pub(super) collection: &'a Collection,
    pub(super) lists: &'a Lists,
    pub(super) macros: &'a Macros,
    /// Macros from this item on are not seen.
    pub(super) sees_before: usize,
    /// Whose condition it is, for messages: `macro x`, `rule y`.
    pub(super) owner: (Kind, &'a Name),
}

impl Walk<'_> {
    /// The cost; `None` when something is wrong, which is said, or was said before.
    pub(super) fn cost(&self, expr: &Expr, sink: &mut Sink) -> Option<Cost> {
        match &expr.kind {
            ExprKind::And(operands) | ExprKind::Or(operands) => {
                let mut sum = Some(Cost::default());
                for operand in operands {
                    let cost = self.cost(operand, sink);
                    sum = sum.zip(cost).map(|(sum, cost)| sum.beside(cost));
                }
                sum.map(Cost::above)
            }
            ExprKind::Not(inner) => self.cost(inner, sink).map(Cost::above),
            ExprKind::Macro(name) => self.macro_cost(name, sink).map(Cost::above),
            ExprKind::Check(check) => self.check_cost(check, sink).map(Cost::of_size),
        }
    }

    fn macro_cost(&self, name: &Name, sink: &mut Sink) -> Option<Cost> {
        let collection = self.collection;
        if collection.is_broken(Kind::Macro, &name.text) {
            return None;
        }
        let found = collection.find(Kind::Macro, &name.text);
        let Some(at) = found else {
            let fault = self.unknown_macro(name, sink);
            sink.push(fault);
            return None;
        };
        if let Some(known) = collection.macros.get(at)
            && known.position >= self.sees_before
        {
            let (kind, owner) = self.owner;
            let message = format!(
                "the macro `{}` is defined behind the {} `{}`, which uses it",
                name.text,
                kind.as_str(),
                owner.text
            );
            sink.push(
                Diagnostic::error("macro-order", message, name.span)
                    .label("not defined yet")
                    .also(known.name.span, "defined here")
                    .help("a macro sees only the macros before it: define this one earlier"),
            );
            return None;
        }
        self.macros.cost(at)
    }

    fn unknown_macro(&self, name: &Name, sink: &mut Sink) -> Diagnostic {
        let collection = self.collection;
        let message = format!("there is no macro `{}`", name.text);
        let fault =
            Diagnostic::error("unknown-macro", message, name.span).label("no macro of this name");
        if collection.find(Kind::List, &name.text).is_some() {
            return fault.help(format!(
                "`{}` is a list; a list stands where values stand: `proc.name in ({})`",
                name.text, name.text
            ));
        }
        let names = collection.macros.iter().map(|known| known.name.text.as_str());
        match sink.nearest(&name.text, names) {
            Some(near) => fault.help(format!("a macro with a similar name: `{near}`")),
            None => fault,
        }
    }

    fn check_cost(&self, check: &Check, sink: &mut Sink) -> Option<u64> {
        match &check.right {
            Right::Nothing | Right::Term(_) => Some(1),
            Right::Value(value) => match self.list_of(value)? {
                None => Some(1),
                Some(list) => {
                    let (size, items) = (self.lists.size(list)?, self.lists.count(list)?);
                    if items == 1 {
                        return Some(size);
                    }
                    sink.push(self.not_one(check, value, list, items));
                    None
                }
            },
            Right::Named(name) => {
                let literal =
                    Literal { text: name.text.as_bytes().into(), quote: None, span: name.span };
                match self.list_of(&literal)? {
                    Some(list) => self.lists.size(list).map(|size| size.saturating_add(1)),
                    None => {
                        let warning = self.not_a_list(name, sink);
                        sink.push(warning);
                        Some(2)
                    }
                }
            }
            Right::List(values, _) => {
                let mut sum = 1_u64;
                for value in values {
                    let size = match self.list_of(value)? {
                        None => 1,
                        Some(list) => self.lists.size(list)?.saturating_add(1),
                    };
                    sum = sum.saturating_add(size);
                }
                Some(sum)
            }
        }
    }

    /// The list that a value names, if it names one; `None` when that one is broken.
    fn list_of(&self, value: &Literal) -> Option<Option<usize>> {
        let name = std::str::from_utf8(&value.text).unwrap_or("");
        if value.quote.is_none() && self.collection.is_broken(Kind::List, name) {
            return None;
        }
        Some(named_list(self.collection, value))
    }

    fn not_one(&self, check: &Check, value: &Literal, list: usize, count: u64) -> Diagnostic {
        let name = String::from_utf8_lossy(&value.text);
        let operator = check.operator.as_str();
        let message = format!(
            "the list `{name}` stands where `{operator}` takes one value, and has {count} items"
        );
        let mut fault =
            Diagnostic::error("list-for-value", message, value.span).label("one value expected");
        if let Some(list) = self.collection.lists.get(list) {
            fault = fault.also(list.name.span, "the list is defined here");
        }
        fault.help(format!(
            "write `in ({name})`, or a modifier: `{operator} anyof ({name})`; a value of this name \
             is written in quotes"
        ))
    }

    fn not_a_list(&self, name: &Name, sink: &mut Sink) -> Diagnostic {
        let message = format!("there is no list `{}`: it is taken as one value", name.text);
        let warning =
            Diagnostic::warning("unknown-list", message, name.span).label("no list of this name");
        let names = self.collection.lists.iter().map(|known| known.name.text.as_str());
        match sink.nearest(&name.text, names) {
            Some(near) => warning.help(format!("a list with a similar name: `{near}`")),
            None => warning.help("write one value in parentheses, too"),
        }
    }
}
