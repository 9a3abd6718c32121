use proptest::prelude::*;

use super::FlatEvent;
use super::slot::List;
use crate::fields::Argument;
use crate::fields::EventType;
use crate::fields::FieldId;
use crate::fields::FieldRef;
use crate::fields::Fields;
use crate::fields::Value;

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

fn field(text: &str) -> FieldRef {
    FieldRef::parse(text).unwrap()
}

fn list(items: &[Value<'_>]) -> List {
    let mut list = List::default();
    items.iter().for_each(|item| list.push(*item));
    list
}

fn text(text: &str) -> Value<'_> {
    Value::Text(text.as_bytes())
}

#[test]
fn a_new_or_reset_event_has_its_type_only() {
    let mut event = FlatEvent::new(EventType::OPENAT);
    assert_eq!(event.set(&field("fd.name"), text("/a")), Ok(()));
    assert_eq!(event.set(&field("proc.env[A]"), text("b")), Ok(()));
    assert_eq!(event.set(&field("fd.sport"), Value::Unsigned(80)), Ok(()));
    assert_eq!(event.set(&field("evt.rawtime"), Value::Unsigned(1)), Ok(()));
    event.reset(EventType::EXECVE);
    assert_eq!(event.event_type(), EventType::EXECVE);
    assert_eq!(event, FlatEvent::new(EventType::EXECVE));
    assert_eq!(format!("{event:?}"), r#"{evt.type: Text("execve")}"#);
    assert_ne!(event, FlatEvent::new(EventType::OPENAT));
}

#[test]
fn the_event_type_can_only_be_repeated() {
    let mut event = FlatEvent::new(EventType::EXECVE);
    let evt_type = field("evt.type");
    assert_eq!(event.set(&evt_type, text("execve")), Ok(()));
    for value in [text("openat"), Value::Missing, Value::Unsigned(1)] {
        let error = event.set(&evt_type, value).unwrap_err();
        let expected =
            r#""evt.type": the event is of type "execve": it is given with `new` or `reset`"#;
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.key(), Some("evt.type"));
    }
    assert_eq!(value(&event, "evt.type"), r#"Text("execve")"#);
}

#[test]
fn numbers_of_either_sign_are_taken_where_they_fit() {
    let mut event = FlatEvent::new(EventType::EXECVE);
    for (name, given, expected) in [
        ("proc.pid", Value::Unsigned(7), Ok(Value::Signed(7))),
        ("proc.pid", Value::Unsigned(1 << 63), Err("9223372036854775808")),
        ("proc.pid", Value::Signed(i64::MIN), Ok(Value::Signed(i64::MIN))),
        ("evt.cpu", Value::Signed(-32768), Ok(Value::Signed(-32768))),
        ("evt.cpu", Value::Signed(-32769), Err("-32769")),
        ("evt.cpu", Value::Unsigned(32768), Err("32768")),
        ("user.uid", Value::Signed(7), Ok(Value::Unsigned(7))),
        ("user.uid", Value::Signed(-1), Err("-1")),
        ("user.uid", Value::Unsigned(u64::from(u32::MAX)), Ok(Value::Unsigned(4294967295))),
        ("user.uid", Value::Unsigned(1 << 32), Err("4294967296")),
        ("fd.sport", Value::Signed(65535), Ok(Value::Unsigned(65535))),
        ("fd.sport", Value::Unsigned(65536), Err("65536")),
        ("proc.pid.ts", Value::Signed(-1), Err("-1")),
        ("evt.rawarg.sem_op_0", Value::Unsigned(9), Ok(Value::Signed(9))),
        ("evt.rawarg.sem_op_0", Value::Unsigned(1 << 15), Err("32768")),
    ] {
        let name = field(name);
        event.reset(EventType::EXECVE);
        match (event.set(&name, given), expected) {
            (Ok(()), Ok(expected)) => assert!(event.get(&name) == expected, "{name} {given:?}"),
            (Err(error), Err(found)) => {
                let kind = name.kind();
                let expected = format!("\"{name}\": expected {kind}, found the number {found}");
                assert_eq!(error.to_string(), expected);
                assert!(!event.get(&name).exists(), "{name} {given:?}");
            }
            (found, expected) => panic!("{name} {given:?}: {found:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn setters_refuse_what_does_not_fit_and_change_nothing() {
    let texts = list(&[text("a"), text("b")]);
    let with_number = list(&[text("a"), Value::Signed(1)]);
    let with_gap = list(&[text("a"), Value::Missing]);
    let mut event = FlatEvent::new(EventType::EXECVE);
    for (name, given) in [
        ("proc.name", text("sh")),
        ("proc.aname", Value::List(&texts)),
        ("file.changed", Value::List(&texts)),
        ("fd.sip", Value::Address("10.0.0.1".parse().unwrap())),
    ] {
        event.set(&field(name), given).unwrap();
    }
    let before = event.clone();
    let address = Value::Address("::1".parse().unwrap());
    for (name, given, expected) in [
        ("proc.name", text("a\0"), "text cannot hold NUL"),
        ("file.path", text("\0"), "text cannot hold NUL"),
        ("proc.name", Value::Bytes(b"a"), "expected text, found bytes"),
        ("proc.name", Value::Bool(true), "expected text, found a boolean"),
        ("proc.name", address, "expected text, found the address ::1"),
        ("proc.name", Value::List(&texts), "expected text, found a list"),
        ("evt.buffer", text("a"), "expected bytes, found the text \"a\""),
        ("fd.sip", text("10.0.0.1"), "expected an IP address, found the text \"10.0.0.1\""),
        ("container.privileged", Value::Signed(1), "expected true or false, found the number 1"),
        ("evt.time", Value::Signed(-1), "expected a time in nanoseconds, found the number -1"),
        ("evt.time", Value::Bool(true), "expected text, found a boolean"),
        ("proc.aname", text("a"), "expected a list of text, found the text \"a\""),
        ("proc.aname", Value::List(&with_number), "item 1: expected text, found the number 1"),
        ("file.changed", Value::List(&with_gap), "item 1: expected text, found nothing"),
        (
            "proc.aname[2]",
            text("a"),
            "give all ancestors as one array, from the parent upwards: `proc.aname`",
        ),
        ("fd.snet", address, "it follows from `fd.sip`: give those"),
        (
            "fd.ip",
            Value::Missing,
            "it follows from `fd.cip` and `fd.sip`, or `fd.lip` and `fd.rip`: give those",
        ),
        (
            "fd.proto",
            Value::Unsigned(80),
            "it follows from `fd.cport` and `fd.sport`, or `fd.lport` and `fd.rport`: give those",
        ),
    ] {
        let error = event.set(&field(name), given).unwrap_err();
        assert_eq!(error.to_string(), format!("{name:?}: {expected}"));
        assert_eq!(error.key(), Some(name));
        assert_eq!(event, before, "{name} {given:?}");
    }
    for (name, given, expected) in [
        ("proc.name", text("a"), "the field has one value, to which none can be appended"),
        ("file.changed", Value::Missing, "expected text, found nothing"),
        ("file.changed", text("\0"), "text cannot hold NUL"),
        ("proc.aname", Value::Signed(7), "expected text, found the number 7"),
        ("proc.aname", Value::List(&texts), "expected text, found a list"),
        (
            "proc.aname[1]",
            text("a"),
            "give all ancestors as one array, from the parent upwards: `proc.aname`",
        ),
    ] {
        let error = event.push(&field(name), given).unwrap_err();
        assert_eq!(error.to_string(), format!("{name:?}: {expected}"));
        assert_eq!(event, before, "{name} {given:?}");
    }
}

#[test]
fn fields_that_no_rule_can_name_are_refused() {
    let mut event = FlatEvent::new(EventType::EXECVE);
    let key = |key: &str| Some(Argument::Key(key.into()));
    for (name, argument, expected) in [
        ("proc.name", key("x"), r#""proc.name[x]": the field takes no argument"#),
        ("evt.arg", None, r#""evt.arg": the field needs an argument"#),
        ("evt.arg", key("x"), r#""evt.arg[x]": no event has an argument "x""#),
        ("evt.type.is", key("opn"), r#""evt.type.is[opn]": there is no event type "opn""#),
        ("evt.abspath", key("x"), r#""evt.abspath[x]": the argument is `src` or `dst`"#),
        ("proc.args", key("x"), r#""proc.args[x]": the argument must be a number"#),
        ("proc.env", key("0"), r#""proc.env[0]": there is no such field"#),
    ] {
        let field = FieldRef { id: FieldId::of(name).unwrap(), argument };
        assert_eq!(event.set(&field, text("a")).unwrap_err().to_string(), expected);
    }
}

#[test]
fn what_follows_is_there_after_each_value() {
    let mut event = FlatEvent::new(EventType::CONNECT);
    event.set(&field("proc.pname"), text("sh")).unwrap();
    assert_eq!(value(&event, "proc.aname"), r#"[Text("sh")]"#);
    assert_eq!(value(&event, "proc.aname[1]"), r#"Text("sh")"#);
    event.push(&field("proc.aname"), text("bash")).unwrap();
    assert_eq!(value(&event, "proc.aname"), r#"[Text("bash")]"#);
    assert_eq!(value(&event, "proc.pname"), r#"Text("sh")"#);
    event.set(&field("proc.pname"), Value::Missing).unwrap();
    assert_eq!(value(&event, "proc.pname"), r#"Text("bash")"#);
    event.push(&field("proc.aname"), Value::Missing).unwrap();
    event.push(&field("proc.aname"), text("sshd")).unwrap();
    assert_eq!(value(&event, "proc.aname"), r#"[Text("bash"), Missing, Text("sshd")]"#);
    event.set(&field("proc.aname"), Value::List(&list(&[]))).unwrap();
    assert_eq!(value(&event, "proc.pname"), "Missing");

    let address = |text: &str| Value::Address(text.parse().unwrap());
    event.set(&field("fd.rip"), address("10.0.0.2")).unwrap();
    assert_eq!(value(&event, "fd.ip"), "[Address(10.0.0.2)]");
    event.set(&field("fd.sip"), address("10.0.0.3")).unwrap();
    event.set(&field("fd.cip"), address("10.0.0.1")).unwrap();
    assert_eq!(value(&event, "fd.net"), "[Address(10.0.0.1), Address(10.0.0.3)]");
    assert_eq!(value(&event, "fd.snet"), "Address(10.0.0.3)");
    event.set(&field("fd.sip"), Value::Missing).unwrap();
    event.set(&field("fd.cip"), Value::Missing).unwrap();
    assert_eq!(value(&event, "fd.ip"), "[Address(10.0.0.2)]");
    assert_eq!(value(&event, "fd.snet"), "Missing");

    event.set(&field("evt.time"), Value::Signed(1_000_000_007)).unwrap();
    assert_eq!(value(&event, "evt.time"), r#"Text("00:00:01.000000007")"#);
    assert_eq!(value(&event, "evt.rawtime"), "Unsigned(1000000007)");
    event.set(&field("evt.rawtime"), Value::Unsigned(61_000_000_000)).unwrap();
    assert_eq!(value(&event, "evt.time"), r#"Text("00:01:01.000000000")"#);
    event.set(&field("evt.rawtime"), Value::Missing).unwrap();
    assert_eq!(value(&event, "evt.time"), r#"Text("00:00:01.000000007")"#);
    event.set(&field("evt.time"), text("noon")).unwrap();
    assert_eq!(value(&event, "evt.time"), r#"Text("noon")"#);
    assert_eq!(value(&event, "evt.rawtime"), "Missing");
}

#[test]
fn null_keeps_a_field_from_following() {
    let event = event(
        r#"{"evt.type": "execve", "proc.aname": ["bash"], "proc.pname": null, "proc.apid": null,
            "proc.ppid": 5, "evt.rawtime": 5, "evt.time": null, "fd.cip": null, "fd.lip": "::1"}"#,
    );
    for (field, expected) in [
        ("proc.pname", "Missing"),
        ("proc.apid", "Missing"),
        ("proc.apid[1]", "Missing"),
        ("evt.time", "Missing"),
        ("evt.rawtime", "Unsigned(5)"),
        ("fd.cnet", "Missing"),
        ("fd.ip", "[Address(::1)]"),
    ] {
        assert_eq!(value(&event, field), expected, "{field}");
    }
}

#[test]
fn an_event_may_be_sent_to_another_thread() {
    fn sent<T: Send + Sync>(_: &T) {}
    sent(&FlatEvent::new(EventType::EXECVE));
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
