//! Configuration that drifts while `driftd run` watches.

use std::fs;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[("config_events_say_each_item_once_and_its_end", live)];

/// What no output may hold.
const SECRET: &str = "incorrect-horse-battery-staple";

fn of<'a>(
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

    let text = |event: &DriftEvent| {
        let item = event.config.as_ref().map(|it| it.item.to_string()).unwrap_or_default();
        format!("{} {item}{}", event.action, if event.ended { " ended" } else { "" })
    };
    let said = |container: &DockerContainer| -> Result<Vec<String>> {
        let events = watch.events()?;
        let own = events.iter().filter(|event| {
            event.drift
                && event.kind == Kind::Config
                && event.container.as_ref().is_some_and(|it| it.id == container.id)
        });
        let mut texts: Vec<_> = own.map(text).collect();
        texts.sort();
        Ok(texts)
    };
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
