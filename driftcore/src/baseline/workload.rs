//! What containers of one kind normally do.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::conduct::Conduct;
use super::origin::Origin;
use super::path::Pattern;
use super::ports::Ports;
use super::ports::Span;
use super::remotes::Remotes;
use super::rights::Rights;
use super::tree::PathTree;
use crate::event::Timestamp;

/// The most names of images that are kept for readers.
const NAMES_MAX: usize = 16;

/// What an item of the configuration may be; `None`: not there.
pub(super) type Values = BTreeSet<Option<Box<[u8]>>>;

/// What containers of one kind normally do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// The images by name, for readers.
    pub(super) names: BTreeSet<String>,
    /// When the first and the last event was that it was learned from, for readers.
    pub(super) seen: Option<(Timestamp, Timestamp)>,
    pub(super) executables: BTreeMap<Box<[u8]>, BTreeSet<Origin>>,
    pub(super) directories: PathTree,
    pub(super) listens: Ports,
    pub(super) connects: Remotes,
    pub(super) unix: PathTree,
    /// By manager.
    pub(super) packages: BTreeMap<Box<str>, BTreeSet<Box<[u8]>>>,
    /// By part, and item.
    pub(super) configuration: BTreeMap<Box<str>, BTreeMap<Box<[u8]>, Values>>,
}

impl Workload {
    /// Takes in what another one says.
    pub(super) fn merge(&mut self, other: Self) {
        let Self {
            names,
            seen,
            executables,
            directories,
            listens,
            connects,
            unix,
            packages,
            configuration,
        } = other;
        self.names.extend(names);
        self.cut_names();
        for time in seen.into_iter().flat_map(|(first, last)| [first, last]) {
            self.saw(time);
        }
        for (path, origins) in executables {
            self.executables.entry(path).or_default().extend(origins);
        }
        self.directories.merge(directories);
        self.listens.merge(listens);
        self.connects.merge(connects);
        self.unix.merge(unix);
        for (manager, names) in packages {
            self.packages.entry(manager).or_default().extend(names);
        }
        for (part, items) in configuration {
            let part = self.configuration.entry(part).or_default();
            for (item, values) in items {
                part.entry(item).or_default().extend(values);
            }
        }
    }

    /// Takes in the name of an image, for readers.
    pub(super) fn name(&mut self, image: &str) {
        if !self.names.contains(image) {
            self.names.insert(image.to_owned());
            self.cut_names();
        }
    }

    fn cut_names(&mut self) {
        while self.names.len() > NAMES_MAX {
            self.names.pop_last();
        }
    }

    /// Takes in when something happened, for readers.
    pub(super) fn saw(&mut self, time: Timestamp) {
        let (first, last) = self.seen.unwrap_or((time, time));
        self.seen = Some((first.min(time), last.max(time)));
    }

    /// Takes in that this is normal. False where it cannot be: the file's digest is not known, or its path.
    pub(super) fn learn(&mut self, deed: &Conduct<'_>) -> bool {
        match *deed {
            Conduct::Runs { path, origin: Some(origin), .. } => {
                match self.executables.get_mut(path) {
                    Some(origins) => origins.insert(origin),
                    None => self.executables.insert(path.into(), [origin].into()).is_none(),
                };
                true
            }
            Conduct::Runs { origin: None, .. } => false,
            Conduct::Writes { directory, from, rights } => {
                let from = from.map(|from| Pattern::generalised(from).ok_or(()));
                let (Some(pattern), Ok(from)) = (Pattern::generalised(directory), from.transpose())
                else {
                    return false;
                };
                self.directories.insert(pattern, rights);
                if let Some(from) = from {
                    self.directories.insert(from, Rights::WRITE);
                }
                true
            }
            Conduct::Waits { transport, chosen: true, .. } => {
                self.listens.insert_chosen(transport);
                true
            }
            Conduct::Waits { transport, port, chosen: false } => {
                self.listens.insert(transport, Span::one(port));
                true
            }
            Conduct::Reaches { transport, remote } => {
                self.connects.insert(transport, remote);
                true
            }
            Conduct::ReachesUnix(path) => match Pattern::generalised(path) {
                Some(pattern) => {
                    self.unix.insert(pattern, Rights::WRITE);
                    true
                }
                None => false,
            },
            Conduct::Package { manager, name, .. } => {
                self.packages.entry(manager.into()).or_default().insert(name.into());
                true
            }
            Conduct::Configuration { item: [], .. } => false,
            Conduct::Configuration { part, item, live } => {
                let items = self.configuration.entry(part.into()).or_default();
                items.entry(item.into()).or_default().insert(live.map(Into::into));
                true
            }
        }
    }

    /// Whether this is normal. Allocates nothing.
    pub(super) fn expects(&self, deed: &Conduct<'_>) -> bool {
        match *deed {
            Conduct::Runs { path, origin, .. } => origin.is_some_and(|origin| {
                self.executables.get(path).is_some_and(|origins| origins.contains(&origin))
            }),
            Conduct::Writes { directory, from, rights } => {
                self.directories.allows(directory, rights)
                    && from.is_none_or(|from| self.directories.allows(from, Rights::WRITE))
            }
            Conduct::Waits { transport, port, chosen } => {
                self.listens.contain(transport, port, chosen)
            }
            Conduct::Reaches { transport, remote } => self.connects.contain(transport, remote),
            Conduct::ReachesUnix(path) => self.unix.allows(path, Rights::WRITE),
            Conduct::Package { manager, name, .. } => {
                self.packages.get(manager).is_some_and(|names| names.contains(name))
            }
            Conduct::Configuration { part, item, live } => {
                let values = self.configuration.get(part).and_then(|items| items.get(item));
                values.is_some_and(|values| values.iter().any(|value| value.as_deref() == live))
            }
        }
    }

    /// The images by name, as far as they were seen; sixteen at most.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// When the first and the last event was that it was learned from.
    pub fn seen(&self) -> Option<(Timestamp, Timestamp)> {
        self.seen
    }

    /// How many single things of each kind it holds, each kind by its key in the document.
    pub fn counts(&self) -> [(&'static str, usize); 7] {
        [
            ("executables", self.executables.values().map(BTreeSet::len).sum()),
            ("directories", self.directories.len()),
            ("listen", self.listens.len()),
            ("connect", self.connects.len()),
            ("unix", self.unix.len()),
            ("packages", self.packages.values().map(BTreeSet::len).sum()),
            (
                "configuration",
                self.configuration.values().flat_map(BTreeMap::values).map(BTreeSet::len).sum(),
            ),
        ]
    }

    /// How many single things it holds.
    pub fn len(&self) -> usize {
        self.counts().iter().map(|(_, count)| count).sum()
    }

    /// Whether it says that nothing is normal.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
