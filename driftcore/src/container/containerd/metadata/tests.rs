use std::path::Path;

use super::*;
use crate::container::bolt::tests::REAL;
use crate::container::roots::StateRoots;

/// A root directory with a database.
pub(in crate::container::containerd) fn root(database: &[u8]) -> (tempfile::TempDir, StateDir) {
    let host = tempfile::tempdir().unwrap();
    let file = host.path().join("lib").join(FILE);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, database).unwrap();
    let roots = StateRoots { host: host.path().to_owned(), ..StateRoots::default() };
    let root = StateDir::open(&roots, Path::new("/lib")).unwrap().unwrap();
    (host, root)
}

#[test]
fn a_container_is_read_with_its_image_and_layers() {
    let (_host, root) = root(REAL);
    let record = look_up(&root, "default", "web").unwrap().unwrap().unwrap();
    assert_eq!(record.image.as_deref(), Some("example.test/x:1"));
    assert_eq!(record.labels["from"], "image");
    assert_eq!(record.labels["my"], "label");
    // What `ctr containers info` said.
    assert_eq!(record.created_at, Timestamp::parse("2026-11-24T01:47:38.244175036Z"));
    let target = record.target.unwrap();
    assert_eq!(target.media_type, "application/vnd.oci.image.index.v1+json");
    assert_eq!(
        target.digest,
        "sha256:b682f7273f1f47be38b7f641df7d71670fc7a6ffc09409c9e271f2ee9e9db305"
    );
    assert_eq!(
        record.chain.unwrap(),
        "sha256:fe0f204e31cf25c589b06783923f1173f549fea23282174f51722dca1cea5e40"
    );
}

#[test]
fn no_database_no_container_and_a_damaged_database_are_told_apart() {
    let (host, whole) = root(REAL);
    assert_eq!(look_up(&whole, "default", "other"), Ok(Some(None)));
    assert_eq!(look_up(&whole, "k8s.io", "web"), Ok(Some(None)));
    std::fs::remove_file(host.path().join("lib").join(FILE)).unwrap();
    assert_eq!(look_up(&whole, "default", "web"), Ok(None));
    let (_host, cut) = root(&REAL[..4096 * 4]);
    let error = look_up(&cut, "default", "web").unwrap_err();
    assert!(error.contains(FILE) && error.contains("cannot read"), "{error}");
}

#[test]
fn times_of_go_are_read_in_both_versions() {
    let mut bytes = vec![1];
    bytes.extend((GO_EPOCH + 5).to_be_bytes());
    bytes.extend(7u32.to_be_bytes());
    bytes.extend([0xff, 0xff]);
    assert_eq!(go_time(&bytes), Some(Timestamp::from_nanos(5_000_000_007)));
    assert_eq!(go_time(&bytes[..14]), None);
    bytes.push(30);
    assert_eq!(go_time(&bytes), None);
    bytes[0] = 2;
    assert_eq!(go_time(&bytes), Some(Timestamp::from_nanos(5_000_000_007)));
    bytes[9] = 0xff;
    assert_eq!(go_time(&bytes), None, "more nanoseconds than a second has");
    assert_eq!(go_time(&[1; 15]), None, "beyond the years that we can name");
    assert_eq!(go_time(&[]), None);
}
