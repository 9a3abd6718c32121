//! Conditions as flat code: each step asks one test and says where to go on, so that a condition
//! is evaluated in a loop, whatever its nesting.

use rustc_hash::FxHashMap;

use super::check::Check;
use super::limits::CompileError;
use super::limits::Limits;
use super::limits::within;
use super::nodes::Node;
use super::nodes::NodeId;
use super::nodes::Nodes;
use super::tables::Leaf;

/// Where the condition is decided.
pub(super) const ACCEPT: u32 = u32::MAX;
pub(super) const REJECT: u32 = u32::MAX - 1;

/// One step. Targets lie before it, so every path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Op {
    pub(super) check: u32,
    pub(super) on_true: u32,
    pub(super) on_false: u32,
}

/// Builds the code from the end, sharing equal steps.
pub(super) struct Emitter<'a> {
    nodes: &'a Nodes,
    checks: &'a [Check],
    limit: usize,
    work: usize,
    pub(super) code: Vec<Op>,
    known: FxHashMap<Op, u32>,
    emitted: FxHashMap<(NodeId, u32, u32), u32>,
    costs: FxHashMap<NodeId, u8>,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(nodes: &'a Nodes, checks: &'a [Check], limits: &Limits) -> Self {
        Self {
            nodes,
            checks,
            limit: limits.code,
            work: 0,
            code: Vec::new(),
            known: FxHashMap::default(),
            emitted: FxHashMap::default(),
            costs: FxHashMap::default(),
        }
    }

    /// Where the code of the node begins.
    pub(super) fn emit(
        &mut self,
        id: NodeId,
        on_true: u32,
        on_false: u32,
    ) -> Result<u32, CompileError> {
        if on_true == on_false {
            return Ok(on_true);
        }
        if let Some(entry) = self.emitted.get(&(id, on_true, on_false)) {
            return Ok(*entry);
        }
        // `One` asks each of its parts in two places: nested, that may double each time.
        self.work += 1;
        within("steps of code", self.work.max(self.code.len()), self.limit)?;
        let nodes = self.nodes;
        let entry = match nodes.get(id) {
            Node::Constant(true) => on_true,
            Node::Constant(false) | Node::Leaf(Leaf::Type(_)) => on_false,
            Node::Leaf(Leaf::Check(check)) => self.step(Op { check: *check, on_true, on_false }),
            Node::Not(inner) => self.emit(*inner, on_false, on_true)?,
            Node::All(inner) => {
                let mut next = on_true;
                for inner in self.by_cost(inner).into_iter().rev() {
                    next = self.emit(inner, next, on_false)?;
                }
                next
            }
            Node::Any(inner) => {
                let mut next = on_false;
                for inner in self.by_cost(inner).into_iter().rev() {
                    next = self.emit(inner, on_true, next)?;
                }
                next
            }
            Node::One(inner) => {
                // What follows when none, and when one, was true so far.
                let (mut none, mut one) = (on_false, on_true);
                for inner in inner.iter().rev() {
                    let next = self.emit(*inner, one, none)?;
                    one = self.emit(*inner, on_false, one)?;
                    none = next;
                }
                none
            }
        };
        self.emitted.insert((id, on_true, on_false), entry);
        Ok(entry)
    }

    fn step(&mut self, op: Op) -> u32 {
        let code = &mut self.code;
        *self.known.entry(op).or_insert_with(|| {
            code.push(op);
            code.len() as u32 - 1
        })
    }

    /// The same nodes, cheap ones first; tests have no effects, so the order is free.
    fn by_cost(&mut self, inner: &[NodeId]) -> Vec<NodeId> {
        let mut sorted = Vec::with_capacity(inner.len());
        for id in inner {
            sorted.push((self.cost(*id), *id));
        }
        sorted.sort_by_key(|(cost, _)| *cost);
        sorted.into_iter().map(|(_, id)| id).collect()
    }

    fn cost(&mut self, id: NodeId) -> u8 {
        if let Some(cost) = self.costs.get(&id) {
            return *cost;
        }
        let nodes = self.nodes;
        let cost = match nodes.get(id) {
            Node::Constant(_) | Node::Leaf(Leaf::Type(_)) => 0,
            Node::Leaf(Leaf::Check(check)) => {
                self.checks.get(*check as usize).map_or(0, Check::cost)
            }
            Node::Not(inner) => self.cost(*inner),
            Node::All(inner) | Node::Any(inner) | Node::One(inner) => {
                let mut dearest = 0;
                for inner in inner {
                    dearest = self.cost(*inner).max(dearest);
                }
                dearest.saturating_add(1)
            }
        };
        self.costs.insert(id, cost);
        cost
    }
}
