//! The files that say which images were approved, watched for changes.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use driftcore::engine::ApprovalsHandle;
use rustix::fs::inotify;
use rustix::fs::inotify::CreateFlags;
use rustix::fs::inotify::WatchFlags;

use crate::config::Config;

/// How long a file is left alone after it was changed: who writes two files means both.
const SETTLE: Duration = Duration::from_millis(200);
/// How often that begins anew at most.
const SETTLES: u32 = 10;

/// Reads the files of the configuration again whenever something in their directories changes, on a thread of
/// its own. Where they are bad then, what was approved stays, and that is said.
pub(crate) fn watch(config: &Config, approvals: ApprovalsHandle) {
    let files = config.approved().to_vec();
    let watched = match watched(&files) {
        Ok(watched) => watched,
        Err(error) => {
            tracing::warn!(%error, "changes of [digest] approved are seen on SIGHUP alone");
            return;
        }
    };
    let config = config.clone();
    thread::spawn(move || {
        let mut before = contents(&files);
        while let Ok(()) = wait(&watched) {
            let now = contents(&files);
            // Of all that happens in the directories, only this matters.
            if now == before {
                continue;
            }
            before = now;
            match config.verifier() {
                Ok(Some(verifier)) => {
                    approvals.replace(verifier);
                    eprintln!("driftd: what was approved was read again");
                }
                Ok(None) => {}
                Err(error) => eprintln!("driftd: what was approved stays as it is: {error:#}"),
            }
        }
    });
}

/// An inotify descriptor for the directories of all files: a file that is replaced is another one, and
/// Kubernetes replaces a link beside it.
fn watched(files: &[PathBuf]) -> anyhow::Result<OwnedFd> {
    let watched =
        inotify::init(CreateFlags::CLOEXEC).context("cannot make an inotify descriptor")?;
    let directories: BTreeSet<&Path> = files
        .iter()
        .map(|file| match file.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        })
        .collect();
    for directory in directories {
        let events = WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::CREATE
            | WatchFlags::DELETE;
        inotify::add_watch(&watched, directory, events)
            .with_context(|| format!("cannot watch {}", directory.display()))?;
    }
    Ok(watched)
}

/// Waits for something to happen, and until nothing more does.
fn wait(watched: &OwnedFd) -> io::Result<()> {
    let mut buffer = [0; 4096];
    rustix::io::retry_on_intr(|| rustix::io::read(watched, &mut buffer))?;
    // In a directory where something always happens, too.
    for _ in 0..SETTLES {
        let mut poll = [rustix::event::PollFd::new(watched, rustix::event::PollFlags::IN)];
        let timeout = rustix::time::Timespec { tv_sec: 0, tv_nsec: SETTLE.subsec_nanos().into() };
        let more = rustix::io::retry_on_intr(|| rustix::event::poll(&mut poll, Some(&timeout)))?;
        if more == 0 {
            return Ok(());
        }
        rustix::io::retry_on_intr(|| rustix::io::read(watched, &mut buffer))?;
    }
    Ok(())
}

/// What the files hold; `None` of one that cannot be read.
fn contents(files: &[PathBuf]) -> Vec<Option<Vec<u8>>> {
    files.iter().map(|file| std::fs::read(file).ok()).collect()
}
