//! Matches one of the synthetic events a number of times, for an instruction counter:
//! `match_events <rules> <event> <times>`. The difference between two numbers of times is what the
//! events cost, without compiling the rules.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;

use driftcore::matcher::Limits;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use driftcore_benches::events;
use driftcore_benches::synthetic;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rules, event, times] = &arguments[..] else {
        eprintln!("usage: match_events <rules> <event> <times>");
        std::process::exit(2);
    };
    let conditions = synthetic(rules.parse().unwrap());
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    let program = Program::compile(&rules, &Limits::default()).unwrap();
    let mut scratch = Scratch::new(&program);
    let (_, event, _) = events().into_iter().find(|(name, ..)| name == event).unwrap();
    let mut matched = 0;
    for _ in 0..times.parse().unwrap() {
        matched += program.matches(black_box(&event), &mut scratch, Policy::First, |_| {});
    }
    println!("{matched} matched; {:?}", program.info());
}
