//! What follows from an event's values. Shares nothing with the event but the catalogue.

use driftcore::event::Timestamp;
use driftcore::fields::Argument;
use driftcore::fields::EventType;
use driftcore::fields::FieldId;
use driftcore::fields::FieldRef;

use super::given::Given;
use crate::plain::event::List;
use crate::plain::event::Owned;
use crate::plain::event::PlainEvent;

const FAMILY: [(&str, &str, &str); 5] = [
    ("proc.acmdline", "proc.cmdline", "proc.pcmdline"),
    ("proc.aexe", "proc.exe", "proc.pexe"),
    ("proc.aexepath", "proc.exepath", "proc.pexepath"),
    ("proc.aname", "proc.name", "proc.pname"),
    ("proc.apid", "proc.pid", "proc.ppid"),
];

/// Ancestors are asked by number up to this one.
const HIGHEST: u32 = 5;

fn field(name: &str) -> FieldRef {
    FieldRef::parse(name).unwrap()
}

fn ancestor(name: &str, index: u32) -> FieldRef {
    FieldRef { id: FieldId::of(name).unwrap(), argument: Some(Argument::Index(index)) }
}

/// Every field of one ancestor.
pub fn ancestors() -> Vec<FieldRef> {
    let mut all = Vec::new();
    for name in FAMILY.map(|(all, ..)| all).into_iter().chain(["proc.aenv"]) {
        all.extend((0..=HIGHEST).map(|index| ancestor(name, index)));
    }
    all
}

/// The event with all that follows from the values that were given.
pub fn derived(event_type: EventType, given: &Given) -> PlainEvent {
    let mut event = PlainEvent::new(event_type);
    event.values.extend(given.iter().map(|(field, value)| (field.clone(), value.clone())));
    for (all, own, parent) in FAMILY {
        match (given.get(&field(all)), given.get(&field(parent))) {
            (Some(Owned::List(List(ancestors))), None) if !ancestors.is_empty() => {
                event.set(parent, ancestors[0].clone());
            }
            (None, Some(parent)) => event.set(all, Owned::list(vec![parent.clone()])),
            _ => {}
        }
        if let Some(value) = given.get(&field(own)) {
            event.values.insert(ancestor(all, 0), value.clone());
        }
    }
    for name in FAMILY.map(|(all, ..)| all).into_iter().chain(["proc.aenv"]) {
        if let Some(Owned::List(List(ancestors))) = event.values.get(&field(name)).cloned() {
            for (value, index) in ancestors.into_iter().zip(1..) {
                event.values.insert(ancestor(name, index), value);
            }
        }
    }
    for end in ["c", "l", "r", "s"] {
        if let Some(address) = given.get(&field(&format!("fd.{end}ip"))) {
            event.set(&format!("fd.{end}net"), address.clone());
        }
    }
    for (end, both) in
        [("ip", "fd.ip"), ("ip", "fd.net"), ("port", "fd.port"), ("port", "fd.proto")]
    {
        let known = |ends: [&str; 2]| {
            let ends = ends.iter().filter_map(|it| given.get(&field(&format!("fd.{it}{end}"))));
            ends.cloned().collect::<Vec<_>>()
        };
        let (roles, places) = (known(["c", "s"]), known(["l", "r"]));
        let ends = if roles.is_empty() { places } else { roles };
        if !ends.is_empty() {
            event.set(both, Owned::list(ends));
        }
    }
    let (time, raw) = (given.get(&field("evt.time")), given.get(&field("evt.rawtime")));
    if let Some(Owned::Unsigned(nanos)) = raw.or(time) {
        event.set("evt.rawtime", Owned::Unsigned(*nanos));
        if !matches!(time, Some(Owned::Text(_))) {
            event.set("evt.time", Owned::text(&clock(*nanos)));
        }
    }
    for name in ["execve", "openat"] {
        let is = Owned::Unsigned(u64::from(event_type.name() == name));
        event.values.entry(field(&format!("evt.type.is[{name}]"))).or_insert(is);
    }
    event
}

/// The time of day of a time since the epoch.
fn clock(nanos: u64) -> String {
    let time = Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)).to_string();
    time.split_once('T').unwrap().1.trim_end_matches('Z').to_owned()
}
