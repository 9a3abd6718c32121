//! Where what is mounted in a container comes from.

use crate::config::Bind;

/// What a mount of something of the host's is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// The runtime's or the kubelet's own: `/etc/hosts` and the like.
    Own,
    /// A volume of Docker's or of another runtime's, by its name.
    Named,
    /// A volume of a pod, of a kind by the kubelet's own name for it.
    Pod(&'a str),
    /// A part of a volume of a pod, whose kind does not show.
    Part,
    /// Anything else of the host.
    Host,
}

/// What Docker puts into containers that are to have a process which reaps others.
const INIT: &str = "/sbin/docker-init";

pub(super) fn origin<'a>(bind: &'a Bind, id: &str) -> Origin<'a> {
    let parts: Vec<&str> = bind.source.split('/').filter(|part| !part.is_empty()).collect();
    if let Some(origin) = of_kubelet(&parts) {
        return origin;
    }
    let is_own = parts.windows(2).any(|two| {
        matches!(two, ["containers" | "overlay-containers", of] if *of == id)
            || *two == ["io.containerd.grpc.v1.cri", "sandboxes"]
    });
    match parts.as_slice() {
        _ if is_own || bind.destination == INIT => Origin::Own,
        [.., "volumes", _, "_data"] => Origin::Named,
        _ => Origin::Host,
    }
}

/// Of what the kubelet keeps for a pod.
fn of_kubelet<'a>(parts: &[&'a str]) -> Option<Origin<'a>> {
    let at = parts.windows(2).position(|two| *two == ["kubelet", "pods"])?;
    match parts.get(at + 3..)? {
        ["volumes", kind, _, ..] => {
            Some(Origin::Pod(kind.strip_prefix("kubernetes.io~").unwrap_or(kind)))
        }
        ["volume-subpaths", _, ..] => Some(Origin::Part),
        ["etc-hosts"] | ["containers", _, ..] => Some(Origin::Own),
        _ => None,
    }
}

/// The kind of a volume as pods name it, of those that restricted allows.
pub(super) fn is_allowed_kind(kind: &str) -> bool {
    matches!(
        kind,
        "configmap"
            | "csi"
            | "downward-api"
            | "empty-dir"
            | "projected"
            | "secret"
            | "local-volume"
    )
}
