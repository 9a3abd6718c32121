//! The nodes of a YAML document.

use crate::rules::MappedText;
use crate::rules::Span;

/// A node, with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) span: Span,
    /// Nodes and bytes of text in it: what a copy of it costs.
    pub(super) weight: usize,
}

/// The forms of a node.
#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    /// Keys and values, in order; no scalar is twice a key.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar, decoded.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: MappedText,
    /// Written without quotes and not as a block: the only style in which `null` is not a text.
    pub(crate) plain: bool,
}

impl Node {
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Whether nothing is written here, or `null`.
    pub(crate) fn is_null(&self) -> bool {
        self.scalar().is_some_and(|scalar| {
            scalar.plain && matches!(scalar.text.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
        })
    }

    /// What it is, for a message.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            NodeKind::Scalar(_) if self.is_null() => "nothing".to_owned(),
            NodeKind::Scalar(scalar) => match scalar.text.text.char_indices().nth(40) {
                Some((cut, _)) => format!("`{}…`", scalar.text.text.get(..cut).unwrap_or("")),
                None => format!("`{}`", scalar.text.text),
            },
            NodeKind::Sequence(_) => "a sequence".to_owned(),
            NodeKind::Mapping(_) => "a mapping".to_owned(),
        }
    }
}
