//! `driftd config show` on real containers of Docker and containerd: as they were declared, and after each
//! change.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::bind;
use serde_json::Value;

use crate::Case;
use crate::kubelet::KubeletVolume;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("config_is_silent_about_containers_as_declared", silent),
    ("config_tells_environments_without_their_secrets", environment),
    ("config_tells_mounts_that_came_changed_and_went", mounts),
    ("config_tells_rights_beyond_the_declared_ones", rights),
    ("config_tells_limits_that_changed", limits),
    ("config_tells_sysctls_and_host_names", sysctls),
    ("config_tells_declarations_that_were_edited", declarations),
    ("config_tells_each_member_of_the_files_of_docker_and_runc", members),
    ("config_tells_secrets_that_the_kubelet_did_not_write", secrets),
    ("config_tells_what_a_pod_declares_otherwise", pods),
    ("config_of_containerd_is_compared_too", containerd),
];

/// What no output may hold.
pub(crate) const SECRET: &str = "correct-horse-battery-staple";

/// What `config show --format json` says, and its exit status.
pub(crate) fn show(world: &World, container: &str) -> Result<(Value, Option<i32>)> {
    let mut texts = Vec::new();
    for format in ["text", "json"] {
        let mut command = world.options.command("config show");
        let output = command.args([container, "--format", format]).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(!stdout.contains(SECRET) && !stderr.contains(SECRET), "a secret: {stdout}{stderr}");
        texts.push((stdout, stderr, output.status.code()));
    }
    let (json, stderr, status) = texts.pop().context("no output")?;
    let report = serde_json::from_str(&json).with_context(|| format!("{json}{stderr}"))?;
    let (_, _, of_text) = texts.pop().context("no output")?;
    ensure!(of_text == status, "{of_text:?} as text, {status:?} as JSON");
    Ok((report, status))
}

/// The items that differ, as `aspect name`, sorted.
pub(crate) fn differences(report: &Value) -> Result<Vec<String>> {
    let items = report["items"].as_array().context("no items")?;
    let differing = items.iter().filter(|item| item["differs"] == true);
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or("?").to_owned();
    let mut names: Vec<_> =
        differing.map(|it| format!("{} {}", text(it, "aspect"), text(it, "name"))).collect();
    names.sort();
    Ok(names)
}

/// Just these items differ, and the exit status says so.
pub(crate) fn expect(world: &World, container: &str, expected: &[&str]) -> Result<Value> {
    let (report, status) = show(world, container)?;
    let found = differences(&report)?;
    ensure!(found == expected, "expected {expected:?}, got {found:?} in {report}");
    let code = i32::from(!expected.is_empty());
    ensure!(status == Some(code), "status {status:?}, expected {code}");
    Ok(report)
}

/// The item of a name, of the first process or of no process.
pub(crate) fn item<'a>(report: &'a Value, name: &str) -> Result<&'a Value> {
    let items = report["items"].as_array().context("no items")?;
    let mut all = items.iter().filter(|item| item["name"] == name);
    all.find(|item| item["differs"] == true).with_context(|| format!("{name}: no difference"))
}

/// The directory of one version 1 control group of a container, or of version 2's.
pub(crate) fn group(container: &DockerContainer, controller: &str) -> Result<PathBuf> {
    let text = fs::read_to_string(format!("/proc/{}/cgroup", container.pid()?))?;
    let line = text.lines().find(|line| line.split(':').nth(1) == Some(controller));
    let path = line.and_then(|line| line.splitn(3, ':').nth(2)).context("no such controller")?;
    Ok(PathBuf::from(format!("/sys/fs/cgroup/{controller}{path}")))
}

fn nsenter(container: &DockerContainer, arguments: &[&str]) -> Result<()> {
    let pid = container.pid()?.to_string();
    let output = Command::new("nsenter").args(["--target", &pid]).args(arguments).output()?;
    ensure!(output.status.success(), "nsenter {arguments:?}: {output:?}");
    Ok(())
}

fn silent(world: &World) -> Result<()> {
    let _turn = world.shared();
    let data = world.directory("config-data");
    fs::create_dir(&data)?;
    let volume = bind(&data, "/var/data:ro");
    let everything = everything(&data);
    let everything: Vec<&str> = everything.iter().map(String::as_str).collect();
    let variants: [&[&str]; 11] = [
        &[],
        &[
            "--cap-add=SYS_ADMIN",
            "--security-opt=seccomp=unconfined",
            "--security-opt=systempaths=unconfined",
        ],
        &["--user=1000:1000", "--group-add=20", "--cap-drop=ALL", "--read-only"],
        &["--security-opt=no-new-privileges", "--init", "--tty", "--hostname=web"],
        &[
            "--memory=64m",
            "--memory-reservation=32m",
            "--cpu-shares=512",
            "--cpus=0.5",
            "--pids-limit=50",
        ],
        &[&volume, "--tmpfs=/scratch", "--mount=type=volume,destination=/vol", "--shm-size=1m"],
        &["--pid=host", "--ipc=host", "--uts=host", "--cgroupns=private"],
        &[
            "--sysctl=net.ipv4.ip_forward=1",
            "--ulimit=nofile=100:200",
            "--device=/dev/null:/dev/my",
            "--env=A=b",
        ],
        &everything,
        &["--cgroupns=host", "--security-opt=label=disable", "--userns=host", "--ipc=shareable"],
        &[
            "--cap-drop=ALL",
            "--cap-add=CHOWN",
            "--tmpfs=/t:rw,exec,size=2m,mode=1777",
            "--init=false",
        ],
    ];
    for options in variants {
        let container = world.start(options).with_context(|| format!("{options:?}"))?;
        let report = expect(world, &container.name, &[]).with_context(|| format!("{options:?}"))?;
        let items = report["items"].as_array().context("no items")?.len();
        ensure!(items > 30, "only {items} items with {options:?}");
        ensure!(report["problems"] == serde_json::json!([]), "{}", report["problems"]);
    }
    let output = world.options.command("config show").arg("no-such-container").output()?;
    ensure!(output.status.code() == Some(2), "{output:?}");
    let stopped = world.start(&[])?;
    stopped.kill();
    let output = world.options.command("config show").arg(&stopped.name).output()?;
    ensure!(output.status.code() == Some(2), "{output:?}");
    Ok(())
}

/// The first process becomes another program with an environment of its own, as entry points do.
fn environment(world: &World) -> Result<()> {
    let _turn = world.shared();
    let script = format!(
        "export LD_PRELOAD=/tmp/x.so TOKEN={SECRET}-new; unset GONE; PASSWORD={SECRET} exec /bin/sleep 1000"
    );
    let token = format!("--env=TOKEN={SECRET}");
    let options = [token.as_str(), "--env=GONE=1", "--env=SAME=2"];
    let arguments = ["/bin/sh", "-c", script.as_str()];
    let container = world.lab.docker().start_with(&world.image, &options, &arguments)?;
    let expected =
        ["environment GONE", "environment LD_PRELOAD", "environment PASSWORD", "environment TOKEN"];
    // The shell takes its time.
    let settled = driftcore_e2e::poll(std::time::Duration::from_secs(10), || {
        let name = fs::read_to_string(format!("/proc/{}/comm", container.pid().ok()?)).ok()?;
        (name.trim() != "sh").then_some(())
    });
    settled.context("the shell went on")?;
    let report = expect(world, &container.name, &expected)?;
    let preload = item(&report, "LD_PRELOAD")?;
    ensure!(preload["live"] == "/tmp/x.so" && preload["mark"] == "code_injection", "{preload}");
    ensure!(preload["declared"].is_null(), "{preload}");
    let token = item(&report, "TOKEN")?;
    for side in ["declared", "live"] {
        let text = token[side].as_str().context("no text")?;
        ensure!(text.len() == 71 && text.starts_with("sha256:"), "{token}");
    }
    ensure!(token["declared"] == item(&report, "PASSWORD")?["live"], "{report}");
    Ok(())
}

fn mounts(world: &World) -> Result<()> {
    let _turn = world.shared();
    let data = world.directory("config-mounts");
    fs::create_dir(&data)?;
    let volume = bind(&data, "/data:ro");
    let container = world.start(&[&volume, "--cap-add=SYS_ADMIN", "--read-only"])?;
    expect(world, &container.name, &[])?;
    let change = |script: &str, expected: &[&str]| -> Result<Value> {
        let script =
            &script.replace("mount -", "busybox mount -").replace("umount /", "busybox umount /");
        container.sh(script).with_context(|| script.to_owned())?;
        expect(world, &container.name, expected).with_context(|| script.to_owned())
    };
    let report = change("mount -t tmpfs x /run", &["mount /run"])?;
    ensure!(item(&report, "/run")?["live"] == "tmpfs rw", "{report}");
    ensure!(item(&report, "/run")?["mark"].is_null(), "{report}");
    change("umount /run", &[])?;
    let report = change("mount -o remount,bind,rw x /data", &["mount /data"])?;
    let of_data = item(&report, "/data")?;
    ensure!(of_data["declared"] == format!("{} ro rprivate", data.display()), "{of_data}");
    ensure!(of_data["live"] == format!("{} rw", data.display()), "{of_data}");
    change("mount -o remount,bind,ro x /data", &[])?;
    change("umount /proc/keys", &["mount /proc/keys"])?;
    change("mount -o bind /dev/null /proc/keys", &[])?;
    change("umount /proc/sys", &["mount /proc/sys"])?;
    change("mount -o bind /proc/sys /proc/sys; mount -o remount,bind,ro x /proc/sys", &[])?;
    change("mount -o remount,bind,rw x /", &["mount /"])?;
    change("mount -o remount,bind,ro x /", &[])?;
    // A directory of the host, through a mount that shows it.
    let report = change("mount -o bind /data /run", &["mount /run"])?;
    let of_mnt = item(&report, "/run")?;
    ensure!(of_mnt["mark"] == "host_path", "{of_mnt}");
    ensure!(of_mnt["live"] == format!("{} ro", data.display()), "{of_mnt}");
    change("umount /run", &[])?;
    // What is mounted below it would be seen by whoever has a copy; less of that is no difference.
    let report = change("mount --make-shared /data", &["mount /data"])?;
    let of_data = item(&report, "/data")?;
    ensure!(of_data["live"] == format!("{} ro shared", data.display()), "{of_data}");
    change("mount --make-private /data", &[])?;
    change("mount --make-unbindable /data", &[])?;
    change("mount --make-private /data", &[])?;
    // The socket of a runtime, and another one.
    let _sockets = [
        std::os::unix::net::UnixListener::bind(data.join("docker.sock"))?,
        std::os::unix::net::UnixListener::bind(data.join("other.sock"))?,
    ];
    change("mount -t tmpfs x /run; touch /run/s", &["mount /run"])?;
    for (name, mark) in [("docker.sock", "runtime_socket"), ("other.sock", "host_path")] {
        let mount = format!("mount -o bind /data/{name} /run/s");
        let report = change(&mount, &["mount /run", "mount /run/s"])?;
        let socket = item(&report, "/run/s")?;
        ensure!(socket["mark"] == mark && socket["declared"].is_null(), "{socket}");
        change("umount /run/s", &["mount /run"])?;
    }
    change("umount /run", &[])?;
    change("mount -t tmpfs x /data", &["mount /data"])?;
    change("umount /data; umount /data", &["mount /data"])?;
    // One to whom the socket was given.
    let socket = bind(&data.join("docker.sock"), "/var/run/docker.sock");
    let twin = world.start(&[&socket, &bind(&data, "/shared")])?;
    expect(world, &twin.name, &[])?;
    Ok(())
}

fn rights(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&["--user=1000:1000"])?;
    let twin = world.start(&[])?;
    expect(world, &container.name, &[])?;
    // Root where user 1000 was declared; the other is one of the container's own.
    let mut own = container.exec_command();
    let _own = Guard(own.args(["sleep", "1000"]).spawn()?);
    let mut root = world.lab.docker().command();
    root.args(["exec", "--user=0", &container.id, "sleep", "1001"]);
    let _root = Guard(root.spawn()?);
    runs("sleep 1000")?;
    runs("sleep 1001")?;
    let expected = [
        "capability capabilities.effective",
        "capability capabilities.permitted",
        "identity gid",
        "identity groups",
        "identity uid",
    ];
    let report = expect(world, &container.name, &expected)?;
    let uid = item(&report, "uid")?;
    ensure!(uid["declared"] == "1000" && uid["live"] == "0", "{uid}");
    ensure!(uid["process"]["name"] == "sleep", "{uid}");
    // Root may become another; a process that enters with the host's namespaces is told of.
    expect(world, &twin.name, &[])?;
    let pid = twin.pid()?.to_string();
    let mut outsider = Command::new("nsenter");
    let outsider = Guard(outsider.args(["--target", &pid, "--mount", "sleep", "1002"]).spawn()?);
    runs("sleep 1002")?;
    let (report, status) = show(world, &twin.name)?;
    ensure!(status == Some(1), "{report}");
    let found = differences(&report)?;
    for name in [
        "capability capabilities.bounding",
        "capability capabilities.effective",
        "identity namespace.ipc",
        "identity namespace.network",
        "identity namespace.pid",
        "identity namespace.uts",
        "identity seccomp",
    ] {
        ensure!(found.iter().any(|it| it == name), "{name} is not in {found:?}");
    }
    drop(outsider);
    expect(world, &twin.name, &[])?;
    Ok(())
}

/// A child that ends when it is dropped.
struct Guard(std::process::Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until somebody runs this command.
fn runs(command: &str) -> Result<()> {
    let wanted = command.replace(' ', "\0") + "\0";
    let found = driftcore_e2e::poll(std::time::Duration::from_secs(10), || {
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let mut lines = processes.filter_map(|it| fs::read(it.path().join("cmdline")).ok());
        lines.any(|line| line == wanted.as_bytes()).then_some(())
    });
    found.with_context(|| format!("{command} does not run"))
}

fn limits(world: &World) -> Result<()> {
    let _turn = world.shared();
    let docker = world.lab.docker();
    let container = world.start(&["--memory=64m", "--pids-limit=50", "--ulimit=nofile=100:200"])?;
    expect(world, &container.name, &[])?;
    let output = docker
        .command()
        .args(["update", "--memory=80m", "--memory-swap=160m", &container.id])
        .output()?;
    ensure!(output.status.success(), "{output:?}");
    let updated = [
        "declaration hostconfig.json:Memory",
        "declaration hostconfig.json:MemorySwap",
        "limit memory.limit",
        "limit memory.swap",
    ];
    let (report, _) = show(world, &container.name)?;
    let found = differences(&report)?;
    // Not every kernel counts swap.
    let wanted = updated.iter().filter(|it| {
        **it != "limit memory.swap"
            || group(&container, "memory")
                .is_ok_and(|it| it.join("memory.memsw.limit_in_bytes").exists())
    });
    ensure!(found.iter().eq(wanted), "{found:?}");
    let limit = item(&report, "memory.limit")?;
    ensure!(limit["declared"] == "67108864" && limit["live"] == "83886080", "{limit}");

    let container = world.start(&["--pids-limit=50", "--ulimit=nofile=100:200"])?;
    let pids = group(&container, "pids")?.join("pids.max");
    fs::write(&pids, "60")?;
    let report = expect(world, &container.name, &["limit pids.limit"])?;
    ensure!(item(&report, "pids.limit")?["live"] == "60", "{report}");
    fs::write(&pids, "50")?;
    expect(world, &container.name, &[])?;
    // A soft limit is the process's to choose, a hard one is not.
    let pid = container.pid()?.to_string();
    let prlimit = |limit: &str| -> Result<()> {
        let output = Command::new("prlimit").args(["--pid", &pid, limit]).output()?;
        ensure!(output.status.success(), "{output:?}");
        Ok(())
    };
    prlimit("--nofile=150:200")?;
    expect(world, &container.name, &[])?;
    prlimit("--nofile=150:180")?;
    let report = expect(world, &container.name, &["limit RLIMIT_NOFILE"])?;
    let nofile = item(&report, "RLIMIT_NOFILE")?;
    ensure!(nofile["declared"] == "200" && nofile["live"] == "180", "{nofile}");

    let container = world.start(&[])?;
    fs::write(format!("/proc/{}/oom_score_adj", container.pid()?), "7")?;
    expect(world, &container.name, &["limit oom_score_adj"])?;
    fs::write(format!("/proc/{}/oom_score_adj", container.pid()?), "0")?;
    if let Ok(devices) = group(&container, "devices") {
        fs::write(devices.join("devices.allow"), "b 254:0 rwm")?;
        expect(world, &container.name, &["limit device b 254:0"])?;
    }
    Ok(())
}

fn sysctls(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&["--sysctl=net.ipv4.ip_forward=1", "--hostname=web"])?;
    expect(world, &container.name, &[])?;
    nsenter(&container, &["--net", "sysctl", "-w", "net.ipv4.ip_forward=0"])?;
    let report = expect(world, &container.name, &["sysctl net.ipv4.ip_forward"])?;
    let forward = item(&report, "net.ipv4.ip_forward")?;
    ensure!(forward["declared"] == "1" && forward["live"] == "0", "{forward}");
    nsenter(&container, &["--uts", "hostname", "db"])?;
    let expected = ["sysctl kernel.hostname", "sysctl net.ipv4.ip_forward"];
    let report = expect(world, &container.name, &expected)?;
    ensure!(item(&report, "kernel.hostname")?["live"] == "db", "{report}");
    nsenter(&container, &["--uts", "hostname", "web"])?;
    nsenter(&container, &["--net", "sysctl", "-w", "net.ipv4.ip_forward=1"])?;
    expect(world, &container.name, &[])?;
    Ok(())
}

fn declarations(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    expect(world, &container.name, &[])?;
    let directory = world.lab.docker().root().join("containers").join(&container.id);
    let host = directory.join("hostconfig.json");
    let original = fs::read_to_string(&host)?;
    let edit = |member: &str, value: Value| -> Result<()> {
        let mut json: Value = serde_json::from_str(&original)?;
        json[member] = value;
        fs::write(&host, json.to_string())?;
        Ok(())
    };
    edit("Binds", serde_json::json!(["/etc:/host"]))?;
    let report = expect(world, &container.name, &["declaration hostconfig.json:Binds./host"])?;
    let binds = item(&report, "hostconfig.json:Binds./host")?;
    ensure!(binds["declared"] == "absent" && binds["live"] == "/etc rw", "{binds}");
    edit("CapAdd", serde_json::json!(["SYS_ADMIN"]))?;
    expect(world, &container.name, &["declaration hostconfig.json:CapAdd.SYS_ADMIN"])?;
    fs::write(&host, &original)?;
    expect(world, &container.name, &[])?;

    let bundle = world.lab.containerd().state().join("io.containerd.runtime.v2.task/moby");
    let bundle = bundle.join(&container.id).join("config.json");
    let text = fs::read_to_string(&bundle)?;
    fs::write(&bundle, &text)?;
    expect(world, &container.name, &["declaration config.json"])?;
    // What neither the image nor whoever made the container said.
    let mut edited: Value = serde_json::from_str(&text)?;
    edited["process"]["cwd"] = "/tmp".into();
    fs::write(&bundle, edited.to_string())?;
    // Docker was told where, and so was runc.
    let both = [
        "declaration config.json",
        "declaration config.v2.json:WorkingDir",
        "declaration image:WorkingDir",
    ];
    let report = expect(world, &container.name, &both)?;
    ensure!(item(&report, "image:WorkingDir")?["declared"] == "/", "{report}");
    let twin = world.start(&["--workdir=/tmp", "--user=7"])?;
    let report = expect(world, &twin.name, &[])?;
    let items = report["items"].as_array().context("no items")?;
    let said = items.iter().find(|it| it["name"] == "image:WorkingDir").context("no image")?;
    ensure!(said["declared"] == "/" && said["live"] == "/tmp", "{said}");
    fs::write(&bundle, "{\"process\": 7}")?;
    let output = world.options.command("config show").arg(&container.name).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2) && stderr.contains("config.json:1:"), "{stderr}");
    Ok(())
}

/// Options of `docker run` that are in many members of its files.
fn everything(data: &Path) -> Vec<String> {
    let mount = format!("--mount=type=bind,source={},target=/bound,readonly", data.display());
    let volume = bind(data, "/data:ro");
    let options = [
        volume.as_str(),
        &mount,
        "--mount=type=volume,source=config-members,target=/vol",
        "--mount=type=tmpfs,target=/memory,tmpfs-size=1000000,tmpfs-mode=700",
        "--tmpfs=/scratch:size=1m,ro",
        "--volume=/anonymous",
        "--group-add=6",
        "--device-cgroup-rule=c 10:229 rm",
        "--device=/dev/null:/dev/my:rw",
        "--cgroupns=private",
        "--ulimit=nofile=100:200",
        "--hostname=web",
        "--domainname=example.com",
        "--user=1000:1000",
        "--workdir=/data",
        "--env=TOKEN=1",
        "--security-opt=no-new-privileges",
        "--security-opt=seccomp=unconfined",
        "--shm-size=1m",
        "--init",
        "--tty",
    ];
    options.map(str::to_owned).into()
}

/// A file of a runtime that is edited and put back.
struct Edited {
    path: PathBuf,
    original: String,
}

impl Edited {
    fn new(path: PathBuf) -> Result<Self> {
        let original = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(Self { path, original })
    }

    /// Sets what a pointer into it leads to.
    fn set(&self, pointer: &str, value: &Value) -> Result<()> {
        let mut json: Value = serde_json::from_str(&self.original)?;
        let (parent, name) = pointer.rsplit_once('/').context("no pointer")?;
        let parent = json.pointer_mut(parent).with_context(|| pointer.to_owned())?;
        parent[name.replace("~1", "/")] = value.clone();
        Ok(fs::write(&self.path, json.to_string())?)
    }

    fn put_back(&self) -> Result<()> {
        Ok(fs::write(&self.path, &self.original)?)
    }
}

/// Each member edited by itself, where the container may have most of what Docker gives; the twin is left alone.
fn members(world: &World) -> Result<()> {
    use serde_json::json;

    let _turn = world.shared();
    let data = world.directory("config-members");
    fs::create_dir(&data)?;
    let options = everything(&data);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let container = world.start(&options)?;
    let twin = world.start(&options)?;
    expect(world, &container.name, &[])?;
    let directory = world.lab.docker().root().join("containers").join(&container.id);
    let host = Edited::new(directory.join("hostconfig.json"))?;
    let config = Edited::new(directory.join("config.v2.json"))?;
    let bundle = world.lab.containerd().state().join("io.containerd.runtime.v2.task/moby");
    let shim = fs::read_to_string(bundle.join(&container.id).join("options.json"))?;
    let shim: Value = serde_json::from_str(&shim)?;
    let runc = PathBuf::from(shim["root"].as_str().context("no root")?);
    let runc = Edited::new(runc.join("moby").join(&container.id).join("state.json"))?;

    let api = json!({"Type": "bind", "Source": "/etc", "Target": "/bound", "ReadOnly": true});
    let hook = json!([{"path": "/tmp/x", "args": ["x"]}]);
    let edits: [(&Edited, &str, Value, &[&str]); 43] = [
        (&host, "/Privileged", json!(true), &["Privileged"]),
        (&host, "/Mounts", json!([api]), &["Binds./vol", "Mounts./bound", "Tmpfs./memory"]),
        (&host, "/Mounts/0/ReadOnly", json!(false), &["Mounts./bound"]),
        (&host, "/Mounts/1/Source", json!("other"), &["Mounts./vol"]),
        (&host, "/Mounts/2/TmpfsOptions/SizeBytes", json!(2_000_000), &["Mounts./memory"]),
        (&host, "/Binds", json!([]), &["Binds./data"]),
        (
            &host,
            "/Binds",
            json!([bind(&data, "/data:ro,rshared").replace("--volume=", "")]),
            &["Binds./data"],
        ),
        (&host, "/Tmpfs", json!({}), &["Tmpfs./scratch"]),
        (&host, "/Tmpfs", json!({"/scratch": "size=1m,ro,exec"}), &["Tmpfs./scratch"]),
        (&host, "/MaskedPaths", json!(["/proc/kcore"]), &[]),
        (&host, "/ReadonlyPaths", json!([]), &[]),
        (&host, "/SecurityOpt", json!(["seccomp={}"]), &["SecurityOpt.seccomp"]),
        (&host, "/DeviceCgroupRules", json!(null), &["DeviceCgroupRules.c 10:229 rm"]),
        (
            &host,
            "/DeviceCgroupRules",
            json!(["c 10:229 rm", "b *:* rwm"]),
            &["DeviceCgroupRules.b *:* rwm"],
        ),
        (&host, "/Devices", json!([]), &["Devices./dev/my"]),
        (&host, "/Devices/0/CgroupPermissions", json!("rwm"), &["Devices./dev/my"]),
        (&host, "/UsernsMode", json!("host"), &[]),
        (&host, "/CgroupnsMode", json!("host"), &["CgroupnsMode"]),
        (&host, "/GroupAdd", json!(["6", "0"]), &["GroupAdd.0"]),
        (&host, "/BlkioWeight", json!(500), &["BlkioWeight"]),
        (
            &host,
            "/BlkioWeightDevice",
            json!([{"Path": "/dev/sda", "Weight": 9}]),
            &["BlkioWeightDevice"],
        ),
        (
            &host,
            "/BlkioDeviceReadBps",
            json!([{"Path": "/dev/sda", "Rate": 9}]),
            &["BlkioDeviceReadBps"],
        ),
        (&host, "/OomKillDisable", json!(true), &["OomKillDisable"]),
        (&host, "/ShmSize", json!(2_097_152), &["ShmSize"]),
        (&host, "/Init", json!(false), &["Init"]),
        (&config, "/Config/User", json!("0:0"), &["User", "User.group"]),
        (&config, "/Config/WorkingDir", json!("/"), &["WorkingDir"]),
        (&config, "/Config/Hostname", json!("db"), &["Hostname"]),
        (&config, "/Config/Domainname", json!(""), &["Domainname"]),
        (&config, "/Config/Env", json!(["LD_PRELOAD=/x"]), &["Env.LD_PRELOAD", "Env.TOKEN"]),
        (&config, "/Config/Entrypoint", json!(["/bin/sh"]), &["Cmd"]),
        (&config, "/Args", json!(["-c", SECRET]), &["Args"]),
        (&config, "/NoNewPrivileges", json!(false), &["NoNewPrivileges"]),
        (&config, "/MountPoints/~1data/Source", json!("/etc"), &["MountPoints./data"]),
        (&config, "/MountPoints/~1bound/RW", json!(true), &["MountPoints./bound"]),
        (&config, "/MountPoints/~1vol/Name", json!("other"), &["MountPoints./vol"]),
        (&runc, "/config/Hooks/poststop", hook, &["Hooks.poststop"]),
        (&runc, "/config/mask_paths", json!(["/proc/kcore"]), &[]),
        (&runc, "/config/no_new_privileges", json!(false), &["no_new_privileges"]),
        (
            &runc,
            "/config/capabilities/Effective",
            json!(["CAP_SYS_ADMIN"]),
            &["capabilities.effective"],
        ),
        (&runc, "/namespace_paths/NEWNET", json!("/proc/1/ns/net"), &["namespace_paths.network"]),
        (&runc, "/cgroup_paths/memory", json!("/sys/fs/cgroup/memory"), &["cgroup_paths.memory"]),
        (&runc, "/config/readonlyfs", json!(true), &["readonlyfs"]),
    ];
    for (edited, pointer, value, items) in &edits {
        let name = edited.path.file_name().context("no name")?.to_string_lossy().into_owned();
        edited.set(pointer, value)?;
        let mut expected: Vec<String> =
            items.iter().map(|item| format!("declaration {name}:{item}")).collect();
        // Of lists that are left with fewer, each that is gone.
        if pointer.to_lowercase().ends_with("paths") && value.is_array() {
            let original: Value = serde_json::from_str(&edited.original)?;
            let original =
                original.pointer(pointer).and_then(Value::as_array).context("no list")?;
            let left = value.as_array().context("no list")?;
            let gone = original.iter().filter(|it| !left.contains(it)).filter_map(Value::as_str);
            let member = pointer.rsplit('/').next().unwrap_or_default();
            expected.extend(gone.map(|it| format!("declaration {name}:{member}.{it}")));
            ensure!(expected.len() > 3, "{pointer}: {original:?}");
            expected.sort();
        }
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        expect(world, &container.name, &expected).with_context(|| format!("{name}{pointer}"))?;
        edited.put_back()?;
    }
    expect(world, &container.name, &[])?;
    expect(world, &twin.name, &[])?;
    // A mount point that is there no more, of a file that is no JSON any more.
    let mut json: Value = serde_json::from_str(&config.original)?;
    json["MountPoints"].as_object_mut().context("no object")?.remove("/anonymous");
    fs::write(&config.path, json.to_string())?;
    expect(world, &container.name, &["declaration config.v2.json:MountPoints./anonymous"])?;
    fs::write(&runc.path, "{\"config\": 7}")?;
    let (report, _) = show(world, &container.name)?;
    let problem = report["problems"][0].as_str().context("no problem")?;
    ensure!(problem.ends_with("state.json:1:12: not what is expected"), "{problem}");
    runc.put_back()?;
    config.put_back()?;
    expect(world, &container.name, &[])?;
    Ok(())
}

/// Nobody has looked before: what is told is what the kubelet, or the runtime, did not write.
fn secrets(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-secrets");
    let mut creds = KubeletVolume::new(&directory, "secret", "creds")?;
    let mut settings = KubeletVolume::new(&directory, "configmap", "settings")?;
    creds.write(&[("password", SECRET), ("user", "web")])?;
    settings.write(&[("app.conf", SECRET)])?;
    let plain = directory.join("db");
    fs::write(&plain, SECRET)?;
    let volumes = [
        bind(creds.directory(), "/etc/creds"),
        bind(settings.directory(), "/etc/settings:ro"),
        bind(&plain, "/run/secrets/db:ro"),
    ];
    let options: Vec<&str> = volumes.iter().map(String::as_str).collect();
    let container = world.start(&options)?;
    let twin = world.start(&options[1..])?;
    let report = expect(world, &container.name, &[])?;
    let items = report["items"].as_array().context("no items")?;
    let of = |name: &str| items.iter().find(|it| it["aspect"] == "secret" && it["name"] == name);
    for name in ["/etc/creds/password", "/etc/settings/app.conf", "/run/secrets/db"] {
        let item = of(name).with_context(|| format!("{name}: not told of"))?;
        let live = item["live"].as_str().context("no digest")?;
        ensure!(live.starts_with("sha256:") && live.len() == 71, "{item}");
        ensure!(live == of("/run/secrets/db").context("no file")?["live"], "{item}");
    }
    ensure!(of("/etc/creds/user").is_some(), "{report}");
    ensure!(items.iter().filter(|it| it["aspect"] == "secret").count() == 4, "{report}");

    // The kubelet's own change.
    creds.write(&[("password", "rotated"), ("user", "web")])?;
    expect(world, &container.name, &[])?;
    // One from within, and one from the host.
    container.sh("printf stolen >/etc/creds/password")?;
    let report = expect(world, &container.name, &["secret /etc/creds/password"])?;
    let password = item(&report, "/etc/creds/password")?;
    let declared = password["declared"].as_str().context("no time")?;
    ensure!(declared.starts_with("published 2"), "{password}");
    container.sh("printf mine >/etc/creds/mine")?;
    let both = ["secret /etc/creds/mine", "secret /etc/creds/password"];
    expect(world, &container.name, &both)?;
    container.sh("rm /etc/creds/mine")?;
    creds.write(&[("password", SECRET), ("user", "web")])?;
    expect(world, &container.name, &[])?;
    fs::write(settings.files()?.join("app.conf"), "other")?;
    expect(world, &container.name, &["secret /etc/settings/app.conf"])?;
    expect(world, &twin.name, &["secret /etc/settings/app.conf"])?;
    settings.write(&[("app.conf", SECRET)])?;
    expect(world, &container.name, &[])?;
    expect(world, &twin.name, &[])?;

    // What is asked for besides.
    let config = directory.join("driftd.toml");
    fs::write(&config, "[config]\nsecrets = [\"/etc/hostname\"]\n")?;
    let mut command = world.options.command("config show");
    let output = command.arg(&twin.name).arg("--config").arg(&config).output()?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success() && stdout.contains(" /etc/hostname "), "{output:?}");
    Ok(())
}

/// What `config show --pods` says.
pub(crate) fn show_with_pods(
    world: &World,
    container: &str,
    pods: &Path,
) -> Result<(Value, Option<i32>)> {
    let mut command = world.options.command("config show");
    let output = command.args([container, "--format", "json", "--pods"]).arg(pods).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(!stdout.contains(SECRET) && !stderr.contains(SECRET), "a secret: {stdout}{stderr}");
    if stdout.is_empty() {
        return Ok((Value::String(stderr), output.status.code()));
    }
    Ok((serde_json::from_str(&stdout)?, output.status.code()))
}

/// The pod of which a container was made, as Kubernetes would print it, with the id of another one in its status.
pub(crate) fn pod_of(id: &str, volume: &Path) -> Value {
    serde_json::json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-0", "namespace": "shop"},
        "spec": {
            "securityContext": {"runAsUser": 1000, "runAsGroup": 1000, "runAsNonRoot": true, "supplementalGroups": [20],
                "seccompProfile": {"type": "RuntimeDefault"},
                "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "80"}]},
            "volumes": [{"name": "data", "hostPath": {"path": volume}}],
            "containers": [{"name": "app", "image": "lab", "command": ["/opt/attack"], "args": ["wait"],
                "env": [{"name": "TOKEN", "value": SECRET}, {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": true}],
                "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}},
                "resources": {"limits": {"memory": "64Mi", "cpu": "500m"}}}]},
        "status": {"containerStatuses": [{"name": "app", "containerID": format!("docker://{id}")}]}})
}

/// How a runtime would be told to make it.
pub(crate) fn options_of_pod(volume: &str) -> Vec<String> {
    let token = format!("--env=TOKEN={SECRET}");
    let options = [
        "--user=1000:1000",
        "--group-add=20",
        "--sysctl=net.ipv4.ip_unprivileged_port_start=80",
        "--security-opt=no-new-privileges",
        "--read-only",
        "--cap-drop=ALL",
        "--cap-add=NET_BIND_SERVICE",
        "--memory=64m",
        "--memory-swap=-1",
        "--cpus=0.5",
        "--label=io.kubernetes.pod.name=web-0",
        "--label=io.kubernetes.pod.namespace=shop",
        "--label=io.kubernetes.container.name=app",
        &token,
        volume,
    ];
    options.map(str::to_owned).into()
}

fn pods(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-pods");
    fs::create_dir(&directory)?;
    let data = directory.join("data");
    fs::create_dir(&data)?;
    let options = options_of_pod(&bind(&data, "/data:ro"));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let container = world.start(&options)?;
    let file = directory.join("pods.json");
    let write = |pods: &[&Value]| {
        let other = serde_json::json!({"kind": "Pod", "metadata": {"name": "other"}, "spec": {"containers": [{"name": "app"}]}});
        let items: Vec<&Value> = std::iter::once(&other).chain(pods.iter().copied()).collect();
        fs::write(&file, serde_json::json!({"kind": "List", "items": items}).to_string())
    };
    let expect = |expected: &[&str]| -> Result<Value> {
        let (report, status) = show_with_pods(world, &container.name, &file)?;
        let found = differences(&report)?;
        ensure!(found == expected, "expected {expected:?}, got {found:?} in {report}");
        ensure!(status == Some(i32::from(!expected.is_empty())), "status {status:?}");
        Ok(report)
    };
    // By its id, and by its names where that is another container's.
    for id in [container.id.as_str(), "0123"] {
        let pod = pod_of(id, &data);
        write(&[&pod])?;
        let report = expect(&[])?;
        ensure!(report["problems"] == serde_json::json!([]), "{}", report["problems"]);
        let items = report["items"].as_array().context("no items")?;
        let of_pod =
            items.iter().filter(|it| it["name"].as_str().is_some_and(|it| it.starts_with("pod:")));
        ensure!(of_pod.count() == 23, "{report}");
        let mut otherwise = pod.clone();
        otherwise["spec"]["containers"][0]["securityContext"]["capabilities"]["add"] =
            serde_json::json!([]);
        write(&[&otherwise])?;
        let report = expect(&["declaration pod:capabilities.drop.ALL"])?;
        let dropped = item(&report, "pod:capabilities.drop.ALL")?;
        ensure!(dropped["declared"] == "dropped" && dropped["live"] == "not dropped", "{dropped}");
        let mut otherwise = pod.clone();
        otherwise["spec"]["containers"][0]["env"][0]["value"] = "other".into();
        write(&[&otherwise])?;
        let report = expect(&["declaration pod:env.TOKEN"])?;
        let token = item(&report, "pod:env.TOKEN")?["live"].as_str().context("no digest")?;
        ensure!(token.starts_with("sha256:"), "{report}");
        let mut otherwise = pod.clone();
        otherwise["spec"]["containers"][0]["volumeMounts"] = serde_json::json!([]);
        write(&[&otherwise])?;
        let report = expect(&["declaration pod:volumeMounts./data"])?;
        ensure!(item(&report, "pod:volumeMounts./data")?["mark"] == "host_path", "{report}");
    }
    // Where the pod says nothing of what is started, the image does: it has no such command.
    let mut otherwise = pod_of(&container.id, &data);
    otherwise["spec"]["containers"][0]["command"] = Value::Null;
    otherwise["spec"]["containers"][0]["args"] = Value::Null;
    write(&[&otherwise])?;
    expect(&["declaration image:Args"])?;
    // One that is in no pod, and pods that are none.
    write(&[])?;
    let report = expect(&[])?;
    let problem = report["problems"][0].as_str().context("no problem")?;
    ensure!(problem.ends_with("pods.json: no pod there has this container"), "{problem}");
    let mut wrong = pod_of(&container.id, &data);
    wrong["spec"]["containers"][0]["env"][0]["value"] = serde_json::json!([SECRET]);
    write(&[&wrong])?;
    for expected in ["pods.json:1:", "cannot read "] {
        let (error, status) = show_with_pods(world, &container.name, &file)?;
        ensure!(status == Some(2) && error.to_string().contains(expected), "{error}");
        let _ = fs::remove_file(&file);
    }
    Ok(())
}

fn containerd(world: &World) -> Result<()> {
    let _turn = world.shared();
    world.import_into_containerd()?;
    let id = format!("lab-{}", world.mark("config"));
    world.lab.containerd().start(&world.image, &id, "true")?;
    let outcome = (|| {
        let settled = driftcore_e2e::poll(std::time::Duration::from_secs(10), || {
            let (report, _) = show(world, &id).ok()?;
            differences(&report).ok()?.is_empty().then_some(())
        });
        if settled.is_none() {
            expect(world, &id, &[])?;
        }
        let pid = &world.lab.containerd().pid(&id)?.to_string();
        let output = Command::new("nsenter")
            .args(["--target", pid, "--mount", "/bin/busybox", "mount", "-t", "tmpfs", "x", "/tmp"])
            .output()?;
        ensure!(output.status.success(), "{output:?}");
        let report = expect(world, &id, &["mount /tmp"])?;
        ensure!(item(&report, "/tmp")?["declared"].is_null(), "{report}");
        fs::write(format!("/proc/{pid}/oom_score_adj"), "9")?;
        expect(world, &id, &["limit oom_score_adj", "mount /tmp"]).or_else(|_| {
            // `ctr` declares none.
            expect(world, &id, &["mount /tmp"])
        })?;
        Ok(())
    })();
    world.lab.containerd().remove(&id);
    outcome
}
