//! `driftd` leaves nothing behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::Driftd;
use rustix::process::Signal;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("sigterm_leaves_nothing_behind", |world| ends(world, Signal::TERM)),
    ("sigint_leaves_nothing_behind", |world| ends(world, Signal::INT)),
    ("sigkill_leaves_nothing_behind", |world| ends(world, Signal::KILL)),
    ("sigkill_during_the_start_leaves_no_mount_pin_or_process", killed_early),
];

/// What a process could leave on the machine.
#[derive(Debug, PartialEq)]
struct Residue {
    mounts: BTreeSet<String>,
    pins: BTreeSet<PathBuf>,
    children: BTreeSet<u32>,
}

impl Residue {
    /// What is there of the processes that `driftd` of process id `pid` started and of mounts
    /// and pins of anybody.
    fn now() -> Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let mut pins = BTreeSet::new();
        walk(Path::new("/sys/fs/bpf"), &mut pins);
        let mut children = BTreeSet::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let exe = fs::read_link(entry.path().join("exe")).unwrap_or_default();
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            let name = b"TMPDIR=";
            // A child inherits the environment that only this test's driftd has.
            if environment.windows(name.len()).any(|window| window == name)
                && exe
                    .file_name()
                    .is_some_and(|name| name.as_encoded_bytes().starts_with(b"driftd"))
            {
                children.insert(pid);
            }
        }
        Ok(Self {
            // The directory is the laboratory's: mounts elsewhere are not driftd's doing,
            // unless they name it.
            mounts: mounts
                .lines()
                .filter(|line| !line.contains("/docker/overlay2/"))
                .filter(|line| line.contains("drift"))
                .map(str::to_owned)
                .collect(),
            pins,
            children,
        })
    }
}

fn walk(directory: &Path, found: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        }
        found.insert(path);
    }
}

fn ends(world: &World, signal: Signal) -> Result<()> {
    let _turn = world.alone();
    let container = world.start(&[])?;
    let before = Residue::now()?;
    let driftd = Driftd::start(&world.options, &world.directory("residue"))?;
    let temporary = driftd.temporary();
    driftd.end(signal)?;
    let after = Residue::now()?;
    ensure!(after == before, "left behind: before {before:?}, after {after:?}");
    let left: Vec<_> = fs::read_dir(&temporary)?.flatten().map(|entry| entry.path()).collect();
    ensure!(left.is_empty(), "temporary files left: {left:?}");
    // The container it watched is unharmed.
    container.sh("true")?;
    Ok(())
}

fn killed_early(world: &World) -> Result<()> {
    let _turn = world.alone();
    let before = Residue::now()?;
    for milliseconds in [5, 20, 50, 100, 150, 200, 300] {
        let driftd = Driftd::spawn(&world.options, &world.directory("killed-early"))?;
        std::thread::sleep(Duration::from_millis(milliseconds));
        driftd.end(Signal::KILL)?;
        let after = Residue::now()?;
        ensure!(
            after == before,
            "killed after {milliseconds} ms: before {before:?}, after {after:?}"
        );
    }
    Ok(())
}
