//! Fields that follow from others.

use std::collections::BTreeMap;

use super::convert::List;
use super::convert::Stored;
use crate::fields::FieldId;
use crate::fields::FieldRef;

/// A field of all ancestors, that of the process itself, and that of the parent.
pub(super) const ANCESTRY: [(&str, &str, &str); 5] = [
    ("proc.acmdline", "proc.cmdline", "proc.pcmdline"),
    ("proc.aexe", "proc.exe", "proc.pexe"),
    ("proc.aexepath", "proc.exepath", "proc.pexepath"),
    ("proc.aname", "proc.name", "proc.pname"),
    ("proc.apid", "proc.pid", "proc.ppid"),
];

/// A network is tested against the address of its end.
const NETWORKS: [(&str, &str); 4] =
    [("fd.cnet", "fd.cip"), ("fd.lnet", "fd.lip"), ("fd.rnet", "fd.rip"), ("fd.snet", "fd.sip")];

/// What stands for both ends, and the ends: client and server, or else local and remote.
const ENDS: [(&str, [&str; 2], [&str; 2]); 4] = [
    ("fd.ip", ["fd.cip", "fd.sip"], ["fd.lip", "fd.rip"]),
    ("fd.net", ["fd.cip", "fd.sip"], ["fd.lip", "fd.rip"]),
    ("fd.port", ["fd.cport", "fd.sport"], ["fd.lport", "fd.rport"]),
    ("fd.proto", ["fd.cport", "fd.sport"], ["fd.lport", "fd.rport"]),
];

/// The fields from which one follows that cannot be given itself.
pub(super) fn given_by(name: &str) -> Option<String> {
    if let Some((_, end)) = NETWORKS.iter().find(|(network, _)| *network == name) {
        return Some(format!("`{end}`"));
    }
    ENDS.iter()
        .find(|(both, ..)| *both == name)
        .map(|(_, [a, b], [c, d])| format!("`{a}` and `{b}`, or `{c}` and `{d}`"))
}

/// Adds what follows from what is given, and is not given itself (null counts as given).
pub(super) fn derive(values: &mut BTreeMap<FieldRef, Stored>) {
    for (all, _, parent) in ANCESTRY {
        match (get(values, all), get(values, parent)) {
            (Some(Stored::List(ancestors)), None) => {
                let first = ancestors.0.first().cloned();
                insert(values, parent, first);
            }
            (None, Some(value)) if *value != Stored::Missing => {
                let value = Stored::List(List(vec![value.clone()]));
                insert(values, all, Some(value));
            }
            _ => {}
        }
    }
    for (network, end) in NETWORKS {
        let address = get(values, end).cloned();
        insert(values, network, address);
    }
    for (both, roles, places) in ENDS {
        let ends = [roles, places].map(|names| {
            let given = names.iter().filter_map(|name| get(values, name));
            given.filter(|value| **value != Stored::Missing).cloned().collect::<Vec<_>>()
        });
        if let Some(ends) = ends.into_iter().find(|ends| !ends.is_empty()) {
            insert(values, both, Some(Stored::List(List(ends))));
        }
    }
}

pub(super) fn get<'v>(values: &'v BTreeMap<FieldRef, Stored>, name: &str) -> Option<&'v Stored> {
    values.get(&FieldRef::new(FieldId::of(name)?))
}

fn insert(values: &mut BTreeMap<FieldRef, Stored>, name: &str, value: Option<Stored>) {
    if let (Some(id), Some(value)) = (FieldId::of(name), value) {
        values.entry(FieldRef::new(id)).or_insert(value);
    }
}
