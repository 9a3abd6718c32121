//! All that baselines speak of, exceptions of every kind, and grace, in real containers while `driftd run` watches.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Child;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::Image;
use driftcore_e2e::bind;
use driftcore_e2e::build_deb;
use driftcore_e2e::poll;
use rustix::process::Pid;
use rustix::process::Signal;

use crate::Case;
use crate::baseline::baseline;
use crate::baseline::exec;
use crate::baseline::new_directory;
use crate::baseline::said;
use crate::baseline::text;
use crate::baseline::watch;
use crate::baseline::write;
use crate::world::World;
use crate::world::carries;

pub(crate) const CASES: &[Case] = &[
    ("all_that_baselines_speak_of_is_learned_recorded_or_live_and_else_departs", all),
    ("exceptions_of_every_kind_hold_and_expired_ones_alert", exceptions),
    ("grace_is_for_the_images_and_the_time_that_are_said", grace),
    ("suggestions_are_one_for_several_images_and_for_items_of_a_configuration", suggestions),
];

/// What departed, or was expected, of a container: each once, with whether it is drift and what was ruled.
fn deeds(watch: &Driftd, container: &DockerContainer) -> Result<Vec<String>> {
    let is_its = |event: &&DriftEvent| {
        event.container.as_ref().is_some_and(|own| own.id == container.id)
            && matches!(event.kind, Kind::Network | Kind::Package | Kind::Config)
    };
    let line = |event: &DriftEvent| {
        let ruling = event.ruling.map_or("none", |ruling| ruling.as_str());
        let what = driftcore::baseline::describe(event)?;
        Some(format!("{what}: {} {ruling}", event.drift))
    };
    let events = watch.events()?;
    let mut lines: Vec<_> = events.iter().filter(is_its).filter_map(line).collect();
    lines.sort_unstable();
    lines.dedup();
    Ok(lines)
}

/// Waits until these are among them.
fn until(watch: &Driftd, container: &DockerContainer, wanted: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let there = poll(Duration::from_secs(40), || {
        found = deeds(watch, container).unwrap_or_default();
        wanted.iter().all(|it| found.contains(it)).then_some(())
    });
    there.with_context(|| format!("of {wanted:#?} there are {found:#?}"))?;
    Ok(found)
}

fn is_of_socket(what: &str) -> bool {
    what.starts_with("reached ") || what.starts_with("waited ")
}

/// A `driftd run` that is learned from while it runs.
struct Pipeline {
    run: Child,
    learn: Child,
}

impl Pipeline {
    fn start(world: &World, config: &Path, file: &Path, label: &str, log: &Path) -> Result<Self> {
        let mut run = world.options.command("run");
        run.args(["--events-all", "-", "--config"]).arg(config);
        let log_file = fs::File::create(log)?;
        let mut run = run.stdout(Stdio::piped()).stderr(log_file).spawn()?;
        let stream = run.stdout.take().context("no pipe")?;
        let mut learn = world.options.plain("baseline learn");
        learn.args(["--from", "-", "--accept", "--select", label, "-o"]).arg(file);
        let learn = learn.stdin(stream).stdout(Stdio::piped()).spawn()?;
        let pipeline = Self { run, learn };
        let is_ready = || fs::read_to_string(log).ok()?.contains("ready").then_some(());
        poll(Duration::from_secs(60), is_ready).context("it is not ready")?;
        Ok(pipeline)
    }

    /// Ends the run; what was learned is written.
    fn end(mut self) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.run.id())?).context("no pid")?;
        rustix::process::kill_process(pid, Signal::TERM)?;
        ensure!(self.run.wait()?.success(), "it did not end well");
        ensure!(self.learn.wait()?.success(), "nothing was learned");
        Ok(())
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        for child in [&mut self.run, &mut self.learn] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A document without what the times of events make of it.
fn timeless(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path)?;
    let is_time = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("first: ") || line.starts_with("last: ")
    };
    Ok(text.lines().filter(|line| !is_time(line)).collect::<Vec<_>>().join("\n"))
}

fn packages_image(world: &World) -> Result<Option<Image>> {
    let Some(image) = world.lab.build_packages_image()? else {
        println!("skipped: this machine has no dpkg");
        return Ok(None);
    };
    world.lab.docker().load(&image)?;
    Ok(Some(image))
}

fn all(world: &World) -> Result<()> {
    let _turn = world.shared();
    let Some(image) = packages_image(world)? else { return Ok(()) };
    let directory = new_directory(world, "all")?;
    let [recorded, live, events, config, outside] =
        ["recorded.yaml", "live.yaml", "events", "driftd.toml", "outside"]
            .map(|name| directory.join(name));
    fs::create_dir(&outside)?;
    let outside = outside.canonicalize()?;
    let socket = |name: &str| outside.join(name);
    let _servers = [UnixListener::bind(socket("log"))?, UnixListener::bind(socket("other"))?];
    for (name, version) in [("fresh", "0.9-1"), ("tool", "1.0+b1")] {
        build_deb(&outside, name, version)?;
    }
    let label = world.mark("all");
    let labelled = format!("--label=app={label}");
    let volume = bind(&outside, "/outside");
    let start = |labelled: &[&str], environment: &str| {
        let options = [labelled, &["--cap-add=NET_ADMIN", volume.as_str()]].concat();
        let script = format!("export {environment}; exec /bin/sleep 100000");
        world.lab.docker().start_with(&image, &options, &["/bin/sh", "-c", &script])
    };
    let first = "/bin/busybox ip addr add 10.9.8.7/32 dev lo";
    let normal = "/opt/net x listen 0.0.0.0 7001 connect 10.9.8.7 7001 send 10.9.8.7 7009 unix /outside/log; \
                  /bin/dpkg -i /outside/fresh_0.9-1.deb";
    let log = socket("log");
    let in_normal = [
        "reached 10.9.8.7:7001/tcp".to_owned(),
        "reached 10.9.8.7:7009/udp".to_owned(),
        format!("reached the Unix socket {}", log.display()),
        "waited on port 7001/tcp".to_owned(),
        "installed the dpkg package fresh".to_owned(),
        "has environment DEBUG ".to_owned(),
        "has environment LD_AUDIT \"/x\"".to_owned(),
    ];
    let sensors = "[sensor]\nunix_sockets = true\n[config]\ninterval = 1\n";
    fs::write(&config, sensors)?;
    {
        // Learned while it runs and from what was recorded: the same.
        let pipeline = Pipeline::start(
            world,
            &config,
            &live,
            &format!("app={label}"),
            &directory.join("pipeline.log"),
        )?;
        let watch = watch(world, &directory, sensors)?;
        let container = start(&[&labelled], "DEBUG=1 LD_AUDIT=/x")?;
        container.sh(&format!("{first}; {normal}"))?;
        let is_learned = |what: &String| {
            let found = deeds(&watch, &container).unwrap_or_default();
            found.iter().any(|line| line.starts_with(what.as_str()))
        };
        let there =
            poll(Duration::from_secs(40), || in_normal.iter().all(is_learned).then_some(()));
        there.with_context(|| format!("{:#?}", deeds(&watch, &container)))?;
        // What comes before it in one stream has come before it in the other when both have it.
        world.fence(&world.start(&[])?)?;
        std::thread::sleep(Duration::from_secs(3));
        pipeline.end()?;
        write(&watch.events()?, &events)?;
    }
    let select = format!("app={label}");
    let arguments = [
        "learn",
        "--from",
        text(&events)?,
        "-o",
        text(&recorded)?,
        "--accept",
        "--select",
        &select,
    ];
    said(&baseline(world, &arguments)?, 0)?;
    let document = timeless(&recorded)?;
    for part in [
        "    listen:\n      - 7001/tcp\n",
        "    connect:\n      - 10.9.8.7:7001/tcp\n      - 10.9.8.7:7009/udp\n",
        "    unix:\n",
        "    packages:\n      \"dpkg\": [\"fresh\"]\n",
        "    configuration:\n      \"environment\":\n",
        "        \"LD_AUDIT\": [\"=/x\"]",
    ] {
        ensure!(document.contains(part), "{part} is not in\n{document}");
    }
    ensure!(document == timeless(&live)?, "{document}\nis not\n{}", timeless(&live)?);

    // The same again is expected, anything else departs.
    let more = format!("{sensors}[baseline]\nfiles = [{recorded:?}]\n");
    let watch = watch(world, &directory, &more)?;
    let container = start(&[&labelled], "DEBUG=1 LD_AUDIT=/x EXTRA=1")?;
    let twin = start(&[], "DEBUG=1 LD_AUDIT=/x")?;
    container.sh(&format!(
        "{first}; {normal}; /opt/net x listen 0.0.0.0 7003 connect 10.9.8.7 7003 send 10.9.8.7 7001 \
         unix /outside/other; /bin/dpkg -i /outside/tool_1.0+b1.deb"
    ))?;
    twin.sh(&format!("{first}; {normal}"))?;
    let departs = [
        "reached 10.9.8.7:7003/tcp".to_owned(),
        "reached 10.9.8.7:7001/udp".to_owned(),
        format!("reached the Unix socket {}", socket("other").display()),
        "waited on port 7003/tcp".to_owned(),
        "changed the dpkg package tool".to_owned(),
        "has environment EXTRA ".to_owned(),
    ];
    let digest = |found: &[String], name: &str| -> Result<String> {
        let start = format!("has environment {name} ");
        let line = found.iter().find(|line| line.starts_with(&start)).context("no such item")?;
        Ok(line.split_once(": ").context("no ruling")?.0.to_owned())
    };
    let wanted: Vec<String> = departs
        .iter()
        .filter(|it| !it.ends_with(' '))
        .map(|it| format!("{it}: true departs"))
        .chain(["installed the dpkg package fresh: false baseline".to_owned()])
        .collect();
    until(&watch, &container, &wanted)?;
    let there = poll(Duration::from_secs(40), || {
        let found = deeds(&watch, &container).ok()?;
        ["DEBUG", "EXTRA", "LD_AUDIT"]
            .iter()
            .all(|name| digest(&found, name).is_ok())
            .then_some(found)
    });
    let found = there.with_context(|| format!("{:#?}", deeds(&watch, &container)))?;
    let mut expected: Vec<String> = Vec::new();
    for (list, how) in [(&in_normal[..], "baseline"), (&departs[..], "departs")] {
        for what in list {
            let what = match what.strip_suffix(' ') {
                Some(start) => digest(&found, start.rsplit(' ').next().context("no name")?)?,
                None => what.clone(),
            };
            // Where nothing is declared, sockets are no drift by themselves, so that nothing is ruled.
            let drift = how == "departs";
            let ruling = if is_of_socket(&what) && !drift { "none" } else { how };
            expected.push(format!("{what}: {drift} {ruling}"));
        }
    }
    expected.sort_unstable();
    ensure!(found == expected, "{found:#?}\nis not\n{expected:#?}");
    // Of the twin nothing is ruled.
    until(&watch, &twin, &["installed the dpkg package fresh: true none".to_owned()])?;
    let ruled = deeds(&watch, &twin)?;
    ensure!(ruled.iter().all(|line| line.ends_with(" none")), "{ruled:#?}");
    Ok(())
}

/// Exceptions, each of its own kind.
fn documents(of: &Excepted, expires: &str) -> String {
    let item = |reason: &str, keys: &str| {
        format!("  - reason: {reason}\n    author: lab\n    expires: {expires}\n    {keys}\n")
    };
    let items = [
        item("content", &format!("content: sha256:{}", of.digest)),
        item("path", "path: /opt/agent/**"),
        item("lineage", "lineage: [/opt/agent/sh]"),
        item("package", "package: fre*"),
        item("image", &format!("image: {}", of.image)),
        item("label", &format!("label: app={}", of.label)),
        item("configuration", "configuration: 'environment:LD_*'"),
    ];
    format!("version: 1\nexceptions:\n{}", items.concat())
}

struct Excepted {
    digest: String,
    image: String,
    label: String,
}

/// The first event that is so, as `DRIFT RULING`.
fn ruled(watch: &Driftd, wanted: impl Fn(&DriftEvent) -> bool) -> Result<String> {
    let event = watch.event(wanted)?;
    let ruling = event.ruling.map_or("none", |ruling| ruling.as_str());
    Ok(format!("{} {ruling}", event.drift))
}

fn exceptions(world: &World) -> Result<()> {
    let _turn = world.shared();
    let Some(packages) = packages_image(world)? else { return Ok(()) };
    let docker = world.lab.docker();
    let other = world.lab.build_image(2)?;
    docker.load(&other)?;
    let directory = new_directory(world, "every-kind")?;
    for (name, version) in [("fresh", "0.9-1"), ("tool", "1.0+b1")] {
        build_deb(&directory, name, version)?;
    }
    let label = world.mark("label");
    let volume = bind(&directory, "/debs");
    let script = "export LD_AUDIT=/x OTHER=1; exec /bin/sleep 100000";
    let one = docker.start_with(&packages, &[&volume], &["/bin/sh", "-c", script])?;
    let by_image = docker.start(&other, &[])?;
    let by_label = world.start(&[&format!("--label=app={label}")])?;
    let twin = world.start(&["--label=app=other"])?;
    // What is there before anybody watches.
    one.sh("mkdir -p /opt/agent; for n in c1 c2 agent/tool; do cp /opt/payload /opt/$n; printf $n >> /opt/$n; done
            cp /bin/busybox /opt/agent/sh; mkdir -p /srv; echo x > /opt/agent/a")?;
    let sum = one.sh("/bin/busybox sha256sum /opt/c1")?;
    let digest = sum.split(' ').next().context("no digest")?.to_owned();
    let of = Excepted { digest, image: other.id.clone(), label };
    let config = |name: &str, expires: &str| -> Result<String> {
        let file = directory.join(name);
        fs::write(&file, documents(&of, expires))?;
        Ok(format!("[config]\ninterval = 1\n[exceptions]\nfiles = [{file:?}]\n"))
    };
    let holds = watch(world, &directory, &config("holds.yaml", "2200-01-01")?)?;
    let ended = watch(world, &directory, &config("ended.yaml", "2020-01-01")?)?;

    let marks = ["c1", "c2", "tool", "image", "label", "twin"].map(|it| world.mark(it));
    let [c1, c2, tool, image, labelled, twins] = &marks;
    let by = world.mark("by");
    one.sh(&format!(
        "/opt/c1 {c1}; /opt/c2 {c2}; /opt/agent/tool {tool}; mv /opt/agent/a /opt/agent/b
         mv /opt/agent/b /etc/{by}-out
         /opt/agent/sh -c 'echo x > /etc/{by}-agent; true'; echo x > /etc/{by}-shell
         /bin/dpkg -i /debs/fresh_0.9-1.deb /debs/tool_1.0+b1.deb"
    ))?;
    let drop = |mark: &str| {
        format!("cp /opt/payload /opt/{mark}; printf x >> /opt/{mark}; /opt/{mark} {mark}")
    };
    by_image.sh(&drop(image))?;
    by_label.sh(&drop(labelled))?;
    twin.sh(&drop(twins))?;

    for (watch, taken) in [(&holds, "false exception"), (&ended, "true none")] {
        for (mark, expected) in [
            (c1, taken),
            (c2, "true none"),
            (tool, taken),
            (image, taken),
            (labelled, taken),
            (twins, "true none"),
        ] {
            // Only of the twin is every alert said.
            let got = exec(world, watch, &twin, mark)?;
            let rule = if expected == "true none" {
                "true none New Binary Executed in Container".to_owned()
            } else {
                format!("{expected} ")
            };
            ensure!(got.replace(" tainted", "") == rule, "{mark}: {got}, not {rule}");
        }
        let of_file = |action: Action, path: String| {
            ruled(watch, |event| {
                (event.kind, event.action) == (Kind::File, action)
                    && event.container.as_ref().is_some_and(|own| own.id == one.id)
                    && event.file.as_ref().is_some_and(|it| it.path.as_bytes() == path.as_bytes())
            })
            .with_context(|| path.clone())
        };
        for (action, path, expected) in [
            (Action::Rename, "/opt/agent/b".to_owned(), taken),
            (Action::Rename, format!("/etc/{by}-out"), "true none"),
            (Action::Create, format!("/etc/{by}-agent"), taken),
            (Action::Create, format!("/etc/{by}-shell"), "true none"),
        ] {
            let got = of_file(action, path.clone())?;
            ensure!(got == expected, "{path}: {got}, not {expected}");
        }
        let of_item = |kind: Kind, name: &str| {
            ruled(watch, |event| {
                let package = event.package.as_ref().map(|it| it.name.as_bytes());
                let item = event.config.as_ref().map(|it| it.item.as_bytes());
                event.kind == kind
                    && event.container.as_ref().is_some_and(|own| own.id == one.id)
                    && package.or(item) == Some(name.as_bytes())
            })
            .with_context(|| name.to_owned())
        };
        for (kind, name, expected) in [
            (Kind::Package, "fresh", taken),
            (Kind::Package, "tool", "true none"),
            (Kind::Config, "LD_AUDIT", taken),
            (Kind::Config, "OTHER", "true none"),
        ] {
            let got = of_item(kind, name)?;
            ensure!(got == expected, "{name}: {got}, not {expected}");
        }
    }
    // Each was used, and is said to be.
    let (holds, ended) = (holds.end(Signal::TERM)?.stderr, ended.end(Signal::TERM)?.stderr);
    for kind in ["content", "path", "lineage", "package", "image", "label", "configuration"] {
        let said = |text: &str, what: &str| {
            text.lines().any(|line| {
                line.contains(&format!("the exception \"{kind}\" ")) && line.contains(what)
            })
        };
        ensure!(said(&holds, " took "), "{kind}: {holds}");
        ensure!(said(&ended, "would have taken "), "{kind}: {ended}");
    }
    Ok(())
}

fn grace(world: &World) -> Result<()> {
    let _turn = world.shared();
    let docker = world.lab.docker();
    let other = world.lab.build_image(2)?;
    docker.load(&other)?;
    let directory = new_directory(world, "grace-images")?;
    // By an image's name, with a pattern, and by another one that ends at once.
    let pattern = other.reference.replace("2-layers", "2-*");
    ensure!(pattern != other.reference, "{pattern}");
    let config = format!(
        "[[grace]]\nimage = {pattern:?}\nseconds = 3600\n[[grace]]\nimage = {:?}\nseconds = 1\n",
        world.image.reference
    );
    let watch = watch(world, &directory, &config)?;
    let marks = ["long", "late", "host"].map(|it| world.mark(it));
    let [long, late, host] = &marks;
    let script = |mark: &str| {
        format!(
            "sleep 3; cp /opt/payload /opt/{mark}; printf x >> /opt/{mark}; /opt/{mark} {mark}
             while :; do sleep 3600; done"
        )
    };
    let start = |image: &Image, mark: &str| {
        docker.start_with(image, &[], &["/bin/sh", "-c", &script(mark)])
    };
    let (graced, past) = (start(&other, long)?, start(&world.image, late)?);
    watch.event(|event| carries(event, long))?;
    watch.event(|event| carries(event, late))?;
    graced
        .sh(&format!("cp /opt/payload /tmp/{host}; printf x >> /tmp/{host}; /tmp/{host} {host}"))?;
    for (container, mark, expected) in [
        (&graced, long, "false grace "),
        (&graced, host, "true none New Binary Executed in Container"),
        (&past, late, "true none New Binary Executed in Container"),
    ] {
        let got = exec(world, &watch, container, mark)?;
        ensure!(got == expected, "{mark}: {got}");
    }
    Ok(())
}

fn suggestions(world: &World) -> Result<()> {
    let _turn = world.shared();
    let docker = world.lab.docker();
    let other = world.lab.build_image(2)?;
    docker.load(&other)?;
    let directory = new_directory(world, "suggestions")?;
    let [events, file] = ["events", "e.yaml"].map(|name| directory.join(name));
    let watch = watch(world, &directory, "[config]\ninterval = 1\n")?;
    let mark = world.mark("agent");
    let script = format!(
        "mkdir /opt/agent; for n in a b; do cp /opt/payload /opt/agent/$n; printf $n >> /opt/agent/$n
         /opt/agent/$n {mark}-$n; done; export LD_AUDIT=/x EXTRA=1; exec /bin/sleep 100000"
    );
    let start = |image: &Image| docker.start_with(image, &[], &["/bin/sh", "-c", &script]);
    let containers = [start(&world.image)?, start(&other)?];
    // Another container does some of it, and nobody asks to silence that: its image is another one.
    let mut all = Vec::new();
    for container in &containers {
        for item in ["LD_AUDIT", "EXTRA"] {
            watch.event(|event| {
                event.container.as_ref().is_some_and(|own| own.id == container.id)
                    && event.config.as_ref().is_some_and(|it| it.item.as_bytes() == item.as_bytes())
            })?;
        }
        all.extend(watch.events()?.into_iter().filter(|event| {
            let kind = matches!(event.kind, Kind::Binary | Kind::Config);
            kind && event.container.as_ref().is_some_and(|own| own.id == container.id)
        }));
    }
    write(&all, &events)?;
    let suggested = said(&baseline(world, &["suggest", "--from", text(&events)?])?, 0)?;
    let mut images = [world.image.id.as_str(), other.id.as_str()];
    images.sort_unstable();
    let images = format!("    image: [{}]\n", images.join(", "));
    ensure!(suggested.contains("# 2 exception(s) would have silenced 8 event(s)."), "{suggested}");
    for part in [
        format!("  - reason: \"\"\n{images}    path: [/opt/agent/**]\n"),
        format!(
            "  - reason: \"\"\n{images}    configuration: [\"environment:EXTRA\", \"environment:LD_AUDIT\"]\n"
        ),
    ] {
        ensure!(suggested.contains(&part), "{part} is not in\n{suggested}");
    }
    // They silence it.
    fs::write(&file, suggested.replace("reason: \"\"", "reason: ours"))?;
    let check = ["check", "--exceptions", text(&file)?, text(&events)?];
    let stdout = said(&baseline(world, &check)?, 0)?;
    ensure!(stdout.contains("0 event(s) depart"), "{stdout}");
    ensure!(stdout.matches("excepted 4: ours\n").count() == 2, "{stdout}");
    Ok(())
}
