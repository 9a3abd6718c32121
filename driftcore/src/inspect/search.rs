//! Whose file a descriptor is, found by its mount.

use std::os::fd::BorrowedFd;

use super::InspectError;
use super::evidence::OVERLAYFS_MAGIC;
use super::facts::Facts;
use super::node::Members;
use super::node::Node;
use super::owner::Belongs;
use super::owner::Found;
use super::owner::Owner;
use super::process::Process;
use super::view::View;
use crate::provenance::filesystem_magic;

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
    let views = || hosts.iter().chain(&others).filter_map(|(_, members)| view(node, members));
    let Some((view, placed)) =
        views().find_map(|view| view.mount(facts.mount).map(|placed| (view, placed)))
    else {
        // A mount that was taken away. Only what is one container's alone is known by its device.
        let private = filesystem_magic(fd).is_ok_and(|magic| magic == OVERLAYFS_MAGIC);
        let owner = private.then(|| rooted_on(node, views(), facts.device)).flatten();
        let owner = owner.map(|process| Owner::of(node, process)).transpose()?;
        let owner = owner.map_or(Belongs::Nobody, |owner| Belongs::Container(Box::new(owner)));
        return Ok((owner, Found::default()));
    };
    if node.is_contained(view.process())? {
        let owner = Box::new(Owner::of(node, view.process().again()?)?);
        let found = Found { mount: Some(placed), view: Some(view), by_host: false };
        return Ok((Belongs::Container(owner), found));
    }
    // The runtime's own mount of a container's root, on the host.
    let device = placed.mount.device;
    let process = placed.mount.is_private().then(|| rooted_on(node, views(), device)).flatten();
    let by_host = process.is_some();
    let owner = match process {
        Some(process) => Belongs::Container(Box::new(Owner::of(node, process)?)),
        None => Belongs::Host,
    };
    Ok((owner, Found { mount: Some(placed), view: Some(view), by_host }))
}

fn view(node: &Node<'_>, members: &Members) -> Option<View> {
    View::new(node.best_viewer(members)?).ok()
}

/// A container's process whose root is on this device.
fn rooted_on(
    node: &Node<'_>,
    mut views: impl Iterator<Item = View>,
    device: (u32, u32),
) -> Option<Process> {
    let view = views.find(|view| {
        let process = view.process();
        let rooted = process.root_facts().is_ok_and(|root| root.device == device);
        rooted && node.is_contained(process).unwrap_or(false)
    })?;
    view.process().again().ok()
}
