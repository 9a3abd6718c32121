//! What a comparison found.

use super::Cause;
use crate::package::PackageChange;

/// Packages of one database that are not as they were.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) cause: Cause,
    pub(super) changes: Vec<PackageChange>,
}
