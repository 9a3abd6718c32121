//! The posture of a container of this node, by what its runtime wrote down.

mod judge;
mod measures;
mod mounts;

use super::ContainerPosture;
use super::Posture;
use super::PostureError;
use super::Role;
use super::Source;
use crate::config::Declared;
use crate::container::Runtimes;
use crate::container::Stored;

/// Where the kernel says whether AppArmor is at work.
const APP_ARMOR: &str = "sys/module/apparmor/parameters/enabled";

/// The posture of a container that a runtime of this node keeps, running or not. The runtime's specification
/// says less than a pod does, and in other words: what it does not tell is in
/// [`ContainerPosture::cannot_tell`]. Reads files of bounded size; waits for nobody.
///
/// # Errors
///
/// [`PostureError::Config`] when the runtime's specification is not there or is not what it should be.
pub fn of_container(runtimes: &Runtimes, stored: &Stored) -> Result<Posture, PostureError> {
    let declared = Declared::read(runtimes, stored)?;
    let security = declared.security(runtimes);
    let container = &stored.container;
    let enabled = std::fs::read(runtimes.roots().host.join(APP_ARMOR)).unwrap_or_default();
    let node = Node { has_app_armor: enabled.first() == Some(&b'Y') };
    let (found, mut cannot_tell) = judge::judge(container, &security, node);
    cannot_tell.extend(security.problems.iter().cloned());
    let level = found.level();
    let (failures, more_failures) = found.finish();
    Ok(Posture {
        source: Source::Runtime,
        pod: container.pod.clone(),
        namespace: container.namespace.clone(),
        node: None,
        level,
        failures: Vec::new(),
        more_failures: 0,
        containers: vec![ContainerPosture {
            name: container.name.clone().unwrap_or_else(|| container.short_id().to_owned()),
            role: Role::Main,
            image: container.image.clone(),
            level,
            failures,
            more_failures,
            measures: measures::measures(&security, judge::is_privileged(&security)),
            cannot_tell,
        }],
    })
}

/// What the node has that specifications leave to it.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    has_app_armor: bool,
}

#[cfg(test)]
mod tests;
