//! What a file requires of the engine and of plugins.

use super::keys::Keys;
use super::keys::wrong_member;
use super::keys::wrong_type;
use crate::rules::Diagnostic;
use crate::rules::sink::Sink;
use crate::rules::yaml::Node;
use crate::rules::yaml::NodeKind;

/// The version of Falco's engine whose rule language this is.
const ENGINE: (u64, u64, u64) = (0, 63, 0);

/// Checks `required_engine_version`: a number N, which means 0.N.0, or a version.
pub(super) fn engine_version(keys: Keys<'_>) -> Result<(), Box<Diagnostic>> {
    let key = "required_engine_version";
    let Some(node) = keys.get(key) else { return Ok(()) };
    let word = node.scalar().map_or("", |scalar| scalar.text.text.trim());
    let version = match word.parse::<u64>() {
        Ok(minor) => Some((0, minor, 0)),
        Err(_) => version(word),
    };
    let Some(version) = version else {
        return Err(wrong_type(key, "a number or a version such as `0.57.0`", node));
    };
    if version.0 == ENGINE.0 && version <= ENGINE {
        return Ok(());
    }
    let (major, minor, patch) = ENGINE;
    let message = format!("the file requires engine {word}; this is {major}.{minor}.{patch}");
    Err(Box::new(Diagnostic::error("engine-version", message, node.span).label("not this engine")))
}

fn version(word: &str) -> Option<(u64, u64, u64)> {
    let word = word.split(['-', '+']).next()?;
    let mut numbers = word.split('.').map(|number| number.parse::<u64>().ok());
    let version = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(version)
}

/// Checks the form of `required_plugin_versions`. What the plugins would bring is built in, or is
/// found missing where a rule needs it.
pub(super) fn plugin_versions(keys: Keys<'_>, sink: &mut Sink) -> Result<(), Box<Diagnostic>> {
    let key = "required_plugin_versions";
    for node in keys.sequence(key)?.unwrap_or(&[]) {
        let plugin = plugin(key, node)?;
        plugin.warn_unknown("required plugin", &["name", "version", "alternatives"], sink);
        for alternative in plugin.sequence("alternatives")?.unwrap_or(&[]) {
            self::plugin("alternatives", alternative)?;
        }
    }
    Ok(())
}

fn plugin<'a>(what: &str, node: &'a Node) -> Result<Keys<'a>, Box<Diagnostic>> {
    let NodeKind::Mapping(pairs) = &node.kind else {
        return Err(wrong_member(what, "a mapping", node));
    };
    let plugin = Keys { pairs, span: node.span };
    for key in ["name", "version"] {
        if plugin.text(key)?.is_none() {
            let message = format!("a required plugin has no `{key}`");
            return Err(Box::new(Diagnostic::error("missing-key", message, node.span)));
        }
    }
    Ok(plugin)
}
