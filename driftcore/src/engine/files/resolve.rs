//! From the names that a call was given to the file that it was about.
//!
//! What the kernel side took from an open file is the truth. A name alone is followed after the fact,
//! in the container's root, and what is found there must show what the call did; else the event is
//! `unproved`.

use rustix::io::Errno;

use rustix::fs::FileType;
use rustix::fs::OFlags;

use super::operation::flags;
use super::path;
use crate::container::ContainerRoot;
use crate::container::Lost;
use crate::container::Place;
use crate::container::RootQuery;
use crate::container::Stat;
use crate::engine::mounts::MountKind;
use crate::event::ActorFlags;
use crate::event::ContainerDetails;
use crate::event::FileEvent;
use crate::event::FileEvidence;
use crate::event::FileOperation;
use crate::event::NamedPath;
use crate::event::Timestamp;
use crate::fields::EventType;

/// A directory counts as changed by a call if that was no longer before the call's end: freeing a large
/// file takes its time.
const LATELY_NS: i64 = 1_000_000_000;
/// Permission bits but setgid, which the kernel may refuse to set without failing.
const COMPARED: u64 = 0o5777;
/// By how many processes it is looked for a name.
const ATTEMPTS: u32 = 2;

/// Where the file is, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Resolved {
    /// What it lies on.
    pub(in crate::engine) mount: MountKind,
    /// False when the names are no more than what the caller said.
    pub(in crate::engine) proved: bool,
    /// The file as it stands there now, where the kernel side had no object to look at.
    pub(in crate::engine) stat: Option<Stat>,
}

impl Resolved {
    /// Whether what was found at the name is a directory.
    pub(super) fn is_directory(&self) -> bool {
        let stat = self.stat.filter(|_| self.proved);
        stat.is_some_and(|stat| FileType::from_raw_mode(stat.mode).is_dir())
    }
}

/// What is known of the container.
pub(in crate::engine) struct Surroundings<'a> {
    pub(in crate::engine) query: RootQuery<'a>,
    pub(in crate::engine) details: &'a ContainerDetails,
    pub(in crate::engine) time: Timestamp,
}

/// Writes the file's path and, where there is another, the old one. Follows names only where the
/// kernel side had no object: only then this asks the system for anything.
pub(in crate::engine) fn resolve(
    event: &FileEvent<'_>,
    evidence: Option<&FileEvidence>,
    around: &Surroundings<'_>,
    path: &mut Vec<u8>,
    old_path: &mut Vec<u8>,
) -> Resolved {
    path::write(&event.path, path);
    old_path.clear();
    let has_old = has_old_path(event.operation);
    if has_old {
        path::write(&event.old_path, old_path);
    }
    let named = !event.path.name.is_empty() || has_old && !event.old_path.name.is_empty();
    if !named {
        let mount = evidence.map_or(MountKind::Root, MountKind::of_evidence);
        return Resolved { mount, proved: !event.unproved, stat: None };
    }
    path::squeeze(path);
    path::squeeze(old_path);
    let cut = is_cut(&event.path) || has_old && is_cut(&event.old_path);
    if event.actor.flags.contains(ActorFlags::ELSEWHERE) {
        // What stands at its names in the container's namespace may be something else.
        path::normalize(path);
        path::normalize(old_path);
        let mount = evidence.map_or(MountKind::Root, MountKind::of_evidence);
        return Resolved { mount, proved: false, stat: None };
    }
    let mut resolved = None;
    // Where the process that it was looked at by has ended meanwhile, another one may be left.
    for _ in 0..if cut { 0 } else { ATTEMPTS } {
        let Some(root) = ContainerRoot::open(&around.query) else { break };
        resolved = follow(event, &root, around, path, old_path);
        if resolved.is_some() {
            break;
        }
    }
    let resolved = resolved.unwrap_or_else(|| by_text(around.details, path));
    path::normalize(path);
    path::normalize(old_path);
    // A kernel object says more about where it lies than a name.
    let mount = evidence.map_or(resolved.mount, MountKind::of_evidence);
    Resolved { mount, proved: resolved.proved && !event.unproved, ..resolved }
}

/// Whether the operation is about two files that have paths.
pub(in crate::engine) const fn has_old_path(operation: FileOperation) -> bool {
    matches!(operation, FileOperation::Rename | FileOperation::Exchange | FileOperation::Link)
}

const fn is_cut(path: &NamedPath<'_>) -> bool {
    path.name_truncated || path.base.truncated
}

/// Nothing of the container is left to look at: its runtime's words about its mounts are.
fn by_text(details: &ContainerDetails, path: &mut Vec<u8>) -> Resolved {
    path::normalize(path);
    let mounts = details.mounts.as_deref().unwrap_or_default();
    let below = |point: &str| {
        let rest = path.strip_prefix(point.trim_end_matches('/').as_bytes());
        point.len() > 1 && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    let on_mount = mounts.iter().any(|mount| below(&mount.destination));
    let mount = if on_mount { MountKind::Volume } else { MountKind::Root };
    Resolved { mount, proved: false, stat: None }
}

/// A name and the directory that it stands in; or, where a link at the end was followed, the file.
enum Target {
    Entry { directory: Place, name: Vec<u8> },
    File(Place),
}

/// What a name stands for to an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Means {
    /// The name itself.
    Name,
    /// The file, and not what it leads to if it is a link.
    File,
    /// The file that it leads to.
    Followed,
}

impl Target {
    fn find(root: &ContainerRoot, path: &[u8], means: Means) -> Result<Self, Lost> {
        match path::split(path).filter(|_| means == Means::Name) {
            Some((directory, name)) => {
                let directory = root.follow(directory, true)?;
                Ok(Self::Entry { directory, name: name.to_vec() })
            }
            None => root.follow(path, means == Means::Followed).map(Self::File),
        }
    }

    fn place(&self) -> &Place {
        match self {
            Self::Entry { directory, .. } => directory,
            Self::File(place) => place,
        }
    }

    fn write_to(&self, path: &mut Vec<u8>) {
        path.clear();
        path.extend_from_slice(&self.place().path);
        if let Self::Entry { name, .. } = self {
            if !path.ends_with(b"/") {
                path.push(b'/');
            }
            path.extend_from_slice(name);
        }
    }

    fn stat(&self) -> Result<Stat, Errno> {
        match self {
            Self::Entry { directory, name } => directory.entry(name),
            Self::File(place) => place.stat().ok_or(Errno::IO),
        }
    }

    /// Whether the directory that the name stands in was changed by then.
    fn changed_lately(&self, time: Timestamp) -> bool {
        let Self::Entry { directory, .. } = self else { return false };
        directory.stat().is_some_and(|stat| lately(&stat, time))
    }
}

fn lately(stat: &Stat, time: Timestamp) -> bool {
    stat.changed_ns >= time.as_nanos().saturating_sub(LATELY_NS)
}

/// `None` where the process that the root is of has ended.
fn follow(
    event: &FileEvent<'_>,
    root: &ContainerRoot,
    around: &Surroundings<'_>,
    path: &mut Vec<u8>,
    old_path: &mut Vec<u8>,
) -> Option<Resolved> {
    let lost = |lost: Lost, path: &mut Vec<u8>| match lost {
        Lost::Absent if root.shows_mounts() => {
            Some(Resolved { mount: MountKind::Root, proved: false, stat: None })
        }
        Lost::Absent => Some(by_text(around.details, path)),
        Lost::OtherMount(mount) => Some(Resolved {
            mount: mount.map_or(MountKind::Root, MountKind::of_place),
            proved: false,
            stat: None,
        }),
        Lost::Ended => None,
    };
    let old = if has_old_path(event.operation) {
        let old = Target::find(root, old_path, Means::Name).ok();
        if let Some(old) = &old {
            old.write_to(old_path);
        }
        old
    } else {
        None
    };
    let means = means(event);
    let mut found = Target::find(root, path, means);
    // Nothing tells whether `fchownat` and the like were to follow a link: what they did does.
    if means == Means::Followed
        && !found.as_ref().is_ok_and(|target| shows(event, target, None, around.time))
        && let Ok(link) = Target::find(root, path, Means::File)
        && shows(event, &link, None, around.time)
    {
        found = Ok(link);
    }
    let target = match found {
        Ok(target) => target,
        Err(reason) => return lost(reason, path),
    };
    let mount = MountKind::of_place(target.place().mount);
    let proved = root.shows_mounts() && shows(event, &target, old.as_ref(), around.time);
    target.write_to(path);
    let stat = target.stat().ok();
    if !root.shows_mounts() {
        let by_text = by_text(around.details, path);
        return Some(Resolved { stat: stat.filter(|_| by_text.mount == mount), ..by_text });
    }
    Some(Resolved { mount, proved, stat })
}

fn means(event: &FileEvent<'_>) -> Means {
    let on_file = matches!(
        event.operation,
        FileOperation::Mode
            | FileOperation::Owner
            | FileOperation::SetAttribute
            | FileOperation::RemoveAttribute
            | FileOperation::Truncate
    );
    // Through io_uring; what a call has opened is known by the file itself.
    let opened = event.call.is_none()
        && matches!(
            event.operation,
            FileOperation::Open | FileOperation::Create | FileOperation::Read
        );
    let call = event.call.and_then(EventType::of_call).map_or("", EventType::name);
    match (on_file, call) {
        _ if opened && flags(event.value).contains(OFlags::NOFOLLOW) => Means::File,
        _ if opened => Means::Followed,
        (false, _) => Means::Name,
        (true, "lchown" | "lsetxattr" | "lremovexattr") => Means::File,
        (true, _) => Means::Followed,
    }
}

/// Whether the files show what the call did.
fn shows(event: &FileEvent<'_>, target: &Target, old: Option<&Target>, time: Timestamp) -> bool {
    let stat = target.stat();
    let is_gone = |stat: &Result<Stat, Errno>| stat == &Err(Errno::NOENT);
    match event.operation {
        FileOperation::Unlink | FileOperation::RemoveDirectory => {
            is_gone(&stat) && target.changed_lately(time)
        }
        FileOperation::Rename => {
            let is_old_gone = old.is_some_and(|old| is_gone(&old.stat()));
            stat.is_ok() && is_old_gone && target.changed_lately(time)
        }
        FileOperation::Exchange => {
            let is_old_there = old.is_some_and(|old| old.stat().is_ok());
            stat.is_ok() && is_old_there && target.changed_lately(time)
        }
        FileOperation::Link => match (stat, old.map(Target::stat)) {
            (Ok(new), Some(Ok(old))) => (new.device, new.inode) == (old.device, old.inode),
            _ => false,
        },
        FileOperation::Symlink => {
            let Target::Entry { directory, name } = target else { return false };
            let link = directory.link_target(name);
            !event.text_truncated && link.is_some_and(|link| link == event.text)
        }
        FileOperation::MakeDirectory => {
            stat.is_ok_and(|stat| FileType::from_raw_mode(stat.mode).is_dir())
                && target.changed_lately(time)
        }
        FileOperation::MakeNode => stat.is_ok() && target.changed_lately(time),
        FileOperation::Mode => {
            stat.is_ok_and(|stat| (u64::from(stat.mode) ^ event.value) & COMPARED == 0)
        }
        FileOperation::Owner => {
            let same = |asked: u32, has: u32| asked == u32::MAX || asked == has;
            let (uid, gid) = ((event.value >> 32) as u32, event.value as u32);
            stat.is_ok_and(|stat| same(uid, stat.uid) && same(gid, stat.gid))
        }
        FileOperation::SetAttribute | FileOperation::RemoveAttribute => {
            let Target::File(place) = target else { return false };
            let is_set = event.operation == FileOperation::SetAttribute;
            place.has_attribute(event.text) == Some(is_set)
                && stat.is_ok_and(|stat| lately(&stat, time))
        }
        FileOperation::Truncate => stat.is_ok_and(|stat| stat.size == event.value),
        _ => stat.is_ok(),
    }
}
