use proptest::prelude::*;

use super::FlatEvent;
use crate::fields::FieldRef;
use crate::fields::Fields;

fn event(json: &str) -> FlatEvent {
    FlatEvent::parse(json).unwrap()
}

fn value(event: &FlatEvent, field: &str) -> String {
    format!("{:?}", event.get(&FieldRef::parse(field).unwrap()))
}

fn error(json: &str) -> String {
    FlatEvent::parse(json).unwrap_err().to_string()
}

#[test]
fn values_have_the_fields_types() {
    let event = event(
        r#"{"evt.type": "openat", "proc.pid": 7, "user.uid": 0, "evt.rawres": -2,
            "container.privileged": true, "fd.name": "/a", "evt.buffer": {"hex": "00FF"},
            "fd.sip": "10.0.0.1", "file.changed": ["mode", "owner"], "evt.arg.flags": "O_CREAT",
            "evt.rawarg.flags": 4, "proc.env[PATH]": "/bin", "proc.cwd": null}"#,
    );
    assert_eq!(event.event_type().name(), "openat");
    for (field, expected) in [
        ("proc.pid", "Signed(7)"),
        ("user.uid", "Unsigned(0)"),
        ("evt.rawres", "Signed(-2)"),
        ("container.privileged", "Bool(true)"),
        ("fd.name", "Text(\"/a\")"),
        ("evt.buffer", "Bytes([00, ff])"),
        ("fd.sip", "Address(10.0.0.1)"),
        ("file.changed", "[Text(\"mode\"), Text(\"owner\")]"),
        ("evt.arg[flags]", "Text(\"O_CREAT\")"),
        ("evt.rawarg[flags]", "Unsigned(4)"),
        ("proc.env[PATH]", "Text(\"/bin\")"),
        ("proc.cwd", "Missing"),
        ("proc.name", "Missing"),
        ("evt.type.is.openat", "Unsigned(1)"),
        ("evt.type.is.open", "Unsigned(0)"),
    ] {
        assert_eq!(value(&event, field), expected, "{field}");
    }
}

#[test]
fn ancestors_are_one_array() {
    let event = event(
        r#"{"evt.type": "execve", "proc.name": "sh", "proc.aname": ["bash", null, "sshd"],
            "proc.ppid": 5}"#,
    );
    for (field, expected) in [
        ("proc.aname[0]", "Text(\"sh\")"),
        ("proc.aname[1]", "Text(\"bash\")"),
        ("proc.aname[2]", "Missing"),
        ("proc.aname[3]", "Text(\"sshd\")"),
        ("proc.aname[4]", "Missing"),
        ("proc.pname", "Text(\"bash\")"),
        ("proc.aname", "[Text(\"bash\"), Missing, Text(\"sshd\")]"),
        ("proc.apid[1]", "Signed(5)"),
        ("proc.apid", "[Signed(5)]"),
    ] {
        assert_eq!(value(&event, field), expected, "{field}");
    }
}

#[test]
fn sockets_are_given_by_their_ends() {
    let connection = event(
        r#"{"evt.type": "connect", "fd.cip": "10.0.0.1", "fd.sip": "10.0.0.2", "fd.cport": 4000,
            "fd.sport": 443, "fd.rip": "10.0.0.2"}"#,
    );
    assert_eq!(value(&connection, "fd.ip"), "[Address(10.0.0.1), Address(10.0.0.2)]");
    assert_eq!(value(&connection, "fd.net"), "[Address(10.0.0.1), Address(10.0.0.2)]");
    assert_eq!(value(&connection, "fd.port"), "[Unsigned(4000), Unsigned(443)]");
    assert_eq!(value(&connection, "fd.snet"), "Address(10.0.0.2)");
    assert_eq!(value(&connection, "fd.rnet"), "Address(10.0.0.2)");
    assert_eq!(value(&connection, "fd.lnet"), "Missing");
    let listener = event(r#"{"evt.type": "listen", "fd.lport": 80}"#);
    assert_eq!(value(&listener, "fd.port"), "[Unsigned(80)]");
    assert_eq!(value(&listener, "fd.ip"), "Missing");
}

#[test]
fn time_is_given_in_either_form() {
    for json in [
        r#"{"evt.type": "execve", "evt.rawtime": 1700000000000000001}"#,
        r#"{"evt.type": "execve", "evt.time": 1700000000000000001}"#,
    ] {
        let event = event(json);
        assert_eq!(value(&event, "evt.time"), "Text(\"22:13:20.000000001\")");
        assert_eq!(value(&event, "evt.rawtime"), "Unsigned(1700000000000000001)");
    }
}

#[test]
fn errors_say_where() {
    for (json, expected) in [
        ("[", "this is no JSON: EOF while parsing a list at line 1 column 1"),
        ("[]", "expected an object of fields, found an array"),
        ("{}", r#""evt.type": every event needs its type"#),
        (r#"{"evt.type": "opn"}"#, r#""evt.type": there is no event type "opn""#),
        (r#"{"proc.nam": 1}"#, r#""proc.nam": there is no such field"#),
        (
            r#"{"proc.pid": "x"}"#,
            r#""proc.pid": expected a signed number of 64 bits, found the text "x""#,
        ),
        (r#"{"fd.sport": 65536}"#, r#""fd.sport": expected a port, found the number 65536"#),
        (r#"{"proc.name": "a\u0000"}"#, r#""proc.name": text cannot hold NUL"#),
        (r#"{"proc.name": ["a"]}"#, r#""proc.name": expected text, found an array"#),
        (
            r#"{"proc.name": {"hx": "00"}}"#,
            r#""proc.name": an object here must be `{"hex": "..."}`"#,
        ),
        (
            r#"{"proc.aname": "a"}"#,
            r#""proc.aname": expected an array of text, found the text "a""#,
        ),
        (
            r#"{"proc.aname": ["a", 1]}"#,
            r#""proc.aname": item 1: expected text, found the number 1"#,
        ),
        (
            r#"{"proc.aname[2]": "a"}"#,
            r#""proc.aname[2]": give all ancestors as one array, from the parent upwards: `proc.aname`"#,
        ),
        (r#"{"fd.snet": "10.0.0.1"}"#, r#""fd.snet": it follows from `fd.sip`: give those"#),
        (r#"{"evt.arg.x": "1"}"#, r#""evt.arg.x": no event has an argument "x""#),
        (
            r#"{"evt.arg.fd": "1", "evt.arg[fd]": "1"}"#,
            r#""evt.arg[fd]": the field is given twice"#,
        ),
    ] {
        assert_eq!(error(json), expected, "{json}");
    }
}

proptest! {
    #[test]
    fn any_json_is_an_event_or_an_error(
        keys in proptest::collection::vec(proptest::sample::select(
            FlatEvent::keys().collect::<Vec<_>>()), 0..6),
        number in any::<i64>(),
        text in ".{0,8}",
    ) {
        let mut object = serde_json::Map::new();
        object.insert("evt.type".to_owned(), "execve".into());
        for (index, key) in keys.iter().enumerate() {
            let json = match index % 3 {
                0 => number.into(),
                1 => text.clone().into(),
                _ => serde_json::json!([text, number]),
            };
            object.insert((*key).to_owned(), json);
        }
        let _ = FlatEvent::from_json(&serde_json::Value::Object(object));
    }
}
