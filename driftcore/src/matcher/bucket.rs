//! The rules of one kind of events, and how they are found.

use rustc_hash::FxHashMap;

use super::access;
use super::code::ACCEPT;
use super::code::Emitter;
use super::code::REJECT;
use super::limits::CompileError;
use super::nodes::NodeId;

/// A rule in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    /// Which rule.
    pub(super) rule: u32,
    /// Where its code begins.
    pub(super) code: u32,
}

/// Rules in the order of their definition. Numbers of rules in here are indices into `rules`.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) rules: Box<[Entry]>,
    /// The machines that run for every event.
    pub(super) machines: Box<[u32]>,
    /// Rules that are looked at for every event.
    pub(super) always: Box<[u32]>,
    /// For what was found: the rules that wait for it, as a range of `waiting`.
    found: FxHashMap<u64, (u32, u32)>,
    waiting: Box<[u32]>,
}

impl Bucket {
    /// Of rules with what is left of their conditions for these events. `room` is for entries of
    /// the index: what does not fit is always looked at.
    pub(super) fn new(
        rules: &[(u32, NodeId)],
        emitter: &mut Emitter<'_>,
        finder: &mut access::Finder<'_, '_>,
        room: &mut usize,
    ) -> Result<Self, CompileError> {
        let entries = rules.iter().map(|(rule, node)| {
            Ok(Entry { rule: *rule, code: emitter.emit(*node, ACCEPT, REJECT)? })
        });
        let entries: Box<[Entry]> = entries.collect::<Result<_, CompileError>>()?;
        let nodes: Vec<NodeId> = rules.iter().map(|(_, node)| *node).collect();
        let choice = access::choose(finder, &nodes);
        let mut always = Vec::new();
        let mut pairs = Vec::new();
        for (way, rule) in choice.ways.iter().zip(0_u32..) {
            match way {
                Some(way) if way.keys.len() <= *room => {
                    *room -= way.keys.len();
                    pairs.extend(way.keys.iter().map(|key| (*key, rule)));
                }
                _ => always.push(rule),
            }
        }
        pairs.sort_unstable();
        let mut found: FxHashMap<u64, (u32, u32)> = FxHashMap::default();
        for ((key, _), at) in pairs.iter().zip(0_u32..) {
            found.entry(*key).or_insert((at, at)).1 = at + 1;
        }
        Ok(Self {
            rules: entries,
            machines: choice.machines.into(),
            always: always.into(),
            found,
            waiting: pairs.into_iter().map(|(_, rule)| rule).collect(),
        })
    }

    /// The rules that wait for this.
    pub(super) fn waiting(&self, key: u64) -> &[u32] {
        let Some(&(start, end)) = self.found.get(&key) else { return &[] };
        self.waiting.get(start as usize..end as usize).unwrap_or_default()
    }

    /// How many keys rules wait for.
    pub(super) fn keys(&self) -> usize {
        self.found.len()
    }
}
