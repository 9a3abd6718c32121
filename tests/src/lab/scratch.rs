//! The laboratory's directory, and how everything in it ends.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use rustix::mount::MountFlags;
use rustix::mount::UnmountFlags;
use rustix::process::Pid;
use rustix::process::Signal;

use super::command::poll;

/// `s_magic` of OverlayFS, on which no overlay can have its upper layer.
const OVERLAY_MAGIC: u64 = 0x794c_7630;
/// Names of the directories, followed by the owner's process id and a number.
const PREFIX: &str = "driftcore-lab-";
/// How long a daemon may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(15);

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A temporary directory. When it is dropped, every process that works in it is ended, every
/// mount below it is undone, and it is removed.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes the directory, after clearing up what laboratories left that did not end well.
    ///
    /// # Errors
    /// When the directory cannot be made, or lies on an overlay and no tmpfs can be mounted.
    pub fn new() -> Result<Self> {
        sweep_stale();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let scratch = Self { path };
        let filesystem = rustix::fs::statfs(&scratch.path)?;
        if u64::try_from(filesystem.f_type).ok() == Some(OVERLAY_MAGIC) {
            rustix::mount::mount("tmpfs", &scratch.path, "tmpfs", MountFlags::empty(), None)
                .with_context(|| format!("cannot mount a tmpfs on {}", scratch.path.display()))?;
        }
        Ok(scratch)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a directory in memory below it: what writes there never waits for a disk that the
    /// machine's other work keeps busy.
    ///
    /// # Errors
    /// When it cannot be made or mounted.
    pub fn in_memory(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        rustix::mount::mount("tmpfs", &path, "tmpfs", MountFlags::empty(), None)
            .with_context(|| format!("cannot mount a tmpfs on {}", path.display()))?;
        Ok(path)
    }

    /// Ends and removes everything now. Doing it twice does no harm.
    pub fn sweep(&self) {
        sweep(&self.path);
    }

    /// Sweeps and ends this process when SIGINT, SIGTERM or SIGHUP comes.
    ///
    /// # Errors
    /// When the handler cannot be installed.
    pub fn sweep_on_signals(&self) -> Result<()> {
        use signal_hook::consts::SIGHUP;
        use signal_hook::consts::SIGINT;
        use signal_hook::consts::SIGTERM;

        let path = self.path.clone();
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                eprintln!("signal {signal}: clearing up {}", path.display());
                sweep(&path);
                std::process::exit(128 + signal);
            }
        })?;
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.sweep();
    }
}

/// Clears up after laboratories whose process is gone.
fn sweep_stale() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .and_then(|rest| rest.split('-').next())
            .and_then(|pid| pid.parse::<u32>().ok());
        if let Some(owner) = owner
            && !fs::exists(format!("/proc/{owner}")).unwrap_or(true)
        {
            sweep(&entry.path());
        }
    }
}

/// Ends, unmounts and removes everything of the laboratory at `path`.
fn sweep(path: &Path) {
    // Daemons first, dockerd before its containerd, so that they end their containers; then
    // whatever names the directory in its arguments: the shims. A killed shim's containers
    // are of the same session of containerd and are found by their mounts.
    for program in ["driftd", "dockerd", "containerd"] {
        end(&pids_of(path, Some(program)), Signal::TERM, GRACE);
    }
    end(&pids_of(path, None), Signal::KILL, Duration::from_secs(5));
    end(&pids_rooted_below(path), Signal::KILL, Duration::from_secs(5));
    for _ in 0..4 {
        let mounts = mounts_below(path);
        if mounts.is_empty() {
            break;
        }
        for mount in mounts.iter().rev() {
            let _ = rustix::mount::unmount(mount, UnmountFlags::DETACH);
        }
    }
    // Another process may still be writing its last file.
    let _ = poll(Duration::from_secs(2), || match fs::remove_dir_all(path) {
        Ok(()) => Some(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(()),
        Err(_) => None,
    });
    // Nothing that names the directory can start any more; what did until now ends too.
    end(&pids_of(path, None), Signal::KILL, Duration::from_secs(5));
}

/// Sends `signal` to each process and waits until all are gone or `grace` has passed; those
/// that remain get SIGKILL.
fn end(pids: &[Pid], signal: Signal, grace: Duration) {
    for &pid in pids {
        let _ = rustix::process::kill_process(pid, signal);
    }
    let gone = poll(grace, || pids.iter().all(|&pid| !is_alive(pid)).then_some(()));
    if gone.is_none() {
        for &pid in pids.iter().filter(|&&pid| is_alive(pid)) {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }
}

/// Whether the process runs; a zombie, which waits for its parent, does not.
fn is_alive(pid: Pid) -> bool {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let Ok(stat) = fs::read_to_string(path) else {
        return false;
    };
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, Some('Z' | 'X') | None)
}

/// Processes, other than this one and its ancestors, that name `path` in their arguments;
/// with `program` only those whose executable has that file name.
fn pids_of(path: &Path, program: Option<&str>) -> Vec<Pid> {
    let needle = path.as_os_str().as_bytes();
    pids(|pid| {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let named = arguments.windows(needle.len()).any(|window| window == needle);
        let first = arguments.split(|&byte| byte == 0).next().unwrap_or_default();
        let right_program = program.is_none_or(|program| {
            Path::new(OsStr::from_bytes(first)).file_name() == Some(OsStr::new(program))
        });
        named && right_program
    })
}

/// Processes whose root is an overlay mounted below `path`: what runs in its containers.
fn pids_rooted_below(path: &Path) -> Vec<Pid> {
    let needle = path.to_string_lossy().into_owned();
    pids(|pid| {
        let mounts = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
        mounts.lines().any(|line| {
            line.split(' ').nth(4) == Some("/")
                && line.contains(" overlay ")
                && line.contains(needle.as_str())
        })
    })
}

fn pids(mut wanted: impl FnMut(i32) -> bool) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let own = lineage();
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| !own.contains(pid) && wanted(*pid))
        .filter_map(Pid::from_raw)
        .collect()
}

/// This process and its ancestors, which no sweep may end.
fn lineage() -> Vec<i32> {
    let mut pids = Vec::new();
    let mut next = i32::try_from(std::process::id()).unwrap_or(0);
    while next > 0 && !pids.contains(&next) {
        pids.push(next);
        let stat = fs::read_to_string(format!("/proc/{next}/stat")).unwrap_or_default();
        next = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1))
            .and_then(|parent| parent.parse().ok())
            .unwrap_or(0);
    }
    pids
}

/// Mount points at or below `path`, in the order in which they were mounted.
fn mounts_below(path: &Path) -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(PathBuf::from)
        .filter(|mount| mount.starts_with(path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_scratch_takes_its_processes_and_files_along() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        let file = path.join("file");
        fs::write(&file, "").unwrap();
        let mut child =
            super::super::command::command("tail").arg("-f").arg(&file).spawn().unwrap();
        drop(scratch);
        assert!(!path.exists());
        assert!(!child.wait().unwrap().success());
    }
}
