//! What the items of all files come to.

use std::collections::HashMap;
use std::collections::HashSet;

use super::rule::Rule;
use crate::rules::Diagnostic;
use crate::rules::MappedText;
use crate::rules::Span;
use crate::rules::ast::Literal;
use crate::rules::ast::Name;
use crate::rules::items::Change;
use crate::rules::items::Item;
use crate::rules::items::Kind;
use crate::rules::items::ListItem;
use crate::rules::items::MacroItem;
use crate::rules::items::Parts;
use crate::rules::sink::Sink;

/// A list with all that was appended to it.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) name: Name,
    pub(crate) items: Vec<Literal>,
}

/// A macro with all that was appended to it.
#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) name: Name,
    pub(crate) condition: MappedText,
    /// Whether the condition was put together from several items.
    pub(crate) appended: bool,
    /// Number of the item that first defined it.
    pub(crate) position: usize,
    /// Number of the item that last changed it: it sees the macros before that one.
    pub(crate) sees_before: usize,
}

/// The lists, macros and rules of all files, each once, in the order of their first definitions.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    pub(crate) lists: Vec<List>,
    pub(crate) macros: Vec<Macro>,
    pub(crate) rules: Vec<Rule>,
    /// What is left of rules that could not be read.
    pub(crate) parts: Vec<Parts>,
    /// Indices by name, of each kind. The names come from files, which may be made to collide: no
    /// faster hash here.
    names: [HashMap<String, usize>; 3],
    /// Names of items that could not be read, of each kind.
    broken: [HashSet<String>; 3],
    /// Lengths of the names of lists.
    list_lengths: u64,
    items: usize,
    /// Whether items are missing because something could not be read.
    incomplete: bool,
}

impl Collection {
    /// Takes in the next item.
    pub(crate) fn add(&mut self, item: Item, sink: &mut Sink) {
        self.items += 1;
        match item {
            Item::List(item) => self.add_list(item, sink),
            Item::Macro(item) => self.add_macro(item, sink),
            Item::Rule(item) => self.add_rule(*item, sink),
            Item::Broken(kind, name, parts) => {
                self.mark_broken(kind, &name);
                self.parts.push(*parts);
            }
        }
    }

    /// Says whether all items so far were read. What is changed and not there is an error only then.
    pub(crate) fn set_complete(&mut self, complete: bool) {
        self.incomplete = !complete;
    }

    /// The index of what has this name.
    pub(crate) fn find(&self, kind: Kind, name: &str) -> Option<usize> {
        self.names.get(kind as usize)?.get(name).copied()
    }

    /// Whether a value names a list, or one that could not be read.
    pub(crate) fn may_be_list(&self, value: &Literal) -> bool {
        let Ok(name) = std::str::from_utf8(&value.text) else { return false };
        value.quote.is_none()
            && (self.find(Kind::List, name).is_some() || self.is_broken(Kind::List, name))
    }

    /// Whether the name of a list can have this length.
    pub(crate) const fn has_list_of_length(&self, length: usize) -> bool {
        self.list_lengths & length_bit(length) != 0
    }

    /// Whether an item of this name could not be read.
    pub(crate) fn is_broken(&self, kind: Kind, name: &str) -> bool {
        self.broken.get(kind as usize).is_some_and(|names| names.contains(name))
    }

    /// Its name cannot be relied on any more.
    pub(super) fn mark_broken(&mut self, kind: Kind, name: &str) {
        if let Some(names) = self.broken.get_mut(kind as usize) {
            names.insert(name.to_owned());
        }
    }

    pub(super) fn add_name(&mut self, kind: Kind, name: &str, index: usize) {
        if kind == Kind::List {
            self.list_lengths |= length_bit(name.len());
        }
        if let Some(names) = self.names.get_mut(kind as usize) {
            names.insert(name.to_owned(), index);
        }
    }

    /// Says that what is to be changed is not there.
    pub(super) fn undefined(&mut self, kind: Kind, name: &Name, doing: &str, sink: &mut Sink) {
        if self.incomplete || self.is_broken(kind, &name.text) {
            return;
        }
        let what = kind.as_str();
        let message = format!("the {what} `{}` is {doing} but not defined before", name.text);
        let mut fault = Diagnostic::error("undefined-item", message, name.span)
            .label(format!("no {what} of this name is defined before"));
        let near = match kind {
            Kind::List => sink.nearest(&name.text, names(&self.lists, |list| &list.name)),
            Kind::Macro => sink.nearest(&name.text, names(&self.macros, |known| &known.name)),
            Kind::Rule => sink.nearest(&name.text, names(&self.rules, |rule| &rule.name)),
        };
        if let Some(near) = near {
            fault = fault.help(format!("a {what} with a similar name: `{near}`"));
        }
        sink.push(fault);
        self.mark_broken(kind, &name.text);
    }

    fn add_list(&mut self, item: ListItem, sink: &mut Sink) {
        let ListItem { name, items, change } = item;
        let found = self.find(Kind::List, &name.text).and_then(|at| self.lists.get_mut(at));
        match (found, change) {
            (Some(list), Change::Append) => list.items.extend(items),
            (Some(list), Change::Define | Change::Replace) => *list = List { name, items },
            (None, Change::Append) => self.undefined(Kind::List, &name, "appended to", sink),
            (None, Change::Define | Change::Replace) => {
                self.add_name(Kind::List, &name.text, self.lists.len());
                self.lists.push(List { name, items });
            }
        }
    }

    fn add_macro(&mut self, item: MacroItem, sink: &mut Sink) {
        let MacroItem { name, condition, change } = item;
        let sees_before = self.items;
        let found = self.find(Kind::Macro, &name.text).and_then(|at| self.macros.get_mut(at));
        match (found, change) {
            (Some(known), Change::Append) => {
                append_text(&mut known.condition, &condition);
                known.appended = true;
                known.sees_before = sees_before;
            }
            (Some(known), Change::Define | Change::Replace) => {
                let position = known.position;
                *known = Macro { name, condition, appended: false, position, sees_before };
            }
            (None, Change::Append) => self.undefined(Kind::Macro, &name, "appended to", sink),
            (None, Change::Define | Change::Replace) => {
                self.add_name(Kind::Macro, &name.text, self.macros.len());
                let position = self.items;
                self.macros.push(Macro { name, condition, appended: false, position, sees_before });
            }
        }
    }
}

/// All lengths above 62 share one.
const fn length_bit(length: usize) -> u64 {
    1 << if length < 63 { length } else { 63 }
}

fn names<T>(items: &[T], name: fn(&T) -> &Name) -> impl Iterator<Item = &str> {
    items.iter().map(move |item| name(item).text.as_str())
}

/// Appends as Falco does: behind one blank.
pub(super) fn append_text(text: &mut MappedText, appended: &MappedText) {
    let Span { source, start, .. } = appended.span(0, appended.text.len());
    text.push(" ", source, start);
    text.append(appended);
}
