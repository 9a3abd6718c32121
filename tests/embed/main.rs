//! The library as others embed it: from C, C++ and Python, as it is installed.
//!
//! The programs are in `tests/capi`, each with named tests of its own. They are compiled against
//! what `cargo xtask dist` installs, and run plainly, under valgrind, and with gcc's sanitizers.

mod abi;
mod configuration;
mod header;
mod live;
mod look;
mod null;
mod programs;
mod rust;
mod stage;
mod suggestion;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use driftcore_e2e::privileges;
use libtest_mimic::Arguments;
use libtest_mimic::Failed;
use libtest_mimic::Trial;

use crate::live::World;
use crate::stage::Stage;

/// A case that needs no more than the library.
type Case = (&'static str, fn(&Stage) -> Result<()>);
/// A case that needs root and containers.
type LiveCase = (&'static str, fn(&World) -> Result<()>);

type Run = Box<dyn Fn(&World) -> Result<()> + Send>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = privileges::missing();
    for need in &missing {
        eprintln!("missing: {need}");
    }
    let world = if arguments.list {
        None
    } else {
        match Stage::new() {
            Ok(stage) => Some(Arc::new(World::new(stage))),
            Err(error) => {
                eprintln!("error: the library cannot be installed: {error:#}");
                return ExitCode::from(101);
            }
        }
    };
    let trial = |name: &str, case: Run| {
        let world = world.clone();
        Trial::test(name, move || match world {
            Some(world) => case(&world).map_err(|error| Failed::from(format!("{error:#}"))),
            None => Err(Failed::from("nothing was installed")),
        })
    };
    let plain = [abi::CASES, programs::CASES]
        .concat()
        .into_iter()
        .map(|(name, case)| trial(name, Box::new(move |world| case(&world.stage))));
    let live = [live::CASES, configuration::CASES, look::CASES, suggestion::CASES, rust::CASES]
        .concat()
        .into_iter()
        .map(|(name, case)| trial(name, Box::new(case)).with_ignored_flag(!missing.is_empty()));
    let conclusion = libtest_mimic::run(&arguments, plain.chain(live).collect());
    // What the laboratory started ends before the process does.
    drop(world);
    conclusion.exit_code()
}
