//! Account files by container, read when asked for and again when they changed.

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustc_hash::FxHashMap;

use super::super::mounts::RootMount;
use super::super::roots::StateRoots;
use super::file;
use super::file::Stamp;
use super::table::Accounts;

/// How long a file is believed not to have changed: a storm of events must not become a storm
/// of look-ups.
const FRESH: Duration = Duration::from_millis(100);
/// Most memory that all files together take, in bytes, and most containers.
const MEMORY: usize = 64 << 20;
const CONTAINERS: usize = 4096;

/// Where the root filesystem of a container is found.
#[derive(Clone, Copy, Debug)]
pub struct AccountRoot<'a> {
    /// The container, by a number that no other one has.
    pub container: u64,
    /// Its root mount.
    pub mount: &'a RootMount,
    /// A process in it; it may be gone.
    pub pid: u32,
    /// Inode number of its mount namespace.
    pub mnt_namespace: u32,
}

/// The account files of the host and of containers. Nothing is read before it is asked for.
#[derive(Debug, Default)]
pub struct AccountCache {
    roots: StateRoots,
    kept: RefCell<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    host: Cached,
    /// Users and groups.
    containers: FxHashMap<u64, (Cached, Cached)>,
    memory: usize,
}

/// A file as it was when it was last looked at.
#[derive(Debug, Default)]
struct Cached {
    looked_at: Option<Instant>,
    stamp: Option<Stamp>,
    accounts: Option<Arc<Accounts>>,
}

impl AccountCache {
    /// A cache for the host and its containers.
    pub fn new(roots: StateRoots) -> Self {
        Self { roots, kept: RefCell::default() }
    }

    /// The users of a container, by its own `/etc/passwd`. `None` where there is none that can be
    /// read. When the container is gone, what was read last.
    pub fn users(&self, root: &AccountRoot<'_>) -> Option<Arc<Accounts>> {
        self.of_container(root, "etc/passwd", Accounts::of_passwd, |(users, _)| users)
    }

    /// The groups of a container, by its own `/etc/group`.
    pub fn groups(&self, root: &AccountRoot<'_>) -> Option<Arc<Accounts>> {
        self.of_container(root, "etc/group", Accounts::of_group, |(_, groups)| groups)
    }

    /// The host's users.
    pub fn host_users(&self) -> Option<Arc<Accounts>> {
        // Asked again from within: nothing does that, and nothing would be lost by it.
        let mut kept = self.kept.try_borrow_mut().ok()?;
        let root = || file::host_root(&self.roots.host);
        kept.host.refresh(root, Path::new("etc/passwd"), Accounts::of_passwd);
        kept.host.accounts.clone()
    }

    /// Drops what was read of a container.
    pub fn forget(&mut self, container: u64) {
        let kept = self.kept.get_mut();
        if let Some((users, groups)) = kept.containers.remove(&container) {
            kept.memory = kept.memory.saturating_sub(users.memory() + groups.memory());
        }
    }

    fn of_container(
        &self,
        root: &AccountRoot<'_>,
        path: &str,
        parse: impl Fn(&[u8]) -> Accounts,
        choose: impl Fn(&mut (Cached, Cached)) -> &mut Cached,
    ) -> Option<Arc<Accounts>> {
        let mut kept = self.kept.try_borrow_mut().ok()?;
        let kept = &mut *kept;
        if kept.containers.len() >= CONTAINERS && !kept.containers.contains_key(&root.container) {
            kept.clear();
        }
        let cached = choose(kept.containers.entry(root.container).or_default());
        let before = cached.memory();
        let open = || {
            let proc = &self.roots.proc;
            file::container_root(proc, root.mount, root.pid, root.mnt_namespace)
        };
        cached.refresh(open, Path::new(path), parse);
        let accounts = cached.accounts.clone();
        kept.memory = kept.memory.saturating_sub(before) + cached.memory();
        if kept.memory > MEMORY {
            kept.clear();
        }
        accounts
    }
}

impl Kept {
    fn clear(&mut self) {
        self.containers.clear();
        self.memory = 0;
    }
}

impl Cached {
    fn memory(&self) -> usize {
        self.accounts.as_ref().map_or(0, |accounts| accounts.memory())
    }

    /// Looks at the file, unless that was done just now, and reads it when it is another one.
    fn refresh(
        &mut self,
        root: impl FnOnce() -> Option<OwnedFd>,
        path: &Path,
        parse: impl Fn(&[u8]) -> Accounts,
    ) {
        let now = Instant::now();
        if self.looked_at.is_some_and(|then| now.saturating_duration_since(then) < FRESH) {
            return;
        }
        self.looked_at = Some(now);
        // Without its root the container is gone; what it said last still holds for its events.
        let Some(root) = root() else { return };
        let located = file::locate(&root, path);
        let stamp = located.as_ref().map(|located| located.stamp);
        if stamp == self.stamp {
            return;
        }
        let bytes = located.and_then(|located| located.read());
        // What could not be read is tried again.
        self.stamp = stamp.filter(|_| bytes.is_some());
        self.accounts = bytes.map(|bytes| Arc::new(parse(&bytes)));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    use super::*;

    fn mount(root: &Path) -> RootMount {
        let device = std::fs::metadata(root).unwrap().dev();
        RootMount {
            device: (rustix::fs::major(device), rustix::fs::minor(device)),
            mount_point: root.to_owned(),
            fs_type: "overlay".to_owned(),
            layers: None,
        }
    }

    fn root(dir: &Path, passwd: &str) -> PathBuf {
        std::fs::create_dir_all(dir.join("etc")).unwrap();
        std::fs::write(dir.join("etc/passwd"), passwd).unwrap();
        std::fs::write(dir.join("etc/group"), "grp:x:5:\n").unwrap();
        dir.to_owned()
    }

    fn name(accounts: Option<&Arc<Accounts>>, id: u32) -> Option<String> {
        let name = accounts?.get(id)?.name;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    #[test]
    fn each_container_has_its_own_names_and_the_host_others() {
        let dir = tempfile::tempdir().unwrap();
        let host = root(&dir.path().join("host"), "hosts:x:7:7::/:/sh\n");
        let one = mount(&root(&dir.path().join("one"), "one:x:7:7::/:/sh\n"));
        let two = mount(&root(&dir.path().join("two"), "two:x:7:7::/:/sh\n"));
        let mut cache = AccountCache::new(StateRoots { host, ..StateRoots::default() });
        let at = |container, mount| AccountRoot { container, mount, pid: 0, mnt_namespace: 0 };
        assert_eq!(name(cache.users(&at(1, &one)).as_ref(), 7).unwrap(), "one");
        assert_eq!(name(cache.users(&at(2, &two)).as_ref(), 7).unwrap(), "two");
        assert_eq!(name(cache.groups(&at(2, &two)).as_ref(), 5).unwrap(), "grp");
        assert_eq!(name(cache.host_users().as_ref(), 7).unwrap(), "hosts");
        assert!(cache.kept.borrow().memory > 0);
        for container in [1, 2] {
            cache.forget(container);
        }
        assert_eq!(cache.kept.borrow().memory, 0);
    }

    #[test]
    fn changes_are_seen_and_a_container_that_is_gone_keeps_its_names() {
        let dir = tempfile::tempdir().unwrap();
        let mount = mount(&root(&dir.path().join("one"), "one:x:7:7::/:/sh\n"));
        let cache = AccountCache::default();
        let at = AccountRoot { container: 1, mount: &mount, pid: 0, mnt_namespace: 0 };
        let first = cache.users(&at).unwrap();
        assert!(Arc::ptr_eq(&first, &cache.users(&at).unwrap()));
        let later = || std::thread::sleep(FRESH);
        later();
        assert!(Arc::ptr_eq(&first, &cache.users(&at).unwrap()), "it was read once");
        std::fs::write(dir.path().join("one/etc/new"), "new:x:7:7::/:/sh\n").unwrap();
        std::fs::rename(dir.path().join("one/etc/new"), dir.path().join("one/etc/passwd")).unwrap();
        later();
        assert_eq!(name(cache.users(&at).as_ref(), 7).unwrap(), "new");
        std::fs::rename(dir.path().join("one"), dir.path().join("gone")).unwrap();
        later();
        assert_eq!(name(cache.users(&at).as_ref(), 7).unwrap(), "new");
        std::fs::rename(dir.path().join("gone"), dir.path().join("one")).unwrap();
        std::fs::remove_file(dir.path().join("one/etc/passwd")).unwrap();
        later();
        assert!(cache.users(&at).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let many: String = (0..60_000).map(|id| format!("u:x:{id}::::\n")).collect();
        let mount = mount(&root(dir.path(), &many));
        let cache = AccountCache::default();
        for container in 0..100 {
            let at = AccountRoot { container, mount: &mount, pid: 0, mnt_namespace: 0 };
            assert!(cache.users(&at).unwrap().len() > 10_000);
            assert!(cache.kept.borrow().memory <= MEMORY);
        }
    }
}
