//! Calls on other things than files: rules that name them, and processes of the host.

use std::fs;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::Kind;
use driftcore_e2e::Driftd;
use serde_json::Value;

use crate::Case;
use crate::files::stage::Stage;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("rules_about_other_calls_fire_with_their_arguments", arguments),
    ("a_ring_that_is_not_followed_makes_the_sensor_say_so", unseen_ring),
];

const RULES: &str = "
- rule: Call
  desc: d
  condition: >
    evt.type in (ptrace, memfd_create, unshare, setns, mount, umount2, chroot, capset, setresuid, setuid,
    kill, bpf, socket, init_module) and proc.name = deeds and proc.args contains ' calls'
  output: >
    call=%evt.type %evt.args (%evt.res)
  priority: NOTICE
- rule: Redirect
  desc: d
  condition: >
    evt.type in (dup, dup2, dup3) and container and evt.rawres in (0, 1, 2)
    and fd.type in (\"ipv4\", \"ipv6\")
  output: >
    call=%evt.type %evt.args fd=%fd.type %fd.name (%evt.res)
  priority: NOTICE
- macro: container
  condition: (container.id != host)
";

/// What the deed `calls` is to be seen to do.
const CALLS: &[&str] = &[
    "ptrace res=0 request=PTRACE_TRACEME pid=0 (SUCCESS)",
    "memfd_create fd=3 name=hidden flags=MFD_CLOEXEC (SUCCESS)",
    "unshare res=0 flags=CLONE_NEWUTS (SUCCESS)",
    "setns res=0 fd=3 nstype=CLONE_NEWUTS (SUCCESS)",
    "mount res=0 dev=source dir=inside type=tmpfs flags=NOSUID (SUCCESS)",
    "umount2 res=0 name=inside flags=DETACH (SUCCESS)",
    "chroot res=0 path=inside (SUCCESS)",
    "capset res=0 cap_inheritable=0 cap_permitted=3 cap_effective=1 (SUCCESS)",
    "setresuid res=0 ruid=7 euid=8 suid=9 (SUCCESS)",
    "setuid res=0 uid=1234 (SUCCESS)",
    "kill res=0 pid=PID sig=0 (SUCCESS)",
    "bpf fd=ERROR cmd=BPF_PROG_LOAD (ERROR)",
    "socket fd=3 domain=AF_PACKET type=3 proto=0 (SUCCESS)",
    "socket fd=3 domain=AF_INET type=2 proto=0 (SUCCESS)",
    "socket fd=4 domain=AF_INET type=2 proto=0 (SUCCESS)",
    "dup2 res=0 oldfd=4 newfd=0 fd=ipv4 127.0.0.1:PORT->127.0.0.1:PORT (SUCCESS)",
    "init_module res=ERROR length=4 uargs=words (ERROR)",
];

/// What an alert says behind `call=`, without what depends on the machine.
fn said(alert: &Value) -> Option<String> {
    let output = alert["output"].as_str()?;
    let (_, said) = output.split_once("call=")?;
    let end = said.find(')')? + 1;
    let mut line = said.get(..end)?.to_owned();
    for (before, name) in
        [("pid=", "PID"), ("127.0.0.1:", "PORT"), ("=E", "ERROR"), ("(E", "ERROR")]
    {
        let skip = usize::from(name == "ERROR");
        let mut from = 0;
        while let Some(at) = line.get(from..).and_then(|rest| rest.find(before)) {
            let begin = from + at + before.len() - skip;
            let is_part = |c: char| c.is_ascii_alphanumeric();
            let rest = line.get(begin..).unwrap_or_default();
            let size = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            if rest.get(..size).is_some_and(|it| it != "0") {
                line.replace_range(begin..begin + size, name);
            }
            from = begin + name.len().min(line.len() - begin);
        }
    }
    Some(line)
}

fn with_rules(world: &World) -> Result<Driftd> {
    let directory = world.directory("calls");
    fs::create_dir_all(&directory)?;
    let path = directory.join("calls.yaml");
    fs::write(&path, RULES)?;
    let options = world.options.clone().argument("--rules").argument(&path);
    Driftd::start(&options.argument("--no-default-rules"), &world.directory("calls-run"))
}

fn arguments(world: &World) -> Result<()> {
    let _turn = world.shared();
    let stage = Stage::new(world, &["--cap-add=NET_RAW"])?;
    let watch = with_rules(world)?;
    // The twin first: of what a process of the host does, nothing is said.
    let host = world.directory("host-calls");
    fs::create_dir(&host)?;
    let mut twin = Command::new(world.lab.host_deeds());
    ensure!(twin.arg("host").arg(&host).arg("calls").status()?.success(), "on the host");
    stage.container.sh("mkdir /deeds-calls")?;
    stage.perform("host", &[("calls", "/deeds-calls".to_owned())])?;

    watch.alert(|alert| said(alert).is_some_and(|it| it.starts_with("init_module")))?;
    let alerts = watch.alerts();
    let lines: Vec<_> = alerts.iter().filter_map(|(alert, _)| said(alert)).collect();
    ensure!(lines == CALLS, "expected {CALLS:#?}, seen {lines:#?}");
    for (alert, _) in &alerts {
        ensure!(alert["drift"]["container"]["id"] == stage.container.id.as_str(), "{alert}");
        ensure!(alert["drift"]["kind"] == "syscall", "{alert}");
        ensure!(alert["drift"]["process"]["exe"] == "/opt/deeds", "{alert}");
        // What came from the caller's memory says so.
        let has_text = ["name=", "dev=", "path=", "uargs="]
            .iter()
            .any(|text| alert["output_fields"]["evt.args"].as_str().unwrap_or("").contains(text));
        ensure!((alert["drift"]["unproved"] == true) == has_text, "{alert}");
    }
    Ok(())
}

fn unseen_ring(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("unseen-ring");
    fs::create_dir_all(&directory)?;
    let config = directory.join("driftd.toml");
    fs::write(&config, "[sensor]\nfollow_io_uring = false\n")?;
    let options = world.options.clone().argument("--config").argument(&config);
    let watch = Driftd::start(&options, &world.directory("unseen-ring-run"))?;
    let stage = Stage::new(world, &[])?;
    stage.container.sh("mkdir /deeds-ring")?;
    if stage.perform("host", &[("ring_open", "/deeds-ring".to_owned())])?.is_empty() {
        return Ok(());
    }
    let event = watch.event(|event| {
        (event.kind, event.action) == (Kind::Sensor, Action::Blind) && event.process.is_some()
    })?;
    let process = event.process.as_ref().context("no process")?;
    ensure!(process.exe.as_bytes() == b"/opt/deeds", "{process:?}");
    let container = event.container.as_ref().context("no container")?;
    ensure!(container.id == stage.container.id, "{container:?}");
    let reason = &event.provenance.as_ref().context("no reason")?.reason;
    ensure!(reason.contains("io_uring"), "{reason}");
    Ok(())
}
