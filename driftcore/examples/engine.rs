//! The whole engine: prints what drifts on this node, and what the rules say about it, until Ctrl-C.
//!
//! ```sh
//! cargo build --package driftcore --example engine
//! sudo target/debug/examples/engine                # with the shipped rules
//! sudo target/debug/examples/engine my-rules.yaml  # with rules of your own
//! ```
//!
//! Then, in another terminal:
//!
//! ```sh
//! docker run --rm busybox sh -c 'cp /bin/busybox /tmp/new; printf x >> /tmp/new; /tmp/new true'
//! ```

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use std::thread;

use driftcore::engine::EngineBuilder;
use driftcore::event::DriftEvent;
use driftcore::matcher::Alert;
use driftcore::rules::Limits;
use driftcore::rules::Renderer;
use driftcore::rules::RuleSet;
use driftcore::rules::SetOptions;
use driftcore::rules::Sources;
use driftcore::rules::load_paths;
use driftcore::rules::load_shipped;
use driftcore::sink::Sink;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let rules = rules(std::env::args_os().nth(1))?;
    // Taken over before the engine is there: from here on a signal ends the program in good order.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;

    let mut engine = EngineBuilder::new().rules(rules).build(Printer)?;
    let stopper = engine.stopper();
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            stopper.stop();
        }
    });

    eprintln!("watching; Ctrl-C ends it");
    engine.run()?;

    let counters = engine.counters();
    eprintln!("{} execs, {} drift, {} alerts", counters.execs, counters.drift, counters.alerts);
    Ok(())
}

/// Writes a line an event and a line an alert. It is called on the engine's thread: a sink that does
/// more hands over to a thread of its own.
struct Printer;

impl Sink for Printer {
    fn event(&mut self, event: &DriftEvent) {
        match (&event.provenance, &event.file) {
            (Some(provenance), Some(file)) => {
                // A path is the container's own text; its display form is safe to print.
                println!("event  {}: {} ({})", file.path, provenance.verdict, provenance.reason);
            }
            // The sensor speaks of itself: it lost events, or does not see.
            _ => println!("event  sensor: {}", event.action),
        }
    }

    fn alert(&mut self, alert: &Alert<'_>) {
        println!("alert  {}: {alert}", alert.rule);
    }
}

/// The rules of a file or directory, or those that ship with the library. What is wrong with them
/// goes to stderr.
fn rules(path: Option<OsString>) -> Result<RuleSet, Box<dyn Error>> {
    let (sources, loaded) = match path {
        None => load_shipped(),
        Some(path) => {
            let mut sources = Sources::default();
            let loaded = load_paths(&mut sources, [path], &Limits::default());
            (sources, loaded)
        }
    };
    let (set, diagnostics) = RuleSet::new(loaded, &SetOptions::default());
    for diagnostic in &diagnostics {
        eprintln!("{}", Renderer::new(&sources).render(diagnostic));
    }
    set.ok_or_else(|| "the rules have errors".into())
}
