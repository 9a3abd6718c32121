//! Which rules need not be looked at: a rule that can only match when one of some atoms was found
//! waits for these. An atom is a constant that a value equals, or a literal that it holds.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::fields::Multiplicity;

use super::check::Check;
use super::check::Quantifier;
use super::nodes::Node;
use super::nodes::NodeId;
use super::nodes::Nodes;
use super::tables::Leaf;
use super::tables::MachineKind;
use super::tables::Tables;

/// At most this many machines run for every event.
const MACHINES: usize = 32;

/// Keys that are copied at most while ways are joined: deep nests of long lists go without.
const COPIES: usize = 4_000_000;

/// How many ways to find a rule are weighed against each other.
const WAYS: usize = 8;

/// What a machine found: a value's number, or an atom.
pub(super) fn value_key(id: u32) -> u64 {
    u64::from(id) << 1
}

/// See [`value_key`].
pub(super) fn atom_key(atom: u32) -> u64 {
    u64::from(atom) << 1 | 1
}

/// One way to find a rule: it cannot match unless one of the keys was found.
#[derive(Debug)]
pub(super) struct Way {
    /// The machines that find them, sorted.
    pub(super) machines: Vec<u32>,
    pub(super) keys: Vec<u64>,
    /// How often the keys are found by nature, from 0 to 1.
    common: f32,
}

type Ways = Rc<[Rc<Way>]>;

/// Finds the ways of nodes, each node once.
pub(super) struct Finder<'a, 'b> {
    nodes: &'a Nodes,
    tables: &'a Tables<'b>,
    known: FxHashMap<(NodeId, bool), Ways>,
    copies: usize,
}

impl<'a, 'b> Finder<'a, 'b> {
    pub(super) fn new(nodes: &'a Nodes, tables: &'a Tables<'b>) -> Self {
        Self { nodes, tables, known: FxHashMap::default(), copies: 0 }
    }

    /// The ways to find events for which the node is true.
    pub(super) fn ways(&mut self, id: NodeId) -> Ways {
        self.of(id, true)
    }

    fn of(&mut self, id: NodeId, positive: bool) -> Ways {
        if let Some(ways) = self.known.get(&(id, positive)) {
            return Rc::clone(ways);
        }
        let nodes = self.nodes;
        let ways: Ways = match (nodes.get(id), positive) {
            (Node::Leaf(Leaf::Check(check)), true) => self.leaf(*check).into_iter().collect(),
            (Node::Not(inner), _) => self.of(*inner, !positive),
            (Node::All(inner), true) | (Node::Any(inner), false) => self.best_of(inner, positive),
            (Node::Any(inner) | Node::One(inner), true) | (Node::All(inner), false) => {
                self.union(inner, positive)
            }
            _ => Rc::default(),
        };
        self.known.insert((id, positive), Rc::clone(&ways));
        ways
    }

    /// All must be true: any of them finds the rule.
    fn best_of(&mut self, inner: &[NodeId], positive: bool) -> Ways {
        let mut ways: Vec<Rc<Way>> = Vec::new();
        for id in inner {
            ways.extend(self.of(*id, positive).iter().cloned());
        }
        ways.sort_by(|a, b| self.rank(a).total_cmp(&self.rank(b)));
        ways.truncate(WAYS);
        ways.into()
    }

    /// One of them is true: every one must be findable, and the rule is found by any.
    fn union(&mut self, inner: &[NodeId], positive: bool) -> Ways {
        let mut parts = Vec::with_capacity(inner.len());
        for id in inner {
            let ways = self.of(*id, positive);
            if ways.is_empty() {
                return Rc::default();
            }
            parts.push(ways);
        }
        let Some(first) = parts.first() else { return Rc::default() };
        let mut unions: Vec<Rc<Way>> = Vec::new();
        // The same machine for all parts, where there is one that all have.
        for wanted in first.iter() {
            let mut machines: Vec<u32> = Vec::new();
            let mut keys = Vec::new();
            let mut common = 0.0;
            for ways in &parts {
                let same = ways.iter().find(|way| way.machines == wanted.machines);
                let Some(way) = same.or(ways.first()) else { continue };
                machines.extend(&way.machines);
                self.copies += way.keys.len();
                if self.copies > COPIES {
                    return Rc::default();
                }
                keys.extend(&way.keys);
                common += way.common;
            }
            machines.sort_unstable();
            machines.dedup();
            keys.sort_unstable();
            keys.dedup();
            if unions.iter().all(|way| way.machines != machines) {
                unions.push(Rc::new(Way { machines, keys, common }));
            }
        }
        unions.into()
    }

    fn rank(&self, way: &Way) -> f32 {
        way.common * 8.0 + self.weight(&way.machines, &[])
    }

    /// What it costs to run these machines besides those that run anyway, in looks at a rule.
    pub(super) fn weight(&self, machines: &[u32], running: &[u32]) -> f32 {
        let new = machines.iter().filter(|machine| !running.contains(machine));
        new.map(|machine| self.machine_weight(*machine)).sum()
    }

    fn machine_weight(&self, machine: u32) -> f32 {
        let Some(machine) = self.tables.machines.get(machine as usize) else { return 0.0 };
        let weight = match machine.kind {
            MachineKind::Values => 1.0,
            MachineKind::Prefixes | MachineKind::Suffixes => 1.5,
            MachineKind::Paths => 3.0,
            MachineKind::Substrings | MachineKind::SubstringsFolded => 5.0,
        };
        match self.tables.inputs.get(machine.input as usize).map(|input| input.multiplicity) {
            Some(Multiplicity::One) => weight,
            Some(Multiplicity::Ends) => weight * 1.5,
            _ => weight * 3.0,
        }
    }

    fn leaf(&self, check: u32) -> Option<Rc<Way>> {
        let (machine, keys, common) = match self.tables.checks.get(check as usize)? {
            // Of few numbers and booleans, each is common; of texts too, where they are short.
            Check::Equal { machine, id, .. } => {
                (*machine, vec![value_key(*id)], self.tables.commonness(*machine, *id))
            }
            Check::Among { machine, ids, quantifier } if *quantifier != Quantifier::All => {
                let common = ids.iter().map(|id| self.tables.commonness(*machine, *id)).sum();
                (*machine, ids.iter().map(|id| value_key(*id)).collect(), common)
            }
            Check::Found { machine, atom } | Check::Glob { gate: Some((machine, atom)), .. } => {
                (*machine, vec![atom_key(*atom)], self.tables.atom_commonness(*machine, *atom))
            }
            _ => return None,
        };
        Some(Rc::new(Way { machines: vec![machine], keys, common }))
    }
}

/// The choice for a set of rules: which machines run, and how each rule is found.
pub(super) struct Choice {
    pub(super) machines: Vec<u32>,
    /// For each rule its way; `None` for those that are always looked at.
    pub(super) ways: Vec<Option<Rc<Way>>>,
}

/// Chooses so that few machines run and few rules are looked at.
pub(super) fn choose(finder: &mut Finder<'_, '_>, rules: &[NodeId]) -> Choice {
    let ways: Vec<Ways> = rules.iter().map(|rule| finder.ways(*rule)).collect();
    // A key that many rules have is likely a common value.
    let mut rules_of_key: FxHashMap<u64, u32> = FxHashMap::default();
    for way in ways.iter().flat_map(|ways| ways.iter()) {
        for key in &way.keys {
            *rules_of_key.entry(*key).or_default() += 1;
        }
    }
    let count = rules.len().max(1) as f32;
    let likely = |way: &Way| {
        let others = |key| rules_of_key.get(key).map_or(0, |rules| rules.saturating_sub(1));
        let shared: u32 = way.keys.iter().map(others).sum();
        (way.common + 0.5 * shared as f32 / count / way.keys.len().max(1) as f32).min(1.0)
    };
    let likely: Vec<Vec<f32>> =
        ways.iter().map(|ways| ways.iter().map(|way| likely(way)).collect()).collect();

    let mut chosen: Choice = Choice { machines: Vec::new(), ways: vec![None; rules.len()] };
    let mut expected: Vec<f32> = vec![1.0; rules.len()];
    for _ in 0..MACHINES {
        // What each set of machines would save, in looks at rules.
        let mut savings: FxHashMap<&[u32], f32> = FxHashMap::default();
        for ((ways, likely), expected) in ways.iter().zip(&likely).zip(&expected) {
            for (way, likely) in ways.iter().zip(likely) {
                if likely < expected {
                    *savings.entry(&way.machines).or_default() += expected - likely;
                }
            }
        }
        let mut ranked: Vec<(f32, &[u32])> = savings
            .into_iter()
            .map(|(machines, saved)| (saved - finder.weight(machines, &chosen.machines), machines))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let Some((gain, machines)) = ranked.first() else { break };
        // A rule alone is worth a hash look-up: its own test would make it.
        if *gain < -0.5 || chosen.machines.len() + machines.len() > MACHINES {
            break;
        }
        let before = chosen.machines.len();
        for machine in *machines {
            if !chosen.machines.contains(machine) {
                chosen.machines.push(*machine);
            }
        }
        for (rule, ways) in ways.iter().enumerate() {
            for (way, likely) in ways.iter().zip(&likely[rule]) {
                let runs = way.machines.iter().all(|machine| chosen.machines.contains(machine));
                if runs && *likely < expected[rule] {
                    expected[rule] = *likely;
                    chosen.ways[rule] = Some(Rc::clone(way));
                }
            }
        }
        if chosen.machines.len() == before {
            break;
        }
    }
    // What came before may be needless after what came later.
    chosen
        .machines
        .retain(|machine| chosen.ways.iter().flatten().any(|way| way.machines.contains(machine)));
    chosen
}
