//! Code that no exec names: a container with interpreters and libraries, and what was seen of them.

use std::sync::OnceLock;

use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Image;
use driftcore_e2e::Languages;

use crate::world::World;

/// The image, built and loaded once.
pub(crate) fn image(world: &World) -> Result<&'static (Image, Languages)> {
    static IMAGE: OnceLock<Result<(Image, Languages), String>> = OnceLock::new();
    let made = IMAGE.get_or_init(|| {
        let made = world.lab.build_languages_image().and_then(|made| {
            world.lab.docker().load(&made.0)?;
            Ok(made)
        });
        made.map_err(|error| format!("{error:#}"))
    });
    made.as_ref().map_err(|error| anyhow::anyhow!(error.clone()))
}

/// Something that is done: its name, shell words in which `DIR` is a directory of its own, and what is to
/// be seen of it.
pub(crate) struct Deed<'a> {
    pub(crate) name: &'a str,
    pub(crate) words: String,
    pub(crate) seen: &'a [&'a str],
}

impl<'a> Deed<'a> {
    pub(crate) fn new(name: &'a str, words: impl Into<String>, seen: &'a [&'a str]) -> Self {
        Self { name, words: words.into(), seen }
    }
}

/// Does each deed by a shell of its own, and holds what was seen against what is to be seen.
pub(crate) fn perform(world: &World, deeds: &[Deed<'_>]) -> Result<()> {
    let (image, _) = image(world)?;
    let container = world.lab.docker().start(image, &[])?;
    for deed in deeds {
        let directory = directory(deed);
        let words = deed.words.replace("DIR", &directory);
        container.sh(&format!("set -e; mkdir {directory}; {words}"))?;
    }
    let events = seen(world, &container)?;
    let mut wrong = Vec::new();
    for deed in deeds {
        let directory = directory(deed);
        let of_it = |event: &&DriftEvent| {
            event.process.iter().flat_map(|it| &it.cmdline).any(|argument| {
                let argument = argument.to_string();
                argument.contains(&format!("{directory}/"))
            }) || path(event).starts_with(&format!("{directory}/"))
        };
        let lines: Vec<_> = events.iter().filter(of_it).map(|it| line(it, &directory)).collect();
        if lines != deed.seen {
            wrong.push(format!("{}: expected {:#?}, seen {lines:#?}", deed.name, deed.seen));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    let expected: usize = deeds.iter().map(|deed| deed.seen.len()).sum();
    let all: Vec<_> = events.iter().map(|event| line(event, "")).collect();
    ensure!(all.len() == expected, "more than that was seen: {all:#?}");
    Ok(())
}

fn directory(deed: &Deed<'_>) -> String {
    format!("/tmp/{}", deed.name)
}

fn path(event: &DriftEvent) -> String {
    event.file.as_ref().map(|file| file.path.to_string()).unwrap_or_default()
}

/// Libraries and scripts of the container, so far; those of drift, and no other, are reported.
pub(crate) fn seen(world: &World, container: &DockerContainer) -> Result<Vec<DriftEvent>> {
    world.fence(container)?;
    let mut events = world.watch.events()?;
    events.retain(|event| {
        let id = event.container.as_ref().map(|it| it.id.as_str());
        event.kind == Kind::Binary
            && matches!(event.action, Action::Library | Action::Script)
            && id == Some(container.id.as_str())
    });
    let drift = world.watch.drift_events()?;
    for event in &events {
        let is_reported = drift.contains(event);
        ensure!(is_reported == event.drift, "reported: {is_reported}: {event:?}");
    }
    Ok(events)
}

/// Action, path, verdict and its evidence, how the interpreter came to it, and who ran it.
pub(crate) fn line(event: &DriftEvent, directory: &str) -> String {
    let path = path(event);
    let path = path.strip_prefix(directory).unwrap_or(&path).trim_start_matches('/');
    let provenance = event.provenance.as_ref();
    let judged = provenance
        .map_or_else(String::new, |it| format!("{} {}", it.verdict, it.evidence.as_str()));
    let script = event.script.map_or_else(String::new, |it| format!(" {}", it.as_str()));
    let process = event.process.as_ref();
    let called = process.and_then(|it| it.cmdline.first()).map(ToString::to_string);
    let called = called.unwrap_or_default();
    let name = called.rsplit('/').next().unwrap_or_default();
    let harmless = if event.drift { "" } else { " harmless" };
    let tainted = if event.tainted { " tainted" } else { "" };
    format!("{} {path} {judged}{script} by {name}{harmless}{tainted}", event.action.as_str())
}
