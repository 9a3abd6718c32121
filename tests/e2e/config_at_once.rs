//! Configuration that drifts, told when the kernel tells: with an interval that does not end, and no rule that asks for
//! calls.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::Kind;
use driftcore::event::WriterOrigin;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::bind;

use crate::Case;
use crate::config_live::of;
use crate::config_live::origin;
use crate::config_live::said;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("config_at_once_mounts_are_told_without_a_rule", mounts),
    ("config_at_once_mounts_are_told_without_a_call", tables),
    ("config_at_once_rights_that_execs_gain_are_told", rights),
    ("config_at_once_rights_from_outside_are_told", outside),
    ("config_at_once_code_that_programs_are_made_to_load_is_told", injected),
    ("config_at_once_mounts_of_other_namespaces_are_told", elsewhere),
    ("config_live_tells_what_nobody_declared_since_the_start", since),
    ("config_live_tells_each_right_and_limit_that_changes", each),
];

/// Watches with that in `[config]`.
fn watch(world: &World, directory: &Path, config: &str) -> Result<Driftd> {
    fs::create_dir_all(directory)?;
    let path = directory.join("driftd.toml");
    fs::write(&path, format!("[config]\n{config}\n"))?;
    let options = world.options.clone().argument("--config").argument(&path);
    Driftd::start(&options, &directory.join("watch"))
}

/// A container whose first process says that it was compared: by a variable that nobody declared.
fn start(world: &World, watch: &Driftd, options: &[&str]) -> Result<DockerContainer> {
    let script = ["/bin/sh", "-c", "export LD_AUDIT=/tmp/x.so; exec /bin/sleep 1000"];
    let container = world.lab.docker().start_with(&world.image, options, &script)?;
    watch.event(of(&container, "LD_AUDIT", false))?;
    Ok(container)
}

/// Just these items were told of a container that [`start`] made.
fn expect(watch: &Driftd, container: &DockerContainer, expected: &[&str]) -> Result<()> {
    let seen = said(watch, container)?;
    let mut all = [&["environment LD_AUDIT"], expected].concat();
    all.sort_unstable();
    ensure!(seen == all, "expected {all:?}, got {seen:?}");
    Ok(())
}

/// The calls are asked for by the comparisons alone: they name who mounted, and nobody else is told of them.
fn mounts(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-at-once-mounts");
    let watch = watch(world, &directory, "interval = 86400\ncalls = \"always\"")?;
    let container = start(world, &watch, &["--cap-add=SYS_ADMIN"])?;
    let twin = start(world, &watch, &["--cap-add=SYS_ADMIN"])?;
    container.sh("/bin/busybox mount -t tmpfs x /run")?;
    twin.sh("/bin/busybox mount -t tmpfs x /no/such/place || :")?;
    let mounted = watch.event(of(&container, "/run", false))?;
    ensure!(origin(&mounted) == Some(WriterOrigin::Inside), "{mounted:?}");
    let process = mounted.process.as_ref().context("nobody did it")?;
    ensure!(process.exe.as_bytes() == b"/bin/busybox", "{process:?}");
    container.sh("/bin/busybox umount /run")?;
    watch.event(of(&container, "/run", true))?;
    expect(&watch, &container, &["mount /run", "mount /run ended"])?;
    expect(&watch, &twin, &[])?;
    let events = watch.events()?;
    let calls = events.iter().filter(|event| event.kind == Kind::Syscall);
    ensure!(calls.count() == 0, "somebody was told of calls: {events:#?}");
    Ok(())
}

/// The kernel tells of mount tables without a probe, and of what is mounted from the host, too.
fn tables(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-at-once-tables");
    let watch = watch(world, &directory, "interval = 86400\ncalls = \"never\"")?;
    let container = start(world, &watch, &["--cap-add=SYS_ADMIN"])?;
    let twin = start(world, &watch, &["--cap-add=SYS_ADMIN"])?;
    container.sh("/bin/busybox mount -t tmpfs x /run")?;
    let mounted = watch.event(of(&container, "/run", false))?;
    ensure!(origin(&mounted) == Some(WriterOrigin::Unknown), "{mounted:?}");
    let pid = container.pid()?.to_string();
    container.sh("mkdir /here")?;
    let mount = ["/bin/busybox", "mount", "-t", "tmpfs", "x", "/here"];
    let output =
        Command::new("nsenter").args(["--target", &pid, "--mount"]).args(mount).output()?;
    ensure!(output.status.success(), "{output:?}");
    watch.event(of(&container, "/here", false))?;
    container.sh("/bin/busybox umount /run")?;
    watch.event(of(&container, "/run", true))?;
    let seen = said(&watch, &container)?;
    // Who came from the host brought its rights and its variables along.
    let of_mounts: Vec<_> = seen.iter().filter(|it| it.starts_with("mount ")).collect();
    ensure!(of_mounts == ["mount /here", "mount /run", "mount /run ended"], "{seen:?}");
    expect(&watch, &twin, &[])?;

    // A container that is gone is let go of: its mounts would stay busy.
    let table = |watch: &Driftd| -> Result<usize> {
        let links = fs::read_dir(format!("/proc/{}/fd", watch.pid()))?.flatten();
        let names = links.filter_map(|link| fs::read_link(link.path()).ok());
        Ok(names.filter(|name| *name == Path::new(&format!("/proc/{pid}/mountinfo"))).count())
    };
    ensure!(table(&watch)? == 1, "its mount table is not held");
    container.kill();
    let gone = driftcore_e2e::poll(std::time::Duration::from_secs(10), || {
        (table(&watch).ok()? == 0).then_some(())
    });
    gone.context("its mount table is held")
}

/// A directory with a program of the image that runs as root whoever executes it, and one that does not.
fn tools(world: &World, directory: &Path) -> Result<PathBuf> {
    let tools = directory.join("tools");
    fs::create_dir_all(&tools)?;
    let image = world.start(&[])?;
    for (name, mode) in [("as-root", 0o4755), ("plain", 0o755)] {
        let path = tools.join(name);
        let mut command = world.lab.docker().command();
        let output =
            command.args(["cp", &format!("{}:/bin/busybox", image.id)]).arg(&path).output()?;
        ensure!(output.status.success(), "{output:?}");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    }
    Ok(tools)
}

/// Programs that are over before anybody looks at who runs.
fn rights(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-at-once-rights");
    let watch = watch(world, &directory, "interval = 1")?;
    let volume = bind(&tools(world, &directory)?, "/tools");
    let container = start(world, &watch, &["--user=1000:1000", &volume])?;
    let twin = start(world, &watch, &["--user=1000:1000", &volume])?;
    let confined = ["--user=1000:1000", &volume, "--security-opt=no-new-privileges"];
    let confined = start(world, &watch, &confined)?;
    let of_root = start(world, &watch, &[&volume])?;
    container.sh("/tools/as-root true; :")?;
    twin.sh("/tools/plain true; :")?;
    confined.sh("/tools/as-root true; :")?;
    // Who starts as root may become anybody, and may go back.
    of_root.exec_as("1000:1000", &["/bin/sh", "-c", "/tools/as-root true; :"])?;

    let uid = watch.event(of(&container, "uid", false))?;
    ensure!(uid.drift && uid.action == Action::Identity, "{uid:?}");
    ensure!(origin(&uid) == Some(WriterOrigin::Inside), "{uid:?}");
    let process = uid.process.as_ref().context("nobody did it")?;
    ensure!(process.exe.as_bytes() == b"/tools/as-root", "{process:?}");
    let item = uid.config.as_ref().context("no item")?;
    let text = |it: &Option<_>| it.as_ref().map(ToString::to_string).unwrap_or_default();
    let values = (text(&item.declared), text(&item.live));
    ensure!(values == ("1000".to_owned(), "1000,0,0,0".to_owned()), "{values:?}");
    let names = ["capabilities.effective", "capabilities.permitted", "uid"];
    for name in names {
        watch.event(of(&container, name, true))?;
    }
    let expected = [
        "capability capabilities.effective",
        "capability capabilities.effective ended",
        "capability capabilities.permitted",
        "capability capabilities.permitted ended",
        "identity uid",
        "identity uid ended",
    ];
    expect(&watch, &container, &expected)?;
    for silent in [&twin, &confined, &of_root] {
        expect(&watch, silent, &[])?;
    }
    Ok(())
}

/// Somebody outside starts a program with more than was declared.
fn outside(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-at-once-outside");
    let watch = watch(world, &directory, "interval = 86400")?;
    let of_user = start(world, &watch, &["--user=1000:1000"])?;
    let of_root = start(world, &watch, &[])?;
    let twin = start(world, &watch, &[])?;
    let exec = |container: &DockerContainer, options: &[&str]| -> Result<()> {
        let mut command = world.lab.docker().command();
        let output =
            command.arg("exec").args(options).args([&container.id, "/bin/true"]).output()?;
        ensure!(output.status.success(), "{output:?}");
        Ok(())
    };
    exec(&of_user, &["--user=0"])?;
    exec(&of_user, &[])?;
    // With the rights that we have.
    let pid = of_root.pid()?.to_string();
    let enter = ["--target", &pid, "--all", "/bin/true"];
    let output = Command::new("nsenter").args(enter).output()?;
    ensure!(output.status.success(), "{output:?}");
    exec(&twin, &["--user=7:7"])?;
    exec(&twin, &[])?;
    let uid = watch.event(of(&of_user, "uid", false))?;
    ensure!(origin(&uid) == Some(WriterOrigin::Outside), "{uid:?}");
    watch.event(of(&of_root, "capabilities.permitted", false))?;
    let sets = ["capability capabilities.effective", "capability capabilities.permitted"];
    let begun = |container: &DockerContainer| -> Result<Vec<String>> {
        let said = said(&watch, container)?;
        let is_right = |it: &String| !it.ends_with(" ended") && !it.starts_with("environment ");
        Ok(said.into_iter().filter(is_right).collect())
    };
    let of_user = begun(&of_user)?;
    let expected = [&sets[..], &["identity gid", "identity uid"]].concat();
    ensure!(of_user == expected, "{of_user:?}");
    let of_root = begun(&of_root)?;
    ensure!(of_root == sets, "{of_root:?}");
    expect(&watch, &twin, &[])
}

/// Of a program that the container's own processes made, and that ended long before the next comparison.
fn injected(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-at-once-injected");
    let watch = watch(world, &directory, "interval = 86400")?;
    let container = start(world, &watch, &[])?;
    let twin = start(world, &watch, &[])?;
    container.sh("LD_PRELOAD=/tmp/x.so /bin/busybox sleep 1; :")?;
    twin.sh("COLOUR=red PATH=/bin:/sbin /bin/busybox sleep 1; :")?;
    let preload = watch.event(of(&container, "LD_PRELOAD", false))?;
    ensure!(origin(&preload) == Some(WriterOrigin::Inside), "{preload:?}");
    let process = preload.process.as_ref().context("nobody did it")?;
    ensure!(process.exe.as_bytes() == b"/bin/busybox", "{process:?}");
    ensure!(process.uid == 0 && process.cmdline.len() == 3, "{process:?}");
    expect(&watch, &container, &["environment LD_PRELOAD"])?;
    expect(&watch, &twin, &[])
}

/// Who mounts where the first process does not see it.
fn elsewhere(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-at-once-elsewhere");
    let watch = watch(world, &directory, "interval = 1")?;
    let container = start(world, &watch, &["--cap-add=SYS_ADMIN"])?;
    let twin = start(world, &watch, &["--cap-add=SYS_ADMIN"])?;
    let script = "/bin/busybox mount -t tmpfs x /run; echo $$ >/pid; exec /bin/sleep 1000";
    let unshare = |container: &DockerContainer, script: &str| {
        container.sh(&format!("/bin/busybox unshare -m /bin/sh -c '{script}' >/dev/null 2>&1 &"))
    };
    unshare(&container, script)?;
    unshare(&twin, "exec /bin/sleep 1000")?;
    let mounted = watch.event(of(&container, "/run", false))?;
    let process = mounted.process.as_ref().context("nobody has it")?;
    ensure!(process.exe.as_bytes() == b"/bin/busybox", "who called: {process:?}");
    container.sh("kill $(cat /pid)")?;
    watch.event(of(&container, "/run", true))?;
    expect(&watch, &container, &["mount /run", "mount /run ended"])?;
    expect(&watch, &twin, &[])
}

/// A sysctl that nobody declared, and hard limits that a process may lower.
fn since(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-live-since");
    let watch = watch(world, &directory, "interval = 1")?;
    let limits = ["--ulimit=nproc=500:500"];
    let container = start(world, &watch, &limits)?;
    let twin = start(world, &watch, &[])?;
    let nsenter = |container: &DockerContainer, arguments: &[&str]| -> Result<()> {
        let pid = container.pid()?.to_string();
        let output = Command::new("nsenter").args(["--target", &pid]).args(arguments).output()?;
        ensure!(output.status.success(), "{output:?}");
        Ok(())
    };
    let prlimit = |container: &DockerContainer, limit: &str| -> Result<()> {
        let pid = container.pid()?.to_string();
        let output = Command::new("prlimit").args(["--pid", &pid, limit]).output()?;
        ensure!(output.status.success(), "{output:?}");
        Ok(())
    };
    // A process may lower its limits.
    prlimit(&twin, "--core=0:0")?;
    prlimit(&container, "--msgqueue=1000:1000")?;
    let localnet = "net.ipv4.conf.all.route_localnet";
    nsenter(&container, &["--net", "sysctl", "-w", &format!("{localnet}=1")])?;
    let routed = watch.event(of(&container, localnet, false))?;
    let item = routed.config.as_ref().context("no item")?;
    let text = |it: &Option<_>| it.as_ref().map(ToString::to_string).unwrap_or_default();
    ensure!((text(&item.declared), text(&item.live)) == ("0".into(), "1".into()), "{item:?}");
    nsenter(&container, &["--net", "sysctl", "-w", &format!("{localnet}=0")])?;
    watch.event(of(&container, localnet, true))?;
    let of_sysctl = format!("sysctl {localnet}");
    let ended = format!("{of_sysctl} ended");
    expect(&watch, &container, &[&of_sysctl, &ended])?;
    expect(&watch, &twin, &[])
}

/// One change of each kind that the other tests do not make while driftd watches.
fn each(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-live-each");
    let watch = watch(world, &directory, "interval = 1")?;
    let options = [
        "--sysctl=net.ipv4.ip_forward=1",
        "--hostname=web",
        "--ulimit=nofile=100:200",
        "--security-opt=no-new-privileges",
        "--memory=64m",
        "--memory-swap=-1",
        "--pids-limit=50",
        "--cpus=0.5",
    ];
    let container = start(world, &watch, &options)?;
    let twin = start(world, &watch, &options)?;
    let pid = container.pid()?.to_string();
    let run = |command: &mut Command| -> Result<()> {
        let output = command.output()?;
        ensure!(output.status.success(), "{command:?}: {output:?}");
        Ok(())
    };
    let enter =
        |arguments: &[&str]| run(Command::new("nsenter").args(["--target", &pid]).args(arguments));
    let mut expected = Vec::new();
    let mut told = |item: &str, name: &str| -> Result<()> {
        watch.event(of(&container, name, false)).with_context(|| name.to_owned())?;
        expected.push(format!("{item} {name}"));
        Ok(())
    };
    enter(&["--net", "sysctl", "-w", "net.ipv4.ip_forward=0"])?;
    told("sysctl", "net.ipv4.ip_forward")?;
    // The kernel changes it with that.
    told("sysctl", "net.ipv4.conf.all.accept_redirects")?;
    enter(&["--uts", "hostname", "db"])?;
    told("sysctl", "kernel.hostname")?;
    run(Command::new("prlimit").args(["--pid", &pid, "--nofile=100:180"]))?;
    told("limit", "RLIMIT_NOFILE")?;
    fs::write(format!("/proc/{pid}/oom_score_adj"), "9")?;
    told("limit", "oom_score_adj")?;
    let update = ["update", "--cpus=0.75", "--pids-limit=60", &container.id];
    run(world.lab.docker().command().args(update))?;
    told("limit", "pids.limit")?;
    told("limit", "cpu.quota")?;
    told("declaration", "hostconfig.json:PidsLimit")?;
    told("declaration", "hostconfig.json:NanoCpus")?;
    // Sets that an exec does not tell are those of whoever runs.
    let ambient =
        "/bin/busybox setpriv --inh-caps +net_raw --ambient-caps +net_raw /bin/sleep 1000";
    container.sh(&format!("{ambient} >/dev/null 2>&1 &"))?;
    told("capability", "capabilities.inheritable")?;
    told("capability", "capabilities.ambient")?;
    expected.sort();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    expect(&watch, &container, &expected)?;
    expect(&watch, &twin, &[])
}
