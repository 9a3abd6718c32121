//! Where did this file come from? `classify PID PATH` prints the verdict about a file of a
//! running process.
//!
//! ```text
//! # cargo run -p driftcore --no-default-features --example classify -- 4711 /usr/bin/curl
//! container  web (docker, docker.io/library/nginx:1.27)
//! path       /usr/bin/curl
//! verdict    added
//! evidence   kernel
//! reason     a new file; the image has no such path
//! sha256     not computed
//! ```

use std::error::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use driftcore::container::StateRoots;
use driftcore::event::Container;
use driftcore::inspect::Inspector;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [pid, path] = arguments.as_slice() else {
        eprintln!("usage: classify PID PATH");
        return ExitCode::from(2);
    };
    match classify(&pid.to_string_lossy(), Path::new(path)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("classify: {error}");
            ExitCode::from(2)
        }
    }
}

fn classify(pid: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    let pid = pid.parse().map_err(|_| format!("{pid} is no process id"))?;
    let inspected = Inspector::new(StateRoots::default()).file(pid, path)?;
    let provenance = &inspected.classified.provenance;
    let container = inspected.container.as_ref().map_or_else(|| "none".to_owned(), describe);
    let sha256 = inspected.classified.sha256_text().unwrap_or_else(|| "not computed".to_owned());
    println!("container  {container}");
    println!("path       {}", inspected.path);
    println!("verdict    {}", provenance.verdict);
    println!("evidence   {}", provenance.evidence);
    println!("reason     {}", provenance.reason);
    println!("sha256     {sha256}");
    Ok(())
}

fn describe(container: &Container) -> String {
    let name = container.name.as_deref().unwrap_or_else(|| container.short_id());
    let image = container.image.as_deref().unwrap_or("image unknown");
    format!("{name} ({}, {image})", container.runtime)
}
