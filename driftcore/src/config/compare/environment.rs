//! The environment of the first process.

use crate::config::declared::Declared;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::live::Live;
use crate::config::secret;
use crate::event::ConfigMark;

/// Variables that nobody declares: shells keep them for themselves, and runtimes set the home directory.
const OWN: [&[u8]; 5] = [b"HOME", b"OLDPWD", b"PWD", b"SHLVL", b"_"];

pub(super) fn compare(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    let Some(environment) = &live.environment else { return };
    let wanted = &declared.bundle.process.env;
    let undeclared = environment.keys().filter(|name| !wanted.contains_key(*name));
    for name in wanted.keys().chain(undeclared) {
        let (was, is) = (wanted.get(name), environment.get(name));
        let differs = was != is && !OWN.contains(&name.as_bytes());
        let mut item = Item::new(Aspect::Environment, name.clone())
            .declared(was.cloned())
            .live(is.cloned())
            .differs(differs);
        if differs && is.is_some() && secret::is_injecting(name.as_bytes()) {
            item.mark = Some(ConfigMark::CodeInjection);
        }
        items.push(item);
    }
}
