//! The compiled program agrees with the plain walk over the tree, on random rules and events.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod plain;

use std::cell::Cell;

use driftcore::matcher::Condition;
use driftcore::matcher::Limits;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use plain::event::PlainEvent;
use plain::generate::Choices;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::Config;
use proptest::test_runner::TestError;
use proptest::test_runner::TestRunner;

/// Events for each set of rules.
const EVENTS: usize = 30;

fn expected(conditions: &[Condition], event: &PlainEvent) -> Vec<usize> {
    let all = conditions.iter().enumerate();
    all.filter(|(_, condition)| plain::holds(condition, event)).map(|(index, _)| index).collect()
}

fn found(
    program: &Program,
    event: &PlainEvent,
    scratch: &mut Scratch,
    policy: Policy,
) -> Vec<usize> {
    let mut found = Vec::new();
    let count = program.matches(event, scratch, policy, |rule| found.push(rule.index()));
    assert_eq!(count, found.len());
    found
}

/// Says how many pairs of rules and events there were, and how many matched.
fn agree(rules: &[u8], events: &[u8]) -> (u64, u64) {
    let mut choices = Choices(rules);
    let mut conditions = vec![choices.condition(4)];
    while !choices.0.is_empty() && conditions.len() < 40 {
        conditions.push(choices.condition(4));
    }
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    let program = Program::compile(&rules, &Limits::default()).expect("small rules compile");
    let mut scratch = Scratch::new(&program);
    let mut choices = Choices(events);
    let mut matched = 0;
    for _ in 0..EVENTS {
        let event = choices.event();
        let wanted = expected(&conditions, &event);
        matched += wanted.len() as u64;
        let all = found(&program, &event, &mut scratch, Policy::All);
        if all != wanted {
            let wrong = (0..conditions.len()).find(|at| all.contains(at) != wanted.contains(at));
            let wrong = wrong.map(|at| (at, &conditions[at]));
            panic!(
                "matched {all:?}, not {wanted:?}\n{wrong:#?}\n{event:#?}\n{}",
                program.explain()
            );
        }
        let first = found(&program, &event, &mut scratch, Policy::First);
        assert_eq!(first, wanted.into_iter().take(1).collect::<Vec<_>>());
    }
    ((conditions.len() * EVENTS) as u64, matched)
}

/// `PROPTEST_CASES` says how many sets of rules; each is some 600 pairs.
#[test]
fn compiled_and_plain_agree() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = u64::from(config.cases);
    let pairs = Cell::new((0, 0));
    let bytes = (vec(any::<u8>(), 1..5000), vec(any::<u8>(), 1500));
    let result = TestRunner::new(config).run(&bytes, |(rules, events)| {
        let (more, matched) = agree(&rules, &events);
        pairs.set((pairs.get().0 + more, pairs.get().1 + matched));
        Ok(())
    });
    if let Err(TestError::Fail(reason, _)) = result {
        panic!("{reason}");
    }
    let (pairs, matched) = pairs.get();
    println!("{pairs} pairs, {matched} matched");
    assert!(pairs >= cases * 400, "{pairs} pairs only");
    assert!((pairs / 10..pairs * 9 / 10).contains(&matched), "{matched} of {pairs} matched");
}
