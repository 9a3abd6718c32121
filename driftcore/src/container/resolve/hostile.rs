//! Runtime state of arbitrary bytes: an answer, never a panic.

use proptest::prelude::*;

use super::*;
use crate::container::bolt::tests::REAL;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const MANIFEST: &str = "523d4682ca863d7e173b54ce941c0327367ba9fa82f72a361d16f35192325de2";
const STORE: &str = "var/lib/containerd/io.containerd.content.v1.content/blobs/sha256";

macro_rules! testdata {
    ($name:literal) => {
        include_bytes!(concat!("../../../testdata/containerd/", $name)).to_vec()
    };
}

/// The path of a file and what it holds, `<H>` standing for the host's root.
type StateFile = (String, Vec<u8>);

/// The state of one container of each runtime: its cgroup path and its files.
fn containers() -> [(String, Vec<StateFile>); 4] {
    let file =
        |path: &str, text: &str| (path.replace("<ID>", A), text.replace("<ID>", A).into_bytes());
    let docker = vec![
        file(
            "var/lib/docker/containers/<ID>/config.v2.json",
            r#"{"ID":"<ID>","Name":"/n","Driver":"overlay2","Image":"sha256:1","Created":
            "2026-11-24T00:46:30Z","State":{"Running":true,"StartedAt":"2026-11-24T00:46:31Z"},
            "Config":{"Image":"a:1","Labels":{"io.kubernetes.pod.name":"web-0"}}}"#,
        ),
        file(
            "var/lib/docker/image/overlay2/repositories.json",
            r#"{"Repositories":{"a":{"a:1":"sha256:1","a@sha256:2":"sha256:1"}}}"#,
        ),
        file("var/lib/docker/image/overlay2/layerdb/mounts/<ID>/mount-id", "m1"),
        file(
            "proc/self/mountinfo",
            "48 44 0:39 / <H>/var/lib/docker/overlay2/m1/merged rw - \
            overlay overlay rw,lowerdir=l/A:l/B,upperdir=m1/diff,workdir=m1/work\n",
        ),
    ];
    let task = "run/containerd/io.containerd.runtime.v2.task";
    let containerd = vec![
        file(&format!("{task}/default/web/config.json"), r#"{"annotations":{"a":"b"}}"#),
        ("var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db".into(), REAL.to_vec()),
        (
            format!("{STORE}/b682f7273f1f47be38b7f641df7d71670fc7a6ffc09409c9e271f2ee9e9db305"),
            testdata!("index.json"),
        ),
        (format!("{STORE}/{MANIFEST}"), testdata!("manifest.json")),
        (
            format!("{STORE}/4bac8dccad01e8b9d154054681b2d58ae28222cee8fac9468591b02e54379be0"),
            testdata!("config.json"),
        ),
    ];
    let cri = vec![
        file(
            &format!("{task}/k8s.io/<ID>/config.json"),
            r#"{"annotations":{"io.kubernetes.cri.container-name":"nginx",
            "io.kubernetes.cri.image-name":"nginx:1","io.kubernetes.cri.sandbox-name":"web-0"}}"#,
        ),
        file(
            "var/lib/containerd/io.containerd.grpc.v1.cri/containers/<ID>/status",
            r#"{"Version":"v1","StartedAt":5}"#,
        ),
    ];
    let crio = vec![
        file(
            "var/lib/containers/storage/overlay-containers/containers.json",
            r#"[{"id":"<ID>","names":["web"],"image":"cc","layer":"bb","created":
            "2026-01-01T00:00:00Z","metadata":"{\"image-name\":\"nginx:1\"}"}]"#,
        ),
        file(
            "var/lib/containers/storage/overlay-images/images.json",
            r#"[{"id":"cc","digest":"sha256:dd","names":[]}]"#,
        ),
        file(
            "var/lib/containers/storage/overlay-containers/<ID>/userdata/config.json",
            r#"{"annotations":{"io.container.manager":"cri-o",
            "io.kubernetes.cri-o.ImageName":"x:1","io.kubernetes.cri-o.Labels":"{\"a\":\"b\"}"}}"#,
        ),
        file(
            "var/lib/containers/storage/overlay-containers/<ID>/userdata/state.json",
            r#"{"started":"2026-01-01T00:00:01Z"}"#,
        ),
    ];
    [
        (format!("/docker/{A}"), docker),
        ("/default/web".into(), containerd),
        (format!("/kubepods.slice/cri-containerd-{A}.scope"), cri),
        (format!("/kubepods.slice/crio-{A}.scope"), crio),
    ]
}

fn resolve(cgroup: &str, files: &[StateFile]) -> Resolved {
    let host = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = host.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let mountinfo = host.path().join("proc/self/mountinfo");
    if let Ok(text) = std::fs::read_to_string(&mountinfo) {
        let placed = text.replace("<H>", host.path().to_str().unwrap());
        std::fs::write(mountinfo, placed).unwrap();
    }
    let roots = StateRoots {
        host: host.path().to_owned(),
        proc: host.path().join("proc"),
        ..StateRoots::default()
    };
    let query =
        Query { cgroup: cgroup.as_bytes(), pid: 9, mnt_namespace: 77, root_device: (0, 39) };
    Runtimes::new(roots).resolve(&query)
}

#[test]
fn the_undamaged_state_of_each_runtime_is_read() {
    for ((cgroup, files), runtime) in
        containers().into_iter().zip(["docker", "containerd", "containerd", "cri-o"])
    {
        let resolved = resolve(&cgroup, &files);
        assert_eq!(resolved.container.runtime, runtime, "{resolved:?}");
        assert!(resolved.container.image.is_some() && resolved.complete, "{resolved:?}");
        if cgroup == "/default/web" {
            let digest = resolved.container.image_digest.unwrap();
            assert_eq!(digest, format!("sha256:{MANIFEST}"));
        }
    }
}

/// What becomes of a file.
#[derive(Clone, Debug)]
enum Damage {
    Replace(Vec<u8>),
    Change(Vec<(prop::sample::Index, u8)>),
    Cut(prop::sample::Index),
    /// A piece is there twice.
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = || any::<prop::sample::Index>();
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\0-9".to_vec())];
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Damage::Replace),
        prop::collection::vec((index(), byte), 1..6).prop_map(Damage::Change),
        index().prop_map(Damage::Cut),
        (index(), index()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: Damage) {
    match damage {
        Damage::Replace(other) => *bytes = other,
        Damage::Change(changes) => {
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Damage::Repeat(from, to) => {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            bytes.extend_from_within(from.min(to)..from.max(to));
        }
    }
}

proptest! {
    #[test]
    fn damaged_state_gives_an_answer(
        which in 0usize..4,
        file in any::<prop::sample::Index>(),
        damage in damage(),
    ) {
        let (cgroup, mut files) = containers()[which].clone();
        let file = file.index(files.len());
        apply(&mut files[file].1, damage);
        let resolved = resolve(&cgroup, &files);
        let id = if cgroup.contains(A) { A } else { "web" };
        prop_assert!([id, "mnt-77"].contains(&resolved.container.id.as_str()));
        // What containerd's content proves is right or not told at all.
        if let (1, Some(digest)) = (which, &resolved.container.image_digest) {
            prop_assert_eq!(digest, &format!("sha256:{MANIFEST}"));
        }
    }
}
