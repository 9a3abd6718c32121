//! Secrets and configuration of every kind, in containers of Docker and of containerd: what is rotated, what is
//! written from within, and what from the host.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::ConfigMark;
use driftcore::event::DriftEvent;
use driftcore::event::WriterOrigin;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::bind;
use driftcore_e2e::poll;

use crate::Case;
use crate::kubelet::KubeletVolume;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("secrets_of_every_kind_in_docker_are_told_by_who_changed_them", docker),
    ("secrets_of_every_kind_in_containerd_are_told_by_who_changed_them", containerd),
];

/// What a container has mounted, each from a directory of its own.
struct Volumes {
    projected: KubeletVolume,
    downward: KubeletVolume,
    /// One file of it is mounted by itself.
    sub: KubeletVolume,
    run: PathBuf,
}

impl Volumes {
    fn new(directory: &Path) -> Result<Self> {
        let mut projected = KubeletVolume::new(directory, "projected", "token")?;
        projected.write(&[("token", "one"), ("ca.crt", "ca")])?;
        let mut downward = KubeletVolume::new(directory, "downward-api", "podinfo")?;
        downward.write(&[("labels", "app=web")])?;
        let mut sub = KubeletVolume::new(directory, "configmap", "sub")?;
        sub.write(&[("app.conf", "x")])?;
        let run = directory.join("run-secrets");
        fs::create_dir_all(&run)?;
        fs::write(run.join("db"), "old")?;
        Ok(Self { projected, downward, sub, run: run.canonicalize()? })
    }

    /// Source and target of each mount.
    fn mounts(&self) -> Result<[(PathBuf, &'static str); 4]> {
        Ok([
            (self.projected.directory().to_owned(), "/etc/token"),
            (self.downward.directory().to_owned(), "/etc/podinfo"),
            (self.sub.files()?.join("app.conf"), "/etc/app.conf"),
            (self.run.clone(), "/run/secrets"),
        ])
    }
}

/// A container, of whatever runtime.
trait Runs {
    fn id(&self) -> &str;
    /// Runs a script in it.
    fn sh(&self, script: &str) -> Result<()>;
}

impl Runs for DockerContainer {
    fn id(&self) -> &str {
        &self.id
    }

    fn sh(&self, script: &str) -> Result<()> {
        DockerContainer::sh(self, script).map(drop)
    }
}

/// One of containerd, which is removed when it is dropped.
struct OfContainerd<'a> {
    world: &'a World,
    id: String,
}

impl Runs for OfContainerd<'_> {
    fn id(&self) -> &str {
        &self.id
    }

    fn sh(&self, script: &str) -> Result<()> {
        let name = self.world.mark("exec");
        let mut ctr = self.world.lab.containerd().command();
        ctr.args(["tasks", "exec", "--exec-id", &name, &self.id, "/bin/sh", "-c", script]);
        let output = ctr.output()?;
        ensure!(output.status.success(), "{output:?}");
        Ok(())
    }
}

impl Drop for OfContainerd<'_> {
    fn drop(&mut self) {
        self.world.lab.containerd().remove(&self.id);
    }
}

/// The events about files of one container's secrets.
fn of(watch: &Driftd, id: &str) -> Result<Vec<DriftEvent>> {
    let mut events = watch.events()?;
    events.retain(|event| {
        event.action == Action::Secret && event.container.as_ref().is_some_and(|it| it.id == id)
    });
    Ok(events)
}

fn is_about(event: &DriftEvent, item: &str) -> bool {
    event.config.as_ref().is_some_and(|it| it.item.as_bytes() == item.as_bytes())
}

fn origin(event: &DriftEvent) -> Option<WriterOrigin> {
    event.config.as_ref().and_then(|item| item.origin)
}

fn is_rotation(event: &DriftEvent) -> bool {
    event.config.as_ref().is_some_and(|item| item.mark == Some(ConfigMark::Rotation))
}

/// The first event about a file that is so.
fn found(
    watch: &Driftd,
    id: &str,
    item: &str,
    wanted: impl Fn(&DriftEvent) -> bool,
) -> Result<DriftEvent> {
    let there = poll(Duration::from_secs(20), || {
        let events = of(watch, id).ok()?;
        events.into_iter().find(|event| is_about(event, item) && wanted(event))
    });
    there.with_context(|| format!("{item}; there are {:#?}", of(watch, id)))
}

/// A write from within is told, by whom; then one from the host.
fn written(watch: &Driftd, container: &dyn Runs, item: &str, source: &Path) -> Result<()> {
    container.sh(&format!("printf stolen >{item}"))?;
    let inside = found(watch, container.id(), item, |event| event.drift && !event.ended)?;
    ensure!(origin(&inside) == Some(WriterOrigin::Inside) && !is_rotation(&inside), "{inside:#?}");
    let process = inside.process.as_ref().context("nobody wrote it")?;
    let is_script = |it: &driftcore::event::Text| it.to_string().contains("printf stolen");
    ensure!(process.cmdline.iter().any(is_script), "{process:#?}");
    fs::write(source, "by the host")?;
    let outside = found(watch, container.id(), item, |event| {
        event.drift && origin(event) == Some(WriterOrigin::Outside)
    })?;
    let process = outside.process.as_ref().context("nobody wrote it")?;
    ensure!(process.pid == std::process::id() && !is_rotation(&outside), "{outside:#?}");
    Ok(())
}

/// What is told of `container`, whose volumes these are; nothing of `twin`.
fn told(watch: &Driftd, container: &dyn Runs, volumes: &mut Volumes, twin: &str) -> Result<()> {
    let id = container.id();
    // Until it is known, nothing is told: it is rotated until it is.
    let rotated = poll(Duration::from_secs(60), || {
        let round = volumes.projected.round();
        let token = format!("token {round}");
        volumes.projected.write(&[("token", &token), ("ca.crt", "ca")]).ok()?;
        poll(Duration::from_secs(2), || {
            let events = of(watch, id).ok()?;
            events.into_iter().find(is_rotation)
        })
    });
    let rotated = rotated.context("no rotation is told of")?;
    ensure!(!rotated.drift && is_about(&rotated, "/etc/token/token"), "{rotated:#?}");
    ensure!(origin(&rotated) == Some(WriterOrigin::Outside), "{rotated:#?}");

    volumes.downward.write(&[("labels", "app=shop")])?;
    let rotated = found(watch, id, "/etc/podinfo/labels", is_rotation)?;
    ensure!(!rotated.drift && origin(&rotated) == Some(WriterOrigin::Outside), "{rotated:#?}");

    written(watch, container, "/etc/token/token", &volumes.projected.files()?.join("token"))?;
    written(watch, container, "/etc/podinfo/labels", &volumes.downward.files()?.join("labels"))?;
    written(watch, container, "/run/secrets/db", &volumes.run.join("db"))?;
    let sub = volumes.sub.files()?.join("app.conf");
    written(watch, container, "/etc/app.conf", &sub)?;

    // A file that is mounted by itself stays what it was when its volume is rotated.
    let before = of(watch, id)?.iter().filter(|it| is_about(it, "/etc/app.conf")).count();
    volumes.sub.write(&[("app.conf", "rotated")])?;
    // The kubelet puts the others right, and that ends it: what the first rotation did was looked at before.
    volumes.projected.write(&[("token", "right"), ("ca.crt", "ca")])?;
    found(watch, id, "/etc/token/token", |event| event.ended)?;
    volumes.downward.write(&[("labels", "app=end")])?;
    found(watch, id, "/etc/podinfo/labels", |event| event.ended)?;
    let events = of(watch, id)?;
    let after = events.iter().filter(|it| is_about(it, "/etc/app.conf")).count();
    ensure!(before == after, "{events:#?}");
    ensure!(!events.iter().any(|it| is_about(it, "/etc/token/ca.crt")), "{events:#?}");
    ensure!(of(watch, twin)?.is_empty(), "{:#?}", of(watch, twin)?);
    Ok(())
}

/// A `driftd` that compares nothing by itself.
fn watch(world: &World, directory: &Path) -> Result<Driftd> {
    let config = directory.join("driftd.toml");
    fs::write(&config, "[config]\ninterval = 3600\n")?;
    let options = world.options.clone().argument("--config").argument(&config);
    Driftd::start(&options, &directory.join("watch"))
}

/// The volumes of a container and of its twin.
fn volumes(directory: &Path) -> Result<[Volumes; 2]> {
    let of = |name: &str| -> Result<Volumes> {
        let directory = directory.join(name);
        fs::create_dir(&directory)?;
        Volumes::new(&directory.canonicalize()?)
    };
    Ok([of("one")?, of("twin")?])
}

fn docker(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("secret-kinds");
    fs::create_dir(&directory)?;
    let watch = watch(world, &directory)?;
    let [mut own, others] = volumes(&directory)?;
    let start = |volumes: &Volumes| -> Result<DockerContainer> {
        let mounts = volumes.mounts()?.map(|(source, target)| bind(&source, target));
        world.start(&mounts.each_ref().map(String::as_str))
    };
    let (container, twin) = (start(&own)?, start(&others)?);
    told(&watch, &container, &mut own, &twin.id)
}

fn containerd(world: &World) -> Result<()> {
    let _turn = world.shared();
    world.import_into_containerd()?;
    let directory = world.directory("secret-kinds-containerd");
    fs::create_dir(&directory)?;
    let watch = watch(world, &directory)?;
    let [mut own, others] = volumes(&directory)?;
    let start = |volumes: &Volumes| -> Result<OfContainerd<'_>> {
        let mounts = volumes.mounts()?.map(|(source, target)| {
            format!("--mount=type=bind,src={},dst={target},options=rbind:rw", source.display())
        });
        let container = OfContainerd { world, id: format!("lab-{}", world.mark("secrets")) };
        let options = mounts.each_ref().map(String::as_str);
        world.lab.containerd().start_with(&world.image, &container.id, &options, "true")?;
        Ok(container)
    };
    let (container, twin) = (start(&own)?, start(&others)?);
    told(&watch, &container, &mut own, &twin.id)
}
