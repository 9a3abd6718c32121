//! Docker, by its command line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use super::Containerd;
use super::Image;
use super::TOOLS;
use super::command::command;
use super::command::run;
use super::command::run_with_input;
use super::command::text;

/// A Docker daemon.
#[derive(Clone, Debug)]
pub struct Docker {
    host: String,
    root: PathBuf,
}

impl Docker {
    /// The machine's own Docker, if it runs and keeps containers on overlay2.
    pub fn running() -> Option<Self> {
        let host = std::env::var("DOCKER_HOST")
            .unwrap_or_else(|_| String::from("unix:///var/run/docker.sock"));
        let mut docker = Self { host, root: PathBuf::new() };
        let format = "{{.Driver}} {{.DockerRootDir}}";
        let output = run(docker.command().args(["info", "--format", format])).ok()?;
        let info = text(&output.stdout);
        docker.root = PathBuf::from(info.strip_prefix("overlay2 ")?);
        Some(docker)
    }

    pub(super) fn private(root: &Path) -> Self {
        Self {
            host: format!("unix://{}", root.join("docker.sock").display()),
            root: root.join("docker"),
        }
    }

    /// Where Docker keeps its state (`/var/lib/docker` by default).
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn daemon(&self, root: &Path, containerd: &Containerd) -> Command {
        let mut command = command("dockerd");
        command
            .arg("--host")
            .arg(&self.host)
            .arg("--containerd")
            .arg(containerd.socket())
            .arg("--data-root")
            .arg(&self.root)
            .arg("--exec-root")
            .arg(root.join("docker-exec"))
            .arg("--pidfile")
            .arg(root.join("docker.pid"))
            // No network of any kind: nothing of the host's is touched.
            .args(["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false"])
            .args(["--storage-driver=overlay2", "--log-level=warn"]);
        command
    }

    pub(super) fn answers(&self) -> bool {
        self.command().arg("version").output().is_ok_and(|output| output.status.success())
    }

    /// `docker` with this daemon's address.
    pub fn command(&self) -> Command {
        let mut docker = command("docker");
        docker.arg("--host").arg(&self.host);
        docker
    }

    /// Loads an image.
    ///
    /// # Errors
    /// When Docker refuses it.
    pub fn load(&self, image: &Image) -> Result<()> {
        run_with_input(self.command().args(["load", "--quiet"]), image.archive())?;
        Ok(())
    }

    /// Removes an image by its reference.
    pub fn remove_image(&self, reference: &str) {
        let _ = self.command().args(["image", "rm", "--force", reference]).output();
    }

    /// Starts a container that idles, ready for [`DockerContainer::sh`].
    ///
    /// # Errors
    /// When Docker does.
    pub fn start(&self, image: &Image, options: &[&str]) -> Result<DockerContainer> {
        self.start_with(image, options, &[&format!("{TOOLS}/attack"), "wait"])
    }

    /// Starts a container with a command of its own in the background.
    ///
    /// # Errors
    /// When Docker does.
    pub fn start_with(
        &self,
        image: &Image,
        options: &[&str],
        arguments: &[&str],
    ) -> Result<DockerContainer> {
        let output = run(self
            .command()
            .args(["run", "--detach", "--network=none"])
            .args(options)
            .arg(&image.reference)
            .args(arguments))?;
        let id = text(&output.stdout);
        let mut container = DockerContainer { docker: self.clone(), id, name: String::new() };
        container.name = container.inspect("{{.Name}}")?.trim_start_matches('/').to_owned();
        Ok(container)
    }
}

/// A container, removed when dropped.
#[derive(Debug)]
pub struct DockerContainer {
    docker: Docker,
    /// The full id.
    pub id: String,
    /// The name without a slash.
    pub name: String,
}

impl DockerContainer {
    /// Runs a shell script in it and returns what it printed.
    ///
    /// # Errors
    /// When the script ends with another status than 0.
    pub fn sh(&self, script: &str) -> Result<String> {
        self.exec(&["/bin/sh", "-c", script])
    }

    /// Runs a program in it and returns what it printed.
    ///
    /// # Errors
    /// When it ends with another status than 0.
    pub fn exec(&self, arguments: &[&str]) -> Result<String> {
        let output = run(self.exec_command().args(arguments))
            .with_context(|| format!("in container {}", self.name))?;
        Ok(text(&output.stdout))
    }

    /// Runs a program in it as another user (`UID:GID`).
    ///
    /// # Errors
    /// When it ends with another status than 0.
    pub fn exec_as(&self, user: &str, arguments: &[&str]) -> Result<()> {
        let mut command = self.docker.command();
        command.args(["exec", "--user", user, &self.id]).args(arguments);
        run(&mut command).with_context(|| format!("in container {} as {user}", self.name))?;
        Ok(())
    }

    /// `docker exec CONTAINER`, to be completed.
    pub fn exec_command(&self) -> Command {
        let mut command = self.docker.command();
        command.args(["exec", &self.id]);
        command
    }

    /// Writes `bytes` to the executable file `path` in it.
    ///
    /// # Errors
    /// When the container's shell cannot.
    pub fn drop_file(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let script = format!("cat > '{path}' && chmod 755 '{path}'");
        let mut command = self.docker.command();
        command.args(["exec", "--interactive", &self.id, "/bin/sh", "-c", &script]);
        run_with_input(&mut command, bytes)?;
        Ok(())
    }

    /// `docker restart`, without a grace period.
    ///
    /// # Errors
    /// When Docker does.
    pub fn restart(&self) -> Result<()> {
        run(self.docker.command().args(["restart", "--time=0", &self.id]))?;
        Ok(())
    }

    /// `docker kill`: SIGKILL. A container that has ended already is fine.
    pub fn kill(&self) {
        let _ = self.docker.command().args(["kill", &self.id]).output();
    }

    /// A field of `docker inspect`, as a Go template.
    ///
    /// # Errors
    /// When Docker does.
    pub fn inspect(&self, template: &str) -> Result<String> {
        let mut command = self.docker.command();
        let output = run(command.args(["inspect", "--format", template, &self.id]))?;
        Ok(text(&output.stdout))
    }

    /// The process id of its first process on the host.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pid(&self) -> Result<u32> {
        match self.inspect("{{.State.Pid}}")?.parse()? {
            0 => bail!("container {} does not run", self.name),
            pid => Ok(pid),
        }
    }

    /// Its labels.
    ///
    /// # Errors
    /// When Docker does.
    pub fn labels(&self) -> Result<BTreeMap<String, String>> {
        Ok(serde_json::from_str(&self.inspect("{{json .Config.Labels}}")?)?)
    }

    /// The options that make `driftd` look at this Docker.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }
}

impl Drop for DockerContainer {
    fn drop(&mut self) {
        let _ = self.docker.command().args(["rm", "--force", "--volumes", &self.id]).output();
    }
}

/// Docker's option for a bind mount.
pub fn bind(source: &Path, target: &str) -> String {
    let mut option = OsString::from("--volume=");
    option.push(source);
    format!("{}:{target}", option.to_string_lossy())
}
