//! The posture of pods.

mod container;
mod judge;
mod measures;
mod path;
mod spec;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::Path;

use serde::de::IgnoredAny;

use super::Count;
use super::Posture;
use super::PostureError;
use crate::pods;
use crate::pods::Object;

/// Hands the posture of every pod in `input` to `each`: a pod, a list of pods, or several of such one after
/// another, as JSON. Objects of other kinds are counted and left out. `path` is for messages. Of any number of
/// pods, one at a time is in memory.
///
/// # Errors
///
/// [`PostureError::Content`] names line and column; what came before has been handed over. An object of more
/// than 16 MiB and a list in it of more than 4,096 elements are refused.
pub fn read_pods(
    path: &Path,
    input: impl Read,
    mut each: impl FnMut(Posture),
) -> Result<Count, PostureError> {
    let each = |pod: Object<spec::Metadata, spec::Spec, Ignored>| {
        each(judge::judge(&pod.metadata, &pod.spec));
    };
    pods::read(path, input, each)
        .map_err(|it| PostureError::Content { place: it.place, message: it.message })
}

/// What of a pod is not looked at.
#[derive(Default, serde::Deserialize)]
#[serde(from = "IgnoredAny")]
struct Ignored;

impl From<IgnoredAny> for Ignored {
    fn from(_: IgnoredAny) -> Self {
        Self
    }
}
