//! The containers that run, by the identity that the kernel side gave them.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustc_hash::FxHashMap;

use super::clock::Clock;
#[cfg(feature = "digest")]
use super::digests::Verified;
use super::held::HOLD;
use super::images::ImagesHandle;
use super::names::Names;
use super::namespaces;
use super::namespaces::HostNamespaces;
use crate::container::AccountCache;
use crate::container::AccountRoot;
use crate::container::Query;
use crate::container::RootMount;
use crate::container::RootQuery;
use crate::container::Runtimes;
use crate::container::most_telling_cgroup;
use crate::enrich::open_process;
use crate::event::Actor;
use crate::event::ActorFlags;
use crate::event::Container;
use crate::event::ContainerDetails;
use crate::event::EvidenceFlags;
use crate::event::Exec;
use crate::event::FileEvidence;
use crate::event::NamespaceIds;
use crate::event::Timestamp;
use crate::provenance::BareRoot;
use crate::provenance::ImageSource;
use crate::provenance::KnownImages;
use crate::provenance::Layers;

/// How long a container without processes is kept: its last events may be in flight.
const KEEP_ENDED: Duration = Duration::from_secs(30);
/// How often runtime state that was not complete is read again, and for how long in all.
const RETRY_EVERY: Duration = Duration::from_millis(20);
const RETRY_FOR: Duration = Duration::from_secs(10);

/// Most bytes of a process's list of cgroups that are read.
const CGROUPS_MAX: u64 = 64 * 1024;

/// A container that runs or has just ended.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) container: Arc<Container>,
    pub(super) details: Arc<ContainerDetails>,
    /// What its files are compared with, if that is known.
    pub(super) source: Option<ImageSource>,
    pub(super) root: Option<RootMount>,
    pub(super) processes: u64,
    /// The device of the root filesystem, by the runtime's own mount where there is one.
    root_device: (u32, u32),
    cgroup: Vec<u8>,
    pid: u32,
    namespaces: NamespaceIds,
    kernel_root_device: u32,
    first_seen: Timestamp,
    /// When the container's first process started, if that is the one we saw first.
    started: Option<Timestamp>,
    first_seen_at: Instant,
    complete: bool,
    next_try: Instant,
    ended_at: Option<Instant>,
    /// Whether its image was approved, as far as that was asked.
    #[cfg(feature = "digest")]
    pub(super) verified: Verified,
}

/// Containers by kernel identity.
#[derive(Debug)]
pub(super) struct Containers {
    known: FxHashMap<u64, Known>,
    runtimes: Runtimes,
    host: HostNamespaces,
    accounts: AccountCache,
    pub(super) images: ImagesHandle,
    /// Some are new, or more became known of them.
    #[cfg(feature = "digest")]
    news: bool,
}

impl Containers {
    pub(super) fn new(runtimes: Runtimes) -> Self {
        let host = HostNamespaces::read(&runtimes.roots().proc);
        let accounts = AccountCache::new(runtimes.roots().clone());
        let images = ImagesHandle::new(KnownImages::default());
        Self {
            known: FxHashMap::default(),
            runtimes,
            host,
            accounts,
            images,
            #[cfg(feature = "digest")]
            news: false,
        }
    }

    /// The names of users and groups, for an event of process `pid` of a container.
    pub(super) fn names(&self, id: u64, pid: u32) -> Names<'_> {
        let root = self.known.get(&id).and_then(|known| {
            let mount = known.root.as_ref()?;
            let mnt_namespace = known.namespaces.mnt;
            Some(AccountRoot { container: id, mount, pid, mnt_namespace })
        });
        Names::new(&self.accounts, root)
    }

    /// How the root of a container is found, for an event of process `pid`.
    pub(super) fn root_query<'a>(&'a self, known: &'a Known, pid: u32) -> RootQuery<'a> {
        RootQuery {
            proc: &self.runtimes.roots().proc,
            pids: [known.pid, pid],
            mnt_namespace: known.namespaces.mnt,
            device: known.root_device,
            mount: known.root.as_ref(),
        }
    }

    /// The container of an exec; what the runtimes know about it is read the first time.
    pub(super) fn of_exec(&mut self, exec: &Exec<'_>, clock: Clock) -> &mut Known {
        let task = &exec.task;
        self.known_or(task.container, || {
            let mut cgroup = Vec::new();
            task.cgroup.write_to(&mut cgroup);
            Sight {
                pid: task.pid,
                cgroup,
                namespaces: task.namespaces,
                root_device: task.root_device,
                time: clock.wall(exec.boot_ns),
                started: (task.container_pid == 1).then(|| clock.wall(task.start_ns)),
            }
        })
    }

    /// The container of another event. One that is seen by it first, because it has not executed
    /// anything since it has a root of its own, is read from /proc. `None` for one that is not known
    /// and whose process has ended, or acts from outside.
    pub(super) fn of_actor(
        &mut self,
        actor: &Actor<'_>,
        boot_ns: u64,
        clock: Clock,
    ) -> Option<&mut Known> {
        if !self.known.contains_key(&actor.container) {
            if actor.flags.contains(ActorFlags::OUTSIDE) {
                return None;
            }
            let process = open_process(actor.pid, actor.start_ns)?;
            let mut cgroups = Vec::new();
            let file = process.open_relative("cgroup").ok()?;
            file.take(CGROUPS_MAX).read_to_end(&mut cgroups).ok()?;
            let namespaces = namespaces::of(&process);
            let cgroup = most_telling_cgroup(&cgroups).to_vec();
            let sight = Sight {
                pid: actor.pid,
                cgroup,
                namespaces,
                root_device: actor.root_device,
                time: clock.wall(boot_ns),
                // Who sets its root up becomes its first process.
                started: Some(clock.wall(actor.start_ns)),
            };
            self.known_or(actor.container, || sight);
        }
        let known = self.known.get_mut(&actor.container)?;
        if known.processes == 0 {
            // Nobody will tell when its last process ends: it is kept as long as it is heard of.
            known.ended_at = Some(Instant::now());
        }
        Some(known)
    }

    fn known_or(&mut self, id: u64, sight: impl FnOnce() -> Sight) -> &mut Known {
        let (runtimes, host, images) = (&self.runtimes, &self.host, &self.images);
        #[cfg(feature = "digest")]
        let news = &mut self.news;
        let known = self.known.entry(id).or_insert_with(|| {
            let now = Instant::now();
            let mut known = Known::new(sight(), now);
            known.resolve(runtimes, host, &images.load(), now);
            #[cfg(feature = "digest")]
            {
                *news = true;
            }
            known
        });
        if !known.complete {
            let now = Instant::now();
            if now >= known.next_try && now < known.first_seen_at + RETRY_FOR {
                known.resolve(runtimes, host, &images.load(), now);
                #[cfg(feature = "digest")]
                {
                    *news = true;
                }
            }
        }
        known
    }

    /// Asks again about containers whose runtime's state was not complete, where that is due.
    pub(super) fn retry(&mut self, now: Instant) {
        for known in self.known.values_mut().filter(|known| known.is_incomplete()) {
            if now >= known.next_try && now < known.first_seen_at + RETRY_FOR {
                known.resolve(&self.runtimes, &self.host, &self.images.load(), now);
                #[cfg(feature = "digest")]
                {
                    self.news = true;
                }
            }
        }
    }

    pub(super) fn get(&self, id: u64) -> Option<&Known> {
        self.known.get(&id)
    }

    /// All that are known, by their identity.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Known)> {
        self.known.iter().map(|(&id, known)| (id, known))
    }

    #[cfg(feature = "digest")]
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Known> {
        self.known.get_mut(&id)
    }

    #[cfg(feature = "digest")]
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut Known)> {
        self.known.iter_mut().map(|(&id, known)| (id, known))
    }

    /// Whether some are new, or more became known of them, since [`no_news`](Self::no_news).
    #[cfg(feature = "digest")]
    pub(super) const fn has_news(&self) -> bool {
        self.news
    }

    #[cfg(feature = "digest")]
    pub(super) const fn no_news(&mut self) {
        self.news = false;
    }

    /// A process was born into, or found in, a container that is known.
    pub(super) fn joined(&mut self, id: u64) {
        if let Some(known) = self.known.get_mut(&id) {
            known.processes += 1;
            known.ended_at = None;
        }
    }

    /// A process of a container ended.
    pub(super) fn left(&mut self, id: u64) {
        if let Some(known) = self.known.get_mut(&id) {
            known.processes = known.processes.saturating_sub(1);
            if known.processes == 0 {
                known.ended_at = Some(Instant::now());
            }
        }
    }

    /// Forgets containers that ended long enough ago; calls `forgotten` with each.
    pub(super) fn expire(&mut self, now: Instant, mut forgotten: impl FnMut(u64)) {
        let accounts = &mut self.accounts;
        self.known.retain(|&id, known| {
            let keep = known.ended_at.is_none_or(|ended| now < ended + KEEP_ENDED);
            if !keep {
                accounts.forget(id);
                forgotten(id);
            }
            keep
        });
    }
}

/// What is seen of a container when it is first seen.
struct Sight {
    pid: u32,
    cgroup: Vec<u8>,
    namespaces: NamespaceIds,
    root_device: u32,
    time: Timestamp,
    started: Option<Timestamp>,
}

impl Known {
    fn new(sight: Sight, now: Instant) -> Self {
        Self {
            container: Arc::default(),
            details: Arc::default(),
            source: None,
            root: None,
            processes: 0,
            root_device: split_device(sight.root_device),
            cgroup: sight.cgroup,
            pid: sight.pid,
            namespaces: sight.namespaces,
            kernel_root_device: sight.root_device,
            first_seen: sight.time,
            started: sight.started,
            first_seen_at: now,
            complete: false,
            next_try: now,
            ended_at: None,
            #[cfg(feature = "digest")]
            verified: Verified::default(),
        }
    }

    /// The pid of its first process, where that was the one that was seen first.
    pub(super) fn first_process(&self) -> Option<u32> {
        self.started.map(|_| self.pid)
    }

    /// Whether a process of that control group is not of the container's own: its own name the container, and that
    /// one does not.
    pub(super) fn is_other_group(&self, path: &[u8]) -> bool {
        let id = self.container.id.as_bytes();
        let names = |path: &[u8]| !id.is_empty() && path.windows(id.len()).any(|it| it == id);
        names(&self.cgroup) && !names(path)
    }

    /// Whether the runtime's state was missing or half written.
    pub(super) fn is_incomplete(&self) -> bool {
        !self.complete && self.container.image.is_none()
    }

    /// Whether more may become known of it soon.
    #[cfg(feature = "digest")]
    pub(super) fn is_becoming_known(&self, now: Instant) -> bool {
        self.is_incomplete() && now < self.first_seen_at + RETRY_FOR
    }

    /// Until when rules wait for the image's name; `None` when it is there or was waited for.
    pub(super) fn awaited_until(&self) -> Option<Instant> {
        let until = self.first_seen_at + HOLD;
        (self.is_incomplete() && Instant::now() < until).then_some(until)
    }

    fn resolve(
        &mut self,
        runtimes: &Runtimes,
        host: &HostNamespaces,
        images: &KnownImages,
        now: Instant,
    ) {
        let pid = self.pid;
        let resolved = runtimes.resolve(&Query {
            cgroup: &self.cgroup,
            pid,
            mnt_namespace: self.namespaces.mnt,
            root_device: split_device(self.kernel_root_device),
        });
        let mut container = resolved.container;
        // Docker writes it down only once the container runs.
        container.started_at = container.started_at.or(self.started);
        self.container = Arc::new(container);
        let mut details = resolved.details;
        host.complete(&mut details, &self.namespaces);
        self.details = Arc::new(details);
        self.complete = resolved.complete;
        // What was asked about it was asked of less.
        #[cfg(feature = "digest")]
        self.verified.ask_again();
        self.next_try = now + RETRY_EVERY;
        for problem in &resolved.problems {
            tracing::debug!(id = self.container.id, problem, "the runtime's state is not whole");
        }
        let Some(root) = resolved.root else { return };
        self.root_device = root.device;
        if self.source.is_none() {
            self.source = self.source_of(&root, images);
        }
        self.root = Some(root);
    }

    /// The layers of its root; where that is no overlay, the files of its image, if they are known.
    fn source_of(&self, root: &RootMount, images: &KnownImages) -> Option<ImageSource> {
        let started = Some(self.container.started_at.unwrap_or(self.first_seen));
        if let Some(layers) = root.layers.clone() {
            let layers = Layers::new(layers.upper, layers.lowers, started);
            return Some(Arc::new(layers).into());
        }
        // A process serves it, for which nobody may wait.
        if root.fs_type == "overlay" || root.fs_type.starts_with("fuse") {
            return None;
        }
        let files = Arc::clone(images.of(&self.container)?);
        let root = BareRoot::new(root.mount_point.clone(), files, started);
        Some(ImageSource::Files(Arc::new(root)))
    }

    /// The evidence with the root superblock decided by the runtime's own mount.
    pub(super) fn on_own_root(&self, mut evidence: FileEvidence) -> FileEvidence {
        let on_root = evidence.inode.major_minor() == self.root_device;
        evidence.flags = evidence.flags.without(EvidenceFlags::ON_ROOT_SUPERBLOCK);
        if on_root {
            evidence.flags = evidence.flags.union(EvidenceFlags::ON_ROOT_SUPERBLOCK);
        }
        evidence
    }
}

fn split_device(device: u32) -> (u32, u32) {
    (device >> 20, device & 0xf_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_another_where_the_containers_own_names_it_and_that_one_does_not() {
        let known = |own: &[u8]| {
            let sight = Sight {
                pid: 1,
                cgroup: own.to_vec(),
                namespaces: NamespaceIds::default(),
                root_device: 0,
                time: Timestamp::default(),
                started: None,
            };
            let mut known = Known::new(sight, Instant::now());
            known.container = Arc::new(Container { id: "abc".to_owned(), ..Container::default() });
            known
        };
        let own = known(b"/docker/abc");
        assert!(own.is_other_group(b"/user.slice") && own.is_other_group(b""));
        assert!(!own.is_other_group(b"/docker/abc/inner"));
        assert!(!own.is_other_group(b"/system.slice/docker-abc.scope"));
        // Of one whose group somebody chose, nobody can tell.
        assert!(!known(b"/mine").is_other_group(b"/user.slice"));
        let unknown = Known { container: Arc::default(), ..known(b"/docker/abc") };
        assert!(!unknown.is_other_group(b"/user.slice"));
    }
}
