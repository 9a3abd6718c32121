//! Real containers, real attacks, exact verdicts.
//!
//! Every case runs in containers of private runtimes while one `driftd` watches. A case that
//! must be silent is proved by the event that was seen and judged to be no drift, never by an
//! absence alone; where nothing may be seen at all, a known attack that follows is the fence.

mod accounts;
mod bare;
mod baseline;
mod before_start;
mod blind;
mod calls;
mod cli;
mod code;
mod config;
mod config_at_once;
mod config_containerd;
mod config_live;
mod containerd;
mod escape;
mod files;
mod inspect;
mod installers;
mod kubelet;
mod layers;
mod libraries;
mod listeners;
mod loss;
mod manifest;
mod mounts;
mod names;
mod network;
mod normality;
mod own_overlay;
mod packages;
mod posture;
mod process;
mod residue;
mod rules;
mod runtime;
mod scan;
mod schema;
mod scripts;
mod secret_kinds;
mod secrets;
mod storm;
mod taint;
mod unnamed;
mod verify;
mod verify_index;
mod world;
mod writer;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use driftcore_e2e::privileges;
use libtest_mimic::Arguments;
use libtest_mimic::Failed;
use libtest_mimic::Trial;

use crate::world::World;

/// A case: its name and what it does. It fails with an error that says what was different.
type Case = (&'static str, fn(&World) -> Result<()>);

fn cases() -> Vec<Case> {
    [
        code::CASES,
        writer::CASES,
        scripts::CASES,
        libraries::CASES,
        taint::CASES,
        files::operations::CASES,
        files::counted::CASES,
        files::evasions::CASES,
        files::twins::CASES,
        accounts::CASES,
        names::CASES,
        network::CASES,
        listeners::CASES,
        mounts::CASES,
        layers::CASES,
        runtime::CASES,
        process::CASES,
        before_start::CASES,
        containerd::CASES,
        bare::CASES,
        inspect::CASES,
        scan::CASES,
        installers::CASES,
        manifest::CASES,
        baseline::CASES,
        normality::CASES,
        packages::CASES,
        escape::CASES,
        own_overlay::CASES,
        cli::CASES,
        rules::CASES,
        calls::CASES,
        residue::CASES,
        loss::CASES,
        blind::CASES,
        storm::CASES,
        config::CASES,
        config_containerd::CASES,
        config_at_once::CASES,
        config_live::CASES,
        secrets::CASES,
        secret_kinds::CASES,
        verify::CASES,
        verify_index::CASES,
        posture::CASES,
        files::flood::CASES,
    ]
    .concat()
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = privileges::missing();
    for need in &missing {
        eprintln!("missing: {need}");
    }
    let world = if missing.is_empty() && !arguments.list {
        match World::new() {
            Ok(world) => Some(Arc::new(world)),
            Err(error) => {
                eprintln!("error: the laboratory cannot be set up: {error:#}");
                return ExitCode::from(101);
            }
        }
    } else {
        None
    };
    let trials = cases()
        .into_iter()
        .map(|(name, case)| {
            let world = world.clone();
            let trial = Trial::test(name, move || match world {
                Some(world) => case(&world).map_err(|error| Failed::from(format!("{error:?}"))),
                None => Err(Failed::from("this machine does not allow live tests")),
            });
            trial.with_ignored_flag(!missing.is_empty())
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // What the laboratory started ends before the process does.
    drop(world);
    conclusion.exit_code()
}
