//! The container that a file belongs to: its root and its layers.

use rustix::time::ClockId;

use super::InspectError;
use super::node::Members;
use super::node::Node;
use super::process::Process;
use super::view::Placed;
use super::view::View;
use crate::container::Mount;
use crate::container::Query;
use crate::event::Container;
use crate::event::Timestamp;
use crate::provenance::Layers;

/// Clock ticks a second in /proc/PID/stat: USER_HZ, 100 on every architecture we know.
const NS_PER_TICK: u64 = 1_000_000_000 / 100;

/// To whom a file belongs.
#[derive(Debug)]
pub(super) enum Belongs {
    Host,
    Container(Box<Owner>),
    /// It cannot be told, and why.
    Unclear(&'static str),
}

/// By what way a file is seen.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) mount: Option<Placed>,
    /// The mount namespace of the mount.
    pub(super) view: Option<View>,
    /// True when a container's file was reached by a mount that the host has of it.
    pub(super) by_host: bool,
}

/// A container, as far as a verdict about its files needs it.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) container: Container,
    pub(super) root: Option<Root>,
    pub(super) layers: Option<Layers>,
    pub(super) started: Option<Timestamp>,
}

/// The container's own root mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) device: (u32, u32),
    /// The directory of the filesystem that is mounted.
    pub(super) directory: Vec<u8>,
    /// The path of the root in the mount namespace: `/`, but for a process with a root below
    /// the host's in a copy of the host's namespace.
    pub(super) path: Vec<u8>,
}

impl Owner {
    /// The container of a process that is one's, as [`Node::membership`] gives it.
    pub(super) fn of(node: &Node<'_>, outermost: &Process) -> Result<Self, InspectError> {
        let namespace = outermost.mount_namespace()?;
        let members = node.namespaces(|other| other == namespace)?.remove(&namespace);
        let Some(members) = members else {
            return Err(InspectError::NoSuchProcess(outermost.pid));
        };
        let (cgroup, mount) = cgroup(node, outermost, &members)?;
        let root = match mount {
            Some(mount) => {
                Some(Root { device: mount.device, directory: mount.root, path: b"/".to_vec() })
            }
            None => find_root(node, outermost, &members)?,
        };
        let root_device = match &root {
            Some(root) => root.device,
            None => outermost.root_facts()?.device,
        };
        let resolved = node.runtimes.resolve(&Query {
            cgroup: &cgroup,
            pid: outermost.pid,
            mnt_namespace: namespace,
            root_device,
        });
        let started = resolved.container.started_at.or_else(|| wall_time(members.first.start));
        let mount =
            resolved.root.filter(|mount| root.as_ref().map(|r| r.device) == Some(mount.device));
        let layers = mount
            .and_then(|mount| mount.layers)
            .map(|layers| Layers::new(layers.upper, layers.lowers, started));
        Ok(Self { container: resolved.container, root, layers, started })
    }
}

/// The cgroup that names the container, and the root that the runtime mounted for it. Of a
/// process that came into the namespace from elsewhere, the namespace's oldest process knows.
fn cgroup(
    node: &Node<'_>,
    outermost: &Process,
    members: &Members,
) -> Result<(Vec<u8>, Option<Mount>), InspectError> {
    let own = outermost.cgroup()?;
    if let Some(mount) = node.runtimes.own_mount(&own) {
        return Ok((own, Some(mount)));
    }
    let first = node.member(members.first).and_then(|process| process.cgroup().ok());
    let first = first.unwrap_or(own);
    let mount = node.runtimes.own_mount(&first);
    Ok((first, mount))
}

/// The root where no runtime mounted one: that of the mount namespace. `None` when every process
/// there has a root of its own, or all that is left to see is the host's.
fn find_root(
    node: &Node<'_>,
    outermost: &Process,
    members: &Members,
) -> Result<Option<Root>, InspectError> {
    let Some(viewer) = members.at_top.and_then(|member| node.member(member)) else {
        return Ok(None);
    };
    let top = viewer.root_facts()?;
    // A copy of the host's namespace: the container is what is below the process's own root.
    let (mount, path) = if node.is_host_root(&top) {
        let own = outermost.root_facts()?;
        if node.is_host_root(&own) {
            return Ok(None);
        }
        (own.mount, outermost.root_path()?)
    } else {
        (top.mount, b"/".to_vec())
    };
    let mount = viewer.mounts(|other| other.id == mount)?.pop();
    Ok(mount.map(|mount| Root { device: mount.device, directory: mount.root, path }))
}

/// The time of day, of a start in ticks since boot.
fn wall_time(ticks: u64) -> Option<Timestamp> {
    let nanos = |clock| {
        let time = rustix::time::clock_gettime(clock);
        time.tv_sec.checked_mul(1_000_000_000)?.checked_add(time.tv_nsec)
    };
    let boot = nanos(ClockId::Realtime)?.checked_sub(nanos(ClockId::Boottime)?)?;
    let since_boot = i64::try_from(ticks.checked_mul(NS_PER_TICK)?).ok()?;
    Some(Timestamp::from_nanos(boot.checked_add(since_boot)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_in_ticks_becomes_a_time_of_day() {
        let boot = wall_time(0).unwrap().as_nanos();
        let later = wall_time(500).unwrap().as_nanos();
        assert!((later - boot - 5_000_000_000).abs() < 1_000_000_000, "{boot} {later}");
        assert_eq!(wall_time(u64::MAX), None);
    }
}
