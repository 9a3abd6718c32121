//! Baselines and exceptions, as people edit them.

use std::path::Path;

use driftcore::baseline::Baseline;
use driftcore::baseline::Exceptions;

/// Takes bytes as a baseline, and as exceptions.
pub fn baseline(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let path = Path::new("baseline.yaml");
    match Baseline::parse(path, text) {
        Ok(baseline) => {
            let written = baseline.to_string();
            let again = Baseline::parse(path, &written).expect("what was written is read");
            assert_eq!(written, again.to_string(), "nothing is lost");
        }
        Err(error) => assert!(error.to_string().contains("baseline.yaml"), "{error}"),
    }
    if let Err(error) = Exceptions::parse(path, text) {
        assert!(error.to_string().contains("baseline.yaml"), "{error}");
    }
}
