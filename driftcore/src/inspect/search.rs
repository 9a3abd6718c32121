//! Whose file a descriptor is, found by its mount.

use std::os::fd::BorrowedFd;

use super::InspectError;
use super::evidence::OVERLAYFS_MAGIC;
use super::facts::Facts;
use super::facts::path_of;
use super::membership::Membership;
use super::node::Members;
use super::node::Node;
use super::open::strip;
use super::owner::Belongs;
use super::owner::Found;
use super::owner::Owner;
use super::process::Process;
use super::view::View;
use crate::provenance::filesystem_magic;

pub(super) const NOBODYS: &str = "no process that runs has the mount of the file";
const SHARED: &str = "it is not known whether the file is the host's: its mount namespace has \
                      processes that are not";

/// Finds the mount namespace that has a file's mount, and with it the container.
pub(super) fn find(
    node: &Node<'_>,
    facts: &Facts,
    fd: &BorrowedFd<'_>,
) -> Result<(Belongs, Found), InspectError> {
    let namespaces = node.namespaces(|_| true)?;
    // The host's first: most mounts are its.
    let (hosts, others): (Vec<_>, Vec<_>) =
        namespaces.iter().partition(|(namespace, _)| node.is_host(**namespace));
    let views = || {
        let seen = |(namespace, members): &(&u32, &Members)| {
            view(node, members).map(|view| (**namespace, view))
        };
        hosts.iter().chain(&others).filter_map(seen)
    };
    let Some((namespace, view, placed)) = views().find_map(|(namespace, view)| {
        view.mount(facts.mount).map(|found| (namespace, view, found))
    }) else {
        // A mount that was taken away. Only what is one container's alone is known by its device.
        let private = filesystem_magic(fd).is_ok_and(|magic| magic == OVERLAYFS_MAGIC);
        let owner = private.then(|| rooted_on(node, views, facts.device)).flatten();
        let owner = owner.map(|process| contained(node, &process)).transpose()?;
        return Ok((owner.unwrap_or(Belongs::Unclear(NOBODYS)), Found::default()));
    };
    if !node.is_host(namespace) {
        let owner = in_namespace(node, namespace, &view, facts, fd)?;
        return Ok((owner, Found { mount: Some(placed), view: Some(view), by_host: false }));
    }
    // The runtime's own mount of a container's root, on the host.
    let device = placed.mount.device;
    let process = placed.mount.is_private().then(|| rooted_on(node, views, device)).flatten();
    let by_host = process.is_some();
    let owner = match process {
        Some(process) => contained(node, &process)?,
        None => Belongs::Host,
    };
    Ok((owner, Found { mount: Some(placed), view: Some(view), by_host }))
}

fn view(node: &Node<'_>, members: &Members) -> Option<View> {
    View::new(node.best_viewer(members)?).ok()
}

fn contained(node: &Node<'_>, outermost: &Process) -> Result<Belongs, InspectError> {
    Ok(Belongs::Container(Box::new(Owner::of(node, outermost)?)))
}

/// Whose a file is on a mount of a namespace that is not the host's.
fn in_namespace(
    node: &Node<'_>,
    namespace: u32,
    view: &View,
    facts: &Facts,
    fd: &BorrowedFd<'_>,
) -> Result<Belongs, InspectError> {
    let mut all_host = match node.membership(view.process())? {
        Membership::Contained(outermost) => return contained(node, &outermost),
        Membership::Host => true,
        Membership::Unclear => false,
    };
    // A copy of the host's namespace. A container's root may be in it, and it is that of some
    // of its processes alone.
    let path = path_of(fd).map_err(|errno| InspectError::io("read the path of the file", errno))?;
    for process in node.processes(namespace)? {
        match node.membership(&process) {
            Ok(Membership::Host) | Err(InspectError::NoSuchProcess(_)) => {}
            Ok(Membership::Contained(outermost)) => {
                all_host = false;
                if View::new(process).is_ok_and(|view| reaches(&view, facts, &path)) {
                    return contained(node, &outermost);
                }
            }
            Ok(Membership::Unclear) | Err(_) => all_host = false,
        }
    }
    Ok(if all_host { Belongs::Host } else { Belongs::Unclear(SHARED) })
}

/// True when a file is beneath the root of a process.
fn reaches(view: &View, facts: &Facts, path: &[u8]) -> bool {
    strip(path, view.root()).is_some() && view.mount(facts.mount).is_some()
}

/// The container whose root is on this device: that of a process, or the one that the runtime
/// mounted for it, which the process may have left.
fn rooted_on<I: Iterator<Item = (u32, View)>>(
    node: &Node<'_>,
    views: impl Fn() -> I,
    device: (u32, u32),
) -> Option<Process> {
    let contained = |view: &View| match node.membership(view.process()) {
        Ok(Membership::Contained(outermost)) => Some(outermost),
        _ => None,
    };
    let is_it = |view: &View| view.process().root_facts().is_ok_and(|root| root.device == device);
    let by_process = views().find_map(|(_, view)| is_it(&view).then(|| contained(&view)).flatten());
    by_process.or_else(|| {
        // No runtime mounted the host's own root.
        if node.is_root_device(device) {
            return None;
        }
        let elsewhere = views().filter(|(namespace, _)| !node.is_host(*namespace));
        let mut outermost = elsewhere.filter_map(|(_, view)| contained(&view));
        outermost.find(|process| {
            let mount = process.cgroup().ok().and_then(|own| node.runtimes.own_mount(&own));
            mount.is_some_and(|mount| mount.device == device)
        })
    })
}
