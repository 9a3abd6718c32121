//! An event that is filled field by field, in any order and after it was another, is the event of
//! the same values as JSON, and what a plain walk over the values says it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod flat;
mod plain;

use std::cell::RefCell;

use driftcore::fields::EventType;
use driftcore::fields::FieldRef;
use driftcore::fields::Fields;
use driftcore::fields::FlatEvent;
use driftcore::fields::Value;
use driftcore::matcher::Condition;
use driftcore::matcher::Limits;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use flat::given::Choice;
use flat::given::Given;
use flat::given::chosen;
use flat::given::other_sign;
use flat::model::derived;
use plain::event::List;
use plain::event::Owned;
use plain::event::PlainEvent;
use plain::generate::Choices;
use proptest::collection::vec;
use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::test_runner::Config;
use proptest::test_runner::TestError;
use proptest::test_runner::TestRunner;

/// Every field that can be asked, with each of the arguments that values are given for.
fn probes() -> Vec<FieldRef> {
    let mut probes: Vec<FieldRef> = flat::given::fields();
    for name in ["fd.ip", "fd.net", "fd.port", "fd.proto", "evt.type", "proc.env[none]"] {
        probes.push(FieldRef::parse(name).unwrap());
    }
    for end in ["cnet", "lnet", "rnet", "snet"] {
        probes.push(FieldRef::parse(&format!("fd.{end}")).unwrap());
    }
    probes.extend(flat::model::ancestors());
    for name in ["execve", "openat"] {
        probes.push(FieldRef::parse(&format!("evt.type.is.{name}")).unwrap());
    }
    probes
}

fn check(event: &FlatEvent, model: &PlainEvent, probes: &[FieldRef]) {
    assert_eq!(event.event_type(), model.event_type);
    for field in probes {
        let (found, expected) = (event.get(field), model.get(field));
        assert!(found == expected, "{field}: {found:?}, not {expected:?}\n{event:?}");
    }
}

/// Gives one value, by the ways that `how` says, and on the way some that are overwritten or refused.
fn give(event: &mut FlatEvent, field: &FieldRef, value: &Owned, how: u8) {
    let Owned::List(List(items)) = value else {
        if how & 1 != 0 {
            let other = flat::given::scalar(field, how >> 2);
            event.set(field, other.as_value()).unwrap();
        }
        if how & 2 != 0 {
            let nothing = List(Vec::new());
            event.set(field, Value::List(&nothing)).unwrap_err();
            event.push(field, value.as_value()).unwrap_err();
        }
        let other = other_sign(value).filter(|_| how & 4 != 0);
        return event.set(field, other.as_ref().unwrap_or(value).as_value()).unwrap();
    };
    if how & 1 != 0 {
        event.push(field, flat::given::scalar(field, how >> 2).as_value()).unwrap();
        event.push(field, Value::List(&List(Vec::new()))).unwrap_err();
    }
    // The first ones at once, the rest one by one.
    let first = usize::from(how >> 3) % (items.len() + 1);
    let (first, rest) = items.split_at(first);
    event.set(field, Value::List(&List(first.to_vec()))).unwrap();
    for item in rest {
        event.push(field, item.as_value()).unwrap();
    }
}

fn found(program: &Program, event: &dyn Fields, scratch: &mut Scratch) -> Vec<usize> {
    let mut found = Vec::new();
    program.matches(event, scratch, Policy::All, |rule| found.push(rule.index()));
    found
}

/// Rules over the fields and values that events are made of.
fn conditions(bytes: &[u8]) -> Vec<Condition> {
    let mut choices = Choices::for_rules(bytes);
    let mut conditions = vec![choices.condition(3)];
    while !choices.is_empty() && conditions.len() < 20 {
        conditions.push(choices.condition(3));
    }
    conditions
}

fn json(event_type: EventType, given: &Given) -> FlatEvent {
    let mut object = serde_json::Map::new();
    object.insert("evt.type".to_owned(), event_type.name().into());
    for (field, value) in given {
        object.insert(field.to_string(), flat::given::json(value));
    }
    FlatEvent::parse(&serde_json::Value::Object(object).to_string()).unwrap()
}

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    vec(any::<Choice>(), 0..40)
}

/// What is given before, what kind of event it is then, what is given and stays, what is given and
/// removed again, and rules.
type Case = (Vec<Choice>, usize, Vec<Choice>, Vec<Choice>, Vec<u8>);

fn run(cases: u32, mut check: impl FnMut(Case)) {
    let config = Config { failure_persistence: None, cases, ..Config::default() };
    let case = (choices(), 0..3_usize, choices(), choices(), vec(any::<u8>(), 1..800));
    let check = RefCell::new(&mut check);
    let result = TestRunner::new(config).run(&case, |case| {
        (check.borrow_mut())(case);
        Ok(())
    });
    if let Err(TestError::Fail(reason, case)) = result {
        panic!("{reason}\n{case:?}");
    }
}

/// Fills an event step by step, as the case says, and checks it after each of them.
fn filled((before, kind, given, removed, _): &Case) -> (FlatEvent, Given) {
    let types = [EventType::EXECVE, EventType::OPENAT, EventType::EXECVEAT];
    let probes = probes();
    let mut event = FlatEvent::new(EventType::CONNECT);
    for choice in before {
        let (field, value) = chosen(choice);
        give(&mut event, &field, &value, choice.1[3]);
    }
    event.reset(types[*kind]);
    let mut state = Given::new();
    check(&event, &derived(types[*kind], &state), &probes);
    for choice in removed.iter().chain(given) {
        let (field, value) = chosen(choice);
        give(&mut event, &field, &value, choice.1[3]);
        state.insert(field, value);
        check(&event, &derived(types[*kind], &state), &probes);
    }
    for choice in removed {
        let (field, _) = chosen(choice);
        event.set(&field, Value::Missing).unwrap();
        state.remove(&field);
        check(&event, &derived(types[*kind], &state), &probes);
    }
    (event, state)
}

#[test]
fn an_event_is_what_was_set_last() {
    let (mut pairs, mut matched) = (0, 0);
    run(Config::default().cases, |case| {
        let (event, state) = filled(&case);
        let model = derived(event.event_type(), &state);
        let of_json = json(event.event_type(), &state);
        check(&of_json, &model, &probes());
        assert_eq!(event, of_json);
        assert_eq!(event.clone(), of_json);

        let conditions = conditions(&case.4);
        let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
        let program = Program::compile(&rules, &Limits::default()).unwrap();
        let mut scratch = Scratch::new(&program);
        let expected: Vec<usize> = (0..conditions.len())
            .filter(|index| plain::holds(&conditions[*index], &model))
            .collect();
        assert_eq!(found(&program, &event, &mut scratch), expected, "{event:?}");
        assert_eq!(found(&program, &of_json, &mut scratch), expected, "{event:?}");
        pairs += conditions.len();
        matched += expected.len();
    });
    println!("{pairs} pairs, {matched} matched");
    assert!((pairs / 10..pairs * 9 / 10).contains(&matched), "{matched} of {pairs} matched");
}

#[test]
fn events_differ_where_a_value_differs() {
    run(Config::default().cases, |(given, _, other, ..)| {
        let mut state: Given = given.iter().map(chosen).collect();
        let event = json(EventType::EXECVE, &state);
        let before = derived(EventType::EXECVE, &state).values;
        for (field, value) in other.iter().map(chosen) {
            let mut changed = event.clone();
            changed.set(&field, value.as_value()).unwrap();
            let old = state.insert(field.clone(), value);
            let same = derived(EventType::EXECVE, &state).values == before;
            assert_eq!(changed == event, same, "{field}\n{changed:?}\n{event:?}");
            match old {
                Some(old) => state.insert(field, old),
                None => state.remove(&field),
            };
        }
    });
}
