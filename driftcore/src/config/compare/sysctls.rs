//! Sysctls of the container's namespaces, and its names.

use crate::config::declared::Declared;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::live::Live;
use crate::config::live::normal;

/// The index of a process's uts namespace.
const UTS: usize = 4;

pub(super) fn compare(declared: &Declared, live: &Live, items: &mut Vec<Item>) {
    let bundle = &declared.bundle;
    // A host name is the container's own in a uts namespace of its own.
    let own_names = live.first.namespaces[UTS] != live.host_namespaces[UTS];
    let named = |name: &Option<String>| name.clone().filter(|name| !name.is_empty() && own_names);
    let wanted = bundle.linux.sysctl.clone().into_iter().chain(
        [("kernel.hostname", &bundle.hostname), ("kernel.domainname", &bundle.domainname)]
            .into_iter()
            .filter_map(|(key, name)| Some((key.to_owned(), named(name)?))),
    );
    for (name, value) in wanted {
        let Some(is) = live.settings.values.get(&name) else { continue };
        let value = normal(&value);
        let differs = value != *is;
        items.push(
            Item::new(Aspect::Sysctl, name)
                .declared(Some(value))
                .live(Some(is.as_str()))
                .differs(differs),
        );
    }
}
