use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::Behaviour;
use super::Suggestion;
use crate::container::Layers;
use crate::container::Stored;
use crate::event::Action;
use crate::event::Container;
use crate::event::ContainerDetails;
use crate::event::DriftEvent;
use crate::event::Evidence;
use crate::event::File;
use crate::event::Kind;
use crate::event::Network;
use crate::event::Process;
use crate::event::Protocol;
use crate::event::Provenance;
use crate::event::SystemCall;
use crate::event::Text;
use crate::event::Timestamp;
use crate::event::Verdict;
use crate::image::Tree;
use crate::posture::MeasureKind;
use crate::posture::read_pods;

fn event(kind: Kind, action: Action) -> DriftEvent {
    let mut event = DriftEvent::new(Timestamp::from_nanos(1), kind, action);
    event.process = Some(Process { pid: 7, uid: 1000, ..Process::default() });
    event
}

fn file(action: Action, path: &[u8], verdict: Verdict) -> DriftEvent {
    let mut event = event(Kind::File, action);
    event.file = Some(File { path: Text::from(path), ..File::default() });
    event.provenance = Some(Provenance::new(verdict, Evidence::Kernel, "test"));
    event
}

fn suggest(events: &[DriftEvent], image: Option<&Tree>) -> Suggestion {
    let mut behaviour = Behaviour::new();
    for event in events {
        behaviour.event(event);
    }
    behaviour.suggest(image)
}

fn directories(suggestion: &Suggestion) -> Vec<String> {
    let one = |it: &super::WrittenDirectory| {
        let hides = it.hides.map_or("?".to_owned(), |count| count.to_string());
        format!("{} {} {hides}", it.path.to_json_str(), it.operations)
    };
    suggestion.directories.iter().map(one).collect()
}

fn written(paths: &[&str], image: Option<&Tree>) -> Vec<String> {
    let events: Vec<_> =
        paths.iter().map(|it| file(Action::Create, it.as_bytes(), Verdict::Added)).collect();
    directories(&suggest(&events, image))
}

#[test]
fn as_few_directories_as_hold_all() {
    assert_eq!(
        written(&["/tmp/a", "/tmp/b/c", "/tmp/b/d/e", "/tmp-b/x", "/var/log/x"], None),
        ["/tmp 3 ?", "/tmp-b 1 ?", "/var/log 1 ?"]
    );
    assert_eq!(written(&["relative", ""], None), [""; 0]);
}

#[test]
fn directories_are_chosen_so_that_nothing_of_the_image_is_hidden() {
    let root = tempfile::tempdir().unwrap();
    for directory in ["tmp", "etc/app", "var/lib/empty", "var/cache/apk"] {
        fs::create_dir_all(root.path().join(directory)).unwrap();
    }
    fs::write(root.path().join("etc/app/conf"), "x").unwrap();
    let image = Tree::root(root.path()).unwrap();
    let image = Some(&image);
    // The topmost in which the image has nothing, or which it has not.
    assert_eq!(written(&["/tmp/a/b/c"], image), ["/tmp 1 0"]);
    assert_eq!(
        written(&["/var/lib/empty/x", "/var/new/a/b"], image),
        ["/var/lib/empty 1 0", "/var/new 1 0"]
    );
    // No way around it.
    assert_eq!(written(&["/etc/app/conf", "/etc/app/new/x"], image), ["/etc/app 2 1"]);
    assert_eq!(written(&["/etc/other"], image), ["/etc 1 1"]);
}

#[test]
fn what_the_container_made_itself_is_mounted_as_a_whole_where_the_image_is_not_at_hand() {
    let mut behaviour = Behaviour::new();
    behaviour.made(b"/srv/new");
    behaviour.made(b"/srv/new/deep");
    behaviour.wrote(b"/srv/new/deep/file", false);
    assert_eq!(directories(&behaviour.suggest(None)), ["/srv/new 1 ?"]);
}

#[test]
fn only_what_was_written_to_the_root_filesystem_counts() {
    let events = [
        file(Action::Read, b"/etc/passwd", Verdict::Image),
        file(Action::Create, b"/run/x", Verdict::Tmpfs),
        file(Action::Modify, b"/data/x", Verdict::Volume),
        file(Action::Modify, b"/etc/conf", Verdict::Modified),
        file(Action::Delete, b"/opt/x", Verdict::Unknown),
    ];
    assert_eq!(directories(&suggest(&events, None)), ["/etc 1 1", "/opt 1 ?"]);
    let mut rename = file(Action::Rename, b"/b/new", Verdict::Added);
    rename.file.as_mut().unwrap().old_path = Some(Text::from("/a/old"));
    let mut link = file(Action::Link, b"/c/new", Verdict::Added);
    link.file.as_mut().unwrap().old_path = Some(Text::from("/d/target"));
    assert_eq!(directories(&suggest(&[rename, link], None)), ["/a 1 ?", "/b 1 ?", "/c 1 ?"]);
}

#[test]
fn what_was_needed_is_told_with_the_reason() {
    let mut listen = event(Kind::Network, Action::Listen);
    listen.network = Some(Network {
        protocol: Protocol::Tcp,
        local: Text::from("[::]:80"),
        remote: None,
        result: "ok".to_owned(),
        dual: false,
        auto_port: false,
    });
    let mut high = listen.clone();
    high.network.as_mut().unwrap().local = Text::from("0.0.0.0:8080");
    let mut mount = event(Kind::Syscall, Action::Call);
    mount.call =
        Some(SystemCall { name: "mount".to_owned(), result: "ok".to_owned(), args: Vec::new() });
    let mut failed = mount.clone();
    failed.call =
        Some(SystemCall { name: "chroot".into(), result: "EPERM".into(), args: Vec::new() });
    let mut sudo = event(Kind::Binary, Action::Exec);
    sudo.file =
        Some(File { path: Text::from("/bin/su"), mode: "4755".to_owned(), ..File::default() });

    let found = suggest(&[high.clone(), failed.clone()], None);
    assert_eq!(found.capabilities, []);
    assert_eq!((found.user(), &found.set_user_id), (Some(1000), &None));
    let found = suggest(&[listen, high, mount, failed, sudo], None);
    let names: Vec<_> = found.capabilities.iter().map(|it| (it.name, it.why.as_str())).collect();
    assert_eq!(names, [("NET_BIND_SERVICE", "it took port 80"), ("SYS_ADMIN", "it called mount")]);
    let yaml = found.to_string();
    assert!(yaml.contains("      - SYS_ADMIN # it called mount\n"), "{yaml}");
    assert!(yaml.contains("# allowPrivilegeEscalation: false would take its rights from /bin/su"));
    assert!(!yaml.contains("no-new-privileges"));
}

#[test]
fn what_is_written_into_the_root_itself_cannot_be_mounted() {
    let found = suggest(&[file(Action::Create, b"/x", Verdict::Added)], None);
    assert!(!found.is_root_read_only() && found.directories.is_empty());
    let yaml = found.to_string();
    assert!(
        yaml.contains("# readOnlyRootFilesystem: true is not possible: it wrote /x into"),
        "{yaml}"
    );
    assert!(!found.docker_options().contains(&"--read-only".to_owned()));
}

#[test]
fn the_suggestion_is_yaml_to_be_pasted() {
    let events = [
        file(Action::Create, b"/tmp/a", Verdict::Added),
        file(Action::Create, b"/odd: \"x\" \xc3\xa4/a\n- b", Verdict::Added),
    ];
    let found = suggest(&events, None);
    let expected = r#"securityContext:
  readOnlyRootFilesystem: true # what it wrote is in the mounts below
  allowPrivilegeEscalation: false # no set-user-ID program was run
  runAsNonRoot: true # it ran as user 1000 alone
  runAsUser: 1000
  capabilities:
    drop: ["ALL"] # which it used is not known, but for those below
  seccompProfile:
    type: RuntimeDefault # refuses what no ordinary program calls
volumeMounts:
  # What the image has there is not known, and an emptyDir would hide it.
  - name: written-1
    mountPath: "/odd: \"x\" \U000000e4" # 1 time(s), e.g. /odd: "x" \u{e4}/a\n- b
  # What the image has there is not known, and an emptyDir would hide it.
  - name: written-2
    mountPath: /tmp # 1 time(s), e.g. /tmp/a
# And beside the pod's containers:
volumes:
  - name: written-1
    emptyDir: {}
  - name: written-2
    emptyDir: {}
# The same with Docker: docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --user 1000 IMAGE
"#;
    assert_eq!(found.to_string(), expected);
    #[cfg(feature = "digest")]
    {
        let read: serde_json::Value = serde_saphyr::from_str(expected).unwrap();
        assert_eq!(read["volumeMounts"][0]["mountPath"], "/odd: \"x\" ä");
        assert_eq!(read["securityContext"]["capabilities"]["drop"][0], "ALL");
        assert_eq!(read["volumes"][1]["name"], "written-2");
    }
    let mut behaviour = Behaviour::new();
    behaviour.user(0);
    let nothing = behaviour.suggest(None).to_string();
    assert!(nothing.starts_with("# By what is in the upper layer alone"), "{nothing}");
    assert!(nothing.contains("readOnlyRootFilesystem: true # it wrote nothing"), "{nothing}");
    assert!(nothing.contains("# runAsNonRoot: true once it does without root"), "{nothing}");
}

#[test]
fn of_a_container_the_upper_layer_and_its_user_count_beside_events() {
    let root = tempfile::tempdir().unwrap();
    let (upper, lower) = (root.path().join("upper"), root.path().join("lower"));
    fs::create_dir_all(upper.join("var/lib/app")).unwrap();
    fs::create_dir_all(lower.join("var/lib/app")).unwrap();
    fs::create_dir_all(lower.join("srv")).unwrap();
    fs::write(upper.join("var/lib/app/db"), "x").unwrap();
    let mut posture = None;
    let pod =
        r#"{"spec": {"containers": [{"name": "a", "securityContext": {"runAsUser": 1000}}]}}"#;
    read_pods(Path::new("pod"), pod.as_bytes(), |it| posture = Some(it)).unwrap();
    let mut posture = posture.unwrap();
    for measure in &mut posture.containers[0].measures {
        if measure.kind == MeasureKind::RunAsNonRoot {
            measure.value = Some("33".to_owned());
        }
    }
    let mut stored = Stored {
        container: Container::default(),
        details: ContainerDetails::default(),
        root: None,
        layers: Some(Layers { upper, lowers: vec![lower], user_xattrs: false }),
        problems: Vec::new(),
    };
    let mut behaviour = Behaviour::new();
    behaviour.event(&file(Action::Create, b"/srv/gone", Verdict::Added));
    for _ in 0..2 {
        let found = behaviour.suggest_for(&stored, &posture).unwrap();
        assert_eq!(directories(&found), ["/srv 1 0", "/var/lib/app 1 0"]);
        assert_eq!((found.users.as_slice(), found.problems.len()), (&[33, 1000][..], 0));
        assert!(found.by_events);
        assert_eq!(found.to_json()["yaml"], found.to_string());
    }
    // Events alone, where there is no more.
    assert_eq!(directories(&behaviour.suggest(None)), ["/srv 1 ?"]);
    stored.layers = None;
    let found = behaviour.suggest_for(&stored, &posture).unwrap();
    assert_eq!(directories(&found), ["/srv 1 ?"]);
    assert!(found.problems[0].starts_with("its root is no overlay"), "{:?}", found.problems);
}

proptest! {
    /// Whatever was written lies in a directory that is mounted, or in the root itself.
    #[test]
    fn nothing_that_was_written_is_left_out(
        paths in prop::collection::vec(prop::collection::vec("[a-c]{1,2}", 1..5), 0..12),
        existing in prop::collection::vec(prop::collection::vec("[a-c]{1,2}", 1..4), 0..6),
        has_image in any::<bool>(),
    ) {
        let root = tempfile::tempdir().unwrap();
        for path in &existing {
            fs::create_dir_all(root.path().join(path.join("/"))).unwrap();
        }
        let image = has_image.then(|| Tree::root(root.path()).unwrap());
        let paths: Vec<String> = paths.iter().map(|path| format!("/{}", path.join("/"))).collect();
        let events: Vec<_> =
            paths.iter().map(|it| file(Action::Create, it.as_bytes(), Verdict::Added)).collect();
        let found = suggest(&events, image.as_ref());
        for path in &paths {
            let held = |it: &super::WrittenDirectory| {
                Path::new(path).starts_with(it.path.as_path()) && it.path.as_str() != Some(path)
            };
            let is_held = found.directories.iter().any(held)
                || found.root_file.is_some() && path.matches('/').count() == 1
                // A file where another event has a directory: the directory is mounted.
                || found.directories.iter().any(|it| it.path.as_str() == Some(path));
            prop_assert!(is_held, "{} in {:?}", path, found.directories);
        }
        for (index, one) in found.directories.iter().enumerate() {
            for other in &found.directories[index + 1..] {
                let nested = one.path.as_path().starts_with(other.path.as_path())
                    || other.path.as_path().starts_with(one.path.as_path());
                prop_assert!(!nested, "{:?} {:?}", one, other);
            }
        }
        let _ = found.to_string();
    }
}
