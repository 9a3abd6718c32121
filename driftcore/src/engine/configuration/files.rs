//! Files that tell when they are written: limits of control groups, and what runtimes keep of containers; and mount
//! tables, which tell when they change.
//!
//! The kernel tells of a write to a file of a control group as of any other file, in both versions of
//! control groups. Who wrote is not told.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::Receiver;
use crossbeam_channel::Sender;
use rustix::event::EventfdFlags;
use rustix::fs::inotify;
use rustix::fs::inotify::CreateFlags;
use rustix::fs::inotify::ReadFlags;
use rustix::fs::inotify::WatchFlags;
use rustix::io::Errno;

use super::tables::Tables;
use crate::config::MountTable;
use crate::config::is_limit_file;

/// Most changes that wait; the kernel keeps more, and says when it has lost some.
const QUEUE: usize = 256;
/// What runtimes keep of a container.
const DOCUMENTS: [&[u8]; 4] =
    [b"config.json", b"config.v2.json", b"hostconfig.json", b"state.json"];

/// The place of the descriptor that tells of the end.
const END: usize = 1;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// A limit, in the directory of that watch.
    Limit(i32),
    /// A document, in the directory of that watch.
    Document(i32),
    /// The mount table of that container.
    Mounts(u64),
    /// More than the kernel kept.
    TooMuch,
}

/// Directories that are watched, and the thread that reads what the kernel tells of them.
#[derive(Debug)]
pub(super) struct Files {
    inotify: Arc<OwnedFd>,
    end: Arc<OwnedFd>,
    tables: Arc<Tables>,
    from: Option<Receiver<Written>>,
    thread: Option<JoinHandle<()>>,
}

impl Files {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let inotify = Arc::new(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?);
        let end = Arc::new(rustix::event::eventfd(0, EventfdFlags::CLOEXEC)?);
        let (to, from) = crossbeam_channel::bounded(QUEUE);
        // By these places.
        let tables = Arc::new(Tables::new(&[&inotify, &end])?);
        let (events, waiting) = (Arc::clone(&inotify), Arc::clone(&tables));
        let thread = std::thread::Builder::new()
            .name("driftcore-limits".to_owned())
            .spawn(move || read(&events, &waiting, &to))?;
        Ok(Self { inotify, end, tables, from: Some(from), thread: Some(thread) })
    }

    /// What was written, as it comes; nothing any more when that cannot be told.
    pub(super) fn written(&self) -> Receiver<Written> {
        self.from.clone().unwrap_or_else(crossbeam_channel::never)
    }

    /// Watches a directory; the same one is the same watch.
    pub(super) fn watch(&self, directory: &Path) -> io::Result<i32> {
        let flags = WatchFlags::MODIFY | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR;
        Ok(inotify::add_watch(&*self.inotify, directory, flags)?)
    }

    /// Tells of changes of a container's mount table.
    pub(super) fn watch_mounts(&self, container: u64, table: MountTable) {
        self.tables.hold(container, table);
    }

    /// Whether changes of a container's mount table are told. What changed until now will not be.
    pub(super) fn asks_mounts(&self, container: u64) -> bool {
        self.tables.ask(container);
        self.tables.holds(container)
    }

    pub(super) fn forget_mounts(&self, container: u64) {
        self.tables.forget(container);
    }

    /// Watches it no more. One whose directory is gone has ended by itself.
    pub(super) fn forget(&self, watch: i32) {
        let _ = inotify::remove_watch(&*self.inotify, watch);
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.from.take();
        let _ = rustix::io::write(&*self.end, &1_u64.to_ne_bytes());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that watches files panicked");
        }
    }
}

/// Reads until nobody takes it any more.
fn read(events: &OwnedFd, tables: &Tables, to: &Sender<Written>) {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(events, &mut buffer);
    loop {
        match reader.next() {
            Ok(event) => {
                let name = event.file_name().map(std::ffi::CStr::to_bytes);
                let written = written(event.wd(), event.events(), name);
                if written.is_some_and(|written| to.send(written).is_err()) {
                    return;
                }
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let came = match tables.wait() {
                    Ok(came) => came,
                    Err(error) => {
                        tracing::warn!(%error, "changes are found by the interval alone");
                        return;
                    }
                };
                let changed = came.changed.into_iter();
                let is_taken = |container| to.send(Written::Mounts(container)).is_ok();
                if came.others.contains(&END) || !changed.into_iter().all(is_taken) {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "changes of limits are found by the interval alone");
                return;
            }
        }
    }
}

/// What an event is of; of most nobody wants to know.
fn written(watch: i32, flags: ReadFlags, name: Option<&[u8]>) -> Option<Written> {
    if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
        return Some(Written::TooMuch);
    }
    let name = name?;
    if is_limit_file(name) {
        Some(Written::Limit(watch))
    } else {
        DOCUMENTS.contains(&name).then_some(Written::Document(watch))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn documents_that_are_written_or_replaced_are_told_and_others_not() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::start().unwrap();
        let watch = files.watch(directory.path()).unwrap();
        assert_eq!(files.watch(directory.path()).unwrap(), watch);
        let told = files.written();
        fs::write(directory.path().join("hosts"), "x").unwrap();
        fs::write(directory.path().join("new"), "x").unwrap();
        fs::rename(directory.path().join("new"), directory.path().join("hostconfig.json")).unwrap();
        assert_eq!(told.recv_timeout(PATIENCE), Ok(Written::Document(watch)));
        assert!(told.is_empty());
        for name in ["config.v2.json", "state.json"] {
            fs::write(directory.path().join(name), "x").unwrap();
            assert_eq!(told.recv_timeout(PATIENCE), Ok(Written::Document(watch)), "{name}");
        }
        files.forget(watch);
        fs::write(directory.path().join("config.json"), "x").unwrap();
        drop(files);
        assert!(told.recv().is_err(), "it ended");
    }

    #[test]
    fn a_limit_of_a_control_group_that_is_written_is_told() {
        // Where tests may make a control group, in either version.
        let places = [
            ("/sys/fs/cgroup/pids", "pids.max", "100"),
            ("/sys/fs/cgroup", "pids.max", "100"),
            ("/sys/fs/cgroup/unified", "cgroup.max.depth", "9"),
        ];
        for (root, file, value) in places {
            let group = Path::new(root).join(format!("driftcore-test-{}", std::process::id()));
            if !Path::new(root).join("cgroup.procs").exists() || fs::create_dir(&group).is_err() {
                continue;
            }
            let files = Files::start().unwrap();
            let watch = files.watch(&group).unwrap();
            let told = files.written();
            let written = fs::write(group.join(file), value);
            let first = written.is_ok().then(|| told.recv_timeout(PATIENCE));
            drop(files);
            fs::remove_dir(&group).unwrap();
            let is_limit = file == "pids.max";
            assert!(!is_limit || first.is_none_or(|it| it == Ok(Written::Limit(watch))), "{root}");
        }
    }

    #[test]
    fn what_the_kernel_could_not_keep_is_told() {
        let flags = ReadFlags::QUEUE_OVERFLOW;
        assert_eq!(written(-1, flags, None), Some(Written::TooMuch));
        let modified = |name: &[u8]| written(7, ReadFlags::MODIFY, Some(name));
        assert_eq!(modified(b"memory.max"), Some(Written::Limit(7)));
        for name in [&b"cgroup.procs"[..], b"memory.events", b"tasks", b""] {
            assert_eq!(modified(name), None);
        }
        assert_eq!(written(7, ReadFlags::IGNORED, None), None);
    }
}
