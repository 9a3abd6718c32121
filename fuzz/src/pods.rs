//! Pods, and what was approved for them.

use std::path::Path;

use driftcore::config::Declared;
use driftcore::config::Live;
use driftcore::config::compare;
use driftcore::digest::Approved;
use driftcore::digest::Blobs;
use driftcore::digest::Verifier;
use driftcore::event::Container;

const PODS: &str = "pods.json";

/// Takes bytes as pods, for each of their readers.
pub fn pods(bytes: &[u8]) {
    let path = Path::new(PODS);
    let verifier = Verifier::new(Approved::new(), Blobs::default());
    let digests = driftcore::digest::read_pods(path, bytes, |running| {
        assert!(!verifier.check(&running).reason.is_empty());
    });
    let postures = driftcore::posture::read_pods(path, bytes, |posture| {
        for container in &posture.containers {
            assert!(
                container.level >= posture.level,
                "a pod meets what each of its containers does"
            );
        }
    });
    if let (Ok(one), Ok(other)) = (&digests, &postures) {
        assert_eq!(one, other, "the same pods");
    }
    let container = Container {
        name: Some("app".to_owned()),
        pod: Some("web".to_owned()),
        ..Container::default()
    };
    let mut declared = Declared::default();
    match declared.take_pods(&container, path, bytes) {
        Ok(_) => drop(compare(&declared, &Live::default())),
        Err(error) => assert!(error.to_string().starts_with(PODS), "{error}"),
    }
}

/// Takes bytes as manifests, or a list, of what was approved.
pub fn approved(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for path in ["approved.yaml", "approved.json", "approved.txt"] {
        let mut approved = Approved::new();
        match approved.add(Path::new(path), text) {
            Ok(()) => {}
            Err(error) => assert!(error.to_string().starts_with(path), "{error}"),
        }
    }
}
