//! The items of a file.

use super::item::Item;
use super::item::Kind;
use super::item::Parts;
use super::keys::Keys;
use super::list::read_list;
use super::list::read_macro;
use super::requirement::engine_version;
use super::requirement::plugin_versions;
use super::rule::read_rule;
use crate::rules::Diagnostic;
use crate::rules::Limits;
use crate::rules::nearest::nearest;
use crate::rules::sink::Sink;
use crate::rules::yaml::Node;
use crate::rules::yaml::NodeKind;
use crate::rules::yaml::Tree;

/// The keys that tell what an item is; the first that is there does.
const KINDS: [&str; 5] =
    ["required_engine_version", "required_plugin_versions", "list", "macro", "rule"];

/// Reads the items of a file, in order.
pub(crate) fn read_items(tree: &Tree, limits: &Limits, sink: &mut Sink) -> Vec<Item> {
    let mut items = Vec::new();
    let mut count = 0;
    for document in &tree.documents {
        let nodes = match &document.kind {
            NodeKind::Sequence(nodes) => nodes,
            _ if document.is_null() => continue,
            _ => {
                let message =
                    format!("a rules file is a sequence of items, not {}", document.describe());
                sink.push(
                    Diagnostic::error("not-items", message, document.span)
                        .help("each item begins with `- list:`, `- macro:` or `- rule:`"),
                );
                continue;
            }
        };
        for node in nodes.iter().filter(|node| !node.is_null()) {
            count += 1;
            if count > limits.file_items {
                let message = format!("more than {} items in a file", limits.file_items);
                sink.push(Diagnostic::error("file-items", message, node.span));
                return items;
            }
            items.extend(read_item(node, limits, sink));
        }
    }
    items
}

fn read_item(node: &Node, limits: &Limits, sink: &mut Sink) -> Option<Item> {
    let Some(keys) = Keys::of(node) else {
        let message = format!("an item is a mapping, not {}", node.describe());
        sink.push(
            Diagnostic::error("not-items", message, node.span)
                .help("an item begins with `- list:`, `- macro:` or `- rule:`"),
        );
        return None;
    };
    let Some(kind) = KINDS.into_iter().find(|kind| keys.has(kind)) else {
        warn_unknown(keys, sink);
        return None;
    };
    if kind == "required_engine_version" {
        sink.ok(engine_version(keys));
        return None;
    }
    if kind == "required_plugin_versions" {
        let read = plugin_versions(keys, sink);
        sink.ok(read);
        return None;
    }
    let name = sink.ok(keys.name(kind))?;
    let text = name.text.clone();
    let (kind, read) = match kind {
        "list" => (Kind::List, read_list(keys, name, limits, sink).map(Item::List)),
        "macro" => (Kind::Macro, read_macro(keys, name, sink).map(Item::Macro)),
        _ => {
            return Some(
                read_rule(keys, name, sink)
                    .unwrap_or_else(|parts| Item::Broken(Kind::Rule, text, parts)),
            );
        }
    };
    Some(sink.ok(read).unwrap_or_else(|| Item::Broken(kind, text, Box::<Parts>::default())))
}

fn warn_unknown(keys: Keys<'_>, sink: &mut Sink) {
    let first = keys.pairs.first();
    let span = first.map_or(keys.span, |(key, _)| key.span);
    let name = first.and_then(|(key, _)| key.scalar()).map_or("", |key| key.text.text.as_str());
    let message = format!("`{name}` is no kind of item; it is ignored");
    let mut warning = Diagnostic::warning("unknown-item", message, span).label("unknown item");
    if let Some(near) = nearest(name, KINDS) {
        warning = warning.help(format!("a kind of item with a similar name: `{near}`"));
    }
    sink.push(warning);
}
