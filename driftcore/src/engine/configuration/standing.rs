//! Which differences of a container stand: each is told when it comes and when it goes, and not between.

use std::collections::BTreeMap;

use crate::config::Aspect;
use crate::config::Comparison;
use crate::config::Item;
use crate::event::Text;

/// What tells one difference from another. Of processes, what they have: several may have as many things.
type Key = (Aspect, Text, Option<Text>);

/// A difference that came, or went.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) item: Item,
    pub(super) ended: bool,
}

/// The differences of one container. What comes and goes counts once it was seen twice in a row: a process of
/// the runtime on its way into the container is none.
#[derive(Debug, Default)]
pub(super) struct Standing {
    told: BTreeMap<Key, Item>,
    /// What was there the last time and is not told yet, or was not there and is told.
    coming: BTreeMap<Key, Item>,
    going: Vec<Key>,
}

fn key(item: &Item) -> Key {
    let of_process = item.process.as_ref().and(item.live.clone());
    (item.aspect, item.name.clone(), of_process)
}

impl Standing {
    /// Takes in a comparison; what is to be told now. What could not be looked at has not ended.
    pub(super) fn take(&mut self, comparison: &Comparison) -> Vec<Change> {
        let now: BTreeMap<Key, &Item> =
            comparison.differences().map(|item| (key(item), item)).collect();
        let mut changes = Vec::new();
        let coming = std::mem::take(&mut self.coming);
        for (key, item) in &now {
            let is_same = |it: &Item| it.live == item.live && it.declared == item.declared;
            if self.told.get(key).is_some_and(is_same) {
                continue;
            }
            if coming.get(key).is_some_and(is_same) {
                self.told.insert(key.clone(), (*item).clone());
                changes.push(Change { item: (*item).clone(), ended: false });
            } else {
                self.coming.insert(key.clone(), (*item).clone());
            }
        }
        let going = std::mem::take(&mut self.going);
        let gone = self
            .told
            .keys()
            .filter(|key| !now.contains_key(*key) && !comparison.may_hide(key.0, &key.1));
        let (over, first): (Vec<Key>, Vec<Key>) =
            gone.cloned().partition(|key| going.contains(key));
        self.going = first;
        for key in over {
            if let Some(item) = self.told.remove(&key) {
                changes.push(Change { item, ended: true });
            }
        }
        changes
    }

    /// Takes in what was seen of a process that may be gone at the next comparison: what is to be told now.
    pub(super) fn take_at_once(&mut self, items: Vec<Item>) -> Vec<Change> {
        let mut changes = Vec::new();
        for item in items {
            let key = key(&item);
            self.coming.remove(&key);
            if self.told.get(&key).is_none_or(|it| it.declared != item.declared) {
                self.told.insert(key, item.clone());
                changes.push(Change { item, ended: false });
            }
        }
        changes
    }

    /// Whether another look decides something.
    pub(super) fn is_open(&self) -> bool {
        !self.coming.is_empty() || !self.going.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Holder;

    fn comparison(items: &[(&str, &str)]) -> Comparison {
        let items = items.iter().map(|(name, live)| item(name, live)).collect();
        Comparison { items, ..Comparison::default() }
    }

    fn item(name: &str, live: &str) -> Item {
        Item {
            aspect: Aspect::Mount,
            name: name.into(),
            declared: None,
            live: Some(live.into()),
            differs: true,
            mark: None,
            process: None,
            more: 0,
        }
    }

    fn names(changes: &[Change]) -> Vec<(String, bool)> {
        changes.iter().map(|it| (it.item.name.to_string(), it.ended)).collect()
    }

    #[test]
    fn a_difference_is_told_when_it_comes_and_when_it_goes() {
        let mut standing = Standing::default();
        let one = comparison(&[("/a", "x")]);
        assert!(standing.take(&one).is_empty() && standing.is_open());
        assert_eq!(names(&standing.take(&one)), [("/a".to_owned(), false)]);
        assert!(standing.take(&one).is_empty() && !standing.is_open(), "it stands");
        assert!(standing.take(&comparison(&[])).is_empty() && standing.is_open());
        assert_eq!(names(&standing.take(&comparison(&[]))), [("/a".to_owned(), true)]);
        assert!(standing.take(&comparison(&[])).is_empty() && !standing.is_open());
    }

    #[test]
    fn what_was_seen_once_alone_is_not_told() {
        let mut standing = Standing::default();
        standing.take(&comparison(&[("/a", "x")]));
        assert!(standing.take(&comparison(&[])).is_empty());
        assert!(standing.take(&comparison(&[("/a", "x")])).is_empty());
        standing.take(&comparison(&[("/a", "x")]));
        standing.take(&comparison(&[]));
        assert!(standing.take(&comparison(&[("/a", "x")])).is_empty(), "it never ended");
    }

    #[test]
    fn another_value_is_told_anew_and_ends_nothing() {
        let mut standing = Standing::default();
        for _ in 0..2 {
            standing.take(&comparison(&[("/a", "x")]));
        }
        standing.take(&comparison(&[("/a", "y")]));
        let changes = standing.take(&comparison(&[("/a", "y")]));
        assert_eq!(names(&changes), [("/a".to_owned(), false)]);
        assert_eq!(changes[0].item.live, Some("y".into()));
    }

    #[test]
    fn what_could_not_be_looked_at_has_not_ended() {
        let mut standing = Standing::default();
        for _ in 0..2 {
            standing.take(&comparison(&[("/a", "x")]));
        }
        let mut blind = comparison(&[]);
        blind.problems.push("no".to_owned());
        blind.unsure.insert(Aspect::Mount);
        for _ in 0..3 {
            assert!(standing.take(&blind).is_empty());
        }
        assert!(!standing.is_open(), "it is waited for nothing");
    }

    #[test]
    fn what_could_be_looked_at_ends_whatever_else_could_not() {
        let mut standing = Standing::default();
        let mut all = comparison(&[("/a", "x"), ("pod:limits.memory", "1"), ("pod:env.A", "x")]);
        for item in &mut all.items[1..] {
            item.aspect = Aspect::Declaration;
        }
        for _ in 0..2 {
            standing.take(&all);
        }
        let mut partly = comparison(&[]);
        partly.problems.push("an image is broken, a process wrote over its environment".to_owned());
        partly.unsure.extend([Aspect::Environment, Aspect::Limit]);
        assert!(standing.take(&partly).is_empty() && standing.is_open());
        let ended = [("/a".to_owned(), true), ("pod:env.A".to_owned(), true)];
        assert_eq!(names(&standing.take(&partly)), ended);
        assert!(standing.take(&partly).is_empty() && !standing.is_open());
        partly.unsure.clear();
        standing.take(&partly);
        assert_eq!(names(&standing.take(&partly)), [("pod:limits.memory".to_owned(), true)]);
    }

    #[test]
    fn a_controller_that_could_not_be_read_holds_back_no_end_of_another_one() {
        let mut standing = Standing::default();
        let items = ["memory.limit", "unified.memory.high", "pids.limit", "RLIMIT_NOFILE"];
        let mut all = comparison(&items.map(|name| (name, "1")));
        all.items.extend([item("pod:limits.memory", "1"), item("pod:limits.cpu", "1")]);
        for item in &mut all.items {
            let of_pod = item.name.as_bytes().starts_with(b"pod:");
            item.aspect = if of_pod { Aspect::Declaration } else { Aspect::Limit };
        }
        for _ in 0..2 {
            standing.take(&all);
        }
        let mut partly = comparison(&[]);
        partly.unsure_controllers.insert("memory".to_owned());
        standing.take(&partly);
        let mut ended = names(&standing.take(&partly));
        ended.sort();
        let over = ["RLIMIT_NOFILE", "pids.limit", "pod:limits.cpu"];
        assert_eq!(ended, over.map(|name| (name.to_owned(), true)));
        assert!(standing.take(&partly).is_empty() && !standing.is_open());
        standing.take(&comparison(&[]));
        assert_eq!(standing.take(&comparison(&[])).len(), 3);
    }

    #[test]
    fn what_is_told_at_once_stands_until_it_was_not_seen_twice() {
        let mut standing = Standing::default();
        let mut one = comparison(&[("A", "x")]);
        one.items[0].process = Some(Holder { pid: 1, name: "x".into() });
        let told = standing.take_at_once(one.items.clone());
        assert_eq!(names(&told), [("A".to_owned(), false)]);
        one.items[0].process = Some(Holder { pid: 2, name: "y".into() });
        assert!(standing.take_at_once(one.items.clone()).is_empty(), "another process, the same");
        assert!(standing.take(&one).is_empty());
        assert!(standing.take(&comparison(&[])).is_empty() && standing.is_open());
        assert_eq!(names(&standing.take(&comparison(&[]))), [("A".to_owned(), true)]);
        assert_eq!(standing.take_at_once(one.items).len(), 1, "and again");
    }

    #[test]
    fn processes_that_differ_otherwise_are_told_one_by_one() {
        let mut standing = Standing::default();
        let mut both = comparison(&[("uid", "0"), ("uid", "7")]);
        for item in &mut both.items {
            item.process = Some(Holder { pid: 1, name: "x".into() });
        }
        standing.take(&both);
        assert_eq!(standing.take(&both).len(), 2);
    }
}
