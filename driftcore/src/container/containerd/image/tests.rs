use super::*;
use crate::container::bolt::tests::REAL;
use crate::container::containerd::metadata;
use crate::container::containerd::metadata::tests::root;

const INDEX: &[u8] = include_bytes!("../../../../testdata/containerd/index.json");
const MANIFEST: &[u8] = include_bytes!("../../../../testdata/containerd/manifest.json");
const CONFIG: &[u8] = include_bytes!("../../../../testdata/containerd/config.json");
const STORE: &str = "io.containerd.content.v1.content/blobs/sha256";

/// A root directory with the database and content that containerd made of one image.
struct Host {
    dir: tempfile::TempDir,
    root: StateDir,
    record: Record,
}

impl Host {
    fn new(blobs: &[&[u8]]) -> Self {
        let (dir, root) = root(REAL);
        let record = metadata::look_up(&root, "default", "web").unwrap().unwrap().unwrap();
        let host = Self { dir, root, record };
        for blob in blobs {
            host.put(&sha256(blob), blob);
        }
        host
    }

    fn put(&self, digest: &str, bytes: &[u8]) {
        let store = self.dir.path().join("lib").join(STORE);
        std::fs::create_dir_all(&store).unwrap();
        std::fs::write(store.join(&digest[7..]), bytes).unwrap();
    }

    fn target(mut self, bytes: &[u8], media_type: &str) -> Self {
        self.put(&sha256(bytes), bytes);
        self.record.target = Some(Target { digest: sha256(bytes), media_type: media_type.into() });
        self
    }

    /// Manifest digest, config digest and the problem.
    fn identify(&self) -> (Option<String>, Option<String>, String) {
        let mut found = Found::new("web", "containerd");
        identify(&self.root, &self.record, &mut found);
        let container = found.container;
        (container.image_digest, container.image_id, found.problems.join("; "))
    }

    fn assert_proved(&self) {
        let proved = (Some(sha256(MANIFEST)), Some(sha256(CONFIG)), String::new());
        assert_eq!(self.identify(), proved);
    }

    fn assert_unknown(&self, why: &str) {
        let (digest, id, problem) = self.identify();
        assert_eq!((digest, id), (None, None), "{problem}");
        assert!(problem.contains(why), "{problem}");
    }
}

fn index(digests: &[String]) -> Vec<u8> {
    let entry = |digest: &String| format!(r#"{{"digest":"{digest}","mediaType":""}}"#);
    let entries: Vec<String> = digests.iter().map(entry).collect();
    format!(r#"{{"manifests":[{}]}}"#, entries.join(",")).into_bytes()
}

#[test]
fn an_index_is_resolved_to_the_manifest_that_has_the_containers_layers() {
    Host::new(&[INDEX, MANIFEST, CONFIG]).assert_proved();
    Host::new(&[CONFIG]).target(MANIFEST, "").assert_proved();
    // Other platforms: one that was not pulled, one with other layers, one damaged.
    let other = br#"{"rootfs":{"diff_ids":["sha256:00"]}}"#;
    let other_manifest = format!(r#"{{"config":{{"digest":"{}"}}}}"#, sha256(other));
    let digests = [sha256(b"absent"), sha256(other_manifest.as_bytes()), "sha512:0".into()];
    let list = index(&[&digests[..], &[sha256(MANIFEST)]].concat());
    Host::new(&[MANIFEST, CONFIG, other, other_manifest.as_bytes()])
        .target(&list, INDEX_TYPES[1])
        .assert_proved();
    let list = index(&digests[..2]);
    Host::new(&[other, other_manifest.as_bytes()])
        .target(&list, INDEX_TYPES[0])
        .assert_unknown("has other layers");
}

#[test]
fn a_name_that_was_moved_proves_nothing() {
    let config = br#"{"rootfs":{"diff_ids":["sha256:00","sha256:11"]}}"#;
    let manifest = format!(r#"{{"config":{{"digest":"{}"}}}}"#, sha256(config));
    Host::new(&[config]).target(manifest.as_bytes(), "").assert_unknown("has other layers");
    let mut host = Host::new(&[INDEX, MANIFEST, CONFIG]);
    host.record.chain = None;
    host.assert_unknown("its snapshot has no record");
    host.record.target = None;
    host.assert_unknown("its image has no record");
}

#[test]
fn an_image_without_layers_proves_nothing() {
    let config = br#"{"rootfs":{"diff_ids":[]}}"#;
    let manifest = format!(r#"{{"config":{{"digest":"{}"}}}}"#, sha256(config));
    let mut host = Host::new(&[config]).target(manifest.as_bytes(), "");
    host.record.chain = Some(String::new());
    host.assert_unknown("has other layers");
}

#[test]
fn content_counts_only_with_its_digest() {
    let host = Host::new(&[INDEX, MANIFEST]);
    host.assert_unknown("has other layers");
    for (digest, why) in
        [(sha256(CONFIG), "has another digest"), (sha256(INDEX), "has another digest")]
    {
        let host = Host::new(&[INDEX, MANIFEST, CONFIG]);
        host.put(&digest, b"{}");
        host.assert_unknown(why);
    }
    Host::new(&[]).assert_unknown("is not in the content store");
    Host::new(&[]).target(b"[", "").assert_unknown("EOF");
    let mut host = Host::new(&[]);
    for digest in ["sha256:../../../meta", "sha512:00", "", &"sha256:A".repeat(9)] {
        host.record.target = Some(Target { digest: digest.into(), media_type: String::new() });
        host.assert_unknown("is not a SHA-256 digest");
    }
}

#[test]
fn two_manifests_of_the_same_layers_are_not_told_apart() {
    let again = [MANIFEST, b"\n"].concat();
    let list = index(&[sha256(MANIFEST), sha256(&again)]);
    Host::new(&[MANIFEST, &again, CONFIG])
        .target(&list, INDEX_TYPES[0])
        .assert_unknown("several manifests");
}

#[test]
fn indexes_without_end_are_not_followed() {
    let digests: Vec<String> = (0..200u8).map(|byte| sha256(&[byte])).collect();
    Host::new(&[]).target(&index(&digests), INDEX_TYPES[0]).assert_unknown("more than 128");
}

#[test]
fn chain_ids_are_those_of_the_specification() {
    let layers: Vec<String> = ["sha256:a", "sha256:b"].map(str::to_owned).into();
    assert_eq!(chain_id(&layers[..1]).unwrap(), "sha256:a");
    assert_eq!(chain_id(&layers).unwrap(), sha256(b"sha256:a sha256:b"));
    assert_eq!(
        sha256(b"abc"),
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}
