//! Loads, checks and compiles synthetic rules from their text a number of times, for a profiler:
//! `load_rules <rules> <times>`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Duration;
use std::time::Instant;

use driftcore::rules::Limits;
use driftcore::rules::RuleSet;
use driftcore::rules::SetOptions;
use driftcore::rules::Sources;
use driftcore::rules::load;
use driftcore_benches::synthetic_text;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rules, times] = &arguments[..] else {
        eprintln!("usage: load_rules <rules> <times>");
        std::process::exit(2);
    };
    let text = synthetic_text(rules.parse().unwrap());
    let (mut best_load, mut best_set) = (Duration::MAX, Duration::MAX);
    for _ in 0..times.parse().unwrap() {
        let start = Instant::now();
        let mut sources = Sources::default();
        sources.add("synthetic.yaml", text.as_str());
        let loaded = load(&sources, &Limits::default());
        best_load = best_load.min(start.elapsed());
        let start = Instant::now();
        let (set, diagnostics) = RuleSet::new(loaded, &SetOptions::default());
        best_set = best_set.min(start.elapsed());
        assert!(set.is_some(), "{diagnostics:?}");
    }
    println!("{} bytes; load {best_load:?}, check and compile {best_set:?}", text.len());
}
