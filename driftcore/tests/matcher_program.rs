//! What a program says about events, rule by rule as Falco's semantics have it, and about itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod plain;

use driftcore::fields::EventType;
use driftcore::fields::FieldId;
use driftcore::fields::FieldRef;
use driftcore::matcher::Comparison;
use driftcore::matcher::Condition;
use driftcore::matcher::Constant;
use driftcore::matcher::Limits;
use driftcore::matcher::Network;
use driftcore::matcher::Operand;
use driftcore::matcher::Order;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Relation;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use driftcore::matcher::Test;
use driftcore::matcher::TextTest;
use plain::event::Owned;
use plain::event::PlainEvent;

fn field(name: &str) -> FieldRef {
    FieldRef::new(FieldId::of(name).unwrap())
}

fn test(name: &str, comparison: Comparison) -> Condition {
    Condition::Test(Test { left: Operand::Field(field(name)), comparison })
}

fn text(text: &str) -> Constant {
    Constant::Text(text.as_bytes().into())
}

fn is(name: &str, value: &str) -> Condition {
    test(name, Comparison::Equal(text(value)))
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn compile(conditions: &[Condition]) -> Program {
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    Program::compile(&rules, &Limits::default()).unwrap()
}

fn run(program: &Program, event: &PlainEvent, policy: Policy) -> Vec<usize> {
    let mut found = Vec::new();
    let mut scratch = Scratch::new(program);
    program.matches(event, &mut scratch, policy, |rule| found.push(rule.index()));
    found
}

fn event(event_type: &str) -> PlainEvent {
    PlainEvent::new(EventType::of(event_type).unwrap())
}

/// Compiled and plain must both say this.
#[track_caller]
fn assert_holds(condition: Condition, event: &PlainEvent, expected: bool) {
    assert_eq!(plain::holds(&condition, event), expected, "plain: {condition:?}");
    let found = run(&compile(std::slice::from_ref(&condition)), event, Policy::First);
    assert_eq!(!found.is_empty(), expected, "compiled: {condition:?}");
}

#[test]
fn a_missing_value_makes_every_test_false_and_its_negation_true() {
    let comparisons = || {
        let needle = || b"".as_slice().into();
        vec![
            Comparison::Exists,
            Comparison::Equal(text("")),
            Comparison::NotEqual(text("x")),
            Comparison::Order(Order::GreaterOrEqual, text("")),
            Comparison::In(vec![text("")]),
            Comparison::Intersects(vec![text("")]),
            Comparison::PathMatch(vec![b"/".as_slice().into()]),
            Comparison::With(Relation::NotEqual, Operand::Text(b"x".as_slice().into())),
            Comparison::Text(TextTest::Contains, needle()),
            Comparison::Text(TextTest::ContainsIgnoringCase, needle()),
            Comparison::Text(TextTest::StartsWith, needle()),
            Comparison::Text(TextTest::EndsWith, needle()),
            Comparison::Text(TextTest::Glob, b"*".as_slice().into()),
            Comparison::Text(TextTest::GlobIgnoringCase, b"*".as_slice().into()),
            Comparison::Text(TextTest::Regex, b".*".as_slice().into()),
        ]
    };
    let missing = event("execve");
    let mut empty = event("execve");
    empty.set("proc.name", Owned::text(""));
    for comparison in comparisons() {
        assert_holds(test("proc.name", comparison.clone()), &missing, false);
        assert_holds(not(test("proc.name", comparison.clone())), &missing, true);
        // Empty text is a value, and all of these are true for it.
        assert_holds(test("proc.name", comparison.clone()), &empty, true);
        assert_holds(not(test("proc.name", comparison)), &empty, false);
    }
    // Also when it is what is compared with.
    let with = Comparison::With(Relation::NotEqual, Operand::Field(field("proc.pname")));
    assert_holds(test("proc.name", with), &empty, false);
}

#[test]
fn ancestors_are_any_of_them_for_not_equal_too() {
    let mut two = event("execve");
    two.set("proc.aname", Owned::list(vec![Owned::text("sh"), Owned::text("runc")]));
    let differs = |value| test("proc.aname", Comparison::NotEqual(text(value)));
    assert_holds(is("proc.aname", "runc"), &two, true);
    assert_holds(differs("runc"), &two, true);
    assert_holds(differs("x"), &two, true);
    assert_holds(not(is("proc.aname", "runc")), &two, false);
    assert_holds(test("proc.aname", Comparison::In(vec![text("sh")])), &two, true);
    let starts = Comparison::Text(TextTest::StartsWith, b"ru".as_slice().into());
    assert_holds(test("proc.aname", starts), &two, true);
    let mut one = event("execve");
    one.set("proc.aname", Owned::list(vec![Owned::text("runc")]));
    assert_holds(differs("runc"), &one, false);
}

#[test]
fn ends_are_either_but_for_not_equal_both() {
    let ports = |ports: &[u64]| {
        let mut event = event("execve");
        event.set("fd.port", Owned::list(ports.iter().copied().map(Owned::Unsigned).collect()));
        event
    };
    let differs = || test("fd.port", Comparison::NotEqual(Constant::Unsigned(80)));
    let equals = || test("fd.port", Comparison::Equal(Constant::Unsigned(80)));
    let less = || test("fd.port", Comparison::Order(Order::Less, Constant::Unsigned(80)));
    assert_holds(equals(), &ports(&[1000, 80]), true);
    assert_holds(differs(), &ports(&[1000, 80]), false);
    assert_holds(differs(), &ports(&[1000, 81]), true);
    assert_holds(differs(), &ports(&[81]), true);
    assert_holds(less(), &ports(&[1000, 79]), true);
    for condition in [equals(), differs(), less()] {
        assert_holds(condition, &ports(&[]), false);
    }
}

#[test]
fn lists_are_in_when_all_are_and_intersect_when_one_does() {
    let list = |values: &[&str]| {
        let mut event = event("execve");
        event.set(
            "file.changed",
            Owned::list(values.iter().map(|text| Owned::text(text)).collect()),
        );
        event
    };
    let set = || vec![text("a"), text("b")];
    let all = || test("file.changed", Comparison::In(set()));
    let some = || test("file.changed", Comparison::Intersects(set()));
    assert_holds(all(), &list(&["a", "b", "a"]), true);
    assert_holds(all(), &list(&["a", "c"]), false);
    assert_holds(all(), &list(&[]), true);
    assert_holds(all(), &event("execve"), false);
    assert_holds(some(), &list(&["a", "c"]), true);
    assert_holds(some(), &list(&["c"]), false);
    assert_holds(some(), &list(&[]), false);
    assert_holds(test("file.changed", Comparison::Exists), &list(&[]), true);
}

#[test]
fn addresses_of_the_other_family_only_differ() {
    let mut v6 = event("execve");
    v6.set("fd.sip", Owned::Address("::1".parse().unwrap()));
    let v4 = || Constant::Address("0.0.0.1".parse().unwrap());
    let net = || Constant::Network(Network::new("0.0.0.0".parse().unwrap(), 0).unwrap());
    for constant in [v4(), net()] {
        assert_holds(test("fd.sip", Comparison::Equal(constant.clone())), &v6, false);
        assert_holds(test("fd.sip", Comparison::NotEqual(constant.clone())), &v6, true);
        assert_holds(test("fd.sip", Comparison::In(vec![constant])), &v6, false);
    }
    // Each network of a list counts, for either end.
    let mut ends = event("execve");
    let address = |text: &str| Owned::Address(text.parse().unwrap());
    ends.set("fd.net", Owned::list(vec![address("10.0.0.1"), address("8.8.8.8")]));
    let network = |text: &str| Constant::Network(Network::new(text.parse().unwrap(), 8).unwrap());
    let within = Comparison::In(vec![network("1.0.0.0"), network("8.0.0.0")]);
    assert_holds(test("fd.net", within), &ends, true);
}

#[test]
fn a_value_of_another_type_is_as_if_it_was_missing() {
    let mut wrong = event("execve");
    wrong.set("proc.pid", Owned::Unsigned(7));
    assert_holds(test("proc.pid", Comparison::Equal(Constant::Signed(7))), &wrong, false);
    assert_holds(test("proc.pid", Comparison::NotEqual(Constant::Signed(8))), &wrong, false);
}

#[test]
fn rules_match_in_the_order_of_their_definition() {
    let mut event = event("execve");
    event.set("proc.name", Owned::text("sh"));
    event.set("fd.name", Owned::text("/etc/x"));
    let starts = Comparison::Text(TextTest::StartsWith, b"/etc/".as_slice().into());
    let program = compile(&[
        is("proc.name", "none"),
        test("fd.name", starts),
        not(is("proc.name", "none")),
        is("evt.type", "openat"),
        is("proc.name", "sh"),
        is("evt.type", "execve"),
    ]);
    assert_eq!(run(&program, &event, Policy::All), [1, 2, 4, 5]);
    assert_eq!(run(&program, &event, Policy::First), [1]);
}

#[test]
fn event_types_decide_which_rules_are_left() {
    let execve = [EventType::of("execve").unwrap()];
    let anything = Condition::All(Vec::new());
    let opens = is("evt.type", "openat");
    let both = Condition::All(vec![opens.clone(), is("evt.type", "execve")]);
    let mixed = Condition::Any(vec![
        Condition::All(vec![opens.clone(), is("proc.name", "sh")]),
        not(test("evt.type", Comparison::In(vec![text("openat"), text("execve")]))),
    ]);
    let rules = [
        Rule { condition: &anything, event_types: Some(&execve) },
        Rule::new(&opens),
        Rule::new(&both),
        Rule::new(&mixed),
    ];
    let program = Program::compile(&rules, &Limits::default()).unwrap();
    assert_eq!(run(&program, &event("execve"), Policy::All), [0]);
    assert_eq!(run(&program, &event("openat"), Policy::All), [1]);
    assert_eq!(run(&program, &event("execveat"), Policy::All), [3]);
    let program = compile(&[both]);
    assert!(program.info().event_types.is_empty());
    assert!(EventType::all().all(|event_type| !program.may_match(event_type)));
}

#[test]
fn a_program_says_what_it_reads_and_looks_at_few_rules() {
    let with = Comparison::With(Relation::Equal, Operand::Field(field("proc.pname")));
    let regex = Comparison::Text(TextTest::Regex, b"/a+".as_slice().into());
    let conditions = [
        Condition::All(vec![is("evt.type", "execve"), is("proc.name", "a")]),
        Condition::All(vec![is("evt.type", "execve"), is("proc.name", "b"), is("proc.name", "a")]),
        Condition::All(vec![is("evt.type", "execve"), test("proc.name", with)]),
        Condition::All(vec![is("evt.type", "execve"), test("fd.name", regex)]),
    ];
    let program = compile(&conditions);
    let info = program.info();
    assert_eq!(info.rules, 4);
    assert_eq!(info.fields_read, [field("fd.name"), field("proc.name"), field("proc.pname")]);
    assert_eq!(info.event_types, [EventType::of("execve").unwrap()]);
    assert!(info.has_regex);
    assert_eq!(info.tests, 4, "equal tests are one");
    assert_eq!(info.always_asked, 2, "the others wait for a name");
    let explained = program.explain();
    for part in ["bucket 0", "index: values of proc.name", "= \"a\"", "regex \"/a+\"", "match"] {
        assert!(explained.contains(part), "{part} is not in\n{explained}");
    }
    assert_eq!(compile(&conditions).fingerprint(), program.fingerprint());
    assert_ne!(compile(&conditions[1..]).fingerprint(), program.fingerprint());
}

#[test]
fn a_list_that_is_empty_is_not_waited_for() {
    // Many rules on one list, which would be worth an index were it not true of an empty list.
    let conditions: Vec<Condition> = (0..20)
        .map(|index| test("file.changed", Comparison::In(vec![text(&format!("x{index}"))])))
        .collect();
    let program = compile(&conditions);
    let mut event = event("execve");
    event.set("file.changed", Owned::list(Vec::new()));
    assert_eq!(run(&program, &event, Policy::All), (0..20).collect::<Vec<_>>());
    let some: Vec<Condition> = (0..20)
        .map(|index| test("file.changed", Comparison::Intersects(vec![text(&format!("x{index}"))])))
        .collect();
    assert_eq!(compile(&some).info().always_asked, 0);
}

#[test]
fn one_scratch_serves_program_after_program() {
    let mut event = event("execve");
    event.set("proc.name", Owned::text("b"));
    let programs = [
        compile(&[is("proc.name", "a"), is("proc.name", "b")]),
        compile(&[is("proc.name", "b")]),
        compile(&[is("proc.pname", "b"), is("fd.name", "x"), not(is("proc.name", "a"))]),
    ];
    let mut scratch = Scratch::default();
    for _ in 0..3 {
        for (program, expected) in programs.iter().zip([1, 0, 2]) {
            let mut found = Vec::new();
            program.matches(&event, &mut scratch, Policy::All, |rule| found.push(rule.index()));
            assert_eq!(found, [expected]);
        }
    }
}

#[test]
fn an_event_may_be_behind_a_pointer() {
    let program = compile(&[is("proc.name", "b")]);
    let event = event("execve");
    let fields: &dyn driftcore::fields::Fields = &event;
    assert_eq!(program.matches(fields, &mut Scratch::new(&program), Policy::First, |_| {}), 0);
}

#[test]
fn programs_and_scratches_cross_threads() {
    fn sync<T: Send + Sync>() {}
    fn send<T: Send>() {}
    sync::<Program>();
    sync::<driftcore::matcher::SharedProgram>();
    send::<Scratch>();
}
