//! Configuration that drifts while `driftd run` watches.

use std::fs;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::ConfigMark;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore::event::Text;
use driftcore::event::WriterOrigin;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("config_events_say_each_item_once_and_its_end", live),
    ("config_events_tell_environments_of_those_who_enter", entered),
    ("config_events_tell_what_pods_declare_otherwise", pods),
    ("config_events_tell_sockets_of_runtimes_that_are_mounted", sockets),
    ("config_events_tell_limits_when_they_are_written", written),
];

/// What no output may hold.
const SECRET: &str = "incorrect-horse-battery-staple";

pub(crate) fn of<'a>(
    container: &'a DockerContainer,
    item: &'a str,
    ended: bool,
) -> impl Fn(&DriftEvent) -> bool + 'a {
    move |event| {
        event.kind == Kind::Config
            && event.ended == ended
            && event.container.as_ref().is_some_and(|it| it.id == container.id)
            && event.config.as_ref().is_some_and(|it| it.item.as_bytes() == item.as_bytes())
    }
}

/// Where an item was changed from.
pub(crate) fn origin(event: &DriftEvent) -> Option<WriterOrigin> {
    event.config.as_ref().and_then(|it| it.origin)
}

/// The items that were told of a container, in order.
pub(crate) fn said(watch: &Driftd, container: &DockerContainer) -> Result<Vec<String>> {
    let text = |event: &DriftEvent| {
        let item = event.config.as_ref().map(|it| it.item.to_string()).unwrap_or_default();
        format!("{} {item}{}", event.action, if event.ended { " ended" } else { "" })
    };
    let events = watch.events()?;
    let own = events.iter().filter(|event| {
        event.drift
            && event.kind == Kind::Config
            && event.container.as_ref().is_some_and(|it| it.id == container.id)
    });
    let mut texts: Vec<_> = own.map(text).collect();
    texts.sort();
    Ok(texts)
}

fn entered(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-entered");
    fs::create_dir(&directory)?;
    let config = directory.join("driftd.toml");
    fs::write(&config, "[config]\ninterval = 1\n")?;
    let options = world.options.clone().argument("--config").argument(&config);
    let watch = Driftd::start(&options, &directory.join("watch"))?;

    let declared = ["--env=TOKEN=declared", "--env=LEVEL=1"];
    let container = world.start(&declared)?;
    let twin = world.start(&declared)?;
    let script = "BASH_ENV=/tmp/x LEVEL=2 /bin/sleep 1000 & /bin/sleep 1000; :";
    let scripted =
        world.lab.docker().start_with(&world.image, &declared, &["/bin/sh", "-c", script])?;
    // Compared once, so known.
    watch.event(of(&scripted, "BASH_ENV", false))?;

    let exec = |container: &DockerContainer, options: &[&str], script: &str| -> Result<()> {
        let mut command = world.lab.docker().command();
        command.arg("exec").args(options).args([&container.id, "/bin/sh", "-c", script]);
        let output = command.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    let token = format!("--env=TOKEN={SECRET}");
    let options = [token.as_str(), "--env=LD_PRELOAD=/tmp/x.so", "--env=LEVEL=1", "--env=DEBUG=1"];
    exec(&container, &options, "/bin/sleep 3; :")?;
    exec(&twin, &["--env=LEVEL=1", "--user=7"], "LEVEL=3 /bin/sleep 3; :")?;

    let preload = watch.event(of(&container, "LD_PRELOAD", false))?;
    let process = preload.process.as_ref().context("nobody did it")?;
    ensure!(process.exe.as_bytes() == b"/bin/busybox", "by what it executed: {process:?}");
    ensure!(origin(&preload) == Some(WriterOrigin::Outside), "{preload:?}");
    let token = watch.event(of(&container, "TOKEN", false))?;
    let item = token.config.as_ref().context("no item")?;
    let is_digest = |text: &Option<Text>| {
        text.as_ref().is_some_and(|text| text.as_bytes().starts_with(b"sha256:"))
    };
    ensure!(is_digest(&item.declared) && is_digest(&item.live), "{item:?}");
    for item in ["DEBUG", "LD_PRELOAD", "TOKEN"] {
        watch.event(of(&container, item, true))?;
    }
    let of_each = ["DEBUG", "LD_PRELOAD", "TOKEN"]
        .map(|item| [format!("environment {item}"), format!("environment {item} ended")]);
    let seen = said(&watch, &container)?;
    ensure!(seen == of_each.concat(), "{seen:?}");
    ensure!(said(&watch, &twin)?.is_empty(), "{:?}", said(&watch, &twin)?);
    let seen = said(&watch, &scripted)?;
    ensure!(seen == ["environment BASH_ENV"], "{seen:?}");
    Ok(())
}

/// With an interval that does not end: what tells is the write itself.
fn written(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-written");
    fs::create_dir(&directory)?;
    let config = directory.join("driftd.toml");
    fs::write(&config, "[config]\ninterval = 86400\n")?;
    let options = world.options.clone().argument("--config").argument(&config);
    let watch = Driftd::start(&options, &directory.join("watch"))?;

    let docker = world.lab.docker();
    let limits = ["--memory=64m", "--memory-swap=-1", "--pids-limit=50", "--ulimit=nofile=100:200"];
    let script = ["/bin/sh", "-c", "export LD_AUDIT=/tmp/x.so; exec /bin/sleep 1000"];
    let container = docker.start_with(&world.image, &limits, &script)?;
    let twin = docker.start_with(&world.image, &limits, &script)?;
    for container in [&container, &twin] {
        // It was compared, and its files are watched.
        watch.event(of(container, "LD_AUDIT", false))?;
    }

    let pids = crate::config::group(&container, "pids")?.join("pids.max");
    fs::write(&pids, "60")?;
    let limit = watch.event(of(&container, "pids.limit", false))?;
    ensure!(limit.action == Action::Limit && limit.process.is_none(), "{limit:?}");
    ensure!(origin(&limit) == Some(WriterOrigin::Unknown), "{limit:?}");
    fs::write(&pids, "50")?;
    watch.event(of(&container, "pids.limit", true))?;

    let update = ["update", "--memory=80m", "--memory-swap=-1", &container.id];
    let output = docker.command().args(update).output()?;
    ensure!(output.status.success(), "{output:?}");
    watch.event(of(&container, "memory.limit", false))?;
    let file = watch.event(of(&container, "hostconfig.json:Memory", false))?;
    ensure!(file.action == Action::Declaration, "{file:?}");

    // What is rewritten as it was is no news, nor is an edit of what nobody declared.
    let state = docker.root().join("containers").join(&twin.id).join("hostconfig.json");
    fs::write(&state, fs::read(&state)?)?;
    let group = crate::config::group(&twin, "pids")?;
    fs::write(group.join("pids.max"), "50")?;

    // Somebody asks for more of the next start, and takes it back.
    let state = docker.root().join("containers").join(&container.id).join("hostconfig.json");
    let original = fs::read(&state)?;
    let mut edited: serde_json::Value = serde_json::from_slice(&original)?;
    edited["CapAdd"] = serde_json::json!(["SYS_ADMIN"]);
    fs::write(&state, edited.to_string())?;
    watch.event(of(&container, "hostconfig.json:CapAdd.SYS_ADMIN", false))?;
    fs::write(&state, original)?;
    watch.event(of(&container, "hostconfig.json:CapAdd.SYS_ADMIN", true))?;

    // What nothing but the file itself tells of: by Docker, and by an editor.
    let update = ["update", "--restart=on-failure:3", &container.id];
    let output = docker.command().args(update).output()?;
    ensure!(output.status.success(), "{output:?}");
    let policy = watch.event(of(&container, "hostconfig.json:RestartPolicy", false))?;
    let item = policy.config.as_ref().context("no item")?;
    let text = |text: &Option<Text>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    ensure!(text(&item.declared) == r#"{"Name":"no"}"#, "{item:?}");
    ensure!(text(&item.live).contains("on-failure"), "{item:?}");
    let mut edited: serde_json::Value = serde_json::from_slice(&fs::read(&state)?)?;
    edited["Ulimits"] = serde_json::json!([]);
    edited["LogConfig"]["Config"] = serde_json::json!({"token": SECRET});
    fs::write(&state, edited.to_string())?;
    let ulimits = watch.event(of(&container, "hostconfig.json:Ulimits", false))?;
    ensure!(ulimits.config.as_ref().is_some_and(|it| it.live.is_none()), "{ulimits:?}");
    let log = watch.event(of(&container, "hostconfig.json:LogConfig", false))?;
    ensure!(!serde_json::to_string(&log)?.contains(SECRET), "{log:?}");

    let config = state.with_file_name("config.v2.json");
    let mut edited: serde_json::Value = serde_json::from_slice(&fs::read(&config)?)?;
    edited["Config"]["User"] = "7".into();
    edited["Config"]["Labels"] = serde_json::json!({"token": SECRET});
    fs::write(&config, edited.to_string())?;
    for item in ["config.v2.json:User", "config.v2.json:Labels"] {
        let event = watch.event(of(&container, item, false))?;
        ensure!(!serde_json::to_string(&event)?.contains(SECRET), "{event:?}");
    }

    let bundle = world.lab.containerd().state().join("io.containerd.runtime.v2.task/moby");
    let bundle = bundle.join(&container.id).join("config.json");
    let options = fs::read(bundle.with_file_name("options.json"))?;
    let options: serde_json::Value = serde_json::from_slice(&options)?;
    let runc = std::path::Path::new(options["root"].as_str().context("no root")?);
    let runc = runc.join("moby").join(&container.id).join("state.json");
    let mut edited: serde_json::Value = serde_json::from_slice(&fs::read(&runc)?)?;
    edited["config"]["Hooks"]["poststop"] = serde_json::json!([{"path": "/tmp/x"}]);
    fs::write(&runc, edited.to_string())?;
    watch.event(of(&container, "state.json:Hooks.poststop", false))?;

    fs::write(&bundle, fs::read(&bundle)?)?;
    watch.event(of(&container, "config.json", false))?;

    let seen = said(&watch, &container)?;
    let expected = [
        "declaration config.json",
        "declaration config.v2.json:Labels",
        "declaration config.v2.json:User",
        "declaration hostconfig.json:CapAdd.SYS_ADMIN",
        "declaration hostconfig.json:CapAdd.SYS_ADMIN ended",
        "declaration hostconfig.json:LogConfig",
        "declaration hostconfig.json:Memory",
        "declaration hostconfig.json:RestartPolicy",
        "declaration hostconfig.json:Ulimits",
        "declaration state.json:Hooks.poststop",
        "environment LD_AUDIT",
        "limit memory.limit",
        "limit pids.limit",
        "limit pids.limit ended",
    ];
    ensure!(seen == expected, "{seen:?}");
    ensure!(said(&watch, &twin)? == ["environment LD_AUDIT"], "{:?}", said(&watch, &twin)?);
    Ok(())
}

/// A pod whose JSON says otherwise while its container runs, and one of which it never does.
fn pods(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-live-pods");
    fs::create_dir(&directory)?;
    let data = directory.join("data");
    fs::create_dir(&data)?;
    let options = crate::config::options_of_pod(&driftcore_e2e::bind(&data, "/data:ro"));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let container = world.start(&options)?;
    let twin = world.start(&options)?;
    let pods = directory.join("pods.json");
    let write = |user: u32| -> Result<()> {
        let of_twin = crate::config::pod_of(&twin.id, &data);
        let mut pod = crate::config::pod_of(&container.id, &data);
        pod["spec"]["securityContext"]["runAsUser"] = user.into();
        let new = directory.join("new");
        fs::write(&new, format!("{pod}\n{of_twin}"))?;
        Ok(fs::rename(&new, &pods)?)
    };
    let config = directory.join("driftd.toml");
    fs::write(&config, format!("[config]\ninterval = 1\npods = {pods:?}\n"))?;
    let options = world.options.clone().argument("--config").argument(&config);
    let missing =
        Driftd::start(&options, &directory.join("refused")).err().context("it started")?;
    ensure!(format!("{missing:#}").contains("pods.json"), "{missing:#}");

    write(1000)?;
    let watch = Driftd::start(&options, &directory.join("watch"))?;
    write(7)?;
    let event = watch.event(of(&container, "pod:runAsUser", false))?;
    ensure!(event.drift && event.action == Action::Declaration, "{event:?}");
    let item = event.config.as_ref().context("no item")?;
    let text = |text: &Option<Text>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    ensure!(text(&item.declared) == "7" && text(&item.live) == "1000", "{item:?}");
    write(1000)?;
    watch.event(of(&container, "pod:runAsUser", true))?;
    let seen = said(&watch, &container)?;
    let expected = ["declaration pod:runAsUser", "declaration pod:runAsUser ended"];
    ensure!(seen == expected, "{seen:?}");
    ensure!(said(&watch, &twin)?.is_empty(), "{:?}", said(&watch, &twin)?);
    Ok(())
}

/// What leads to the runtime, mounted in a container by itself; the twin has another socket.
fn sockets(world: &World) -> Result<()> {
    const RULE: &str = "Runtime Socket Mounted in Container";
    let _turn = world.shared();
    let directory = world.directory("config-sockets");
    fs::create_dir(&directory)?;
    let data = directory.join("data");
    fs::create_dir(&data)?;
    let _sockets = [
        std::os::unix::net::UnixListener::bind(data.join("docker.sock"))?,
        std::os::unix::net::UnixListener::bind(data.join("other.sock"))?,
    ];
    let config = directory.join("driftd.toml");
    fs::write(&config, "[config]\ninterval = 1\n")?;
    let options = world.options.clone().argument("--config").argument(&config);
    let watch = Driftd::start(&options, &directory.join("watch"))?;
    let volume = driftcore_e2e::bind(&data, "/data");
    let container = world.start(&[&volume, "--cap-add=SYS_ADMIN"])?;
    let twin = world.start(&[&volume, "--cap-add=SYS_ADMIN"])?;
    container.sh("touch /run/s; /bin/busybox mount -o bind /data/docker.sock /run/s")?;
    twin.sh("touch /run/s; /bin/busybox mount -o bind /data/other.sock /run/s")?;
    for (container, mark) in
        [(&container, ConfigMark::RuntimeSocket), (&twin, ConfigMark::HostPath)]
    {
        let event = watch.event(of(container, "/run/s", false))?;
        let item = event.config.as_ref().context("no item")?;
        ensure!(event.action == Action::Mount && item.mark == Some(mark), "{event:?}");
        ensure!(said(&watch, container)? == ["mount /run/s"], "{:?}", said(&watch, container)?);
    }
    let alerts = watch.alerts();
    let fired = alerts.iter().filter(|(alert, _)| alert["rule"] == RULE);
    let of: Vec<_> = fired.map(|(alert, _)| alert["drift"]["container"]["id"].clone()).collect();
    ensure!(of == [container.id.as_str()], "{alerts:#?}");
    Ok(())
}

fn live(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("config-live");
    fs::create_dir(&directory)?;
    let config = directory.join("driftd.toml");
    fs::write(&config, "[config]\ninterval = 1\n")?;
    // A rule that asks for the call that mounts: it says who did it.
    let rules = directory.join("rules.yaml");
    fs::write(
        &rules,
        "- rule: lab_mounts\n  desc: x\n  condition: evt.type = mount and container\n  output: mounted\n  priority: INFO\n",
    )?;
    let options = world.options.clone().argument("--config").argument(&config);
    let options = options.argument("--rules").argument(&rules);
    let watch = Driftd::start(&options, &directory.join("watch"))?;

    let container = world.start(&["--cap-add=SYS_ADMIN"])?;
    let twin = world.start(&["--cap-add=SYS_ADMIN"])?;
    // It is looked at before anything changes: otherwise there would be nothing to end.
    let script = format!("export LD_PRELOAD=/tmp/x.so TOKEN={SECRET}; exec /bin/sleep 1000");
    let arguments = ["/bin/sh", "-c", script.as_str()];
    let entry = world.lab.docker().start_with(&world.image, &[], &arguments)?;

    container.sh("/bin/busybox mount -t tmpfs x /run")?;
    let mounted = watch.event(of(&container, "/run", false))?;
    ensure!(mounted.drift && mounted.action == Action::Mount, "{mounted:?}");
    let item = mounted.config.as_ref().context("no item")?;
    ensure!(item.declared.is_none(), "{item:?}");
    ensure!(item.live.as_ref().is_some_and(|it| it.as_bytes() == b"tmpfs rw"), "{item:?}");
    ensure!(origin(&mounted) == Some(WriterOrigin::Inside), "{mounted:?}");
    let process = mounted.process.as_ref().context("nobody did it")?;
    ensure!(process.exe.as_bytes() == b"/bin/busybox", "{process:?}");

    fs::write(format!("/proc/{}/oom_score_adj", container.pid()?), "7")?;
    let limit = watch.event(of(&container, "oom_score_adj", false))?;
    ensure!(limit.action == Action::Limit && limit.process.is_none(), "{limit:?}");

    let token = watch.event(of(&entry, "TOKEN", false))?;
    let value = token.config.as_ref().and_then(|it| it.live.clone()).context("no value")?;
    ensure!(value.as_bytes().starts_with(b"sha256:"), "{value}");
    let preload = watch.event(of(&entry, "LD_PRELOAD", false))?;
    ensure!(preload.action == Action::Environment, "{preload:?}");

    // Several intervals later it still stands, and was said once.
    std::thread::sleep(std::time::Duration::from_secs(3));
    container.sh("/bin/busybox umount /run")?;
    let ended = watch.event(of(&container, "/run", true))?;
    ensure!(ended.drift && ended.action == Action::Mount, "{ended:?}");

    let said = |container: &DockerContainer| said(&watch, container);
    let expected = ["limit oom_score_adj", "mount /run", "mount /run ended"];
    ensure!(said(&container)? == expected, "{:?}", said(&container)?);
    ensure!(
        said(&entry)? == ["environment LD_PRELOAD", "environment TOKEN"],
        "{:?}",
        said(&entry)?
    );
    ensure!(said(&twin)?.is_empty(), "{:?}", said(&twin)?);
    let alerts = watch.alerts();
    let injected = alerts.iter().filter(|(alert, _)| {
        alert["rule"] == "Code Injected by Environment in Container"
            && alert["drift"]["container"]["id"] == entry.id.as_str()
    });
    ensure!(injected.count() == 1, "{alerts:#?}");
    Ok(())
}
