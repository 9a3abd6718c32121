//! The self-test: execs, and operations on files, whose answers are known.
//!
//! A sensor that loads may still be blind: a kernel whose overlay inode has another layout, a
//! tracepoint that never fires. So before anything else it is asked about programs on a
//! scratch overlay mount in a mount namespace that only one thread has; the mount, its files and
//! the namespace end with that thread, whatever becomes of the process.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::thread::JoinHandle;

use rustix::fs::CWD;
use rustix::mount::MountFlags;
use rustix::mount::MountPropagationFlags;
use rustix::mount::mount;
use rustix::mount::mount_change;
use rustix::thread::UnshareFlags;

use super::SensorError;
use super::canary_program;
use super::error::Tried;
use crate::event::FileOperation;

/// A question of the self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryCase {
    /// A file of the lower layer.
    Image,
    /// A file of the lower layer whose mode was changed: copied up, content the same.
    CopiedUp,
    /// A file that only the upper layer has.
    Added,
    /// Another one, which then does operations on files.
    Acting,
}

impl CanaryCase {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 4] = [Self::Image, Self::CopiedUp, Self::Added, Self::Acting];

    /// The path of the executed file below the scratch root; the event must carry it.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Image => "/canary-image",
            Self::CopiedUp => "/canary-copied-up",
            Self::Added => "/canary-added",
            Self::Acting => "/canary-acting",
        }
    }

    /// The operations on files that [`Self::Acting`] does, each once.
    pub fn operations() -> impl Iterator<Item = FileOperation> {
        canary_program::operations()
    }
}

impl fmt::Display for CanaryCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "an image file",
            Self::CopiedUp => "a copied-up file",
            Self::Added => "a new file",
            Self::Acting => "a new file that acts on others",
        })
    }
}

/// The scratch overlay, mounted and waiting.
///
/// Made before the probes are loaded: mounting an overlay also loads the overlay module where it
/// is one, and libbpf finds its types only then.
#[derive(Debug)]
pub struct Canary {
    go: mpsc::Sender<()>,
    pids: mpsc::Receiver<io::Result<[u32; 4]>>,
    thread: Option<JoinHandle<()>>,
}

impl Canary {
    /// Mounts the scratch overlay in a namespace of its own.
    ///
    /// # Errors
    ///
    /// [`SensorError::Io`] when the namespace or a mount is refused.
    pub fn prepare() -> Result<Self, SensorError> {
        let (go, wait_for_go) = mpsc::channel();
        let (answer, pids) = mpsc::channel();
        let (ready, wait_for_ready) = mpsc::channel();
        let work = move || {
            let scratch = enter_scratch();
            let failed = scratch.is_err();
            if ready.send(scratch).is_err() || failed || wait_for_go.recv().is_err() {
                return;
            }
            // Nobody listens any more when the sensor was dropped meanwhile.
            let _ = answer.send(run_all());
        };
        let thread = thread::Builder::new().name("driftcore-canary".to_owned()).spawn(work);
        let thread = Some(thread.tried("start the self-test's thread")?);
        match wait_for_ready.recv() {
            Ok(scratch) => scratch?,
            Err(_) => {
                let source = io::Error::other("its thread ended");
                return Err(SensorError::Io { action: "prepare the self-test", source });
            }
        }
        Ok(Self { go, pids, thread })
    }

    /// Runs the canaries; the process ids, in the order of [`CanaryCase::ALL`].
    ///
    /// # Errors
    ///
    /// [`SensorError::Io`] when one cannot be executed.
    pub fn run(&self) -> Result<[u32; 4], SensorError> {
        // A failed send shows in the receive.
        let _ = self.go.send(());
        let answer = self.pids.recv().map_err(|_| io::Error::other("its thread ended"));
        answer.and_then(|pids| pids).tried("execute the self-test's canaries")
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        // Dropping the sender ends a thread that still waits; then the mounts are gone.
        let (closed, _) = mpsc::channel();
        self.go = closed;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Takes this thread to a root of its own: an overlay over a tmpfs.
fn enter_scratch() -> Result<(), SensorError> {
    const TRIED: &str = "mount the self-test's scratch overlay";
    let base = ["/run", "/tmp", "/mnt"].into_iter().map(Path::new).find(|path| path.is_dir());
    let base = base
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no /run, /tmp or /mnt"))
        .tried(TRIED)?;

    // A new mount namespace also gives this thread a root and working directory of its own.
    #[expect(deprecated, reason = "the successor is unsafe for the sake of FILES, not of NEWNS")]
    rustix::thread::unshare(UnshareFlags::NEWNS).tried("make a mount namespace")?;
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE).tried(TRIED)?;
    mount("tmpfs", base, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"size=1m,mode=0700")
        .tried(TRIED)?;
    let [lower, upper, work, root] = ["lower", "upper", "work", "root"].map(|dir| base.join(dir));
    for dir in [&lower, &upper, &work, &root] {
        fs::create_dir(dir).tried(TRIED)?;
    }
    write_program(&lower, CanaryCase::Image, 0o755).tried(TRIED)?;
    write_program(&lower, CanaryCase::CopiedUp, 0o755).tried(TRIED)?;
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.display(),
        upper.display(),
        work.display()
    );
    let options = std::ffi::CString::new(options).map_err(io::Error::other).tried(TRIED)?;
    mount("overlay", &root, "overlay", MountFlags::empty(), options.as_c_str()).tried(TRIED)?;
    rustix::process::chroot(&root).tried(TRIED)?;
    rustix::process::chdir("/").tried(TRIED)?;

    let copied_up = CanaryCase::CopiedUp.path();
    fs::set_permissions(copied_up, fs::Permissions::from_mode(0o700)).tried(TRIED)?;
    for case in [CanaryCase::Added, CanaryCase::Acting] {
        write_program(Path::new("/"), case, 0o755).tried(TRIED)?;
    }
    // Settles the rename of the copy-up before the exec looks at it.
    rustix::fs::statat(CWD, copied_up, rustix::fs::AtFlags::empty()).tried(TRIED)?;
    Ok(())
}

fn write_program(dir: &Path, case: CanaryCase, mode: u32) -> io::Result<()> {
    let path = dir.join(case.path().trim_start_matches('/'));
    let program = match case {
        CanaryCase::Acting => canary_program::acting(),
        _ => canary_program::idle(),
    };
    fs::write(&path, program)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))
}

fn run_all() -> io::Result<[u32; 4]> {
    let mut pids = [0; CanaryCase::ALL.len()];
    for (case, pid) in CanaryCase::ALL.into_iter().zip(&mut pids) {
        let mut child = Command::new(case.path()).env_clear().spawn()?;
        *pid = child.id();
        match child.wait() {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(io::Error::other(format!("{case} ended with {status}"))),
            // The process that we are part of ignores its children, or waits for all of them. This
            // one has ended then; whether it ran is for the sensor to say.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::CHILD.raw_os_error()) => {
            }
            Err(error) => return Err(error),
        }
    }
    Ok(pids)
}
