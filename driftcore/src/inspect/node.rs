//! The processes of this node, by container and mount namespace.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustc_hash::FxHashMap;
use rustix::fs::Dir;
use rustix::fs::Mode;
use rustix::fs::OFlags;

use super::InspectError;
use super::facts::Facts;
use super::process::Process;
use crate::container::Mount;
use crate::container::Runtimes;

/// The node as one call sees it.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) runtimes: &'a Runtimes,
    proc: OwnedFd,
    namespace: u32,
    pid_namespace: u32,
    root: Facts,
}

/// A process that was seen, to be taken hold of again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pid: u32,
    /// When it started, in clock ticks since boot.
    pub(super) start: u64,
}

/// Those of a mount namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Members {
    /// The oldest.
    pub(super) first: Member,
    /// The oldest whose root is the namespace's root: it sees every mount.
    pub(super) at_top: Option<Member>,
}

impl<'a> Node<'a> {
    pub(super) fn open(runtimes: &'a Runtimes) -> Result<Self, InspectError> {
        let path = &runtimes.roots().proc;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let proc = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|errno| InspectError::io(format!("open {}", path.display()), errno))?;
        let host = host(&proc)?;
        let (namespace, root) = (host.mount_namespace()?, host.root_facts()?);
        let pid_namespace = host.pid_namespace()?;
        Ok(Self { runtimes, proc, namespace, pid_namespace, root })
    }

    /// Takes hold of a process.
    pub(super) fn process(&self, pid: u32) -> Result<Process, InspectError> {
        Process::open(&self.proc, pid)
    }

    /// Takes hold of a process that was seen; `None` when it has ended.
    pub(super) fn member(&self, member: Member) -> Option<Process> {
        let process = self.process(member.pid).ok()?;
        (process.stat().ok()?.start == member.start).then_some(process)
    }

    /// True when the namespace is that of the host's first process.
    pub(super) const fn is_host(&self, namespace: u32) -> bool {
        namespace == self.namespace
    }

    /// True when the pid namespace is that of the host's first process.
    pub(super) const fn is_host_pids(&self, pid_namespace: u32) -> bool {
        pid_namespace == self.pid_namespace
    }

    /// True when a directory is the host's root.
    pub(super) fn is_host_root(&self, directory: &Facts) -> bool {
        directory.is_inode(&self.root)
    }

    /// True when the host's root lies on this device.
    pub(super) fn is_root_device(&self, device: (u32, u32)) -> bool {
        self.root.device == device
    }

    /// True when a process is seen to be in a container now: neither its mount namespace nor its root is that
    /// of the host's first process.
    pub(super) fn is_contained(&self, process: &Process) -> Result<bool, InspectError> {
        Ok(!self.is_host(process.mount_namespace()?) && !self.is_host_root(&process.root_facts()?))
    }

    /// The processes of a mount namespace that run.
    pub(super) fn processes(&self, namespace: u32) -> Result<Vec<Process>, InspectError> {
        let mut processes = Vec::new();
        self.each(|process| {
            if process.mount_namespace()? == namespace {
                processes.push(process);
            }
            Ok(())
        })?;
        Ok(processes)
    }

    /// The mount namespaces of all processes that run, or only those that are `wanted`.
    pub(super) fn namespaces(
        &self,
        wanted: impl Fn(u32) -> bool,
    ) -> Result<FxHashMap<u32, Members>, InspectError> {
        let mut namespaces: FxHashMap<u32, Members> = FxHashMap::default();
        self.each(|process| count(&process, &wanted, &mut namespaces))?;
        Ok(namespaces)
    }

    fn each(
        &self,
        mut take: impl FnMut(Process) -> Result<(), InspectError>,
    ) -> Result<(), InspectError> {
        let failed = |errno| InspectError::io("list the processes", errno);
        for entry in Dir::read_from(&self.proc).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = std::str::from_utf8(entry.file_name().to_bytes());
            let Some(pid) = name.ok().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // Those that end meanwhile, and kernel threads, have nothing to say.
            let _ = self.process(pid).and_then(&mut take);
        }
        Ok(())
    }
}

fn count(
    process: &Process,
    wanted: &impl Fn(u32) -> bool,
    namespaces: &mut FxHashMap<u32, Members>,
) -> Result<(), InspectError> {
    let namespace = process.mount_namespace()?;
    if !wanted(namespace) {
        return Ok(());
    }
    let member = Member { pid: process.pid, start: process.stat()?.start };
    let at_top = (process.root_path()? == b"/").then_some(member);
    let known = namespaces.entry(namespace).or_insert(Members { first: member, at_top: None });
    let older = |than: Member| (member.start, member.pid) < (than.start, than.pid);
    if older(known.first) {
        known.first = member;
    }
    if known.at_top.is_none_or(older) && at_top.is_some() {
        known.at_top = at_top;
    }
    Ok(())
}

/// The host's first process; where we may not look at it, this one, if both have one root: a
/// mount is in one namespace only.
fn host(proc: &OwnedFd) -> Result<Process, InspectError> {
    let init = Process::open(proc, 1)?;
    match init.mount_namespace().and_then(|_| init.root_facts()) {
        Ok(_) => Ok(init),
        Err(error) => {
            // Our number in the pid namespace that this proc shows.
            let link = rustix::fs::readlinkat(proc, "self", Vec::new()).ok();
            let number = link.and_then(|link| link.to_str().ok()?.parse().ok());
            let Some(number) = number else { return Err(error) };
            let own = Process::open(proc, number)?;
            let root = own.root_facts()?.mount;
            let is_top = |mount: &Mount| mount.id == root && mount.mount_point == Path::new("/");
            let same = own.root_path()? == b"/" && !init.mounts(is_top)?.is_empty();
            if same { Ok(own) } else { Err(error) }
        }
    }
}

impl Node<'_> {
    /// The namespace's oldest process that sees every mount of it, else the oldest.
    pub(super) fn best_viewer(&self, members: &Members) -> Option<Process> {
        let at_top = members.at_top.and_then(|member| self.member(member));
        at_top.or_else(|| self.member(members.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::StateRoots;

    #[test]
    fn processes_are_sorted_by_their_mount_namespace() {
        let runtimes = Runtimes::new(StateRoots::default());
        let own = std::process::id();
        let node = Node::open(&runtimes).unwrap();
        let process = node.process(own).unwrap();
        let namespace = process.mount_namespace().unwrap();
        let namespaces = node.namespaces(|other| other == namespace).unwrap();
        assert_eq!(namespaces.len(), 1);
        let members = namespaces[&namespace];
        let own_start = process.stat().unwrap().start;
        assert!(members.first.start <= own_start);
        assert!(members.at_top.is_none_or(|member| member.start >= members.first.start));
        let again = node.member(members.first).unwrap();
        assert_eq!(again.stat().unwrap().start, members.first.start);
        let other = Member { start: own_start + 1, pid: own };
        assert!(node.member(other).is_none(), "another process with this number");
        let contained = node.is_contained(&process).unwrap();
        assert_eq!(
            contained,
            !node.is_host(namespace) && !node.is_host_root(&process.root_facts().unwrap())
        );
        let processes = node.processes(namespace).unwrap();
        assert!(processes.iter().any(|process| process.pid == own));
    }
}
