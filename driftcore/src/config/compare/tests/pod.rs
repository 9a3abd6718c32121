//! What a pod, and its image, say besides.

use super::*;

/// The pod that the container was made for.
const POD: &str = r#"{"metadata": {"name": "web", "namespace": "shop", "uid": "u-1",
        "annotations": {"container.apparmor.security.beta.kubernetes.io/app": "localhost/docker-default"}}, "spec": {
    "hostNetwork": false, "hostUsers": false, "shareProcessNamespace": false,
    "volumes": [{"name": "v", "hostPath": {"path": "/srv/data"}}, {"name": "s", "secret": {"secretName": "open"}},
        {"name": "x", "csi": {"driver": "x"}}, {"name": "raw", "persistentVolumeClaim": {"claimName": "raw"}}],
    "securityContext": {"runAsUser": 1000, "runAsGroup": 1000, "runAsNonRoot": true, "fsGroup": 20,
        "seLinuxOptions": {"type": "container_t", "level": "s0:c1,c2"},
        "seccompProfile": {"type": "RuntimeDefault"}, "sysctls": [{"name": "net.ipv4.ping_group_range", "value": "0\t9"}]},
    "containers": [{"name": "app",
        "env": [{"name": "TOKEN", "value": "hunter2"}, {"name": "FROM", "valueFrom": {}}],
        "image": "web@sha256:0a", "command": ["sleep"], "args": ["9"], "workingDir": "/srv",
        "volumeDevices": [{"name": "raw", "devicePath": "/dev/xvda"}],
        "volumeMounts": [{"name": "v", "mountPath": "/data", "readOnly": true}, {"name": "s", "mountPath": "/open/"}, {"name": "x", "mountPath": "/vol"}],
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
            "capabilities": {"add": ["KILL"], "drop": ["ALL"]}},
        "resources": {"limits": {"memory": "100Mi", "cpu": "500m"}}}]}}"#;

/// The container with what a pod says of it.
fn of_pod(pod: &str) -> (Declared, Live) {
    let (mut declared, mut live) = pair();
    declared.bundle.process.capabilities.as_mut().unwrap().bounding = vec!["CAP_KILL".into()];
    declared.bundle.process.capabilities.as_mut().unwrap().permitted = vec!["CAP_CHOWN".into()];
    let bundle = &mut declared.bundle;
    bundle.process.cwd = "/srv".to_owned();
    bundle.process.selinux_label = Some("system_u:system_r:container_t:s0:c1,c2".to_owned());
    let device = r#"{"path": "/dev/xvda", "type": "b", "major": 8, "minor": 0}"#;
    bundle.linux.devices.push(serde_json::from_str(device).unwrap());
    bundle.mounts[5].source =
        Some("/var/lib/kubelet/pods/u-1/volumes/kubernetes.io~secret/s".to_owned());
    bundle.annotations = [
        ("io.kubernetes.cri.container-name", "app"),
        ("io.kubernetes.cri.sandbox-name", "web"),
        ("io.kubernetes.pod.namespace", "shop"),
        ("io.kubernetes.cri.sandbox-uid", "u-1"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    declared.image_digest = Some("sha256:0a".to_owned());
    live.mounts.of_pod = vec![Some(origin(1, "/srv/data")), None, None];
    let container = crate::event::Container {
        name: Some("app".into()),
        pod: Some("web".into()),
        ..crate::event::Container::default()
    };
    assert!(declared.take_pods(&container, Path::new("pods"), pod.as_bytes()).unwrap());
    // Of what is not of the pod nothing is to differ.
    declared.docker = None;
    (declared, live)
}

fn of_pod_alone(declared: &Declared, live: &Live) -> Vec<(String, String, String)> {
    let text = |text: &Option<Text>| text.as_ref().map_or("-".to_owned(), ToString::to_string);
    let comparison = compare(declared, live);
    let differing = comparison.differences().filter(|it| it.name.as_bytes().starts_with(b"pod:"));
    differing.map(|it| (it.name.to_string(), text(&it.declared), text(&it.live))).collect()
}

#[test]
fn a_container_that_is_as_its_pod_says_does_not_differ() {
    let (declared, live) = of_pod(POD);
    assert_eq!(of_pod_alone(&declared, &live), []);
    let comparison = compare(&declared, &live);
    let names = comparison.items.iter().map(|it| it.name.to_string());
    let names: Vec<String> = names.filter(|it| it.starts_with("pod:")).collect();
    let expected = [
        "pod:env.TOKEN",
        "pod:containers.name",
        "pod:metadata.name",
        "pod:metadata.namespace",
        "pod:metadata.uid",
        "pod:image",
        "pod:workingDir",
        "pod:command",
        "pod:shareProcessNamespace",
        "pod:volumes./data",
        "pod:volumes./open/",
        "pod:volumeDevices./dev/xvda",
        "pod:volumeMounts./data",
        "pod:volumeMounts./open/",
        "pod:volumeMounts./vol",
        "pod:runAsUser",
        "pod:runAsGroup",
        "pod:runAsNonRoot",
        "pod:groups.20",
        "pod:readOnlyRootFilesystem",
        "pod:allowPrivilegeEscalation",
        "pod:seccompProfile.type",
        "pod:procMount",
        "pod:appArmorProfile",
        "pod:seLinuxOptions.type",
        "pod:seLinuxOptions.level",
        "pod:privileged",
        "pod:capabilities.add.KILL",
        "pod:capabilities.drop.ALL",
        "pod:capabilities.others",
        "pod:hostNetwork",
        "pod:hostPID",
        "pod:hostIPC",
        "pod:hostUsers",
        "pod:sysctls.net.ipv4.ping_group_range",
        "pod:limits.memory",
        "pod:limits.cpu",
    ];
    assert_eq!(names, expected);
    assert!(!format!("{comparison:?}").contains("hunter"));
}

#[test]
fn what_a_pod_says_otherwise_is_one_item_each() {
    let token = secret::digest(b"hunter2").to_string();
    let other = secret::digest(b"hunter3").to_string();
    for (was, is, name, pod, bundle) in [
        ("hunter2", "hunter3", "env.TOKEN", &*other, &*token),
        (r#""name": "TOKEN""#, r#""name": "TOKEM""#, "env.TOKEM", &token, "absent"),
        (
            r#"{"name": "s", "mountPath": "/open/"}"#,
            r#"{"name": "s", "mountPath": "/open/", "readOnly": true}"#,
            "volumeMounts./open/",
            "ro",
            "rw",
        ),
        (
            r#"{"name": "s", "mountPath": "/open/"}"#,
            r#"{"mountPath": "/open"}, {"mountPath": "/else"}"#,
            "volumeMounts./else",
            "rw",
            "absent",
        ),
        (
            r#", {"name": "s", "mountPath": "/open/"}"#,
            "",
            "volumeMounts./open",
            "-",
            "/var/lib/kubelet/pods/u-1/volumes/kubernetes.io~secret/s rw",
        ),
        (r#""runAsUser": 1000"#, r#""runAsUser": 1001"#, "runAsUser", "1001", "1000"),
        (r#""runAsGroup": 1000"#, r#""runAsGroup": 7"#, "runAsGroup", "7", "1000"),
        (
            r#""fsGroup": 20"#,
            r#""fsGroup": 20, "supplementalGroups": [21]"#,
            "groups.21",
            "there",
            "absent",
        ),
        (
            r#""capabilities""#,
            r#""privileged": true, "capabilities""#,
            "privileged",
            "true",
            "false",
        ),
        (
            r#"["KILL"]"#,
            r#"["KILL", "NET_ADMIN"]"#,
            "capabilities.add.NET_ADMIN",
            "added",
            "not added",
        ),
        (r#""add": ["KILL"], "#, "", "capabilities.drop.ALL", "dropped", "not dropped"),
        (r#""0\t9""#, r#""0 10""#, "sysctls.net.ipv4.ping_group_range", "0 10", "0 9"),
        ("100Mi", "101Mi", "limits.memory", "105906176", "104857600"),
        ("500m", "0.6", "limits.cpu", "60000/100000", "50000/100000"),
        ("\"shop\"", "\"other\"", "metadata.namespace", "other", "shop"),
        ("\"u-1\"", "\"u-2\"", "metadata.uid", "u-2", "u-1"),
        ("sha256:0a", "sha256:0b", "image", "sha256:0b", "sha256:0a"),
        (r#""workingDir": "/srv""#, r#""workingDir": "/""#, "workingDir", "/", "/srv"),
        ("localhost/docker-default", "localhost/mine", "appArmorProfile", "mine", "docker-default"),
        ("container_t", "spc_t", "seLinuxOptions.type", "spc_t", "container_t"),
        ("/dev/xvda", "/dev/xvdb", "volumeDevices.", "", ""),
        (
            r#""secret": {"secretName": "open"}"#,
            r#""emptyDir": {}"#,
            "volumes./open/",
            "emptyDir",
            "/var/lib/kubelet/pods/u-1/volumes/kubernetes.io~secret/s",
        ),
    ] {
        assert!(POD.contains(was), "{was}");
        let (declared, live) = of_pod(&POD.replace(was, is));
        if name == "volumeDevices." {
            let text = |name: &str, pod: &str, bundle: &str| {
                (format!("pod:volumeDevices.{name}"), pod.to_owned(), bundle.to_owned())
            };
            let both = [text("/dev/xvdb", "there", "absent"), text("/dev/xvda", "absent", "there")];
            assert_eq!(of_pod_alone(&declared, &live), both);
            continue;
        }
        let expected = [(format!("pod:{name}"), pod.to_owned(), bundle.to_owned())];
        assert_eq!(of_pod_alone(&declared, &live), expected, "{is}");
    }
    // What is more than the pod asks for.
    type Change = fn(&mut Declared, &mut Live);
    let changes: [(&str, Change); 16] = [
        ("volumes./data", |_, live| live.mounts.of_pod[0] = Some(origin(1, "/srv/other"))),
        ("hostUsers", |_, live| live.first.namespaces[5] = live.host_namespaces[5]),
        ("shareProcessNamespace", |declared, _| {
            declared.bundle.linux.namespaces[1].path = Some("/proc/7/ns/pid".into());
        }),
        ("command", |declared, _| declared.bundle.process.args = vec!["sh".into()]),
        ("appArmorProfile", |declared, _| {
            declared.bundle.process.apparmor_profile = Some("unconfined".into());
        }),
        ("containers.name", |declared, _| {
            let key = "io.kubernetes.cri.container-name".to_owned();
            declared.bundle.annotations.insert(key, "other".into());
        }),
        ("seLinuxOptions.level", |declared, _| {
            declared.bundle.process.selinux_label = Some("system_u:system_r:container_t:s0".into());
        }),
        ("readOnlyRootFilesystem", |declared, _| declared.bundle.root.readonly = false),
        ("allowPrivilegeEscalation", |declared, _| {
            declared.bundle.process.no_new_privileges = false;
        }),
        ("seccompProfile.type", |declared, _| declared.bundle.linux.seccomp = false),
        ("procMount", |declared, _| declared.bundle.linux.masked_paths.clear()),
        ("hostNetwork", |_, live| live.first.namespaces[2] = live.host_namespaces[2]),
        ("hostPID", |_, live| live.first.namespaces[1] = live.host_namespaces[1]),
        ("hostIPC", |_, live| live.first.namespaces[3] = live.host_namespaces[3]),
        ("volumeMounts./open/", |declared, _| {
            declared.bundle.mounts.retain(|it| it.destination != "/open");
        }),
        ("volumeMounts./var/run/docker.sock", |declared, _| {
            let mount = r#"{"destination": "/var/run/docker.sock", "type": "bind", "source": "/run/docker.sock"}"#;
            declared.bundle.mounts.push(serde_json::from_str(mount).unwrap());
        }),
    ];
    for (name, change) in changes {
        let (mut declared, mut live) = of_pod(POD);
        change(&mut declared, &mut live);
        let names: Vec<_> = of_pod_alone(&declared, &live).into_iter().map(|it| it.0).collect();
        assert_eq!(names, [format!("pod:{name}")]);
    }
    let more = |declared: &mut Declared| {
        let sets = declared.bundle.process.capabilities.as_mut().unwrap();
        sets.bounding.push("CAP_SYS_ADMIN".into());
    };
    let (mut declared, live) = of_pod(&POD.replace(r#", "drop": ["ALL"]"#, ""));
    assert_eq!(of_pod_alone(&declared, &live), []);
    more(&mut declared);
    let others = ("pod:capabilities.others".to_owned(), "none".to_owned(), "SYS_ADMIN".to_owned());
    assert_eq!(of_pod_alone(&declared, &live), [others]);
}

#[test]
fn files_of_the_kubelet_and_of_runtimes_are_of_no_volume() {
    let (mut declared, live) = of_pod(POD);
    for (destination, source) in [
        ("/etc/hosts", "/var/lib/kubelet/pods/u/etc-hosts"),
        ("/dev/shm", "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/s/shm"),
        ("/image-volume", "/var/lib/containerd/io.containerd.grpc.v1.cri/containers/c/volumes/v"),
        ("/run/secrets", "/run/containers/storage/overlay-containers/c/userdata/run/secrets"),
        ("/etc/mine", "/var/lib/docker/containers/abc/mine"),
    ] {
        let mount =
            format!(r#"{{"destination": "{destination}", "type": "bind", "source": "{source}"}}"#);
        declared.bundle.mounts.push(serde_json::from_str(&mount).unwrap());
    }
    assert_eq!(of_pod_alone(&declared, &live), []);
}

#[test]
fn a_limit_that_kubernetes_changed_is_declared() {
    let (declared, mut live) = of_pod(&POD.replace("100Mi", "200Mi").replace("500m", "1"));
    file(&mut live, "memory.limit_in_bytes", "209715200");
    file(&mut live, "cpu.cfs_quota_us", "100000");
    let comparison = compare(&declared, &live);
    let of_limits = |it: &&Item| it.aspect == Aspect::Limit && it.name != Text::from("memory.swap");
    assert_eq!(comparison.differences().filter(of_limits).count(), 0);
    assert_eq!(of_pod_alone(&declared, &live), []);
    file(&mut live, "memory.limit_in_bytes", "max");
    let names: Vec<_> =
        compare(&declared, &live).differences().map(|it| it.name.to_string()).collect();
    assert!(
        names.contains(&"memory.limit".to_owned())
            && names.contains(&"pod:limits.memory".to_owned()),
        "{names:?}"
    );
}

const IMAGE: &str = r#"{"config": {"User": "1000:1000", "Env": ["PATH=/bin", "WEB_PORT=80", "VERSION=1"], "Cmd": ["9"],
    "Entrypoint": ["sleep"], "WorkingDir": "/srv", "Volumes": {"/data/": {}, "/none": {}}, "ExposedPorts": {"80/tcp": {}}}}"#;

/// A container of that image, as somebody had it made who said nothing of it.
fn of_image() -> (Declared, Live) {
    let (mut declared, live) = of_pod(POD);
    declared.image = Some(serde_json::from_str(IMAGE).unwrap());
    let process = &mut declared.bundle.process;
    process.args = ["sleep", "9"].map(str::to_owned).into();
    process.cwd = "/srv".to_owned();
    process.env.insert("VERSION".into(), secret::digest(b"1"));
    process.env.insert("WEB_PORT".into(), secret::digest(b"tcp://10.0.0.1:80"));
    let pod = declared.pod.as_mut().unwrap();
    (pod.user, pod.working_dir) = (None, None);
    pod.command.clear();
    pod.args.clear();
    (declared, live)
}

fn of_image_alone(declared: &Declared, live: &Live) -> Vec<String> {
    let comparison = compare(declared, live);
    let of_image = comparison.differences().map(|it| it.name.to_string());
    of_image.filter(|it| it.starts_with("image:")).collect()
}

#[test]
fn what_nobody_said_is_as_the_image_says() {
    type Change = fn(&mut Declared);
    let changes: [(&str, Change, Change); 5] = [
        ("User", |it| it.bundle.process.user.uid = 0, |it| it.pod.as_mut().unwrap().user = Some(0)),
        (
            "WorkingDir",
            |it| it.bundle.process.cwd = "/tmp".into(),
            |it| {
                it.pod.as_mut().unwrap().working_dir = Some("/srv".into());
            },
        ),
        (
            "Args",
            |it| it.bundle.process.args.push("8".into()),
            |it| {
                it.pod.as_mut().unwrap().args = vec!["9".into()];
            },
        ),
        (
            "Env.VERSION",
            |it| {
                it.bundle.process.env.insert("VERSION".into(), secret::digest(b"2"));
            },
            |it| {
                it.pod.as_mut().unwrap().env.insert("VERSION".into(), None);
            },
        ),
        (
            "Env.VERSION",
            |it| {
                it.bundle.process.env.remove(&Text::from("VERSION"));
            },
            |it| it.pod.as_mut().unwrap().env_from = true,
        ),
    ];
    let (declared, live) = of_image();
    assert_eq!(of_image_alone(&declared, &live), Vec::<String>::new());
    for (name, change, said) in changes {
        let (mut declared, live) = of_image();
        change(&mut declared);
        assert_eq!(of_image_alone(&declared, &live), [format!("image:{name}")]);
        said(&mut declared);
        assert_eq!(of_image_alone(&declared, &live), Vec::<String>::new(), "{name} was said");
    }
    // Other arguments for the same program, and another program.
    let (mut declared, live) = of_image();
    declared.pod.as_mut().unwrap().args = vec!["9".into()];
    declared.bundle.process.args = vec!["sh".to_owned()];
    assert_eq!(of_image_alone(&declared, &live), ["image:Entrypoint"]);
    declared.pod.as_mut().unwrap().command = vec!["sh".into()];
    assert_eq!(of_image_alone(&declared, &live), Vec::<String>::new());
    // A user by name may be any.
    let (mut declared, live) = of_image();
    declared.image.as_mut().unwrap().config.user = "web".to_owned();
    assert_eq!(of_image_alone(&declared, &live), Vec::<String>::new());
    declared.image.as_mut().unwrap().config.user = String::new();
    assert_eq!(of_image_alone(&declared, &live), ["image:User"]);
    // Where it is not known what was said, nothing differs, and of Docker what it was not told.
    let (mut declared, live) = of_image();
    (declared.pod, declared.bundle.process.cwd) = (None, "/tmp".to_owned());
    declared.bundle.process.user.uid = 0;
    assert_eq!(of_image_alone(&declared, &live), Vec::<String>::new());
    let told = r#"{"Config": {"User": "0:0", "WorkingDir": "/srv"}}"#;
    let config = serde_json::from_str(told).unwrap();
    declared.docker = Some(Docker { config, ..Docker::default() });
    assert_eq!(of_image_alone(&declared, &live), ["image:WorkingDir"]);
}

#[test]
fn a_pod_that_asks_for_much_or_for_little_is_met() {
    // Asked for one by one, these are no sign of a privileged container.
    let all = POD.replace(r#"["KILL"]"#, r#"["KILL", "SYS_MODULE", "SYS_RAWIO", "sys_admin"]"#);
    let (mut declared, live) = of_pod(&all);
    let sets = declared.bundle.process.capabilities.as_mut().unwrap();
    sets.bounding.extend(["CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_ADMIN"].map(str::to_owned));
    assert_eq!(of_pod_alone(&declared, &live), []);
    // Kubernetes gives no less than a thousandth of a second.
    let (declared, mut live) = of_pod(&POD.replace("500m", "1m"));
    file(&mut live, "cpu.cfs_quota_us", "1000");
    assert_eq!(of_pod_alone(&declared, &live), []);
    // The kubelet makes volumes of secrets read-only by itself.
    let (declared, live) = of_pod(&POD.replace(r#""/data", "readOnly": true"#, r#""/data""#));
    assert_eq!(of_pod_alone(&declared, &live), []);
}

#[test]
fn a_variable_that_neither_pod_nor_image_has_is_told_where_both_are_known() {
    let more = |pod: &str| {
        let (of_image, live) = of_image();
        let (mut declared, _) = of_pod(pod);
        (declared.image, declared.bundle) = (of_image.image, of_image.bundle);
        let env = &mut declared.bundle.process.env;
        for (name, value) in [("HOSTNAME", "web-0"), ("TERM", "xterm"), ("MORE", "sha256:1")] {
            env.insert(name.into(), value.into());
        }
        (declared, live)
    };
    let (mut declared, live) = more(POD);
    let text = |name: &str, is: &str| (format!("pod:env.{name}"), "-".to_owned(), is.to_owned());
    let expected = [text("LD_PRELOAD", "/image.so"), text("MORE", "sha256:1")];
    assert_eq!(of_pod_alone(&declared, &live), expected);
    let comparison = compare(&declared, &live);
    let of_pod = comparison.differences().filter(|it| it.name.as_bytes().starts_with(b"pod:"));
    let marks: Vec<_> = of_pod.map(|it| it.mark).collect();
    assert_eq!(marks, [Some(ConfigMark::CodeInjection), None]);
    declared.image = None;
    assert_eq!(of_pod_alone(&declared, &live), []);
    // Where others may give it some.
    for (was, is) in [
        (r#""env": ["#, r#""envFrom": [{}], "env": ["#),
        (r#""cpu": "500m""#, r#""cpu": "500m", "example.com/gpu": "1""#),
        (r#""limits": {"#, r#""claims": [{"name": "gpu"}], "limits": {"#),
    ] {
        let (declared, live) = more(&POD.replace(was, is));
        assert_eq!(of_pod_alone(&declared, &live), [], "{is}");
    }
    let (declared, live) = more(&POD.replace(r#""cpu": "500m""#, r#""cpu": "500m", "pods": "1""#));
    assert_eq!(of_pod_alone(&declared, &live), expected);
}

#[test]
fn a_command_of_a_pod_may_be_made_of_variables_and_start_behind_an_init() {
    let told = |command: &str, is: &[&str]| {
        let (mut declared, live) =
            of_pod(&POD.replace(r#""command": ["sleep"], "args": ["9"]"#, command));
        declared.bundle.process.args = is.iter().map(|it| (*it).to_owned()).collect();
        of_pod_alone(&declared, &live).into_iter().map(|it| it.0).collect::<Vec<_>>()
    };
    let variables = r#""command": ["sh", "-c"], "args": ["x $(A)", "$$(B)"]"#;
    assert_eq!(told(variables, &["sh", "-c", "anything", "$(B)"]), [""; 0]);
    assert_eq!(told(variables, &["/dev/init", "--", "sh", "-c", "anything", "$(B)"]), [""; 0]);
    assert_eq!(told(variables, &["sh", "-c", "anything", "other"]), ["pod:command"]);
    assert_eq!(told(variables, &["/tmp/x", "sh", "-c", "anything", "$(B)"]), ["pod:command"]);
    assert_eq!(told(variables, &["sh", "-c"]), ["pod:command"]);
    let args = r#""args": ["9"]"#;
    assert_eq!(told(args, &["of", "the", "image", "9"]), [""; 0]);
    assert_eq!(told(args, &["of", "the", "image", "8"]), ["pod:args"]);
}

#[test]
fn shares_that_kubernetes_changed_are_declared() {
    let requests = POD.replace(r#""limits""#, r#""requests": {"cpu": "250m"}, "limits""#);
    let (declared, mut live) = of_pod(&requests);
    file(&mut live, "cpu.shares", "256");
    file(&mut live, "memory.memsw.limit_in_bytes", "104857600");
    let names = |declared: &Declared, live: &Live| {
        let comparison = compare(declared, live);
        let of_limits = comparison
            .differences()
            .filter(|it| it.name.to_string().contains("cpu") || it.aspect == Aspect::Limit);
        of_limits.map(|it| it.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&declared, &live), [""; 0]);
    file(&mut live, "cpu.shares", "257");
    assert_eq!(names(&declared, &live), ["cpu.shares", "pod:requests.cpu"]);
    live.cgroup.files.remove("cpu.shares");
    file(&mut live, "cpu.weight", "10");
    assert_eq!(names(&declared, &live), [""; 0]);
    file(&mut live, "cpu.weight", "99");
    assert_eq!(names(&declared, &live), ["cpu.weight", "pod:requests.cpu"]);
}
