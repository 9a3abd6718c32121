use super::Node;
use super::judge;
use super::measures::measures;
use super::mounts;
use super::mounts::Origin;
use crate::config::Bind;
use crate::config::DockerSecurity;
use crate::config::Security;
use crate::config::Sharing;
use crate::event::Container;
use crate::posture::Level;

/// A container that meets all.
fn restricted() -> Security {
    Security {
        uid: 1000,
        capabilities: vec!["CAP_NET_BIND_SERVICE".to_owned()],
        no_new_privileges: true,
        is_root_read_only: true,
        app_armor: Some("docker-default".to_owned()),
        has_seccomp: true,
        masked_paths: vec!["/proc/acpi".to_owned(), "/proc/kcore".to_owned()],
        namespaces: ["network", "pid", "ipc"].map(|name| (name, Sharing::Apart)),
        docker: Some(DockerSecurity::default()),
        ..Security::default()
    }
}

const NODE: Node = Node { has_app_armor: true };

fn told(security: &Security) -> (Vec<String>, Vec<String>) {
    told_of(&Container::default(), security, NODE)
}

fn told_of(container: &Container, security: &Security, node: Node) -> (Vec<String>, Vec<String>) {
    let (found, cannot_tell) = judge::judge(container, security, node);
    let failures = found.finish().0;
    let one = |it: &crate::posture::Failure| {
        format!("{} {} {} = {}", it.level, it.control, it.path, it.value.as_deref().unwrap_or("-"))
    };
    (failures.iter().map(one).collect(), cannot_tell)
}

/// What is told when one thing is otherwise.
#[track_caller]
fn changed(change: impl FnOnce(&mut Security), expected: &[&str]) {
    let mut security = restricted();
    change(&mut security);
    let (failures, cannot_tell) = told(&security);
    assert_eq!(failures, expected);
    assert_eq!(cannot_tell, [""; 0]);
}

fn bind(source: &str, destination: &str) -> Bind {
    Bind { index: 3, source: source.to_owned(), destination: destination.to_owned() }
}

#[test]
fn a_hardened_container_meets_all() {
    let (found, cannot_tell) = judge::judge(&Container::default(), &restricted(), NODE);
    assert_eq!((found.level(), cannot_tell.len()), (Level::Restricted, 0));
    let measures = measures(&restricted(), judge::is_privileged(&restricted()));
    assert!(measures.iter().all(|it| it.holds == Some(true)), "{measures:?}");
}

#[test]
fn each_control_is_told_from_the_runtimes_own_words() {
    changed(
        |it| it.namespaces[0].1 = Sharing::Host,
        &["baseline Host Namespaces linux.namespaces[\"network\"] = the host's"],
    );
    changed(
        |it| {
            it.capabilities =
                ["CHOWN", "NET_RAW", "SYS_ADMIN"].map(|it| format!("CAP_{it}")).into();
        },
        &[
            "baseline Capabilities process.capabilities.bounding = SYS_ADMIN",
            "restricted Capabilities process.capabilities.bounding = CHOWN, NET_RAW",
        ],
    );
    changed(|it| it.capabilities.clear(), &[]);
    changed(
        |it| it.binds = vec![bind("/srv", "/data"), bind("/var/lib/docker/volumes/v/_data", "/v")],
        &["baseline HostPath Volumes mounts[3].source = /srv"],
    );
    changed(
        |it| {
            let docker = it.docker.as_mut().unwrap();
            docker.ports = vec![("80/tcp".into(), "8080".into()), ("81/udp".into(), String::new())];
            docker.publishes_all = true;
        },
        &[
            "baseline Host Ports HostConfig.PortBindings[\"80/tcp\"] = 8080",
            "baseline Host Ports HostConfig.PortBindings[\"81/udp\"] = any that is free",
            "baseline Host Ports HostConfig.PublishAllPorts = true",
        ],
    );
    changed(
        |it| it.app_armor = Some("unconfined".to_owned()),
        &["baseline AppArmor process.apparmorProfile = unconfined"],
    );
    changed(|it| it.app_armor = None, &["baseline AppArmor process.apparmorProfile = -"]);
    changed(|it| it.app_armor = Some("mine".to_owned()), &[]);
    for label in ["system_u:system_r:spc_t:s0", "user_u:system_r:container_t:s0", "x"] {
        changed(
            |it| it.se_linux = Some(label.to_owned()),
            &[&format!("baseline SELinux process.selinuxLabel = {label}")],
        );
    }
    changed(|it| it.se_linux = Some("system_u:system_r:container_t:s0:c1,c2".to_owned()), &[]);
    changed(|it| it.masked_paths.clear(), &["baseline /proc Mount Type linux.maskedPaths = -"]);
    changed(
        |it| {
            it.masked_paths.pop();
            it.has_own_users = true;
        },
        &["restricted /proc Mount Type linux.maskedPaths = /proc/acpi"],
    );
    changed(|it| it.has_seccomp = false, &["baseline Seccomp linux.seccomp = -"]);
    changed(
        |it| it.sysctls = vec!["kernel.msgmax".into(), "net.ipv4.tcp_rmem".into()],
        &["baseline Sysctls linux.sysctl[\"kernel.msgmax\"] = kernel.msgmax"],
    );
    changed(
        |it| it.no_new_privileges = false,
        &["restricted Privilege Escalation process.noNewPrivileges = false"],
    );
    changed(
        |it| it.uid = 0,
        &[
            "restricted Running as Non-root process.user.uid = 0",
            "restricted Running as Non-root user process.user.uid = 0",
        ],
    );
    changed(
        |it| {
            it.uid = 0;
            it.has_own_users = true;
        },
        &[],
    );
    changed(
        |it| it.docker.as_mut().unwrap().is_privileged = true,
        &["baseline Privileged Containers HostConfig.Privileged = true"],
    );
}

#[test]
fn a_privileged_container_is_told_without_docker_too() {
    let names = ["SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "MAC_ADMIN"];
    let mut all = Security {
        capabilities: names.map(|name| format!("CAP_{name}")).into(),
        may_use_all_devices: true,
        ..Security::default()
    };
    assert!(judge::is_privileged(&all));
    all.may_use_all_devices = false;
    assert!(!judge::is_privileged(&all));
    all.may_use_all_devices = true;
    all.capabilities.pop();
    assert!(!judge::is_privileged(&all));
}

#[test]
fn what_a_specification_does_not_tell_is_said() {
    let mut security = restricted();
    security.docker = None;
    security.has_seccomp = false;
    security.app_armor = None;
    security.namespaces[1].1 = Sharing::Unknown("/proc/9/ns/pid".to_owned());
    security.binds = vec![
        bind("/var/lib/kubelet/pods/u/volumes/kubernetes.io~nfs/v", "/n"),
        bind("/var/lib/kubelet/pods/u/volume-subpaths/v/a/0", "/s"),
    ];
    let container = Container { pod: Some("p".to_owned()), ..Container::default() };
    let (failures, cannot_tell) = told_of(&container, &security, Node { has_app_armor: false });
    assert_eq!(failures, ["restricted Seccomp linux.seccomp = -"]);
    let beginnings: Vec<_> =
        cannot_tell.iter().filter_map(|it| it.split_once(':')).map(|(name, _)| name).collect();
    assert_eq!(
        beginnings,
        [
            "Host Namespaces",
            "Volume Types",
            "Volume Types",
            "Host Ports",
            "Seccomp",
            "Host Probes / Lifecycle Hooks",
        ]
    );
}

#[test]
fn what_is_mounted_is_told_by_where_it_lies() {
    let id = "0123456789abcdef";
    let of = |source: &str, destination: &str| {
        let bind = bind(source, destination);
        format!("{:?}", mounts::origin(&bind, id))
    };
    let kubelet = "/var/lib/kubelet/pods/uid";
    for (source, expected) in [
        (format!("/var/lib/docker/containers/{id}/hosts"), "Own"),
        ("/var/lib/docker/containers/another/hosts".to_owned(), "Host"),
        ("/var/lib/docker/volumes/v/_data".to_owned(), "Named"),
        ("/var/lib/docker/volumes".to_owned(), "Host"),
        (format!("{kubelet}/volumes/kubernetes.io~empty-dir/v"), "Pod(\"empty-dir\")"),
        (format!("{kubelet}/volumes/odd/v"), "Pod(\"odd\")"),
        (format!("{kubelet}/volume-subpaths/v/a/0"), "Part"),
        (format!("{kubelet}/etc-hosts"), "Own"),
        (format!("{kubelet}/containers/app/0a1b"), "Own"),
        (kubelet.to_owned(), "Host"),
        ("/srv/pods/uid/etc-hosts".to_owned(), "Host"),
        ("/run/containerd/io.containerd.grpc.v1.cri/sandboxes/s/resolv.conf".to_owned(), "Own"),
        (format!("/run/containers/storage/overlay-containers/{id}/userdata/hosts"), "Own"),
        ("/etc/hosts".to_owned(), "Host"),
        ("/".to_owned(), "Host"),
        ("/var/run/docker.sock".to_owned(), "Host"),
    ] {
        assert_eq!(of(&source, "/x"), expected, "{source}");
    }
    assert_eq!(of("/usr/bin/docker-init", "/sbin/docker-init"), "Own");
    assert_eq!(mounts::origin(&bind("/a", "/b"), ""), Origin::Host);
}
