//! What Docker's two files say, against the bundle that Docker made of them when it started the container.

mod devices;
mod mounts;
mod process;
mod resources;
mod rights;

use super::declaration::Sides;
use crate::config::declared::Bundle;
use crate::config::declared::Declared;
use crate::config::declared::Docker;
use crate::config::declared::DockerHost;
use crate::config::item::Item;

/// Runtimes that take a bundle as Docker makes it. Others may put devices and mounts into it.
const PLAIN: [&str; 4] = ["", "runc", "io.containerd.runc.v2", "io.containerd.runc.v1"];

/// One container, as Docker has it.
struct Pair<'a> {
    id: &'a str,
    bundle: &'a Bundle,
    docker: &'a Docker,
}

impl Pair<'_> {
    /// Whether all that is in the bundle is from Docker's files or its own.
    fn is_plain(&self, host: &DockerHost) -> bool {
        PLAIN.contains(&host.runtime.as_str()) && host.device_requests.is_empty()
    }
}

pub(super) fn compare(declared: &Declared, items: &mut Vec<Item>) {
    let Some(docker) = &declared.docker else { return };
    let pair = Pair { id: &declared.id, bundle: &declared.bundle, docker };
    let mut sides = Sides { items, file: "hostconfig.json", tells_all: true };
    if let Some(host) = &docker.host {
        resources::compare(pair.bundle, host, &mut sides);
        rights::compare(pair.bundle, host, &mut sides);
        devices::compare(&pair, host, &mut sides);
        mounts::of_host(&pair, host, &mut sides);
    }
    sides.file = "config.v2.json";
    process::compare(&pair, &mut sides);
    mounts::of_points(&pair, &mut sides);
}
