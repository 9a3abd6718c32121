//! What was found of a pod.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeStruct;

use super::Control;
use super::Level;
use super::Measure;
use super::Role;

/// By what a posture is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// A pod's own specification.
    Pod,
    /// What a runtime wrote down about one container: `config.json` of its bundle, and Docker's `HostConfig`.
    Runtime,
}

/// How far a pod is confined by its specification, or a container in a pod or in none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Posture {
    /// By what it is told.
    pub source: Source,
    /// The pod.
    pub pod: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// The node that it runs on, where it says so.
    pub node: Option<String>,
    /// The highest level that it meets: that of the container that meets the least.
    pub level: Level,
    /// The controls that it fails as a whole: so does each of its containers. Those of the lower level first;
    /// 256 at most.
    pub failures: Vec<Failure>,
    /// How many more of these there are.
    pub more_failures: u64,
    /// Its containers.
    pub containers: Vec<ContainerPosture>,
}

/// How far a container is confined by its specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ContainerPosture {
    /// The container's name.
    pub name: String,
    /// What it is to its pod.
    pub role: Role,
    /// The image as it was asked for.
    pub image: Option<String>,
    /// The highest level that it meets, with what its pod fails.
    pub level: Level,
    /// The controls that it fails by itself. Those of the lower level first; 256 at most.
    pub failures: Vec<Failure>,
    /// How many more of these there are.
    pub more_failures: u64,
    /// What makes drift impossible or hard, and whether it is set.
    pub measures: Vec<Measure>,
    /// What the specification does not tell, for people; of pods nothing.
    pub cannot_tell: Vec<String>,
}

/// A field that fails a control.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The control.
    pub control: Control,
    /// The lower one of the levels that forbid it: baseline or restricted.
    pub level: Level,
    /// The field: `spec.containers[0].securityContext.privileged`.
    pub path: String,
    /// Its value, of which 256 characters are kept; `None` where it is not set and should be.
    pub value: Option<String>,
    /// What to do about it, for people, without the field: `set it to false or leave it out`.
    pub remedy: &'static str,
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { control, level, path, value, remedy } = self;
        let mut fields = serializer.serialize_struct("Failure", 6)?;
        fields.serialize_field("control", control)?;
        fields.serialize_field("check", control.check(*level))?;
        fields.serialize_field("level", level)?;
        fields.serialize_field("path", path)?;
        fields.serialize_field("value", value)?;
        fields.serialize_field("remedy", remedy)?;
        fields.end()
    }
}
