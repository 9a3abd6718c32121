//! Pods in the shapes in which versions of Kubernetes print them, as each reader of pods takes them.
#![cfg(feature = "digest")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use driftcore::config::Declared;
use driftcore::config::Live;
use driftcore::config::compare;
use driftcore::digest::Approved;
use driftcore::digest::Blobs;
use driftcore::digest::ImageId;
use driftcore::digest::Verifier;
use driftcore::event::Container;

const FILES: [&str; 6] = [
    "1.24-list.json",
    "1.27-pod.json",
    "1.29-podlist.json",
    "1.31-pod.json",
    "1.33-list.json",
    "1.35-pod.json",
];

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/pods")
}

fn read(file: &str) -> Vec<u8> {
    fs::read(directory().join(file)).unwrap()
}

#[test]
fn images_of_all_containers_are_verified() {
    let mut approved = Approved::new();
    approved.read(&directory().join("approved.txt")).unwrap();
    let verifier = Verifier::new(approved, Blobs::default());
    let mut found = Vec::new();
    for file in FILES {
        let each = |running: driftcore::digest::Running| {
            let id = match &running.image_id {
                ImageId::None => "none",
                ImageId::Pulled { .. } => "pulled",
                ImageId::Config(_) => "config",
                _ => "other",
            };
            let pod = running.pod.clone().unwrap_or_default();
            let (role, answer) = (running.role.as_str(), verifier.check(&running).approval);
            found.push(format!("{pod} {} {role} {id} {answer}", running.name));
        };
        let count = driftcore::digest::read_pods(Path::new(file), &*read(file), each).unwrap();
        let pods = if matches!(file, "1.24-list.json" | "1.29-podlist.json") { 2 } else { 1 };
        assert_eq!((count.pods, count.others), (pods, 0), "{file}");
    }
    assert_eq!(
        found,
        [
            "web app main pulled approved",
            "local app main config unapproved",
            "api migrate init pulled mutable_tag",
            "api app main pulled approved",
            "api debugger-x2v4z ephemeral pulled mismatch",
            "mesh proxy sidecar pulled approved",
            "mesh app main config cannot_tell",
            "waiting app main none cannot_tell",
            "models app main config unapproved",
            "build cache sidecar pulled approved",
            "build fetch init pulled unapproved",
            // Whether it is a manifest of the index that was approved, only its content would tell.
            "build app main pulled mismatch",
            "train setup init config unapproved",
            "train app main pulled approved",
        ]
    );
}

#[test]
fn postures_are_those_of_the_standard() {
    let mut found = Vec::new();
    for file in FILES {
        let each = |posture: driftcore::posture::Posture| {
            let pod = posture.pod.clone().unwrap_or_default();
            found.push(format!("{pod} {}", posture.level.as_str()));
        };
        driftcore::posture::read_pods(Path::new(file), &*read(file), each).unwrap();
    }
    assert_eq!(
        found,
        [
            "web baseline",
            "local privileged",
            "api baseline",
            "mesh baseline",
            "waiting baseline",
            "models baseline",
            "build baseline",
            "train restricted",
        ]
    );
}

/// What a file says of a container: items without their parts that are not the pod's.
fn declared(file: &str, pod: &str, name: &str) -> Vec<(String, String)> {
    let container = Container {
        id: "0".repeat(64),
        name: Some(name.to_owned()),
        pod: Some(pod.to_owned()),
        namespace: Some("shop".to_owned()),
        ..Container::default()
    };
    let mut declared = Declared::default();
    assert!(declared.take_pods(&container, Path::new(file), &*read(file)).unwrap(), "{pod}/{name}");
    let comparison = compare(&declared, &Live::default());
    let items = comparison.items.iter().filter_map(|item| {
        let name = item.name.to_string().strip_prefix("pod:")?.to_owned();
        Some((name, item.declared.as_ref()?.to_string()))
    });
    items.collect()
}

#[test]
fn what_pods_declare_is_read_from_each_shape() {
    for (file, pod, name, items) in [
        (
            "1.24-list.json",
            "web",
            "app",
            &[
                ("appArmorProfile", "RuntimeDefault"),
                ("runAsUser", "101"),
                ("seccompProfile.type", "RuntimeDefault"),
                ("volumeMounts./var/run/secrets/kubernetes.io/serviceaccount", "ro"),
            ][..],
        ),
        (
            "1.27-pod.json",
            "api",
            "app",
            &[
                ("allowPrivilegeEscalation", "false"),
                ("readOnlyRootFilesystem", "true"),
                ("runAsNonRoot", "true"),
                ("seccompProfile.type", "Localhost"),
            ],
        ),
        ("1.27-pod.json", "api", "debugger-x2v4z", &[("procMount", "Default")]),
        ("1.29-podlist.json", "mesh", "proxy", &[("procMount", "Default")]),
        ("1.29-podlist.json", "mesh", "app", &[("volumeMounts./data", "rw")]),
        (
            "1.31-pod.json",
            "models",
            "app",
            &[
                ("appArmorProfile", "k8s-models"),
                ("groups.2000", "there"),
                ("groups.3000", "there"),
                ("runAsUser", "1000"),
                ("volumeMounts./models", "ro"),
            ],
        ),
        ("1.33-list.json", "build", "app", &[("volumeMounts./toolchain", "ro")]),
        (
            "1.35-pod.json",
            "train",
            "app",
            &[("volumeDevices./dev/xvda", "there"), ("volumeMounts./certificates", "ro")],
        ),
    ] {
        let found = declared(file, pod, name);
        for (item, value) in items {
            let is = found.iter().find(|(name, _)| name == item).map(|(_, value)| value.as_str());
            assert_eq!(is, Some(*value), "{file} {pod}/{name} {item}: {found:?}");
        }
    }
    let has = |file: &str, pod: &str, item: &str| {
        declared(file, pod, "app").iter().any(|(name, _)| name == item)
    };
    assert!(!has("1.33-list.json", "build", "procMount"), "it is to be unmasked");
    assert!(has("1.24-list.json", "web", "command") && !has("1.31-pod.json", "models", "command"));
}

#[test]
fn a_file_that_is_cut_anywhere_is_an_error_at_its_place() {
    for file in FILES {
        let whole = read(file);
        for end in (1..whole.len() - 2).step_by(251) {
            let text = &whole[..end];
            let digests = driftcore::digest::read_pods(Path::new(file), text, |_| ()).unwrap_err();
            let postures =
                driftcore::posture::read_pods(Path::new(file), text, |_| ()).unwrap_err();
            let mut declared = Declared::default();
            let configs =
                declared.take_pods(&Container::default(), Path::new(file), text).unwrap_err();
            for error in [digests.to_string(), postures.to_string(), configs.to_string()] {
                assert!(error.contains(&format!("{file}:")), "{error}");
            }
        }
    }
}
