//! Ways to make a watcher see another file than the one that is meant. What returns a descriptor is
//! told as it is; what is given names alone is told as it is or marked `unproved`.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Evidence;
use driftcore::event::Verdict;
use driftcore_e2e::Driftd;
use rustix::process::Signal;

use super::stage::Stage;
use super::stage::arguments;
use crate::Case;
use crate::world::Seen;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("evasion_by_detours_tells_the_file_itself", detours),
    ("evasion_by_swapped_paths_is_true_or_unproved", swapped),
    ("evasion_by_paths_too_long_says_what_is_cut", deep),
    ("evasion_by_a_bind_mount_over_an_image_file_is_replaced", bind),
    ("evasion_by_execveat_is_added", execveat),
    ("evasion_by_a_mapping_after_the_verdict_is_modified", mapped),
    ("evasion_by_a_mapping_written_back_is_unknown", mapped_back),
];

const OPENED: &str = "modify image 0644 0:0 7 bytes unwritten unknown harmless";

/// Detours and what is to be seen of each.
const DETOURS: &[(&str, &[&str])] = &[
    (
        "chain",
        &[
            "link l0 <- image 0777 0:0",
            "link l1 <- l0 0777 0:0",
            "link l2 <- l1 0777 0:0",
            "link l3 <- l2 0777 0:0",
            "link l4 <- l3 0777 0:0",
            "link l5 <- l4 0777 0:0",
            "link l6 <- l5 0777 0:0",
            "link l7 <- l6 0777 0:0",
            "link l8 <- l7 0777 0:0",
            "link l9 <- l8 0777 0:0",
            "link l10 <- l9 0777 0:0",
            "link l11 <- l10 0777 0:0",
            OPENED,
            "attributes image 0600 0:0 +mode",
        ],
    ),
    (
        "magic",
        &[
            OPENED,
            "attributes image 0600 0:0 +mode",
            "delete other image",
            // By way of a directory that only the process itself knew.
            "attributes /proc/self/cwd/dir/inner +mode unproved",
        ],
    ),
    ("pivot", &["create /new 0600 0:0 added", "delete /inner unproved"]),
    ("namespace", &["create new 0600 0:0 added", "delete dir/inner unproved"]),
    ("user", &["create new 0600 0:0 added", "attributes new 0755 0:0 +mode +executable"]),
    (
        "deleted",
        &[
            "modify dir/inner 0644 0:0 7 bytes unwritten unknown harmless",
            "delete dir/inner image",
            "delete dir image",
            "modify dir/inner 0644 0:0 7 bytes written deleted",
            "attributes dir/inner 0700 0:0 +mode +executable deleted",
        ],
    ),
    ("in_root", &["modify dir/inner 0644 0:0 7 bytes unwritten unknown harmless"]),
];

/// What was deleted in a directory that is gone as well, where that was looked at too late.
const LATE: &str = "delete dir/inner unproved";

/// The directories of the image in which this is done.
pub(crate) fn directories() -> Vec<&'static str> {
    let others = ["swap", "deep", "bind", "execveat", "mapped", "mapped_back"];
    DETOURS.iter().map(|(deed, _)| *deed).chain(others).collect()
}

/// Does a deed and returns what it printed.
fn evade(stage: &Stage<'_>, deed: &str, mark: &str) -> Result<String> {
    stage.container.sh(&format!("set -e; /opt/evade {deed} /deeds/{deed} {mark}; true"))
}

fn detours(world: &World) -> Result<()> {
    let _turn = world.shared();
    let stage = Stage::new(world, &[])?;
    let mark = world.mark("detour");
    for (deed, _) in DETOURS {
        evade(&stage, deed, &mark)?;
    }
    let seen = stage.seen()?;
    let mut wrong = Vec::new();
    for (deed, expected) in DETOURS {
        let directory = format!("/deeds/{deed}");
        let command = ["/opt/evade", deed, &directory, &mark];
        // A directory that was gone before its name was looked up proves nothing.
        let late: Vec<_> = expected
            .iter()
            .map(|line| line.strip_suffix("/inner image").map_or(*line, |_| LATE))
            .collect();
        let compare = |lines: &[&str]| stage.compare_by(&seen, &command, &directory, lines);
        if let Err(error) = compare(expected).or_else(|_| compare(&late)) {
            wrong.push(format!("{error:#}"));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// A thread makes a link lead to one directory and to the other, while files are used through it.
fn swapped(world: &World) -> Result<()> {
    let _turn = world.shared();
    let stage = Stage::new(world, &[])?;
    let mark = world.mark("swap");
    let done = evade(&stage, "swap", &mark)?;
    let truth = |what: &str| -> Vec<String> {
        let lines = done.lines().filter_map(|line| line.strip_prefix(what));
        lines.map(|path| path.trim().replace("/deeds/swap/", "")).collect()
    };
    let seen = stage.seen()?;
    let by = |action: Action, wanted: &dyn Fn(&DriftEvent) -> bool| -> Vec<(String, bool)> {
        let ours = seen.iter().filter(|event| {
            event.action == action && arguments(event).last() == Some(&mark) && wanted(event)
        });
        let told = ours.filter_map(|event| {
            let path = event.file.as_ref()?.path.to_string().replace("/deeds/swap/", "");
            Some((path, event.unproved))
        });
        told.collect()
    };
    let opens = by(Action::Modify, &|event| event.file.as_ref().is_some_and(|it| it.size == 0));
    let opens: Vec<_> =
        opens.into_iter().map(|(path, unproved)| (!unproved).then_some(path)).collect();
    let expected: Vec<_> = truth("open ").into_iter().map(Some).collect();
    ensure!(opens == expected, "opened {expected:?}, seen {opens:?}");

    let is_made = |event: &DriftEvent| {
        event.file.as_ref().is_some_and(|file| {
            let path = file.path.to_string();
            path.rsplit_once('/').is_some_and(|(_, name)| name.starts_with('m'))
        })
    };
    for (what, told) in
        [("attribute ", by(Action::Attributes, &|_| true)), ("made ", by(Action::Create, &is_made))]
    {
        let truth = truth(what);
        ensure!(told.len() == truth.len(), "{what}: {} of {}", told.len(), truth.len());
        for (number, ((path, unproved), truth)) in told.iter().zip(&truth).enumerate() {
            ensure!(*unproved || path == truth, "{what}{number}: told {path}, was {truth}");
        }
    }
    Ok(())
}

fn deep(world: &World) -> Result<()> {
    let _turn = world.shared();
    let stage = Stage::new(world, &[])?;
    stage.perform("in", &[("deep", "/deeds/deep".to_owned())])?;
    let seen = stage.seen()?;
    let by_deeds = |event: &&DriftEvent| arguments(event).last().is_some_and(|it| it == "deep");
    let (mut whole, mut cut) = (0, 0);
    for event in seen.iter().filter(by_deeds) {
        let file = event.file.as_ref().context("no file")?;
        let path = file.path.to_string();
        if path.starts_with("/deeds/deep/ddd") {
            ensure!(event.truncated.is_empty() && !event.unproved, "{event:?}");
            whole += 1;
        } else {
            ensure!(path.starts_with("..."), "{event:?}");
            ensure!(event.truncated == ["file.path"], "{event:?}");
            // The last one is a file that was opened; of the others only names are known.
            ensure!(event.unproved == file.mode.is_empty(), "{event:?}");
            cut += 1;
        }
    }
    ensure!(whole >= 19 && whole + cut == 26, "{whole} whole, {cut} cut");
    Ok(())
}

fn bind(world: &World) -> Result<()> {
    let _turn = world.shared();
    let stage = Stage::new(world, &[])?;
    let mark = world.mark("bind");
    evade(&stage, "bind", &mark)?;
    let seen = world.exec(&mark)?;
    seen.drift(Verdict::Replaced, Evidence::Kernel)?.path("/opt/p9")?;
    Ok(())
}

fn execveat(world: &World) -> Result<()> {
    let _turn = world.shared();
    let stage = Stage::new(world, &[])?;
    let mark = world.mark("execveat");
    evade(&stage, "execveat", &mark)?;
    let seen = Seen::find(&world.watch, |event| arguments(event) == ["nothing", &mark])?;
    seen.drift(Verdict::Added, Evidence::Kernel)?.path("/deeds/execveat/dropped")?;
    Ok(())
}

fn mapped(world: &World) -> Result<()> {
    let _turn = world.shared();
    let stage = Stage::new(world, &[])?;
    stage.container.sh("chmod 711 /opt/p1")?;
    for mark in [world.mark("equal"), world.mark("again")] {
        stage.container.sh(&format!("/opt/p1 {mark}; true"))?;
        world.exec(&mark)?.silent(Verdict::CopiedUp, Evidence::Content)?;
    }
    let mark = world.mark("mapped");
    evade(&stage, "mapped", &mark)?;
    let seen = world.exec(&mark)?;
    seen.drift(Verdict::Modified, Evidence::Content)?.path("/opt/p1")?;
    Ok(())
}

/// What is compared has been written back by then: nobody reads before.
fn mapped_back(world: &World) -> Result<()> {
    let _turn = world.shared();
    let stage = Stage::new(world, &[])?;
    let directory = world.directory("mapped-back");
    let driftd = Driftd::start(&world.options, &directory)?;
    let mark = world.mark("mapped-back");
    driftd.signal(Signal::STOP)?;
    let done = evade(&stage, "mapped_back", &mark);
    driftd.signal(Signal::CONT)?;
    done?;
    Seen::by(&driftd, &mark)?.drift(Verdict::Unknown, Evidence::None)?.path("/opt/p2")?;
    Ok(())
}
