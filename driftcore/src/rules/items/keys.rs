//! The keys of a mapping, read as what they should be.

use super::item::Change;
use crate::rules::Diagnostic;
use crate::rules::MappedText;
use crate::rules::Span;
use crate::rules::ast::Name;
use crate::rules::nearest::nearest;
use crate::rules::sink::Sink;
use crate::rules::yaml::Node;
use crate::rules::yaml::NodeKind;

/// A mapping.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) pairs: &'a [(Node, Node)],
    pub(super) span: Span,
}

/// What a wrong node is.
pub(super) fn wrong_type(what: &str, expected: &str, node: &Node) -> Box<Diagnostic> {
    let message = format!("`{what}` must be {expected}, not {}", node.describe());
    Box::new(
        Diagnostic::error("wrong-type", message, node.span).label(format!("{expected} expected")),
    )
}

/// What is wrong in a sequence.
pub(super) fn wrong_member(what: &str, expected: &str, node: &Node) -> Box<Diagnostic> {
    let message = format!("in `{what}` stands {expected}, not {}", node.describe());
    Box::new(
        Diagnostic::error("wrong-type", message, node.span).label(format!("{expected} expected")),
    )
}

impl<'a> Keys<'a> {
    /// The keys of a mapping; `None` when it is none.
    pub(super) fn of(node: &'a Node) -> Option<Self> {
        match &node.kind {
            NodeKind::Mapping(pairs) => Some(Self { pairs, span: node.span }),
            _ => None,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.pairs
            .iter()
            .find(|(name, _)| name.scalar().is_some_and(|name| name.text.text == key))
            .map(|(_, value)| value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Where the key itself stands; the whole mapping where it is not there.
    pub(super) fn key_span(&self, key: &str) -> Span {
        let found = self
            .pairs
            .iter()
            .find(|(name, _)| name.scalar().is_some_and(|name| name.text.text == key));
        found.map_or(self.span, |(name, _)| name.span)
    }

    /// Warns of the keys that are not among these.
    pub(super) fn warn_unknown(&self, what: &str, known: &[&'static str], sink: &mut Sink) {
        for (key, _) in self.pairs {
            let name = key.scalar().map_or("", |scalar| scalar.text.text.as_str());
            if known.contains(&name) || sink.is_full() {
                continue;
            }
            let message = format!("`{name}` is no key of a {what}; it is ignored");
            let mut warning =
                Diagnostic::warning("unknown-key", message, key.span).label("unknown key");
            if let Some(near) = nearest(name, known.iter().copied()) {
                warning = warning.help(format!("a key with a similar name: `{near}`"));
            }
            sink.push(warning);
        }
    }

    /// A text.
    pub(super) fn text(
        &self,
        key: &str,
    ) -> Result<Option<(&'a MappedText, Span)>, Box<Diagnostic>> {
        let Some(node) = self.get(key) else { return Ok(None) };
        match node.scalar() {
            Some(scalar) if !node.is_null() => Ok(Some((&scalar.text, node.span))),
            _ => Err(wrong_type(key, "a text", node)),
        }
    }

    /// A text that names something.
    pub(super) fn name(&self, key: &str) -> Result<Name, Box<Diagnostic>> {
        match self.text(key)? {
            Some((text, span)) if !text.text.is_empty() => {
                Ok(Name { text: text.text.clone(), span })
            }
            _ => {
                let span = self.get(key).map_or(self.span, |node| node.span);
                let message = format!("`{key}` must be a name, not empty");
                Err(Box::new(
                    Diagnostic::error("wrong-type", message, span).label("a name expected"),
                ))
            }
        }
    }

    /// Yes or no, in the words of YAML 1.1, as Falco's YAML library takes them.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Box<Diagnostic>> {
        let Some(node) = self.get(key) else { return Ok(None) };
        let word = node.scalar().map_or("", |scalar| scalar.text.text.as_str());
        let lower = word.to_ascii_lowercase();
        let capital = word.chars().skip(1).all(char::is_lowercase);
        let upper = word.chars().all(char::is_uppercase);
        match lower.as_str() {
            "true" | "yes" | "on" | "y" if capital || upper => Ok(Some(true)),
            "false" | "no" | "off" | "n" if capital || upper => Ok(Some(false)),
            _ => Err(wrong_type(key, "`true` or `false`", node)),
        }
    }

    /// The nodes of a sequence; none where nothing is written.
    pub(super) fn sequence(&self, key: &str) -> Result<Option<&'a [Node]>, Box<Diagnostic>> {
        let Some(node) = self.get(key) else { return Ok(None) };
        match &node.kind {
            NodeKind::Sequence(nodes) => Ok(Some(nodes)),
            NodeKind::Scalar(_) if node.is_null() => Ok(Some(&[])),
            _ => Err(wrong_type(key, "a sequence", node)),
        }
    }

    /// How a list or a macro changes one of the same name before it, by `append` and `override` of
    /// its one key.
    pub(super) fn change(&self, only: &'static str) -> Result<Change, Box<Diagnostic>> {
        let append = self.flag("append")?.unwrap_or(false);
        let Some(node) = self.get("override") else {
            return Ok(if append { Change::Append } else { Change::Define });
        };
        if append {
            return Err(self.append_and_override());
        }
        let Some(overrides) = Keys::of(node) else {
            return Err(wrong_type("override", "a mapping", node));
        };
        let mut change = Change::Define;
        for (key, value) in overrides.pairs {
            let name = key.scalar().map_or("", |scalar| scalar.text.text.as_str());
            if name != only {
                let message = format!("`{name}` cannot be overridden here");
                return Err(Box::new(
                    Diagnostic::error("bad-override", message, key.span)
                        .label(format!("only `{only}` can be")),
                ));
            }
            change = if is_append(name, value)? { Change::Append } else { Change::Replace };
        }
        Ok(change)
    }

    pub(super) fn append_and_override(&self) -> Box<Diagnostic> {
        Box::new(
            Diagnostic::error(
                "bad-override",
                "`append` and `override` do not go together",
                self.key_span("override"),
            )
            .also(self.key_span("append"), "`append` is here")
            .help("`append` is the older form: leave it out"),
        )
    }
}

/// Whether the value of a key of `override` is `append` (or else `replace`).
pub(super) fn is_append(key: &str, value: &Node) -> Result<bool, Box<Diagnostic>> {
    match value.scalar().map(|scalar| scalar.text.text.as_str()) {
        Some("append") => Ok(true),
        Some("replace") => Ok(false),
        _ => {
            let message = format!("`{key}` is overridden neither by `append` nor by `replace`");
            Err(Box::new(
                Diagnostic::error("bad-override", message, value.span)
                    .label("`append` or `replace` expected"),
            ))
        }
    }
}
