//! The same operations where they are nobody's drift: on a volume, in memory, on the host.

use std::fs;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::DriftEvent;
use driftcore_e2e::bind;
use driftcore_e2e::deeds::line;

use super::operations;
use super::stage::Stage;
use super::stage::arguments;
use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("operations_on_a_volume_are_silent", volume),
    ("operations_in_memory_are_silent", memory),
    ("operations_of_host_processes_are_silent", host),
];

/// Deeds that name a place outside of their own directory, or need one of the container's.
const ELSEWHERE: [&str; 1] = ["chroot"];

/// Each deed with its directory below `base`.
fn deeds(base: &str) -> Vec<(&'static str, String)> {
    let deeds = operations::directories().into_iter().filter(|deed| !ELSEWHERE.contains(deed));
    deeds.map(|deed| (deed, format!("{base}/{deed}"))).collect()
}

fn none(events: &[DriftEvent], directory: &str) -> Result<()> {
    let lines: Vec<_> = events.iter().map(|event| line(event, directory)).collect();
    ensure!(lines.is_empty(), "seen {lines:#?}");
    Ok(())
}

/// All deeds in `/deeds`, where the image has files of the same names, on another filesystem.
fn silent(world: &World, options: &[&str]) -> Result<()> {
    let _turn = world.shared();
    let stage = Stage::new(world, options)?;
    let deeds = deeds("/deeds");
    let directories: Vec<_> = deeds.iter().map(|(_, directory)| directory.as_str()).collect();
    stage.container.sh(&format!("mkdir -p {}", directories.join(" ")))?;
    let done = stage.perform("host", &deeds)?;
    ensure!(done.len() > deeds.len() / 2, "{done:?}");
    none(&stage.seen()?, "/deeds")?;
    // The same program in the same container is not overlooked where the root is meant.
    stage.container.sh("mkdir /twin")?;
    stage.perform("host", &[("creat", "/twin".to_owned())])?;
    ensure!(!stage.seen()?.is_empty(), "nothing is seen on the root either");
    Ok(())
}

fn volume(world: &World) -> Result<()> {
    let directory = world.directory("volume");
    fs::create_dir(&directory)?;
    silent(world, &[&bind(&directory, "/deeds")])
}

fn memory(world: &World) -> Result<()> {
    silent(world, &["--tmpfs=/deeds"])
}

/// On the host, also in a directory that a container has as its volume.
fn host(world: &World) -> Result<()> {
    let _turn = world.shared();
    let base = world.directory("host-deeds");
    fs::create_dir(&base)?;
    let stage = Stage::new(world, &[&bind(&base, "/shared")])?;
    for (deed, directory) in deeds(base.to_str().context("no text")?) {
        fs::create_dir(&directory)?;
        let mut command = Command::new(world.lab.host_deeds());
        let status = command.args(["host", &directory, deed]).status()?;
        ensure!(matches!(status.code(), Some(0 | 77)), "{deed}: {status}");
    }
    none(&stage.seen()?, "/shared")?;
    let program = world.lab.host_deeds().to_str().context("no text")?.to_owned();
    let events = world.watch.events()?;
    let by_host = events.iter().find(|event| arguments(event).first() == Some(&program));
    ensure!(by_host.is_none(), "{by_host:?}");
    Ok(())
}
