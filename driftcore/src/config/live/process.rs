//! One process, as /proc shows it.

use std::io::Read;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::path::Path;

use procfs::process::Process;
use rustix::fs::CWD;
use rustix::fs::OFlags;

use crate::config::declared::Environment;
use crate::config::declared::parse_environment_of;
use crate::config::secret::is_injecting;
use crate::config::secret::is_injecting_by_name;
use crate::event::Text;

/// Most that is read of one file of /proc, in bytes: 65,536 supplementary groups fit.
const FILE_LIMIT: u64 = 1 << 20;
/// Most variables of a process that are kept of those that inject code by how their names begin: a process
/// has as many as fit a megabyte, and each that it makes has them too.
const UNNAMED: usize = 32;
/// The kinds of namespaces, by their names in /proc/PID/ns.
pub(in crate::config) const NAMESPACES: [&str; 8] =
    ["mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time"];

/// What tells a process's rights, and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct ProcessFacts {
    /// Process id in the initial pid namespace.
    pub(in crate::config) pid: u32,
    /// When it started, in clock ticks.
    pub(in crate::config) start: u64,
    pub(in crate::config) status: Status,
    /// Inode numbers by the order of [`NAMESPACES`]; `None` where the kernel has none of the kind.
    pub(in crate::config) namespaces: [Option<u64>; 8],
    /// What a security module calls it; `None` where none says.
    pub(in crate::config) label: Option<Text>,
    pub(in crate::config) environment: Variables,
}

/// What of a process's environment is looked at, as its last exec left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) enum Variables {
    /// It was not read, could not be, or was written over.
    #[default]
    Unknown,
    /// Those that make programs load or run other code, and how many more of them were left out.
    Injecting(Environment, usize),
    /// All: somebody outside started the process in the container.
    All(Environment),
}

impl Variables {
    /// Reads them. `entered` says whether somebody outside started the process.
    pub(in crate::config) fn read(process: &Process, entered: bool) -> Self {
        read(process, "environ").map_or(Self::Unknown, |block| Self::of(&block, entered))
    }

    fn of(block: &[u8], entered: bool) -> Self {
        let (mut unnamed, mut left_out) = (0, 0);
        let (environment, whole) = parse_environment_of(block, |name| {
            if entered || is_injecting_by_name(name) {
                return true;
            }
            let is_unnamed = is_injecting(name);
            let has_room = unnamed < UNNAMED;
            unnamed += usize::from(is_unnamed && has_room);
            left_out += usize::from(is_unnamed && !has_room);
            is_unnamed && has_room
        });
        match (whole, entered) {
            (false, _) => Self::Unknown,
            (true, true) => Self::All(environment),
            (true, false) => Self::Injecting(environment, left_out),
        }
    }
}

/// Of `/proc/PID/status`. Ids are as the reader's user namespace has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Status {
    pub(in crate::config) name: Text,
    /// Its parent; 0 where that is not seen.
    pub(in crate::config) parent: u32,
    /// Real, effective, saved, filesystem.
    pub(in crate::config) uids: [u32; 4],
    pub(in crate::config) gids: [u32; 4],
    pub(in crate::config) groups: Vec<u32>,
    pub(in crate::config) inheritable: u64,
    pub(in crate::config) permitted: u64,
    pub(in crate::config) effective: u64,
    pub(in crate::config) bounding: u64,
    pub(in crate::config) ambient: u64,
    pub(in crate::config) no_new_privileges: bool,
    /// 0 none, 1 strict, 2 filter; `None` where the kernel has no seccomp.
    pub(in crate::config) seccomp: Option<u32>,
    /// `None` before 5.9.
    pub(in crate::config) filters: Option<u32>,
}

/// Reads a file of /proc below the process's directory.
pub(in crate::config) fn read(process: &Process, name: &str) -> Result<Vec<u8>, String> {
    let problem =
        |error: &dyn std::fmt::Display| format!("/proc/{}/{name}: {error}", process.pid());
    // Not all are meant to be written, but O_NONBLOCK and O_NOCTTY never hurt.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = process.open_relative_flags(name, flags).map_err(|error| problem(&error))?;
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(|error| problem(&error))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(problem(&format!("larger than {FILE_LIMIT} bytes")));
    }
    Ok(bytes)
}

/// The start of the process in clock ticks: what tells it from another with its number.
pub(in crate::config) fn start_of(process: &Process) -> Result<u64, String> {
    let stat = read(process, "stat")?;
    let stat = String::from_utf8_lossy(&stat);
    // The name in parentheses may hold anything.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let start = rest.split_whitespace().nth(19).and_then(|it| it.parse().ok());
    start.ok_or_else(|| format!("/proc/{}/stat: no start time", process.pid()))
}

/// The inode number of a namespace of the process.
pub(in crate::config) fn namespace(proc: &Path, pid: u32, kind: &str) -> Option<u64> {
    link_number(CWD, proc.join(format!("{pid}/ns/{kind}")))
}

/// The inode number of the namespace that a link names. Allocates nothing.
pub(super) fn link_number(at: impl AsFd, path: impl rustix::path::Arg) -> Option<u64> {
    let mut buffer = [MaybeUninit::uninit(); 64];
    let (link, _) = rustix::fs::readlinkat_raw(at, path, &mut buffer).ok()?;
    inode(std::str::from_utf8(link).ok()?)
}

/// The inode number of a namespace of the host: of its first process, or of the kernel's, where that one may
/// not be looked at.
pub(in crate::config) fn host_namespace(proc: &Path, kind: &str) -> Option<u64> {
    namespace(proc, 1, kind).or_else(|| namespace(proc, 2, kind))
}

/// `mnt:[4026531840]` -> 4026531840.
fn inode(link: &str) -> Option<u64> {
    link.split_once(":[")?.1.strip_suffix(']')?.parse().ok()
}

impl ProcessFacts {
    /// Reads the process whose directory is held. What it tells is one process's: after its end, reads
    /// fail.
    pub(in crate::config) fn read(proc: &Path, process: &Process) -> Result<Self, String> {
        let pid = u32::try_from(process.pid()).unwrap_or(0);
        let start = start_of(process)?;
        let status = Status::parse(&read(process, "status")?);
        let status = status.ok_or_else(|| format!("/proc/{pid}/status: not what is expected"))?;
        let namespaces = NAMESPACES.map(|kind| namespace(proc, pid, kind));
        let label = ["attr/apparmor/current", "attr/current"].iter().find_map(|file| {
            let text = read(process, file).ok()?;
            let text = text.strip_suffix(b"\0").unwrap_or(&text).trim_ascii();
            (!text.is_empty()).then(|| Text::from(text))
        });
        // The links were read by number: they are its own while it is there.
        if start_of(process)? != start {
            return Err(format!("/proc/{pid}: another process"));
        }
        Ok(Self { pid, start, status, namespaces, label, environment: Variables::Unknown })
    }
}

impl Status {
    /// `None` where a field is missing that every kernel has.
    fn parse(text: &[u8]) -> Option<Self> {
        let mut status = Self::default();
        let mut found = 0_u32;
        for line in text.split(|&byte| byte == b'\n') {
            let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
            let (key, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            // The name comes first and may hold any byte but a line's end, which is escaped.
            if key == b"Name" && found == 0 {
                status.name = Text::from(value);
                found += 1;
                continue;
            }
            let Ok(value) = std::str::from_utf8(value) else { continue };
            let hex = || u64::from_str_radix(value, 16).ok();
            match key {
                b"Uid" => status.uids = four(value)?,
                b"Gid" => status.gids = four(value)?,
                b"Groups" => {
                    status.groups =
                        value.split_whitespace().filter_map(|it| it.parse().ok()).collect();
                    status.groups.sort_unstable();
                    status.groups.dedup();
                }
                b"CapInh" => status.inheritable = hex()?,
                b"CapPrm" => status.permitted = hex()?,
                b"CapEff" => status.effective = hex()?,
                b"CapBnd" => status.bounding = hex()?,
                b"CapAmb" => status.ambient = hex()?,
                b"NoNewPrivs" => status.no_new_privileges = value != "0",
                b"PPid" => {
                    status.parent = value.parse().ok()?;
                    continue;
                }
                b"Seccomp" => {
                    status.seccomp = value.parse().ok();
                    continue;
                }
                b"Seccomp_filters" => {
                    status.filters = value.parse().ok();
                    continue;
                }
                _ => continue,
            }
            found += 1;
        }
        (found == 10).then_some(status)
    }
}

fn four(text: &str) -> Option<[u32; 4]> {
    let mut numbers = text.split_whitespace().map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some([next()?, next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"Name:\ta: Uid:\t0 \xff\nState:\tS\nPPid:\t7\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n\
        Groups:\t9 3 9 \nCapInh:\t0\nCapPrm:\tff\nCapEff:\tfe\nCapBnd:\t1ff\nCapAmb:\t1\nNoNewPrivs:\t1\n\
        Seccomp:\t2\nSeccomp_filters:\t3\n";

    #[test]
    fn a_status_is_read_whatever_the_name() {
        let status = Status::parse(TEXT).unwrap();
        assert_eq!(status.name.as_bytes(), b"a: Uid:\t0 \xff");
        assert_eq!((status.uids, status.gids), ([1, 2, 3, 4], [5, 6, 7, 8]));
        assert_eq!(status.groups, [3, 9]);
        assert_eq!(status.parent, 7);
        assert_eq!((status.permitted, status.effective, status.bounding), (0xff, 0xfe, 0x1ff));
        assert_eq!((status.inheritable, status.ambient), (0, 1));
        assert!(status.no_new_privileges);
        assert_eq!((status.seccomp, status.filters), (Some(2), Some(3)));
    }

    #[test]
    fn a_status_that_is_cut_short_is_none() {
        assert_eq!(Status::parse(&TEXT[..95]), None);
        assert_eq!(Status::parse(b""), None);
        let short = b"Name:\tx\nUid:\t1\t2\n";
        assert_eq!(Status::parse(short), None);
    }

    #[test]
    fn variables_that_only_begin_as_code_does_are_counted_beyond_some() {
        let mut block = Vec::new();
        for index in 0..5000 {
            block.extend_from_slice(format!("LD_{index:04}=x\0").as_bytes());
        }
        block.extend_from_slice(b"LD_PRELOAD=/tmp/x\0HOME=/\0");
        let Variables::Injecting(environment, left_out) = Variables::of(&block, false) else {
            panic!("not read");
        };
        assert_eq!((environment.len(), left_out), (UNNAMED + 1, 5000 - UNNAMED));
        assert_eq!(environment[&Text::from("LD_PRELOAD")], Text::from("/tmp/x"));
        let Variables::All(environment) = Variables::of(&block, true) else { panic!("not read") };
        assert_eq!(environment.len(), 5002);
        assert_eq!(Variables::of(b"title\0A=1\0", false), Variables::Unknown);
    }

    #[test]
    fn this_process_reads_as_itself() {
        let process = Process::myself().unwrap();
        let facts = ProcessFacts::read(Path::new("/proc"), &process).unwrap();
        assert_eq!(facts.pid, std::process::id());
        assert_eq!(facts.status.uids[1], rustix::process::geteuid().as_raw());
        assert!(facts.namespaces[0].is_some() && facts.start > 0);
        assert_eq!(inode("mnt:[17]"), Some(17));
        assert_eq!(inode("/x"), None);
    }

    proptest! {
        #[test]
        fn any_status_does_not_panic(text: Vec<u8>) {
            Status::parse(&text);
        }
    }
}
