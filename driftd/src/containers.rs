//! `driftd containers`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use driftcore::engine::RunningContainer;
use driftcore::engine::survey;
use serde_json::json;

use crate::cli::ContainersArguments;
use crate::cli::Format;
use crate::config::Config;

pub(crate) fn containers(arguments: &ContainersArguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.common)?;
    let running = survey(&config.state_roots()).context("cannot list the containers")?;
    let mut out = std::io::stdout().lock();
    match arguments.format {
        Format::Json => {
            let list: Vec<_> = running
                .iter()
                .map(|one| {
                    json!({
                        "container": one.container,
                        "root_fs": one.root_fs,
                        "layers": one.layers,
                        "processes": one.processes,
                        "enforced": [],
                    })
                })
                .collect();
            writeln!(out, "{}", json!({"version": 1, "containers": list}))?;
        }
        Format::Text => text(&mut out, &running)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn text(out: &mut impl Write, running: &[RunningContainer]) -> std::io::Result<()> {
    if running.is_empty() {
        return writeln!(out, "no container runs here");
    }
    let header = ["ID", "NAME", "RUNTIME", "IMAGE", "ROOT", "LAYERS", "PROCESSES", "POD"];
    let mut rows = vec![header.map(str::to_owned)];
    for one in running {
        let container = &one.container;
        let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
        let pod = match (&container.namespace, &container.pod) {
            (Some(namespace), Some(pod)) => format!("{namespace}/{pod}"),
            _ => "-".to_owned(),
        };
        rows.push([
            container.id.chars().take(20).collect(),
            or_dash(container.name.as_deref()),
            container.runtime.clone(),
            or_dash(container.image.as_deref()),
            or_dash(one.root_fs.as_deref()),
            one.layers.map_or_else(|| "-".to_owned(), |layers| layers.to_string()),
            one.processes.to_string(),
            pod,
        ]);
    }
    let widths: Vec<usize> = (0..header.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        let line: Vec<String> =
            row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}
