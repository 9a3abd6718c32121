//! `driftd config show` on containers of containerd as the kubelet has them made, against their images and pods.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde_json::Value;
use serde_json::json;

use crate::Case;
use crate::config::SECRET;
use crate::config::differences;
use crate::config::expect;
use crate::config::item;
use crate::config::show_with_pods;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("config_of_containerd_is_silent_about_what_its_pod_and_image_declare", conforming),
    ("config_of_containerd_tells_what_its_pod_and_image_do_not_declare", drifted),
];

/// A container of containerd, which is removed when it is dropped.
struct Made<'a> {
    world: &'a World,
    id: String,
    pods: PathBuf,
}

/// What names the pod, as containerd's CRI plugin does: labels of the container, and annotations of its bundle.
const LABELS: &[&str] = &[
    "--label=io.kubernetes.pod.name=web-0",
    "--label=io.kubernetes.pod.namespace=shop",
    "--label=io.kubernetes.pod.uid=u-1",
    "--label=io.kubernetes.container.name=app",
];
const ANNOTATIONS: &[&str] = &[
    "--annotation=io.kubernetes.cri.sandbox-name=web-0",
    "--annotation=io.kubernetes.cri.sandbox-namespace=shop",
    "--annotation=io.kubernetes.cri.container-name=app",
];

impl<'a> Made<'a> {
    /// Has it made as the pod says, and then some.
    fn start(world: &'a World, data: &Path, options: &[&str]) -> Result<Self> {
        world.import_into_containerd()?;
        let id = format!("lab-{}", world.mark("config-pod"));
        let token = format!("--env=TOKEN={SECRET}");
        let volume = mount(data, "/data", "rbind:ro");
        let declared = [&token, "--env=HOSTNAME=web-0", &volume, "--cpus=0.5"];
        let options = [declared.as_slice(), options].concat();
        world.lab.containerd().start_with(&world.image, &id, &options, "true")?;
        let made = Self { world, pods: data.with_extension(&id), id };
        // Until then the first process is the shell, with variables of its own.
        let settled = driftcore_e2e::poll(Duration::from_secs(10), || {
            let pid = world.lab.containerd().pid(&made.id).ok()?;
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
            (name.trim() == "sleep").then_some(())
        });
        settled.context("the shell went on")?;
        Ok(made)
    }

    /// Of `pod`, just these items differ.
    fn expect(&self, pod: &Value, expected: &[&str]) -> Result<Value> {
        let other = json!({"kind": "Pod", "metadata": {"name": "other"}, "spec": {"containers": [{"name": "app"}]}});
        fs::write(&self.pods, json!({"kind": "List", "items": [other, pod]}).to_string())?;
        let (report, status) = show_with_pods(self.world, &self.id, &self.pods)?;
        let found = differences(&report)?;
        ensure!(found == expected, "expected {expected:?}, got {found:?} in {report}");
        ensure!(status == Some(i32::from(!expected.is_empty())), "status {status:?}");
        Ok(report)
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.world.lab.containerd().remove(&self.id);
    }
}

fn mount(source: &Path, destination: &str, options: &str) -> String {
    format!("--mount=type=bind,src={},dst={destination},options={options}", source.display())
}

/// A pod of a container with that id, as Kubernetes prints it.
fn pod_of(id: &str, volume: &Path) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-0", "namespace": "shop", "uid": "u-1"},
        "spec": {
            "volumes": [{"name": "data", "hostPath": {"path": volume}}],
            "containers": [{"name": "app", "image": "lab", "command": ["/bin/sh"], "args": ["-c", "true; exec /bin/sleep 100000"],
                "env": [{"name": "TOKEN", "value": SECRET}],
                "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": true}],
                "securityContext": {"allowPrivilegeEscalation": false},
                "resources": {"limits": {"cpu": "500m"}, "requests": {"cpu": "1"}}}]},
        "status": {"containerStatuses": [{"name": "app", "containerID": format!("containerd://{id}")}]}})
}

fn data_of(world: &World) -> Result<PathBuf> {
    let data = world.directory("config-containerd");
    fs::create_dir(&data)?;
    Ok(data)
}

fn names<'a>(report: &'a Value, prefix: &'a str) -> Vec<&'a str> {
    let items = report["items"].as_array().into_iter().flatten();
    let names = items.filter_map(|item| item["name"].as_str());
    names.filter(|name| name.starts_with(prefix)).collect()
}

/// Found by its id, by its labels and by its annotations.
fn conforming(world: &World) -> Result<()> {
    let _turn = world.shared();
    let data = data_of(world)?;
    for options in [&[], LABELS, ANNOTATIONS] {
        let made = Made::start(world, &data, options)?;
        let id = if options.is_empty() { made.id.as_str() } else { "0123" };
        let pod = pod_of(id, &data);
        let report = made.expect(&pod, &[]).with_context(|| format!("{options:?}"))?;
        ensure!(report["problems"] == json!([]), "{}", report["problems"]);
        let of_pod = [
            "pod:env.TOKEN",
            "pod:command",
            "pod:shareProcessNamespace",
            "pod:volumes./data",
            "pod:volumeMounts./data",
            "pod:allowPrivilegeEscalation",
            "pod:procMount",
            "pod:privileged",
            "pod:capabilities.others",
            "pod:hostNetwork",
            "pod:hostPID",
            "pod:hostIPC",
            "pod:limits.cpu",
            "pod:requests.cpu",
        ];
        // What its bundle names it: `ctr` writes labels to it, too.
        let is_name = |it: &&str| it.starts_with("pod:metadata.") || *it == "pod:containers.name";
        let (named, found): (Vec<&str>, Vec<&str>) =
            names(&report, "pod:").into_iter().partition(is_name);
        ensure!(found == of_pod, "{found:?} in {report}");
        let all = ["containers.name", "metadata.name", "metadata.namespace", "metadata.uid"];
        let count = match options {
            [] => 0,
            ANNOTATIONS => 3,
            _ => 4,
        };
        let expected = all[..count].iter().map(|it| format!("pod:{it}"));
        ensure!(named.iter().copied().eq(expected), "{named:?} in {report}");
        let of_image = ["image:Env.PATH", "image:User", "image:WorkingDir", "image:Args"];
        ensure!(names(&report, "image:") == of_image, "{report}");
        // What the kernel shows of it counts as before.
        let pid = world.lab.containerd().pid(&made.id)?.to_string();
        let output = Command::new("nsenter")
            .args([
                "--target",
                &pid,
                "--mount",
                "/bin/busybox",
                "mount",
                "-t",
                "tmpfs",
                "x",
                "/tmp",
            ])
            .output()?;
        ensure!(output.status.success(), "{output:?}");
        made.expect(&pod, &["mount /tmp"])?;
    }
    // Of pods that are others: of another name, namespace or uid, or made anew under the same name.
    let made = Made::start(world, &data, LABELS)?;
    for (member, value) in [("name", "web-1"), ("namespace", "other"), ("uid", "u-2")] {
        let mut pod = pod_of("0123", &data);
        pod["metadata"][member] = value.into();
        let report = made.expect(&pod, &[])?;
        let problem = report["problems"][0].as_str().context("no problem")?;
        ensure!(problem.ends_with("no pod there has this container"), "{member}: {problem}");
        ensure!(names(&report, "pod:").is_empty(), "{report}");
    }
    Ok(())
}

/// More was asked for than the pod and its image declare.
fn drifted(world: &World) -> Result<()> {
    let _turn = world.shared();
    let data = data_of(world)?;
    let more = [
        "--env=LD_PRELOAD=/data/x.so",
        &format!("--env=MORE={SECRET}"),
        "--env=PATH=/tmp:/bin",
        "--env=DB_SERVICE_HOST=10.0.0.1",
        &mount(&data, "/host", "rbind:rw"),
        "--cap-add=CAP_SYS_ADMIN",
        "--allow-new-privs",
        "--memory-limit=67108864",
    ];
    let options = [LABELS, &more].concat();
    let made = Made::start(world, &data, &options)?;
    let mut pod = pod_of(&made.id, &data);
    pod["spec"]["containers"][0]["resources"]["limits"]["memory"] = "32Mi".into();
    let expected = [
        "declaration image:Env.PATH",
        "declaration pod:allowPrivilegeEscalation",
        "declaration pod:capabilities.others",
        "declaration pod:env.LD_PRELOAD",
        "declaration pod:env.MORE",
        "declaration pod:limits.memory",
        "declaration pod:volumeMounts./host",
    ];
    let report = made.expect(&pod, &expected)?;
    let is = |name: &str, declared: Value, live: Value, mark: Value| -> Result<()> {
        let item = item(&report, name)?;
        let found = [&item["declared"], &item["live"], &item["mark"]];
        ensure!(found == [&declared, &live, &mark], "{item}");
        Ok(())
    };
    is("image:Env.PATH", "/bin".into(), "/tmp:/bin".into(), Value::Null)?;
    is("pod:allowPrivilegeEscalation", "false".into(), "true".into(), Value::Null)?;
    is("pod:capabilities.others", "none".into(), "SYS_ADMIN".into(), Value::Null)?;
    is("pod:env.LD_PRELOAD", Value::Null, "/data/x.so".into(), "code_injection".into())?;
    is("pod:limits.memory", "33554432".into(), "67108864".into(), Value::Null)?;
    let host = format!("{} rw", data.display());
    is("pod:volumeMounts./host", Value::Null, host.into(), "host_path".into())?;
    let secret = item(&report, "pod:env.MORE")?["live"].as_str().context("no digest")?;
    ensure!(secret.starts_with("sha256:"), "{report}");
    // Without the pod, nobody is known to have said nothing of it.
    expect(world, &made.id, &[])?;
    // A pod that has it so, with the same image.
    let container = &mut pod["spec"]["containers"][0];
    container["env"] = json!([
        {"name": "TOKEN", "value": SECRET},
        {"name": "LD_PRELOAD", "value": "/data/x.so"},
        {"name": "MORE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "PATH", "value": "/tmp:/bin"},
    ]);
    container["volumeMounts"] = json!([
        {"name": "data", "mountPath": "/data", "readOnly": true},
        {"name": "data", "mountPath": "/host"},
    ]);
    container["securityContext"] = json!({"capabilities": {"add": ["SYS_ADMIN"]}});
    container["resources"]["limits"]["memory"] = "64Mi".into();
    made.expect(&pod, &[])?;
    // What is mounted, started, asked for, and where is not what the pod says.
    let elsewhere = data.with_extension("other");
    fs::create_dir(&elsewhere)?;
    let is_link = data.with_extension("link");
    std::os::unix::fs::symlink(&data, &is_link)?;
    for (pointer, value, expected) in [
        ("/spec/volumes/0/hostPath/path", json!(is_link), &[][..]),
        (
            "/spec/volumes/0/hostPath/path",
            json!(elsewhere),
            &["declaration pod:volumes./data", "declaration pod:volumes./host"],
        ),
        (
            "/spec/volumes/0",
            json!({"name": "data", "secret": {"secretName": "s"}}),
            &["declaration pod:volumes./data", "declaration pod:volumes./host"],
        ),
        ("/spec/containers/0/args/1", json!(SECRET), &["declaration pod:command"]),
        ("/spec/containers/0/workingDir", json!("/tmp"), &["declaration pod:workingDir"]),
        ("/spec/hostUsers", json!(false), &["declaration pod:hostUsers"]),
        (
            "/spec/containers/0/volumeDevices",
            json!([{"name": "raw", "devicePath": "/dev/xvda"}]),
            &["declaration pod:volumeDevices./dev/xvda"],
        ),
        (
            "/metadata/annotations",
            json!({"container.apparmor.security.beta.kubernetes.io/app": "localhost/mine"}),
            &["declaration pod:appArmorProfile"],
        ),
    ] {
        let mut other = pod.clone();
        let (parent, name) = pointer.rsplit_once('/').context("no pointer")?;
        let parent = other.pointer_mut(parent).context("no such member")?;
        match name.parse::<usize>().ok().filter(|_| parent.is_array()) {
            Some(at) => parent[at] = value,
            None => parent[name] = value,
        }
        let report = made.expect(&other, expected).with_context(|| pointer.to_owned())?;
        if let Some(item) = item(&report, "pod:volumes./data").ok().filter(|_| !expected.is_empty())
        {
            ensure!(item["mark"] == "host_path", "{item}");
        }
    }
    // One that says nothing of what is started: the image has another command.
    let container = pod["spec"]["containers"][0].as_object_mut().context("no container")?;
    container.remove("command");
    container.remove("args");
    made.expect(&pod, &["declaration image:Args"])?;
    Ok(())
}
