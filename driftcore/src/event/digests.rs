//! The digests that an event about an image names.

use serde::Deserialize;
use serde::Serialize;

/// Which image runs, and which were approved in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// The digests of the image's repository that were approved.
    pub approved: Vec<String>,
    /// The digest that runs, where it is known: of an index, a manifest or a configuration.
    pub running: Option<String>,
    /// What was found, in words for people. Not for parsing.
    pub reason: String,
}
