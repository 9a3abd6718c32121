//! A test of each control: what fails it, where, and what does not.

mod property;

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::read_pods;
use crate::posture::ContainerPosture;
use crate::posture::Failure;
use crate::posture::Level;
use crate::posture::MeasureKind;
use crate::posture::Posture;
use crate::posture::Role;

fn posture(pod: &Value) -> Posture {
    let mut found = Vec::new();
    read_pods(Path::new("pods"), pod.to_string().as_bytes(), |it| found.push(it)).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// A pod that meets all that is asked for.
fn restricted() -> Value {
    let context = json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]}});
    let container = |name: &str| json!({"name": name, "image": "x", "securityContext": context});
    json!({"kind": "Pod", "metadata": {"name": "p", "namespace": "n", "annotations": {"a": "b"}},
        "spec": {"nodeName": "one",
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [{"name": "v", "emptyDir": {}}],
            "initContainers": [container("i")],
            "containers": [container("a")],
            "ephemeralContainers": [container("e")]}})
}

/// The same with a value put at a JSON pointer; what leads there is made.
fn with(pointer: &str, value: Value) -> Value {
    let mut pod = restricted();
    put(&mut pod, pointer, value);
    pod
}

fn put(pod: &mut Value, pointer: &str, value: Value) {
    let mut at = pod;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/");
        at = match part.parse::<usize>() {
            Ok(index) => {
                if at.is_null() {
                    *at = json!([]);
                }
                let list = at.as_array_mut().unwrap();
                if list.len() <= index {
                    list.resize(index + 1, Value::Null);
                }
                &mut list[index]
            }
            Err(_) => {
                if at.is_null() {
                    *at = json!({});
                }
                at.as_object_mut().unwrap().entry(part).or_insert(Value::Null)
            }
        };
    }
    *at = value;
}

fn all(posture: &Posture) -> Vec<&Failure> {
    let containers = posture.containers.iter().flat_map(|it| &it.failures);
    posture.failures.iter().chain(containers).collect()
}

fn told(posture: &Posture) -> Vec<String> {
    let one = |it: &&Failure| {
        let value = it.value.as_deref().unwrap_or("-");
        let check = it.control.check(it.level);
        format!("{} {} [{check}] {} = {value}", it.level, it.control, it.path)
    };
    all(posture).iter().map(one).collect()
}

#[track_caller]
fn fails(pointer: &str, value: Value, expected: &str) {
    let found = posture(&with(pointer, value));
    assert_eq!(told(&found), [expected], "{pointer}");
    let level = if expected.starts_with("baseline") { Level::Privileged } else { Level::Baseline };
    assert_eq!(found.level, level, "{pointer}");
}

#[track_caller]
fn passes(pointer: &str, value: Value) {
    let found = posture(&with(pointer, value));
    assert_eq!(told(&found), [""; 0], "{pointer}");
    assert_eq!(found.level, Level::Restricted, "{pointer}");
}

const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// In a container of each kind.
#[track_caller]
fn each_fails(field: &str, value: Value, expected: &str) {
    for list in CONTAINERS {
        let pointer = format!("/spec/{list}/0/{field}");
        fails(&pointer, value.clone(), &expected.replace('@', &format!("spec.{list}[0]")));
    }
}

#[track_caller]
fn each_passes(field: &str, value: Value) {
    for list in CONTAINERS {
        passes(&format!("/spec/{list}/0/{field}"), value.clone());
    }
}

#[test]
fn a_pod_that_is_hardened_meets_all_and_one_that_says_nothing_meets_baseline() {
    let found = posture(&restricted());
    assert_eq!((found.level, told(&found).len()), (Level::Restricted, 0));
    let name = |it: &ContainerPosture| (it.name.clone(), it.role, it.level);
    assert_eq!(
        found.containers.iter().map(name).collect::<Vec<_>>(),
        [
            ("i".to_owned(), Role::Init, Level::Restricted),
            ("a".to_owned(), Role::Main, Level::Restricted),
            ("e".to_owned(), Role::Ephemeral, Level::Restricted),
        ]
    );
    let place = (found.pod.as_deref(), found.namespace.as_deref(), found.node.as_deref());
    assert_eq!(place, (Some("p"), Some("n"), Some("one")));
    assert!(found.containers.iter().flat_map(|it| &it.measures).all(|it| it.holds == Some(true)));

    let plain = json!({"spec": {"containers": [{"name": "a"}]}});
    let found = posture(&plain);
    assert_eq!(found.level, Level::Baseline);
    assert_eq!(
        told(&found),
        [
            "restricted Privilege Escalation [allowPrivilegeEscalation] \
             spec.containers[0].securityContext.allowPrivilegeEscalation = -",
            "restricted Capabilities [capabilities_restricted] \
             spec.containers[0].securityContext.capabilities.drop = -",
            "restricted Seccomp [seccompProfile_restricted] \
             spec.containers[0].securityContext.seccompProfile.type = -",
            "restricted Running as Non-root [runAsNonRoot] \
             spec.containers[0].securityContext.runAsNonRoot = -",
        ]
    );
    // All null, as a client of Go's may print it.
    let nulls = json!({"metadata": {"annotations": null}, "spec": {"volumes": null, "os": null,
        "securityContext": null, "initContainers": null, "containers": [{"name": "a", "ports": null,
        "lifecycle": null, "livenessProbe": null, "securityContext": {"capabilities": null,
        "seLinuxOptions": null, "seccompProfile": null}}]}});
    assert_eq!(told(&posture(&nulls)), told(&found));
}

#[test]
fn host_process() {
    let field = "securityContext/windowsOptions/hostProcess";
    let told = "baseline HostProcess [windowsHostProcess] @.securityContext.windowsOptions.hostProcess = true";
    each_fails(field, json!(true), told);
    each_passes(field, json!(false));
    fails(&format!("/spec/{field}"), json!(true), &told.replace('@', "spec"));
    passes(&format!("/spec/{field}"), json!(false));
}

#[test]
fn host_namespaces() {
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        let told = format!("baseline Host Namespaces [hostNamespaces] spec.{field} = true");
        fails(&format!("/spec/{field}"), json!(true), &told);
        passes(&format!("/spec/{field}"), json!(false));
    }
}

#[test]
fn privileged_containers() {
    let told = "baseline Privileged Containers [privileged] @.securityContext.privileged = true";
    each_fails("securityContext/privileged", json!(true), told);
    each_passes("securityContext/privileged", json!(false));
}

#[test]
fn capabilities() {
    let at = "securityContext/capabilities/add";
    let told = |level: &str, index: usize, name: &str| {
        format!(
            "{level} Capabilities [capabilities_{level}] \
             @.securityContext.capabilities.add[{index}] = {name}"
        )
    };
    for name in ["NET_RAW", "SYS_ADMIN", "ALL", "CAP_CHOWN", "chown"] {
        each_fails(at, json!(["NET_BIND_SERVICE", name]), &told("baseline", 1, name));
    }
    for name in crate::posture::standard::CAPABILITIES {
        match name {
            "NET_BIND_SERVICE" => each_passes(at, json!([name])),
            _ => each_fails(at, json!([name]), &told("restricted", 0, name)),
        }
    }
    each_passes(at, json!([]));
    let at = "securityContext/capabilities/drop";
    let told = |value: &str| {
        format!(
            "restricted Capabilities [capabilities_restricted] \
             @.securityContext.capabilities.drop = {value}"
        )
    };
    each_fails(at, json!([]), &told("-"));
    each_fails(at, json!(["NET_RAW", "KILL"]), &told("NET_RAW, KILL"));
    each_fails(at, json!(["all"]), &told("all"));
    each_passes(at, json!(["NET_RAW", "ALL"]));
}

#[test]
fn volumes() {
    for kind in crate::posture::standard::VOLUMES {
        passes("/spec/volumes/0", json!({"name": "v", kind: {}}));
    }
    for kind in ["nfs", "gitRepo", "awsElasticBlockStore", "iscsi", "anythingNew"] {
        let told = format!("restricted Volume Types [restrictedVolumes] spec.volumes[1] = {kind}");
        fails("/spec/volumes/1", json!({"name": "w", kind: {"a": 1}, "secret": null}), &told);
    }
    let told_none = "restricted Volume Types [restrictedVolumes] spec.volumes[1] = -";
    fails("/spec/volumes/1", json!({"name": "w"}), told_none);
    let found =
        posture(&with("/spec/volumes/1", json!({"name": "h", "hostPath": {"path": "/var"}})));
    assert_eq!(
        told(&found),
        [
            "baseline HostPath Volumes [hostPathVolumes] spec.volumes[1].hostPath = /var",
            "restricted Volume Types [restrictedVolumes] spec.volumes[1] = hostPath",
        ]
    );
    // Whatever else it is, a directory of the host is one.
    let both = json!({"name": "h", "emptyDir": {}, "hostPath": {"path": "/"}});
    let told = "baseline HostPath Volumes [hostPathVolumes] spec.volumes[1].hostPath = /";
    fails("/spec/volumes/1", both, told);
    passes("/spec/volumes/1", json!({"name": "v", "emptyDir": {}, "hostPath": null}));
}

#[test]
fn host_ports() {
    let told = "baseline Host Ports [hostPorts] @.ports[1].hostPort = 80";
    let ports = |port: u32| json!([{"containerPort": 80}, {"containerPort": 80, "hostPort": port}]);
    each_fails("ports", ports(80), told);
    each_passes("ports", ports(0));
}

#[test]
fn host_probes() {
    for name in [
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle/postStart",
        "lifecycle/preStop",
    ] {
        for kind in ["httpGet", "tcpSocket"] {
            let at = name.replace('/', ".");
            let told = format!(
                "baseline Host Probes / Lifecycle Hooks [hostProbesAndHostLifecycle] \
                 @.{at}.{kind}.host = 10.0.0.1"
            );
            each_fails(&format!("{name}/{kind}/host"), json!("10.0.0.1"), &told);
            each_passes(&format!("{name}/{kind}/host"), json!(""));
            each_passes(&format!("{name}/{kind}/port"), json!(80));
        }
        each_passes(&format!("{name}/exec/command"), json!(["true"]));
        each_passes(&format!("{name}/grpc/port"), json!(80));
    }
}

#[test]
fn app_armor() {
    let field = "securityContext/appArmorProfile/type";
    let told = |value: &str| {
        format!(
            "baseline AppArmor [appArmorProfile] @.securityContext.appArmorProfile.type = {value}"
        )
    };
    for kind in ["RuntimeDefault", "Localhost"] {
        each_passes(field, json!(kind));
        passes(&format!("/spec/{field}"), json!(kind));
    }
    for kind in ["Unconfined", ""] {
        each_fails(field, json!(kind), &told(kind));
        fails(&format!("/spec/{field}"), json!(kind), &told(kind).replace('@', "spec"));
    }
    let key = "container.apparmor.security.beta.kubernetes.io";
    for profile in ["", "runtime/default", "localhost/mine"] {
        passes(&format!("/metadata/annotations/{key}~1a"), json!(profile));
    }
    for (container, profile) in [("a", "unconfined"), ("i", "localhost"), ("gone", "unconfined")] {
        let told = format!(
            "baseline AppArmor [appArmorProfile] metadata.annotations[\"{key}/{container}\"] = {profile}"
        );
        fails(&format!("/metadata/annotations/{key}~1{container}"), json!(profile), &told);
    }
}

#[test]
fn se_linux() {
    let told = |field: &str, value: &str| {
        format!(
            "baseline SELinux [seLinuxOptions] @.securityContext.seLinuxOptions.{field} = {value}"
        )
    };
    for (field, value) in [("type", "spc_t"), ("user", "u"), ("role", "r")] {
        let at = format!("securityContext/seLinuxOptions/{field}");
        each_fails(&at, json!(value), &told(field, value));
        fails(&format!("/spec/{at}"), json!(value), &told(field, value).replace('@', "spec"));
        each_passes(&at, json!(""));
    }
    for kind in crate::posture::standard::SELINUX_TYPES {
        each_passes("securityContext/seLinuxOptions/type", json!(kind));
    }
    each_passes("securityContext/seLinuxOptions/level", json!("s0:c1"));
}

#[test]
fn proc_mount_type() {
    let at = "securityContext/procMount";
    let told = |level: &str, check: &str| {
        format!("{level} /proc Mount Type [{check}] @.securityContext.procMount = Unmasked")
    };
    each_fails(at, json!("Unmasked"), &told("baseline", "procMount"));
    each_passes(at, json!("Default"));
    // Relaxed for baseline, not for restricted.
    for list in CONTAINERS {
        let mut pod = with(&format!("/spec/{list}/0/{at}"), json!("Unmasked"));
        put(&mut pod, "/spec/hostUsers", json!(false));
        let found = posture(&pod);
        let expected =
            told("restricted", "procMount_restricted").replace('@', &format!("spec.{list}[0]"));
        assert_eq!(super::tests::told(&found), [expected]);
        assert_eq!(found.level, Level::Baseline);
    }
}

#[test]
fn seccomp() {
    let at = "securityContext/seccompProfile/type";
    let told = |value: &str| {
        format!(
            "baseline Seccomp [seccompProfile_baseline] @.securityContext.seccompProfile.type = {value}"
        )
    };
    each_fails(at, json!("Unconfined"), &told("Unconfined"));
    each_passes(at, json!("Localhost"));
    // The pod's own counts even where each container has a better one.
    let mut pod = restricted();
    for list in CONTAINERS {
        put(&mut pod, &format!("/spec/{list}/0/{at}"), json!("RuntimeDefault"));
    }
    put(&mut pod, "/spec/securityContext/seccompProfile", Value::Null);
    assert_eq!(posture(&pod).level, Level::Restricted);
    put(&mut pod, &format!("/spec/{at}"), json!("Unconfined"));
    assert_eq!(super::tests::told(&posture(&pod)), [told("Unconfined").replace('@', "spec")]);
    // What is not set is undefined for baseline and wrong for restricted.
    put(&mut pod, "/spec/securityContext/seccompProfile", Value::Null);
    put(&mut pod, "/spec/containers/0/securityContext/seccompProfile", Value::Null);
    assert_eq!(
        super::tests::told(&posture(&pod)),
        ["restricted Seccomp [seccompProfile_restricted] \
          spec.containers[0].securityContext.seccompProfile.type = -"]
    );
}

#[test]
fn sysctls() {
    let at = "/spec/securityContext/sysctls";
    for name in crate::posture::standard::SYSCTLS {
        passes(at, json!([{"name": name, "value": "1"}]));
    }
    let told = "baseline Sysctls [sysctls] spec.securityContext.sysctls[1].name = kernel.msgmax";
    let list = json!([{"name": "net.ipv4.tcp_rmem", "value": "1"}, {"name": "kernel.msgmax", "value": "1"}]);
    fails(at, list, told);
}

#[test]
fn privilege_escalation() {
    let at = "securityContext/allowPrivilegeEscalation";
    let told = |value: &str| {
        format!(
            "restricted Privilege Escalation [allowPrivilegeEscalation] \
             @.securityContext.allowPrivilegeEscalation = {value}"
        )
    };
    each_fails(at, json!(true), &told("true"));
    each_fails(at, Value::Null, &told("-"));
}

#[test]
fn running_as_non_root() {
    let at = "securityContext/runAsNonRoot";
    let told = |value: &str| {
        format!(
            "restricted Running as Non-root [runAsNonRoot] @.securityContext.runAsNonRoot = {value}"
        )
    };
    each_fails(at, json!(false), &told("false"));
    each_passes(at, json!(true));
    fails(&format!("/spec/{at}"), json!(false), &told("false").replace('@', "spec"));
    let mut pod = with(&format!("/spec/{at}"), Value::Null);
    for list in ["initContainers", "ephemeralContainers"] {
        put(&mut pod, &format!("/spec/{list}/0/{at}"), json!(true));
    }
    assert_eq!(super::tests::told(&posture(&pod)), [told("-").replace('@', "spec.containers[0]")]);
    put(&mut pod, "/spec/hostUsers", json!(false));
    assert_eq!(posture(&pod).level, Level::Restricted);
}

#[test]
fn running_as_non_root_user() {
    let at = "securityContext/runAsUser";
    let told = "restricted Running as Non-root user [runAsUser] @.securityContext.runAsUser = 0";
    each_fails(at, json!(0), told);
    each_passes(at, json!(1000));
    fails(&format!("/spec/{at}"), json!(0), &told.replace('@', "spec"));
    let mut pod = with(&format!("/spec/{at}"), json!(0));
    put(&mut pod, &format!("/spec/containers/0/{at}"), json!(0));
    put(&mut pod, "/spec/hostUsers", json!(false));
    assert_eq!(posture(&pod).level, Level::Restricted);
    put(&mut pod, "/spec/hostUsers", json!(true));
    assert_eq!(super::tests::told(&posture(&pod)).len(), 2);
}

#[test]
fn what_windows_has_not_is_not_asked_of_it() {
    let pod = |os: &str| {
        json!({"spec": {"os": {"name": os}, "securityContext": {"runAsNonRoot": true},
            "containers": [{"name": "a", "securityContext": {"capabilities": {"add": ["CHOWN"]}}}]}})
    };
    assert_eq!(posture(&pod("windows")).level, Level::Restricted);
    assert_eq!(told(&posture(&pod("linux"))).len(), 4);
    let measures = &posture(&pod("windows")).containers[0].measures;
    assert_eq!(measures.iter().filter(|it| it.holds.is_some()).count(), 1);
}

#[test]
fn a_container_meets_no_more_than_its_pod_and_a_pod_no_more_than_each_container() {
    let found = posture(&with("/spec/hostPID", json!(true)));
    assert!(
        found.containers.iter().all(|it| it.level == Level::Privileged && it.failures.is_empty())
    );
    let found = posture(&with("/spec/containers/0/securityContext/privileged", json!(true)));
    let levels: Vec<Level> = found.containers.iter().map(|it| it.level).collect();
    assert_eq!(levels, [Level::Restricted, Level::Privileged, Level::Restricted]);
    assert_eq!(found.level, Level::Privileged);
    let mut pod = restricted();
    put(&mut pod, "/spec/initContainers/0/restartPolicy", json!("Always"));
    assert_eq!(posture(&pod).containers[0].role, Role::Sidecar);
}

fn measure(pod: &Value, kind: MeasureKind) -> String {
    let found = posture(pod);
    let main = found.containers.iter().find(|it| it.role == Role::Main).unwrap();
    let one = main.measures.iter().find(|it| it.kind == kind).unwrap();
    format!("{:?} {} = {}", one.holds, one.path, one.value.as_deref().unwrap_or("-"))
}

#[test]
fn measures_tell_what_confines_and_which_field_says_so() {
    let at = "spec.containers[0].securityContext";
    let plain = json!({"spec": {"containers": [{"name": "a"}]}});
    for (kind, holds) in [
        (MeasureKind::ReadOnlyRootFilesystem, false),
        (MeasureKind::Privileged, true),
        (MeasureKind::AllowPrivilegeEscalation, false),
        (MeasureKind::RunAsNonRoot, false),
        (MeasureKind::Capabilities, false),
    ] {
        assert_eq!(measure(&plain, kind), format!("Some({holds}) {at}.{kind} = -"));
    }
    let no_profile = format!("Some(false) {at}.seccompProfile.type = -");
    assert_eq!(measure(&plain, MeasureKind::SeccompProfile), no_profile);

    // A privileged container has all and is told no otherwise by what stands beside.
    let privileged = with("/spec/containers/0/securityContext/privileged", json!(true));
    for (kind, told) in [
        (MeasureKind::Privileged, format!("Some(false) {at}.privileged = true")),
        (
            MeasureKind::AllowPrivilegeEscalation,
            format!("Some(false) {at}.allowPrivilegeEscalation = false"),
        ),
        (MeasureKind::Capabilities, format!("Some(false) {at}.capabilities = drop [ALL], add []")),
        (
            MeasureKind::SeccompProfile,
            "Some(false) spec.securityContext.seccompProfile.type = RuntimeDefault".to_owned(),
        ),
    ] {
        assert_eq!(measure(&privileged, kind), told);
    }

    // A user that is set counts, whatever the kubelet is to see to.
    let user = |pod: i64, own: Option<i64>| {
        let mut it = with("/spec/securityContext/runAsUser", json!(pod));
        put(&mut it, "/spec/containers/0/securityContext/runAsUser", json!(own));
        measure(&it, MeasureKind::RunAsNonRoot)
    };
    assert_eq!(user(0, None), "Some(false) spec.securityContext.runAsUser = 0");
    assert_eq!(user(0, Some(7)), format!("Some(true) {at}.runAsUser = 7"));
    assert_eq!(
        measure(&restricted(), MeasureKind::RunAsNonRoot),
        "Some(true) spec.securityContext.runAsNonRoot = true"
    );
    let added = with("/spec/containers/0/securityContext/capabilities/add", json!(["CHOWN"]));
    let told = format!("Some(false) {at}.capabilities = drop [ALL], add [CHOWN]");
    assert_eq!(measure(&added, MeasureKind::Capabilities), told);
}

#[test]
fn too_many_failures_are_counted() {
    let sysctls: Vec<Value> = (0..1000).map(|it| json!({"name": format!("kernel.{it}")})).collect();
    let found = posture(&with("/spec/securityContext/sysctls", json!(sysctls)));
    assert_eq!((found.failures.len(), found.more_failures), (256, 744));
    let long = with("/spec/securityContext/seLinuxOptions/user", json!("ü".repeat(1000)));
    let value = posture(&long).failures[0].value.clone().unwrap();
    assert_eq!(value.chars().count(), 257);
}

#[test]
fn what_is_bad_names_its_place_after_what_came_before() {
    let read = |text: &str| {
        let mut count = 0;
        let result = read_pods(Path::new("pods"), text.as_bytes(), |_| count += 1);
        (count, result.unwrap_err().to_string())
    };
    let good = restricted().to_string();
    for (bad, what) in [
        (r#"{"spec": {"hostNetwork": "yes"}}"#, "invalid type: string, expected a boolean"),
        (r#"{"spec": {"containers": {}}}"#, "invalid type: map, expected a list"),
        (r#"{"spec": {"containers": [5]}}"#, "invalid type: integer, expected struct Container"),
        (r#"{"spec": {"volumes": [null]}}"#, "invalid type: null, expected a volume"),
        (r#"{"metadata": {"annotations": 5}, "spec": {}}"#, "expected annotations"),
        (r#"{"spec": {"securityContext": {"runAsUser": 1.5}}}"#, "expected i64"),
        (r#"{"spec": {"containers": ["#, "EOF while parsing"),
        ("nonsense", "expected ident"),
    ] {
        let (count, error) = read(&format!("{{\"items\": [\n{good},\n{bad}]}}"));
        assert_eq!(count, 1, "{bad}");
        assert!(error.starts_with("pods:3:") && error.contains(what), "{error}");
    }
    let whole = format!("{{\"items\": [{good}, {good}]}}");
    assert!(read(&whole[..whole.len() - 3]).1.starts_with("pods:1:"));
}
