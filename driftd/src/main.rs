//! `driftd`: finds drift in the containers of this node. A thin user of `driftcore`: arguments,
//! configuration, delivery.
#![forbid(unsafe_code)]

mod approved;
mod atomic;
mod baseline;
mod cli;
mod config;
mod config_show;
mod containers;
mod core_dumps;
mod doctor;
mod manifest;
mod output;
mod posture;
mod recorded;
mod replay;
mod rules;
mod ruleset;
mod run;
mod scan;
mod verify;
mod writer;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::Arguments;
use crate::cli::Command;
use crate::cli::ConfigCommand;

/// Exit status of whatever could not be done, usage errors included.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout and are no failure.
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let _ = error.print();
            return ExitCode::from(if asked { 0 } else { FAILED });
        }
    };
    tracing_subscriber::fmt()
        .with_max_level(arguments.log_level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
    driftcore::sensor::log_libbpf();
    let result = core_dumps::off().and_then(|()| match &arguments.command {
        Command::Run(run) => run::run(run),
        Command::Doctor(doctor) => doctor::doctor(doctor),
        Command::Scan(arguments) => scan::scan(arguments),
        Command::Verify(arguments) => verify::verify(arguments),
        Command::Posture(arguments) => posture::posture(arguments),
        Command::Manifest(arguments) => manifest::manifest(arguments),
        Command::Config(ConfigCommand::Show(arguments)) => config_show::show(arguments),
        Command::Containers(containers) => containers::containers(containers),
        Command::Rules(command) => rules::rules(command),
        Command::Replay(replay) => replay::replay(replay),
        Command::Baseline(command) => baseline::baseline(command),
    });
    result.unwrap_or_else(|error| {
        // Whoever reads us has enough (`driftd rules list | head`).
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        eprintln!("driftd: {error:#}");
        ExitCode::from(FAILED)
    })
}
