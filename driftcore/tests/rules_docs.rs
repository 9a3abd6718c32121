//! docs/rules.md names every shipped rule, and its examples except what they say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use driftcore::fields::FlatEvent;
use driftcore::matcher::Scratch;
use driftcore::rules::Limits;
use driftcore::rules::RuleSet;
use driftcore::rules::SHIPPED_NAME;
use driftcore::rules::SHIPPED_RULES;
use driftcore::rules::SetOptions;
use driftcore::rules::Sources;
use driftcore::rules::Status;
use driftcore::rules::load;

const DOCS: &str = include_str!("../../docs/rules.md");

/// Of each shipped rule, an event that its example excepts.
const EXCEPTED: [(&str, &str); 22] = [
    (
        "New Binary Executed in Container",
        r#""drift.verdict": "added", "container.image.repository": "registry.example/builder",
           "file.path": "/home/builder/target/debug/app""#,
    ),
    (
        "Modified Image Binary Executed in Container",
        r#""drift.verdict": "modified", "container.image.repository": "registry.example/agent",
           "file.path": "/opt/agent/bin/agentd""#,
    ),
    (
        "Replaced Image Binary Executed in Container",
        r#""drift.verdict": "replaced", "file.sha256":
           "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#,
    ),
    (
        "Memory File Executed in Container",
        r#""drift.verdict": "memfd", "container.image.repository": "registry.example/launcher""#,
    ),
    (
        "Deleted Binary Executed in Container",
        r#""drift.verdict": "deleted", "container.image.repository": "registry.example/installer""#,
    ),
    (
        "Binary on Tmpfs Executed in Container",
        r#""drift.verdict": "tmpfs", "container.image.repository": "registry.example/appimage",
           "file.path": "/tmp/.mount_x/AppRun""#,
    ),
    (
        "Binary on Volume Executed in Container",
        r#""drift.verdict": "volume", "container.image.repository": "registry.example/ci-runner",
           "file.path": "/builds/a/out""#,
    ),
    (
        "Unproved Binary Executed in Container",
        r#""drift.verdict": "unknown", "file.path": "/opt/models/serve",
           "container.image.repository": "registry.example/model-server""#,
    ),
    (
        "Program outside the Baseline Executed in Container",
        r#""drift.verdict": "image", "drift.detected": true, "file.path": "/usr/bin/health-check",
           "container.image.repository": "registry.example/web""#,
    ),
    (
        "New Library Loaded in Container",
        r#""drift.action": "library", "drift.verdict": "added", "file.path": "/tmp/jna-1/libx.so",
           "container.image.repository": "registry.example/java-service""#,
    ),
    (
        "New Script Run in Container",
        r#""drift.action": "script", "drift.verdict": "added",
           "container.image.repository": "registry.example/web",
           "file.path": "/usr/lib/python3.11/__pycache__/os.cpython-311.pyc""#,
    ),
    (
        "Unproved Code Loaded in Container",
        r#""drift.action": "library", "drift.verdict": "unknown",
           "container.image.repository": "registry.example/model-server",
           "file.path": "/opt/models/libserve.so""#,
    ),
    (
        "Terminal Shell in Container",
        r#""drift.verdict": "image", "proc.name": "nu", "proc.tty": 34816,
           "container.image.repository": "registry.example/toolbox""#,
    ),
    (
        "Package Manager in Container",
        r#""drift.verdict": "image", "proc.name": "pip", "proc.pname": "jupyter-lab",
           "container.image.repository": "registry.example/notebook""#,
    ),
    (
        "Process Started by Drifted Code in Container",
        r#""drift.verdict": "image", "drift.tainted": true, "proc.name": "cat", "proc.pname": "python3",
           "container.image.repository": "registry.example/notebook""#,
    ),
    (
        "Unexpected Listener in Container",
        r#""drift.kind": "network", "drift.detected": true, "drift.action": "listen",
           "fd.sport": 9100, "container.image.repository": "registry.example/metrics""#,
    ),
    (
        "Package Changed in Container",
        r#""drift.kind": "package", "drift.detected": true, "drift.action": "upgrade",
           "package.name": "ca-certificates", "container.image.repository": "registry.example/proxy""#,
    ),
    (
        "Secret Changed from Inside Container",
        r#""drift.kind": "config", "drift.detected": true, "drift.action": "secret", "config.origin": "inside",
           "config.item": "/etc/creds/token", "container.image.repository": "registry.example/vault-agent""#,
    ),
    (
        "Runtime Socket Mounted in Container",
        r#""drift.kind": "config", "drift.detected": true, "drift.action": "mount", "config.mark": "runtime_socket",
           "config.item": "/run/docker.sock", "container.image.repository": "registry.example/builder""#,
    ),
    (
        "Configuration Changed in Container",
        r#""drift.kind": "config", "drift.detected": true, "drift.action": "mount",
           "config.item": "/mnt/disk", "container.image.repository": "registry.example/storage""#,
    ),
    (
        "Code Injected by Environment in Container",
        r#""drift.kind": "config", "drift.detected": true, "drift.action": "environment",
           "config.item": "LD_PRELOAD", "config.live": "/usr/lib/libjemalloc.so", "config.mark": "code_injection",
           "container.image.repository": "registry.example/database""#,
    ),
    (
        "Unapproved Image in Container",
        r#""drift.kind": "digest", "drift.detected": true, "drift.action": "unapproved",
           "container.image.repository": "registry.example/scratch""#,
    ),
];

/// The examples, as one file.
fn examples() -> String {
    let blocks = DOCS.split("```yaml\n").skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0).collect()
}

fn set(user: &str) -> RuleSet {
    let mut sources = Sources::default();
    sources.add(SHIPPED_NAME, SHIPPED_RULES);
    sources.add("user.yaml", user);
    let loaded = load(&sources, &Limits::default());
    let (set, diagnostics) = RuleSet::new(loaded, &SetOptions::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    set.unwrap()
}

fn fired(set: &RuleSet, event: &FlatEvent) -> Vec<String> {
    let mut names = Vec::new();
    set.matches(event, &mut Scratch::default(), |rule| {
        names.push(set.rule(rule).unwrap().name.clone());
    });
    names
}

#[test]
fn every_shipped_rule_is_explained_and_its_example_excepts() {
    let shells = "- list: drift_shells\n  items: [nu]\n  override: {items: append}\n";
    let (shipped, excepted) = (set(shells), set(&examples()));
    assert_eq!(shipped.rules().len(), EXCEPTED.len());
    for (rule, (name, event)) in shipped.rules().iter().zip(EXCEPTED) {
        assert_eq!(rule.name, name);
        let section = DOCS.split(&format!("### {name}\n")).nth(1).expect("it has a section");
        let example = section.split("```yaml\n").nth(1).unwrap();
        assert!(example.starts_with(&format!("- rule: {name}\n")), "{name}");

        let call = match event {
            _ if name.contains("Listener") => "listen",
            _ if [r#""package""#, r#""config""#, r#""digest""#]
                .iter()
                .any(|it| event.contains(it)) =>
            {
                "asyncevent"
            }
            _ if event.contains(r#""script""#) => "openat",
            _ if event.contains(r#""library""#) => "mmap",
            _ => "execve",
        };
        let event = format!(r#"{{"evt.type": "{call}", "container.id": "3ad7b26ded6d", {event}}}"#);
        let event = FlatEvent::parse(&event).unwrap();
        assert_eq!(fired(&shipped, &event), [name]);
        assert!(fired(&excepted, &event).is_empty(), "{name}");
    }
}

/// What is off as it ships is listed, with what it finds.
#[test]
fn every_rule_that_is_off_is_named() {
    let off: Vec<String> = set("")
        .listings()
        .iter()
        .filter(|it| it.status == Status::Disabled)
        .map(|it| it.name.clone())
        .collect();
    assert!(off.len() >= 14, "{off:?}");
    for name in off {
        assert!(DOCS.contains(&format!("| {name} |")), "{name}");
    }
}

/// The shipped rules share exceptions by a YAML anchor; what is appended to one is that one's alone.
#[test]
fn an_exception_of_one_rule_is_not_one_of_its_siblings() {
    let header = SHIPPED_RULES.split("file of your own:\n#\n").nth(1).unwrap();
    let lines = header.lines().map_while(|line| line.strip_prefix("#   "));
    let example: Vec<&str> = lines.collect();
    assert!(example.len() > 5, "{example:?}");
    let set = set(&example.join("\n"));
    for (verdict, expected) in [("added", 0), ("modified", 1), ("tmpfs", 1)] {
        let event = format!(
            r#"{{"evt.type": "execve", "container.id": "3ad7b26ded6d", "drift.verdict": "{verdict}",
                "container.image.repository": "registry.example/builder",
                "file.path": "/usr/local/bin/plugin"}}"#
        );
        let event = FlatEvent::parse(&event).unwrap();
        assert_eq!(fired(&set, &event).len(), expected, "{verdict}");
    }
}
