//! `driftd verify --deep`: are the layers on disk what the image says?

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use driftcore::container::Runtimes;
use driftcore::event::Container;
use driftcore::event::Text;
use driftcore::image::Entry;
use driftcore::image::EntryKind;
use driftcore::image::manifest::ManifestError;
use driftcore::image::manifest::Options;
use driftcore::image::manifest::check_layers;
use serde::Serialize;

use crate::config::Config;

/// How many differences of a container are told.
const TOLD: usize = 20;

/// What was found about the layers of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Proof {
    /// Each is what its digest says, and the directories show nothing else.
    Proved,
    /// Something is not.
    Differs,
    /// The image or its layers are not at hand, or cannot be read.
    CannotTell,
}

impl Proof {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Differs => "differs",
            Self::CannotTell => "cannot_tell",
        }
    }
}

/// Of one container.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Deep {
    pub(crate) layers: Proof,
    /// Layers that were proved by their digests, and files that were compared.
    pub(crate) layer_count: u64,
    pub(crate) file_count: u64,
    /// Paths that are not as the image says; the first of them below.
    pub(crate) difference_count: u64,
    pub(crate) differences: Vec<Difference>,
    /// Why, for people; empty where all is proved.
    pub(crate) reason: String,
}

/// A path of the layers that is not as the image says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Difference {
    pub(crate) path: Text,
    /// `added`, `deleted`, `modified`, ..., as of a scan.
    pub(crate) kind: EntryKind,
}

/// Looks at layers; at those that several containers run on, as containerd's do, once.
pub(crate) struct Layers {
    runtimes: Runtimes,
    known: BTreeMap<(Vec<PathBuf>, Option<String>), Deep>,
}

impl Layers {
    pub(crate) fn new(config: &Config) -> Self {
        Self { runtimes: Runtimes::new(config.state_roots()), known: BTreeMap::new() }
    }

    pub(crate) fn check(&mut self, container: &Container) -> Deep {
        let stored = match self.runtimes.find(&container.id) {
            Ok(stored) => stored,
            Err(error) => return Deep::cannot_tell(error.to_string()),
        };
        // Docker's own layer is another one for each container.
        let lowers = stored.layers.as_ref().map(|layers| layers.lowers.clone()).unwrap_or_default();
        let image = stored.container.image_id.clone().or(stored.container.image_digest.clone());
        let key = (lowers, image);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let mut differences = Vec::new();
        let mut each = |entry: Entry| {
            if differences.len() < TOLD {
                differences.push(Difference { path: entry.path, kind: entry.kind });
            }
            ControlFlow::Continue(())
        };
        let result = check_layers(&self.runtimes, &stored, &Options::default(), &mut each);
        let deep = match result {
            Ok(check) => {
                let differs = check.differences > 0;
                let reason = match check.differences {
                    0 => String::new(),
                    count => format!("{count} path(s) of the layers are not as the image says"),
                };
                Deep {
                    layers: if differs { Proof::Differs } else { Proof::Proved },
                    layer_count: check.layers,
                    file_count: check.files,
                    difference_count: check.differences,
                    differences,
                    reason,
                }
            }
            Err(error) => Deep::failed(&error),
        };
        self.known.insert(key, deep.clone());
        deep
    }
}

impl Deep {
    fn cannot_tell(reason: String) -> Self {
        Self {
            layers: Proof::CannotTell,
            layer_count: 0,
            file_count: 0,
            difference_count: 0,
            differences: Vec::new(),
            reason,
        }
    }

    fn failed(error: &ManifestError) -> Self {
        let mut deep = Self::cannot_tell(error.to_string());
        match error {
            ManifestError::Altered { paths, count, .. } => {
                deep.layers = Proof::Differs;
                deep.difference_count = *count;
                let of = |path: &Text| Difference { path: path.clone(), kind: EntryKind::Modified };
                deep.differences = paths.iter().map(of).collect();
            }
            ManifestError::Digest { .. } => deep.layers = Proof::Differs,
            _ => {}
        }
        deep
    }
}
