//! The exceptions of a rule, as they are written.

use super::item::ExceptionItem;
use super::item::ExceptionValue;
use super::item::OneOrMany;
use super::keys::Keys;
use super::keys::wrong_member;
use super::keys::wrong_type;
use crate::rules::Diagnostic;
use crate::rules::Span;
use crate::rules::sink::Sink;
use crate::rules::yaml::Node;
use crate::rules::yaml::NodeKind;

pub(super) fn read_exceptions(
    keys: Keys<'_>,
    sink: &mut Sink,
) -> Result<Vec<ExceptionItem>, Box<Diagnostic>> {
    let Some(nodes) = keys.sequence("exceptions")? else { return Ok(Vec::new()) };
    let mut exceptions = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(keys) = Keys::of(node) else {
            return Err(wrong_member("exceptions", "a mapping", node));
        };
        if !keys.has("name") {
            let message = "an exception has no `name`";
            return Err(Box::new(Diagnostic::error(
                "missing-key",
                message,
                first_line(node.span, keys),
            )));
        }
        let name = keys.name("name")?;
        keys.warn_unknown("exception", &["name", "fields", "comps", "values"], sink);
        let fields = one_or_many(keys, "fields")?;
        let operators = one_or_many(keys, "comps")?;
        let values = keys.sequence("values")?;
        let values = values.map(|nodes| nodes.iter().map(value).collect()).transpose()?;
        exceptions.push(ExceptionItem { name, fields, operators, values });
    }
    Ok(exceptions)
}

fn first_line(span: Span, keys: Keys<'_>) -> Span {
    keys.pairs.first().map_or(span, |(key, _)| key.span)
}

fn one_or_many(keys: Keys<'_>, key: &str) -> Result<Option<OneOrMany>, Box<Diagnostic>> {
    let Some(node) = keys.get(key) else { return Ok(None) };
    let text = |node: &Node| match node.scalar() {
        Some(scalar) if !node.is_null() => Ok((scalar.text.clone(), node.span)),
        _ => Err(wrong_type(key, "a text or a sequence of texts", node)),
    };
    Ok(Some(match &node.kind {
        NodeKind::Sequence(nodes) => {
            OneOrMany::Many(nodes.iter().map(text).collect::<Result<_, _>>()?, node.span)
        }
        _ => {
            let (text, span) = text(node)?;
            OneOrMany::One(text, span)
        }
    }))
}

fn value(node: &Node) -> Result<ExceptionValue, Box<Diagnostic>> {
    match &node.kind {
        NodeKind::Scalar(scalar) => Ok(ExceptionValue::One(scalar.text.clone(), node.span)),
        NodeKind::Sequence(nodes) => {
            let values = nodes.iter().map(value).collect::<Result<_, _>>()?;
            Ok(ExceptionValue::Many(values, node.span))
        }
        NodeKind::Mapping(_) => Err(wrong_member("values", "a text or a sequence of texts", node)),
    }
}
