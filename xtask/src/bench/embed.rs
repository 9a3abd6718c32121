//! What it costs to embed the library: an event through a callback of Rust, C and Go, events of the
//! caller's own against rules, and how large the library is and how long it takes to load.

mod load;
mod run;
mod table;

use std::fs;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use driftcore_e2e::workspace_root;

use self::table::Report;
use crate::dist;

/// Builds what is measured, measures, prints two tables and writes `target/bench/embed.json`.
pub(crate) fn embed() -> Result<ExitCode> {
    let directory = workspace_root().join("target/bench/embed");
    let prefix = directory.join("prefix");
    dist::install(&prefix, env!("CARGO_PKG_VERSION"), false)?;

    let rules = directory.join("synthetic.yaml");
    let rust = run::rust(&directory, &rules)?;
    let c = run::c(&prefix, &directory, &rules)?;
    let go = run::go(&prefix)?;
    let library = load::measure(&prefix, &directory)?;
    let report = Report::new(&rust, &c, &go, library)?;

    print!("{report}");
    let path = workspace_root().join("target/bench/embed.json");
    fs::write(&path, serde_json::to_vec_pretty(&report.json())?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("\nwritten to {}", path.display());
    Ok(ExitCode::SUCCESS)
}
