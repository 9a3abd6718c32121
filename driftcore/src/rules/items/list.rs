//! Lists and macros.

use super::item::ListItem;
use super::item::MacroItem;
use super::keys::Keys;
use super::keys::wrong_member;
use crate::rules::Diagnostic;
use crate::rules::Limits;
use crate::rules::ast::Name;
use crate::rules::condition::is_bare_value;
use crate::rules::condition::item_value;
use crate::rules::sink::Sink;

pub(super) fn read_list(
    keys: Keys<'_>,
    name: Name,
    limits: &Limits,
    sink: &mut Sink,
) -> Result<ListItem, Box<Diagnostic>> {
    keys.warn_unknown("list", &["list", "items", "append", "override"], sink);
    check_list_name(&name)?;
    let change = keys.change("items")?;
    let Some(nodes) = keys.sequence("items")? else {
        let message = format!("the list `{}` has no `items`", name.text);
        return Err(Box::new(Diagnostic::error("missing-key", message, name.span)));
    };
    if nodes.len() > limits.list_items {
        let message = format!("the list `{}` has more than {} items", name.text, limits.list_items);
        return Err(Box::new(Diagnostic::error("list-size", message, name.span)));
    }
    let mut items = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(scalar) = node.scalar() else {
            return Err(wrong_member("items", "a text", node));
        };
        let item = item_value(&scalar.text)?;
        if item.quote.is_none() && item.text.contains(&b',') {
            sink.push(
                Diagnostic::warning("item-comma", "one item with a comma in it", item.span)
                    .label("one value here, several in Falco")
                    .help("write an item for each value, or quote the item: `'\"a,b\"'`"),
            );
        }
        items.push(item);
    }
    Ok(ListItem { name, items, change })
}

pub(super) fn read_macro(
    keys: Keys<'_>,
    name: Name,
    sink: &mut Sink,
) -> Result<MacroItem, Box<Diagnostic>> {
    keys.warn_unknown("macro", &["macro", "condition", "append", "override"], sink);
    let change = keys.change("condition")?;
    let Some((condition, _)) = keys.text("condition")? else {
        let message = format!("the macro `{}` has no `condition`", name.text);
        return Err(Box::new(Diagnostic::error("missing-key", message, name.span)));
    };
    check_macro_name(&name)?;
    Ok(MacroItem { name, condition: condition.clone(), change })
}

/// A name that no condition can name is a mistake.
fn check_macro_name(name: &Name) -> Result<(), Box<Diagnostic>> {
    let identifier = name.text.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if identifier && !matches!(name.text.as_str(), "and" | "or" | "not") {
        return Ok(());
    }
    let message = format!("no condition can name the macro `{}`", name.text);
    let fault = Diagnostic::error("bad-name", message, name.span)
        .help("the name of a macro is letters, digits and `_`, a letter first");
    Err(Box::new(fault))
}

fn check_list_name(name: &Name) -> Result<(), Box<Diagnostic>> {
    if is_bare_value(&name.text) {
        return Ok(());
    }
    let message = format!("no condition can name the list `{}`", name.text);
    let fault = Diagnostic::error("bad-name", message, name.span)
        .help("no blanks, quotes, parentheses, `=` or `,` stand in the name of a list");
    Err(Box::new(fault))
}
