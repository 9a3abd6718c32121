//! `cargo xtask`: what developers and CI run.

mod api;
mod asan;
mod bench;
mod cargo;
mod cinstall;
mod deep;
mod demo;
mod dist;
mod fuzz;
mod header;
mod kernels;
mod layers;
mod minimal;
mod msrv;
mod package;
mod packages;
mod reference;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use clap::Subcommand;

/// Tasks of the Driftcore workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what the build and the tests need from the distribution.
    Packages,
    /// Run every check and every test, the end-to-end ones included.
    Test,
    /// Run what takes longer: every kernel, fuzzing, many property cases, features,
    /// packages, licences.
    Deep(deep::Arguments),
    /// Show it live: attacks in a container, the alerts, and a table of both.
    Demo,
    /// Compare the listing of the public API with the code, or write it anew.
    Api(api::Arguments),
    /// Package each published crate, and build and test it from its package alone.
    Package,
    /// Fail on a `use` in driftcore that runs back against the flow of data.
    Layers,
    /// Build the C library with its header, pkg-config file and licences: an archive, or installed.
    Dist(dist::Arguments),
    /// Make the C header of the sources, or check that it is what they say.
    Header(header::Arguments),
    /// Build the fuzz targets and run each for a while.
    Fuzz(fuzz::Arguments),
    /// Prove the sensor's verdicts on each supported kernel, in virtual machines.
    Kernels(kernels::Arguments),
    /// Measure.
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// What driftd costs: exec with and without it, its own CPU time, memory and latency.
    Overhead(bench::Overhead),
    /// What it costs to embed the library in Rust, C and Go: events, alerts, matching, loading.
    Embed,
    /// What a scan takes, beside `docker diff` and a comparison of whole trees, and how fast it hashes.
    Scan(bench::Scan),
    /// What the comparison of configurations costs, for several numbers of containers.
    Config(bench::Config),
    /// What it takes to verify pods, and to tell their postures.
    Pods(bench::Pods),
}

fn main() -> ExitCode {
    match run(&Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(task: &Task) -> Result<ExitCode> {
    match task {
        Task::Packages => packages::install().map(|()| ExitCode::SUCCESS),
        Task::Test => test::run(),
        Task::Deep(options) => deep::run(options),
        Task::Demo => demo::run(),
        Task::Api(options) => api::run(options).map(verdict),
        Task::Package => package::run().map(verdict),
        Task::Layers => layers::run(),
        Task::Dist(options) => dist::run(options),
        Task::Header(options) => header::run(options),
        Task::Fuzz(options) => fuzz::run(options).map(verdict),
        Task::Kernels(options) => kernels::run(options).map(verdict),
        Task::Bench(Bench::Overhead(options)) => bench::overhead(options),
        Task::Bench(Bench::Embed) => bench::embed(),
        Task::Bench(Bench::Scan(options)) => bench::scan(options),
        Task::Bench(Bench::Config(options)) => bench::config(options),
        Task::Bench(Bench::Pods(options)) => bench::pods(options),
    }
}

fn verdict(right: bool) -> ExitCode {
    if right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
