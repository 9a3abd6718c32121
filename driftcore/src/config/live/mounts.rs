//! The mounts that the container has, and where those that were declared should be.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

use rustc_hash::FxHashMap;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;

use crate::config::declared::Declared;
use crate::config::declared::VolumeKind;
use crate::container::Mount;
use crate::event::Text;

/// What the kernel writes behind the name of a file that is no more.
const DELETED: &[u8] = b"//deleted";
/// Filesystems that are asked without waiting for anybody else.
const LOCAL: [&str; 9] =
    ["btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "rootfs", "tmpfs", "xfs"];

/// A directory or file by the filesystem that it lies on and its path there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) struct Origin {
    pub(in crate::config) device: (u32, u32),
    pub(in crate::config) root: Vec<u8>,
}

/// A mount of the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) struct LiveMount {
    /// As the container sees it.
    pub(in crate::config) point: PathBuf,
    pub(in crate::config) fs_type: String,
    pub(in crate::config) origin: Origin,
    /// Of `ro`, `nosuid`, `nodev`, `noexec` those that it has.
    pub(in crate::config) flags: Vec<&'static str>,
    pub(in crate::config) is_shared: bool,
    pub(in crate::config) is_slave: bool,
    /// The same directory or file as the runtime, and so the host, sees it; never of the container's own
    /// root.
    pub(in crate::config) host: Option<PathBuf>,
}

/// Where a declared mount should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) struct Expected {
    /// With no symbolic link in it, as far as that could be told.
    pub(in crate::config) point: PathBuf,
    /// What a bind mount shows; `None` for others, and where it could not be told.
    pub(in crate::config) origin: Option<Origin>,
    /// Its path with no symbolic link in it.
    pub(in crate::config) source: Option<PathBuf>,
}

/// What is mounted, and what should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Mounts {
    /// In the kernel's order: of several at one point, the last one is seen.
    pub(in crate::config) live: Vec<LiveMount>,
    /// One for each that was declared, in that order.
    pub(in crate::config) expected: Vec<Expected>,
    /// One for each volume that the pod mounts: where its path of the host leads.
    pub(in crate::config) of_pod: Vec<Option<Origin>>,
    /// Of the paths that are to be masked or read-only those that this kernel has.
    pub(in crate::config) guarded: Vec<String>,
    /// Those of the container's other mount namespaces.
    pub(in crate::config) elsewhere: Vec<Elsewhere>,
    /// How many more of these there are.
    pub(in crate::config) more_elsewhere: usize,
}

/// What a process has mounted in a mount namespace of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Elsewhere {
    pub(in crate::config) pid: u32,
    pub(in crate::config) name: Text,
    /// In the kernel's order.
    pub(in crate::config) live: Vec<LiveMount>,
}

/// The flags that can be taken away by a remount.
pub(in crate::config) const FLAGS: [&str; 4] = ["ro", "nosuid", "nodev", "noexec"];

impl Mounts {
    /// From the mounts of the container, and those of its runtime. `host` is where the host's root is for
    /// us.
    pub(in crate::config) fn new(
        declared: &Declared,
        live: Vec<Mount>,
        runtime: &Places,
        host: &Path,
        is_guarded: &mut dyn FnMut(&str) -> bool,
    ) -> Self {
        let live = live_mounts(live, runtime);
        let own_root = declared.root.as_ref().map(|(root, _)| root.as_path());
        let expected = declared.bundle.mounts.iter().map(|mount| {
            let point = absolute(&mount.destination);
            let mounted = |point: &Path| live.iter().any(|mount| mount.point == point);
            let point = match own_root.filter(|_| !mounted(&point)) {
                Some(root) => resolved(root, &point).unwrap_or(point),
                None => point,
            };
            let (origin, source) = match mount.source.as_deref().filter(|_| mount.is_bind()) {
                Some(source) if source.starts_with('/') => {
                    expected_origin(&live, runtime, host, &point, source)
                }
                _ => (None, None),
            };
            Expected { point, origin, source }
        });
        let expected = expected.collect();
        let of_pod = declared.pod.iter().flat_map(|pod| &pod.mounts).map(|mount| {
            let Some(VolumeKind::HostPath(path)) = &mount.volume else { return None };
            expected_origin(&live, runtime, host, &absolute(&mount.path), path).0
        });
        let of_pod = of_pod.collect();
        let linux = &declared.bundle.linux;
        let guarded = linux.masked_paths.iter().chain(&linux.readonly_paths);
        let guarded = guarded.filter(|path| is_guarded(path)).cloned().collect();
        Self { live, expected, of_pod, guarded, ..Self::default() }
    }
}

/// The mounts of a container, and where the runtime sees what they show.
pub(super) fn live_mounts(all: Vec<Mount>, runtime: &Places) -> Vec<LiveMount> {
    let root = all.iter().rfind(|mount| mount.mount_point == Path::new("/"));
    let root = root.map(|mount| mount.device);
    let of_host = |mount: &Mount| {
        let origin = Origin { device: mount.device, root: mount.root.clone() };
        (Some(mount.device) != root).then(|| runtime.seen_at(&origin)).flatten()
    };
    all.into_iter()
        .map(|mount| LiveMount {
            host: of_host(&mount),
            flags: FLAGS.into_iter().filter(|flag| mount.has_flag(flag.as_bytes())).collect(),
            origin: Origin { device: mount.device, root: alive(&mount.root).to_vec() },
            point: mount.mount_point,
            fs_type: mount.fs_type,
            is_shared: mount.is_shared,
            is_slave: mount.is_slave,
        })
        .collect()
}

/// Where the source of a bind mount is. It is looked up by its name alone if that does, for the filesystem
/// that it lies on may not answer.
fn expected_origin(
    live: &[LiveMount],
    runtime: &Places,
    host: &Path,
    point: &Path,
    source: &str,
) -> (Option<Origin>, Option<PathBuf>) {
    let path = absolute(source);
    let Some(lexical) = runtime.origin_of(&path) else { return (None, None) };
    let at = live.iter().rfind(|mount| mount.point == point);
    if at.is_some_and(|mount| mount.origin == lexical) {
        return (Some(lexical), Some(path));
    }
    let is_local = runtime.covering(&path).is_some_and(|it| LOCAL.contains(&it.fs_type.as_str()));
    match resolved(host, &path).filter(|_| is_local) {
        Some(real) => (runtime.origin_of(&real), Some(real)),
        // A source that is no more, or that nobody may wait for, proves nothing.
        None => (None, None),
    }
}

/// A path with neither `.` nor `..` nor a slash too many.
fn absolute(path: &str) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for part in Path::new(path).components() {
        match part {
            std::path::Component::Normal(part) => clean.push(part),
            std::path::Component::ParentDir => {
                clean.pop();
            }
            _ => {}
        }
    }
    clean
}

/// The path below a root with all symbolic links followed; as seen from the root.
fn resolved(root: &Path, path: &Path) -> Option<PathBuf> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let held = rustix::fs::open(root, flags | OFlags::DIRECTORY, Mode::empty()).ok()?;
    let relative = path.strip_prefix("/").ok().filter(|it| !it.as_os_str().is_empty())?;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let found = rustix::fs::openat2(&held, relative, flags, Mode::empty(), resolve).ok()?;
    let name = |fd: i32| std::fs::read_link(format!("/proc/self/fd/{fd}")).ok();
    let (root, found) = (name(held.as_raw_fd())?, name(found.as_raw_fd())?);
    Some(Path::new("/").join(found.strip_prefix(root).ok()?))
}

/// The mounts of a namespace, by point and by filesystem: a node with many containers has thousands.
#[derive(Debug, Default)]
pub(in crate::config) struct Places {
    mounts: Vec<Mount>,
    /// Of several at one point, the last one is seen.
    by_point: FxHashMap<PathBuf, usize>,
    by_device: FxHashMap<(u32, u32), Vec<usize>>,
}

impl Places {
    /// From mounts in the kernel's order.
    pub(in crate::config) fn new(mounts: Vec<Mount>) -> Self {
        let mut places = Self::default();
        for (index, mount) in mounts.iter().enumerate() {
            places.by_point.insert(mount.mount_point.clone(), index);
            places.by_device.entry(mount.device).or_default().push(index);
        }
        Self { mounts, ..places }
    }

    pub(in crate::config) fn mounts(&self) -> &[Mount] {
        &self.mounts
    }

    /// The mount that a path lies on: the nearest one above.
    fn covering(&self, path: &Path) -> Option<&Mount> {
        let at = path.ancestors().find_map(|above| self.by_point.get(above))?;
        self.mounts.get(*at)
    }

    /// What lies at a path.
    fn origin_of(&self, path: &Path) -> Option<Origin> {
        let mount = self.covering(path)?;
        let rest = path.strip_prefix(&mount.mount_point).ok()?;
        let mut root = Path::new(OsStr::from_bytes(&mount.root)).to_owned();
        if !rest.as_os_str().is_empty() {
            root.push(rest);
        }
        Some(Origin { device: mount.device, root: root.into_os_string().into_vec() })
    }

    /// Where that lies is seen: below the mount that shows least besides.
    fn seen_at(&self, origin: &Origin) -> Option<PathBuf> {
        let path = PathBuf::from(OsString::from_vec(alive(&origin.root).to_vec()));
        let all = self.by_device.get(&origin.device)?.iter();
        let all = all.filter_map(|&index| self.mounts.get(index));
        let shows = |mount: &&Mount| path.starts_with(OsStr::from_bytes(&mount.root));
        // Of several that show the same, the first one: it was there before what was bound from it.
        let shallowest = all.filter(shows).min_by_key(|mount| mount.root.len())?;
        let rest = path.strip_prefix(OsStr::from_bytes(&shallowest.root)).ok()?;
        let joined = shallowest.mount_point.join(rest);
        Some(if rest.as_os_str().is_empty() { shallowest.mount_point.clone() } else { joined })
    }
}

fn alive(root: &[u8]) -> &[u8] {
    root.strip_suffix(DELETED).unwrap_or(root)
}

/// Whether this kernel has a path of /proc or /sys; one elsewhere is not looked for.
pub(super) fn is_there(path: &str, host: &Path, proc: &Path) -> bool {
    let path = absolute(path);
    let seen = match path.strip_prefix("/proc") {
        Ok(rest) => proc.join(rest),
        Err(_) if path.starts_with("/sys") => host.join(path.strip_prefix("/").unwrap_or(&path)),
        Err(_) => return false,
    };
    std::fs::symlink_metadata(seen).is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::File;

    use super::*;

    fn mounts(text: &str) -> Vec<Mount> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mountinfo");
        fs::write(&path, text).unwrap();
        crate::container::read_mounts(File::open(path).unwrap(), |_| true).unwrap()
    }

    fn origin(minor: u32, root: &str) -> Origin {
        Origin { device: (0, minor), root: root.into() }
    }

    const HOST: &str = "1 1 0:1 / / rw - ext4 x rw\n2 1 0:2 / /srv rw - xfs x rw\n\
                        3 1 0:1 /srv/sub /bound rw - ext4 x rw\n";

    #[test]
    fn a_path_is_found_by_its_filesystem_and_back() {
        let host = Places::new(mounts(HOST));
        for (path, expected) in [
            ("/", origin(1, "/")),
            ("/etc/x", origin(1, "/etc/x")),
            ("/srv/data", origin(2, "/data")),
            ("/srvx", origin(1, "/srvx")),
            ("/bound/y", origin(1, "/srv/sub/y")),
        ] {
            assert_eq!(host.origin_of(Path::new(path)), Some(expected), "{path}");
        }
        assert_eq!(host.seen_at(&origin(2, "/data")).unwrap(), Path::new("/srv/data"));
        assert_eq!(host.seen_at(&origin(2, "/")).unwrap(), Path::new("/srv"));
        let deleted = origin(1, "/etc/x//deleted");
        assert_eq!(host.seen_at(&deleted).unwrap(), Path::new("/etc/x"));
        assert_eq!(host.seen_at(&origin(7, "/")), None);
        assert_eq!(absolute("/a//b/../c/."), Path::new("/a/c"));
    }

    #[test]
    fn what_was_declared_is_expected_where_links_lead() {
        let image = tempfile::tempdir().unwrap();
        fs::create_dir_all(image.path().join("run/secrets")).unwrap();
        fs::create_dir(image.path().join("var")).unwrap();
        std::os::unix::fs::symlink("/run", image.path().join("var/run")).unwrap();
        let declared: crate::config::declared::Bundle = serde_json::from_str(
            r#"{"mounts":[{"destination":"/var/run/secrets","type":"bind","source":"/srv/data"},
            {"destination":"/tmp/","type":"tmpfs"},
            {"destination":"/gone","type":"bind","source":"/srv/no-such-thing"}],
            "linux":{"maskedPaths":["/proc/self","/proc/no-such-thing","/etc/passwd"]}}"#,
        )
        .unwrap();
        let declared = Declared {
            bundle: declared,
            root: Some((image.path().to_owned(), (0, 9))),
            ..Declared::default()
        };
        let live = mounts(
            "4 1 0:9 / / ro - overlay x rw\n5 4 0:2 /data /run/secrets rw,nosuid shared:1 - xfs x rw\n\
                           6 4 0:9 /x /y rw - overlay x rw\n",
        );
        let root = Path::new("/");
        let mut is_guarded = |path: &str| is_there(path, root, Path::new("/proc"));
        let host = Places::new(mounts(HOST));
        let found = Mounts::new(&declared, live, &host, root, &mut is_guarded);
        assert_eq!(found.expected[0].point, Path::new("/run/secrets"));
        assert_eq!(found.expected[0].origin, Some(origin(2, "/data")));
        assert_eq!(found.expected[1].point, Path::new("/tmp"));
        assert_eq!(found.expected[2].origin, None);
        assert_eq!(found.guarded, ["/proc/self"]);
        assert_eq!(found.live[0].flags, ["ro"]);
        assert_eq!(found.live[1].flags, ["nosuid"]);
        assert!(found.live[1].is_shared);
        assert_eq!(found.live[1].host.as_deref(), Some(Path::new("/srv/data")));
        assert_eq!(found.live[2].host, None, "of the container's own root");
    }
}
