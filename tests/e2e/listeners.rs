//! Sockets that waited for others before `driftd` ran.

use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore::event::Verdict;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;

use crate::Case;
use crate::network::V6;
use crate::network::drift;
use crate::network::has_mark;
use crate::network::lines;
use crate::world::Seen;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("listeners_before_the_start_are_found_with_their_process", found),
    ("listeners_before_the_start_are_not_looked_for_unless_asked", unasked),
];

/// Does the deeds in a process that stays, once it has done them.
fn hold(container: &DockerContainer, mark: &str, deeds: &str) -> Result<()> {
    container.sh(&format!(
        "(/opt/net {mark} {deeds} hold > /tmp/{mark} &); \
         for i in $(seq 100); do grep -q ready /tmp/{mark} && exit; sleep 0.1; done; exit 1"
    ))?;
    Ok(())
}

/// A process of the host in the network namespace of a container.
struct Stranger(Child);

impl Stranger {
    fn start(world: &World, container: &DockerContainer, mark: &str) -> Result<Self> {
        let mut child = Command::new("nsenter")
            .arg(format!("--net=/proc/{}/ns/net", container.pid()?))
            .arg(world.lab.host_net())
            .args([mark, "listen", "0.0.0.0", "7110", "bind", "0.0.0.0", "7110", "hold"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = [0; 5];
        let mut out = child.stdout.take().context("no output")?;
        std::io::Read::read_exact(&mut out, &mut said)?;
        ensure!(&said == b"ready", "it said {said:?}");
        Ok(Self(child))
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All events of a `driftd` that starts now, up to an attack that it saw.
fn events_from_now(
    world: &World,
    container: &DockerContainer,
    config: Option<&str>,
) -> Result<Vec<DriftEvent>> {
    let directory = world.directory("listeners");
    let mut options = world.options.clone();
    if let Some(config) = config {
        std::fs::create_dir_all(&directory)?;
        let path = directory.join("driftd.toml");
        std::fs::write(&path, config)?;
        options = options.argument("--no-default-rules").argument("--config").argument(&path);
    }
    let driftd = Driftd::start(&options, &directory.join("watch"))?;
    let mark = world.mark("fence");
    container.sh(&format!("cp /opt/payload /tmp/{mark}; /tmp/{mark} {mark}"))?;
    let fence = Seen::by(&driftd, &mark)?;
    let verdict = fence.event.provenance.as_ref().map(|it| it.verdict);
    ensure!(verdict == Some(Verdict::Added), "the attack was judged {verdict:?}");
    driftd.events()
}

fn found(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[V6, "--expose=7101/tcp"])?;
    let (mark, stranger) = (world.mark("net"), world.mark("net-host"));
    hold(
        &container,
        &mark,
        "listen 0.0.0.0 7101 listen 127.0.0.1 7102 listen-v6 ::1 7103 listen :: 7104 \
         listen-v6 :: 7105 bind 0.0.0.0 7106 bind :: 7107 bind 0.0.0.0 0 connect 127.0.0.1 7101 \
         reach 127.0.0.1 7106 share",
    )?;
    let _stranger = Stranger::start(world, &container, &stranger)?;
    let all = events_from_now(world, &container, None)?;
    let mine: Vec<_> = all.iter().filter(|event| has_mark(event, &mark)).cloned().collect();
    let expected = [
        "listen tcp 0.0.0.0:7101 ok",
        "listen tcp 127.0.0.1:7102 ok",
        "listen tcp [::1]:7103 ok",
        "listen tcp [::]:7104 ok dual",
        "listen tcp [::]:7105 ok",
        "bind udp 0.0.0.0:7106 ok",
        "bind udp [::]:7107 ok",
        "bind udp 0.0.0.0:* ok auto",
    ];
    ensure!(lines(&mine) == expected, "{:#?}", lines(&mine));
    let departs = [
        "listen tcp [::]:7104 ok dual",
        "listen tcp [::]:7105 ok",
        "bind udp 0.0.0.0:7106 ok",
        "bind udp [::]:7107 ok",
    ];
    ensure!(drift(&mine) == departs, "{:#?}", drift(&mine));
    let pid = mine[0].process.as_ref().context("no process")?.pid;
    for event in &mine {
        ensure!(event.before_start, "not marked: {event:?}");
        let process = event.process.as_ref().context("no process")?;
        ensure!(process.exe.as_bytes() == b"/opt/net", "exe {:?}", process.exe);
        ensure!(process.pid == pid && process.container_pid > 1, "process {process:?}");
        let got = event.container.as_ref().context("no container")?;
        ensure!(got.id == container.id, "container {}", got.id);
    }
    // What the host has in the container's network is not the container's.
    ensure!(!all.iter().any(|event| has_mark(event, &stranger)), "a host process is said");

    // Whoever saw them begin does not say so.
    let live = world.watch.events()?;
    let live: Vec<_> = live.iter().filter(|event| has_mark(event, &mark)).collect();
    ensure!(live.len() == 10 && live.iter().all(|event| !event.before_start), "{live:#?}");
    Ok(())
}

fn unasked(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("net");
    hold(&container, &mark, "listen 0.0.0.0 7101 bind 0.0.0.0 7101")?;
    let all = events_from_now(world, &container, Some("[events]\nkinds = [\"binary\"]\n"))?;
    ensure!(!all.iter().any(|event| event.kind == Kind::Network), "sockets were looked for");
    Ok(())
}
