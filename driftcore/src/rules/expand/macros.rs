//! Macros in macros.

use super::cost::Cost;
use super::lists::Lists;
use super::lists::circle_fault;
use super::references::Walk;
use super::references::macro_names;
use crate::rules::Span;
use crate::rules::ast::Expr;
use crate::rules::ast::Name;
use crate::rules::collect::Collection;
use crate::rules::items::Kind;
use crate::rules::sink::Sink;

/// What is known of a macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    /// The macros in it are being looked at.
    Open,
    Known(Cost),
    /// It is wrong, and that was said.
    Failed,
}

/// A macro that is being looked at.
struct Frame {
    at: usize,
    /// The macros in it that are still to be looked at, and where they are named.
    rest: std::vec::IntoIter<(usize, Span)>,
}

/// The macros of a collection, parsed and checked.
#[derive(Debug)]
pub(super) struct Macros {
    /// `None` where the condition has an error.
    conditions: Vec<Option<Expr>>,
    states: Vec<State>,
}

impl Macros {
    pub(super) fn new(conditions: Vec<Option<Expr>>) -> Self {
        let states = vec![State::New; conditions.len()];
        Self { conditions, states }
    }

    /// The cost of a macro; `None` when it is wrong.
    pub(super) fn cost(&self, at: usize) -> Option<Cost> {
        match self.state(at) {
            State::Known(cost) => Some(cost),
            _ => None,
        }
    }

    /// The condition of a macro.
    pub(super) fn condition(&self, at: usize) -> Option<&Expr> {
        self.conditions.get(at)?.as_ref()
    }

    /// Finds unknown names, circles and costs. Without recursion over the macros: they may stand in
    /// one another to any depth.
    pub(super) fn check(&mut self, collection: &Collection, lists: &Lists, sink: &mut Sink) {
        for first in 0..self.conditions.len() {
            let mut stack = Vec::new();
            self.open(first, collection, &mut stack);
            while let Some(frame) = stack.last_mut() {
                let at = frame.at;
                let Some((inner, span)) = frame.rest.next() else {
                    stack.pop();
                    let cost = self.own_cost(at, collection, lists, sink);
                    self.set(at, cost.map_or(State::Failed, State::Known));
                    continue;
                };
                if self.state(inner) == State::Open {
                    let way = stack.iter().skip_while(|frame| frame.at != inner);
                    let way = way.filter_map(|frame| collection.macros.get(frame.at));
                    sink.push(circle_fault("macro", way.map(|known| &known.name), span));
                    stack.drain(..).for_each(|frame| self.set(frame.at, State::Failed));
                } else {
                    self.open(inner, collection, &mut stack);
                }
            }
        }
    }

    /// Begins to look at a macro, if nobody did yet.
    fn open(&mut self, at: usize, collection: &Collection, stack: &mut Vec<Frame>) {
        if self.state(at) != State::New {
            return;
        }
        self.set(at, State::Open);
        let sees_before = collection.macros.get(at).map_or(0, |known| known.sees_before);
        let mut names = Vec::new();
        if let Some(condition) = self.condition(at) {
            macro_names(condition, &mut names);
        }
        let seen = |name: &Name| {
            let inner = collection.find(Kind::Macro, &name.text)?;
            let position = collection.macros.get(inner)?.position;
            (position < sees_before).then_some((inner, name.span))
        };
        let rest: Vec<(usize, Span)> = names.into_iter().filter_map(seen).collect();
        stack.push(Frame { at, rest: rest.into_iter() });
    }

    fn own_cost(
        &self,
        at: usize,
        collection: &Collection,
        lists: &Lists,
        sink: &mut Sink,
    ) -> Option<Cost> {
        let known = collection.macros.get(at)?;
        let walk = Walk {
            collection,
            lists,
            macros: self,
            sees_before: known.sees_before,
            owner: (Kind::Macro, &known.name),
        };
        walk.cost(self.condition(at)?, sink)
    }

    fn state(&self, at: usize) -> State {
        self.states.get(at).copied().unwrap_or(State::Failed)
    }

    fn set(&mut self, at: usize, state: State) {
        if let Some(known) = self.states.get_mut(at) {
            *known = state;
        }
    }
}
