//! An event that is filled field by field, in any order and after it was another, is the event of
//! the same values as JSON, and what a plain walk over the values says it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod flat;
mod plain;

use std::collections::BTreeMap;

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
use proptest::prelude::*;

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
    vec(any::<(u16, [u8; 4])>(), 0..40).prop_shuffle()
}

proptest! {
    #[test]
    fn an_event_is_what_was_set_last(
        (kind, before, given, removed) in (0..3_usize, choices(), choices(), choices()),
        rules in vec(any::<u8>(), 1..800),
    ) {
        let types = [EventType::EXECVE, EventType::OPENAT, EventType::EXECVEAT];
        let probes = probes();
        let mut event = FlatEvent::new(EventType::CONNECT);
        for choice in &before {
            let (field, value) = chosen(choice);
            give(&mut event, &field, &value, choice.1[3]);
        }
        let event_type = types[kind];
        event.reset(event_type);
        let mut state = BTreeMap::new();
        check(&event, &derived(event_type, &state), &probes);

        // Some that are removed again, among those that stay.
        let mut steps: Vec<(FieldRef, Owned, u8)> = Vec::new();
        for choice in removed.iter().chain(&given) {
            let (field, value) = chosen(choice);
            steps.push((field, value, choice.1[3]));
        }
        for (field, value, how) in &steps {
            give(&mut event, field, value, *how);
            state.insert(field.clone(), value.clone());
            check(&event, &derived(event_type, &state), &probes);
        }
        for choice in &removed {
            let (field, _) = chosen(choice);
            event.set(&field, Value::Missing).unwrap();
            state.remove(&field);
            check(&event, &derived(event_type, &state), &probes);
        }

        let of_json = json(event_type, &state);
        let model = derived(event_type, &state);
        check(&of_json, &model, &probes);
        prop_assert_eq!(&event, &of_json);
        prop_assert_eq!(&event.clone(), &event);
        let conditions = conditions(&rules);
        let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
        let program = Program::compile(&rules, &Limits::default()).unwrap();
        let mut scratch = Scratch::new(&program);
        let expected: Vec<usize> = (0..conditions.len())
            .filter(|index| plain::holds(&conditions[*index], &model))
            .collect();
        prop_assert_eq!(&found(&program, &event, &mut scratch), &expected);
        prop_assert_eq!(&found(&program, &of_json, &mut scratch), &expected);
    }

    #[test]
    fn events_differ_where_a_value_differs(given in choices(), other in any::<Choice>()) {
        let (field, value) = chosen(&other);
        let mut state: Given = given.iter().map(chosen).collect();
        let event = json(EventType::EXECVE, &state);
        let mut changed = event.clone();
        changed.set(&field, value.as_value()).unwrap();
        let before = derived(EventType::EXECVE, &state).values;
        state.insert(field, value);
        let after = derived(EventType::EXECVE, &state).values;
        prop_assert_eq!(changed == event, before == after);
    }
}
