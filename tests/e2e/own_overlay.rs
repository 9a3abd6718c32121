//! Judged from user space: overlays of our own, as the root of processes that no runtime started.

use std::ffi::CString;
use std::fs;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Evidence;
use driftcore::event::Verdict;
use rustix::mount::MountFlags;

use crate::Case;
use crate::inspect::file;
use crate::inspect::waiting;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[("inspect_knows_metacopies_and_redirects", metacopy)];

/// An overlay of our own.
pub(crate) struct Overlay {
    base: PathBuf,
}

impl Overlay {
    /// One in `base`, not mounted yet.
    pub(crate) fn new(base: &Path) -> Result<Self> {
        for name in ["lower", "snapshot/upper", "snapshot/work", "merged"] {
            fs::create_dir_all(base.join(name))?;
        }
        Ok(Self { base: base.to_owned() })
    }

    pub(crate) fn lower(&self) -> PathBuf {
        self.base.join("lower")
    }

    pub(crate) fn merged(&self) -> PathBuf {
        self.base.join("merged")
    }

    pub(crate) fn options(&self, more: &str) -> String {
        format!(
            "lowerdir={0}/lower,upperdir={0}/snapshot/upper,workdir={0}/snapshot/work{more}",
            self.base.display()
        )
    }

    /// Makes it the root of a process that no runtime started, and hands its id to `judge`
    /// together with the overlay on the host. The lower layer has the attack program.
    pub(crate) fn as_root(
        &self,
        world: &World,
        more: &str,
        judge: impl FnOnce(u32, &Path) -> Result<()>,
    ) -> Result<()> {
        let merged = self.merged();
        let options = CString::new(self.options(more))?;
        let flags = MountFlags::empty();
        rustix::mount::mount("overlay", &merged, "overlay", flags, options.as_c_str())?;
        let mark = world.mark("overlay");
        let script = "cd \"$0\" && /bin/busybox pivot_root . . && exec /attack wait \"$1\"";
        let mut process = Command::new("/bin/busybox")
            .args(["unshare", "-m", "/bin/busybox", "sh", "-c", script])
            .arg(&merged)
            .arg(&mark)
            .stdout(Stdio::null())
            .spawn()?;
        let judged = waiting(&mark).and_then(|pid| judge(pid, &merged));
        process.kill()?;
        process.wait()?;
        judged
    }
}

/// An overlay that copies up attributes alone and lets image directories be renamed, as the root
/// of processes that no runtime started.
fn metacopy(world: &World) -> Result<()> {
    let _turn = world.shared();
    let overlay = Overlay::new(&world.directory("metacopy"))?;
    fs::create_dir(overlay.lower().join("d"))?;
    for name in ["attack", "chmod", "moved", "changed", "d/x"] {
        fs::copy(world.lab.host_attack(), overlay.lower().join(name))?;
    }
    overlay.as_root(world, ",metacopy=on,redirect_dir=on", judge_metacopies)
}

fn judge_metacopies(pid: u32, merged: &Path) -> Result<()> {
    for name in ["chmod", "moved"] {
        fs::set_permissions(merged.join(name), fs::Permissions::from_mode(0o700))?;
    }
    fs::rename(merged.join("moved"), merged.join("renamed"))?;
    fs::rename(merged.join("d"), merged.join("e"))?;
    File::options().append(true).open(merged.join("changed"))?.write_all(b"x")?;
    for (path, verdict) in [
        ("/attack", Verdict::Image),
        ("/chmod", Verdict::CopiedUp),
        ("/renamed", Verdict::CopiedUp),
        ("/e/x", Verdict::Image),
        ("/changed", Verdict::Modified),
    ] {
        let inspected = file(pid, path)?;
        let provenance = &inspected.classified.provenance;
        ensure!(
            (provenance.verdict, provenance.evidence) == (verdict, Evidence::Kernel),
            "{path}: expected {verdict}, got {inspected:?}"
        );
        let container = inspected.container.context("no container")?;
        ensure!(container.id.starts_with("mnt-"), "{path}: {container:?}");
    }
    Ok(())
}
