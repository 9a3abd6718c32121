//! The container's control groups: what of each kind of limit the kernel holds.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use crate::container::Mount;

/// Most that is read of one file, in bytes.
const FILE_LIMIT: u64 = 64 << 10;

/// The files that tell limits, of version 1 by controller.
const V1: [(&str, &[&str]); 5] = [
    (
        "memory",
        &["memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.soft_limit_in_bytes"],
    ),
    ("cpu", &["cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us"]),
    ("cpuset", &["cpuset.cpus", "cpuset.mems"]),
    ("pids", &["pids.max"]),
    (
        "blkio",
        &[
            "blkio.throttle.read_bps_device",
            "blkio.throttle.write_bps_device",
            "blkio.throttle.read_iops_device",
            "blkio.throttle.write_iops_device",
        ],
    ),
];
/// Of version 1 alone: 2 has programs for it, which cannot be read.
const V1_DEVICES: (&str, &str) = ("devices", "devices.list");
/// What is written to, of version 1, to change those that may be used.
#[cfg(feature = "sensor")]
const WRITTEN: [&str; 2] = ["devices.allow", "devices.deny"];
/// Of version 2.
const V2: [&str; 9] = [
    "memory.max",
    "memory.swap.max",
    "memory.low",
    "cpu.weight",
    "cpu.max",
    "cpuset.cpus",
    "cpuset.mems",
    "pids.max",
    "io.max",
];

/// The controllers of version 2 whose files set limits.
#[cfg(feature = "sensor")]
const UNIFIED: [&str; 8] = ["cpu", "cpuset", "hugetlb", "io", "memory", "misc", "pids", "rdma"];
/// And how files of theirs end that the kernel tells something by, or that are written to for something else.
#[cfg(feature = "sensor")]
const OTHERS: [&str; 6] =
    [".events", ".events.local", ".peak", ".pressure", ".pressure_level", ".reclaim"];

/// What the control groups of a process say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Cgroup {
    /// The path that names the container, or the one of the process where none does.
    pub(in crate::config) path: String,
    /// Whether a path names the container.
    pub(in crate::config) is_own: bool,
    /// Content by file name, without white space at its ends. Names of both versions differ but for
    /// `pids.max` and the sets of processors, which mean the same.
    pub(in crate::config) files: BTreeMap<String, String>,
    /// The directories that these files are in.
    pub(in crate::config) directories: Vec<PathBuf>,
    /// Why some are not there.
    pub(in crate::config) problems: Vec<Unread>,
}

/// Something of control groups could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Unread {
    /// Whose limits are not known then; none: all.
    pub(in crate::config) controllers: Vec<String>,
    pub(in crate::config) text: String,
}

impl Unread {
    fn of(path: &Path, file: &str, why: &str) -> Self {
        let controllers = vec![controller_of(file).to_owned()];
        Self { controllers, text: format!("{}: {why}", path.display()) }
    }
}

/// The controller that a limit is of, by the name of its file or of its item. What has another name in version 1
/// has that of version 2.
pub(in crate::config) fn controller_of(name: &str) -> &str {
    let name = name.strip_prefix("unified.").unwrap_or(name);
    match name.split(['.', ' ', ',']).next().unwrap_or_default() {
        "blkio" => "io",
        "device" => "devices",
        other => other,
    }
}

/// Where a hierarchy is mounted.
struct Hierarchy {
    /// Of version 1; empty for 2.
    controllers: Vec<String>,
    mount_point: PathBuf,
    path: PathBuf,
}

impl Hierarchy {
    /// The group's directory; `None` where its path leads out of the hierarchy.
    fn directory(&self) -> Option<PathBuf> {
        let relative = self.path.strip_prefix("/").unwrap_or(&self.path);
        let leads_out = |part| part == std::path::Component::ParentDir;
        (!relative.components().any(leads_out)).then(|| self.mount_point.join(relative))
    }
}

/// Whether a file of a control group is one whose change may make for another limit.
#[cfg(feature = "sensor")]
pub(crate) fn is_limit_file(name: &[u8]) -> bool {
    let is_it = |file: &&str| file.as_bytes() == name;
    V1.iter().any(|(_, files)| files.iter().any(is_it))
        || WRITTEN.iter().any(is_it)
        // A bundle may name any of version 2.
        || std::str::from_utf8(name).is_ok_and(|name| {
            UNIFIED.contains(&controller_of(name)) && !OTHERS.iter().any(|end| name.ends_with(end))
        })
}

impl Cgroup {
    /// Reads the groups of a process by its `/proc/PID/cgroup`. `name` is what the container's own group
    /// has in its name; `unified` are more files of version 2 to read.
    pub(in crate::config) fn read(
        mounts: &[Mount],
        text: &[u8],
        name: &str,
        unified: impl Iterator<Item = String>,
    ) -> Self {
        let mut cgroup = Self::default();
        let groups = parse(text);
        let is_v1 = |controllers: &[String]| {
            controllers.iter().any(|it| it == V1_DEVICES.0 || V1.iter().any(|(name, _)| name == it))
        };
        // Beside version 1, the unified hierarchy holds nobody to anything.
        let has_v1 = groups.iter().any(|(controllers, _)| is_v1(controllers));
        let mut hierarchies = Vec::new();
        let mut stray = None;
        for (controllers, path) in groups {
            let own = own_group(&path, name).map(Path::to_owned);
            let counts = is_v1(&controllers) || controllers.is_empty() && !has_v1;
            match &own {
                Some(own) if counts => cgroup.path = own.display().to_string(),
                None if counts => stray = Some(path.display().to_string()),
                _ => {}
            }
            let path = own.unwrap_or(path);
            match mount_of(mounts, &controllers) {
                Some(mount_point) => hierarchies.push(Hierarchy { controllers, mount_point, path }),
                None if counts => {
                    let text =
                        format!("control groups {}: not mounted here", controllers.join(","));
                    let controllers =
                        controllers.iter().map(|it| controller_of(it).to_owned()).collect();
                    cgroup.problems.push(Unread { controllers, text });
                }
                None => {}
            }
        }
        cgroup.is_own = stray.is_none() && !cgroup.path.is_empty();
        cgroup.path = stray.unwrap_or(std::mem::take(&mut cgroup.path));
        let unified: Vec<String> = unified.filter(|name| is_file_name(name)).collect();
        for hierarchy in &hierarchies {
            let before = cgroup.files.len();
            let mut read = |file: &str| cgroup.take(hierarchy, file);
            if hierarchy.controllers.is_empty() {
                V2.iter().for_each(|file| read(file));
                unified.iter().for_each(|file| read(file));
            }
            for controller in &hierarchy.controllers {
                let files = V1.iter().find(|(name, _)| name == controller).map(|(_, files)| *files);
                files.unwrap_or_default().iter().for_each(|file| read(file));
                if controller == V1_DEVICES.0 {
                    read(V1_DEVICES.1);
                }
            }
            if cgroup.files.len() > before
                && let Some(directory) = hierarchy.directory()
            {
                cgroup.directories.push(directory);
            }
        }
        cgroup
    }

    fn take(&mut self, hierarchy: &Hierarchy, file: &str) {
        let Some(directory) = hierarchy.directory() else { return };
        let path = directory.join(file);
        let mut text = String::new();
        let read = File::open(&path)
            .and_then(|opened| opened.take(FILE_LIMIT + 1).read_to_string(&mut text));
        match read {
            Ok(_) if text.len() as u64 > FILE_LIMIT => {
                let why = format!("larger than {FILE_LIMIT} bytes");
                self.problems.push(Unread::of(&path, file, &why));
            }
            Ok(_) => {
                self.files.insert(file.to_owned(), text.trim().to_owned());
            }
            // Controllers that a kernel, or a parent group, leaves out have no files.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.problems.push(Unread::of(&path, file, &error.to_string())),
        }
    }
}

/// The hierarchies of `/proc/PID/cgroup`: controllers, and the group's path.
fn parse(text: &[u8]) -> Vec<(Vec<String>, PathBuf)> {
    let lines = text.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut parts = line.splitn(3, |&byte| byte == b':').skip(1);
        let controllers = String::from_utf8_lossy(parts.next()?);
        let path = PathBuf::from(OsStr::from_bytes(parts.next()?));
        let controllers = controllers.split(',').filter(|it| !it.is_empty()).map(str::to_owned);
        Some((controllers.collect(), path))
    });
    lines.collect()
}

/// A name, and not a path.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains('/')
}

/// The outermost group on the path that has the name in its own.
fn own_group<'a>(path: &'a Path, name: &str) -> Option<&'a Path> {
    if name.is_empty() {
        return None;
    }
    let has =
        |path: &&Path| path.file_name().is_some_and(|last| last.to_string_lossy().contains(name));
    path.ancestors().filter(has).last()
}

/// Where the hierarchy of some controllers is mounted as a whole; of version 2 with none.
fn mount_of(mounts: &[Mount], controllers: &[String]) -> Option<PathBuf> {
    let fits = |mount: &&Mount| {
        mount.root == b"/"
            && match controllers {
                [] => mount.fs_type == "cgroup2",
                [first, ..] => mount.fs_type == "cgroup" && mount.has_option(first.as_bytes()),
            }
    };
    mounts.iter().find(fits).map(|mount| mount.mount_point.clone())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn mounts(text: &str) -> Vec<Mount> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mountinfo");
        fs::write(&path, text).unwrap();
        crate::container::read_mounts(File::open(path).unwrap(), |_| true).unwrap()
    }

    #[test]
    fn groups_of_both_versions_are_read_where_they_are_mounted() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for (path, text) in [
            ("memory/docker/abc/memory.limit_in_bytes", "4096\n"),
            ("cpu/docker/abc/cpu.shares", "1024\n"),
            ("v2/docker/abc/pids.max", "max\n"),
            ("v2/docker/abc/my.file", "7\n"),
            ("v2/docker/abc/inner/pids.max", "1\n"),
        ] {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        }
        let line = |name: &str, kind: &str, options: &str| {
            format!("1 1 0:1 / {} rw - {kind} x {options}\n", at(name).display())
        };
        let text = line("memory", "cgroup", "rw,memory")
            + &line("cpu", "cgroup", "rw,cpu,cpuacct")
            + &line("v2", "cgroup2", "rw");
        let mounts = mounts(&text);
        let process = b"9:cpu,cpuacct:/docker/abc\n8:memory:/docker/abc\n7:pids:/docker/abc\n\
            1:name=systemd:/\n0::/docker/abc/inner\n";
        let unified = ["my.file", "../x", "a/b"].map(str::to_owned);
        let cgroup = Cgroup::read(&mounts, process, "abc", unified.into_iter());
        assert!(cgroup.is_own);
        assert_eq!(cgroup.path, "/docker/abc");
        let files: Vec<_> =
            cgroup.files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(
            files,
            [
                ("cpu.shares", "1024"),
                ("memory.limit_in_bytes", "4096"),
                ("my.file", "7"),
                ("pids.max", "max")
            ]
        );
        let text = "control groups pids: not mounted here".to_owned();
        assert_eq!(cgroup.problems, [Unread { controllers: vec!["pids".to_owned()], text }]);
        let mut directories = ["memory", "cpu", "v2"].map(|it| at(it).join("docker/abc"));
        directories.sort();
        let mut found = cgroup.directories.clone();
        found.sort();
        assert_eq!(found, directories);
    }

    #[cfg(feature = "sensor")]
    #[test]
    fn any_limit_of_version_2_is_one() {
        for name in ["memory.high", "memory.max", "cpu.max.burst", "pids.max", "hugetlb.2MB.max"] {
            assert!(is_limit_file(name.as_bytes()), "{name}");
        }
        for name in ["memory.limit_in_bytes", "cpu.shares", "devices.deny"] {
            assert!(is_limit_file(name.as_bytes()), "{name}");
        }
        for name in
            ["cgroup.procs", "memory.pressure", "memory.reclaim", "tasks", "x.max", "pids.events"]
        {
            assert!(!is_limit_file(name.as_bytes()), "{name}");
        }
        assert!(!is_limit_file(b"memory.\xff"));
    }

    #[test]
    fn what_cannot_be_read_is_of_its_controller_alone() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("memory/abc/memory.limit_in_bytes")).unwrap();
        fs::create_dir_all(at("blkio/abc")).unwrap();
        let long = "x".repeat(usize::try_from(FILE_LIMIT).unwrap() + 1);
        fs::write(at("blkio/abc/blkio.throttle.read_bps_device"), long).unwrap();
        let line =
            |name: &str| format!("1 1 0:1 / {} rw - cgroup x rw,{name}\n", at(name).display());
        let mounts = mounts(&(line("memory") + &line("blkio")));
        let process = b"9:memory:/abc\n8:blkio:/abc\n7:cpu,cpuacct:/abc\n";
        let cgroup = Cgroup::read(&mounts, process, "abc", [].into_iter());
        let of: Vec<_> = cgroup.problems.iter().map(|it| it.controllers.join(",")).collect();
        assert_eq!(of, ["cpu,cpuacct", "memory", "io"]);
        for (name, controller) in [
            ("memory.max", "memory"),
            ("unified.memory.high", "memory"),
            ("io.read_bps", "io"),
            ("device c 1:3", "devices"),
            ("oom_score_adj", "oom_score_adj"),
            ("", ""),
        ] {
            assert_eq!(controller_of(name), controller);
        }
    }

    #[test]
    fn a_process_that_moved_out_of_one_group_left_its_container() {
        let read = |text: &[u8]| Cgroup::read(&[], text, "abc", [].into_iter());
        let cgroup = read(b"1:name=systemd:/\n0::/else/../where\n\xff");
        assert_eq!((cgroup.is_own, cgroup.path.as_str()), (false, "/else/../where"));
        assert!(cgroup.files.is_empty());
        let cgroup = read(b"3:memory:/\n2:pids:/docker/abc\n0::/docker/abc\n");
        assert_eq!((cgroup.is_own, cgroup.path.as_str()), (false, "/"));
        let cgroup = read(b"2:pids:/docker/abc/x\n0::/\n");
        assert_eq!((cgroup.is_own, cgroup.path.as_str()), (true, "/docker/abc"));
        assert!(!read(b"").is_own);
    }
}
