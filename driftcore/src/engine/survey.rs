//! What runs on this node now.

use rustc_hash::FxHashMap;

use super::EngineError;
use super::clock::Clock;
use super::containers::Containers;
use crate::container::Runtimes;
use crate::container::StateRoots;
use crate::decode::decode;
use crate::event::Container;
use crate::event::Event;
use crate::provenance::ImageSource;
use crate::sensor::Sensor;
use crate::sensor::SensorOptions;
use crate::wire::RawEvent;

/// A container that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningContainer {
    /// What its runtime says about it.
    pub container: Container,
    /// Type of its root filesystem, e.g. `overlay`, where the mount was found.
    pub root_fs: Option<String>,
    /// Number of lower layers, where the root is an overlay whose directories are known.
    pub layers: Option<usize>,
    /// Number of its processes.
    pub processes: u64,
}

/// Lists the containers that run, each proved by a process with a mount namespace and root of its
/// own. Sorted by name, then id. Loads the probes for as long as it takes.
///
/// # Errors
///
/// [`EngineError::Sensor`] when the probes cannot be loaded or the iterator not be read.
pub fn survey(roots: &StateRoots) -> Result<Vec<RunningContainer>, EngineError> {
    let sensor = Sensor::load(SensorOptions::default())?;
    let clock = Clock::now();
    let mut containers = Containers::new(Runtimes::new(roots.clone()));
    let mut processes: FxHashMap<u64, u64> = FxHashMap::default();
    sensor.sweep(&mut |record| {
        if let Ok(raw) = RawEvent::new(record)
            && let Event::Exec(exec) = decode(&raw)
        {
            containers.of_exec(&exec, clock);
            *processes.entry(exec.task.container).or_default() += 1;
        }
    })?;
    let mut list: Vec<RunningContainer> = processes
        .iter()
        .filter_map(|(&id, &processes)| {
            let known = containers.get(id)?;
            Some(RunningContainer {
                container: (*known.container).clone(),
                root_fs: known.root.as_ref().map(|root| root.fs_type.clone()),
                layers: known
                    .source
                    .as_ref()
                    .and_then(ImageSource::layers)
                    .map(|layers| layers.lowers().len()),
                processes,
            })
        })
        .collect();
    list.sort_by(|a, b| {
        (&a.container.name, &a.container.id).cmp(&(&b.container.name, &b.container.id))
    });
    Ok(list)
}
