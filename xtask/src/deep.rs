//! What takes too long for every change: every kernel, fuzzing, many property cases, every feature
//! set, licences.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;

use crate::cargo;
use crate::fuzz;
use crate::kernels;
use crate::packages;

/// Cases of each property test; the gate runs 256. The compiled matcher is compared with the plain
/// one on 400 pairs of rule and event a case at least: ten million in all.
const PROPERTY_CASES: &str = "25000";

/// How deep.
#[derive(Debug, clap::Args)]
#[group(id = "deep_options")]
pub(crate) struct Arguments {
    #[command(flatten)]
    kernels: kernels::Arguments,
    #[command(flatten)]
    fuzz: fuzz::Arguments,
}

/// Runs all of it, even when a part fails, and says what held.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    packages::install()?;
    let mut parts = Vec::new();
    let mut part = |name: &'static str, run: &mut dyn FnMut() -> Result<bool>| {
        println!("== {name}");
        let start = Instant::now();
        let outcome = run();
        parts.push((name, outcome, start.elapsed()));
    };
    part("features: none", &mut || {
        holds(&["test", "--package", "driftcore", "--no-default-features"], &[])
    });
    part("features: all", &mut || holds(&["build", "--workspace", "--all-features"], &[]));
    part("properties, 25,000 cases each", &mut || {
        holds(
            &["test", "--release", "--package", "driftcore"],
            &[("PROPTEST_CASES", PROPERTY_CASES)],
        )
    });
    part("licences, bans, sources", &mut || {
        cargo::install("deny")?;
        holds(&["deny", "check", "licenses", "bans", "sources"], &[])
    });
    part("fuzzing", &mut || fuzz::run(&arguments.fuzz));
    part("kernels", &mut || kernels::run(&arguments.kernels));

    println!();
    let mut failed = 0;
    for (name, outcome, took) in &parts {
        let said = match outcome {
            Ok(true) => "ok".to_owned(),
            Ok(false) => "FAILED".to_owned(),
            Err(error) => format!("FAILED: {error:#}"),
        };
        failed += usize::from(!matches!(outcome, Ok(true)));
        println!("{name:32} {:6.0} s  {said}", took.as_secs_f64());
    }
    println!("{} passed, {failed} failed", parts.len() - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn holds(arguments: &[&str], environment: &[(&str, &str)]) -> Result<bool> {
    let mut command = cargo::command(arguments);
    let status = command.envs(environment.iter().copied()).status().context("cannot run cargo")?;
    Ok(status.success())
}
