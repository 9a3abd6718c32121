//! An event that is filled again and again allocates nothing once it has held such values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;

use allocation_counter::measure;
use driftcore::fields::EventType;
use driftcore::fields::FieldRef;
use driftcore::fields::FlatEvent;
use driftcore::fields::Value;
use driftcore::fields::Values;
use driftcore::matcher::Comparison;
use driftcore::matcher::Condition;
use driftcore::matcher::Constant;
use driftcore::matcher::Limits;
use driftcore::matcher::Network;
use driftcore::matcher::Operand;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use driftcore::matcher::Test;
use driftcore::matcher::TextTest;

fn field(name: &str) -> FieldRef {
    FieldRef::parse(name).unwrap()
}

fn test(name: &str, comparison: Comparison) -> Condition {
    Condition::Test(Test { left: Operand::Field(field(name)), comparison })
}

/// Some that match the events below, and some that do not.
fn conditions() -> Vec<Condition> {
    let text = |text: &str| Constant::Text(text.as_bytes().into());
    let network = Network::new("10.0.0.0".parse().unwrap(), 8).unwrap();
    vec![
        test("proc.name", Comparison::Equal(text("curl"))),
        test("proc.pname", Comparison::Equal(text("sh"))),
        test("proc.aname", Comparison::In(vec![text("sshd")])),
        test("proc.aname[2]", Comparison::Equal(text("sshd"))),
        test("fd.net", Comparison::In(vec![Constant::Network(network)])),
        test("fd.port", Comparison::Equal(Constant::Unsigned(443))),
        test("evt.time", Comparison::Text(TextTest::StartsWith, b"22:13:20.".as_slice().into())),
        test("evt.arg.flags", Comparison::Text(TextTest::Contains, b"CLOEXEC".as_slice().into())),
        test("file.changed", Comparison::Intersects(vec![text("mode")])),
        test("proc.exepath", Comparison::Equal(text("none"))),
    ]
}

struct Texts(&'static [&'static str]);

impl Values for Texts {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Value<'_> {
        self.0.get(index).map_or(Value::Missing, |text| Value::Text(text.as_bytes()))
    }
}

fn text(text: &str) -> Value<'_> {
    Value::Text(text.as_bytes())
}

type Filled<'a> = (EventType, Vec<(FieldRef, Value<'a>)>, Vec<(FieldRef, Value<'a>)>, usize);

/// Events of two shapes: type, what is set, what is appended, how many rules match.
fn shapes(changed: &Texts) -> [Filled<'_>; 2] {
    let address = |text: &str| Value::Address(text.parse().unwrap());
    [
        (
            EventType::EXECVE,
            vec![
                (field("evt.rawtime"), Value::Unsigned(1_700_000_000_000_000_001)),
                (field("proc.name"), text("curl")),
                (field("proc.exepath"), text("/usr/bin/curl")),
                (field("proc.pid"), Value::Unsigned(7)),
                (field("evt.arg.flags"), text("O_RDONLY|O_CLOEXEC")),
                (field("proc.env[PATH]"), text("/usr/bin:/bin")),
            ],
            vec![
                (field("proc.aname"), text("sh")),
                (field("proc.aname"), text("sshd")),
                (field("proc.apid"), Value::Signed(6)),
                (field("proc.apid"), Value::Missing),
            ],
            // By name, parent, any ancestor, one ancestor, time and flags.
            6,
        ),
        (
            EventType::CONNECT,
            vec![
                (field("fd.cip"), address("10.0.0.1")),
                (field("fd.sip"), address("10.0.0.2")),
                (field("fd.cport"), Value::Unsigned(40000)),
                (field("fd.sport"), Value::Signed(443)),
                (field("evt.rawarg.fd"), Value::Signed(5)),
                (field("proc.pname"), text("sh")),
                (field("file.changed"), Value::List(changed)),
                (field("evt.time"), text("00:00:00.000000000")),
                (field("fd.name"), text("10.0.0.1:40000->10.0.0.2:443")),
                (field("fd.name"), Value::Missing),
            ],
            vec![(field("file.changed"), text("size"))],
            // By parent, network, port and changes.
            4,
        ),
    ]
}

#[test]
fn a_warm_event_is_filled_and_matched_without_allocation() {
    let conditions = conditions();
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    let program = Program::compile(&rules, &Limits::default()).unwrap();
    let mut scratch = Scratch::new(&program);
    let changed = Texts(&["mode", "owner"]);
    let shapes = shapes(&changed);
    let mut event = FlatEvent::new(EventType::EXECVE);
    let mut run = |event: &mut FlatEvent| {
        for (event_type, set, pushed, matches) in &shapes {
            event.reset(*event_type);
            for (field, value) in black_box(set) {
                event.set(field, *value).unwrap();
            }
            for (field, value) in black_box(pushed) {
                event.push(field, *value).unwrap();
            }
            let count = program.matches(event, &mut scratch, Policy::All, |_| {});
            assert_eq!(count, *matches);
        }
    };
    let first = measure(|| run(&mut event)).count_total;
    assert!(first > 0, "the counter sees nothing");
    let warm = measure(|| (0..100).for_each(|_| run(&mut event))).count_total;
    assert_eq!(warm, 0);
}
