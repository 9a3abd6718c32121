//! Lists in lists.

use crate::rules::Diagnostic;
use crate::rules::Limits;
use crate::rules::ast::Literal;
use crate::rules::collect::Collection;
use crate::rules::items::Kind;
use crate::rules::sink::Sink;

/// What is known of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    /// Its items are being looked at.
    Open,
    /// Items with those of the lists in it, and the names of these.
    Known {
        size: u64,
        count: u64,
    },
    /// It is wrong, and that was said.
    Failed,
}

/// The lists of a collection, checked.
#[derive(Debug)]
pub(super) struct Lists {
    states: Vec<State>,
}

/// The index of the list that a value names.
pub(super) fn named_list(collection: &Collection, value: &Literal) -> Option<usize> {
    // Most values are of a length that no list's name has.
    if value.quote.is_some() || !collection.has_list_of_length(value.text.len()) {
        return None;
    }
    collection.find(Kind::List, std::str::from_utf8(&value.text).ok()?)
}

impl Lists {
    /// Finds circles and sizes. Without recursion: lists may stand in one another to any depth.
    pub(super) fn new(
        collection: &Collection,
        limits: &Limits,
        used: &mut [bool],
        sink: &mut Sink,
    ) -> Self {
        let mut lists = Self { states: vec![State::New; collection.lists.len()] };
        for first in 0..collection.lists.len() {
            let mut stack = vec![(first, 0)];
            while let Some((at, next)) = stack.pop() {
                if next == 0 {
                    if lists.state(at) != State::New {
                        continue;
                    }
                    lists.set(at, State::Open);
                }
                let items = collection.lists.get(at).map_or(&[][..], |list| &list.items);
                let inner = items.iter().enumerate().skip(next).find_map(|(position, item)| {
                    named_list(collection, item).map(|list| (position, item, list))
                });
                let Some((position, item, inner)) = inner else {
                    lists.close(at, collection, limits, sink);
                    continue;
                };
                if let Some(used) = used.get_mut(inner) {
                    *used = true;
                }
                stack.push((at, position + 1));
                if lists.state(inner) == State::Open {
                    circle(collection, &stack, inner, item, sink);
                    for (open, _) in stack.drain(..) {
                        lists.set(open, State::Failed);
                    }
                } else {
                    stack.push((inner, 0));
                }
            }
        }
        lists
    }

    /// How many items a list has, those of the lists in it and their names included; `None` when it
    /// is wrong.
    pub(super) fn size(&self, list: usize) -> Option<u64> {
        match self.state(list) {
            State::Known { size, .. } => Some(size),
            _ => None,
        }
    }

    /// How many items a list has, those of the lists in it included; `None` when it is wrong.
    pub(super) fn count(&self, list: usize) -> Option<u64> {
        match self.state(list) {
            State::Known { count, .. } => Some(count),
            _ => None,
        }
    }

    /// The items of a list, with those of the lists in it in the place of their names.
    pub(super) fn items(&self, collection: &Collection, list: usize, into: &mut Vec<Literal>) {
        let items = |list: usize| collection.lists.get(list).map_or(&[][..], |list| &list.items);
        let mut stack = vec![items(list).iter()];
        while let Some(rest) = stack.last_mut() {
            match rest.next() {
                None => drop(stack.pop()),
                Some(item) => match named_list(collection, item) {
                    Some(inner) if self.size(inner).is_some() => stack.push(items(inner).iter()),
                    _ => into.push(item.clone()),
                },
            }
        }
    }

    fn state(&self, list: usize) -> State {
        self.states.get(list).copied().unwrap_or(State::Failed)
    }

    fn set(&mut self, list: usize, state: State) {
        if let Some(known) = self.states.get_mut(list) {
            *known = state;
        }
    }

    fn close(&mut self, at: usize, collection: &Collection, limits: &Limits, sink: &mut Sink) {
        let Some(list) = collection.lists.get(at) else { return };
        let (mut size, mut count) = (list.items.len() as u64, 0_u64);
        let mut failed = collection.is_broken(Kind::List, &list.name.text);
        for item in &list.items {
            match named_list(collection, item) {
                None => {
                    count = count.saturating_add(1);
                    let name = std::str::from_utf8(&item.text).unwrap_or("");
                    failed |= item.quote.is_none() && collection.is_broken(Kind::List, name);
                }
                Some(inner) => match self.size(inner) {
                    Some(more) => {
                        size = size.saturating_add(more);
                        count = count.saturating_add(self.count(inner).unwrap_or(0));
                    }
                    None => failed = true,
                },
            }
        }
        if !failed && size > limits.list_items as u64 {
            let message = format!(
                "the list `{}` has more than {} items with the lists in it",
                list.name.text, limits.list_items
            );
            sink.push(Diagnostic::error("list-size", message, list.name.span));
            failed = true;
        }
        self.set(at, if failed { State::Failed } else { State::Known { size, count } });
    }
}

/// Says that a list stands in itself.
fn circle(
    collection: &Collection,
    stack: &[(usize, usize)],
    first: usize,
    item: &Literal,
    sink: &mut Sink,
) {
    let from = stack.iter().position(|&(at, _)| at == first).unwrap_or(0);
    let names = stack.iter().skip(from).filter_map(|&(at, _)| collection.lists.get(at));
    sink.push(circle_fault("list", names.map(|list| &list.name), item.span));
}

/// Names at most so many places of a circle.
const SHOWN: usize = 8;

/// The error about a circle; the names are those on the way, the first of them being the one that
/// is come back to at the span.
pub(super) fn circle_fault<'a>(
    what: &str,
    names: impl Iterator<Item = &'a crate::rules::ast::Name>,
    span: crate::rules::Span,
) -> Diagnostic {
    let names: Vec<_> = names.collect();
    let mut chain: Vec<&str> = names.iter().take(SHOWN).map(|name| name.text.as_str()).collect();
    if names.len() > SHOWN {
        chain.push("…");
    }
    let first = names.first().map_or("", |name| name.text.as_str());
    chain.push(first);
    let message = format!("the {what} `{first}` stands in itself: {}", chain.join(" → "));
    let mut fault = Diagnostic::error("circle", message, span).label("comes back here");
    for name in names.iter().take(SHOWN) {
        fault = fault.also(name.span, format!("`{}` is defined here", name.text));
    }
    fault
}
