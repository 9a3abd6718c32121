//! What all containers of a node share, so that comparing many of them does not read it as often.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::fs::CWD;

use super::NAMESPACES;
use super::census::Census;
use super::mounts::Places;
use super::process;
use crate::container::Mount;
use crate::container::Runtimes;
#[cfg(feature = "sensor")]
use crate::container::StateRoots;
use crate::container::read_mounts;

/// The node, as it was when it was looked at. Good for the few containers that are compared then.
#[derive(Debug)]
pub(crate) struct Host {
    runtimes: Runtimes,
    /// With those that containers' mounts lead to, once somebody asks.
    #[cfg(feature = "sensor")]
    found_roots: Option<StateRoots>,
    pub(super) census: Census,
    /// Namespaces of its first process, by the order of [`NAMESPACES`].
    pub(super) namespaces: [Option<u64>; 8],
    /// Seconds since it was started; `None` where that is not known.
    pub(super) uptime: Option<u64>,
    /// Mounts that last as long as the node or we do.
    lasting: FxHashMap<u64, Lasting>,
    /// Those of other mount namespaces that runtimes are in, by number.
    others: FxHashMap<u64, Result<Arc<Places>, String>>,
    /// Where control groups are mounted, as we see them.
    cgroups: Result<Arc<[Mount]>, String>,
    guarded: FxHashMap<String, bool>,
}

/// Mounts that are read again only when the kernel says that they changed.
#[derive(Debug)]
struct Lasting {
    file: File,
    places: Arc<Places>,
}

impl Host {
    /// Looks at the node.
    pub(crate) fn new(runtimes: &Runtimes) -> Self {
        let mut host = Self::of_mounts(runtimes);
        host.renew();
        host
    }

    /// Looks at its mounts alone, for who asks for nothing else: without its processes.
    pub(crate) fn of_mounts(runtimes: &Runtimes) -> Self {
        let proc = &runtimes.roots().proc;
        let namespaces = NAMESPACES.map(|kind| process::host_namespace(proc, kind));
        let mut host = Self {
            runtimes: runtimes.clone(),
            #[cfg(feature = "sensor")]
            found_roots: None,
            census: Census::default(),
            namespaces,
            uptime: None,
            lasting: FxHashMap::default(),
            others: FxHashMap::default(),
            cgroups: Ok(Arc::new([])),
            guarded: FxHashMap::default(),
        };
        host.renew_mounts();
        host
    }

    /// Looks at it again.
    pub(crate) fn renew(&mut self) {
        let roots = self.runtimes.roots();
        self.census = Census::take(&self.runtimes);
        let uptime = std::fs::read_to_string(roots.proc.join("uptime")).unwrap_or_default();
        self.uptime = uptime.split('.').next().and_then(|seconds| seconds.parse().ok());
        #[cfg(feature = "sensor")]
        self.found_roots.take();
        self.guarded.clear();
        self.renew_mounts();
    }

    /// Looks at mounts again.
    pub(crate) fn renew_mounts(&mut self) {
        self.others.clear();
        self.lasting.retain(|_, table| !table.has_changed());
        let proc = &self.runtimes.roots().proc;
        let own = process::link_number(CWD, proc.join("self/ns/mnt")).unwrap_or(0);
        let places = self.lasting(own, "self");
        self.cgroups = places.map(|places| {
            let all = places.mounts().iter();
            all.filter(|mount| mount.fs_type.starts_with("cgroup")).cloned().collect()
        });
    }

    /// The runtimes whose containers these are.
    pub(crate) fn runtimes(&self) -> &Runtimes {
        &self.runtimes
    }

    /// Where runtimes keep their state.
    #[cfg(feature = "sensor")]
    pub(crate) fn state_roots(&mut self) -> &StateRoots {
        let runtimes = &self.runtimes;
        self.found_roots.get_or_insert_with(|| runtimes.all_roots())
    }

    /// Where control groups are mounted.
    pub(super) fn cgroups(&self) -> Result<Arc<[Mount]>, String> {
        self.cgroups.clone()
    }

    /// The mounts of a process outside of containers, in the mount namespace of that number.
    pub(super) fn places(&mut self, namespace: u64, pid: u32) -> Result<Arc<Places>, String> {
        if let Some(lasting) = self.lasting.get(&namespace) {
            return Ok(Arc::clone(&lasting.places));
        }
        if Some(namespace) == self.namespaces[0] {
            return self.lasting(namespace, "1");
        }
        if let Some(other) = self.others.get(&namespace) {
            return other.clone();
        }
        let directory = self.runtimes.roots().proc.join(pid.to_string());
        let places = read(&directory).map(|(_, places)| Arc::new(places));
        self.others.insert(namespace, places.clone());
        places
    }

    /// The mounts of a process whose mount namespace is kept in view.
    fn lasting(&mut self, namespace: u64, process: &str) -> Result<Arc<Places>, String> {
        if let Some(lasting) = self.lasting.get(&namespace) {
            return Ok(Arc::clone(&lasting.places));
        }
        let (file, places) = read(&self.runtimes.roots().proc.join(process))?;
        let places = Arc::new(places);
        self.lasting.insert(namespace, Lasting { file, places: Arc::clone(&places) });
        Ok(places)
    }

    /// Whether this kernel has a path that is to be masked or read-only.
    pub(super) fn has_guarded(&mut self, path: &str) -> bool {
        if let Some(&known) = self.guarded.get(path) {
            return known;
        }
        let roots = self.runtimes.roots();
        let is_there = super::mounts::is_there(path, &roots.host, &roots.proc);
        self.guarded.insert(path.to_owned(), is_there);
        is_there
    }
}

impl Lasting {
    /// Of mountinfo the kernel says so by an event that nothing else has.
    fn has_changed(&self) -> bool {
        let mut files = [PollFd::new(&self.file, PollFlags::PRI)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        // What cannot be asked is read again.
        !matches!(rustix::event::poll(&mut files, Some(&now)), Ok(0))
    }
}

/// The mounts of a process, by its directory in /proc; and the file, which tells when they change.
fn read(directory: &Path) -> Result<(File, Places), String> {
    let path = directory.join("mountinfo");
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::open(&path).map_err(problem)?;
    let copy = file.try_clone().map_err(problem)?;
    let mounts = read_mounts(copy, |_| true).map_err(problem)?;
    Ok((file, Places::new(mounts)))
}

#[cfg(test)]
mod tests {
    use rustix::mount::MountFlags;
    use rustix::mount::MountPropagationFlags;
    use rustix::thread::UnshareFlags;

    use super::*;
    use crate::container::StateRoots;

    #[test]
    fn mounts_are_read_again_when_the_kernel_says_so() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let point = directory.path().to_owned();
        let thread = std::thread::spawn(move || {
            // Mounts of a thread of its own change nothing for others.
            #[expect(
                deprecated,
                reason = "the successor is unsafe for the sake of FILES, not of NEWNS"
            )]
            rustix::thread::unshare(UnshareFlags::NEWNS).unwrap();
            let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
            rustix::mount::mount_change("/", private).unwrap();
            let (file, places) = read(Path::new("/proc/thread-self")).unwrap();
            let table = Lasting { file, places: Arc::new(places) };
            assert!(!table.has_changed());
            rustix::mount::mount("x", &point, "tmpfs", MountFlags::empty(), None).unwrap();
            assert!(table.has_changed());
            let (file, places) = read(Path::new("/proc/thread-self")).unwrap();
            assert!(places.mounts().iter().any(|mount| mount.mount_point == point));
            let table = Lasting { file, places: Arc::new(places) };
            assert!(!table.has_changed());
            rustix::mount::unmount(&point, rustix::mount::UnmountFlags::DETACH).unwrap();
            assert!(table.has_changed());
        });
        thread.join().unwrap();
    }

    #[test]
    fn the_mounts_of_a_namespace_are_read_once_until_it_is_looked_at_again() {
        let directory = tempfile::tempdir().unwrap();
        let proc = directory.path();
        let mountinfo = |process: &str, points: &[&str]| {
            let lines = points.iter().map(|it| format!("1 1 0:1 / {it} rw - ext4 x rw\n"));
            std::fs::create_dir_all(proc.join(process)).unwrap();
            std::fs::write(proc.join(process).join("mountinfo"), lines.collect::<String>())
                .unwrap();
        };
        mountinfo("self", &["/"]);
        mountinfo("7", &["/", "/a"]);
        let roots = StateRoots { proc: proc.to_owned(), ..StateRoots::default() };
        let mut host = Host::new(&Runtimes::new(roots));
        assert_eq!(host.places(70, 7).unwrap().mounts().len(), 2);
        mountinfo("7", &["/"]);
        assert_eq!(host.places(70, 7).unwrap().mounts().len(), 2);
        assert!(host.places(80, 8).unwrap_err().contains("8/mountinfo"));
        host.renew();
        assert_eq!(host.places(70, 7).unwrap().mounts().len(), 1);
    }
}
