//! What Docker's files no longer say.

use super::*;

fn told(declared: &Declared, live: &Live) -> Vec<(String, String, String)> {
    let text = |text: &Option<Text>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    let comparison = compare(declared, live);
    let items = comparison.items.iter().filter(|it| it.differs);
    items.map(|it| (it.name.to_string(), text(&it.declared), text(&it.live))).collect()
}

fn item(name: &str, bundle: &str, file: &str) -> (String, String, String) {
    (format!("hostconfig.json:{name}"), bundle.into(), file.into())
}

#[test]
fn capabilities_that_the_file_gives_no_longer_or_again_differ() {
    let (mut declared, live) = pair();
    // The container has these two alone.
    host(&mut declared).cap_drop = vec!["NET_RAW".into()];
    let found = told(&declared, &live);
    assert_eq!(found.len(), 11, "{found:?}");
    assert!(found.contains(&item("CapDrop.SETUID", "dropped", "not dropped")), "{found:?}");
    assert!(!found.iter().any(|(name, ..)| name.ends_with("NET_RAW")), "{found:?}");

    let (mut declared, live) = pair();
    declared.runc = None;
    let sets = declared.bundle.process.capabilities.as_mut().unwrap();
    sets.bounding.push("CAP_SYS_ADMIN".into());
    host(&mut declared).cap_add.push("CAP_SYS_ADMIN".into());
    assert_eq!(told(&declared, &live), []);
    host(&mut declared).cap_add.pop();
    assert_eq!(
        told(&declared, &live),
        [
            item("CapDrop.ALL", "not dropped", "dropped"),
            item("CapAdd.SYS_ADMIN", "added", "not added"),
        ]
    );
}

#[test]
fn of_a_privileged_container_all_else_follows() {
    let (mut declared, live) = pair();
    host(&mut declared).cap_drop.clear();
    host(&mut declared).privileged = true;
    assert_eq!(told(&declared, &live), [item("Privileged", "false", "true")]);
    // As Docker starts one.
    let linux = &mut declared.bundle.linux;
    linux.resources.devices = Some(serde_json::from_str(r#"[{"allow": true}]"#).unwrap());
    linux.masked_paths.clear();
    linux.seccomp = false;
    declared.runc = None;
    let of_docker = |declared: &Declared| {
        let mut found = told(declared, &live);
        found.retain(|(name, ..)| name.contains(".json:"));
        found
    };
    assert_eq!(of_docker(&declared), []);
    host(&mut declared).privileged = false;
    assert_eq!(of_docker(&declared), [item("Privileged", "true", "false")]);
    // Rootless, the bundle says nothing of devices.
    declared.bundle.linux.resources.devices = None;
    let sets = declared.bundle.process.capabilities.as_mut().unwrap();
    sets.bounding = crate::config::compare::capabilities::NAMES.map(str::to_owned).into();
    assert_eq!(of_docker(&declared), [item("Privileged", "true", "false")]);
}

#[test]
fn what_the_files_name_no_longer_differs() {
    let (mut declared, live) = pair();
    host(&mut declared).binds.remove(0);
    host(&mut declared).mounts.clear();
    host(&mut declared).tmpfs.clear();
    host(&mut declared).devices.clear();
    let found = told(&declared, &live);
    let expected = [
        item("Devices./dev/fuse", "rwm", "absent"),
        item("Binds./data", "/srv/data ro", "absent"),
        item("Binds./vol", "db rw", "absent"),
        item("Tmpfs./scratch", "tmpfs nosuid nodev noexec size=1048576", "absent"),
    ];
    assert_eq!(found, expected);
    // A runtime, or who finds devices, may have put them there.
    for change in [
        (|host| host.runtime = "nvidia".into()) as fn(&mut crate::config::declared::DockerHost),
        |host| host.device_requests = serde_json::from_str("[{}]").unwrap(),
    ] {
        let mut other = declared.clone();
        change(host(&mut other));
        assert_eq!(told(&other, &live), []);
    }
    host(&mut declared).volumes_from.push("web".into());
    let found = told(&declared, &live);
    assert!(found.iter().all(|(name, ..)| !name.contains("hostconfig.json:Binds")), "{found:?}");
}

#[test]
fn a_device_rule_that_is_written_otherwise_or_gone() {
    let (mut declared, live) = pair();
    let rule = r#"{"allow": true, "type": "b", "major": 8, "access": "rwm"}"#;
    let rules = declared.bundle.linux.resources.devices.as_mut().unwrap();
    rules.push(serde_json::from_str(rule).unwrap());
    host(&mut declared).device_cgroup_rules.push("b 8:* mrw".into());
    assert_eq!(told(&declared, &live), []);
    host(&mut declared).device_cgroup_rules.clear();
    let gone = [item("DeviceCgroupRules.b 8:* rwm", "allowed", "absent")];
    assert_eq!(told(&declared, &live), gone);
    host(&mut declared).device_cgroup_rules.push("b 8:* rwm".into());
    host(&mut declared).devices[0].cgroup_permissions = "r".into();
    assert_eq!(told(&declared, &live), [item("Devices./dev/fuse", "rwm", "r")]);
}

#[test]
fn labels_of_selinux_are_compared_by_their_parts() {
    let (mut declared, live) = pair();
    declared.runc = None;
    declared.bundle.process.selinux_label =
        Some("system_u:system_r:container_t:s0:c1,c2".to_owned());
    let told = |declared: &Declared| {
        let mut found = told(declared, &live);
        found.retain(|(name, ..)| name.contains("SecurityOpt"));
        found
    };
    let options = &mut host(&mut declared).security_opt;
    options.extend(["label=type:container_t".to_owned(), "label=level:s0:c1,c2".to_owned()]);
    assert_eq!(told(&declared), []);
    host(&mut declared).security_opt[1] = "label=type:spc_t".into();
    assert_eq!(told(&declared), [item("SecurityOpt.label.type", "container_t", "spc_t")]);
    host(&mut declared).security_opt = vec!["label:disable".into(), "seccomp={}".into()];
    let label = "system_u:system_r:container_t:s0:c1,c2";
    assert_eq!(told(&declared), [item("SecurityOpt.label", label, "disable")]);
    declared.bundle.linux.seccomp = false;
    assert_eq!(told(&declared)[0], item("SecurityOpt.seccomp", "unconfined", "filter"));
}

#[test]
fn what_nothing_else_tells_differs_from_the_first_reading() {
    use crate::container::Document;

    let docker = |config: &str, host: &str| {
        let document = |text: &str| Document::in_memory("x", text.as_bytes());
        let mut problems = Vec::new();
        let docker = Docker::read(Some(&document(config)), Some(&document(host)), &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        docker.unwrap()
    };
    let (mut declared, live) = pair();
    let first = docker(CONFIG, HOST);
    assert!(first.is_of_running());
    declared.first = Some(std::sync::Arc::clone(&first.members));
    declared.docker = Some(first);
    assert_eq!(told(&declared, &live), []);
    // What the bundle tells of is told once, and what it does not all the same.
    let host = HOST.replace(
        "\"PidsLimit\": 50",
        "\"PidsLimit\": 60, \"RestartPolicy\": {\"Name\": \"always\"}",
    );
    let host = host.replace("[\"no-new-privileges\"]", "[]");
    let config =
        CONFIG.replace("\"AppArmorProfile\"", "\"Image\": \"sha256:1\", \"AppArmorProfile\"");
    declared.docker = Some(docker(&config, &host));
    let found: Vec<_> = told(&declared, &live).into_iter().map(|it| it.0).collect();
    let expected = [
        "hostconfig.json:PidsLimit",
        "hostconfig.json:SecurityOpt",
        "config.v2.json:Image",
        "hostconfig.json:RestartPolicy",
    ];
    assert_eq!(found, expected);
    // A file that cannot be read says nothing.
    declared.docker.as_mut().unwrap().host = None;
    assert_eq!(told(&declared, &live), []);
    assert!(!docker(r#"{"State": {"Pid": 0}}"#, "{}").is_of_running());
}
