//! The rules alone, for a product with a sensor of its own: loads Falco rules, shows what is wrong with
//! them, and matches events that are given as flat JSON objects.
//!
//! ```sh
//! cargo run --package driftcore --no-default-features --example rules -- rules/drift.yaml \
//!   '{"evt.type": "execve", "container.id": "3ad7b26ded6d", "drift.verdict": "added"}'
//! ```
//!
//! Without events on the command line they are read from stdin, one a line. Needs no privilege, no libbpf
//! and no C compiler.

use std::error::Error;
use std::io;
use std::io::BufRead;
use std::process::ExitCode;

use driftcore::event::Timestamp;
use driftcore::fields::FlatEvent;
use driftcore::rules::Limits;
use driftcore::rules::Renderer;
use driftcore::rules::RuleSet;
use driftcore::rules::SetOptions;
use driftcore::rules::SetScratch;
use driftcore::rules::Sources;
use driftcore::rules::load_paths;

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: rules FILE [EVENT]...");
        return Ok(ExitCode::from(2));
    };

    // All errors of all files come at once, each with its place.
    let mut sources = Sources::default();
    let loaded = load_paths(&mut sources, [path], &Limits::default());
    let (rules, diagnostics) = RuleSet::new(loaded, &SetOptions::default());
    let renderer = Renderer::new(&sources);
    for diagnostic in &diagnostics {
        eprintln!("{}", renderer.render(diagnostic));
    }
    let Some(rules) = rules else {
        return Ok(ExitCode::FAILURE);
    };
    eprintln!("{} rules", rules.rules().len());

    // Kept from event to event: an event that no rule matches then allocates nothing.
    let mut memory = SetScratch::default();
    let events: Vec<String> = arguments.collect();
    if events.is_empty() {
        for line in io::stdin().lock().lines() {
            print_alerts(&rules, &line?, &mut memory)?;
        }
    }
    for event in &events {
        print_alerts(&rules, event, &mut memory)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what the rules say about an event. Errs when the text is no event: its error names the key.
fn print_alerts(
    rules: &RuleSet,
    text: &str,
    memory: &mut SetScratch,
) -> Result<(), Box<dyn Error>> {
    // A sensor with events of its own would implement `driftcore::fields::Fields` for them instead.
    let event = FlatEvent::parse(text)?;
    let time = Timestamp::now();
    for matched in rules.matched(&event, memory) {
        if let Some(alert) = matched.alert(rules, time, "localhost", None) {
            println!("{}: {alert}", alert.rule);
        }
    }
    Ok(())
}
