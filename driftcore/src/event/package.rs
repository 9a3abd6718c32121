//! The package that an event is about.

use serde::Deserialize;
use serde::Serialize;

use super::Text;

/// A package that was installed, removed, or given another version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// In whose database it is, e.g. `dpkg`.
    pub manager: String,
    /// Its name.
    pub name: Text,
    /// Its version; of a removed package, the one that it had.
    pub version: Text,
    /// The version that it had before, if it was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_version: Option<Text>,
}
