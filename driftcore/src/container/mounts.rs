//! The container's root mount, from mountinfo.

use std::ffi::OsString;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

use super::overlay::Layers;
use super::overlay::layers;
use super::overlay::unescape_octal;
use super::roots::StateRoots;

/// Most that is read of one mountinfo, in bytes: many containers with many layers make it long.
const MOUNTINFO_LIMIT: u64 = 64 << 20;

/// The mount of a container's root filesystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootMount {
    /// Major and minor number of the filesystem's device.
    pub device: (u32, u32),
    /// Where we see it: the runtime's own mount, or `/proc/PID/root` where only the container
    /// has one.
    pub mount_point: PathBuf,
    /// The filesystem's type, e.g. `overlay`.
    pub fs_type: String,
    /// The layers of an overlay.
    pub layers: Option<Layers>,
}

/// One mount; paths as the process sees them whose mountinfo it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// What tells it from all other mounts of the kernel while it exists.
    pub(crate) id: u64,
    pub(crate) device: (u32, u32),
    /// The directory of the filesystem that is mounted.
    pub(crate) root: Vec<u8>,
    pub(crate) mount_point: PathBuf,
    pub(crate) fs_type: String,
    /// Options of this mount alone, e.g. `ro,nosuid`.
    flags: Vec<u8>,
    /// Mounts made below it show in its peers.
    pub(crate) is_shared: bool,
    /// It gets the mounts that are made below its master.
    pub(crate) is_slave: bool,
    /// Options of the filesystem, not of the mount.
    options: Vec<u8>,
}

impl Mount {
    /// Whether the filesystem has an option that is a word alone, e.g. `ro`.
    pub(crate) fn has_option(&self, word: &[u8]) -> bool {
        self.options.split(|&byte| byte == b',').any(|option| option == word)
    }

    /// Whether the mount itself has an option that is a word alone, e.g. `ro`.
    pub(crate) fn has_flag(&self, word: &[u8]) -> bool {
        self.flags.split(|&byte| byte == b',').any(|flag| flag == word)
    }

    /// Whether a runtime mounts such a filesystem for one container alone.
    pub(crate) fn is_private(&self) -> bool {
        matches!(self.fs_type.as_str(), "overlay" | "fuse.fuse-overlayfs")
    }
}

/// Parses a line of mountinfo; `None` when it is none.
pub(super) fn parse(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let device = std::str::from_utf8(fields.nth(1)?).ok()?;
    let (major, minor) = device.split_once(':')?;
    let root = unescape_octal(fields.next()?);
    let mount_point = PathBuf::from(OsString::from_vec(unescape_octal(fields.next()?)));
    let flags = fields.next()?.to_vec();
    let (mut is_shared, mut is_slave) = (false, false);
    loop {
        let field = fields.next()?;
        if field == b"-" {
            break;
        }
        is_shared |= field.starts_with(b"shared:");
        is_slave |= field.starts_with(b"master:");
    }
    let fs_type = String::from_utf8_lossy(fields.next()?).into_owned();
    let options = fields.nth(1)?.to_vec();
    let device = (major.parse().ok()?, minor.parse().ok()?);
    Some(Mount { id, device, root, mount_point, fs_type, flags, is_shared, is_slave, options })
}

/// The mounts of a mountinfo file that `keep` takes.
fn scan(path: &Path, keep: impl Fn(&Mount) -> bool) -> Result<Vec<Mount>, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    File::open(path).and_then(|file| read(file, keep)).map_err(problem)
}

/// The mounts of an open mountinfo file that `keep` takes.
pub(crate) fn read(file: File, keep: impl Fn(&Mount) -> bool) -> std::io::Result<Vec<Mount>> {
    let mut reader = BufReader::new(file.take(MOUNTINFO_LIMIT));
    let mut mounts = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(mounts);
        }
        let mount = parse(line.strip_suffix(b"\n").unwrap_or(&line));
        mounts.extend(mount.filter(|mount| keep(mount)));
    }
}

/// The host's mounts of one device, paths as we see them.
pub(super) fn of_device(roots: &StateRoots, device: (u32, u32)) -> Result<Vec<Mount>, String> {
    on_host(roots, |mount| mount.device == device)
}

/// The host's mounts at places that look like those where runtimes mount a container's root,
/// paths as we see them.
pub(super) fn of_runtimes(roots: &StateRoots) -> Result<Vec<Mount>, String> {
    on_host(roots, |mount| {
        mount.mount_point.ends_with("merged") || mount.mount_point.ends_with("rootfs")
    })
}

/// The mount of a container's root that its runtime made on the host: at one of the points, or at one
/// that has the id in its path. `None` while it is not mounted.
pub(super) fn of_container(
    roots: &StateRoots,
    points: &[PathBuf],
    id: &str,
) -> Result<Option<RootMount>, String> {
    let points: Vec<PathBuf> = points.iter().map(|point| roots.seen(point)).collect();
    let mounts = on_host(roots, |mount| {
        let named = || mount.mount_point.components().any(|part| part.as_os_str() == id);
        // What stands where the runtime mounts it is the container's root on whatever filesystem: some
        // snapshotters mount a directory of the host's.
        points.contains(&mount.mount_point) || mount.is_private() && mount.root == b"/" && named()
    })?;
    let mount = mounts.iter().find(|mount| points.contains(&mount.mount_point));
    let mount = mount.or_else(|| mounts.first());
    Ok(mount.map(|mount| root_mount(roots, mount, mount.mount_point.clone())))
}

fn on_host(roots: &StateRoots, keep: impl Fn(&Mount) -> bool) -> Result<Vec<Mount>, String> {
    let mounts = scan(&roots.proc.join("self/mountinfo"), &keep)?;
    if !mounts.is_empty() {
        return Ok(mounts);
    }
    // In a mount namespace of our own the runtime's mounts show only in the host's.
    let mut mounts = scan(&roots.proc.join("1/mountinfo"), &keep)?;
    for mount in &mut mounts {
        mount.mount_point = roots.seen(&mount.mount_point);
    }
    Ok(mounts)
}

/// True when another filesystem than `device` is mounted at a place where the runtime mounts
/// this container's root.
pub(super) fn contradicts(roots: &StateRoots, points: &[PathBuf], device: (u32, u32)) -> bool {
    let points: Vec<PathBuf> = points.iter().map(|point| roots.seen(point)).collect();
    let at = |mount: &Mount| points.contains(&mount.mount_point);
    let here = scan(&roots.proc.join("self/mountinfo"), at).unwrap_or_default();
    !here.is_empty() && here.iter().all(|mount| mount.device != device)
}

/// Chooses the root mount among the device's mounts. `points` is where the runtime says that
/// it mounts, as the host sees it. `None` when no mount of the device exists any more.
pub(super) fn choose(
    roots: &StateRoots,
    mounts: &[Mount],
    points: &[PathBuf],
    pid: u32,
    mnt_namespace: u32,
    device: (u32, u32),
) -> Option<RootMount> {
    let points: Vec<PathBuf> = points.iter().map(|point| roots.seen(point)).collect();
    let whole = |mount: &&Mount| mount.root == b"/" && mount.is_private();
    let ours = mounts
        .iter()
        .find(|mount| points.contains(&mount.mount_point))
        .or_else(|| mounts.iter().find(whole));
    if let Some(mount) = ours {
        return Some(root_mount(roots, mount, mount.mount_point.clone()));
    }
    let own = process_root(roots, pid, mnt_namespace, device)?;
    let twin =
        mounts.iter().find(|mount| mount.root == own.root && mount.mount_point != roots.host);
    match twin {
        Some(mount) => Some(root_mount(roots, mount, mount.mount_point.clone())),
        None => {
            let seen = roots.proc.join(pid.to_string()).join("root");
            Some(root_mount(roots, &own, seen))
        }
    }
}

fn root_mount(roots: &StateRoots, mount: &Mount, seen: PathBuf) -> RootMount {
    let layers = match mount.fs_type.as_str() {
        "overlay" => layers(&mount.options, &mount.mount_point, roots),
        _ => None,
    };
    RootMount { device: mount.device, mount_point: seen, fs_type: mount.fs_type.clone(), layers }
}

/// The root mount as a process of the container has it. The pid may be another's by now: it
/// counts only if it is in the same mount namespace before and after reading.
fn process_root(
    roots: &StateRoots,
    pid: u32,
    mnt_namespace: u32,
    device: (u32, u32),
) -> Option<Mount> {
    let process = roots.proc.join(pid.to_string());
    let expected = PathBuf::from(format!("mnt:[{mnt_namespace}]"));
    let same = || std::fs::read_link(process.join("ns/mnt")).is_ok_and(|link| link == expected);
    if !same() {
        return None;
    }
    let root = |mount: &Mount| mount.device == device && mount.mount_point == Path::new("/");
    let mounts = scan(&process.join("mountinfo"), root).ok()?;
    mounts.into_iter().last().filter(|_| same())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_parsed_with_escapes_and_optional_fields() {
        let line = br"48 44 0:39 / /d/a\040b/merged rw shared:3 master:1 - overlay overlay rw,x=1";
        let mount = parse(line).unwrap();
        assert_eq!((mount.id, mount.device), (48, (0, 39)));
        assert!(mount.has_option(b"rw") && !mount.has_option(b"x") && mount.is_private());
        assert_eq!(mount.mount_point, Path::new("/d/a b/merged"));
        assert_eq!((mount.fs_type.as_str(), mount.options.as_slice()), ("overlay", &b"rw,x=1"[..]));
        assert!(mount.is_shared && mount.is_slave && mount.has_flag(b"rw"));
        let private = parse(b"48 44 0:39 / /d ro,nosuid - overlay overlay rw").unwrap();
        assert!(!private.is_shared && !private.is_slave && !private.has_flag(b"rw"));
        assert!(private.has_flag(b"nosuid") && private.has_option(b"rw"));
        assert_eq!(parse(b"48 44 0:39 / /d rw overlay overlay rw"), None);
        assert_eq!(parse(b"48 44 x:39 / /d rw - overlay overlay rw"), None);
    }

    proptest! {
        #[test]
        fn any_line_does_not_panic(line: Vec<u8>) {
            parse(&line);
        }
    }
}
