//! docs/fields.md is the catalogue as the library writes it.
#![allow(clippy::unwrap_used)]

use driftcore::fields::catalogue_markdown;

#[test]
fn docs_fields_md_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/fields.md");
    let fresh = catalogue_markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == fresh, "docs/fields.md is stale: run the tests with UPDATE_DOCS=1");
}
