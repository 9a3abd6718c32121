//! Containers one after another: are the layers on disk what the image says?

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::Serialize;

use super::ManifestError;
use super::Options;
use super::check_layers;
use crate::container::Runtimes;
use crate::event::Container;
use crate::event::Text;
use crate::image::Entry;
use crate::image::EntryKind;

/// How many differences of a container are told.
const TOLD: usize = 20;

/// What was found about the layers of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LayerProof {
    /// Each is what its digest says, and the directories show nothing else.
    Proved,
    /// Something is not.
    Differs,
    /// The image or its layers are not at hand, or cannot be read.
    CannotTell,
}

impl LayerProof {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Differs => "differs",
            Self::CannotTell => "cannot_tell",
        }
    }
}

/// What was found about the layers of a container, in full.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LayerReport {
    /// The answer.
    pub layers: LayerProof,
    /// Layers that were proved by their digests.
    pub layer_count: u64,
    /// Files that were compared.
    pub file_count: u64,
    /// Paths that are not as the image says.
    pub difference_count: u64,
    /// The first 20 of them.
    pub differences: Vec<LayerDifference>,
    /// Why, for people; empty where all is proved.
    pub reason: String,
}

/// A path of the layers that is not as the image says.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LayerDifference {
    /// As the container sees it.
    pub path: Text,
    /// `added`, `deleted`, `modified`, ..., as of a scan.
    pub kind: EntryKind,
}

/// Checks the layers of containers as [`check_layers`] does; those that several containers run on, as containerd's
/// do, once.
#[derive(Debug)]
pub struct LayerChecks {
    runtimes: Runtimes,
    known: BTreeMap<(Vec<PathBuf>, Option<String>), LayerReport>,
}

impl LayerChecks {
    /// Of containers of these runtimes.
    pub const fn new(runtimes: Runtimes) -> Self {
        Self { runtimes, known: BTreeMap::new() }
    }

    /// Reads the layers of a container, all of them, unless they were read before. What cannot be read is part of
    /// the answer.
    pub fn check(&mut self, container: &Container) -> LayerReport {
        let stored = match self.runtimes.find(&container.id) {
            Ok(stored) => stored,
            Err(error) => return LayerReport::cannot_tell(error.to_string()),
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
                differences.push(LayerDifference { path: entry.path, kind: entry.kind });
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
                LayerReport {
                    layers: if differs { LayerProof::Differs } else { LayerProof::Proved },
                    layer_count: check.layers,
                    file_count: check.files,
                    difference_count: check.differences,
                    differences,
                    reason,
                }
            }
            Err(error) => LayerReport::failed(&error),
        };
        self.known.insert(key, deep.clone());
        deep
    }
}

impl LayerReport {
    fn cannot_tell(reason: String) -> Self {
        Self {
            layers: LayerProof::CannotTell,
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
                deep.layers = LayerProof::Differs;
                deep.difference_count = *count;
                let of =
                    |path: &Text| LayerDifference { path: path.clone(), kind: EntryKind::Modified };
                deep.differences = paths.iter().map(of).collect();
            }
            ManifestError::Digest { .. } => deep.layers = LayerProof::Differs,
            _ => {}
        }
        deep
    }
}
