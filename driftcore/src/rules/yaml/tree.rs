//! The tree of a file, from the events of the YAML parser.

use std::collections::HashMap;

use rustc_hash::FxHashMap;
use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::ScanError;

use super::index::CharIndex;
use super::lenient::join_lines;
use super::node::Node;
use super::node::NodeKind;
use super::node::Scalar;
use super::scalar::Style;
use super::scalar::align;
use crate::rules::Diagnostic;
use crate::rules::Limits;
use crate::rules::SourceId;
use crate::rules::Span;

/// A file's documents; with an error, what came before it.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) documents: Vec<Node>,
    /// What is wrong with the file as YAML.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Whether the file was not read to its end.
    pub(crate) cut: bool,
}

/// Reads a file. Time and memory are bounded by its size and the limits.
pub(crate) fn read(source: SourceId, text: &str, limits: &Limits) -> Tree {
    let strict = read_as(source, text, text, limits);
    if strict.diagnostics.iter().all(|diagnostic| diagnostic.code != NOT_YAML) {
        return strict;
    }
    let Some(joined) = join_lines(text) else { return strict };
    let lenient = read_as(source, text, &joined, limits);
    // What is wrong is best said of the text as it is.
    let failed = lenient.diagnostics.iter().any(|diagnostic| diagnostic.code == NOT_YAML);
    if failed { strict } else { lenient }
}

/// The code of syntax errors.
const NOT_YAML: &str = "yaml";

/// Reads `parsed`, which is as long as `text` in characters.
fn read_as(source: SourceId, text: &str, parsed: &str, limits: &Limits) -> Tree {
    let mut builder = Builder {
        source,
        text,
        index: CharIndex::new(text),
        limits,
        open: Vec::new(),
        anchors: FxHashMap::default(),
        nodes: 0,
        copied: 0,
        tree: Tree::default(),
    };
    let mut parser = Parser::new_from_str(parsed);
    while let Some(event) = parser.next_event() {
        let done = match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Err(builder.scan_error(&error)),
        };
        if let Err(diagnostic) = done {
            builder.tree.diagnostics.push(*diagnostic);
            builder.tree.cut = true;
            break;
        }
    }
    builder.close_all();
    builder.tree
}

/// A sequence or mapping whose end has not come.
struct Open {
    start: usize,
    anchor: usize,
    mapping: bool,
    nodes: Vec<Node>,
    weight: usize,
}

/// Keys of a mapping, and where each stands.
#[derive(Default)]
struct Seen<'a> {
    /// The first ones: most mappings have no more.
    few: Vec<(&'a str, Span)>,
    more: HashMap<&'a str, Span>,
}

impl<'a> Seen<'a> {
    /// Where the key was before; otherwise remembers it.
    fn insert(&mut self, name: &'a str, span: Span) -> Option<Span> {
        let known = self.few.iter().find(|(known, _)| *known == name).map(|&(_, span)| span);
        let known = known.or_else(|| self.more.get(name).copied());
        if known.is_none() {
            if self.few.len() < 16 {
                self.few.push((name, span));
            } else {
                self.more.insert(name, span);
            }
        }
        known
    }
}

struct Builder<'a> {
    source: SourceId,
    text: &'a str,
    index: CharIndex<'a>,
    limits: &'a Limits,
    open: Vec<Open>,
    anchors: FxHashMap<usize, Node>,
    /// Nodes so far.
    nodes: usize,
    /// What anchors and aliases copied.
    copied: usize,
    tree: Tree,
}

impl Builder<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { source: self.source, start: offset(start), end: offset(end.max(start)) }
    }

    fn event(
        &mut self,
        event: Event<'_>,
        place: saphyr_parser::Span,
    ) -> Result<(), Box<Diagnostic>> {
        let start = self.index.byte(place.start.index());
        let end = self.index.byte(place.end.index()).max(start);
        match event {
            Event::Scalar(decoded, style, anchor, _) => {
                let node = self.scalar(&decoded, style, start, end);
                self.add(node, anchor)?;
            }
            Event::SequenceStart(anchor, _) => self.open(start, anchor, false)?,
            Event::MappingStart(anchor, _) => self.open(start, anchor, true)?,
            Event::SequenceEnd | Event::MappingEnd => self.close(end)?,
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    let span = self.span(start, end);
                    let message = "this alias stands in what it names";
                    return Err(Box::new(Diagnostic::error(NOT_YAML, message, span)));
                };
                let weight = node.weight;
                self.count_copy(weight, self.span(start, end))?;
                if let Some(node) = self.anchors.get(&anchor).cloned() {
                    self.add(node, 0)?;
                }
            }
            Event::DocumentEnd => self.anchors.clear(),
            _ => {}
        }
        Ok(())
    }

    fn scalar(&self, decoded: &str, style: ScalarStyle, start: usize, end: usize) -> Node {
        let written = self.text.get(start..end).unwrap_or("");
        let aligned = match style {
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => Style::Lines,
        };
        let text = align(decoded, written, aligned, self.source, start);
        let span = self.span(start, start + written.trim_end().len());
        let weight = 1 + decoded.len();
        let scalar = Scalar { text, plain: style == ScalarStyle::Plain };
        Node { kind: NodeKind::Scalar(scalar), span, weight }
    }

    fn open(&mut self, start: usize, anchor: usize, mapping: bool) -> Result<(), Box<Diagnostic>> {
        if self.open.len() >= self.limits.yaml_nesting {
            let message = format!("YAML nested more than {} levels deep", self.limits.yaml_nesting);
            return Err(Box::new(Diagnostic::error(
                "nesting",
                message,
                self.span(start, start + 1),
            )));
        }
        self.open.push(Open { start, anchor, mapping, nodes: Vec::new(), weight: 1 });
        Ok(())
    }

    fn close(&mut self, end: usize) -> Result<(), Box<Diagnostic>> {
        let Some(Open { start, anchor, mapping, nodes, weight }) = self.open.pop() else {
            return Ok(());
        };
        let last = nodes.last().map_or(end, |node| node.span.end as usize);
        // The scanner sees the end of a block where the next thing begins.
        let block =
            !self.text.get(start..).is_some_and(|text| text.starts_with(['[', '{', '&', '!']));
        let span = self.span(start, if block { last } else { end });
        let kind =
            if mapping { NodeKind::Mapping(self.pairs(nodes)) } else { NodeKind::Sequence(nodes) };
        self.add(Node { kind, span, weight }, anchor)
    }

    fn pairs(&mut self, nodes: Vec<Node>) -> Vec<(Node, Node)> {
        let mut pairs: Vec<(Node, Node)> = Vec::with_capacity(nodes.len() / 2);
        let mut nodes = nodes.into_iter();
        while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
            pairs.push((key, value));
        }
        let mut seen = Seen::default();
        for (key, _) in &pairs {
            let Some(scalar) = key.scalar() else { continue };
            let name = scalar.text.text.as_str();
            let Some(first) = seen.insert(name, key.span) else { continue };
            let diagnostic = Diagnostic::error(
                "duplicate-key",
                format!("the key `{name}` stands twice in one mapping"),
                key.span,
            )
            .label("here again")
            .also(first, "first here");
            if self.tree.diagnostics.len() < self.limits.diagnostics {
                self.tree.diagnostics.push(diagnostic);
            }
        }
        pairs
    }

    fn count_copy(&mut self, weight: usize, span: Span) -> Result<(), Box<Diagnostic>> {
        self.copied = self.copied.saturating_add(weight);
        if self.copied <= self.limits.alias_size {
            return Ok(());
        }
        let message = format!(
            "anchors and aliases make the file larger by more than {} nodes and bytes",
            self.limits.alias_size
        );
        Err(Box::new(Diagnostic::error("alias-bomb", message, span)))
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Box<Diagnostic>> {
        self.nodes += 1;
        if self.nodes > self.limits.yaml_nodes {
            let message = format!("more than {} nodes of YAML", self.limits.yaml_nodes);
            return Err(Box::new(Diagnostic::error("file-size", message, node.span)));
        }
        if anchor > 0 {
            // Kept for its aliases as a copy.
            self.count_copy(node.weight, node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(open) => {
                open.weight = open.weight.saturating_add(node.weight);
                open.nodes.push(node);
            }
            None => self.tree.documents.push(node),
        }
        Ok(())
    }

    /// After an error: keeps the items that are complete.
    fn close_all(&mut self) {
        while let Some(open) = self.open.pop() {
            if self.open.is_empty() && !open.mapping {
                let end = open.nodes.last().map_or(open.start, |node| node.span.end as usize);
                let span = self.span(open.start, end);
                let kind = NodeKind::Sequence(open.nodes);
                self.tree.documents.push(Node { kind, span, weight: open.weight });
            }
        }
    }

    fn scan_error(&self, error: &ScanError) -> Box<Diagnostic> {
        let at = self.index.byte(error.marker().index());
        let next = self.text.get(at..).and_then(|rest| rest.chars().next());
        let length = next.filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
        let message = format!("not YAML: {}", error.info());
        let fault = Diagnostic::error(NOT_YAML, message, self.span(at, at + length));
        // A bracket that is not closed shows only where the next thing makes no sense.
        let bracket = self.open.iter().rev().find(|open| {
            self.text.get(open.start..).is_some_and(|text| text.starts_with(['[', '{']))
        });
        Box::new(match bracket {
            Some(open) => fault.also(self.span(open.start, open.start + 1), "this bracket is open"),
            None => fault,
        })
    }
}
