//! Private container runtimes.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use super::Containerd;
use super::Docker;
use super::Image;
use super::Languages;
use super::Scratch;
use super::command::command;
use super::command::poll;
use super::command::text;
use super::packages::Dpkg;
use super::tools::Tools;

/// How long a runtime may take to answer.
const STARTUP: Duration = Duration::from_secs(30);

/// A containerd and a dockerd over it with sockets and data of their own, and images to run.
///
/// Dropping it ends both and removes everything.
#[derive(Debug)]
pub struct Lab {
    docker: Docker,
    containerd: Containerd,
    tools: Tools,
    // The last field: the directory goes when everything else has gone.
    scratch: Scratch,
}

impl Lab {
    /// Starts both daemons. Everything ends on SIGINT, SIGTERM and SIGHUP too.
    ///
    /// # Errors
    /// When a program is missing or a daemon does not answer; the message quotes its log.
    pub fn start() -> Result<Self> {
        let scratch = Scratch::new()?;
        scratch.sweep_on_signals()?;
        let root = scratch.path();
        let tools = Tools::build(root)?;

        let containerd = Containerd::new(root);
        let config = root.join("containerd.toml");
        fs::write(&config, containerd.config())?;
        // The daemons' handles are not kept: the sweep of the directory ends them by pid.
        let mut child = daemon(root, command("containerd").arg("--config").arg(&config))?;
        ready(root, "containerd", &mut child, || containerd.answers())?;

        let docker = Docker::private(root);
        let mut child = daemon(root, &mut docker.daemon(root, &containerd))?;
        ready(root, "dockerd", &mut child, || docker.answers())?;
        Ok(Self { docker, containerd, tools, scratch })
    }

    /// The Docker of this laboratory.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Its containerd.
    pub fn containerd(&self) -> &Containerd {
        &self.containerd
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// Makes a directory in memory in it.
    ///
    /// # Errors
    /// When it cannot be made or mounted.
    pub fn in_memory(&self, name: &str) -> Result<PathBuf> {
        self.scratch.in_memory(name)
    }

    /// The payload program on the host: static, ends at once.
    pub fn host_payload(&self) -> &Path {
        &self.tools.payload
    }

    /// The program that does things with sockets, on the host.
    pub fn host_net(&self) -> &Path {
        &self.tools.net
    }

    /// The attack program on the host.
    pub fn host_attack(&self) -> &Path {
        &self.tools.attack
    }

    /// The program that does deeds on files, on the host: `deeds host|in DIR DEED`.
    pub fn host_deeds(&self) -> &Path {
        &self.tools.deeds
    }

    /// Makes an image with `/opt/deeds` and `/opt/evade`, the programs, and below `/deeds` for each of `deeds` a directory
    /// with what it finds.
    ///
    /// # Errors
    /// When the files that go into it cannot be read.
    pub fn build_deeds_image(&self, deeds: &[&str]) -> Result<Image> {
        Image::build_deeds(&self.tools, deeds)
    }

    /// Makes an image with the interpreters of this machine and `/opt/loader`, which loads libraries, each
    /// with scripts and libraries that are the image's own.
    ///
    /// # Errors
    /// When the C programs do not compile or the files that go into it cannot be read.
    pub fn build_languages_image(&self) -> Result<(Image, Languages)> {
        let languages = Languages::find(self.scratch.path())?;
        Ok((Image::build_languages(&self.tools, &languages)?, languages))
    }

    /// Makes an image with the dpkg of this machine, which has installed two packages, `tool` and
    /// `old`, both of version 1.0. `None` where this machine has no dpkg.
    ///
    /// # Errors
    /// When the files that go into it cannot be read.
    pub fn build_packages_image(&self) -> Result<Option<Image>> {
        Dpkg::find().map(|dpkg| Image::build_packages(&self.tools, &dpkg)).transpose()
    }

    /// Makes an image of `layers` layers.
    ///
    /// # Errors
    /// When the files that go into it cannot be read.
    pub fn build_image(&self, layers: usize) -> Result<Image> {
        Image::build(&self.tools, layers)
    }

    /// Ends everything now, as dropping does.
    pub fn sweep(&self) {
        self.scratch.sweep();
    }
}

/// Makes the image of `layers` layers without a laboratory's runtimes: for a Docker that runs
/// already. The tools are compiled into `directory`.
pub fn build_image_in(directory: &Path, layers: usize) -> Result<Image> {
    Image::build(&Tools::build(directory)?, layers)
}

fn log_path(root: &Path, command: &Command) -> PathBuf {
    root.join(format!("{}.log", command.get_program().to_string_lossy()))
}

/// Starts a daemon with its output in a log file.
fn daemon(root: &Path, command: &mut Command) -> Result<Child> {
    let log = File::create(log_path(root, command))?;
    command
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {:?}; is it installed?", command.get_program()))
}

/// Waits until the daemon answers.
fn ready(
    root: &Path,
    name: &str,
    child: &mut Child,
    mut answers: impl FnMut() -> bool,
) -> Result<()> {
    let outcome = poll(STARTUP, || {
        let ended = child.try_wait().ok().flatten();
        (ended.is_some() || answers()).then_some(ended)
    });
    match outcome {
        Some(None) => Ok(()),
        ended => {
            let log = fs::read(root.join(format!("{name}.log"))).unwrap_or_default();
            let tail = &log[log.len().saturating_sub(3000)..];
            let how = match ended {
                Some(Some(status)) => format!("ended with {status}"),
                _ => format!("does not answer within {} s", STARTUP.as_secs()),
            };
            bail!("{name} {how}; its log ends:\n{}", text(tail))
        }
    }
}
