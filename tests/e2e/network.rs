//! Sockets that listen, are bound, and reach out.

use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::deeds::CONNECTIONS;
use driftcore_e2e::deeds::DATAGRAMS;
use driftcore_e2e::deeds::LISTENERS;
use driftcore_e2e::deeds::Sockets;
use driftcore_e2e::deeds::portless_socket_line;
use driftcore_e2e::deeds::socket_line;
use driftcore_e2e::poll;

use crate::Case;
use crate::world::Seen;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("listeners_are_said_with_every_field", listeners),
    ("connections_are_said_once_with_their_result", connections),
    ("datagrams_are_said_once_for_each_remote", datagrams),
    ("a_port_that_is_not_exposed_is_drift", exposed),
    ("what_the_configuration_does_not_expect_is_drift", configured),
    ("rules_about_sockets_ask_the_sensor_for_them", by_rule),
    ("shipped_rules_about_sockets_fire_where_something_is_declared", shipped),
    ("a_listener_that_nobody_bound_is_said_with_its_port", unbound),
    ("what_is_expected_is_loaded_again", reloaded),
    ("unix_sockets_that_lead_out_are_said_where_asked_for", unix),
    ("sockets_of_the_host_are_not_said", host),
];

/// Docker turns IPv6 off where a container has no network.
pub(crate) const V6: &str = "--sysctl=net.ipv6.conf.all.disable_ipv6=0";

/// Whether the process has `mark` among its arguments.
pub(crate) fn has_mark(event: &DriftEvent, mark: &str) -> bool {
    event.kind == Kind::Network
        && event.process.as_ref().is_some_and(|process| {
            process.cmdline.get(1).is_some_and(|it| it.as_bytes() == mark.as_bytes())
        })
}

/// Does the deeds in the container and returns the socket events of that process, all of them.
fn done(world: &World, container: &DockerContainer, deeds: &str) -> Result<Vec<DriftEvent>> {
    done_before(world, &world.watch, container, deeds)
}

/// The same, as another `driftd` sees it.
fn done_before(
    world: &World,
    watch: &Driftd,
    container: &DockerContainer,
    deeds: &str,
) -> Result<Vec<DriftEvent>> {
    let mark = world.mark("net");
    container.sh(&format!(
        "/opt/net {mark} {deeds}; cp /opt/payload /tmp/{mark}; /tmp/{mark} {mark}-end"
    ))?;
    Seen::by(watch, &format!("{mark}-end"))?;
    let events = watch.events()?;
    let mine: Vec<DriftEvent> = events.into_iter().filter(|event| has_mark(event, &mark)).collect();
    for event in &mine {
        let process = event.process.as_ref().context("no process")?;
        ensure!(process.exe.as_bytes() == b"/opt/net", "exe {:?}", process.exe);
        ensure!(process.container_pid > 1, "container_pid {}", process.container_pid);
        let got = event.container.as_ref().context("no container")?;
        ensure!(got.id == container.id, "container {}", got.id);
        ensure!(got.image.as_deref() == Some(world.image.reference.as_str()), "{:?}", got.image);
        ensure!(event.file.is_none() && event.provenance.is_none(), "a file: {event:?}");
    }
    Ok(mine)
}

pub(crate) fn lines(events: &[DriftEvent]) -> Vec<String> {
    events.iter().map(portless_socket_line).collect()
}

fn expect(got: &[DriftEvent], expected: &[&str]) -> Result<()> {
    let got = lines(got);
    ensure!(got == expected, "expected {expected:#?}, got {got:#?}");
    Ok(())
}

/// Does it, and holds what is seen against what is to be seen.
fn exactly(world: &World, sockets: &Sockets) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[V6])?;
    expect(&done(world, &container, sockets.deeds)?, sockets.lines)
}

fn listeners(world: &World) -> Result<()> {
    exactly(world, &LISTENERS)
}

fn connections(world: &World) -> Result<()> {
    exactly(world, &CONNECTIONS)
}

fn datagrams(world: &World) -> Result<()> {
    exactly(world, &DATAGRAMS)
}

/// The lines of those that are drift.
pub(crate) fn drift(events: &[DriftEvent]) -> Vec<String> {
    lines(&events.iter().filter(|event| event.drift).cloned().collect::<Vec<_>>())
}

fn exposed(world: &World) -> Result<()> {
    let _turn = world.shared();
    let deeds = "listen 0.0.0.0 7001 listen 0.0.0.0 7002 listen :: 7003 listen 127.0.0.1 7004 \
                 bind 0.0.0.0 7001 bind 0.0.0.0 7005 bind 0.0.0.0 0 connect 127.0.0.1 7002";
    let container = world.start(&[V6, "--expose=7001/tcp", "--expose=7005/udp"])?;
    let events = done(world, &container, deeds)?;
    ensure!(events.len() == 8, "{:#?}", lines(&events));
    let expected =
        ["listen tcp 0.0.0.0:7002 ok", "listen tcp [::]:7003 ok dual", "bind udp 0.0.0.0:7001 ok"];
    ensure!(drift(&events) == expected, "{:#?}", drift(&events));
    // The twin: where nothing is declared, nothing departs from it.
    let container = world.start(&[V6])?;
    let events = done(world, &container, deeds)?;
    ensure!(events.len() == 8 && drift(&events).is_empty(), "{:#?}", drift(&events));
    Ok(())
}

fn configured(world: &World) -> Result<()> {
    let _turn = world.shared();
    let config = world.directory("expected");
    std::fs::create_dir_all(&config)?;
    let config = config.join("driftd.toml");
    std::fs::write(
        &config,
        "[[expected]]\nimage = \"*driftcore/lab:*\"\nlabel = \"role=client\"\n\
         listen = [\"7001-7002\"]\nconnect = [\"10.9.8.0/24:7001/tcp\", \"10.9.8.7:7009/udp\"]\n",
    )?;
    let options = world.options.clone().argument("--config").argument(&config);
    let watch = Driftd::start(&options, &world.directory("expected-watch"))?;
    // An address of its own, on its own loopback interface.
    let prepare = "/bin/busybox ip addr add 10.9.8.7/32 dev lo";
    let deeds = "listen 0.0.0.0 7001 listen 0.0.0.0 7003 connect 10.9.8.7 7001 connect 10.9.8.7 7003 \
                 refused 10.9.8.7 7008 connect 127.0.0.1 7003 send 10.9.8.7 7009 send 10.9.8.7 7001";
    for (label, expected) in [
        (
            "--label=role=client",
            &[
                "listen tcp 0.0.0.0:7003 ok",
                "connect tcp 10.9.8.7:* -> 10.9.8.7:7003 ok",
                "connect tcp 10.9.8.7:* -> 10.9.8.7:7008 ECONNREFUSED",
                "connect udp 0.0.0.0:* -> 10.9.8.7:7001 ok",
            ][..],
        ),
        ("--label=role=other", &[]),
    ] {
        let container = world.start(&["--cap-add=NET_ADMIN", label])?;
        container.sh(prepare)?;
        let events = done_before(world, &watch, &container, deeds)?;
        ensure!(events.len() == 8, "{:#?}", lines(&events));
        ensure!(drift(&events) == expected, "{label}: {:#?}", drift(&events));
    }
    Ok(())
}

fn by_rule(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("socket-rules");
    std::fs::create_dir_all(&directory)?;
    let rules = directory.join("rules.yaml");
    let rule = |name: &str, condition: &str| {
        format!(
            "- rule: {name}\n  desc: {name}\n  condition: container.id != host and {condition}\n  \
             output: \"%evt.type %fd.name %fd.l4proto %evt.res %proc.args\"\n  priority: NOTICE\n"
        )
    };
    let text = [
        rule("listener", "evt.type = listen and fd.sport = 7001"),
        rule("refused", "evt.type = connect and evt.failed = true and fd.snet = \"127.0.0.0/8\""),
        rule(
            "accepted",
            "evt.type in (accept, accept4) and fd.sport = 7010 and fd.is_server = true",
        ),
        rule("datagram", "evt.type in (sendto, sendmsg) and fd.port = 7005 and fd.l4proto = udp"),
    ];
    std::fs::write(&rules, text.concat())?;
    let options = world.options.clone().alerts_only().argument("--no-default-rules");
    let options = options.argument("--rules").argument(&rules);
    let watch = Driftd::start(&options, &world.directory("socket-rules-watch"))?;
    let container = world.start(&[])?;
    let mark = world.mark("net");
    // Each deed beside one that no rule speaks of.
    container.sh(&format!(
        "/opt/net {mark} listen 127.0.0.1 7001 listen 127.0.0.1 7002 connect 127.0.0.1 7001 \
         refused 127.0.0.1 7009 accept 127.0.0.1 7010 accept 127.0.0.1 7011 send 127.0.0.1 7006 send 127.0.0.1 7005"
    ))?;
    let is_mine = |alert: &serde_json::Value| {
        alert["output"].as_str().is_some_and(|output| output.contains(&mark))
    };
    watch.alert(|alert| is_mine(alert) && alert["rule"] == "datagram")?;
    let alerts = watch.alerts();
    let got: Vec<_> = alerts
        .iter()
        .filter(|(alert, _)| is_mine(alert))
        .map(|(alert, _)| {
            let field = |name: &str| alert["output_fields"][name].as_str().unwrap_or("").to_owned();
            let name = field("fd.name");
            // The ports that the kernel chose.
            let name = name.split_once("->").map_or(name.as_str(), |(_, server)| server).to_owned();
            format!("{} {name} {} {}", field("evt.type"), field("fd.l4proto"), field("evt.res"))
        })
        .collect();
    let expected = [
        "listen 127.0.0.1:7001 tcp SUCCESS",
        "connect 127.0.0.1:7009 tcp ECONNREFUSED",
        "accept4 127.0.0.1:7010 tcp SUCCESS",
        "sendto 127.0.0.1:7005 udp SUCCESS",
    ];
    ensure!(got == expected, "{got:#?}");
    Ok(())
}

/// The alerts with `mark` in them, each as its rule and the server's end.
fn alerts_with(watch: &Driftd, mark: &str) -> Vec<String> {
    let alerts = watch.alerts();
    let mine = alerts.iter().map(|(alert, _)| alert).filter(|alert| {
        alert["drift"]["process"]["cmdline"].as_array().is_some_and(|it| it.contains(&mark.into()))
    });
    mine.map(|alert| {
        let name = alert["output_fields"]["fd.name"].as_str().unwrap_or("");
        let server = name.split_once("->").map_or(name, |(_, server)| server);
        format!("{} {server}", alert["rule"].as_str().unwrap_or(""))
    })
    .collect()
}

fn shipped(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("shipped-sockets");
    std::fs::create_dir_all(&directory)?;
    let config = directory.join("driftd.toml");
    std::fs::write(&config, "[[expected]]\nconnect = [\"10.9.8.0/24:7001\"]\n")?;
    let options = world.options.clone().alerts_only().argument("--config").argument(&config);
    let on = driftcore_e2e::workspace_root().join("testdata/rules/sockets_on.yaml");
    let deeds = "listen 0.0.0.0 7001 listen 0.0.0.0 7003 bind 0.0.0.0 7005 bind 0.0.0.0 7001 \
                 connect 10.9.8.7 7001 connect 10.9.8.7 7003 send 10.9.8.7 7001 send 10.9.8.7 7003";
    let all = [
        "Unexpected Listener in Container 0.0.0.0:7003",
        "Unexpected UDP Port in Container 0.0.0.0:7001",
        "Unexpected Outbound TCP Connection from Container 10.9.8.7:7003",
        "Unexpected Outbound UDP from Container 10.9.8.7:7003",
    ];
    let declared = ["--expose=7001/tcp", "--expose=7005/udp"];
    for (name, options, declared, expected) in [
        ("as-shipped", options.clone(), &declared[..], &all[..1]),
        ("switched-on", options.clone().argument("--rules").argument(&on), &declared, &all),
        // The twin: no port is declared.
        ("undeclared", options.argument("--rules").argument(&on), &[], &all[2..]),
    ] {
        let watch = Driftd::start(&options, &directory.join(name))?;
        let container = world.start(&[&["--cap-add=NET_ADMIN"], declared].concat())?;
        container.sh("/bin/busybox ip addr add 10.9.8.7/32 dev lo")?;
        let (mark, end) = (world.mark("net"), world.mark("end"));
        container.sh(&format!(
            "/opt/net {mark} {deeds}; cp /opt/payload /tmp/{end}; /tmp/{end} {end}"
        ))?;
        watch.alert(|alert| alert["drift"]["process"]["cmdline"][1] == end.as_str())?;
        ensure!(
            alerts_with(&watch, &mark) == expected,
            "{name}: {:#?}",
            alerts_with(&watch, &mark)
        );
    }
    Ok(())
}

fn unbound(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[V6, "--expose=7001/tcp"])?;
    let mark = world.mark("net");
    let said =
        container.sh(&format!("/opt/net {mark} unbound unbound-v6 listen 0.0.0.0 7001 nap"))?;
    let (v4, v6) = said.split_once('\n').context("it says two ports")?;
    world.fence(&container)?;
    let events = world.watch.events()?;
    let mine: Vec<_> = events.into_iter().filter(|event| has_mark(event, &mark)).collect();
    let got: Vec<_> = mine.iter().map(|event| (socket_line(event), event.drift)).collect();
    let expected = [
        (format!("listen tcp 0.0.0.0:{v4} ok auto"), true),
        (format!("listen tcp [::]:{} ok dual auto", v6.trim()), true),
        ("listen tcp 0.0.0.0:7001 ok".to_owned(), false),
    ];
    ensure!(got == expected, "{got:#?}, not {expected:#?}");
    ensure!(mine.iter().all(|event| event.truncated.is_empty()), "{mine:#?}");
    Ok(())
}

fn reloaded(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("expected-again");
    std::fs::create_dir_all(&directory)?;
    let config = directory.join("driftd.toml");
    let options = world.options.clone().argument("--config").argument(&config);
    let write = |text: &str| std::fs::write(&config, text);
    write("[[expected]]\nlisten = [\"7001\"]\n")?;
    let watch = Driftd::start(&options, &directory.join("watch"))?;
    let container = world.start(&[])?;
    let deeds = "listen 0.0.0.0 7001 listen 0.0.0.0 7002";
    let departs = || anyhow::Ok(drift(&done_before(world, &watch, &container, deeds)?));
    ensure!(departs()? == ["listen tcp 0.0.0.0:7002 ok"], "as it began");
    for (text, said, expected) in [
        ("[[expected]]\nlisten = [\"7002\"]\n", "loaded again", "listen tcp 0.0.0.0:7001 ok"),
        ("[[expected]]\nlisten = [\"x\"]\n", "stay as they are", "listen tcp 0.0.0.0:7001 ok"),
    ] {
        write(text)?;
        watch.signal(rustix::process::Signal::HUP)?;
        let done = poll(Duration::from_secs(15), || watch.stderr().contains(said).then_some(()));
        ensure!(done.is_some(), "{said:?} was not said: {}", watch.stderr());
        ensure!(departs()? == [expected], "after {text:?}");
    }
    Ok(())
}

fn unix(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("unix");
    std::fs::create_dir_all(&directory)?;
    let directory = directory.canonicalize()?;
    let path = |name: &str| directory.join(name);
    let _servers = [
        std::os::unix::net::UnixListener::bind(path("allowed"))?,
        std::os::unix::net::UnixListener::bind(path("other"))?,
    ];
    let files = world.directory("unix-watch");
    std::fs::create_dir_all(&files)?;
    let config = files.join("driftd.toml");
    std::fs::write(
        &config,
        "[sensor]\nunix_sockets = true\n[[expected]]\nunix = [\"*/allowed\"]\n",
    )?;
    let options = world.options.clone().argument("--config").argument(&config);
    let watch = Driftd::start(&options, &files.join("watch"))?;
    let shared = driftcore_e2e::bind(&directory, "/outside");
    let container = world.start(&[&shared, "--tmpfs=/memory"])?;
    // Beside them what stays inside: on the root, on a tmpfs, on the volume.
    let deeds = "unix /outside/allowed unix /outside/other unix-own /tmp/own unix-own /memory/own \
                 unix-own /outside/own read /etc/passwd";
    let events = done_before(world, &watch, &container, deeds)?;
    let expected = |name: &str| format!("connect unix  -> {} ok", path(name).display());
    let got: Vec<_> = events.iter().map(socket_line).collect();
    ensure!(got == [expected("allowed"), expected("other")], "{got:#?}");
    ensure!(drift(&events) == [expected("other")], "{:#?}", drift(&events));

    // The twins: a process of the host, and a `driftd` that nobody told to look.
    let mark = world.mark("net-host");
    let status =
        Command::new(world.lab.host_net()).arg(&mark).arg("unix").arg(path("other")).status()?;
    ensure!(status.success(), "the deed was not done: {status}");
    let others = done(world, &container, "unix /outside/other")?;
    ensure!(others.is_empty(), "{:#?}", lines(&others));
    ensure!(!watch.events()?.iter().any(|event| has_mark(event, &mark)), "a host process is said");
    Ok(())
}

/// The same deeds by a process of the host, and what follows in a container.
fn host(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("net-host");
    // A namespace of its own, so that no port of this machine is taken.
    let deeds = ["listen", "::1", "7001", "connect", "::1", "7001", "bind", "::1", "7001"];
    let status = Command::new("unshare")
        .args(["--net", "/bin/sh", "-c", "ip link set lo up; exec \"$@\"", "sh"])
        .arg(world.lab.host_net())
        .arg(&mark)
        .args(deeds)
        .status()?;
    ensure!(status.success(), "the deeds were not done: {status}");
    world.fence(&container)?;
    let events = world.watch.events()?;
    let seen = events.iter().filter(|event| has_mark(event, &mark)).count();
    ensure!(seen == 0, "{seen} events of a host process");
    Ok(())
}
