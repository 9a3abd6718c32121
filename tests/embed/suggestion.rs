//! What embedders are suggested for a container of this node.

use std::process::Command;

use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::DockerContainer;

use crate::LiveCase;
use crate::live::World;
use crate::stage::Mode;

pub(crate) const CASES: &[LiveCase] =
    &[("a_suggestion_for_a_container_mounts_what_it_wrote", suggestion)];

fn suggestion(world: &World) -> Result<()> {
    let directory = world.stage.directory("suggestion")?;
    let program = world.stage.compile("suggest", Mode::Plain, &directory)?;
    let runtimes = world.runtimes()?;
    let docker = runtimes.lab.docker();
    let suggested = |container: &str| -> Result<(bool, String, String)> {
        let mut command: Command = world.stage.command(&program);
        let output = command.arg(container).arg(docker.root()).output()?;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes);
        Ok((output.status.success(), text(output.stdout)?, text(output.stderr)?))
    };
    let start = || docker.start(&runtimes.image, &["--user=1000"]);
    let (container, twin): (DockerContainer, DockerContainer) = (start()?, start()?);
    let mut root = docker.command();
    root.args([
        "exec",
        "--user=0",
        &container.id,
        "/bin/sh",
        "-c",
        "mkdir /spool; echo x >/spool/a",
    ]);
    let output = root.output()?;
    ensure!(output.status.success(), "{output:?}");

    let (_, yaml, problem) = suggested(&container.name)?;
    ensure!(yaml.contains("readOnlyRootFilesystem: true # what it wrote"), "{yaml}{problem}");
    ensure!(yaml.contains("mountPath: /spool # 1 time(s), e.g. /spool/a"), "{yaml}");
    ensure!(yaml.contains("runAsUser: 1000"), "{yaml}");
    let (_, yaml, problem) = suggested(&twin.id)?;
    ensure!(yaml.contains("readOnlyRootFilesystem: true # it wrote nothing"), "{yaml}{problem}");
    ensure!(!yaml.contains("mountPath"), "{yaml}");
    let (is_told, yaml, problem) = suggested("no-such-container")?;
    ensure!(!is_told && yaml.is_empty() && problem.contains("no-such-container"), "{problem}");
    Ok(())
}
