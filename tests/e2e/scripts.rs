//! Scripts that the image did not bring, however their interpreter comes to them.

use std::fs;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::DriftEvent;
use driftcore::event::Evidence;
use driftcore::event::Verdict;
use driftcore_e2e::bind;

use crate::Case;
use crate::unnamed;
use crate::unnamed::Deed;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("dropped_scripts_of_shells_are_seen_as_scripts", shells),
    ("dropped_scripts_of_python_are_seen_as_scripts", python),
    ("dropped_scripts_of_perl_are_seen_as_scripts", perl),
    ("scripts_of_the_image_are_silent", of_the_image),
    ("scripts_of_the_host_are_silent", of_the_host),
    ("exec_of_a_script_says_that_it_is_unresolved", by_shebang),
];

/// A script with the commands of a shell.
const DROP: &str = "echo true > DIR/x";

fn shells(world: &World) -> Result<()> {
    let _turn = world.shared();
    let argument = &["script x added kernel argument by sh"];
    let deed = |name, words: &str, seen| Deed::new(name, format!("{DROP}; {words}"), seen);
    unnamed::perform(
        world,
        &[
            deed("argument", "sh DIR/x", argument),
            deed("option", "sh -e DIR/x a b", argument),
            deed("relative", "cd DIR; sh ./x DIR/", argument),
            deed("stdin", "sh < DIR/x", &["script x added kernel standard_input by sh"]),
            deed("dot", ". DIR/x", &["script x added kernel sourced by sh"]),
            Deed::new(
                "sourced",
                "echo '. DIR/lib.sh' > DIR/x; echo true > DIR/lib.sh; sh DIR/x",
                &[
                    "script x added kernel argument by sh",
                    "script lib.sh added kernel sourced by sh tainted",
                ],
            ),
            deed("applet", "busybox sh DIR/x", &["script x added kernel argument by busybox"]),
            Deed::new(
                "shebang",
                "printf '#!/bin/sh\\ntrue\\n' > DIR/x; chmod 755 DIR/x; DIR/x",
                &["script x added kernel argument by sh"],
            ),
            deed("link", "ln -s x DIR/other; sh DIR/other", argument),
            // What is read is not run.
            deed("read", "cat DIR/x", &[]),
            deed("copied", "cp DIR/x DIR/y", &[]),
            deed("data", "sh -c 'cat DIR/x' DIR/x", &[]),
        ],
    )
}

fn python(world: &World) -> Result<()> {
    let _turn = world.shared();
    let (_, languages) = unnamed::image(world)?;
    let Some(python) = &languages.python else {
        println!("skipped: this machine has no Python");
        return Ok(());
    };
    let python = python.to_str().context("no text")?;
    let name = python.rsplit('/').next().unwrap_or_default();
    let by = |line: &str| format!("{line} by {name}");
    let (script, module) =
        (by("script x.py added kernel argument"), by("script module.py added kernel sourced"));
    let (plain, helper) =
        (by("script x added kernel argument"), by("script helper.py added kernel sourced"));
    let stdin = by("script x added kernel standard_input");
    let run = |words: &str| words.replace("PYTHON", &format!("{python} -B"));
    unnamed::perform(
        world,
        &[
            Deed::new("python", run("echo pass > DIR/x.py; PYTHON DIR/x.py"), &[&script]),
            Deed::new(
                "python-env",
                run("echo pass > DIR/x.py; busybox env PYTHON DIR/x.py"),
                &[&script],
            ),
            Deed::new("python-plain", run("echo pass > DIR/x; PYTHON DIR/x"), &[&plain]),
            Deed::new("python-stdin", run("echo pass > DIR/x; PYTHON < DIR/x"), &[&stdin]),
            Deed::new(
                "python-module",
                run("echo pass > DIR/module.py; cd DIR; PYTHON -m module"),
                &[&module],
            ),
            Deed::new(
                "python-import",
                run("echo import helper > DIR/x.py; echo pass > DIR/helper.py; PYTHON DIR/x.py"),
                &[&script, &format!("{helper} tainted")],
            ),
            Deed::new(
                "python-data",
                run("echo true > DIR/x; PYTHON -c 'open(\"DIR/x\").read()'"),
                &[],
            ),
        ],
    )
}

fn perl(world: &World) -> Result<()> {
    let _turn = world.shared();
    let (_, languages) = unnamed::image(world)?;
    let Some(perl) = &languages.perl else {
        println!("skipped: this machine has no Perl");
        return Ok(());
    };
    let perl = perl.to_str().context("no text")?;
    let run = |words: &str| words.replace("PERL", perl);
    unnamed::perform(
        world,
        &[
            Deed::new(
                "perl",
                run("echo 'exit 0;' > DIR/x.pl; PERL DIR/x.pl"),
                &["script x.pl added kernel argument by perl"],
            ),
            Deed::new(
                "perl-require",
                run("echo 'require \"DIR/Mod.pm\";' > DIR/x; echo '1;' > DIR/Mod.pm; PERL DIR/x"),
                &[
                    "script x added kernel argument by perl",
                    "script Mod.pm added kernel sourced by perl tainted",
                ],
            ),
            Deed::new("perl-data", run("echo a > DIR/x; PERL -ne print DIR/x"), &[]),
        ],
    )
}

/// The same of what the image brought; and what a container changed of it.
fn of_the_image(world: &World) -> Result<()> {
    let _turn = world.shared();
    let (_, languages) = unnamed::image(world)?;
    let mut words = "sh /opt/image.sh; sh < /opt/image; . /opt/image.sh; /opt/image; \
                     busybox sh /opt/image.sh"
        .to_owned();
    if let Some(perl) = &languages.perl {
        words.push_str(&format!("; {} /opt/image.pl", perl.display()));
    }
    if let Some(python) = &languages.python {
        let python = python.display();
        words.push_str(&format!(
            "; {python} -B /opt/image_module.py; cd /opt; {python} -B -m image_module"
        ));
    }
    unnamed::perform(
        world,
        &[
            Deed::new("image", words, &[]),
            Deed::new(
                "changed",
                "cp /opt/image.pl DIR/; printf '#' >> /opt/image.sh; sh /opt/image.sh DIR/",
                &["script opt/image.sh modified kernel argument by sh"],
            ),
            Deed::new(
                "touched",
                "touch /opt/image; sh /opt/image DIR/",
                &["script opt/image copied_up content argument by sh harmless"],
            ),
        ],
    )
}

/// On the host, in a directory that a container has as its volume.
fn of_the_host(world: &World) -> Result<()> {
    let _turn = world.shared();
    let (image, _) = unnamed::image(world)?;
    let directory = world.directory("host-scripts");
    fs::create_dir(&directory)?;
    let container = world.lab.docker().start(image, &[&bind(&directory, "/shared")])?;
    let script = directory.join("x.sh");
    fs::write(&script, "true\n")?;
    let status = Command::new("sh").arg(&script).status()?;
    ensure!(status.success(), "{status}");
    let seen = unnamed::seen(world, &container)?;
    ensure!(seen.is_empty(), "{seen:?}");
    let text = script.to_str().context("no text")?;
    let names_it = |event: &DriftEvent| {
        let mut arguments = event.process.iter().flat_map(|process| &process.cmdline);
        arguments.any(|argument| argument.to_string() == text)
    };
    let events = world.watch.events()?;
    ensure!(!events.iter().any(names_it), "a script of the host is an event");
    // The container that runs it does so from a volume.
    container.sh("sh /shared/x.sh")?;
    let seen = unnamed::seen(world, &container)?;
    let lines: Vec<_> = seen.iter().map(|event| unnamed::line(event, "/shared")).collect();
    ensure!(lines == ["script x.sh volume kernel argument by sh"], "{lines:?}");
    Ok(())
}

/// The exec is the interpreter's, and says so; the script has an event and an alert of its own.
fn by_shebang(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let mark = world.mark("shebang");
    let path = format!("/tmp/{mark}");
    container
        .sh(&format!("printf '#!/bin/sh\\ntrue\\n' > {path}; chmod 755 {path}; {path} {mark}"))?;
    let is_it = |event: &DriftEvent| {
        let mut arguments = event.process.iter().flat_map(|process| &process.cmdline);
        arguments.any(|argument| argument.to_string() == path)
    };
    let exec = crate::world::Seen::find(&world.watch, is_it)?
        .silent(Verdict::Image, Evidence::Kernel)?
        .path("/bin/busybox")?;
    ensure!(exec.event.unresolved, "{:?}", exec.event);
    let (alert, _) =
        world.watch.alert(|alert| alert["output_fields"]["file.path"] == path.as_str())?;
    ensure!(alert["rule"] == "New Script Run in Container", "{alert}");
    ensure!(alert["priority"] == "Warning" && alert["drift"]["script"] == "argument", "{alert}");
    let output = alert["output"].as_str().context("no output")?;
    ensure!(output.contains("writer=sh -c "), "{output}");

    // What is no script says nothing of the kind.
    let plain = world.mark("plain");
    container.sh(&format!("/opt/p1 {plain}; true"))?;
    let exec = world.exec(&plain)?.silent(Verdict::Image, Evidence::Kernel)?;
    ensure!(!exec.event.unresolved, "{:?}", exec.event);
    Ok(())
}
