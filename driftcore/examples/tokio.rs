//! The engine in a tokio program: its descriptor says when there is something to do, and nothing blocks
//! the runtime. Prints what drifts on this node until Ctrl-C.
//!
//! ```sh
//! cargo build --package driftcore --example tokio
//! sudo target/debug/examples/tokio
//! ```

use std::error::Error;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::time::Duration;

use driftcore::engine::EngineBuilder;
use driftcore::event::DriftEvent;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

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
    // One thread is enough: the engine works on the thread that polls it.
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(watch())
}

async fn watch() -> Result<(), Box<dyn Error>> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;

    // Loads the probes: some hundred milliseconds, once. A program that serves others meanwhile does
    // it in `tokio::task::spawn_blocking`.
    let mut engine = EngineBuilder::new().build(|event: &DriftEvent| {
        if let (Some(provenance), Some(file)) = (&event.provenance, &event.file) {
            println!("{}: {} ({})", file.path, provenance.verdict, provenance.reason);
        }
    })?;
    let wake = readable(engine.as_fd().try_clone_to_owned()?)?;

    eprintln!("watching; Ctrl-C ends it");
    loop {
        tokio::select! {
            ready = wake.readable() => {
                // Before the engine works: what comes meanwhile wakes it again.
                ready?.clear_ready();
                engine.poll(Some(Duration::ZERO))?;
            }
            _ = interrupted.recv() => break,
            _ = terminated.recv() => break,
        }
    }

    // What waits in the rings is reported still; files under comparison get up to three seconds.
    drop(wake);
    engine.finish()?;
    let counters = engine.counters();
    eprintln!("{} execs, {} drift", counters.execs, counters.drift);
    Ok(())
}

/// Watches a descriptor of our own. Tokio deprecates this function because some types have a descriptor
/// that does not last; an [`OwnedFd`] keeps its own, and the function that replaces it is unsafe.
#[allow(deprecated)]
fn readable(descriptor: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}
