//! A live show: what an attacker does in a container, and what `driftd` says about it.

use std::process::ExitCode;

use anyhow::Result;
use anyhow::bail;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore_e2e::Docker;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::DriftdOptions;
use driftcore_e2e::Image;
use driftcore_e2e::Lab;
use driftcore_e2e::Scratch;
use driftcore_e2e::build_image_in;
use driftcore_e2e::driftd_binary;
use driftcore_e2e::privileges;

use crate::packages;

/// One row of the table.
struct Deed {
    what: &'static str,
    /// Shell words; the last command carries the mark.
    script: &'static str,
    mark: &'static str,
    action: Action,
    expected: &'static str,
}

const DEEDS: [Deed; 6] = [
    Deed {
        what: "a binary is dropped and run",
        script: "cp /opt/payload /tmp/miner; printf x >> /tmp/miner; /tmp/miner demo-dropped",
        mark: "demo-dropped",
        action: Action::Exec,
        expected: "added, drift",
    },
    Deed {
        what: "an image binary is modified and run",
        script: "printf X | dd of=/opt/p1 bs=1 seek=15 conv=notrunc 2>/dev/null; /opt/p1 demo-modified",
        mark: "demo-modified",
        action: Action::Exec,
        expected: "modified, drift",
    },
    Deed {
        what: "an image binary is chmod-ed and run",
        script: "chmod 711 /opt/p2; /opt/p2 demo-chmod",
        mark: "demo-chmod",
        action: Action::Exec,
        expected: "copied_up, no drift",
    },
    Deed {
        what: "a program is run from memory (memfd)",
        script: "/opt/attack memfd ghost /opt/payload ghost demo-memfd",
        mark: "demo-memfd",
        action: Action::Exec,
        expected: "memfd, drift",
    },
    Deed {
        what: "a script is dropped and a shell reads it",
        script: "echo : > /tmp/job; sh /tmp/job demo-script",
        mark: "demo-script",
        action: Action::Script,
        expected: "added, drift",
    },
    Deed {
        what: "a file of the image is written to",
        script: "sh -c 'echo evil:x:0:0::/:/bin/sh >> /etc/passwd' demo-write",
        mark: "demo-write",
        action: Action::Modify,
        expected: "modify, drift",
    },
];

/// Shows it. Fails when a row differs from what is expected.
pub(crate) fn run() -> Result<ExitCode> {
    packages::install()?;
    let missing = privileges::missing();
    if !missing.is_empty() {
        bail!("the demo runs real containers and BPF programs; missing: {}", missing.join("; "));
    }
    println!("building driftd");
    let binary = driftd_binary()?;
    let options = DriftdOptions::new(&binary);
    if let Some(docker) = Docker::running() {
        println!("using the Docker that runs here ({})", docker.root().display());
        let scratch = Scratch::new()?;
        scratch.sweep_on_signals()?;
        let image = build_image_in(scratch.path(), 3)?;
        docker.load(&image)?;
        let outcome = show(&docker, &options.docker(&docker), &image, scratch.path());
        docker.remove_image(&image.reference);
        return outcome;
    }
    println!("starting a private containerd and dockerd");
    let lab = Lab::start()?;
    let image = lab.build_image(3)?;
    lab.docker().load(&image)?;
    let options = options.docker(lab.docker()).containerd(lab.containerd());
    show(lab.docker(), &options, &image, lab.path())
}

fn show(
    docker: &Docker,
    options: &DriftdOptions,
    image: &Image,
    directory: &std::path::Path,
) -> Result<ExitCode> {
    let driftd = Driftd::start(options, &directory.join("demo"))?;
    println!("driftd is ready\n");
    // As alerts carry the container's name, it had better say something.
    let name = format!("--name=driftcore-demo-{}", std::process::id());
    let container = docker.start(image, &[&name])?;
    let mut rows = Vec::new();
    for deed in &DEEDS {
        println!("# {}", deed.what);
        rows.push((deed, perform(&driftd, &container, deed)?));
    }
    println!("\n{:<40} {:<22} {:<22}", "done", "expected", "reported");
    let mut right = true;
    for (deed, reported) in rows {
        let same = reported == deed.expected;
        right &= same;
        let note = if same { "" } else { "  DIFFERS" };
        println!("{:<40} {:<22} {reported:<22}{note}", deed.what, deed.expected);
    }
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Does it, prints the alert, and returns what was reported.
fn perform(driftd: &Driftd, container: &DockerContainer, deed: &Deed) -> Result<String> {
    container.sh(&format!("{}; true", deed.script))?;
    // The attack program is told the mark too, further behind.
    let carries = |event: &DriftEvent| {
        // A file is said when it is opened to be written, and again when it is.
        let is_done = event.file.as_ref().is_none_or(|file| file.written != Some(false));
        event.action == deed.action
            && is_done
            && event.process.as_ref().is_some_and(|process| {
                let mut first = process.cmdline.iter().take(4);
                first.any(|argument| argument.as_str() == Some(deed.mark))
            })
    };
    let Ok(event) = driftd.event(carries) else {
        return Ok(String::from("nothing"));
    };
    if event.kind == Kind::File {
        // Rules about files are off as they ship; the event itself is there for whoever asks.
        println!("{}", serde_json::to_string(&event)?);
    } else if event.drift {
        let (alert, _) = driftd.alert(|alert| {
            alert["drift"]["process"]["cmdline"]
                .as_array()
                .is_some_and(|arguments| arguments.iter().any(|it| it == deed.mark))
        })?;
        println!("{}", alert["output"].as_str().unwrap_or_default());
    }
    let drift = if event.drift { "drift" } else { "no drift" };
    let provenance = event.provenance.as_ref().filter(|_| event.kind == Kind::Binary);
    let what = provenance.map_or(event.action.as_str(), |it| it.verdict.as_str());
    Ok(format!("{what}, {drift}"))
}
