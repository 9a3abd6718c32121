//! The rules that come with the library.

use super::Limits;
use super::Loaded;
use super::Sources;
use super::load;

/// The text of the shipped rules (`rules/drift.yaml`).
pub const SHIPPED_RULES: &str = include_str!("../../rules/drift.yaml");

/// What names the shipped rules in diagnostics.
pub const SHIPPED_NAME: &str = "<shipped>/drift.yaml";

/// Loads the shipped rules alone.
pub fn load_shipped() -> (Sources, Loaded) {
    let mut sources = Sources::default();
    sources.add(SHIPPED_NAME, SHIPPED_RULES);
    let loaded = load(&sources, &Limits::default());
    (sources, loaded)
}
