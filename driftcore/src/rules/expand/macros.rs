//! Macros in macros.

use super::super::ast::Expr;
use super::super::ast::Name;
use super::super::collect::Collection;
use super::super::items::Kind;
use super::super::sink::Sink;
use super::cost::Cost;
use super::lists::Lists;
use super::lists::circle_fault;
use super::references::Walk;
use super::references::macro_names;

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
            let mut stack = vec![(first, 0)];
            while let Some((at, next)) = stack.pop() {
                if next == 0 {
                    if self.state(at) != State::New {
                        continue;
                    }
                    self.set(at, State::Open);
                }
                let inner = self.inner(at, next, collection);
                let Some((position, name, inner)) = inner else {
                    let cost = self.own_cost(at, collection, lists, sink);
                    self.set(at, cost.map_or(State::Failed, State::Known));
                    continue;
                };
                if self.state(inner) == State::Open {
                    stack.push((at, position + 1));
                    let from = stack.iter().position(|&(open, _)| open == inner).unwrap_or(0);
                    let way =
                        stack.iter().skip(from).filter_map(|&(at, _)| collection.macros.get(at));
                    sink.push(circle_fault("macro", way.map(|known| &known.name), name.span));
                    for (open, _) in stack.drain(..) {
                        self.set(open, State::Failed);
                    }
                } else {
                    stack.push((at, position + 1));
                    stack.push((inner, 0));
                }
            }
        }
    }

    /// The next macro that this one sees and uses: its place among the names, its name, its index.
    fn inner(
        &self,
        at: usize,
        next: usize,
        collection: &Collection,
    ) -> Option<(usize, Name, usize)> {
        let sees_before = collection.macros.get(at)?.sees_before;
        let mut names = Vec::new();
        macro_names(self.condition(at)?, &mut names);
        names.into_iter().enumerate().skip(next).find_map(|(position, name)| {
            let inner = collection.find(Kind::Macro, &name.text)?;
            let seen = collection.macros.get(inner)?.position < sees_before;
            let done = !matches!(self.state(inner), State::New | State::Open);
            (seen && !done).then(|| (position, name.clone(), inner))
        })
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
