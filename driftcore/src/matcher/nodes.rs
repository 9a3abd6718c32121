//! Conditions as shared nodes: equal parts of different rules are one node, simplified, and what
//! the event's type decides can be decided before.

use rustc_hash::FxHashMap;

use super::condition::Condition;
use super::limits::CompileError;
use super::limits::Limits;
use super::limits::within;
use super::tables::Leaf;
use super::tables::Tables;

/// Index of a node.
pub(super) type NodeId = u32;

pub(super) const FALSE: NodeId = 0;
pub(super) const TRUE: NodeId = 1;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Constant(bool),
    Leaf(Leaf),
    Not(NodeId),
    All(Box<[NodeId]>),
    Any(Box<[NodeId]>),
    One(Box<[NodeId]>),
}

pub(super) struct Nodes {
    nodes: Vec<Node>,
    ids: FxHashMap<Node, NodeId>,
    /// Whether the event's type decides a part of it.
    typed: Vec<bool>,
    limits: Limits,
}

impl Nodes {
    pub(super) fn new(limits: Limits) -> Self {
        let mut nodes =
            Self { nodes: Vec::new(), ids: FxHashMap::default(), typed: Vec::new(), limits };
        nodes.push(Node::Constant(false));
        nodes.push(Node::Constant(true));
        nodes
    }

    pub(super) fn get(&self, id: NodeId) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::Constant(false))
    }

    fn push(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.ids.get(&node) {
            return *id;
        }
        let typed = match &node {
            Node::Constant(_) | Node::Leaf(Leaf::Check(_)) => false,
            Node::Leaf(Leaf::Type(_)) => true,
            Node::Not(inner) => self.is_typed(*inner),
            Node::All(inner) | Node::Any(inner) | Node::One(inner) => {
                inner.iter().any(|inner| self.is_typed(*inner))
            }
        };
        let id = self.nodes.len() as NodeId;
        self.ids.insert(node.clone(), id);
        self.nodes.push(node);
        self.typed.push(typed);
        id
    }

    fn is_typed(&self, id: NodeId) -> bool {
        self.typed.get(id as usize).copied().unwrap_or(false)
    }

    /// Refuses when there are too many.
    pub(super) fn check(&self) -> Result<(), CompileError> {
        within("nodes", self.nodes.len(), self.limits.nodes)
    }

    /// The node of a condition.
    pub(super) fn add<'a>(
        &mut self,
        condition: &'a Condition,
        tables: &mut Tables<'a>,
        depth: usize,
    ) -> Result<NodeId, CompileError> {
        within("nesting", depth, self.limits.depth)?;
        self.check()?;
        // Loops, not iterators, on the way down: they keep the stack small.
        let inner = match condition {
            Condition::All(inner) | Condition::Any(inner) | Condition::One(inner) => &inner[..],
            Condition::Not(inner) => std::slice::from_ref(&**inner),
            Condition::Test(test) => {
                let leaf = tables.leaf(test)?;
                return Ok(self.push(Node::Leaf(leaf)));
            }
        };
        let mut ids = Vec::with_capacity(inner.len());
        for inner in inner {
            ids.push(self.add(inner, tables, depth + 1)?);
        }
        Ok(match condition {
            Condition::All(_) => self.all(ids),
            Condition::Any(_) => self.any(ids),
            Condition::One(_) => self.one(ids),
            Condition::Not(_) | Condition::Test(_) => match ids[..] {
                [inner] => self.not(inner),
                _ => FALSE,
            },
        })
    }

    fn not(&mut self, inner: NodeId) -> NodeId {
        match self.get(inner) {
            Node::Constant(value) => NodeId::from(!value),
            Node::Not(inner) => *inner,
            _ => self.push(Node::Not(inner)),
        }
    }

    fn all(&mut self, inner: Vec<NodeId>) -> NodeId {
        self.chain(inner, TRUE, FALSE, Node::All)
    }

    fn any(&mut self, inner: Vec<NodeId>) -> NodeId {
        self.chain(inner, FALSE, TRUE, Node::Any)
    }

    /// `All` and `Any` are the same but for which constant says nothing and which decides.
    fn chain(
        &mut self,
        mut inner: Vec<NodeId>,
        neutral: NodeId,
        deciding: NodeId,
        node: fn(Box<[NodeId]>) -> Node,
    ) -> NodeId {
        if inner.contains(&deciding) {
            return deciding;
        }
        inner.retain(|id| *id != neutral);
        match inner[..] {
            [] => neutral,
            [only] => only,
            _ => self.push(node(inner.into())),
        }
    }

    fn one(&mut self, mut inner: Vec<NodeId>) -> NodeId {
        let certain = inner.iter().filter(|id| **id == TRUE).count();
        inner.retain(|id| *id != TRUE && *id != FALSE);
        match (certain, &inner[..]) {
            (0, []) => FALSE,
            (0, [only]) => *only,
            (0, _) => self.push(Node::One(inner.into())),
            (1, _) => {
                let any = self.any(inner);
                self.not(any)
            }
            _ => FALSE,
        }
    }

    /// The node with the tests of the event's type decided: `is` says for each set whether the
    /// type is in it. `known` holds what was decided before for the same type.
    pub(super) fn decide(
        &mut self,
        id: NodeId,
        is: &[bool],
        known: &mut FxHashMap<NodeId, NodeId>,
    ) -> NodeId {
        if !self.is_typed(id) {
            return id;
        }
        if let Some(decided) = known.get(&id) {
            return *decided;
        }
        let node = self.get(id).clone();
        let inner = match &node {
            Node::All(inner) | Node::Any(inner) | Node::One(inner) => &inner[..],
            Node::Not(inner) => std::slice::from_ref(inner),
            Node::Constant(_) | Node::Leaf(_) => &[],
        };
        let mut ids = Vec::with_capacity(inner.len());
        for inner in inner {
            ids.push(self.decide(*inner, is, known));
        }
        let decided = match node {
            Node::Leaf(Leaf::Type(set)) => {
                NodeId::from(is.get(set as usize).copied().unwrap_or(false))
            }
            Node::Not(_) => ids.first().map_or(FALSE, |inner| self.not(*inner)),
            Node::All(_) => self.all(ids),
            Node::Any(_) => self.any(ids),
            Node::One(_) => self.one(ids),
            Node::Constant(_) | Node::Leaf(Leaf::Check(_)) => id,
        };
        known.insert(id, decided);
        decided
    }
}
