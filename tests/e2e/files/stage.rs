//! A container whose image has what the deeds find, and what they were seen to do.

use std::sync::OnceLock;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Image;
use driftcore_e2e::deeds::line;

use super::evasions;
use super::operations;
use crate::inspect::MAY_MOUNT;
use crate::world::World;

/// What a deed ends with where the kernel does not have its call.
const NOT_HERE: &str = "77";

/// The image with the deeds, built and loaded once.
pub(crate) fn image(world: &World) -> Result<&'static Image> {
    static IMAGE: OnceLock<Result<Image, String>> = OnceLock::new();
    let made = IMAGE.get_or_init(|| {
        let made = world
            .lab
            .build_deeds_image(&[operations::directories(), evasions::directories()].concat());
        let loaded = made.and_then(|image| {
            world.lab.docker().load(&image)?;
            Ok(image)
        });
        loaded.map_err(|error| format!("{error:#}"))
    });
    made.as_ref().map_err(|error| anyhow::anyhow!(error.clone()))
}

/// Containers in which deeds are done.
pub(crate) struct Stage<'a> {
    pub(crate) world: &'a World,
    pub(crate) image: &'static Image,
    pub(crate) container: DockerContainer,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(world: &'a World, options: &[&str]) -> Result<Self> {
        let image = image(world)?;
        // To handle the faults of a page in the kernel takes this one.
        let may_trace: &[&str] = &["--cap-add=SYS_PTRACE"];
        let options = [MAY_MOUNT, may_trace, options].concat();
        let container = world.lab.docker().start(image, &options)?;
        Ok(Self { world, image, container })
    }

    /// Does each deed in its directory, one process each: `how` is `in` or `host`. Returns those that
    /// this kernel has.
    pub(crate) fn perform<'d>(
        &self,
        how: &str,
        deeds: &[(&'d str, String)],
    ) -> Result<Vec<(&'d str, String)>> {
        let mut script = String::new();
        for (deed, directory) in deeds {
            script.push_str(&format!("/opt/deeds {how} {directory} {deed}; echo {deed} $?\n"));
        }
        let output = self.container.sh(&script)?;
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (line, (deed, directory)) in output.lines().zip(deeds) {
            match line.strip_prefix(deed).map(str::trim) {
                Some("0") => done.push((*deed, directory.clone())),
                Some(NOT_HERE) => println!("skipped: {deed}: this kernel does not have the call"),
                _ => failed.push(line),
            }
        }
        ensure!(failed.is_empty(), "{how}: {failed:?}");
        ensure!(output.lines().count() == deeds.len(), "{output}");
        Ok(done)
    }

    /// Everything about files, but reading, that was seen in the container so far.
    pub(crate) fn seen(&self) -> Result<Vec<DriftEvent>> {
        self.world.fence(&self.container)?;
        let mut events = self.world.watch.events()?;
        events.retain(|event| {
            let id = event.container.as_ref().map(|it| it.id.as_str());
            event.kind == Kind::File
                && event.action != Action::Read
                && id == Some(self.container.id.as_str())
                && !is_fence(event)
        });
        self.whole(&events)?;
        Ok(events)
    }

    /// Those of drift, and no other, are among the events of drift too; and none was lost.
    fn whole(&self, events: &[DriftEvent]) -> Result<()> {
        let drift = self.world.watch.drift_events()?;
        for event in events {
            let is_reported = drift.iter().any(|other| other == event);
            ensure!(is_reported == event.drift, "reported: {is_reported}: {event:?}");
        }
        // Other cases that run beside this one may do what the sensor says of their own containers.
        let is_ours = |event: &DriftEvent| {
            let id = event.container.as_ref().map(|it| it.id.as_str());
            event.action == Action::Dropped || id == Some(self.container.id.as_str())
        };
        let events = self.world.watch.events()?;
        let of_itself = events.iter().find(|it| it.kind == Kind::Sensor && is_ours(it));
        ensure!(of_itself.is_none(), "the sensor speaks of itself: {of_itself:?}");
        Ok(())
    }

    /// Holds what a deed was seen to do against what it did, and who was seen to do it.
    pub(crate) fn compare(
        &self,
        seen: &[DriftEvent],
        (deed, directory): (&str, &str),
        expected: &[&str],
    ) -> Result<()> {
        self.compare_by(seen, &["/opt/deeds", "in", directory, deed], directory, expected)
    }

    /// The same of any program, which is known by its command line.
    pub(crate) fn compare_by(
        &self,
        seen: &[DriftEvent],
        command: &[&str],
        directory: &str,
        expected: &[&str],
    ) -> Result<()> {
        let mut lines = Vec::new();
        for event in seen.iter().filter(|event| arguments(event) == command) {
            lines.push(line(event, directory));
            self.by(event, command[0]).with_context(|| format!("{command:?}: {event:?}"))?;
        }
        ensure!(
            lines == expected,
            "{}\n  expected {expected:#?}\n  seen {lines:#?}",
            command.join(" ")
        );
        Ok(())
    }

    /// It was done by that program, in this container.
    fn by(&self, event: &DriftEvent, program: &str) -> Result<()> {
        let container = event.container.as_ref().context("no container")?;
        ensure!(container.name.as_deref() == Some(self.container.name.as_str()), "name");
        ensure!(container.runtime == "docker", "runtime");
        ensure!(container.image.as_deref() == Some(self.image.reference.as_str()), "image");
        ensure!(container.image_id.as_deref() == Some(self.image.id.as_str()), "image id");
        let process = event.process.as_ref().context("no process")?;
        ensure!(process.exe.as_bytes() == program.as_bytes(), "exe");
        ensure!(Some(process.name.as_bytes()) == program.as_bytes().strip_prefix(b"/opt/"), "name");
        ensure!((process.uid, process.gid) == (0, 0), "user");
        ensure!(process.container_pid > 1 && process.container_pid < process.pid, "pid");
        ensure!(process.cgroup.to_string().contains(&self.container.id), "cgroup");
        let mut ancestors = process.ancestors.iter();
        ensure!(ancestors.any(|it| it.exe.as_bytes() == b"/bin/busybox"), "ancestors");
        Ok(())
    }
}

/// The command line of an event's process.
pub(crate) fn arguments(event: &DriftEvent) -> Vec<String> {
    let process = event.process.iter();
    process.flat_map(|process| &process.cmdline).map(ToString::to_string).collect()
}

/// Whether it is of what [`World::fence`] does.
fn is_fence(event: &DriftEvent) -> bool {
    let path = event.file.as_ref().map(|file| file.path.to_string());
    path.is_some_and(|path| path.starts_with("/tmp/mark-fence-"))
}
