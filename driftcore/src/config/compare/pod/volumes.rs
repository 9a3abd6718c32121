//! What the volumes of a pod are, against what is mounted; block devices.

use std::path::Path;

use super::Sides;
use crate::config::compare::mounts::mark_of;
use crate::config::declared::Declared;
use crate::config::declared::PodContainer;
use crate::config::declared::VolumeKind;
use crate::config::live::Live;

pub(super) fn compare(pod: &PodContainer, declared: &Declared, live: &Live, sides: &mut Sides<'_>) {
    let bundle = &declared.bundle;
    for (index, mount) in pod.mounts.iter().enumerate() {
        let point = Path::new(&mount.path);
        let of_bundle = bundle.mounts.iter().rfind(|it| Path::new(&it.destination) == point);
        let source = of_bundle.and_then(|it| it.source.as_deref()).unwrap_or_default();
        // What is not there is told of as that.
        if source.is_empty() {
            continue;
        }
        let name = format!("volumes.{}", mount.path);
        let (wanted, shown, differs) = match &mount.volume {
            Some(VolumeKind::HostPath(path)) => {
                // A path may be a link: what it leads to is what counts.
                let wanted = live.mounts.of_pod.get(index).and_then(Option::as_ref);
                let is = live.mounts.live.iter().rfind(|it| it.point == point).map(|it| &it.origin);
                let differs = wanted.zip(is).is_some_and(|(wanted, is)| wanted != is);
                (format!("hostPath {path}"), source, differs)
            }
            Some(VolumeKind::Kubelet { kind, directory }) => {
                let volume = directory.rsplit('/').next().unwrap_or_default();
                let is_it = ends(source, &format!("/volumes/{directory}"))
                    || ends(source, &format!("/volume-subpaths/{volume}"));
                ((*kind).to_owned(), if is_it { *kind } else { source }, !is_it)
            }
            _ => continue,
        };
        let differs_at = sides.items.len();
        sides.push(&name, wanted, shown, differs);
        if let Some(item) = sides.items.get_mut(differs_at).filter(|it| it.differs) {
            item.mark = Some(mark_of(Path::new(source)));
        }
    }
    devices(pod, declared, sides);
}

/// Whether a path leads to that directory of the kubelet's, or below it.
fn ends(source: &str, directory: &str) -> bool {
    let rest = source.find(directory).map(|at| &source[at + directory.len()..]);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A container has the block devices of its volumes, and no others unless somebody else provides them.
fn devices(pod: &PodContainer, declared: &Declared, sides: &mut Sides<'_>) {
    let devices = &declared.bundle.linux.devices;
    for path in &pod.volume_devices {
        let has = devices.iter().any(|it| Path::new(&it.path) == Path::new(path));
        let is = if has { "there" } else { "absent" };
        sides.same(&format!("volumeDevices.{path}"), "there", is);
    }
    if pod.devices || pod.privileged {
        return;
    }
    for device in devices.iter().filter(|it| it.r#type == "b") {
        let path = Path::new(&device.path);
        if !pod.volume_devices.iter().any(|it| Path::new(it) == path) {
            sides.push(&format!("volumeDevices.{}", device.path), "absent", "there", true);
        }
    }
}
