//! The Go package in `examples/go`, against the library as it is installed, and its example
//! program in real containers.

mod module;
mod watch;
mod watching;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use driftcore_e2e::privileges;
use libtest_mimic::Arguments;
use libtest_mimic::Failed;
use libtest_mimic::Trial;

use crate::module::Module;
use crate::watching::World;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = privileges::missing();
    for need in &missing {
        eprintln!("missing: {need}");
    }
    let set_up = || -> Result<_> {
        let module = Arc::new(Module::stage()?);
        let world = missing.is_empty().then(|| World::new(&module)).transpose()?;
        Ok((Some(module), world.map(Arc::new)))
    };
    let (module, world) = match if arguments.list { Ok((None, None)) } else { set_up() } {
        Ok(both) => both,
        Err(error) => {
            eprintln!("error: the Go package cannot be tested: {error:#}");
            return ExitCode::from(101);
        }
    };
    let live = !missing.is_empty();
    let modules =
        module::CASES.iter().map(|&(name, case)| trial(name, module.clone(), false, case));
    let worlds = watch::CASES.iter().map(|&(name, case)| trial(name, world.clone(), live, case));
    let trials = modules.chain(worlds).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // What the laboratory started ends before the process does.
    drop(world);
    conclusion.exit_code()
}

/// A case: its name and what it does. It fails with an error that says what was different.
type Case<T> = (&'static str, fn(&T) -> Result<()>);

fn trial<T: Send + Sync + 'static>(
    name: &str,
    given: Option<Arc<T>>,
    ignored: bool,
    case: fn(&T) -> Result<()>,
) -> Trial {
    let trial = Trial::test(name, move || match given {
        Some(given) => case(&given).map_err(|error| Failed::from(format!("{error:?}"))),
        None => Err(Failed::from("this machine does not allow live tests")),
    });
    trial.with_ignored_flag(ignored)
}
