//! A reload while other threads match: every event is matched by one program, whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod plain;

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use driftcore::fields::EventType;
use driftcore::fields::FieldId;
use driftcore::fields::FieldRef;
use driftcore::matcher::Comparison;
use driftcore::matcher::Condition;
use driftcore::matcher::Constant;
use driftcore::matcher::Limits;
use driftcore::matcher::Operand;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use driftcore::matcher::Shared;
use driftcore::matcher::Test;
use plain::event::Owned;
use plain::event::PlainEvent;

const EVENTS: usize = 20_000;
const RELOADS: usize = 50;
const THREADS: usize = 3;

struct Rules {
    generation: usize,
    program: Program,
}

/// Of generation n: n + 1 rules that match everything, between others that match nothing. The
/// tests and machines differ in number, so that a mix of two programs would be seen.
fn rules(generation: usize) -> Rules {
    let test = |field: &str, value: String| {
        let left = Operand::Field(FieldRef::new(FieldId::of(field).unwrap()));
        let comparison = Comparison::Equal(Constant::Text(value.into_bytes().into()));
        Condition::Test(Test { left, comparison })
    };
    let mut conditions = Vec::new();
    for index in 0..=generation % 20 {
        conditions.push(test("proc.pname", format!("none{generation}-{index}")));
        conditions.push(test("proc.name", "sh".to_owned()));
        conditions.push(Condition::Not(Box::new(test("fd.name", format!("none{index}")))));
    }
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    Rules { generation, program: Program::compile(&rules, &Limits::default()).unwrap() }
}

fn expected(generation: usize) -> Vec<usize> {
    (0..=generation % 20).flat_map(|index| [3 * index + 1, 3 * index + 2]).collect()
}

#[test]
fn a_reload_under_load_loses_doubles_and_mixes_nothing() {
    let shared = Shared::new(rules(0));
    let done = AtomicBool::new(false);
    let seen = AtomicUsize::new(0);
    let latest = AtomicUsize::new(0);
    let event = {
        let mut event = PlainEvent::new(EventType::of("execve").unwrap());
        event.set("proc.name", Owned::text("sh"));
        event.set("proc.pname", Owned::text("sh"));
        event
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut scratch = Scratch::default();
                let mut last = 0;
                let mut count = 0;
                while count < EVENTS || !done.load(Ordering::Relaxed) {
                    let rules = shared.load();
                    let mut found = Vec::new();
                    rules.program.matches(&event, &mut scratch, Policy::All, |rule| {
                        found.push(rule.index());
                    });
                    assert_eq!(found, expected(rules.generation));
                    assert!(rules.generation >= last, "an older program came back");
                    last = rules.generation;
                    count += 1;
                }
                seen.fetch_add(count, Ordering::Relaxed);
                latest.fetch_max(last, Ordering::Relaxed);
            });
        }
        for generation in 1..=RELOADS {
            let before = shared.replace(rules(generation));
            assert_eq!(before.generation, generation - 1);
            thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(seen.into_inner() >= EVENTS * THREADS);
    assert_eq!(shared.load().generation, RELOADS);
    assert!(latest.into_inner() > 0, "no thread saw a reload");
}
