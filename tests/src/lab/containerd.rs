//! containerd without Docker, by `ctr`.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;

use super::Image;
use super::command::command;
use super::command::run;
use super::command::run_with_input;
use super::command::text;

/// A containerd.
#[derive(Clone, Debug)]
pub struct Containerd {
    socket: PathBuf,
    root: PathBuf,
    state: PathBuf,
}

impl Containerd {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            socket: root.join("containerd.sock"),
            root: root.join("containerd"),
            state: root.join("containerd-state"),
        }
    }

    /// Where it keeps what lasts (`/var/lib/containerd` by default).
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where it keeps what runs (`/run/containerd` by default).
    pub fn state(&self) -> &Path {
        &self.state
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(super) fn config(&self) -> String {
        let Self { socket, root, state } = self;
        format!(
            "version = 2\n\
             root = {root:?}\n\
             state = {state:?}\n\
             disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
             [grpc]\n  address = {socket:?}\n\
             [ttrpc]\n  address = \"{}.ttrpc\"\n",
            socket.display()
        )
    }

    pub(super) fn answers(&self) -> bool {
        self.command().arg("version").output().is_ok_and(|output| output.status.success())
    }

    /// `ctr` with this daemon's address.
    pub fn command(&self) -> Command {
        let mut ctr = command("ctr");
        ctr.arg("--address").arg(&self.socket);
        ctr
    }

    /// Imports an image.
    ///
    /// # Errors
    /// When containerd refuses it.
    pub fn import(&self, image: &Image) -> Result<()> {
        let mut import = self.command();
        import.args(["images", "import", "--snapshotter=overlayfs", "-"]);
        run_with_input(&mut import, image.archive())?;
        Ok(())
    }

    /// Runs a shell script in a container named `id`, which is gone afterwards.
    ///
    /// # Errors
    /// When the script ends with another status than 0.
    pub fn run(&self, image: &Image, id: &str, script: &str) -> Result<String> {
        let mut ctr = self.command();
        ctr.args(["run", "--rm", "--snapshotter=overlayfs", &image.reference, id])
            .args(["/bin/sh", "-c", script]);
        Ok(text(&run(&mut ctr)?.stdout))
    }

    /// Starts a container named `id` that runs a shell script and then idles, until it is
    /// [removed](Self::remove).
    ///
    /// # Errors
    /// When containerd refuses it.
    pub fn start(&self, image: &Image, id: &str, script: &str) -> Result<()> {
        self.start_with(image, id, &[], script)
    }

    /// The same with more options for `ctr run`.
    ///
    /// # Errors
    /// When containerd refuses it.
    pub fn start_with(
        &self,
        image: &Image,
        id: &str,
        options: &[&str],
        script: &str,
    ) -> Result<()> {
        let script = format!("{script}; exec /bin/sleep 100000");
        let mut ctr = self.command();
        ctr.args(["run", "--detach", "--snapshotter=overlayfs"]).args(options);
        ctr.args([&image.reference, id]).args(["/bin/sh", "-c", &script]);
        run(&mut ctr)?;
        Ok(())
    }

    /// The first process of a container.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pid(&self, id: &str) -> Result<u32> {
        let list = text(&run(self.command().args(["tasks", "ls"]))?.stdout);
        let line = list.lines().find(|line| line.split_whitespace().next() == Some(id));
        let pid = line.and_then(|line| line.split_whitespace().nth(1)).context("no such task")?;
        Ok(pid.parse()?)
    }

    /// Ends a container's task and leaves the container.
    ///
    /// # Errors
    /// When containerd refuses it.
    pub fn stop(&self, id: &str) -> Result<()> {
        run(self.command().args(["tasks", "rm", "--force", id]))?;
        Ok(())
    }

    /// Removes a container with its task.
    pub fn remove(&self, id: &str) {
        let _ = self.command().args(["tasks", "rm", "--force", id]).output();
        let _ = self.command().args(["containers", "rm", id]).output();
    }
}
