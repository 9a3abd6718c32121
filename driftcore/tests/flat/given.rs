//! Fields and values of a small vocabulary, which is that of the random rules.

use std::collections::BTreeMap;

use driftcore::fields::FieldRef;
use driftcore::fields::FieldType;
use driftcore::fields::FlatEvent;
use driftcore::fields::Multiplicity;
use serde_json::Value as Json;

use crate::plain::event::List;
use crate::plain::event::Owned;

/// The values of an event.
pub type Given = BTreeMap<FieldRef, Owned>;

/// What chooses a field and its value; the last byte is left for the way to give it.
pub type Choice = (u16, [u8; 4]);

const TEXTS: &[&[u8]] =
    &[b"a", b"", b"ab", b"b", b"/var/x", b"sh", b"-a", b"a\xffb", b"YWI=", b"execve"];

const ADDRESSES: &[&str] = &["10.0.0.1", "10.0.0.2", "10.1.0.1", "::1", "0.0.0.0"];

const WITH_ARGUMENT: &[&str] = &[
    "evt.arg[fd]",
    "evt.arg[0]",
    "evt.rawarg[fd]",
    "evt.rawarg[flags]",
    "evt.rawarg[sem_op_0]",
    "evt.rawarg[data]",
    "evt.type.is[openat]",
    "evt.abspath[src]",
    "evt.around[5]",
    "proc.args[0]",
    "proc.args[1]",
    "proc.env[A]",
    "proc.env[0]",
    "proc.aenv[A]",
    "fd.types[3]",
    "container.label[a.b]",
    "container.mount.dest[/lib/*]",
    "thread.cgroup[cpu]",
];

/// Fields from which others follow, and those that rules test.
const OFTEN: &[&str] = &[
    "evt.time",
    "evt.rawtime",
    "proc.name",
    "proc.pname",
    "proc.aname",
    "proc.pid",
    "proc.ppid",
    "proc.apid",
    "proc.pexepath",
    "proc.aexepath",
    "fd.cip",
    "fd.sip",
    "fd.lip",
    "fd.rip",
    "fd.cport",
    "fd.sport",
    "fd.lport",
    "fd.rport",
    "fd.name",
    "file.changed",
    "container.image.repository",
    "evt.num",
    "evt.is_open_write",
    "evt.buffer",
];

/// Every field that values are given for.
pub fn fields() -> Vec<FieldRef> {
    // Of some a value is given with an argument only; that of `evt.type` stands by itself.
    let keys = FlatEvent::keys().filter(|name| *name != "evt.type");
    let keys = keys.filter_map(|name| FieldRef::parse(name).ok());
    keys.chain(WITH_ARGUMENT.iter().map(|name| FieldRef::parse(name).unwrap())).collect()
}

/// The field and value that were chosen.
pub fn chosen(&(index, bytes): &Choice) -> (FieldRef, Owned) {
    let index = usize::from(index);
    let field = if index % 3 > 0 {
        FieldRef::parse(OFTEN[index / 3 % OFTEN.len()]).unwrap()
    } else {
        let fields = fields();
        fields[index / 3 % fields.len()].clone()
    };
    let ancestors = match field.multiplicity() {
        Multiplicity::List => false,
        Multiplicity::Ancestors => true,
        _ => return (field.clone(), scalar(&field, bytes[0])),
    };
    let items = bytes.iter().take(usize::from(bytes[3]) % 4);
    let items =
        items.map(
            |byte| {
                if ancestors && byte % 5 == 0 { Owned::Missing } else { scalar(&field, *byte) }
            },
        );
    let items = items.collect();
    (field, Owned::List(List(items)))
}

/// One value of the field's type.
pub fn scalar(field: &FieldRef, byte: u8) -> Owned {
    let at = usize::from(byte);
    let unsigned = |bits: u32| {
        let largest = u64::MAX >> (64 - bits);
        Owned::Unsigned([0, 1, 2, 3, 80, largest][at % 6].min(largest))
    };
    match field.kind() {
        FieldType::Bool => Owned::Bool(at % 2 == 0),
        FieldType::Signed(bits) => {
            let largest = i64::MAX >> (64 - bits);
            Owned::Signed([0, 1, 2, 3, 80, -1, largest, -largest - 1][at % 8])
        }
        FieldType::Unsigned(bits) => unsigned(bits.into()),
        FieldType::Port => unsigned(16),
        // Either form of the event's time.
        FieldType::Text if field.to_string() == "evt.time" && at % 2 == 0 => unsigned(64),
        FieldType::Time | FieldType::Duration => unsigned(64),
        FieldType::Text | FieldType::Path => Owned::Text(TEXTS[at % TEXTS.len()].to_vec()),
        FieldType::Bytes => Owned::Bytes([b"\0", TEXTS[at % TEXTS.len()]].concat()),
        FieldType::Address => Owned::Address(ADDRESSES[at % ADDRESSES.len()].parse().unwrap()),
        kind => panic!("no value is given for {kind}"),
    }
}

/// The number with the other sign's type, where it is one and can be.
pub fn other_sign(value: &Owned) -> Option<Owned> {
    match value {
        Owned::Signed(number) => u64::try_from(*number).ok().map(Owned::Unsigned),
        Owned::Unsigned(number) => i64::try_from(*number).ok().map(Owned::Signed),
        _ => None,
    }
}

/// The value in JSON.
pub fn json(value: &Owned) -> Json {
    let hex = |bytes: &[u8]| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        serde_json::json!({ "hex": digits })
    };
    match value {
        Owned::Missing => Json::Null,
        Owned::Bool(value) => (*value).into(),
        Owned::Signed(value) => (*value).into(),
        Owned::Unsigned(value) => (*value).into(),
        Owned::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => text.into(),
            Err(_) => hex(text),
        },
        Owned::Bytes(bytes) => hex(bytes),
        Owned::Address(address) => address.to_string().into(),
        Owned::List(List(items)) => items.iter().map(json).collect(),
    }
}
