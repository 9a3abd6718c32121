//! One set of rules over some events: what the program finds is what the walk over the tree finds.

use super::event::PlainEvent;
use super::generate::Choices;
use driftcore::matcher::Condition;
use driftcore::matcher::Limits;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;

/// Events for each set of rules.
const EVENTS: usize = 30;

fn expected(conditions: &[Condition], event: &PlainEvent) -> Vec<usize> {
    let all = conditions.iter().enumerate();
    all.filter(|(_, condition)| super::holds(condition, event)).map(|(index, _)| index).collect()
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

/// Rules from some bytes, events from others. Panics where program and walk differ; says how many pairs of
/// rules and events there were, and how many matched.
pub fn agree(rules: &[u8], events: &[u8]) -> (u64, u64) {
    let mut choices = Choices::for_rules(rules);
    let mut conditions = vec![choices.condition(4)];
    while !choices.is_empty() && conditions.len() < 40 {
        conditions.push(choices.condition(4));
    }
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    let program = Program::compile(&rules, &Limits::default()).expect("small rules compile");
    let mut scratch = Scratch::new(&program);
    let mut choices = Choices::new(events);
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
