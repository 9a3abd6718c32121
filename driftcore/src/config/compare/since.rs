//! What nobody declared, against what it was when the container was first looked at: sysctls of its own namespaces, and
//! hard limits of its first process.

use std::collections::BTreeMap;

use crate::config::declared::Declared;
use crate::config::item::Aspect;
use crate::config::item::Comparison;
use crate::config::item::Item;
use crate::config::live::Live;

/// As it was when the container was first looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beginning {
    settings: BTreeMap<String, String>,
    /// Hard limits by their names in a bundle.
    limits: BTreeMap<&'static str, u64>,
}

impl Beginning {
    pub(crate) fn of(live: &Live) -> Self {
        Self { settings: live.settings.undeclared.clone(), limits: live.limits.clone() }
    }
}

/// Adds what is otherwise than it was then. A process may lower its own limits: only what is higher differs.
pub(crate) fn compare_since(
    beginning: &Beginning,
    declared: &Declared,
    live: &Live,
    comparison: &mut Comparison,
) {
    let mut items = Vec::new();
    for (name, was) in &beginning.settings {
        let Some(is) = live.settings.undeclared.get(name) else { continue };
        let item = Item::new(Aspect::Sysctl, name.as_str());
        items.push(item.declared(Some(was.as_str())).live(Some(is.as_str())).differs(was != is));
    }
    let declared = &declared.bundle.process.rlimits;
    for (&name, was) in &beginning.limits {
        let Some(is) = live.limits.get(name) else { continue };
        if declared.iter().any(|limit| limit.r#type == name) {
            continue;
        }
        let text = |limit: u64| match limit {
            u64::MAX => super::limits::MAX.to_owned(),
            limit => limit.to_string(),
        };
        let item = Item::new(Aspect::Limit, name);
        items.push(item.declared(Some(text(*was))).live(Some(text(*is))).differs(is > was));
    }
    comparison.append(Comparison { items, ..Comparison::default() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_declared_differs_from_what_it_was_at_the_start() {
        let mut live = Live::default();
        let forward = "net.ipv4.ip_forward";
        live.settings.undeclared.insert(forward.to_owned(), "0".to_owned());
        live.limits.extend([("RLIMIT_CORE", 9), ("RLIMIT_NOFILE", 9), ("RLIMIT_NPROC", 9)]);
        let bundle = r#"{"process":{"rlimits":[{"type":"RLIMIT_NPROC","hard":5}]}}"#;
        let bundle = serde_json::from_str(bundle).unwrap();
        let declared = Declared { bundle, ..Declared::default() };
        let beginning = Beginning::of(&live);
        let differences = |live: &Live| {
            let mut comparison = Comparison::default();
            compare_since(&beginning, &declared, live, &mut comparison);
            assert_eq!(comparison.items.len(), 3, "what was declared is not among them");
            let text = |item: &Item| format!("{} {} {:?}", item.aspect, item.name, item.live);
            comparison.differences().map(text).collect::<Vec<_>>()
        };
        assert!(differences(&live).is_empty());
        live.limits.extend([("RLIMIT_CORE", 0), ("RLIMIT_NOFILE", u64::MAX), ("RLIMIT_NPROC", 10)]);
        live.settings.undeclared.insert(forward.to_owned(), "1".to_owned());
        let limit = r#"limit RLIMIT_NOFILE Some("max")"#;
        let sysctl = r#"sysctl net.ipv4.ip_forward Some("1")"#;
        assert_eq!(differences(&live), [limit, sysctl]);
    }
}
